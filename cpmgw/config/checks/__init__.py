"""What types cannot say of a configuration: addresses, files, and what clashes."""

from cpmgw.config.checks.rules import RULES

__all__ = ["RULES"]
