"""Disposition notifications: message/imdn+xml (RFC 5438, conversation TS 5.4, App. O).

Writing fills a template, which a test holds against RFC 5438; reading goes by local
names, because peers differ about the namespaces of Appendix O.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

import msgspec
from lxml import etree

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.cpim_text import escaped, parse_address
from cpmgw.cpm.errors import ImdnError
from cpmgw.cpm.markup import XmlLimits, children, content_of, local_name, parse_xml
from cpmgw.cpm.markup import escaped as xml_escaped

MEDIA_TYPE: Final = "message/imdn+xml"

# A notification names one message; it is small.
DEFAULT_LIMITS: Final = XmlLimits(max_size=16_384, max_depth=8, max_elements=100)


class Disposition(Enum):
    """What Disposition-Notification asks for (RFC 5438 6.2, conversation TS O.1)."""

    POSITIVE_DELIVERY = "positive-delivery"
    NEGATIVE_DELIVERY = "negative-delivery"
    PROCESSING = "processing"
    DISPLAY = "display"
    INTERWORKING = "interworking"


class Kind(Enum):
    """The notifications of an IMDN (RFC 5438 7.2.1.1, conversation TS O.2)."""

    DELIVERY = "delivery-notification"
    PROCESSING = "processing-notification"
    DISPLAY = "display-notification"
    INTERWORKING = "interworking-notification"


class Status(Enum):
    """What a notification says; UNKNOWN is never written."""

    DELIVERED = "delivered"
    FAILED = "failed"
    PROCESSED = "processed"
    STORED = "stored"
    DISPLAYED = "displayed"
    LEGACY_SMS = "legacy-sms"
    LEGACY_MMS = "legacy-mms"
    FORBIDDEN = "forbidden"
    ERROR = "error"
    UNKNOWN = ""


_COMMON: Final = frozenset((Status.FORBIDDEN, Status.ERROR))

# RFC 5438 7.2.1.1 (schema in 11.1.9), conversation TS O.2.
STATUSES: Final = {
    Kind.DELIVERY: _COMMON | {Status.DELIVERED, Status.FAILED},
    Kind.PROCESSING: _COMMON | {Status.PROCESSED, Status.STORED},
    Kind.DISPLAY: _COMMON | {Status.DISPLAYED},
    Kind.INTERWORKING: _COMMON | {Status.LEGACY_SMS, Status.LEGACY_MMS},
}


class Notification(msgspec.Struct, frozen=True):
    """One kind of notification with what it says."""

    kind: Kind
    status: Status


class Imdn(msgspec.Struct, frozen=True, kw_only=True):
    """One IMDN document; `message_id` and `datetime` are the original message's."""

    message_id: str
    datetime: str = ""
    notifications: tuple[Notification, ...] = ()
    recipient_uri: str = ""
    original_recipient_uri: str = ""
    subject: str = ""


class Requested(msgspec.Struct, frozen=True):
    """The IMDN headers of a CPIM message (RFC 5438 6), read in one go.

    `record_route` holds the URIs of IMDN-Record-Route, topmost first.
    """

    message_id: str = ""
    dispositions: frozenset[Disposition] = frozenset()
    original_to: str = ""
    record_route: tuple[str, ...] = ()


_DISPOSITIONS: Final = {d.value: d for d in Disposition}
_KINDS: Final = {k.value: k for k in Kind}
_STATUSES: Final = {s.value: s for s in Status}


def requested(cpim: CpimMessage) -> frozenset[Disposition]:
    """Give the notifications that a message asks for (RFC 5438 6.2)."""
    return imdn_of(cpim).dispositions


def imdn_of(cpim: CpimMessage) -> Requested:
    """Read the IMDN headers of a message (RFC 5438 6).

    Without a Message-ID nothing can be notified, and so nothing is requested.
    """
    found = cpim.imdn_headers()
    if not found:
        return Requested()
    message_id = found.get("message-id", [""])[0]
    original_to = found.get("original-to")
    return Requested(
        message_id,
        _dispositions(found.get("disposition-notification", ()))
        if message_id
        else frozenset(),
        parse_address(original_to[0]).uri if original_to else "",
        tuple(parse_address(v).uri for v in found.get("imdn-record-route", ())),
    )


def _dispositions(values: Iterable[str]) -> frozenset[Disposition]:
    """Read `notify-req *(COMMA notify-req)`; unknown tokens are passed over."""
    return frozenset(
        _DISPOSITIONS[token]
        for value in values
        for piece in value.lower().split(",")
        if (token := piece.partition(";")[0].strip()) in _DISPOSITIONS
    )


# -- writing ------------------------------------------------------------------------

_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
_ROOT: Final = _XML + '<imdn xmlns="urn:ietf:params:xml:ns:imdn">'
# The wrapper elements stand in the imdn namespace, the legacy-* ones in CPM's own.
_EXTENDED_ROOT: Final = (
    _XML + '<imdn xmlns="urn:ietf:params:xml:ns:imdn" '
    'xmlns:cpm="urn:oma:xml:cpm:imdn-extensions:1.0">'
)
_EXTENSIONS: Final = frozenset((Status.LEGACY_SMS, Status.LEGACY_MMS))
_ELEMENTS: Final = {
    (kind, status): f"<{kind.value}><status>"
    f"<{'cpm:' if status in _EXTENSIONS else ''}{status.value}/>"
    f"</status></{kind.value}>"
    for kind, statuses in STATUSES.items()
    for status in statuses
}


def build_imdn(imdn: Imdn) -> bytes:
    """Write an IMDN document (RFC 5438 7.2.1.1, conversation TS O.2).

    The schema has recipient-uri and original-recipient-uri only together: one that is
    not given is the other. Raises ImdnError for a status its notification cannot have.
    """
    return _document(imdn).encode("utf-8", "replace")


def _document(imdn: Imdn) -> str:
    try:
        elements = [_ELEMENTS[n.kind, n.status] for n in imdn.notifications]
    except KeyError as error:
        raise ImdnError(f"no such notification: {error}") from error
    # An extension comes after what RFC 5438 itself defines.
    elements.sort(key=_is_interworking)
    extended = bool(elements) and _is_interworking(elements[-1])
    pieces = [
        _EXTENDED_ROOT if extended else _ROOT,
        "<message-id>",
        xml_escaped(imdn.message_id),
        "</message-id><datetime>",
        xml_escaped(imdn.datetime),
        "</datetime>",
    ]
    recipient = imdn.recipient_uri or imdn.original_recipient_uri
    if recipient:
        original = imdn.original_recipient_uri or recipient
        pieces += (
            "<recipient-uri>",
            xml_escaped(recipient),
            "</recipient-uri><original-recipient-uri>",
            xml_escaped(original),
            "</original-recipient-uri>",
        )
        if imdn.subject:
            pieces += ("<subject>", xml_escaped(imdn.subject), "</subject>")
    pieces += elements
    pieces.append("</imdn>\r\n")
    return "".join(pieces)


def _is_interworking(element: str) -> bool:
    return element.startswith("<interworking")


def notification_body(
    imdn: Imdn,
    *,
    sender: str,
    to: str,
    datetime: str,
    message_id: str,
    routes: Sequence[str] = (),
) -> bytes:
    """Write the message/cpim body of a notification (RFC 5438 7.2.1, TS Table 3).

    `sender` and `to` are the URIs of CPIM From and To, `datetime` and `message_id` the
    notification's own (RFC 5438 6.3), `routes` the URIs of the original's
    IMDN-Record-Route, which become IMDN-Route in the same order.
    """
    document = build_imdn(imdn)
    route = "".join([f"imdn.IMDN-Route: <{escaped(uri)}>\r\n" for uri in routes])
    head = (
        f"From: <{escaped(sender)}>\r\n"
        f"To: <{escaped(to)}>\r\n"
        f"DateTime: {escaped(datetime)}\r\n"
        "NS: imdn <urn:ietf:params:imdn>\r\n"
        f"imdn.Message-ID: {escaped(message_id)}\r\n"
        f"{route}\r\n"
        "Content-Type: message/imdn+xml\r\n"
        "Content-Disposition: notification\r\n"
        f"Content-Length: {len(document)}\r\n"
        "\r\n"
    )
    return head.encode("utf-8", "replace") + document


# -- reading ------------------------------------------------------------------------


def parse_imdn(data: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Imdn:
    """Read an IMDN document; ImdnError (400) says what is wrong with it.

    A notification with a status that is not known has Status.UNKNOWN.
    """
    try:
        root = parse_xml(data, limits)
    except ValueError as error:
        raise ImdnError(str(error)) from error
    if local_name(root) != "imdn":
        raise ImdnError("root element is not imdn")
    texts: dict[str, str] = {}
    notifications = []
    for name, element in children(root):
        kind = _KINDS.get(name)
        if kind is None:
            texts.setdefault(name, content_of(element))
        else:
            status = _status(kind, element.iterdescendants())
            notifications.append(Notification(kind, status))
    if not texts.get("message-id"):
        raise ImdnError("imdn without message-id")
    return Imdn(
        message_id=texts["message-id"],
        datetime=texts.get("datetime", ""),
        notifications=tuple(notifications),
        recipient_uri=texts.get("recipient-uri", ""),
        original_recipient_uri=texts.get("original-recipient-uri", ""),
        subject=texts.get("subject", ""),
    )


def _status(kind: Kind, elements: Iterable[etree._Element]) -> Status:
    """Find the first status that this kind of notification can have."""
    possible = STATUSES[kind]
    for element in elements:
        status = _STATUSES.get(local_name(element), Status.UNKNOWN)
        if status in possible:
            return status
    return Status.UNKNOWN
