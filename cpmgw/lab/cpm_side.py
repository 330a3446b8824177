"""The CPM network as a gateway sees it: Participating Function and CPM users in one.

It sends pager mode messages with all that the network puts in them, takes messages,
notifications and events, and answers them as a `CpmBehaviour` says. Large messages,
chats and groups are in `sessions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.features import Feature, features_of
from cpmgw.lab.arrow import Tap
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.body import Body, body_of, text_in
from cpmgw.lab.clients import Clients, Identities, random_identity
from cpmgw.lab.conversation import (
    Conversation,
    ReceivedEvent,
    SentMessage,
    received_message,
)
from cpmgw.lab.pager import PagerMessage, pager_request
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.group import Group, Member
from cpmgw.lab.sessions.large import SentLarge
from cpmgw.lab.sessions.sessions import Sessions
from cpmgw.lab.sessions.streams import CHAT, Shape
from cpmgw.lab.wire import Wire
from cpmgw.msrp.node import MsrpNode
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri

__all__ = ["CpmSide", "Identities", "random_identity"]

SERVER: Final = "CPM-serv/OMA2.1"
ECHOED: Final = ("Conversation-ID", "Contribution-ID", "InReplyTo-Contribution-ID")
"""What an answer repeats of the request (conversation TS 7.2.2.1)."""


class CpmSide:
    """The CPM users behind one SIP endpoint.

    `events` are the system messages that came to the network itself. With a `node` for
    MSRP, which is its caller's to start and stop, there are sessions too.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: IReactorTime,
        identities: Identities = random_identity,
        node: MsrpNode | None = None,
    ) -> None:
        self.events: list[ReceivedEvent] = []
        self._clock = clock
        self._identity = identities
        self._wire = Wire(endpoint, clock)
        self._clients = Clients(self._wire, clock, identities)
        self._users = self._clients.users
        self._sessions: Sessions | None = None
        self._wire.serve("MESSAGE", self.message)
        if node is not None:
            self._sessions = Sessions(self._wire, self._clients, clock, node)

    @property
    def tap(self) -> Tap:
        """What is called with each request, each answer, each SEND."""
        return self._wire.tap

    @tap.setter
    def tap(self, tap: Tap) -> None:
        self._wire.tap = tap

    @property
    def sessions(self) -> Sessions:
        """The sessions; ValueError where the lab has no MSRP."""
        if self._sessions is None:
            raise ValueError("this CPM side has no MSRP")
        return self._sessions

    def stop(self) -> Deferred[None]:
        """Hang up what calls there are; fires when there is none."""
        return succeed(None) if self._sessions is None else self._sessions.stop()

    def user(self, address: str) -> Conversation:
        """What a user, by URI, has sent and received."""
        return self._clients.user(address)

    def behave(self, behaviour: CpmBehaviour, address: str | None = None) -> None:
        """Treat what comes to this user so (to every other one, without an address)."""
        self._clients.behave(behaviour, address)

    # -- sending

    def send(self, message: PagerMessage) -> SentMessage:
        """Send a pager mode message (conversation TS 7.2.1.1)."""
        message = self._identified(message)
        call_id = self._identity()
        request = pager_request(message, call_id=call_id, now=self._clock.seconds())
        sent = SentMessage(message, request)
        self.user(message.asserted or message.sender).send(sent)
        self._wire.request(request).addCallbacks(
            self._answered, sent.answered.errback, callbackArgs=(sent,)
        )
        return sent

    def send_text(self, sender: str, recipient: str, text: str) -> SentMessage:
        """Send a text with all that is customary."""
        return self.send(PagerMessage(sender=sender, recipient=recipient, text=text))

    def send_large(self, message: PagerMessage) -> SentLarge:
        """Send a large message (conversation TS 7.2.1.2)."""
        message = msgspec.structs.replace(message, feature=Feature.LARGE)
        return self.sessions.send_large(self._identified(message))

    def send_file(self, message: PagerMessage, name: str) -> SentLarge:
        """Send a message's content as a file of this name (conversation TS 7.4.1)."""
        message = msgspec.structs.replace(message, feature=Feature.FILE)
        return self.sessions.send_file(self._identified(message), name)

    def chat(
        self,
        sender: str,
        recipient: str,
        *,
        subject: str = "",
        shape: Shape = CHAT,
    ) -> Chat:
        """Begin a session of two (conversation TS 7.3.1.1); `shape` is what it has."""
        return self.sessions.chat(sender, recipient, subject=subject, shape=shape)

    def group(
        self, members: Sequence[Member], recipient: str, *, subject: str = ""
    ) -> Group:
        """Begin a group of these and a user elsewhere (conversation TS 9.2.10).

        The first of them is who invites.
        """
        return self.sessions.group(members, recipient, subject=subject)

    def options(self, target: str) -> Deferred[Response]:
        """Ask whether somebody is there (RFC 3261 11)."""
        uri = parse_uri(target)
        identity = self._identity()
        request = originate(
            "OPTIONS",
            uri,
            from_=NameAddr(uri, parameters=(("tag", identity[:16]),)),
            to=NameAddr(uri),
            call_id=identity,
        )
        return self._wire.request(request)

    def _identified(self, message: PagerMessage) -> PagerMessage:
        """The message with the identifiers that it lacks."""
        names = ("message_id", "conversation_id", "contribution_id")
        missing = {n: self._identity() for n in names if not getattr(message, n)}
        return msgspec.structs.replace(message, **missing)

    def _answered(self, response: Response, sent: SentMessage) -> None:
        sent.response = response
        sent.answered.callback(response)

    # -- receiving

    async def message(self, incoming: Incoming) -> Response:
        """Take a MESSAGE: a message, a notification or an event."""
        request = incoming.request
        body = body_of(request.headers.get("Content-Type"), request.body)
        user = self.user(str(request.uri))
        behaviour = await self._clients.hesitate(user)
        status = self._filed(user, request, body, behaviour)
        echo = [(n, v) for n in ECHOED if (v := request.headers.get(n)) is not None]
        return respond(
            request,
            status,
            headers=[*echo, ("Server", SERVER), *behaviour.headers],
            to_tag=self._identity()[:16],
        )

    def _filed(
        self,
        user: Conversation,
        request: Request,
        body: Body,
        behaviour: CpmBehaviour,
    ) -> int:
        """Keep what is taken; the status that it is answered with."""
        if body.imdn is not None and body.cpim is not None:
            status = behaviour.imdn_status
            if status < 300:
                self._clients.notified(user, body.imdn, request, body.cpim)
        elif Feature.SYSTEM in features_of(request.headers):
            status = behaviour.event_status
            if status < 300:
                self._file_event(request, body.cpim)
        else:
            status = behaviour.status
            if status < 300:
                self._file_message(user, request, body.cpim)
        return status

    def _file_event(self, request: Request, cpim: CpimMessage | None) -> None:
        """Keep an event (conversation TS 6.7.3.2)."""
        self.events.append(
            ReceivedEvent(
                content_type=cpim.content_type if cpim else request.content_type or "",
                content=cpim.content if cpim else request.body,
                at=self._clock.seconds(),
                request=request,
            )
        )

    def _file_message(
        self, user: Conversation, request: Request, cpim: CpimMessage | None
    ) -> None:
        kind = request.headers.get("Content-Type") or ""
        text = text_in(kind, request.body, cpim)
        received = received_message(request, cpim, text, self._clock.seconds())
        own = str(request.uri)
        self._clients.take(
            user, received, lambda each, what: self._clients.notify(each, what, own)
        )
