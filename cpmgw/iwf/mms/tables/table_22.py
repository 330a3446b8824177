"""Table 22: MMS read reply to CPM, MM4_read_reply_report.RES (TS 6.3.1.1.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.response_rules import Answered
from cpmgw.iwf.mms.tables.response_rows import (
    HANDLED_BY,
    HEAD,
    RECIPIENTS,
    RETURN_ROUTE,
    STATUS,
)

TABLE_22_RESPONSE: Final = Table[Answered](
    22, "6.3.1.1.4", rows=(*HEAD, STATUS, RECIPIENTS, HANDLED_BY, RETURN_ROUTE)
)
