"""Table 41: CPM delivery notification to MMS, SMTP level (TS 6.3.1.2.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.report_back_rules import ReportedBack
from cpmgw.iwf.mms.tables.report_rows import ENVELOPE

TABLE_41_SMTP: Final = Table[ReportedBack](41, "6.3.1.2.3", rows=ENVELOPE)
