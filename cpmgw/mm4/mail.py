"""Mails of MM4: a PDU and its content, read and written (TS 23.140 8.4.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import MimeLimits
from cpmgw.mm4.addresses import read_address
from cpmgw.mm4.codec import (
    checked_version,
    quoted,
    read_pdu,
    salvaged,
    write_pdu,
)
from cpmgw.mm4.entity import Entity, described, encoded, read_entity
from cpmgw.mm4.errors import Corrupt, Mm4Error, Salvaged
from cpmgw.mm4.fields import Pairs, TooMuch, read_fields, write_fields
from cpmgw.mm4.limits import DEFAULT_LIMITS, MAX_TEXT, MailLimits
from cpmgw.mm4.pdu import Forward, Pdu, RequestStatus
from cpmgw.mm4.status import message_type
from cpmgw.mm4.words import encode_words

# A request whose type is none of the six.
_REQUEST: Final = re.compile(r'"?(MM4[_-][A-Za-z0-9_-]{1,60})[._-]REQ"?', re.IGNORECASE)


class Mail(msgspec.Struct, frozen=True):
    """A PDU, and the octets after the header.

    `fields` are what the header says of these besides their type and encoding: a name,
    an identifier, a description (RFC 2045, RFC 2183, RFC 2557).
    """

    pdu: Pdu
    content: bytes | memoryview
    fields: Pairs = ()


def read_mail(
    octets: bytes | memoryview,
    limits: MailLimits = DEFAULT_LIMITS,
    *,
    now: float | None = None,
) -> Mail:
    """Read a mail; its content is a view of the octets.

    `now` is when it came, which an expiry in seconds counts from (its Date if it is
    not said). Raises NotMm4, UnknownType, Corrupt.
    """
    try:
        fields, end = read_fields(octets, limits)
    except TooMuch as error:
        raise Corrupt(str(error), salvaged(error.kept)) from error
    pdu = read_pdu(fields, limits, now=now)
    return Mail(pdu, memoryview(octets)[end:], described(fields.pairs))


def read_content(mail: Mail, limits: MimeLimits) -> Entity:
    """Read the content of a MM4_forward.REQ; Corrupt where it cannot be read.

    That of any other PDU has no meaning, and none is read.
    """
    pdu = mail.pdu
    if not isinstance(pdu, Forward):
        return Entity()
    try:
        return read_entity(
            pdu.content_type, pdu.transfer_encoding, mail.content, limits, mail.fields
        )
    except MimeError as error:
        known = Salvaged(
            type_text=pdu.transaction.type.value,
            transaction_id=pdu.transaction.transaction_id,
            message_id=pdu.transaction.message_id,
            version=pdu.transaction.version,
            originator_system=pdu.originator_system,
            forward_route=pdu.forward_route,
        )
        raise Corrupt(str(error), known) from error


def write_mail(
    pdu: Pdu,
    entity: Entity | None = None,
    more: Pairs = (),
) -> bytes:
    """Write a mail: what `write_mail_pieces` gives, in one."""
    return b"".join(write_mail_pieces(pdu, entity, more))


def write_mail_pieces(
    pdu: Pdu,
    entity: Entity | None = None,
    more: Pairs = (),
) -> Iterator[bytes]:
    """Write a mail in pieces: CRLF lines of at most 998 characters, 7 bit.

    `more` are further header fields, which what is written of the PDU must not have:
    Sender, To, Date and Message-ID where they are wanted (those of a Result name the
    relays). The content is `entity`; `content_type` of a Forward is not looked at.
    Mm4Error before the first piece where something cannot be written.
    """
    own = write_pdu(pdu)
    if entity is None:
        return iter((_header((*own, *more)), b"\r\n"))
    body = encoded(entity)
    head = _header((*own, *more, ("MIME-Version", "1.0"), *body.fields()))
    return _chained(head, body.pieces())


def _chained(head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield b"\r\n"
    yield from body


def _header(pairs: Pairs) -> bytes:
    names = [name.lower() for name, _ in pairs]
    if len(set(names)) < len(names):
        raise Mm4Error("a header field twice")
    return write_fields(pairs)


def refusal(
    fields: Salvaged,
    status: RequestStatus,
    version: str,
    more: Pairs = (),
    status_text: str = "",
) -> bytes | None:
    """Write the mail that refuses a request of which only so much could be read.

    Of a type that is known, however it is spelt, it is what answers that;
    "MM4_xyz.REQ" is answered by "MM4_xyz.RES". None where there is nothing to answer:
    it was no request, or says no transaction. `more` is that of `write_mail_pieces`.
    """
    answer = _response_to(fields.type_text)
    if not answer or not fields.transaction_id:
        return None
    route = ", ".join(read_address(each).text for each in fields.forward_route)
    pairs = (
        ("X-Mms-3GPP-MMS-Version", checked_version(version)),
        ("X-Mms-Message-Type", answer),
        ("X-Mms-Transaction-ID", quoted(fields.transaction_id)),
        ("X-Mms-Message-ID", quoted(fields.message_id)),
        ("X-Mms-Request-Status-Code", status.value),
        ("X-Mms-Status-Text", encode_words(status_text[:MAX_TEXT])),
        ("X-Mms-Return-Route", route),
    )
    return _header((*(each for each in pairs if each[1]), *more)) + b"\r\n"


def _response_to(type_text: str) -> str:
    """The type of what answers a type; "" where that is no request of MM4."""
    kind = message_type(type_text)
    if kind is not None:
        return kind.response.value if kind.is_request else ""
    found = _REQUEST.fullmatch(type_text)
    return f"{found[1]}.RES" if found else ""
