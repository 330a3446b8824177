"""Table 42: CPM delivery notification to MM4_delivery_report.REQ (TS 6.3.1.2.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import report_back_rules as rules
from cpmgw.iwf.mms.report_back_rules import ReportedBack
from cpmgw.iwf.mms.tables.report_rows import FORWARD_ROUTE, MIDDLE, VERSION

TABLE_42_DELIVERY_REPORT: Final = Table[ReportedBack](
    42,
    "6.3.1.2.3",
    rows=(
        VERSION,
        Row("type", MANDATORY, rules.delivery_report),
        *MIDDLE,
        Row("status", MANDATORY, rules.mm_status),
        FORWARD_ROUTE,
    ),
)
