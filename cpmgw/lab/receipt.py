"""Delivery receipts as an SM-SC writes them (SMPP 3.4 5.2.12, appendix B)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from cpmgw.lab.behaviour import ReceiptForm, SmsBehaviour
from txsmpp import tlv
from txsmpp.constants import EsmClass, MessageState, RegisteredDelivery
from txsmpp.pdu import DeliverSm
from txsmpp.tlv import Tag, Tlv

STAT: Final[Mapping[MessageState, str]] = {
    MessageState.SCHEDULED: "SCHEDLD",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}
"""The words of appendix B; those of SMPP 5.0 are its own."""

FINAL_STATES: Final = frozenset(MessageState) - {
    MessageState.SCHEDULED,
    MessageState.ENROUTE,
    MessageState.ACCEPTED,
}
GSM_NETWORK: Final = 3
"""network_error_code's first octet (5.3.2.31)."""
QUOTED_OCTETS: Final = 20


class Address(msgspec.Struct, frozen=True, gc=False):
    """An SME's address: type of number, numbering plan, digits (5.2.5 to 5.2.9)."""

    ton: int
    npi: int
    addr: str


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the SM-SC has taken, and what has become of it.

    `number` is what its message_id is written from (the destinations of a submit_multi
    share it), `key` is its own, `esme` the system_id that it came from.
    """

    key: int
    number: int
    esme: str
    source: Address
    target: Address
    registered_delivery: int
    octets: bytes
    behaviour: SmsBehaviour
    accepted: float
    state: MessageState = MessageState.ENROUTE
    finished: float = 0.0

    @property
    def message_id(self) -> str:
        """The message_id that its answer carries."""
        return self.behaviour.response_id.write(self.number)


def asked_for(registered_delivery: int, state: MessageState) -> bool:
    """Whether the ESME wants a receipt that says this (5.2.17)."""
    if state not in FINAL_STATES:
        return bool(registered_delivery & RegisteredDelivery.INTERMEDIATE_NOTIFICATION)
    wanted = registered_delivery & RegisteredDelivery.RECEIPT_MASK
    if wanted == RegisteredDelivery.RECEIPT_MASK:
        return state is MessageState.DELIVERED
    if wanted == RegisteredDelivery.RECEIPT_ON_FAILURE:
        return state is not MessageState.DELIVERED
    return wanted == RegisteredDelivery.RECEIPT


def receipt(message: StoredMessage) -> DeliverSm:
    """The deliver_sm that tells what has become of a message."""
    final = message.state in FINAL_STATES
    kind = EsmClass.DELIVERY_RECEIPT if final else EsmClass.INTERMEDIATE_NOTIFICATION
    form = message.behaviour.receipt_form
    message_id = message.behaviour.receipt_id.write(message.number)
    text = b"" if form is ReceiptForm.TLV else _text(message, message_id)
    return DeliverSm(
        source_addr_ton=message.target.ton,
        source_addr_npi=message.target.npi,
        source_addr=message.target.addr,
        dest_addr_ton=message.source.ton,
        dest_addr_npi=message.source.npi,
        destination_addr=message.source.addr,
        esm_class=kind,
        short_message=text,
        tlvs=() if form is ReceiptForm.TEXT else _tlvs(message, message_id),
    )


def _tlvs(message: StoredMessage, message_id: str) -> tuple[Tlv, ...]:
    made = [
        tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, message_id),
        tlv.of_integer(Tag.MESSAGE_STATE, message.state),
    ]
    if message.behaviour.error:
        code = bytes([GSM_NETWORK]) + message.behaviour.error.to_bytes(2, "big")
        made.append(Tlv(Tag.NETWORK_ERROR_CODE, code))
    return tuple(made)


def _text(message: StoredMessage, message_id: str) -> bytes:
    delivered = 1 if message.state is MessageState.DELIVERED else 0
    quoted = message.octets[:QUOTED_OCTETS].decode("ascii", "replace")
    shown = "".join(c if c.isprintable() and c.isascii() else "." for c in quoted)
    return (
        f"id:{message_id} sub:001 dlvrd:{delivered:03d} "
        f"submit date:{_minutes(message.accepted)} "
        f"done date:{_minutes(message.finished)} "
        f"stat:{STAT[message.state]} err:{message.behaviour.error:03d} text:{shown}"
    ).encode("latin-1")


def _minutes(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%y%m%d%H%M")
