"""Who takes part in a group: documents, and those who subscribe to them.

RFC 4575 and RFC 6665 4.2, as a Controlling Function does it (conversation TS 9.2.14);
each document is a full one.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

import msgspec
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.cpm.conference_info import EVENT, MEDIA_TYPE
from cpmgw.cpm.headers import expires_of
from cpmgw.cpm.markup import escaped
from cpmgw.lab.wire import Wire
from cpmgw.sip.dialogs.dialog import Dialog, DialogId, id_of
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import SipError, SipSyntaxError
from cpmgw.sip.message import Request, Response, respond

LONGEST: Final = 3600
"""Seconds that a subscription lasts without a refresh."""
MOST: Final = 100
"""Subscriptions of one conference."""
GONE: Final = "noresource"
EXPIRED: Final = "timeout"


class Member(msgspec.Struct, frozen=True):
    """Who is in a group, by URI, and how he is called there."""

    uri: str
    name: str = ""
    present: bool = True


def document(
    entity: str, subject: str, members: Iterable[Member], *, own: str, version: int
) -> bytes:
    """The whole of a conference (RFC 4575 5); `own` is who it is written for."""
    users = "".join([_user(each, own=own) for each in members])
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" '
        f'entity="{escaped(entity)}" state="full" version="{version}">\r\n'
        f"<conference-description><subject>{escaped(subject)}</subject>"
        "</conference-description>\r\n"
        f"<users>\r\n{users}</users>\r\n</conference-info>\r\n"
    )
    return text.encode()


def _user(member: Member, *, own: str) -> str:
    name = f"<display-text>{escaped(member.name)}</display-text>" if member.name else ""
    mark = "<yourown>true</yourown>" if member.uri == own else ""
    status = "<status>connected</status>"
    if not member.present:
        status = (
            "<status>disconnected</status>"
            "<disconnection-method>departed</disconnection-method>"
        )
    uri = escaped(member.uri)
    return (
        f'<user entity="{uri}">{name}{mark}'
        f'<endpoint entity="{uri}">{status}</endpoint></user>\r\n'
    )


class Conference:
    """A conference, and its notifier; `own` is the member who is to subscribe."""

    def __init__(
        self, wire: Wire, clock: IReactorTime, entity: str, subject: str, own: str
    ) -> None:
        self.entity = entity
        self.subject = subject
        self.own = own
        self.members: tuple[Member, ...] = ()
        self.wire = wire
        self.clock = clock
        self._subscriptions: dict[DialogId, Subscription] = {}

    def __len__(self) -> int:
        return len(self._subscriptions)

    def change(self, members: Iterable[Member]) -> None:
        """Have others be in it, and tell those who subscribe."""
        self.members = tuple(members)
        for each in list(self._subscriptions.values()):
            each.notify()

    def end(self) -> None:
        """It is over: so are the subscriptions."""
        for each in list(self._subscriptions.values()):
            each.end(GONE)

    def subscribed(self, incoming: Incoming) -> Response:
        """Answer a SUBSCRIBE, the first or one that refreshes (RFC 6665 4.2.1)."""
        request = incoming.request
        if request.headers.get("Event") != EVENT:
            return respond(request, 489, headers=(("Allow-Events", EVENT),))
        asked = expires_of(request.headers)
        seconds = LONGEST if asked is None else min(asked, LONGEST)
        known = self._subscriptions.get(id_of(request))
        if request.to.tag is not None and known is None:
            return respond(request, 481)
        response = respond(
            request,
            200,
            headers=(("Contact", f"<{self.entity}>"), ("Expires", str(seconds))),
            to_tag=incoming.leg.tag,
        )
        if known is None:
            if len(self) >= MOST:
                return respond(request, 480)
            try:
                dialog = Dialog.of_server(request, response)
            except SipSyntaxError as error:
                return respond(request, 400, error.reason)
            known = Subscription(self, dialog)
            self._subscriptions[dialog.id] = known
        elif not known.dialog.in_order(request):
            return respond(request, 500)
        known.last(seconds)
        return response

    def dropped(self, subscription: Subscription) -> None:
        """A subscription is over."""
        self._subscriptions.pop(subscription.dialog.id, None)


class Subscription:
    """One subscription to a conference (RFC 6665 4.2.2)."""

    def __init__(self, conference: Conference, dialog: Dialog) -> None:
        self.dialog = dialog
        self._conference = conference
        self._version = -1
        self._ends_at = 0.0
        self._alarm: IDelayedCall | None = None
        self._log = Logger()

    def last(self, seconds: int) -> None:
        """Last so long from now on, and say what is so at present."""
        clock = self._conference.clock
        self._ends_at = clock.seconds() + seconds
        self._cancel()
        # The 200 goes first.
        first = self.notify if seconds else self._expire
        self._alarm = clock.callLater(0, first)

    def notify(self) -> None:
        """Tell who is in the conference."""
        left = max(0.0, self._ends_at - self._conference.clock.seconds())
        self._cancel()
        self._alarm = self._conference.clock.callLater(left, self._expire)
        self._send(f"active;expires={ceil(left)}")

    def end(self, reason: str) -> None:
        """End it, and say so."""
        self._cancel()
        self._conference.dropped(self)
        self._send(f"terminated;reason={reason}")

    def _expire(self) -> None:
        self.end(EXPIRED)

    def _cancel(self) -> None:
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()

    def _send(self, state: str) -> None:
        self._version += 1
        request = self._notify_request(state)
        sent = self._conference.wire.request(request)
        sent.addCallbacks(self._answered, self._unanswered)

    def _notify_request(self, state: str) -> Request:
        conference = self._conference
        return self.dialog.request(
            "NOTIFY",
            (
                ("Contact", f"<{conference.entity}>"),
                ("Event", EVENT),
                ("Subscription-State", state),
                ("Content-Type", MEDIA_TYPE),
            ),
            document(
                conference.entity,
                conference.subject,
                conference.members,
                own=conference.own,
                version=self._version,
            ),
        )

    def _answered(self, response: Response) -> None:
        if response.status >= 300:
            self._drop(f"{response.status} {response.reason}")

    def _unanswered(self, failure: Failure) -> None:
        failure.trap(SipError)
        self._drop(str(failure.value))

    def _drop(self, why: str) -> None:
        """Who takes no NOTIFY has no subscription (RFC 6665 4.2.2)."""
        self._log.info("A subscription ends: {why}", why=why)
        self._cancel()
        self._conference.dropped(self)
