"""What goes wrong with bodies."""

from __future__ import annotations

from cpmgw.errors import CpmgwError


class NoRoom(CpmgwError):
    """What has come may not be kept: too much of it is here, or the disk refuses."""
