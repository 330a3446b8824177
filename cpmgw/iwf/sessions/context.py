"""What is kept of a chat message: for its notifications, and for its repeats.

TS 6.2.2.1.5, 6.3.1.1.6.2, 6.1.1 step 2; docs/decisions/0003.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.chat_content import ChatContent
from cpmgw.cpm.cpim_text import parse_address
from cpmgw.cpm.features import Feature
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.records import ImdnContext
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import SipUri, TelUri, Uri, parse_uri

_ROUTABLE: Final = (SipUri, TelUri)


def context_of(
    membership: Membership, content: ChatContent, plan: DialPlan, now: float
) -> ImdnContext:
    """The context of a message that came at `now`, in seconds since 1970.

    Its originator is who wrote it: of a group the CPIM From, of two the inviter,
    because there CPIM says nothing of them (RCC.10 6.1.5.1).
    """
    invitation, imdn = membership.invitation, content.requested
    identification = invitation.identification
    return ImdnContext(
        originator=_originator(membership, content, plan),
        recipient=str(plan.uri_of(invitation.user)),
        cpim_from=content.sender.uri if content.sender is not None else "",
        cpim_to=_to(content),
        message_id=imdn.message_id,
        datetime=content.datetime or format_datetime(now),
        requested=tuple(sorted([each.value for each in imdn.dispositions])),
        record_route=tuple([each for each in imdn.record_route if _uri(each)]),
        original_to=imdn.original_to,
        conversation_id=identification.conversation_id,
        contribution_id=identification.contribution_id,
        in_reply_to=identification.in_reply_to,
        feature=Feature.SESSION.value,
        service=invitation.service,
        session=membership.key,
        anonymous=not invitation.is_group,
    )


def repeat_key(membership: Membership, content: ChatContent) -> bytes:
    """What a message that comes again has in common with the first; empty for none.

    Its imdn.Message-ID, its user and who wrote it: that of a session of two, where
    CPIM From says nothing, is who invited.
    """
    message_id = content.requested.message_id
    if not message_id:
        return b""
    invitation = membership.invitation
    author = invitation.initiator
    if invitation.is_group and content.sender is not None:
        author = f"{author}\0{content.sender.uri}"
    whole = f"chat\0{invitation.user.text}\0{author}\0{message_id}"
    octets = whole.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(octets, digest_size=16).digest()


def _originator(membership: Membership, content: ChatContent, plan: DialPlan) -> str:
    invitation = membership.invitation
    if not invitation.is_group:
        address = invitation.inviter.address
        return str(plan.uri_of(address) if address else invitation.reply_to)
    sender = _uri(content.sender.uri) if content.sender is not None else None
    return str(sender or invitation.peer)


def _to(content: ChatContent) -> str:
    value = content.cpim.get("To") if content.cpim is not None else None
    return parse_address(value).uri if value else ""


def _uri(text: str) -> Uri | None:
    """A URI that a request can be sent to, else None."""
    try:
        uri = parse_uri(text)
    except SipSyntaxError:
        return None
    return uri if isinstance(uri, _ROUTABLE) else None
