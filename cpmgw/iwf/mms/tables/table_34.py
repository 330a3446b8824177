"""Table 34: participant information, a NOTIFY, to MM4_forward.REQ (TS 6.3.1.1.6.6)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, Row, Table
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.session_rows import HEAD, ROUTE

TABLE_34_FORWARD: Final = Table[SessionMms](
    34,
    "6.3.1.1.6.6",
    rows=(
        *HEAD,
        Row("date", MANDATORY, rules.date_now),
        Row("expiry", CONDITIONAL, rules.time_of_expiry),
        Row("priority", CONDITIONAL, rules.priority),
        *ROUTE,
        Row("entity", CONDITIONAL, rules.content),
    ),
)
