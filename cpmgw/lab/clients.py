"""The clients of the CPM users: what they keep, how they behave, what they notify."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.cpm import imdn
from cpmgw.cpm.cpim import CpimMessage
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.client_imdn import notification_request, notifications_of
from cpmgw.lab.conversation import Conversation, Notification, ReceivedMessage
from cpmgw.lab.pager import bare_uri
from cpmgw.lab.wire import Wire
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request


class Identities(Protocol):
    """Where new identifiers come from."""

    def __call__(self) -> str:
        """Give one that was never given before."""


def random_identity() -> str:
    """A UUID (RFC 4122)."""
    return str(uuid.uuid4())


class Clients:
    """All CPM users of the lab, by what their URIs have in common.

    `behaviour` is that of each user who was not told otherwise.
    """

    def __init__(self, wire: Wire, clock: IReactorTime, identity: Identities) -> None:
        self.behaviour = CpmBehaviour()
        self.users: dict[str, Conversation] = {}
        self.identity = identity
        self._wire = wire
        self._clock = clock
        self._behaviours: dict[str, CpmBehaviour] = {}
        self._log = Logger()

    def user(self, address: str) -> Conversation:
        """What a user, by URI, has sent and received."""
        return self.users.setdefault(user_of(address), Conversation(address))

    def behave(self, behaviour: CpmBehaviour, address: str | None = None) -> None:
        """Treat what comes to this user so (to every other one, without an address)."""
        if address is None:
            self.behaviour = behaviour
        else:
            self._behaviours[user_of(address)] = behaviour

    def behaviour_of(self, user: Conversation) -> CpmBehaviour:
        """How what comes to a user is treated."""
        return self._behaviours.get(user_of(user.address), self.behaviour)

    async def hesitate(self, user: Conversation) -> CpmBehaviour:
        """How what comes is treated, once it is time to answer; or never."""
        behaviour = self.behaviour_of(user)
        if behaviour.delay:
            await deferLater(self._clock, behaviour.delay)
        if behaviour.silent:
            await Deferred[None]()
        return behaviour

    def take(
        self,
        user: Conversation,
        received: ReceivedMessage,
        notify: Callable[[ReceivedMessage, imdn.Notification], None],
    ) -> None:
        """Keep a message, and have the client notify (conversation TS 7.2.2.3).

        `notify` sends what it has to say, as soon as the user's behaviour has it.
        """
        user.inbox.append(received)
        behaviour = self.behaviour_of(user)
        for what in notifications_of(received, behaviour):
            self._clock.callLater(behaviour.imdn_delay, notify, received, what)

    def notify(
        self, received: ReceivedMessage, what: imdn.Notification, own: str
    ) -> None:
        """Send a notification of `own`'s by MESSAGE (conversation TS 5.4.1, 5.4.2)."""
        request = notification_request(
            received,
            what,
            own=own,
            identity=self.identity(),
            now=self._clock.seconds(),
        )
        self._wire.request(request).addErrback(self._unnotified)

    def notified(
        self,
        user: Conversation,
        document: imdn.Imdn,
        request: Request,
        cpim: CpimMessage,
        *,
        in_session: bool = False,
    ) -> None:
        """Keep a notification that has come (conversation TS 5.4)."""
        for each in document.notifications:
            user.notify(
                Notification(
                    message_id=document.message_id,
                    kind=each.kind.value,
                    status=each.status.value,
                    at=self._clock.seconds(),
                    request=request,
                    cpim=cpim,
                    in_session=in_session,
                )
            )

    def _unnotified(self, failure: Failure) -> None:
        failure.trap(SipError)
        self._log.info("A notification found nobody: {reason}", reason=failure.value)


def user_of(address: str) -> str:
    """What all URIs of a user have in common: number or user part, in lower case."""
    bare = bare_uri(address).partition(";")[0]
    return bare.partition(":")[2].partition("@")[0].lower()
