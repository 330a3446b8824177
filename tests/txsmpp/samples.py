"""One PDU of each kind with every field set, and strategies that make any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from txsmpp import pdu
from txsmpp.fields import CString, Destinations, Integers, ShortMessage, Time
from txsmpp.layout import ROWS
from txsmpp.tlv import Tag, Tlv

VENDOR: Final = Tlv(0x1401, b"\x00\xffvendor")
MESSAGE: Final = {
    "service_type": "CMT",
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "Shop",
    "esm_class": 0x40,
    "protocol_id": 1,
    "priority_flag": 2,
    "schedule_delivery_time": "261121070000000+",
    "validity_period": "000002000000000R",
    "registered_delivery": 1,
    "replace_if_present_flag": 1,
    "data_coding": 8,
    "sm_default_msg_id": 3,
    "short_message": b"\x05\x00\x03\x07\x02\x01\x00H\x00i",
}
TO: Final = {
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "15145550002",
}
FROM: Final = {
    "source_addr_ton": 1,
    "source_addr_npi": 1,
    "source_addr": "15145550001",
}
BIND: Final = {
    "system_id": "cpmgw",
    "password": "secret",
    "system_type": "VMA",
    "interface_version": 0x34,
    "addr_ton": 1,
    "addr_npi": 1,
    "address_range": "^1514",
}
BODIES: Final[dict[type[pdu.Pdu], dict[str, Any]]] = {
    pdu.BindTransmitter: BIND,
    pdu.BindTransmitterResp: {"system_id": "centre"},
    pdu.BindReceiver: BIND,
    pdu.BindReceiverResp: {"system_id": "centre"},
    pdu.BindTransceiver: BIND,
    pdu.BindTransceiverResp: {"system_id": "centre"},
    pdu.Outbind: {"system_id": "centre", "password": "secret"},
    pdu.Unbind: {},
    pdu.UnbindResp: {},
    pdu.GenericNack: {"command_status": 3},
    pdu.SubmitSm: {**MESSAGE, **TO},
    pdu.SubmitSmResp: {"message_id": "5C0D", "command_status": 0},
    pdu.SubmitMulti: {
        **MESSAGE,
        "dest_address": (
            pdu.SmeAddress(1, 1, "15145550002"),
            pdu.DistributionList("friends"),
        ),
    },
    pdu.SubmitMultiResp: {
        "message_id": "5C0E",
        "unsuccess_sme": (pdu.UnsuccessSme(1, 1, "15145550002", 0x0B),),
    },
    pdu.DeliverSm: {**MESSAGE, **TO},
    pdu.DeliverSmResp: {"command_status": 0x64},
    pdu.DataSm: {
        **FROM,
        **TO,
        "service_type": "WAP",
        "esm_class": 1,
        "registered_delivery": 1,
        "data_coding": 4,
    },
    pdu.DataSmResp: {"message_id": "5C0F"},
    pdu.QuerySm: {"message_id": "5C0D", **FROM},
    pdu.QuerySmResp: {
        "message_id": "5C0D",
        "final_date": "261121070000000+",
        "message_state": 2,
        "error_code": 7,
    },
    pdu.CancelSm: {"service_type": "CMT", "message_id": "5C0D", **FROM, **TO},
    pdu.CancelSmResp: {"command_status": 0x11},
    pdu.ReplaceSm: {
        "message_id": "5C0D",
        **FROM,
        "schedule_delivery_time": "",
        "validity_period": "",
        "registered_delivery": 1,
        "sm_default_msg_id": 0,
        "short_message": b"new",
    },
    pdu.ReplaceSmResp: {"command_status": 0x13},
    pdu.EnquireLink: {},
    pdu.EnquireLinkResp: {},
    pdu.AlertNotification: {
        **FROM,
        "esme_addr_ton": 1,
        "esme_addr_npi": 1,
        "esme_addr": "15145550009",
    },
}


def full(kind: type[pdu.Pdu], **more: Any) -> pdu.Pdu:
    """A PDU of this kind with every field set, a known and a vendor TLV."""
    tlvs = (Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x00\x07"), VENDOR)
    return kind(**{"sequence_number": 9, "tlvs": tlvs, **BODIES[kind], **more})


def octet_text(most: int, highest: int = 255) -> st.SearchStrategy[str]:
    """Text that a C-octet string of this length holds."""
    characters = st.characters(min_codepoint=1, max_codepoint=highest)
    return st.text(characters, max_size=most)


def _values(row: Any, highest: int) -> dict[str, st.SearchStrategy[Any]]:
    octet = st.integers(0, 255)
    if isinstance(row, Integers):
        return dict.fromkeys(row.names, octet)
    if isinstance(row, Time):
        return {row.names[0]: st.sampled_from(["", "000002000000000R"])}
    if isinstance(row, CString):
        return {row.names[0]: octet_text(row.size - 1, highest)}
    if isinstance(row, ShortMessage):
        return {row.names[0]: st.binary(max_size=254)}
    address: Callable[..., Any] = pdu.UnsuccessSme
    extra = [st.integers(0, 0xFFFFFFFF)]
    least = 0
    if isinstance(row, Destinations):
        address, extra, least = pdu.SmeAddress, [], 1
    one = st.builds(address, octet, octet, octet_text(20), *extra)
    if isinstance(row, Destinations):
        one |= st.builds(pdu.DistributionList, octet_text(20))
    many = st.lists(one, min_size=least, max_size=6).map(tuple)
    return {row.names[0]: many}


def any_of(kind: type[pdu.Pdu], highest: int = 255) -> st.SearchStrategy[pdu.Pdu]:
    """Every PDU of a kind that can be sent, its text of characters up to `highest`."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for row in ROWS[kind]:
        fields |= _values(row, highest)
    tlv = st.builds(Tlv, st.integers(0, 0xFFFF), st.binary(max_size=40))
    fields["tlvs"] = st.lists(tlv, max_size=4).map(tuple)
    fields["sequence_number"] = st.integers(0, 0xFFFFFFFF)
    if issubclass(kind, pdu.Response):
        fields["command_status"] = st.just(0) | st.integers(0, 0xFFFFFFFF)
    return st.builds(kind, **fields)


any_pdu = st.sampled_from(list(ROWS)).flatmap(any_of)
