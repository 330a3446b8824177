"""Rows of the tables that report to MM4, which the TS repeats (41 to 44)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, nothing
from cpmgw.iwf.mms import report_back_rules as rules
from cpmgw.iwf.mms.report_back_rules import ReportedBack

# SMTP: MAIL From, RCPT To, DATA.
ENVELOPE: Final = (
    Row[ReportedBack]("sender", MANDATORY, rules.own_address),
    # "Request-URI" is whom the notification goes to: who has sent the MMS.
    Row[ReportedBack]("recipient", MANDATORY, rules.sender_of_the_mms),
    # The PDU of the table that follows.
    Row[ReportedBack]("content", MANDATORY, nothing),
)

VERSION: Final = Row[ReportedBack]("version", MANDATORY, rules.version)

# Down to Acknowledgement Request. "Recipient Address" and "Sender Address" are those of
# the report in the TS ("To", "P-Asserted-Identity"), and of the MMS in MM4 (3GPP TS
# 23.140 8.4.2.4): they are read of what was kept, and so the other way round.
MIDDLE: Final = (
    Row[ReportedBack]("transaction_id", MANDATORY, rules.transaction_id),
    # Table 44 speaks of Conversation-ID and Contribution-ID, a slip from Table 13: a
    # read reply quotes the MMS that was read.
    Row[ReportedBack]("message_id", MANDATORY, rules.message_id),
    Row[ReportedBack]("recipient", MANDATORY, rules.recipient),
    Row[ReportedBack]("sender", MANDATORY, rules.sender),
    Row[ReportedBack]("date", MANDATORY, rules.date),
    # RCC.10 6.3.1.2.3, 6.3.1.2.4: policy key mms.report_acknowledgement.
    Row[ReportedBack]("acknowledge", OPTIONAL, rules.acknowledge),
)
FORWARD_ROUTE: Final = Row[ReportedBack]("forward_route", OPTIONAL, rules.forward_route)
