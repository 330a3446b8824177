"""Table 43: CPM read report to MMS, SMTP level (TS 6.3.1.2.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.report_back_rules import ReportedBack
from cpmgw.iwf.mms.tables.report_rows import ENVELOPE

TABLE_43_SMTP: Final = Table[ReportedBack](43, "6.3.1.2.4", rows=ENVELOPE)
