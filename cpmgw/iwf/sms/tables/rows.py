"""Rows that several tables of sessions have in common (TS Tables 4, 6, 7 and 8)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, null
from cpmgw.iwf.sms import rules, session_rules
from cpmgw.iwf.sms.sessionmessage import SessionSegment

# Down to schedule_delivery_time, in which all of them begin alike.
ENVELOPE: Final = (
    Row[SessionSegment]("service_type", MANDATORY, null),
    Row[SessionSegment](
        "source_addr_ton, source_addr_npi, source_addr",
        MANDATORY,
        rules.originating_address,
    ),
    Row[SessionSegment](
        "dest_addr_ton, dest_addr_npi, destination_addr",
        MANDATORY,
        rules.target_address,
    ),
    Row[SessionSegment]("esm_class", MANDATORY, rules.store_and_forward),
    Row[SessionSegment]("protocol_id", MANDATORY, rules.protocol_id),
    Row[SessionSegment]("priority_flag", MANDATORY, session_rules.priority_flag),
    Row[SessionSegment]("schedule_delivery_time", MANDATORY, null),
)

# How a text that is too long for one short message is taken apart.
SEGMENTS: Final = (
    Row[SessionSegment]("sar_msg_ref_num", OPTIONAL, rules.sar_msg_ref_num),
    Row[SessionSegment]("sar_segment_seqnum", OPTIONAL, rules.sar_segment_seqnum),
    Row[SessionSegment]("sar_total_segments", OPTIONAL, rules.sar_total_segments),
)
