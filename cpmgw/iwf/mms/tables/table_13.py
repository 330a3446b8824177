"""Table 13: pager mode message to MM4_forward.REQ (TS 6.3.1.1.1).

Rows are named by the fields of `Forward`, and of `Transaction` within it.
"""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import (
    CONDITIONAL,
    MANDATORY,
    OPTIONAL,
    Row,
    Table,
    constant,
    nothing,
)
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.sending import OutboundMms
from cpmgw.mm4.pdu import Priority

TABLE_13_FORWARD: Final = Table[OutboundMms](
    13,
    "6.3.1.1.1",
    rows=(
        Row("version", MANDATORY, rules.version),
        Row("type", MANDATORY, rules.message_type),
        Row("transaction_id", MANDATORY, rules.transaction_id),
        Row("message_id", MANDATORY, rules.message_id),
        Row("to, cc", MANDATORY, rules.recipients),
        Row("sender", MANDATORY, rules.sender),
        Row("content_type", MANDATORY, rules.content_type),
        Row("date", MANDATORY, rules.date),
        Row("expiry", CONDITIONAL, rules.expiry),
        Row("delivery_report", CONDITIONAL, rules.delivery_report),
        # "Medium": MM4 calls it Normal (3GPP TS 23.140 8.4.1.4).
        Row("priority", CONDITIONAL, constant(Priority.NORMAL)),
        Row("hide", CONDITIONAL, rules.visibility),
        Row("read_reply", CONDITIONAL, rules.read_reply),
        Row("subject", CONDITIONAL, rules.subject),
        Row("acknowledge", OPTIONAL, constant(True)),
        Row("forward_counter", CONDITIONAL, rules.forward_counter),
        Row("originator_system", OPTIONAL, rules.own_system),
        Row("forward_route", OPTIONAL, rules.own_route),
        # The content is written beside the PDU.
        Row("Content", CONDITIONAL, nothing),
    ),
)
