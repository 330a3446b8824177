"""Table 8: participant information, a SIP NOTIFY, to submit_sm (TS 6.2.2.1.6)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, zero
from cpmgw.iwf.sms import rules, session_rules
from cpmgw.iwf.sms.sessionmessage import SessionSegment
from cpmgw.iwf.sms.tables.rows import ENVELOPE, SEGMENTS

TABLE_8_SUBMIT_SM: Final = Table[SessionSegment](
    8,
    "6.2.2.1.6",
    rows=(
        *ENVELOPE,
        Row("validity_period", MANDATORY, session_rules.validity_period),
        Row("registered_delivery", MANDATORY, zero),
        Row("replace_if_present_flag", MANDATORY, zero),
        # The TS says NULL, which is the SM-SC's default alphabet: not every name can
        # be written in it, so it is the one in which the text is.
        Row("data_coding", MANDATORY, rules.data_coding),
        Row("sm_default_msg_id", MANDATORY, zero),
        # sm_length is counted by the codec from short_message: it cannot differ.
        # The TS has this row twice.
        Row("short_message", MANDATORY, rules.short_message),
        # Not a row of its own in the TS, as in Table 1.
        Row("message_payload", OPTIONAL, rules.message_payload),
        *SEGMENTS,
    ),
)
