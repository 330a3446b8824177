"""Each PDU's body as a table of rows, in the order of the wire (SMPP 3.4 section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from txsmpp import pdu
from txsmpp.fields import (
    ADDRESS_SIZE,
    MESSAGE_ID_SIZE,
    Destinations,
    Row,
    ShortMessage,
    Unsuccessful,
    integers,
    text,
    time,
)
from txsmpp.status import CommandStatus as S

Rows = tuple[Row, ...]

# data_sm and alert_notification have room for other kinds of address (4.7.1, 4.12.1).
LONG_ADDRESS_SIZE: Final = 65
SYSTEM_ID_SIZE: Final = 16

SYSTEM_ID: Final = text("system_id", SYSTEM_ID_SIZE, S.ESME_RINVSYSID)
PASSWORD: Final = text("password", 9, S.ESME_RINVPASWD)
SERVICE_TYPE: Final = text("service_type", 6, S.ESME_RINVSERTYP)
MESSAGE_ID: Final = text("message_id", MESSAGE_ID_SIZE, S.ESME_RINVMSGID)
SCHEDULE: Final = time("schedule_delivery_time", S.ESME_RINVSCHED)
VALIDITY: Final = time("validity_period", S.ESME_RINVEXPIRY)

SOURCE: Final[Rows] = (
    integers("source_addr_ton", "source_addr_npi"),
    text("source_addr", ADDRESS_SIZE, S.ESME_RINVSRCADR),
)
DESTINATION: Final[Rows] = (
    integers("dest_addr_ton", "dest_addr_npi"),
    text("destination_addr", ADDRESS_SIZE, S.ESME_RINVDSTADR),
)
LONG_SOURCE: Final[Rows] = (
    integers("source_addr_ton", "source_addr_npi"),
    text("source_addr", LONG_ADDRESS_SIZE, S.ESME_RINVSRCADR),
)

BIND: Final[Rows] = (
    SYSTEM_ID,
    PASSWORD,
    text("system_type", 13, S.ESME_RINVSYSTYP),
    integers("interface_version", "addr_ton", "addr_npi"),
    text("address_range", 41, S.ESME_RBINDFAIL),
)

# What submit_sm, submit_multi and deliver_sm have after their addresses.
MESSAGE: Final[Rows] = (
    integers("esm_class", "protocol_id", "priority_flag"),
    SCHEDULE,
    VALIDITY,
    integers(
        "registered_delivery",
        "replace_if_present_flag",
        "data_coding",
        "sm_default_msg_id",
    ),
    ShortMessage(),
)

ROWS: Final[Mapping[type[pdu.Pdu], Rows]] = {
    pdu.BindTransmitter: BIND,
    pdu.BindTransmitterResp: (SYSTEM_ID,),
    pdu.BindReceiver: BIND,
    pdu.BindReceiverResp: (SYSTEM_ID,),
    pdu.BindTransceiver: BIND,
    pdu.BindTransceiverResp: (SYSTEM_ID,),
    pdu.Outbind: (SYSTEM_ID, PASSWORD),
    pdu.Unbind: (),
    pdu.UnbindResp: (),
    pdu.GenericNack: (),
    pdu.SubmitSm: (SERVICE_TYPE, *SOURCE, *DESTINATION, *MESSAGE),
    pdu.SubmitSmResp: (MESSAGE_ID,),
    pdu.SubmitMulti: (SERVICE_TYPE, *SOURCE, Destinations(), *MESSAGE),
    pdu.SubmitMultiResp: (MESSAGE_ID, Unsuccessful()),
    pdu.DeliverSm: (SERVICE_TYPE, *SOURCE, *DESTINATION, *MESSAGE),
    pdu.DeliverSmResp: (MESSAGE_ID,),
    pdu.DataSm: (
        SERVICE_TYPE,
        *LONG_SOURCE,
        integers("dest_addr_ton", "dest_addr_npi"),
        text("destination_addr", LONG_ADDRESS_SIZE, S.ESME_RINVDSTADR),
        integers("esm_class", "registered_delivery", "data_coding"),
    ),
    pdu.DataSmResp: (MESSAGE_ID,),
    pdu.QuerySm: (MESSAGE_ID, *SOURCE),
    pdu.QuerySmResp: (
        MESSAGE_ID,
        time("final_date", S.ESME_RQUERYFAIL),
        integers("message_state", "error_code"),
    ),
    pdu.CancelSm: (SERVICE_TYPE, MESSAGE_ID, *SOURCE, *DESTINATION),
    pdu.CancelSmResp: (),
    pdu.ReplaceSm: (
        MESSAGE_ID,
        *SOURCE,
        SCHEDULE,
        VALIDITY,
        integers("registered_delivery", "sm_default_msg_id"),
        ShortMessage(),
    ),
    pdu.ReplaceSmResp: (),
    pdu.EnquireLink: (),
    pdu.EnquireLinkResp: (),
    pdu.AlertNotification: (
        *LONG_SOURCE,
        integers("esme_addr_ton", "esme_addr_npi"),
        text("esme_addr", LONG_ADDRESS_SIZE, S.ESME_RINVDSTADR),
    ),
}
