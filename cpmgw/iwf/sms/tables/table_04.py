"""Table 4: CPM session invitation to submit_sm (TS 6.2.2.1.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, zero
from cpmgw.iwf.sms import rules, session_rules
from cpmgw.iwf.sms.sessionmessage import SessionSegment
from cpmgw.iwf.sms.tables.rows import ENVELOPE, SEGMENTS

TABLE_4_SUBMIT_SM: Final = Table[SessionSegment](
    4,
    "6.2.2.1.3",
    rows=(
        *ENVELOPE,
        Row("validity_period", MANDATORY, session_rules.validity_period),
        # The TS's 0x80 is a misprint: "SME Manual/User Acknowledgement requested" is
        # xxxx10xx, 0x08 (SMPP 3.4 5.2.17). By policy key sms.user_answer.
        Row("registered_delivery", MANDATORY, session_rules.user_acknowledgement),
        Row("replace_if_present_flag", MANDATORY, zero),
        Row("data_coding", MANDATORY, rules.data_coding),
        Row("sm_default_msg_id", MANDATORY, session_rules.sm_default_msg_id),
        # sm_length is counted by the codec; with sm_default_msg_id it is 0.
        Row("short_message", MANDATORY, session_rules.short_message),
        # No rows of the TS, which thinks of one short message: what is asked, and of
        # whom, may take more than that.
        Row("message_payload", OPTIONAL, session_rules.message_payload),
        *SEGMENTS,
    ),
)
