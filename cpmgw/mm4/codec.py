"""PDUs of MM4 from the header fields of a mail, and back (TS 23.140 8.4.4)."""

from __future__ import annotations

import re
from typing import Final

from cpmgw.mm4.addresses import read_address, read_addresses
from cpmgw.mm4.dates import read_date, read_expiry, write_date
from cpmgw.mm4.errors import Corrupt, Mm4Error, NotMm4, Salvaged, UnknownType
from cpmgw.mm4.fields import Fields, Pairs
from cpmgw.mm4.limits import (
    DEFAULT_LIMITS,
    MAX_IDENTIFIER,
    MAX_ROUTE,
    MAX_TEXT,
    MAX_WORD,
    MailLimits,
)
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    Pdu,
    ReadReply,
    Result,
    Transaction,
)
from cpmgw.mm4.status import (
    hidden,
    message_class,
    message_type,
    mm_status,
    priority,
    read_status,
    request_status,
    yes,
)
from cpmgw.mm4.words import decode_words, encode_words, without_controls

ORIGINATOR_RECIPIENT: Final = "X-Mms-Originator-Recipient-Address"

# What stands between the quotes: neither quotes nor escapes, so that it is the same
# for every reader.
_IDENTIFIER: Final = re.compile(rf"[ !#-\[\]-~]{{1,{MAX_IDENTIFIER}}}")
_VERSION: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}")
# The Message-ID of a response is its own, that of a request often the message's.
_MESSAGE_IDS: Final = {
    True: ("X-Mms-Message-ID",),
    False: ("X-Mms-Message-ID", "Message-ID"),
}
_COUNTER: Final = re.compile(r"[0-9]{1,3}")


def read_pdu(
    fields: Fields, limits: MailLimits = DEFAULT_LIMITS, *, now: float | None = None
) -> Pdu:
    """Read a PDU; `now` is what an expiry in seconds counts from, else its Date.

    NotMm4, UnknownType and Corrupt, the latter two with what was read all the same.
    """
    known = salvaged(fields)
    if not known.type_text:
        raise NotMm4("no X-Mms-Message-Type")
    kind = message_type(known.type_text)
    if kind is None:
        raise UnknownType("an X-Mms-Message-Type that is not known", known)
    if kind.is_request and not known.message_id:
        raise Corrupt("a request without X-Mms-Message-ID", known)
    transaction = Transaction(
        type=kind,
        transaction_id=known.transaction_id,
        message_id=known.message_id,
        version=known.version,
    )
    try:
        if kind is MessageType.FORWARD_REQ:
            return _forward(transaction, fields, limits, now)
        if kind is MessageType.DELIVERY_REPORT_REQ:
            return _delivery_report(transaction, fields)
        if kind is MessageType.READ_REPLY_REQ:
            return _read_reply(transaction, fields)
        return _result(transaction, fields, limits)
    except Mm4Error as error:
        raise Corrupt(str(error), known) from error


def salvaged(fields: Fields) -> Salvaged:
    """Read what answers a PDU, whatever the rest of it is."""
    return Salvaged(
        type_text=_clean(fields.get("X-Mms-Message-Type"), MAX_WORD),
        transaction_id=identifier(fields.get("X-Mms-Transaction-ID")),
        message_id=identifier(fields.first(*_MESSAGE_IDS[_is_response(fields)])),
        version=_version(
            fields.first(
                "X-Mms-3GPP-MMS-Version", "X-Mms-MMS-Version", "X-Mms-3GPP-Version"
            )
        ),
        originator_system=_address(fields.get("X-Mms-Originator-System")),
        forward_route=_route(fields, "X-Mms-Forward-Route"),
    )


def _is_response(fields: Fields) -> bool:
    return fields.get("X-Mms-Message-Type").strip().lower().endswith("res")


def identifier(text: str) -> str:
    """Take an identifier out of its quotes and brackets; "" where it is none."""
    text = text.strip()
    while len(text) > 1 and (text[0], text[-1]) in (('"', '"'), ("<", ">")):
        text = text[1:-1].strip()
    return text if _IDENTIFIER.fullmatch(text) else ""


def _forward(
    transaction: Transaction, fields: Fields, limits: MailLimits, now: float | None
) -> Forward:
    date = read_date(fields.get("Date"))
    return Forward(
        transaction=transaction,
        sender=_required(fields, "From"),
        to=_addresses(fields, "To", limits),
        cc=_addresses(fields, "Cc", limits),
        bcc=_addresses(fields, "Bcc", limits),
        content_type=fields.get("Content-Type"),
        transfer_encoding=fields.get("Content-Transfer-Encoding"),
        date=date,
        expiry=read_expiry(fields.get("X-Mms-Expiry"), date if now is None else now),
        delivery_report=yes(fields.get("X-Mms-Delivery-Report")),
        read_reply=yes(fields.get("X-Mms-Read-Reply")),
        priority=priority(fields.get("X-Mms-Priority")),
        hide=hidden(fields.get("X-Mms-Sender-Visibility")),
        subject=_clean(decode_words(fields.get("Subject")), MAX_TEXT),
        acknowledge=yes(fields.get("X-Mms-Ack-Request")),
        forward_counter=_counter(fields.get("X-Mms-Forward-Counter")),
        originator_system=_address(fields.get("X-Mms-Originator-System")),
        forward_route=_route(fields, "X-Mms-Forward-Route"),
        handled_by=_route(fields, ORIGINATOR_RECIPIENT),
        message_class=_clean(
            message_class(fields.get("X-Mms-Message-Class")), MAX_WORD
        ),
    )


def _delivery_report(transaction: Transaction, fields: Fields) -> DeliveryReport:
    """From is the recipient of the message, To its sender (TS 23.140 8.4.4)."""
    status = mm_status(fields.get("X-Mms-MM-Status-Code"))
    if status is None:
        raise Mm4Error("a delivery report without X-Mms-MM-Status-Code")
    return DeliveryReport(
        transaction=transaction,
        recipient=_address(fields.get("From")),
        sender=_address(fields.get("To")),
        status=status,
        date=read_date(fields.get("Date")),
        acknowledge=yes(fields.get("X-Mms-Ack-Request")),
        status_text=_clean(decode_words(fields.get("X-Mms-Status-Text")), MAX_TEXT),
        forward_route=_route(fields, "X-Mms-Forward-Route"),
        originator_system=_address(fields.get("X-Mms-Originator-System")),
        handled_by=_route(fields, ORIGINATOR_RECIPIENT),
    )


def _read_reply(transaction: Transaction, fields: Fields) -> ReadReply:
    status = read_status(fields.get("X-Mms-Read-Status"))
    if status is None:
        raise Mm4Error("a read reply without a known X-Mms-Read-Status")
    return ReadReply(
        transaction=transaction,
        recipient=_address(fields.get("From")),
        sender=_address(fields.get("To")),
        status=status,
        date=read_date(fields.get("Date")),
        acknowledge=yes(fields.get("X-Mms-Ack-Request")),
        status_text=_clean(decode_words(fields.get("X-Mms-Status-Text")), MAX_TEXT),
        forward_route=_route(fields, "X-Mms-Forward-Route"),
        originator_system=_address(fields.get("X-Mms-Originator-System")),
        handled_by=_route(fields, ORIGINATOR_RECIPIENT),
    )


def _result(transaction: Transaction, fields: Fields, limits: MailLimits) -> Result:
    """One that says neither transaction nor message answers nothing."""
    if not transaction.transaction_id and not transaction.message_id:
        raise Mm4Error("a response to nothing")
    code = fields.get("X-Mms-Request-Status-Code")
    if not code.strip():
        raise Mm4Error("a response without X-Mms-Request-Status-Code")
    return Result(
        transaction=transaction,
        status=request_status(code),
        status_text=_clean(decode_words(fields.get("X-Mms-Status-Text")), MAX_TEXT),
        recipients=_addresses(fields, "X-Mms-Request-Recipients", limits),
        return_route=_route(fields, "X-Mms-Return-Route"),
        handled_by=_route(fields, ORIGINATOR_RECIPIENT),
    )


def _clean(text: str, most: int) -> str:
    return without_controls(text[:most]).strip()


def _version(text: str) -> str:
    text = text.strip().strip('"')
    return text if _VERSION.fullmatch(text) else ""


def _counter(text: str) -> int:
    text = text.strip()
    return int(text) if _COUNTER.fullmatch(text) else 0


def _required(fields: Fields, name: str) -> str:
    if not fields.get(name).strip():
        raise Mm4Error(f"no {name}")
    return read_address(fields.get(name)).text


def _address(text: str) -> str:
    try:
        return read_address(text).text
    except Mm4Error:
        return ""


def _addresses(fields: Fields, name: str, limits: MailLimits) -> tuple[str, ...]:
    found = read_addresses(fields.all(name), limits.max_addresses)
    return tuple(each.text for each in found)


def _route(fields: Fields, name: str) -> tuple[str, ...]:
    """The addresses of relays in one field or several, the first of them."""
    pieces = [piece for value in fields.all(name) for piece in value.split(",")]
    read = (_address(piece) for piece in pieces[:MAX_ROUTE])
    return tuple(each for each in read if each)


def write_pdu(pdu: Pdu) -> Pairs:
    """Write a PDU as header fields, without those of its content.

    Mm4Error where an identifier, an address, a version or a date cannot be written;
    control characters in text for people become spaces.
    """
    if isinstance(pdu, Forward):
        own = _forward_pairs(pdu)
    elif isinstance(pdu, DeliveryReport):
        own = (*_report_pairs(pdu), ("X-Mms-MM-Status-Code", pdu.status.value))
    elif isinstance(pdu, ReadReply):
        own = (*_report_pairs(pdu), ("X-Mms-Read-Status", pdu.status.value))
    else:
        own = _result_pairs(pdu)
    transaction = pdu.transaction
    if transaction.type.is_request is isinstance(pdu, Result):
        raise Mm4Error("a PDU of another type")
    if not transaction.transaction_id and not transaction.message_id:
        raise Mm4Error("a PDU without a transaction and a message")
    pairs = (*_transaction_pairs(transaction), *own)
    return tuple((name, value) for name, value in pairs if value)


def _transaction_pairs(transaction: Transaction) -> Pairs:
    return (
        ("X-Mms-3GPP-MMS-Version", checked_version(transaction.version)),
        ("X-Mms-Message-Type", transaction.type.value),
        ("X-Mms-Transaction-ID", quoted(transaction.transaction_id)),
        ("X-Mms-Message-ID", quoted(transaction.message_id)),
    )


def _forward_pairs(pdu: Forward) -> Pairs:
    return (
        ("Date", "" if pdu.date is None else write_date(pdu.date)),
        ("From", checked(pdu.sender)),
        ("To", _list(pdu.to)),
        ("Cc", _list(pdu.cc)),
        ("Bcc", _list(pdu.bcc)),
        ("Subject", encode_words(pdu.subject[:MAX_TEXT])),
        ("X-Mms-Message-Class", encode_words(pdu.message_class[:MAX_WORD])),
        ("X-Mms-Expiry", "" if pdu.expiry is None else write_date(pdu.expiry)),
        ("X-Mms-Delivery-Report", _yes(pdu.delivery_report)),
        ("X-Mms-Priority", pdu.priority.value if pdu.priority else ""),
        ("X-Mms-Sender-Visibility", _visibility(pdu.hide)),
        ("X-Mms-Read-Reply", _yes(pdu.read_reply)),
        ("X-Mms-Ack-Request", _yes(pdu.acknowledge)),
        ("X-Mms-Forward-Counter", _count(pdu.forward_counter)),
        ("X-Mms-Originator-System", checked(pdu.originator_system)),
        (ORIGINATOR_RECIPIENT, _list(pdu.handled_by)),
        ("X-Mms-Forward-Route", _list(pdu.forward_route)),
    )


def _report_pairs(pdu: DeliveryReport | ReadReply) -> Pairs:
    return (
        ("Date", "" if pdu.date is None else write_date(pdu.date)),
        ("From", checked(pdu.recipient)),
        ("To", checked(pdu.sender)),
        ("X-Mms-Ack-Request", _yes(pdu.acknowledge)),
        ("X-Mms-Status-Text", encode_words(pdu.status_text[:MAX_TEXT])),
        ("X-Mms-Originator-System", checked(pdu.originator_system)),
        (ORIGINATOR_RECIPIENT, _list(pdu.handled_by)),
        ("X-Mms-Forward-Route", _list(pdu.forward_route)),
    )


def _result_pairs(pdu: Result) -> Pairs:
    return (
        ("X-Mms-Request-Status-Code", pdu.status.value),
        ("X-Mms-Status-Text", encode_words(pdu.status_text[:MAX_TEXT])),
        ("X-Mms-Request-Recipients", _list(pdu.recipients)),
        ("X-Mms-Return-Route", _list(pdu.return_route)),
        (ORIGINATOR_RECIPIENT, _list(pdu.handled_by)),
    )


def quoted(text: str) -> str:
    """Write an identifier in quotes, as other relays do; Mm4Error where it is none."""
    if not text:
        return ""
    if identifier(text) != text:
        raise Mm4Error("no identifier for a field")
    return f'"{text}"'


def checked(text: str) -> str:
    """An address as it is written; Mm4Error where it is none, "" stays as it is."""
    return read_address(text).text if text else ""


def checked_version(text: str) -> str:
    """A version as it is written; Mm4Error where it is none, "" stays as it is."""
    if text and not _VERSION.fullmatch(text):
        raise Mm4Error("no version for a field")
    return text


def _list(addresses: tuple[str, ...]) -> str:
    return ", ".join(checked(each) for each in addresses)


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _visibility(hide: bool | None) -> str:
    return "" if hide is None else "Hide" if hide else "Show"


def _count(number: int) -> str:
    if not 0 <= number <= 999:
        raise Mm4Error("no counter for a field")
    return str(number) if number else ""
