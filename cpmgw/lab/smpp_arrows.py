"""What of an SMPP PDU is worth showing (SMPP 3.4 sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cpmgw.lab.arrow import Arrow, Kind, Lifeline, last_digits
from txsmpp import tlv
from txsmpp.constants import EsmClass, MessageState
from txsmpp.pdu import DataSm, DeliverSm, Pdu, Response, SubmitMulti, SubmitSm
from txsmpp.status import status_name
from txsmpp.tlv import Tag

_MESSAGES: Final = (SubmitSm, DeliverSm, DataSm, SubmitMulti)


def pdu_arrow(pdu: Pdu, at: float, *, from_esme: bool) -> Arrow:
    """The arrow of a PDU between the gateway (the ESME) and the SM-SC."""
    failed = isinstance(pdu, Response) and pdu.command_status != 0
    ends = (Lifeline.GATEWAY, Lifeline.CENTRE)
    source, target = ends if from_esme else ends[::-1]
    return Arrow(
        at=at,
        source=source,
        target=target,
        kind=Kind.SMPP,
        name=pdu.command_id.name.lower(),
        details=tuple(_details(pdu)),
        failed=failed,
    )


def _details(pdu: Pdu) -> list[str]:
    shown: list[str] = []
    if isinstance(pdu, Response):
        shown.append(status_name(pdu.command_status))
    if message_id := getattr(pdu, "message_id", ""):
        shown.append(f"message_id={message_id}")
    if isinstance(pdu, _MESSAGES):
        shown += _message(pdu)
    return shown


def _message(pdu: Any) -> list[str]:
    target = getattr(pdu, "destination_addr", "")
    shown = [f"{last_digits(pdu.source_addr)}→{last_digits(target)}"]
    if pdu.esm_class & EsmClass.TYPE_MASK == EsmClass.DELIVERY_RECEIPT:
        return shown + _receipt(pdu)
    payload = tlv.find(pdu.tlvs, Tag.MESSAGE_PAYLOAD)
    octets = payload if payload is not None else getattr(pdu, "short_message", b"")
    shown.append(f"data_coding={pdu.data_coding}")
    if numbers := _segment(pdu, octets):
        shown.append(f"segment {numbers}")
    if pdu.esm_class:
        shown.append(f"esm_class=0x{pdu.esm_class:02x}")
    if pdu.registered_delivery:
        shown.append(f"registered_delivery={pdu.registered_delivery}")
    shown.append(f"{len(octets)} octets" + (" in TLV" if payload is not None else ""))
    return shown


def _receipt(pdu: Any) -> list[str]:
    shown = ["receipt"]
    if message_id := tlv.text(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID):
        shown.append(f"message_id={message_id}")
    state = tlv.integer(pdu.tlvs, Tag.MESSAGE_STATE)
    if state is not None:
        shown.append(f"state={_state(state)}")
    text = getattr(pdu, "short_message", b"").decode("latin-1")
    wanted: Callable[[str], bool] = lambda word: word.startswith(("id:", "stat:"))  # noqa: E731
    return shown + [word for word in text.split() if wanted(word)]


def _state(state: int) -> str:
    try:
        return MessageState(state).name
    except ValueError:
        return str(state)


def _segment(pdu: Any, octets: bytes) -> str:
    """n/m of a concatenated message, from its TLVs or its UDH (TS 23.040 9.2.3.24)."""
    number = tlv.integer(pdu.tlvs, Tag.SAR_SEGMENT_SEQNUM)
    total = tlv.integer(pdu.tlvs, Tag.SAR_TOTAL_SEGMENTS)
    if number is not None and total is not None:
        return f"{number}/{total} (sar)"
    if not pdu.esm_class & EsmClass.UDHI or not octets:
        return ""
    header = octets[1 : 1 + octets[0]]
    while len(header) >= 2:
        element, length = header[0], header[1]
        value = header[2 : 2 + length]
        if (element, length) in {(0x00, 3), (0x08, 4)} and len(value) == length:
            return f"{value[-1]}/{value[-2]} (udh)"
        header = header[2 + length :]
    return ""
