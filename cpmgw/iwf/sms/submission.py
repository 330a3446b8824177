"""submit_sm or data_sm out of Table 1, and what became of several of them."""

from __future__ import annotations

from typing import Any, Final

from cpmgw.iwf.sms.shortmessage import OutboundSegment
from cpmgw.iwf.sms.tables.table_01 import TABLE_1_SUBMIT_SM
from txsmpp.constants import EsmClass
from txsmpp.pdu import DataSm, SubmitSm
from txsmpp.tlv import INTEGER_SIZES, Tag, Tlv

_TAGS: Final = {
    name: Tag[name.upper()]
    for name in TABLE_1_SUBMIT_SM.names
    if name.upper() in Tag.__members__
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
    values = TABLE_1_SUBMIT_SM.apply(source)
    tlvs = _tlvs(values)
    text = values["short_message"]
    if text:
        tlvs = (*tlvs, Tlv(Tag.MESSAGE_PAYLOAD, text))
    lifetime = source.message.lifetime(source.policy)
    time_to_live = lifetime.to_bytes(INTEGER_SIZES[Tag.QOS_TIME_TO_LIVE], "big")
    tlvs = (*tlvs, Tlv(Tag.QOS_TIME_TO_LIVE, time_to_live))
    fields = {name: values[name] for name in _OF_DATA_SM}
    # data_sm is for other modes than store and forward; only its indicators remain.
    fields["esm_class"] &= ~EsmClass.MODE_MASK.value
    return DataSm(tlvs=tlvs, **fields)
