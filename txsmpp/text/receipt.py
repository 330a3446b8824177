"""Delivery receipts: what became of a message (SMPP 3.4 2.11, 5.2.12, Appendix B).

The parameters receipted_message_id, message_state and network_error_code say it in a
form that SMPP lays down; the text of Appendix B is each vendor's own, and read as it
comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from txsmpp.constants import EsmClass, MessageState
from txsmpp.text.errors import TextError
from txsmpp.text.message_id import (
    IdForm,
    IdPolicy,
    canonical_id,
    receipt_keys,
    response_key,
)
from txsmpp.text.receipt_text import (
    NUMBERED,
    STATES,
    apart,
    moment,
    state_of,
    values_of,
)
from txsmpp.text.received import ShortMessage, read, user_data
from txsmpp.tlv import Tag

__all__ = [
    "IdForm",
    "IdPolicy",
    "Receipt",
    "ReceiptKind",
    "canonical_id",
    "is_receipt",
    "moment",
    "parse_receipt",
    "parse_receipt_text",
    "receipt_keys",
    "receipt_kind",
    "response_key",
]

TYPE_MASK: Final = int(EsmClass.TYPE_MASK)
UDHI: Final = int(EsmClass.UDHI)
# A receipt's text beyond this is not looked at.
LONGEST_TEXT: Final = 1024


class ReceiptKind(StrEnum):
    """Who reports, by the message type in esm_class (5.2.12, 2.11).

    RECEIPT: the SM-SC, once and for all. INTERMEDIATE: the SM-SC, on an attempt.
    ACKNOWLEDGEMENT: the SME that got the message.
    """

    RECEIPT = "receipt"
    INTERMEDIATE = "intermediate"
    ACKNOWLEDGEMENT = "acknowledgement"


KINDS: Final[Mapping[int, ReceiptKind]] = {
    int(EsmClass.DELIVERY_RECEIPT): ReceiptKind.RECEIPT,
    int(EsmClass.INTERMEDIATE_NOTIFICATION): ReceiptKind.INTERMEDIATE,
    int(EsmClass.DELIVERY_ACKNOWLEDGEMENT): ReceiptKind.ACKNOWLEDGEMENT,
}


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a receipt says; empty where it does not say.

    `message_id` is as the SM-SC wrote it (see message_id). `status` is the word after
    "stat:". `error` is the value after "err:", or network_error_code as a decimal
    number, then with its `network_type` (5.3.2.31). `submitted` and `done` are times as
    written (see `moment`). `from_tlv` says that the id came from a parameter.
    """

    message_id: str
    state: MessageState | None = None
    status: str = ""
    error: str = ""
    network_type: int | None = None
    submitted: str = ""
    done: str = ""
    text: str = ""
    from_tlv: bool = False
    kind: ReceiptKind = ReceiptKind.RECEIPT


def receipt_kind(pdu: ShortMessage) -> ReceiptKind | None:
    """What sort of report esm_class says this is, None if it is a message.

    A receipted_message_id with a message_state makes a receipt of a PDU whose esm_class
    does not say so.
    """
    bits = pdu.esm_class & TYPE_MASK
    if kind := KINDS.get(bits):
        return kind
    if pdu.tlvs:
        tags = {tlv.tag for tlv in pdu.tlvs}
        if Tag.RECEIPTED_MESSAGE_ID in tags and Tag.MESSAGE_STATE in tags:
            return ReceiptKind.RECEIPT
    return None


def is_receipt(pdu: ShortMessage) -> bool:
    """Is it a report of any kind and no message?"""
    return receipt_kind(pdu) is not None


def parse_receipt(pdu: ShortMessage, *, prefer_text: bool = False) -> Receipt | None:
    """The report in a PDU, None if there is none or it names no message.

    Where parameters and text both say something the parameters are believed, or the
    text if the SM-SC is known to get them wrong (`prefer_text`).
    """
    kind = receipt_kind(pdu)
    if kind is None:
        return None
    written = parse_receipt_text(_text_of(pdu), kind)
    if not pdu.tlvs:
        return written if written.message_id else None
    merged = _merge(written, _tlv_fields(pdu), kind, prefer_text)
    return merged if merged.message_id else None


def _merge(
    written: Receipt,
    given: tuple[str, MessageState | None, int | None, str],
    kind: ReceiptKind,
    prefer_text: bool,
) -> Receipt:
    """One receipt of what the text and the parameters say."""
    message_id, state, network_type, code = given
    id_from_tlv = bool(message_id) and not (prefer_text and written.message_id)
    state_from_tlv = state is not None and not (
        prefer_text and written.state is not None
    )
    error_from_tlv = bool(code) and not (prefer_text and written.error)
    return Receipt(
        message_id=message_id if id_from_tlv else written.message_id,
        state=state if state_from_tlv else written.state,
        status=written.status,
        error=code if error_from_tlv else written.error,
        network_type=network_type if error_from_tlv else None,
        submitted=written.submitted,
        done=written.done,
        text=written.text,
        from_tlv=id_from_tlv,
        kind=kind,
    )


def _tlv_fields(
    pdu: ShortMessage,
) -> tuple[str, MessageState | None, int | None, str]:
    """Id, state, network type, error code of the parameters (5.3.2.12, .35, .31)."""
    message_id = code = ""
    state: MessageState | None = None
    network_type: int | None = None
    for tlv in pdu.tlvs:
        tag, value = tlv.tag, tlv.value
        if tag == Tag.RECEIPTED_MESSAGE_ID:
            message_id = value.partition(b"\0")[0].decode("latin-1").strip()
        elif tag == Tag.MESSAGE_STATE and len(value) == 1:
            state = NUMBERED.get(value[0])
        elif tag == Tag.NETWORK_ERROR_CODE and len(value) == 3:
            network_type = value[0]
            code = str(value[1] << 8 | value[2])
    return message_id, state, network_type, code


def _text_of(pdu: ShortMessage) -> str:
    """The receipt's text; vendors write ASCII whatever the data_coding says."""
    if pdu.data_coding or pdu.esm_class & UDHI:
        try:
            received = read(pdu)
        except TextError:
            return ""
        if received.text is not None:
            return received.text[:LONGEST_TEXT]
        return received.octets[:LONGEST_TEXT].decode("latin-1")
    return user_data(pdu)[:LONGEST_TEXT].decode("latin-1")


def parse_receipt_text(text: str, kind: ReceiptKind = ReceiptKind.RECEIPT) -> Receipt:
    """The fields of a receipt's text in any order and case, each of them optional.

    Nothing within "text:", which the message's sender wrote, is taken for a field,
    unless the receipt begins with it.
    """
    head, body = apart(text)
    values = values_of(head)
    status = values.get("stat", "").upper()
    done = values.get("done", "")
    if not status and done:
        # "done date:2401311200 DELIVRD", the name left out.
        before, _, last = done.rpartition(" ")
        if last.upper() in STATES:
            done, status = before, last.upper()
    return Receipt(
        message_id=values.get("id", ""),
        state=state_of(status),
        status=status,
        error=values.get("err", ""),
        submitted=values.get("submit", ""),
        done=done,
        text=body,
        kind=kind,
    )
