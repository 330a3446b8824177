"""Table 37: MMS to pager mode CPM message, SMTP of its response (TS 6.3.1.2.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.response_rules import Answered
from cpmgw.iwf.mms.tables.response_rows import ENVELOPE

TABLE_37_SMTP: Final = Table[Answered](37, "6.3.1.2.1", rows=ENVELOPE)
