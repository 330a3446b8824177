"""What is wrong with a session description, with the SIP status that answers it."""

from __future__ import annotations

from typing import ClassVar

from cpmgw.errors import CpmgwError


class SdpError(CpmgwError):
    """Whatever is raised about a session description; `status` is the SIP answer."""

    status: ClassVar[int] = 400
    reason: ClassVar[str] = "Bad Request"


class SdpSyntaxError(SdpError):
    """Octets, or an attribute, that break the grammar (RFC 8866 9)."""


class SdpNotAcceptable(SdpError):
    """A description that exceeds the limits, or offers nothing usable (RFC 3264 6)."""

    status = 488
    reason = "Not Acceptable Here"


class SdpEncodeError(SdpError):
    """A description of ours that cannot be written: a value that is no line."""

    status = 500
    reason = "Server Internal Error"
