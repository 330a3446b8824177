"""What goes wrong with MSRP."""

from __future__ import annotations

from cpmgw.errors import CpmgwError


class MsrpError(CpmgwError):
    """Whatever this room raises on purpose."""


class MsrpSyntaxError(MsrpError):
    """Octets that are not what the grammar asks for; a request of them gets 400."""


class SessionLost(MsrpError):
    """A session is of no use any more: it, or its connection, failed."""


class SessionClosed(MsrpError):
    """A session was closed from here before a message was sent."""


class TooMany(MsrpError):
    """There are as many of something as the settings allow."""


class TooLarge(MsrpError):
    """A message is larger than the peer takes (RFC 4975 8.5)."""


class RelayRefused(MsrpError):
    """The relay did not let us (RFC 4976 5.1); `status` is its answer, 0 for none."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}" if status else reason)
        self.status = status


class NotAnswered(MsrpError):
    """The peer did not answer in time."""
