"""What is wrong with a CPM payload, each with the SIP status that answers it."""

from __future__ import annotations

from typing import ClassVar

from cpmgw.errors import CpmgwError


class CpmError(CpmgwError):
    """A CPM payload that cannot be used; `status` is the SIP answer (RFC 3261 21.4)."""

    status: ClassVar[int] = 400
    reason: ClassVar[str] = "Bad Request"


class CpimError(CpmError):
    """Octets that are no message/cpim, or more than the limits allow (RFC 3862 2)."""


class ImdnError(CpmError):
    """Octets that are no message/imdn+xml document (RFC 5438 7.2.1.1)."""


class EventError(CpmError):
    """Octets that are no CPM event (conversation TS 6.7.4.1)."""


class ResourceListError(CpmError):
    """Octets that are no application/resource-lists+xml document (RFC 4826 3)."""


class ConferenceInfoError(CpmError):
    """Octets that are no application/conference-info+xml document (RFC 4575 5)."""


class MimeError(CpmError):
    """A MIME entity that cannot be taken apart, or exceeds the limits (RFC 2046)."""


class CannotBecomeText(CpmError):
    """Content that no short message can carry (TS 6.1.1 step 1, 6.2.2.1.1)."""

    status = 415
    reason = "Unsupported Media Type"


class EndToEndProtected(CpmError):
    """Content protected end to end, which SMS cannot keep so (TS 6.6 item 1).

    An S/MIME type that is not supported is answered 415 (RFC 3261 23.2).
    """

    status = 415
    reason = "Unsupported Media Type"
