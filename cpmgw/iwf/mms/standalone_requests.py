"""The SIP MESSAGE or INVITE of an MMS (TS 6.3.1.2.1 step 2, 6.3.1.2.2 step 2).

Made twice of the same message, they have the same Contribution-ID, and the messages
the same imdn.Message-ID, by which clients know a repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.iwf.mms import pager_rules
from cpmgw.iwf.mms.multimedia import InboundMms, MmsRequest
from cpmgw.iwf.mms.tables.table_35 import TABLE_35_SMTP
from cpmgw.iwf.mms.tables.table_36 import TABLE_36_SIP_MESSAGE
from cpmgw.iwf.mms.tables.table_39 import TABLE_39_SMTP
from cpmgw.iwf.mms.tables.table_40 import TABLE_40_SIP_INVITE
from cpmgw.iwf.mms.wrapping import with_history
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import SipUri

SDP_TYPE: Final = "application/sdp"
# Rows that go to header fields under their own name.
_HEADERS: Final = (
    "Contact",
    "Accept-Contact",
    "Privacy",
    "Subject",
    "Date",
    "Expires",
    "Message-Expires",
    "User-Agent",
)


def new_call_id(message: InboundMms) -> str:
    """A Call-ID of this try alone: servers remember the last (RFC 3261 8.2.2.2)."""
    return f"{uuid4().hex}@{message.domain}"


def pager_request(source: MmsRequest, content_type: str, body: bytes) -> Request:
    """The MESSAGE of Tables 35 and 36; the network side adds its Via.

    The body is the message/cpim, with the list of recipients beside it if there is one.
    """
    values = TABLE_35_SMTP.apply(source) | TABLE_36_SIP_MESSAGE.apply(source)
    values["Accept-Contact"] = accept_contact(Feature.PAGER)
    return _request("MESSAGE", source, values, Feature.PAGER, (content_type, body))


def large_request(
    message: InboundMms, offer: bytes, contact: SipUri, now: float
) -> Request:
    """The INVITE of Tables 39 and 40; the network side adds its Via and Record-Route.

    There is no Session-Expires (conversation TS 7.2.1.2 step 13).
    """
    source = MmsRequest(
        message=message, call_id=new_call_id(message), now=now, contact=contact
    )
    values = TABLE_39_SMTP.apply(source) | TABLE_40_SIP_INVITE.apply(source)
    body = with_history(message, SDP_TYPE, offer)
    return _request("INVITE", source, values, Feature.LARGE, body)


def _request(
    method: str,
    source: MmsRequest,
    values: Mapping[str, Any],
    feature: Feature,
    body: tuple[str, bytes],
) -> Request:
    message = source.message
    content_type, octets = body
    headers = [
        *((ASSERTED, str(each)) for each in values[ASSERTED]),
        ("P-Asserted-Service", icsi(feature)),
        ("Conversation-ID", pager_rules.conversation_id(message)),
        ("Contribution-ID", pager_rules.contribution_id(message)),
        *((("Supported", "timer"),) if method == "INVITE" else ()),
        *((name, values[name]) for name in _HEADERS if name in values),
        ("Content-Type", content_type),
    ]
    return originate(
        method,
        values["Request-URI"],
        from_=values["From"].with_parameter("tag", uuid4().hex[:16]),
        to=values["To"],
        call_id=values["Call-ID"],
        max_forwards=values["Max-Forwards"],
        headers=headers,
        body=octets,
    )
