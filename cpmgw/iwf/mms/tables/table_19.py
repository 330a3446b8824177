"""Table 19: MMS delivery report to CPM, MM4_delivery_report.RES (TS 6.3.1.1.3)."""

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

TABLE_19_RESPONSE: Final = Table[Answered](
    19, "6.3.1.1.3", rows=(*HEAD, STATUS, RECIPIENTS, HANDLED_BY, RETURN_ROUTE)
)
