"""Table 9: SMS to pager mode CPM standalone message (TS 6.2.2.2.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mapping import MANDATORY, OPTIONAL, Row, Table, nothing
from cpmgw.iwf.sms import pager_rules as rules
from cpmgw.iwf.sms.shortmessage import InboundMessage

TABLE_9_SIP_MESSAGE: Final = Table[InboundMessage](
    9,
    "6.2.2.2.1",
    rows=(
        Row("Content-Language", OPTIONAL, rules.content_language),
        # The codec counts the octets of the CPIM body, which sm_length is not.
        Row("Content-Length", OPTIONAL, nothing),
        # Of the CPIM content; the SIP body is message/cpim (last row).
        Row("Content-Type", MANDATORY, rules.content_type),
        Row("P-Asserted-Identity, From", MANDATORY, rules.sender_identities),
        # RCC.10 6.2.2.2.1 ignores the priority: policy key inbound_priority.
        Row("Priority", OPTIONAL, rules.priority),
        Row("To, Request-URI", MANDATORY, rules.target_address),
        Row("User-Agent", MANDATORY, rules.user_agent),
        Row("body", MANDATORY, rules.body),
    ),
)
