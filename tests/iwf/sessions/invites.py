"""Invitations for the tests of sessions."""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.headers import IW_NUMBER
from cpmgw.cpm.resource_lists import Entry, build_resource_lists
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.invitation import Invitation, read_invitation
from cpmgw.policy import Policy
from cpmgw.sip.message import Request
from tests.addressing.plans import e164, plan
from tests.flows.dialog import IDS, invite, offer

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"
GROUP = "sip:chess@conf.example.net"
FOCUS = "sip:chess@127.0.0.1:5070"
NUMBER = "+15145559001"
PLAN = plan()

ToGroup = tuple[tuple[str, str], ...]


def to_group(*headers: tuple[str, str], **details: Any) -> Request:
    """The invitation to a group, as the ISF hands it over."""
    more: ToGroup = (
        *IDS,
        ("Referred-By", f"<{ALICE}>"),
        (IW_NUMBER, f"tel:{NUMBER}"),
        *headers,
    )
    details.setdefault("headers", more)
    return invite(GROUP, BOB, contact=f"<{GROUP}>", group=True, **details)


def here(*headers: tuple[str, str], **details: Any) -> Request:
    """The invitation to a group whose focus is the test's CPM side."""
    request = to_group(*headers, **details)
    contact = (request.headers.get("Contact") or "").replace(GROUP, FOCUS)
    return request.replace(headers=request.headers.with_replaced("Contact", contact))


def with_history(request: Request, *entries: Entry) -> Request:
    """The same with the list of those who are invited too (RFC 5366 4)."""
    parts = (
        ("application/sdp", "", offer()),
        (
            "application/resource-lists+xml",
            "Content-Disposition: recipient-list-history; handling=optional\r\n",
            build_resource_lists(entries),
        ),
    )
    body = b"".join(
        b"--x\r\nContent-Type: %s\r\n%s\r\n%s\r\n"
        % (kind.encode(), more.encode(), part)
        for kind, more, part in parts
    )
    headers = request.headers.with_replaced(
        "Content-Type", 'multipart/mixed;boundary="x"'
    )
    return request.replace(headers=headers, body=body + b"--x--\r\n")


def invitation_of(request: Request | None = None) -> Invitation:
    """An invitation, by default of Bob by Alice."""
    return read_invitation(request or invite(ALICE, BOB), PLAN)


def membership_of(
    request: Request | None = None, policy: Policy | None = None, key: str = "k"
) -> Membership:
    """The part of a user in a session, under the number that is shown."""
    invitation = invitation_of(request)
    return Membership(
        key=key,
        invitation=invitation,
        address=e164(invitation.number or "+15145550001"),
        policy=policy or Policy(),
    )
