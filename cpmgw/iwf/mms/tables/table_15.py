"""Table 15: large message to MMS, the SMTP transaction (TS 6.3.1.1.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, Row, Table, nothing
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.sending import OutboundMms

TABLE_15_SMTP: Final = Table[OutboundMms](
    15,
    "6.3.1.1.2",
    rows=(
        Row("mail_from", MANDATORY, rules.mail_from),
        Row("recipients", MANDATORY, rules.rcpt_to),
        # DATA is the MM4_forward.REQ of Table 16.
        Row("DATA", MANDATORY, nothing),
    ),
)
