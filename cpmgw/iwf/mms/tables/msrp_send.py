"""The table without a number after Table 40: MSRP SEND (TS 6.3.1.2.2 step 5)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, Row, Table, constant, nothing
from cpmgw.iwf.mms import pager_rules as rules
from cpmgw.iwf.mms.multimedia import MmsRequest

MSRP_SEND: Final = Table[MmsRequest](
    0,
    "6.3.1.2.2",
    rows=(
        # MSRP makes these for each chunk (RFC 4975 7.1).
        Row("To-Path", MANDATORY, nothing),
        Row("From-Path", MANDATORY, nothing),
        Row("Message-ID", MANDATORY, nothing),
        Row("Byte-Range", MANDATORY, nothing),
        Row("MSRP Content-Type", MANDATORY, constant("message/cpim")),
        # That of the content as it came, by `wrapping.wrapped`.
        Row("CPIM Content-Type", MANDATORY, nothing),
        Row("imdn.Disposition-Notification", CONDITIONAL, rules.dispositions),
        Row("CPIM Body", CONDITIONAL, nothing),
    ),
)
