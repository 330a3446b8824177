"""`cpmgw`: what an operator asks at a terminal, without a gateway being started."""

from cpmgw.cli.commands import main

__all__ = ["main"]
