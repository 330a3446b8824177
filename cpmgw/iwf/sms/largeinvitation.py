"""The INVITE of a long received text, out of Table 11 (TS 6.2.2.2.3 step 3)."""

from __future__ import annotations

from typing import Final

from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm.features import Feature, icsi
from cpmgw.iwf.sms import pager_rules
from cpmgw.iwf.sms.sessionmessage import LargeInvitation
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.tables.table_11 import TABLE_11_SIP_INVITE
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import SipUri

# Rows that go to header fields under their own name.
_HEADERS: Final = (
    "Contact",
    "Accept-Contact",
    "Message-Expires",
    "Date",
    "User-Agent",
    "Content-Type",
)


def large_request(
    message: InboundMessage,
    *,
    contact: SipUri,
    call_id: str,
    tag: str,
    body: bytes,
    now: float,
) -> Request:
    """The INVITE of Table 11; the network side adds its Via and Record-Route.

    `contact` leads to this gateway, `body` is the SDP offer, `now` in seconds since
    1970. Made twice from the same stored message, it has the same Contribution-ID.
    There is no Session-Expires (conversation TS 7.2.1.2 step 13).
    """
    source = LargeInvitation(message=message, contact=contact, call_id=call_id, now=now)
    values = TABLE_11_SIP_INVITE.apply(source)
    headers = [
        *((ASSERTED, str(each)) for each in values[ASSERTED]),
        ("P-Asserted-Service", icsi(Feature.LARGE)),
        ("Conversation-ID", pager_rules.conversation_id(message)),
        ("Contribution-ID", pager_rules.contribution_id(message)),
        ("Supported", "timer"),
        *((name, values[name]) for name in _HEADERS if name in values),
    ]
    return originate(
        "INVITE",
        values["Request-URI"],
        from_=values["From"].with_parameter("tag", tag),
        to=values["To"],
        call_id=values["Call-ID"],
        max_forwards=message.policy.max_forwards,
        headers=headers,
        body=body,
    )
