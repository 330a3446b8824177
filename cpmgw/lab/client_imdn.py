"""The notifications that a CPM client sends back (conversation TS 5.4.1, 5.4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cpmgw.cpm.identity import nccsid_of, with_nccsid
from cpmgw.cpm.imdn import (
    Disposition,
    Imdn,
    Kind,
    Notification,
    Status,
    imdn_of,
    notification_body,
)
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.conversation import ReceivedMessage
from cpmgw.lab.pager import CLIENT, CPIM, bare_uri
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import AbsoluteUri, Uri, parse_uri

DELIVERED: Final = Notification(Kind.DELIVERY, Status.DELIVERED)
DISPLAYED: Final = Notification(Kind.DISPLAY, Status.DISPLAYED)

COPIED: Final = (
    "Accept-Contact",
    "P-Asserted-Service",
    "Conversation-ID",
    "Contribution-ID",
)
"""What a notification has of the message that it speaks of (5.4.1 step 2)."""


def notifications_of(
    received: ReceivedMessage, behaviour: CpmBehaviour
) -> Iterator[Notification]:
    """What the client will say: what was asked for and its settings allow."""
    if received.cpim is None:
        return
    asked = imdn_of(received.cpim).dispositions
    if behaviour.delivery and Disposition.POSITIVE_DELIVERY in asked:
        yield DELIVERED
    if behaviour.display and Disposition.DISPLAY in asked:
        yield DISPLAYED


def _author(received: ReceivedMessage) -> Uri:
    """Whom a message is from, with the service that his address names (App. D)."""
    target = parse_uri(bare_uri(received.sender))
    service = nccsid_of(received.request.from_.uri)
    if service is None or isinstance(target, AbsoluteUri):
        return target
    return with_nccsid(target, service)


def notification_of(
    received: ReceivedMessage, what: Notification, *, own: str, now: float
) -> Imdn:
    """The document that says something of a message to `own`, a URI."""
    told = received.cpim.get("DateTime") if received.cpim is not None else None
    return Imdn(
        message_id=received.message_id,
        datetime=told or format_datetime(now),
        notifications=(what,),
        recipient_uri=own,
    )


def notification_request(
    received: ReceivedMessage,
    what: Notification,
    *,
    own: str,
    identity: str,
    now: float,
) -> Request:
    """The SIP MESSAGE of a notification; `identity` names it in SIP and in CPIM.

    `own` is the URI of the user whose client it is.
    """
    assert received.cpim is not None
    original = received.request
    target = _author(received)
    routes = imdn_of(received.cpim).record_route
    return originate(
        "MESSAGE",
        parse_uri(routes[0]) if routes else target,
        from_=NameAddr(parse_uri(own), parameters=(("tag", identity[:16]),)),
        to=NameAddr(target),
        call_id=identity,
        headers=[
            ("P-Asserted-Identity", f"<{own}>"),
            *((n, v) for n in COPIED if (v := original.headers.get(n))),
            ("User-Agent", CLIENT),
            ("Content-Type", CPIM),
        ],
        body=notification_body(
            notification_of(received, what, own=own, now=now),
            sender=own,
            to=str(target),
            datetime=format_datetime(now),
            message_id=identity,
            routes=routes[1:],
        ),
    )
