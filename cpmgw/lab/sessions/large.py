"""Large messages and files: sent by the lab's users, and taken by them.

Conversation TS 7.2 and 7.4.1.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred

from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED
from cpmgw.lab.body import body_of, text_in
from cpmgw.lab.clients import Clients
from cpmgw.lab.conversation import (
    Conversation,
    Notification,
    outcome_of,
    received_message,
)
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.sessions.legs import Leg, Legs
from cpmgw.lab.sessions.parcels import Parcel
from cpmgw.lab.sessions.streams import LARGE_TAKEN
from cpmgw.sip.dialogs.interfaces import CallFailed
from cpmgw.sip.message import Request, Response

OK: Final = 200
NOT_HERE: Final = 413


class SentLarge:
    """A large message or a file on its way: its session, and what came after.

    `response` answered the INVITE and `msrp_status` the SEND, 0 where nothing did;
    `bye` is the answer to the BYE. `done` fires when it is over, however it went.
    """

    def __init__(self, message: PagerMessage, parcel: Parcel, legs: Legs) -> None:
        self.message = message
        self.msrp_status = 0
        self.done: Deferred[SentLarge] = Deferred()
        self.notifications: list[Notification] = []
        self.leg = Leg(legs, parcel.shape, self)
        self._parcel = parcel
        self._legs = legs

    @property
    def message_id(self) -> str:
        """Its IMDN Message-ID."""
        return self.message.message_id

    @property
    def request(self) -> Request:
        """Its INVITE."""
        return self.leg.request

    @property
    def response(self) -> Response | None:
        """The final answer to its INVITE."""
        return self.leg.answer

    @property
    def status(self) -> int:
        """The status of that, 0 while there is none."""
        return self.leg.answer.status if self.leg.answer is not None else 0

    @property
    def bye(self) -> Response | None:
        """The answer to the BYE that was sent."""
        return self.leg.bye

    @property
    def outcome(self) -> list[tuple[str, str]]:
        """(kind, status) of each notification, in the order in which they came."""
        return outcome_of(self.notifications)

    def send(self, call_id: str) -> None:
        """Send it, once."""
        contact = self._legs.wire.uri()
        parcel = self._parcel
        self.leg.invite(
            lambda body: parcel.invite(body, call_id=call_id, contact=contact),
            parcel.attributes,
        )
        Deferred.fromCoroutine(self._send(parcel)).addBoth(self._done)

    async def _send(self, parcel: Parcel) -> None:
        try:
            await self.leg.established
        except CallFailed:
            return
        self.msrp_status = await self.leg.send(parcel.content_type, parcel.content)
        reason = COMPLETED if self.msrp_status == OK else TRANSMISSION_FAILED
        await self.leg.close(reason)

    def _done(self, result: object) -> object:
        self.done.callback(self)
        return result

    async def received(self, content_type: str, content: bytes) -> int:
        """Nothing comes in such a session (LegUser)."""
        return NOT_HERE

    def over(self) -> None:
        """The session has ended (LegUser)."""


class TakenLarge:
    """A large message that comes to a user (conversation TS 7.2.2.2)."""

    def __init__(self, user: Conversation, clients: Clients, legs: Legs) -> None:
        self.leg = Leg(legs, LARGE_TAKEN, self)
        self._user = user
        self._clients = clients
        self._legs = legs

    async def received(self, content_type: str, content: bytes) -> int:
        """Put it into the inbox, or refuse it as the user behaves (LegUser)."""
        status = (await self._clients.hesitate(self._user)).msrp_status
        if status != OK:
            return status
        request = self.leg.request
        cpim = body_of(content_type, content).cpim
        text = text_in(content_type, content, cpim)
        received = received_message(request, cpim, text, self._legs.clock.seconds())
        own = str(request.uri)
        self._clients.take(
            self._user,
            received,
            lambda each, what: self._clients.notify(each, what, own),
        )
        return OK

    def over(self) -> None:
        """The session has ended (LegUser)."""
