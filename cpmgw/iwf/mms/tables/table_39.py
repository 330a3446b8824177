"""Table 39: MMS to large message mode CPM standalone message, SMTP (TS 6.3.1.2.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import pager_rules as rules
from cpmgw.iwf.mms.multimedia import MmsRequest

TABLE_39_SMTP: Final = Table[MmsRequest](
    39,
    "6.3.1.2.2",
    rows=(Row("To, Request-URI", MANDATORY, rules.target_address),),
)
