"""Table 24: file to MM4_forward.REQ (TS 6.3.1.1.5).

Rows are named by the fields of `Forward`, and of `Transaction` within it. The table has
neither Time of Expiry nor Priority nor Subject.
"""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Row, Table, nothing
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.sending import OutboundMms

TABLE_24_FORWARD: Final = Table[OutboundMms](
    24,
    "6.3.1.1.5",
    rows=(
        Row("version", MANDATORY, rules.version),
        Row("type", MANDATORY, rules.message_type),
        Row("transaction_id", MANDATORY, rules.transaction_id),
        Row("message_id", MANDATORY, rules.message_id),
        Row("to, cc", MANDATORY, rules.recipients_of_file),
        Row("sender", MANDATORY, rules.sender),
        Row("content_type", MANDATORY, rules.content_type),
        Row("date", MANDATORY, rules.date),
        Row("hide", CONDITIONAL, rules.visibility),
        Row("acknowledge", OPTIONAL, rules.asked_by_policy),
        Row("forward_counter", CONDITIONAL, rules.forward_counter),
        Row("originator_system", OPTIONAL, rules.own_system),
        Row("forward_route", OPTIONAL, rules.own_route),
        # The content is written beside the PDU.
        Row("Content", CONDITIONAL, nothing),
        Row("delivery_report", CONDITIONAL, rules.delivery_report),
        Row("read_reply", CONDITIONAL, rules.read_reply),
    ),
)
