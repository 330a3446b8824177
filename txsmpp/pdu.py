"""The PDUs of SMPP 3.4 as values, their fields in the order of the wire (section 4).

The fields of a PDU's body may be given by position or by name; `sequence_number`,
`command_status` and `tlvs` only by name. Text fields hold the octets of the wire one
for one (ISO 8859-1), without the NUL that ends them. A sequence number of 0 says that
the session shall give one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from txsmpp.tlv import Tlv


class CommandId(IntEnum):
    """Which PDU it is (SMPP 3.4 5.1.2.1); a response has the highest bit set."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM = 0x00000003
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    REPLACE_SM = 0x00000007
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM = 0x00000008
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI = 0x00000021
    SUBMIT_MULTI_RESP = 0x80000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    DATA_SM_RESP = 0x80000103


RESPONSE_BIT: Final = 0x80000000


class Pdu(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every PDU has: its number and its optional parameters."""

    command_id: ClassVar[CommandId]
    sequence_number: int = 0
    tlvs: tuple[Tlv, ...] = ()


class Response(Pdu, frozen=True, kw_only=True, gc=False):
    """A PDU that answers another and says how that went (3.2.2)."""

    command_status: int = 0


class BindRequest(Pdu, frozen=True, gc=False):
    """The body that the three bind requests share (4.1)."""

    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""

    def __repr__(self) -> str:
        """Without the password: values are shown in logs and tracebacks."""
        kind, number = type(self).__name__, self.sequence_number
        return f"<{kind} {number} of {self.system_id!r}>"


class BindResponse(Response, frozen=True, gc=False):
    """The body that the three answers to a bind share (4.1)."""

    system_id: str = ""


class BindTransmitter(BindRequest, frozen=True, gc=False):
    """An ESME asks to send messages (4.1.1)."""

    command_id = CommandId.BIND_TRANSMITTER


class BindTransmitterResp(BindResponse, frozen=True, gc=False):
    """The answer to bind_transmitter (4.1.2)."""

    command_id = CommandId.BIND_TRANSMITTER_RESP


class BindReceiver(BindRequest, frozen=True, gc=False):
    """An ESME asks to receive messages (4.1.3)."""

    command_id = CommandId.BIND_RECEIVER


class BindReceiverResp(BindResponse, frozen=True, gc=False):
    """The answer to bind_receiver (4.1.4)."""

    command_id = CommandId.BIND_RECEIVER_RESP


class BindTransceiver(BindRequest, frozen=True, gc=False):
    """An ESME asks to send and receive messages (4.1.5)."""

    command_id = CommandId.BIND_TRANSCEIVER


class BindTransceiverResp(BindResponse, frozen=True, gc=False):
    """The answer to bind_transceiver (4.1.6)."""

    command_id = CommandId.BIND_TRANSCEIVER_RESP


class Outbind(Pdu, frozen=True, gc=False):
    """An SM-SC asks an ESME to bind as receiver (4.1.7)."""

    command_id = CommandId.OUTBIND
    system_id: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Without the password: values are shown in logs and tracebacks."""
        return f"<Outbind {self.sequence_number} of {self.system_id!r}>"


class Unbind(Pdu, frozen=True, gc=False):
    """The end of a session (4.2.1)."""

    command_id = CommandId.UNBIND


class UnbindResp(Response, frozen=True, gc=False):
    """The answer to unbind (4.2.2)."""

    command_id = CommandId.UNBIND_RESP


class GenericNack(Response, frozen=True, gc=False):
    """The answer to a PDU whose header makes no sense (4.3.1)."""

    command_id = CommandId.GENERIC_NACK


class SubmitSm(Pdu, frozen=True, gc=False):
    """A message from an ESME to one destination (4.4.1)."""

    command_id = CommandId.SUBMIT_SM
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class SubmitSmResp(Response, frozen=True, gc=False):
    """The answer to submit_sm, with the SM-SC's name for the message (4.4.2)."""

    command_id = CommandId.SUBMIT_SM_RESP
    message_id: str = ""


class SmeAddress(msgspec.Struct, frozen=True, gc=False):
    """A destination of submit_multi that is an SME (4.5.1.1, dest_flag 1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


class DistributionList(msgspec.Struct, frozen=True, gc=False):
    """A destination of submit_multi that is a list's name (4.5.1.1, dest_flag 2)."""

    dl_name: str = ""


class UnsuccessSme(msgspec.Struct, frozen=True, gc=False):
    """A destination that submit_multi could not be sent to, and why (4.5.2.1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    error_status_code: int = 0


class SubmitMulti(Pdu, frozen=True, gc=False):
    """A message from an ESME to several destinations (4.5.1)."""

    command_id = CommandId.SUBMIT_MULTI
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_address: tuple[SmeAddress | DistributionList, ...] = ()
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class SubmitMultiResp(Response, frozen=True, gc=False):
    """The answer to submit_multi, with those who will not get it (4.5.2)."""

    command_id = CommandId.SUBMIT_MULTI_RESP
    message_id: str = ""
    unsuccess_sme: tuple[UnsuccessSme, ...] = ()


class DeliverSm(Pdu, frozen=True, gc=False):
    """A message or a receipt from an SM-SC (4.6.1)."""

    command_id = CommandId.DELIVER_SM
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class DeliverSmResp(Response, frozen=True, gc=False):
    """The answer to deliver_sm; its message_id is unused (4.6.2)."""

    command_id = CommandId.DELIVER_SM_RESP
    message_id: str = ""


class DataSm(Pdu, frozen=True, gc=False):
    """A message in either direction, its payload a TLV (4.7.1)."""

    command_id = CommandId.DATA_SM
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0


class DataSmResp(Response, frozen=True, gc=False):
    """The answer to data_sm (4.7.2)."""

    command_id = CommandId.DATA_SM_RESP
    message_id: str = ""


class QuerySm(Pdu, frozen=True, gc=False):
    """What has become of a message? (4.8.1)."""

    command_id = CommandId.QUERY_SM
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


class QuerySmResp(Response, frozen=True, gc=False):
    """The state of a message (4.8.2)."""

    command_id = CommandId.QUERY_SM_RESP
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


class CancelSm(Pdu, frozen=True, gc=False):
    """Take a message back (4.9.1)."""

    command_id = CommandId.CANCEL_SM
    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


class CancelSmResp(Response, frozen=True, gc=False):
    """The answer to cancel_sm (4.9.2)."""

    command_id = CommandId.CANCEL_SM_RESP


class ReplaceSm(Pdu, frozen=True, gc=False):
    """Another text for a message that has not left (4.10.1)."""

    command_id = CommandId.REPLACE_SM
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class ReplaceSmResp(Response, frozen=True, gc=False):
    """The answer to replace_sm (4.10.2)."""

    command_id = CommandId.REPLACE_SM_RESP


class EnquireLink(Pdu, frozen=True, gc=False):
    """Is anybody there? (4.11.1)."""

    command_id = CommandId.ENQUIRE_LINK


class EnquireLinkResp(Response, frozen=True, gc=False):
    """The answer to enquire_link (4.11.2)."""

    command_id = CommandId.ENQUIRE_LINK_RESP


class AlertNotification(Pdu, frozen=True, gc=False):
    """An SME is reachable again; nobody answers this PDU (4.12.1)."""

    command_id = CommandId.ALERT_NOTIFICATION
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""


P = TypeVar("P", bound=Pdu)

# Who answers whom; outbind and alert_notification have no answer (4.1.7, 4.12.1).
RESPONSES: Final[Mapping[type[Pdu], type[Response]]] = {
    BindTransmitter: BindTransmitterResp,
    BindReceiver: BindReceiverResp,
    BindTransceiver: BindTransceiverResp,
    Unbind: UnbindResp,
    SubmitSm: SubmitSmResp,
    SubmitMulti: SubmitMultiResp,
    DeliverSm: DeliverSmResp,
    DataSm: DataSmResp,
    QuerySm: QuerySmResp,
    CancelSm: CancelSmResp,
    ReplaceSm: ReplaceSmResp,
    EnquireLink: EnquireLinkResp,
}


def answer(request: Pdu, command_status: int = 0, **body: Any) -> Response:
    """The response to a request, with its sequence number.

    A PDU that has no response of its own gets a generic_nack.
    """
    made = RESPONSES.get(type(request), GenericNack)
    return made(
        command_status=command_status,
        sequence_number=request.sequence_number,
        **body,
    )


def numbered(pdu: P, sequence_number: int) -> P:
    """The same PDU with another sequence number."""
    return msgspec.structs.replace(pdu, sequence_number=sequence_number)
