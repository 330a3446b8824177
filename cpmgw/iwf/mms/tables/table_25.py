"""Table 25: CPM session invitation to MMS, the SMTP side (TS 6.3.1.1.6.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.table_26 import TABLE_26_FORWARD

TABLE_25_SMTP: Final = Table[SessionMms](
    25,
    "6.3.1.1.6.1",
    rows=(
        Row("mail_from", MANDATORY, forward_rules.mail_from),
        Row("recipients", MANDATORY, forward_rules.rcpt_to),
        # DATA.
        Row("pdu", MANDATORY, rules.request_by(TABLE_26_FORWARD)),
    ),
)
