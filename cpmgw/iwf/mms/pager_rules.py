"""The rules of Tables 35, 36, 39 and 40: an MMS to a CPM standalone message."""

from __future__ import annotations

from email.utils import formatdate
from typing import Final
from uuid import NAMESPACE_OID, uuid5

import msgspec

from cpmgw.addressing.originator import IdentityFields, identity_fields
from cpmgw.cpm import product
from cpmgw.cpm.features import Feature, accept_contact, tag
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.identifiers import contribution_of, conversation_of
from cpmgw.iwf.mms.multimedia import InboundMms, MmsRequest
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.uri import SipUri, TelUri

NCCSID: Final = "MMS"


def target_address(source: MmsRequest) -> tuple[NameAddr, SipUri | TelUri]:
    """To and Request-URI: RCPT To as a CPM address (Tables 35, 39)."""
    recipient = source.message.recipient
    return NameAddr(recipient), recipient


def user_agent(_source: MmsRequest) -> str:
    """User-Agent: the IWF's release (TS Appendix C)."""
    return product.user_agent(NCCSID)


def identity_of(message: InboundMms, service: str = "") -> IdentityFields:
    """How a message says whom it is from; of one who hides, by policy's name."""
    fields = identity_fields(message.sender, message.plan, service)
    if not message.sender.hidden:
        return fields
    shown = msgspec.structs.replace(
        fields.from_, display_name=message.policy.anonymous_display_name
    )
    return msgspec.structs.replace(fields, from_=shown)


def sender_identities(source: MmsRequest) -> tuple[tuple[NameAddr, ...], NameAddr]:
    """P-Asserted-Identity and From, which has nccsid (Table 36, Appendix D).

    The address of one who hides is asserted, within the trust domain (Privacy: id).
    """
    fields = identity_of(source.message, NCCSID)
    return fields.asserted, fields.from_


def revealed_identities(source: MmsRequest) -> tuple[tuple[NameAddr, ...], NameAddr]:
    """The same, without the address of one who hides (Table 40)."""
    asserted, from_ = sender_identities(source)
    return (() if source.message.sender.hidden else asserted), from_


def date(source: MmsRequest) -> str:
    """Date: that of the MMS, otherwise now."""
    return formatdate(_when(source), usegmt=True)


def _when(source: MmsRequest) -> float:
    said = source.message.forward.date
    return source.now if said is None else said


def expires(source: MmsRequest) -> str | None:
    """Expires: the seconds left to Time of Expiry, by policy no more than so many."""
    expiry = source.message.forward.expiry
    if expiry is None:
        return None
    longest = source.message.policy.mms.longest_expiry
    return str(max(0, min(int(expiry - source.now), longest)))


def message_expires(source: MmsRequest) -> str | None:
    """Message-Expires: the same; where none is said, by policy, 0 being none."""
    said = expires(source)
    if said is not None:
        return said
    seconds = source.message.policy.large.message_expires
    return str(seconds) if seconds else None


def delivery_dispositions(source: MmsRequest) -> tuple[Disposition, ...]:
    """Disposition-Notification where Delivery report is requested.

    positive-delivery and, unless policy has it otherwise, negative-delivery.
    """
    message = source.message
    if not message.forward.delivery_report:
        return ()
    if not message.policy.ask_negative_delivery:
        return (Disposition.POSITIVE_DELIVERY,)
    return (Disposition.POSITIVE_DELIVERY, Disposition.NEGATIVE_DELIVERY)


def read_dispositions(source: MmsRequest) -> tuple[Disposition, ...]:
    """Disposition-Notification where Read reply is requested: display."""
    return (Disposition.DISPLAY,) if source.message.forward.read_reply else ()


def dispositions(source: MmsRequest) -> tuple[Disposition, ...]:
    """All that Disposition-Notification asks for (MSRP SEND)."""
    return (*delivery_dispositions(source), *read_dispositions(source))


def privacy(source: MmsRequest) -> str | None:
    """Privacy: id, where Sender visibility is Hide (RFC 3323, RFC 3325)."""
    return identity_of(source.message).privacy or None


def subject(source: MmsRequest) -> str | None:
    """Subject: only if the MMS has one."""
    return source.message.forward.subject or None


def max_forwards(source: MmsRequest) -> int:
    """Max-Forwards: by policy."""
    return source.message.policy.max_forwards


def call_id(source: MmsRequest) -> str:
    """Call-ID: a new one (RFC 3261 8.1.1.4)."""
    return source.call_id


def large_accept_contact(_source: MmsRequest) -> str:
    """Accept-Contact: large message mode (RFC 3841, conversation TS App. H)."""
    return accept_contact(Feature.LARGE)


def contact(source: MmsRequest) -> str | None:
    """Contact: this gateway, with the feature's tag (conversation TS App. H)."""
    if source.contact is None:
        return None
    return f"<{source.contact}>;{tag(Feature.LARGE)}"


def conversation_id(message: InboundMms) -> str:
    """Conversation-ID: one for these two people; of one who hides, a new one."""
    if message.sender.hidden:
        return str(uuid5(NAMESPACE_OID, f"{message.domain}|{message.identity}"))
    return conversation_of(message.domain, message.ends)


def contribution_id(message: InboundMms) -> str:
    """Contribution-ID: the identity, so that a repeat carries the same."""
    return contribution_of(message.identity)
