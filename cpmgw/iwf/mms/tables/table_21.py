"""Table 21: MMS read reply to CPM, SMTP of its response (TS 6.3.1.1.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.response_rules import Answered
from cpmgw.iwf.mms.tables.response_rows import ENVELOPE

TABLE_21_SMTP: Final = Table[Answered](21, "6.3.1.1.4", rows=ENVELOPE)
