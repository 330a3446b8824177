"""Rows of the tables that answer MM4, which the TS repeats (18 and 19, 37 and 38)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, nothing
from cpmgw.iwf.mms import response_rules as rules
from cpmgw.iwf.mms.response_rules import Answered

# SMTP: MAIL From, RCPT To, DATA.
ENVELOPE: Final = (
    Row[Answered]("sender", MANDATORY, rules.own_address),
    Row[Answered]("recipient", MANDATORY, rules.return_address),
    # The PDU of the table that follows.
    Row[Answered]("content", MANDATORY, nothing),
)

# MM4, in the order of Tables 19 and 22.
HEAD: Final = (
    Row[Answered]("version", MANDATORY, rules.version),
    Row[Answered]("type", MANDATORY, rules.response_type),
    Row[Answered]("transaction_id", MANDATORY, rules.transaction_id),
    Row[Answered]("message_id", MANDATORY, rules.message_id),
)
STATUS: Final = Row[Answered]("status", MANDATORY, rules.request_status)
# No row of the TS: 3GPP TS 23.140 8.4.1.4 has it.
RECIPIENTS: Final = Row[Answered]("recipients", OPTIONAL, rules.recipients)
HANDLED_BY: Final = Row[Answered]("handled_by", OPTIONAL, rules.handled_by)
RETURN_ROUTE: Final = Row[Answered]("return_route", OPTIONAL, rules.return_route)
