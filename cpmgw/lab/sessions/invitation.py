"""The INVITE of a session as the CPM network sends it to an IWF.

Conversation TS 7.2.1.2 and 7.3.1.1 for the client's part, 9.2.10 for a Controlling
Function's; 8.3.1 for what the network makes of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.cpm.features import Feature, accept_contact, icsi, tag
from cpmgw.cpm.headers import Identification
from cpmgw.lab.pager import CLIENT, PagerMessage
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri

SDP: Final = "application/sdp"
ISFOCUS: Final = "isfocus"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who invites whom, and to what; all but names are URIs.

    `focus` is the group's session identity where it is one, which then is asserted and
    the Contact; `inviter` is the member who invites in its name. Header fields named in
    `without` are left out, those in `headers` are added.
    """

    sender: str
    recipient: str
    ids: Identification
    feature: Feature = Feature.SESSION
    focus: str = ""
    asserted: str = ""
    request_uri: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    without: frozenset[str] = frozenset()


def standalone_invitation(message: PagerMessage) -> Invitation:
    """The invitation to take a large message or a file (conversation TS 7.2.1.2)."""
    expires = message.expires
    optional = (
        ("Message-Expires", "" if expires is None else str(expires)),
        ("Priority", message.priority),
        ("Privacy", message.privacy),
        ("Content-Language", message.content_language),
    )
    return Invitation(
        sender=message.sender,
        recipient=message.recipient,
        ids=Identification(
            message.conversation_id, message.contribution_id, message.in_reply_to
        ),
        feature=message.feature,
        asserted=message.asserted,
        request_uri=message.request_uri,
        headers=(*[pair for pair in optional if pair[1]], *message.headers),
        without=message.without,
    )


def invite(
    invitation: Invitation,
    *,
    call_id: str,
    contact: str,
    body: bytes,
    content_type: str = SDP,
) -> Request:
    """The INVITE; `call_id` serves as From tag too, `contact` is a URI of ours."""
    sender = parse_uri(invitation.sender)
    recipient = parse_uri(invitation.recipient)
    target = invitation.request_uri
    headers = [*_headers(invitation, contact), ("Content-Type", content_type)]
    return originate(
        "INVITE",
        parse_uri(target) if target else recipient,
        from_=NameAddr(sender, parameters=(("tag", call_id[:16]),)),
        to=NameAddr(recipient),
        call_id=call_id,
        headers=[pair for pair in headers if pair[0] not in invitation.without],
        body=body,
    )


def _headers(invitation: Invitation, contact: str) -> list[tuple[str, str]]:
    feature, focus = invitation.feature, invitation.focus
    asserted = invitation.asserted or focus or invitation.sender
    parameters = [tag(feature), ISFOCUS] if focus else [tag(feature)]
    return [
        ("P-Asserted-Identity", f"<{asserted}>"),
        ("P-Asserted-Service", icsi(feature, group=bool(focus))),
        ("Accept-Contact", accept_contact(feature)),
        ("Contact", f"<{focus or contact}>;{';'.join(parameters)}"),
        ("Supported", "timer"),
        ("User-Agent", CLIENT),
        *invitation.ids.pairs(),
        *invitation.headers,
    ]
