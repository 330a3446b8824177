"""Invitations to a Long-lived CPM Group Session (conversation TS 9.2.10)."""

from __future__ import annotations

from collections.abc import Collection

from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request
from cpmgw.sip.uri import parse_uri

GROUP = "sip:group-1@focus.example.net"
BOB = "+15145550002"
CONVERSATION = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
CONTRIBUTION = "dfb4e64f-2c98-46a1-8e14-98eb5736a268"


def invitation(
    *more: tuple[str, str],
    method: str = "INVITE",
    uri: str = f"tel:{BOB}",
    contact: str = f"<{GROUP}>;isfocus",
    from_: str = f"<{GROUP}>;tag=1",
    service: str = icsi(Feature.SESSION, group=True),
    feature: Feature = Feature.SESSION,
    conversation_id: str = CONVERSATION,
    contribution_id: str = CONTRIBUTION,
    without: Collection[str] = (),
) -> Request:
    """An INVITE of a group to Bob; what is empty is left out."""
    fields = [
        ("Via", "SIP/2.0/UDP pf.example.net;branch=z9hG4bK1"),
        ("Max-Forwards", "70"),
        ("From", from_),
        ("To", f"<tel:{BOB}>"),
        ("Call-ID", "call-1"),
        ("CSeq", f"1 {method}"),
        ("Contact", contact),
        ("Accept-Contact", accept_contact(feature)),
        ("P-Asserted-Service", service),
        ("Conversation-ID", conversation_id),
        ("Contribution-ID", contribution_id),
        *more,
    ]
    kept = [(name, value) for name, value in fields if value and name not in without]
    return Request(method, parse_uri(uri), Headers(kept))
