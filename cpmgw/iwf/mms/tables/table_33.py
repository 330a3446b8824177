"""Table 33: participant information to MMS, the SMTP side (TS 6.3.1.1.6.6)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.tables.table_34 import TABLE_34_FORWARD

TABLE_33_SMTP: Final = Table[SessionMms](
    33,
    "6.3.1.1.6.6",
    rows=(
        Row("mail_from", MANDATORY, forward_rules.mail_from),
        Row("recipients", MANDATORY, forward_rules.rcpt_to),
        # DATA.
        Row("pdu", MANDATORY, rules.request_by(TABLE_34_FORWARD)),
    ),
)
