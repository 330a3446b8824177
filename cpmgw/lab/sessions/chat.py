"""A session of two, from a CPM user's side (conversation TS 7.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from twisted.internet.defer import Deferred

from cpmgw.cpm import imdn
from cpmgw.cpm.chat_content import (
    ANONYMOUS_URI,
    ChatContent,
    Content,
    chat_notification,
    read_chat,
)
from cpmgw.cpm.errors import CpmError
from cpmgw.cpm.imdn import Disposition, imdn_of
from cpmgw.cpm.reason import COMPLETED
from cpmgw.cpm.timestamp import format_datetime
from cpmgw.lab.client_imdn import notification_of
from cpmgw.lab.clients import Clients
from cpmgw.lab.conversation import Conversation, ReceivedMessage, received_message
from cpmgw.lab.pager import CPIM
from cpmgw.lab.sessions.legs import Leg, Legs
from cpmgw.lab.sessions.messages import ALL, SentChat, say
from cpmgw.lab.sessions.streams import CHAT, COMPOSING, Shape
from cpmgw.mm4.entity import Entity
from cpmgw.sip.message import Request

OK: Final = 200
BAD: Final = 400
NOT_TAKEN: Final = 415
COMPOSES: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
    b'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">'
    b"<state>active</state></isComposing>\r\n"
)


class Chat:
    """One user's end of a session of two.

    `inbox` are the texts that came in it, `sent` those that went; `composing` counts
    how often the other was said to be typing. `leg` has its call: `leg.ringing`,
    `leg.answer`, `leg.end`. `established` fires once messages can go, and fails with
    CallFailed where they never will.
    """

    def __init__(
        self,
        user: Conversation,
        peer: str,
        clients: Clients,
        legs: Legs,
        shape: Shape = CHAT,
    ) -> None:
        self.user = user
        self.peer = peer
        self.inbox: list[ReceivedMessage] = []
        self.sent: list[SentChat] = []
        self.composing = 0
        self.leg = Leg(legs, shape, self)
        self.established: Deferred[Chat] = Deferred()
        self._clients = clients
        self._legs = legs
        user.chats.append(self)

    @property
    def request(self) -> Request:
        """Its INVITE."""
        return self.leg.request

    @property
    def texts(self) -> list[str]:
        """The texts that came."""
        return [message.text for message in self.inbox]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.leg.end is not None

    @property
    def reasons(self) -> list[str]:
        """Why the other side hung up (RFC 3326)."""
        end = self.leg.end
        if end is None or end.request is None:
            return []
        return end.request.headers.raw("Reason")

    def invite(self, make: Callable[[bytes], Request]) -> None:
        """Begin it with the INVITE that `make` makes of the offer."""
        self.leg.established.addCallbacks(self._begun, self.established.errback)
        self.leg.invite(make)

    def taken(self) -> None:
        """It has been asked for, and accepted."""
        self.leg.established.addCallback(self._begun)

    def send(
        self, of: str | Entity, dispositions: Iterable[Disposition] = ALL
    ) -> SentChat:
        """Say something, or send content."""
        sent = SentChat(self._clients.identity(), self.user.address, of)
        self.sent.append(sent)
        self.user.expect(sent)
        say(
            self.leg,
            sent,
            sender=f"<{ANONYMOUS_URI}>",
            recipient=f"<{ANONYMOUS_URI}>",
            now=self._legs.clock.seconds(),
            dispositions=dispositions,
        )
        return sent

    def send_content(self, content_type: str, content: bytes) -> Deferred[int]:
        """Send anything; fires with the MSRP status, 0 where there was none."""
        return self.leg.send(content_type, content)

    def compose(self) -> Deferred[int]:
        """Say that the user is typing (conversation TS 5.5)."""
        return self.leg.send(COMPOSING, COMPOSES)

    def close(self, reason: str = COMPLETED) -> Deferred[None]:
        """Hang up, or give up what was not answered; fires when that is answered."""
        return self.leg.close(reason)

    # -- for the leg -------------------------------------------------------------------

    async def received(self, content_type: str, content: bytes) -> int:
        """Take what has come, as the user behaves (LegUser)."""
        status = (await self._clients.hesitate(self.user)).msrp_status
        if status != OK:
            return status
        try:
            read = read_chat(content_type, content)
        except CpmError:
            return BAD
        return self._filed(read)

    def over(self) -> None:
        """The session has ended (LegUser)."""

    def _begun(self, leg: Leg) -> None:
        self.established.callback(self)

    def _filed(self, read: ChatContent) -> int:
        if read.kind is Content.COMPOSING:
            self.composing += 1
            return OK
        if read.cpim is None:
            return NOT_TAKEN
        if read.imdn is not None:
            self._clients.notified(
                self.user, read.imdn, self.request, read.cpim, in_session=True
            )
            return OK
        received = received_message(
            self.request, read.cpim, read.text, self._legs.clock.seconds(), self.peer
        )
        self.inbox.append(received)
        self._clients.take(self.user, received, self._notify)
        return OK

    def _notify(self, received: ReceivedMessage, what: imdn.Notification) -> None:
        """Notify in the session, or by MESSAGE once it is over (5.4)."""
        if self.ended:
            self._clients.notify(received, what, self.user.address)
            return
        assert received.cpim is not None
        now = self._legs.clock.seconds()
        document = notification_of(received, what, own=self.user.address, now=now)
        content = chat_notification(
            document,
            message_id=self._clients.identity(),
            datetime=format_datetime(now),
            routes=imdn_of(received.cpim).record_route,
        )
        self.leg.send(CPIM, content)
