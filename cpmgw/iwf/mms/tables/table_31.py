"""Table 31: CPM session leaving request to MMS, the SMTP side (TS 6.3.1.1.6.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.table_32 import TABLE_32_FORWARD

TABLE_31_SMTP: Final = Table[SessionMms](
    31,
    "6.3.1.1.6.4",
    rows=(
        Row("mail_from", MANDATORY, forward_rules.mail_from),
        Row("recipients", MANDATORY, forward_rules.rcpt_to),
        # DATA.
        Row("pdu", MANDATORY, rules.request_by(TABLE_32_FORWARD)),
    ),
)
