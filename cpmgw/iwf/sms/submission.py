"""submit_sm or data_sm out of Table 1, and of sessions Tables 4, 6, 7 and 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.sms.session_rules import lifetime
from cpmgw.iwf.sms.sessionmessage import SessionSegment, SessionText
from cpmgw.iwf.sms.shortmessage import OutboundSegment
from cpmgw.iwf.sms.tables.table_01 import TABLE_1_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_04 import TABLE_4_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_06 import TABLE_6_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_07 import TABLE_7_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_08 import TABLE_8_SUBMIT_SM
from cpmgw.policy import Policy
from txsmpp.constants import EsmClass
from txsmpp.pdu import DataSm, SubmitSm
from txsmpp.tlv import INTEGER_SIZES, Tag, Tlv

_TAGS: Final = {
    name: Tag[name.upper()]
    for name in TABLE_1_SUBMIT_SM.names
    if name.upper() in Tag.__members__
}
_OF_SESSIONS: Final[Mapping[SessionText, Table[SessionSegment]]] = {
    SessionText.INVITATION: TABLE_4_SUBMIT_SM,
    SessionText.CLOSING: TABLE_6_SUBMIT_SM,
    SessionText.CHAT: TABLE_7_SUBMIT_SM,
    SessionText.PARTICIPANTS: TABLE_8_SUBMIT_SM,
}
# The fields of submit_sm that data_sm has as well (SMPP 3.4 4.7.1); the others have a
# TLV, or no meaning, there.
_OF_DATA_SM: Final = (
    "service_type",
    "source_addr_ton",
    "source_addr_npi",
    "source_addr",
    "dest_addr_ton",
    "dest_addr_npi",
    "destination_addr",
    "esm_class",
    "registered_delivery",
    "data_coding",
)


def _tlvs(values: dict[str, Any]) -> tuple[Tlv, ...]:
    """Take the optional parameters out of a table's values."""
    tlvs = []
    for name, tag in _TAGS.items():
        value = values.pop(name, None)
        if isinstance(value, int):
            value = value.to_bytes(INTEGER_SIZES[tag], "big")
        if value is not None:
            tlvs.append(Tlv(tag, value))
    return tuple(tlvs)


def submit_sm(source: OutboundSegment) -> SubmitSm:
    """The submit_sm of Table 1."""
    values = TABLE_1_SUBMIT_SM.apply(source)
    return SubmitSm(tlvs=_tlvs(values), **values)


def data_sm(source: OutboundSegment) -> DataSm:
    """The data_sm of Table 1 (TS 6.2.2 note 3): what it has no field for is a TLV."""
    seconds = source.message.lifetime(source.policy)
    return _data_sm(TABLE_1_SUBMIT_SM.apply(source), seconds, source.policy)


def session_sm(source: SessionSegment) -> SubmitSm | DataSm:
    """What is sent in a session, by the table of what it is (Tables 4, 6, 7 and 8)."""
    values = _OF_SESSIONS[source.what].apply(source)
    if source.policy.submit_with == "data_sm":
        return _data_sm(values, lifetime(source), source.policy)
    return SubmitSm(tlvs=_tlvs(values), **values)


def _data_sm(values: dict[str, Any], lifetime: int | None, policy: Policy) -> DataSm:
    """A data_sm of a table's values; `lifetime` is in seconds, None as the SM-SC says.

    It has no sm_default_msg_id: no table gives one where data_sm is the policy.
    """
    tlvs = _tlvs(values)
    text = values["short_message"]
    if text:
        tlvs = (*tlvs, Tlv(Tag.MESSAGE_PAYLOAD, text))
    if lifetime is not None:
        octets = lifetime.to_bytes(INTEGER_SIZES[Tag.QOS_TIME_TO_LIVE], "big")
        tlvs = (*tlvs, Tlv(Tag.QOS_TIME_TO_LIVE, octets))
    if policy.sms.set_dpf:  # an alert_notification is asked for (TS 6.2.3.1)
        tlvs = (*tlvs, Tlv(Tag.SET_DPF, b"\x01"))
    fields = {name: values[name] for name in _OF_DATA_SM}
    # data_sm is for other modes than store and forward; only its indicators remain.
    fields["esm_class"] &= ~EsmClass.MODE_MASK.value
    return DataSm(tlvs=tlvs, **fields)
