"""Table 23: file to MMS, the SMTP transaction (TS 6.3.1.1.5)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table, nothing
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.sending import OutboundMms

TABLE_23_SMTP: Final = Table[OutboundMms](
    23,
    "6.3.1.1.5",
    rows=(
        Row("mail_from", MANDATORY, rules.mail_from),
        Row("recipients", MANDATORY, rules.rcpt_to),
        # DATA is the MM4_forward.REQ of Table 24.
        Row("DATA", MANDATORY, nothing),
    ),
)
