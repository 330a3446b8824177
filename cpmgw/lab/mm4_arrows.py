"""What of MM4, and of the SMTP that carries it, is worth showing (TS 23.140 8.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits, quoted
from cpmgw.lab.pictures import content_details
from cpmgw.mm4.addresses import number_of
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import Forward, MessageType, Pdu, RequestStatus, Result
from cpmgw.smtp.interfaces import Reply

# As much of their names as there is room for over an arrow.
_NAMES: Final[Mapping[MessageType, str]] = {
    MessageType.FORWARD_REQ: "MM4 forward.REQ",
    MessageType.FORWARD_RES: "MM4 forward.RES",
    MessageType.DELIVERY_REPORT_REQ: "MM4 delivery.REQ",
    MessageType.DELIVERY_REPORT_RES: "MM4 delivery.RES",
    MessageType.READ_REPLY_REQ: "MM4 read.REQ",
    MessageType.READ_REPLY_RES: "MM4 read.RES",
}


def pdu_arrow(
    pdu: Pdu, entity: Entity, size: int, at: float, *, from_gateway: bool
) -> Arrow:
    """The arrow of a PDU between the gateway and the MMS relay; `size` in octets."""
    failed = isinstance(pdu, Result) and pdu.status is not RequestStatus.OK
    details = [*_details(pdu)]
    if isinstance(pdu, Forward):
        details += content_details(entity)
    details.append(f"{size} octets")
    name = _NAMES[pdu.transaction.type]
    return _arrow(name, tuple(details), at, from_gateway=from_gateway, failed=failed)


def reply_arrow(reply: Reply, at: float, *, from_gateway: bool) -> Arrow:
    """The arrow of a reply of SMTP, which is only shown where it says no."""
    name = f"SMTP {reply.code}" if reply.code else "SMTP"
    return _arrow(name, (reply.text,), at, from_gateway=from_gateway, failed=True)


def _arrow(
    name: str, details: tuple[str, ...], at: float, *, from_gateway: bool, failed: bool
) -> Arrow:
    ends = (Lifeline.CENTRE, Lifeline.GATEWAY)
    return Arrow(
        at=at,
        source=ends[from_gateway],
        target=ends[not from_gateway],
        kind=Kind.MM4,
        name=name,
        details=details,
        failed=failed,
    )


def air_arrow(
    number: str, subject: str, entity: Entity, at: float, *, out: bool
) -> Arrow:
    """The arrow of a message between a handset and its relay."""
    ends = (Lifeline.HANDSET, Lifeline.CENTRE)
    shown = (quoted(subject),) if subject else ()
    return Arrow(
        at=at,
        source=ends[not out],
        target=ends[out],
        kind=Kind.AIR,
        name="MMS",
        details=(last_digits(number), *shown, *content_details(entity)),
    )


def _details(pdu: Pdu) -> Iterator[str]:
    if isinstance(pdu, Result):
        yield pdu.status.value
        if pdu.status_text:
            yield quoted(pdu.status_text)
        yield from (f"for {_who(each)}" for each in pdu.recipients)
    elif isinstance(pdu, Forward):
        targets = ",".join(_who(each) for each in (*pdu.to, *pdu.cc, *pdu.bcc))
        yield f"{_who(pdu.sender)}→{targets}"
        if pdu.subject:
            yield f"Subject: {pdu.subject}"
        yield from _asked(pdu)
    else:
        yield f"{_who(pdu.recipient)}→{_who(pdu.sender)}"
        yield pdu.status.value
        if pdu.acknowledge:
            yield "asks response"
    yield f"id {pdu.transaction.message_id[:12]}"


def _asked(pdu: Forward) -> Iterator[str]:
    wanted = (
        ("response", pdu.acknowledge),
        ("delivery report", pdu.delivery_report),
        ("read reply", pdu.read_reply),
    )
    if asked := [name for name, is_wanted in wanted if is_wanted]:
        yield f"asks {', '.join(asked)}"


def _who(address: str) -> str:
    return last_digits(number_of(address) or address)
