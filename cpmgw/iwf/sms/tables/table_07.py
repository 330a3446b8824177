"""Table 7: CPM chat message to submit_sm (TS 6.2.2.1.5)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, null, zero
from cpmgw.iwf.sms import rules, session_rules
from cpmgw.iwf.sms.sessionmessage import SessionSegment
from cpmgw.iwf.sms.tables.rows import ENVELOPE, SEGMENTS

TABLE_7_SUBMIT_SM: Final = Table[SessionSegment](
    7,
    "6.2.2.1.5",
    rows=(
        *ENVELOPE,
        Row("validity_period", MANDATORY, null),
        Row("replace_if_present_flag", MANDATORY, zero),
        # The alphabet that carries the text without loss, whatever its charset was.
        Row("data_coding", MANDATORY, rules.data_coding),
        Row("sm_default_msg_id", MANDATORY, zero),
        # sm_length is counted by the codec from short_message: it cannot differ.
        # In a group the text begins with who wrote it: the segment has it already.
        Row("short_message", MANDATORY, rules.short_message),
        # Not a row of its own in the TS, as in Table 1.
        Row("message_payload", OPTIONAL, rules.message_payload),
        # The TS says "total number" of sar_msg_ref_num: it is their reference.
        *SEGMENTS,
        # Where none is requested policy may ask for receipts, as in Table 1: 6.2.3
        # wants the failures of chat messages told as well.
        Row("registered_delivery", MANDATORY, session_rules.requested_receipts),
    ),
)
