"""Table 28: CPM chat message to MMS, the SMTP side (TS 6.3.1.1.6.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.table_29 import TABLE_29_FORWARD

TABLE_28_SMTP: Final = Table[SessionMms](
    28,
    "6.3.1.1.6.2",
    rows=(
        Row("mail_from", MANDATORY, forward_rules.mail_from),
        Row("recipients", MANDATORY, forward_rules.rcpt_to),
        # DATA.
        Row("pdu", MANDATORY, rules.request_by(TABLE_29_FORWARD)),
    ),
)
