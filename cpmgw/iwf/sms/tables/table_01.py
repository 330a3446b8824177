"""Table 1: pager mode CPM standalone message to submit_sm (TS 6.2.2.1.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, null, zero
from cpmgw.iwf.sms import rules
from cpmgw.iwf.sms.shortmessage import OutboundSegment

TABLE_1_SUBMIT_SM: Final = Table[OutboundSegment](
    1,
    "6.2.2.1.1",
    rows=(
        Row("service_type", MANDATORY, null),
        Row(
            "source_addr_ton, source_addr_npi, source_addr",
            MANDATORY,
            rules.originating_address,
        ),
        Row(
            "dest_addr_ton, dest_addr_npi, destination_addr",
            MANDATORY,
            rules.target_address,
        ),
        Row("esm_class", MANDATORY, rules.store_and_forward),
        Row("protocol_id", MANDATORY, rules.protocol_id),
        Row("priority_flag", MANDATORY, rules.priority_flag),
        Row("schedule_delivery_time", MANDATORY, null),
        Row("validity_period", MANDATORY, rules.validity_period),
        Row("registered_delivery", MANDATORY, rules.registered_delivery),
        Row("replace_if_present_flag", MANDATORY, zero),
        Row("data_coding", MANDATORY, rules.data_coding),
        Row("sm_default_msg_id", MANDATORY, zero),
        # sm_length is counted by the codec from short_message: it cannot differ.
        Row("short_message", MANDATORY, rules.short_message),
        # Not a row of its own in the TS: where policy segments by message_payload,
        # the text of the row above is in this TLV and sm_length is 0 (SMPP 5.2.21).
        Row("message_payload", OPTIONAL, rules.message_payload),
        Row("language_indicator", OPTIONAL, rules.language_indicator),
        Row("sar_msg_ref_num", OPTIONAL, rules.sar_msg_ref_num),
        Row("sar_segment_seqnum", OPTIONAL, rules.sar_segment_seqnum),
        Row("sar_total_segments", OPTIONAL, rules.sar_total_segments),
    ),
)
