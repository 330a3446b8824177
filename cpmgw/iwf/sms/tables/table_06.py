"""Table 6: CPM session leaving request to submit_sm (TS 6.2.2.1.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, null, zero
from cpmgw.iwf.sms import rules, session_rules
from cpmgw.iwf.sms.sessionmessage import SessionSegment
from cpmgw.iwf.sms.tables.rows import ENVELOPE, SEGMENTS

TABLE_6_SUBMIT_SM: Final = Table[SessionSegment](
    6,
    "6.2.2.1.4",
    rows=(
        *ENVELOPE,
        Row("validity_period", MANDATORY, null),
        Row("registered_delivery", MANDATORY, zero),
        Row("replace_if_present_flag", MANDATORY, zero),
        Row("data_coding", MANDATORY, rules.data_coding),
        Row("sm_default_msg_id", MANDATORY, session_rules.sm_default_msg_id),
        # sm_length is counted by the codec; with sm_default_msg_id it is 0.
        Row("short_message", MANDATORY, session_rules.short_message),
        # No rows of the TS, as in Table 4.
        Row("message_payload", OPTIONAL, session_rules.message_payload),
        *SEGMENTS,
    ),
)
