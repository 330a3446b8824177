"""Table 11: SMS to large message mode CPM standalone message (TS 6.2.2.2.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, constant, nothing
from cpmgw.iwf.sms import session_rules as rules
from cpmgw.iwf.sms.sessionmessage import LargeInvitation

TABLE_11_SIP_INVITE: Final = Table[LargeInvitation](
    11,
    "6.2.2.2.3",
    rows=(
        Row("To, Request-URI", MANDATORY, rules.large_target),
        Row("P-Asserted-Identity, From", MANDATORY, rules.large_sender),
        Row("Call-ID", MANDATORY, rules.call_id),
        # RFC 3261 8.1.1: message.originate makes these two, the second by policy key
        # max_forwards; the network side makes the Via.
        Row("CSeq", MANDATORY, nothing),
        Row("Max-Forwards", MANDATORY, nothing),
        Row("Via", MANDATORY, nothing),
        Row("Contact", MANDATORY, rules.contact),
        Row("Content-Type", MANDATORY, constant("application/sdp")),
        Row("Accept-Contact", MANDATORY, rules.large_accept_contact),
        Row("Message-Expires", OPTIONAL, rules.message_expires),
        Row("Date", OPTIONAL, rules.date),
        Row("User-Agent", MANDATORY, rules.user_agent),
    ),
)
