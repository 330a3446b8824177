"""Table 44: CPM read report to MM4_read_reply_report.REQ (TS 6.3.1.2.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import report_back_rules as rules
from cpmgw.iwf.mms.report_back_rules import ReportedBack
from cpmgw.iwf.mms.tables.report_rows import FORWARD_ROUTE, MIDDLE, VERSION

TABLE_44_READ_REPLY: Final = Table[ReportedBack](
    44,
    "6.3.1.2.4",
    rows=(
        VERSION,
        Row("type", MANDATORY, rules.read_reply),
        *MIDDLE,
        Row("status", MANDATORY, rules.read_status),
        FORWARD_ROUTE,
    ),
)
