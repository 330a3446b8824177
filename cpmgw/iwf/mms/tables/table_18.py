"""Table 18: MMS delivery report to CPM, SMTP of its response (TS 6.3.1.1.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.response_rules import Answered
from cpmgw.iwf.mms.tables.response_rows import ENVELOPE

TABLE_18_SMTP: Final = Table[Answered](18, "6.3.1.1.3", rows=ENVELOPE)
