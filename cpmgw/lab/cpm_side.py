"""The CPM network as a gateway sees it: Participating Function and CPM users in one.

It sends pager mode messages with all that the network puts in them, takes messages,
notifications and events, and answers them as a `CpmBehaviour` says.
"""

from __future__ import annotations

import uuid
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.cpm import imdn
from cpmgw.cpm.content import text_of
from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.errors import CannotBecomeText, CpimError, ImdnError
from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.imdn import Imdn
from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.client_imdn import notification_request, notifications_of
from cpmgw.lab.conversation import (
    Conversation,
    Notification,
    ReceivedEvent,
    ReceivedMessage,
    SentMessage,
)
from cpmgw.lab.pager import CPIM, PagerMessage, bare_uri, pager_request
from cpmgw.lab.sip_arrows import request_arrow, response_arrow
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.errors import SipError
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri

SERVER: Final = "CPM-serv/OMA2.1"
ECHOED: Final = ("Conversation-ID", "Contribution-ID", "InReplyTo-Contribution-ID")
"""What an answer repeats of the request (conversation TS 7.2.2.1)."""


class Identities(Protocol):
    """Where new identifiers come from."""

    def __call__(self) -> str:
        """Give one that was never given before."""


def random_identity() -> str:
    """A UUID (RFC 4122)."""
    return str(uuid.uuid4())


class Body(msgspec.Struct, frozen=True):
    """What a MESSAGE carries: a CPIM, and in it perhaps a notification."""

    cpim: CpimMessage | None = None
    imdn: Imdn | None = None


class CpmSide:
    """The CPM users behind one SIP endpoint.

    `events` are the system messages that came to the network itself; `tap` is called
    with each request and each final response.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: IReactorTime,
        identities: Identities = random_identity,
    ) -> None:
        self.tap: Tap = nobody
        self.behaviour = CpmBehaviour()
        self.events: list[ReceivedEvent] = []
        self._endpoint = endpoint
        self._clock = clock
        self._identity = identities
        self._users: dict[str, Conversation] = {}
        self._behaviours: dict[str, CpmBehaviour] = {}
        self._log = Logger()
        endpoint.serve("MESSAGE", self.message)

    def user(self, address: str) -> Conversation:
        """What a user, by URI, has sent and received."""
        key = _user_of(address)
        return self._users.setdefault(key, Conversation(address))

    def behave(self, behaviour: CpmBehaviour, address: str | None = None) -> None:
        """Treat what comes to this user so (to every other one, without an address)."""
        if address is None:
            self.behaviour = behaviour
        else:
            self._behaviours[_user_of(address)] = behaviour

    def send(self, message: PagerMessage) -> SentMessage:
        """Send a pager mode message (conversation TS 7.2.1.1)."""
        message = self._identified(message)
        call_id = self._identity()
        request = pager_request(message, call_id=call_id, now=self._clock.seconds())
        sent = SentMessage(message, request)
        self.user(message.asserted or message.sender).send(sent)
        self._request(request).addCallbacks(
            self._answered, sent.answered.errback, callbackArgs=(sent,)
        )
        return sent

    def send_text(self, sender: str, recipient: str, text: str) -> SentMessage:
        """Send a text with all that is customary."""
        return self.send(PagerMessage(sender=sender, recipient=recipient, text=text))

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
        return self._endpoint.request(request)

    async def message(self, incoming: Incoming) -> Response:
        """Take a MESSAGE: a message, a notification or an event."""
        request = incoming.request
        body = _body_of(request)
        self._tap_request(request, body, outgoing=False)
        user = self._recipient(request)
        behaviour = self._behaviours.get(_user_of(user.address), self.behaviour)
        if behaviour.delay:
            await deferLater(self._clock, behaviour.delay)
        if behaviour.silent:
            await Deferred[None]()
        if body.imdn is not None and body.cpim is not None:
            status = behaviour.imdn_status
            self._file(user, request, body.cpim, body.imdn, taken=status < 300)
        elif Feature.SYSTEM in features_of(request.headers):
            status = behaviour.event_status
            self._file_event(request, body, taken=status < 300)
        else:
            status = behaviour.status
            if status < 300:
                self._file_message(user, request, body.cpim, behaviour)
        echo = [(n, v) for n in ECHOED if (v := request.headers.get(n)) is not None]
        response = respond(
            request,
            status,
            headers=[*echo, ("Server", SERVER), *behaviour.headers],
            to_tag=self._identity()[:16],
        )
        self._tap_response(response, body, outgoing=True)
        return response

    # -- sending

    def _identified(self, message: PagerMessage) -> PagerMessage:
        """The message with the identifiers that it lacks."""
        names = ("message_id", "conversation_id", "contribution_id")
        missing = {n: self._identity() for n in names if not getattr(message, n)}
        return msgspec.structs.replace(message, **missing)

    def _request(self, request: Request) -> Deferred[Response]:
        if self.tap is nobody:
            return self._endpoint.request(request)
        body = _body_of(request)
        self._tap_request(request, body, outgoing=True)

        def answered(response: Response) -> Response:
            self._tap_response(response, body, outgoing=False)
            return response

        return self._endpoint.request(request).addCallback(answered)

    def _answered(self, response: Response, sent: SentMessage) -> None:
        sent.response = response
        sent.answered.callback(response)

    # -- receiving

    def _recipient(self, request: Request) -> Conversation:
        return self.user(str(request.uri))

    def _file(
        self,
        user: Conversation,
        request: Request,
        cpim: CpimMessage,
        document: Imdn,
        *,
        taken: bool,
    ) -> None:
        """Keep a notification that is taken (conversation TS 5.4)."""
        if not taken:
            return
        for each in document.notifications:
            user.notify(
                Notification(
                    message_id=document.message_id,
                    kind=each.kind.value,
                    status=each.status.value,
                    at=self._clock.seconds(),
                    request=request,
                    cpim=cpim,
                )
            )

    def _file_event(self, request: Request, body: Body, *, taken: bool) -> None:
        """Keep an event that is taken (conversation TS 6.7.3.2)."""
        if not taken:
            return
        cpim = body.cpim
        self.events.append(
            ReceivedEvent(
                content_type=cpim.content_type if cpim else request.content_type or "",
                content=cpim.content if cpim else request.body,
                at=self._clock.seconds(),
                request=request,
            )
        )

    def _file_message(
        self,
        user: Conversation,
        request: Request,
        cpim: CpimMessage | None,
        behaviour: CpmBehaviour,
    ) -> None:
        """Keep a message, and have the client notify (conversation TS 7.2.2.3)."""
        headers = request.headers
        received = ReceivedMessage(
            sender=headers.get("P-Asserted-Identity") or str(request.from_.uri),
            text=_text(request, cpim),
            at=self._clock.seconds(),
            message_id=(cpim.imdn("Message-ID") or "") if cpim else "",
            conversation_id=headers.get("Conversation-ID") or "",
            contribution_id=headers.get("Contribution-ID") or "",
            in_reply_to=headers.get("InReplyTo-Contribution-ID") or "",
            request=request,
            cpim=cpim,
        )
        user.inbox.append(received)
        for what in notifications_of(received, behaviour):
            self._clock.callLater(behaviour.imdn_delay, self._notify, received, what)

    def _notify(self, received: ReceivedMessage, what: imdn.Notification) -> None:
        """Send a notification back to the sender (conversation TS 5.4.1, 5.4.2)."""
        request = notification_request(
            received, what, identity=self._identity(), now=self._clock.seconds()
        )
        self._request(request).addErrback(self._unnotified)

    def _unnotified(self, failure: Failure) -> None:
        failure.trap(SipError)
        self._log.info("A notification found nobody: {reason}", reason=failure.value)

    def _tap_request(self, request: Request, body: Body, *, outgoing: bool) -> None:
        if self.tap is nobody:
            return
        now = self._clock.seconds()
        self.tap(request_arrow(request, now, body.cpim, body.imdn, outgoing=outgoing))

    def _tap_response(self, response: Response, body: Body, *, outgoing: bool) -> None:
        if self.tap is nobody:
            return
        now, imdn = self._clock.seconds(), body.imdn is not None
        self.tap(response_arrow(response, now, imdn=imdn, outgoing=outgoing))


def _body_of(request: Request) -> Body:
    """Look into a MESSAGE; what cannot be read is nothing."""
    if request.content_type != CPIM:
        return Body()
    try:
        cpim = parse_cpim(request.body)
        if cpim.content_type.partition(";")[0].lower() != imdn.MEDIA_TYPE:
            return Body(cpim)
        return Body(cpim, imdn.parse_imdn(cpim.content))
    except (CpimError, ImdnError):
        return Body()


def _text(request: Request, cpim: CpimMessage | None) -> str:
    """What the user reads; nothing, where there is no text."""
    kind = cpim.content_type if cpim else request.headers.get("Content-Type") or ""
    try:
        return text_of(kind, cpim.content if cpim else request.body)
    except CannotBecomeText:
        return ""


def _user_of(address: str) -> str:
    """What all URIs of a user have in common: number or user part, in lower case."""
    bare = bare_uri(address).partition(";")[0]
    return bare.partition(":")[2].partition("@")[0].lower()
