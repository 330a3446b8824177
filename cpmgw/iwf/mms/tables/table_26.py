"""Table 26: CPM session invitation to MM4_forward.REQ (TS 6.3.1.1.6.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Row, Table, constant
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.session_rows import HEAD, ROUTE

TABLE_26_FORWARD: Final = Table[SessionMms](
    26,
    "6.3.1.1.6.1",
    rows=(
        *HEAD,
        Row("date", MANDATORY, rules.date_of_invitation),
        Row("expiry", CONDITIONAL, rules.time_of_expiry),
        Row("delivery_report", CONDITIONAL, constant(False)),
        Row("priority", CONDITIONAL, rules.priority_of_invitation),
        Row("hide", CONDITIONAL, rules.sender_visibility),
        Row("read_reply", CONDITIONAL, constant(False)),
        Row("subject", CONDITIONAL, rules.subject),
        Row("acknowledge", OPTIONAL, forward_rules.asked_by_policy),
        *ROUTE,
        Row("entity", CONDITIONAL, rules.content),
    ),
)
