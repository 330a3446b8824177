"""Pager mode messages as a CPM Participating Function sends them to an IWF.

Conversation TS 7.2.1.1 and 7.2.1.3 for the client's part, 8.3.1 for what the network
makes of it: asserted identity and service in place of preferred ones.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.mm4.entity import Entity, to_cpm
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri

CPIM: Final = "message/cpim"
IMDN_NAMESPACE: Final = "imdn <urn:ietf:params:imdn>"
CLIENT: Final = "CPM-client/OMA2.1"
ALL_NOTIFICATIONS: Final = ("positive-delivery", "negative-delivery", "interworking")


class PagerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a CPM user sends, and how.

    `sender` and `recipient` are URIs. `imdn` are the notifications asked for. `content`
    replaces the text inside the CPIM, `body` the whole CPIM. Header fields named in
    `without` are left out, those in `headers` and `cpim_headers` are added; `feature`
    is what P-Asserted-Service and Accept-Contact name, `asserted` replaces the asserted
    identity. Empty identifiers are made by whoever sends the message.
    """

    sender: str
    recipient: str
    text: str = ""
    imdn: tuple[str, ...] = ALL_NOTIFICATIONS
    message_id: str = ""
    conversation_id: str = ""
    contribution_id: str = ""
    in_reply_to: str = ""
    request_uri: str = ""
    asserted: str = ""
    feature: Feature = Feature.PAGER
    expires: int | None = None
    priority: str = ""
    privacy: str = ""
    content_language: str = ""
    content_type: str = "text/plain; charset=utf-8"
    content: bytes | None = None
    content_encoding: str = ""
    body: bytes | None = None
    body_type: str = CPIM
    cpim_headers: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    without: frozenset[str] = frozenset()


def pager_request(message: PagerMessage, *, call_id: str, now: float) -> Request:
    """The SIP MESSAGE of a message; `call_id` serves as From tag too."""
    sender = parse_uri(message.sender)
    recipient = parse_uri(message.recipient)
    body = message.body
    if body is None:
        body = cpim_of(message, now).encode()
    return originate(
        "MESSAGE",
        parse_uri(message.request_uri) if message.request_uri else recipient,
        from_=NameAddr(sender, parameters=(("tag", call_id[:16]),)),
        to=NameAddr(recipient),
        call_id=call_id,
        headers=[
            (name, value)
            for name, value in _headers(message)
            if name not in message.without
        ],
        body=body,
    )


def cpim_of(message: PagerMessage, now: float) -> CpimMessage:
    """Its CPIM, with the notifications that it asks for (RFC 5438 6.3)."""
    headers = [
        ("From", f"<{message.sender}>"),
        ("To", f"<{message.recipient}>"),
        ("DateTime", format_datetime(now)),
    ]
    if message.message_id or message.imdn:
        headers.append(("NS", IMDN_NAMESPACE))
    if message.message_id:
        headers.append(("imdn.Message-ID", message.message_id))
    if message.imdn:
        asked = ", ".join(message.imdn)
        headers.append(("imdn.Disposition-Notification", asked))
    content = message.content
    content_headers = [("Content-Type", message.content_type)]
    if message.content_encoding:
        content_headers.append(("Content-Transfer-Encoding", message.content_encoding))
    return CpimMessage(
        headers=(*headers, *message.cpim_headers),
        content_headers=tuple(content_headers),
        content=message.text.encode() if content is None else content,
    )


def carrying(message: PagerMessage, entity: Entity) -> PagerMessage:
    """The message with this content."""
    content_type, encoding, octets = to_cpm(entity)
    return msgspec.structs.replace(
        message, content_type=content_type, content_encoding=encoding, content=octets
    )


def bare_uri(address: str) -> str:
    """The URI of a name-addr, or of what is one already."""
    return address.partition("<")[2].partition(">")[0] or address


def _headers(message: PagerMessage) -> list[tuple[str, str]]:
    identity = message.asserted or message.sender
    optional = (
        ("InReplyTo-Contribution-ID", message.in_reply_to),
        ("Expires", "" if message.expires is None else str(message.expires)),
        ("Priority", message.priority),
        ("Privacy", message.privacy),
        ("Content-Language", message.content_language),
    )
    return [
        ("P-Asserted-Identity", f"<{identity}>"),
        ("P-Asserted-Service", icsi(message.feature)),
        ("Accept-Contact", accept_contact(message.feature)),
        ("User-Agent", CLIENT),
        ("Conversation-ID", message.conversation_id),
        ("Contribution-ID", message.contribution_id),
        *((name, value) for name, value in optional if value),
        ("Content-Type", message.body_type),
        *message.headers,
    ]
