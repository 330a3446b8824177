"""The rules of Table 9: a short message to a pager mode message."""

from __future__ import annotations

from typing import Final

from cpmgw.addressing.originator import identity_fields
from cpmgw.cpm import product
from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.cpim_text import CpimAddress
from cpmgw.cpm.headers import language_of
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.identifiers import contribution_of, conversation_of
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.uri import SipUri, TelUri
from txsmpp.pdu import DeliverSm
from txsmpp.tlv import Tag, find

TEXT_TYPE: Final = "text/plain;charset=UTF-8"
NCCSID: Final = "SMS"


def content_language(source: InboundMessage) -> str | None:
    """Content-Language: from language_indicator."""
    value = find(source.pdu.tlvs, Tag.LANGUAGE_INDICATOR)
    return language_of(value[-1]) if value else None


def content_type(_source: InboundMessage) -> str:
    """Content-Type of the CPIM content: the text is sent on as UTF-8."""
    return TEXT_TYPE


def sender_identities(source: InboundMessage) -> tuple[tuple[NameAddr, ...], NameAddr]:
    """P-Asserted-Identity and From: a SIP URI if available, the tel URI beside it in
    P-Asserted-Identity, otherwise in both; From with nccsid (Appendix D).
    """
    fields = identity_fields(source.sender, source.plan, NCCSID)
    return fields.asserted, fields.from_


def priority(source: InboundMessage) -> str | None:
    """Priority: what policy makes of priority_flag; data_sm has none."""
    if not isinstance(source.pdu, DeliverSm):
        return None
    return source.policy.priority_of(source.pdu.priority_flag) or None


def target_address(source: InboundMessage) -> tuple[NameAddr, SipUri | TelUri]:
    """To and Request-URI: the target's SIP URI if available, otherwise its tel URI."""
    return NameAddr(source.recipient), source.recipient


def user_agent(_source: InboundMessage) -> str:
    """User-Agent: the IWF's release (TS Appendix C)."""
    return product.user_agent(NCCSID)


def body(source: InboundMessage) -> bytes:
    """The text in a CPIM wrapper (conversation TS 7.2.1.3)."""
    first = source.collected.segments[0]
    sender = identity_fields(source.sender, source.plan).from_
    return CpimMessage(
        headers=(
            ("From", str(CpimAddress(str(sender.uri), sender.display_name))),
            ("To", str(CpimAddress(str(source.recipient)))),
            ("DateTime", format_datetime(first.received)),
            ("NS", "imdn <urn:ietf:params:imdn>"),
            ("imdn.Message-ID", source.collected.identity),
        ),
        content_headers=(("Content-Type", content_type(source)),),
        content=source.text.encode("utf-8", "replace"),
    ).encode()


def conversation_id(source: InboundMessage) -> str:
    """Conversation-ID: one for these two people (conversation TS 5.3, App. C)."""
    return conversation_of(source.domain, source.ends)


def contribution_id(source: InboundMessage) -> str:
    """Contribution-ID: the stored identity, so that a repeat carries the same."""
    return contribution_of(source.collected.identity)
