"""The SIP MESSAGE of a received text, out of Table 9 (TS 6.2.2.2.1 step 3)."""

from __future__ import annotations

from uuid import uuid4

from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.iwf.sms import pager_rules
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.tables.table_09 import TABLE_9_SIP_MESSAGE
from cpmgw.sip.message import Request, originate

# Rows that go to header fields under their own name.
_HEADERS = ("Content-Language", "Priority", "User-Agent")


def pager_request(source: InboundMessage) -> Request:
    """The MESSAGE of Table 9; the network side adds its Via.

    Made twice from the same stored message, it has the same imdn.Message-ID and
    Contribution-ID, by which clients know a repeat (docs/decisions/0003). Its Call-ID
    is new each time: a server may still remember the last one (RFC 3261 8.2.2.2).
    """
    values = TABLE_9_SIP_MESSAGE.apply(source)
    attempt = uuid4().hex
    headers = [
        *((ASSERTED, str(each)) for each in values[ASSERTED]),
        ("Accept-Contact", accept_contact(Feature.PAGER)),
        ("P-Asserted-Service", icsi(Feature.PAGER)),
        ("Conversation-ID", pager_rules.conversation_id(source)),
        ("Contribution-ID", pager_rules.contribution_id(source)),
        *((name, values[name]) for name in _HEADERS if name in values),
        ("Content-Type", "message/cpim"),
    ]
    return originate(
        "MESSAGE",
        values["Request-URI"],
        from_=values["From"].with_parameter("tag", attempt[:16]),
        to=values["To"],
        call_id=f"{attempt}@{source.domain}",
        max_forwards=source.policy.max_forwards,
        headers=headers,
        body=values["body"],
    )
