"""Table 35: MMS to pager mode CPM standalone message, SMTP level (TS 6.3.1.2.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import pager_rules as rules
from cpmgw.iwf.mms.multimedia import MmsRequest

TABLE_35_SMTP: Final = Table[MmsRequest](
    35,
    "6.3.1.2.1",
    rows=(Row("To, Request-URI", MANDATORY, rules.target_address),),
)
