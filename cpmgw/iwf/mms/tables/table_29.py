"""Table 29: CPM chat message to MM4_forward.REQ (TS 6.3.1.1.6.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, Row, Table
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.session_rows import HEAD, ROUTE

# It has no Acknowledgement Request: the 200 to the SEND is for SMTP's 250.
TABLE_29_FORWARD: Final = Table[SessionMms](
    29,
    "6.3.1.1.6.2",
    rows=(
        *HEAD,
        Row("date", MANDATORY, rules.date_of_message),
        Row("expiry", CONDITIONAL, rules.time_of_expiry),
        Row("priority", CONDITIONAL, rules.priority),
        Row("hide", CONDITIONAL, rules.sender_visibility),
        *ROUTE,
        # With its author in a group, and what policy adds.
        Row("entity", CONDITIONAL, rules.content),
        Row("delivery_report", CONDITIONAL, rules.delivery_report),
        Row("read_reply", CONDITIONAL, rules.read_reply),
    ),
)
