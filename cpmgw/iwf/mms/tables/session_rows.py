"""Rows that several tables of sessions have in common (TS Tables 26, 29, 32 and 34)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Row
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.sources import SessionMms

# Down to Content type, in which all of them begin alike.
HEAD: Final = (
    Row[SessionMms]("version", MANDATORY, forward_rules.version),
    Row[SessionMms]("type", MANDATORY, forward_rules.message_type),
    Row[SessionMms]("transaction_id", MANDATORY, forward_rules.transaction_id),
    Row[SessionMms]("message_id", MANDATORY, rules.message_id),
    Row[SessionMms]("to", MANDATORY, rules.recipients),
    Row[SessionMms]("sender", MANDATORY, forward_rules.sender),
    Row[SessionMms]("content_type", MANDATORY, forward_rules.content_type),
)

# Where a message comes from, and how far.
ROUTE: Final = (
    Row[SessionMms]("forward_counter", CONDITIONAL, forward_rules.forward_counter),
    Row[SessionMms]("originator_system", OPTIONAL, forward_rules.own_system),
    Row[SessionMms]("forward_route", OPTIONAL, forward_rules.own_route),
)
