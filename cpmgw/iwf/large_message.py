"""Large messages from CPM, whatever the service that takes them (TS 6.1.2).

A session brings exactly one message: an INVITE, MSRP, and a BYE from either side. What
the service says of the message answers its last chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm import product
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.features import Feature, tag
from cpmgw.cpm.headers import identification_of
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.reason import COMPLETED, reason
from cpmgw.cpm.warning import SIZE_EXCEEDED
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.media import Answered, Media, Offered, Wanted, not_acceptable
from cpmgw.iwf.standalone import StandaloneMessage, read_large
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpUser, Received
from cpmgw.policy import PolicySource
from cpmgw.records import Answer
from cpmgw.sdp.roles import Direction
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.calls import Calls
    from cpmgw.sip.dialogs.incoming import IncomingCall
    from cpmgw.sip.dialogs.interfaces import End
    from cpmgw.sip.legs import Incoming
    from cpmgw.traffic import Traffic

SECTION: Final = "TS 6.1.2"
SDP_TYPE: Final = "application/sdp"
# Seconds from the ACK within which the message is here whole.
PATIENCE: Final = 600.0
# Seconds that the sender has for its BYE once the message was answered.
GRACE: Final = 32.0
# The answer to the last chunk of what is refused (TS 6.2.3 B, 6.2.2.1.5 step 2a).
REFUSED: Final = 413
# What SIP and MSRP say alike.
_ALIKE: Final = frozenset((400, 408))
# What is wrong with a message itself, whoever were to deliver it.
_OF_CONTENT: Final = frozenset(
    ("alphabet", "anonymity", "content", "notification", "too-large", "unreadable")
)

Fields: TypeAlias = tuple[tuple[str, str], ...]


class Carrier(Protocol):
    """The service that takes large messages."""

    service: str
    """Its Non-CPM Communication Service Identifier (App. D)."""
    content: tuple[str, ...]
    """The media types of which there must be one."""

    @property
    def max_size(self) -> int:
        """The largest content that is looked at, in octets."""

    def admit(self, invite: Request) -> None:
        """CannotInterwork where no message of this INVITE could be delivered now."""

    async def carry(self, message: StandaloneMessage) -> Answer:
        """Deliver; what the service answered, or CannotInterwork.

        The headers of the answer go into that of the BYE (TS 6.2.4).
        """

    def failure(self) -> str:
        """What a BYE says of a service that could not deliver (TS 6.2.3 B)."""


class LargeMessages:
    """The large messages of one IWF, from CPM."""

    log = Logger()

    def __init__(
        self,
        calls: Calls,
        media: Media,
        carrier: Carrier,
        network: ICpmNetwork,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        clock: IReactorTime,
        now: Callable[[], float],
        traffic: Traffic,
    ) -> None:
        self.traffic = traffic
        self.carrier = carrier
        self.policy = policy
        self.plan = plan
        self.clock = clock
        self.now = now
        self._media = media
        self._calls = calls
        self._network = network
        self._open: set[LargeMessage] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def invite(self, incoming: Incoming) -> Response:
        """Answer the INVITE of a large message; CannotInterwork if it is refused."""
        request = incoming.request
        self.carrier.admit(request)
        contact = self._network.contact(incoming.peer.transport)
        call = self._calls.incoming(incoming, f"<{contact}>;{tag(Feature.LARGE)}")
        wanted = Wanted(
            direction=Direction.RECVONLY,
            section=f"{SECTION} step 1",
            content=self.carrier.content,
            max_size=self.carrier.max_size,
        )
        message = LargeMessage(request, self)
        stream = await self._media.answer(_offer_in(request), wanted, message)
        try:
            self._check_size(stream)
            response = message.accept(call, stream)
        except Exception:
            stream.close()
            raise
        self._open.add(message)
        return response

    def _check_size(self, stream: Answered) -> None:
        """CannotInterwork 413 for what announces more than is taken."""
        selector = stream.stream.file.selector
        size = selector.size if selector is not None else None
        if size is not None and size > self.carrier.max_size:
            raise _too_large(size)

    def ended(self, message: LargeMessage) -> None:
        """The session of a message is over."""
        self._open.discard(message)

    async def deliver(self, invite: Request, received: Received) -> Answer:
        """Have the service deliver what has come; CannotInterwork if it does not."""
        size = received.body.size
        if size > self.carrier.max_size:
            raise _too_large(size)
        message = read_large(
            invite,
            self.now(),
            self.plan(),
            content_type=received.content_type,
            content=received.body.read(),
        )
        received.body.close()
        return await self.carrier.carry(message)


class _Stage(Enum):
    """How far a large message has come."""

    AWAITED = 1
    IN_HAND = 2
    ANSWERED = 3
    OVER = 4


@implementer(IMsrpUser)
class LargeMessage:
    """One large message: its call (`CallUser`) and its MSRP session (`IMsrpUser`)."""

    __slots__ = (
        "_alarm",
        "_answer",
        "_call",
        "_invite",
        "_messages",
        "_stage",
        "_stream",
    )

    def __init__(self, invite: Request, messages: LargeMessages) -> None:
        self._invite = invite
        self._messages = messages
        self._stage = _Stage.AWAITED
        self._stream: Answered | None = None
        self._call: Call | None = None
        self._answer: Answer | None = None
        self._alarm: IDelayedCall | None = None

    # -- the call ----------------------------------------------------------------------

    def accept(self, incoming: IncomingCall, stream: Answered) -> Response:
        """Let the message come; the 200 (TS 6.1.2 step 4)."""
        self._stream = stream
        self._call, response = incoming.accept(
            self, body=stream.body, headers=self._headers()
        )
        return response

    def acknowledged(self, ack: Request) -> None:
        """The ACK has come: MSRP may begin, and has its time (CallUser)."""
        if self._stream is None or self._alarm is not None:
            return
        self._expect(PATIENCE, reason(408, reason_for(408)))
        try:
            self._stream.begin()
        except MsrpError as error:
            self.lost(error)

    async def modified(self, request: Request) -> Response:
        """Another offer of the same stream (CallUser)."""
        assert self._stream is not None
        return modified(self._stream, request, self._headers())

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """What the 200 to a BYE says: how the message went, once it did (TS 6.2.4)."""
        return self._answer.headers if self._answer is not None else self._headers()

    def ended(self, end: End) -> None:
        """The call is over: what has come in part is dropped (CallUser)."""
        self._stage = _Stage.OVER
        self._expect_nothing()
        if self._stream is not None:
            self._stream.close()
        self._messages.ended(self)

    def _headers(self) -> Fields:
        """Server and the identifiers that came (TS 6.1.2 step 4 a and b)."""
        server = product.server(self._messages.carrier.service)
        pairs = identification_of(self._invite.headers).pairs()
        return (*pairs, ("Server", server))

    # -- MSRP --------------------------------------------------------------------------

    def connected(self) -> None:
        """The message can come (IMsrpUser)."""

    async def message(self, received: Received) -> int:
        """It is here; the answer to its last chunk (IMsrpUser).

        A session brings one message: a further one is refused.
        """
        try:
            if not received.body.size:
                return 200
            if self._stage is not _Stage.AWAITED:
                return REFUSED
            return await self._taken(received)
        finally:
            received.body.close()

    async def _taken(self, received: Received) -> int:
        """Have the message delivered; whatever comes of it, the session then ends."""
        self._stage = _Stage.IN_HAND
        self._expect_nothing()
        try:
            status = await self._delivered(received)
        finally:
            if self._stage is _Stage.IN_HAND:  # what was not foreseen
                self._settle(reason(480, self._messages.carrier.failure()), 0)
        self._messages.traffic.large[status] += 1
        return status

    def report(self, message_id: str, status: int) -> None:
        """Nothing is sent in such a session, and nothing told of it (IMsrpUser)."""

    def lost(self, why: Exception) -> None:
        """Nothing more can come by MSRP (IMsrpUser)."""
        if self._stage is _Stage.AWAITED:
            self._messages.log.debug("large message lost: {why}", why=str(why))
            self._hang_up(reason(408, reason_for(408)))

    async def _delivered(self, received: Received) -> int:
        """Have it delivered, or wait no longer than policy does; the MSRP status."""
        try:
            self._answer = await self._in_time(received)
        except TimeoutError:
            self._settle(reason(408, reason_for(408)), GRACE)
            return 408
        except CannotInterwork as refusal:
            self._messages.traffic.refuse(refusal.status, refusal.cause)
            self._messages.log.debug(
                "large message refused: {refusal}: {why}",
                refusal=str(refusal),
                why=refusal.warning,
            )
            self._settle(self._blame(refusal), 0)  # after the answer
            return refusal.status if refusal.status in _ALIKE else REFUSED
        self._settle(COMPLETED, GRACE)
        return 200

    def _in_time(self, received: Received) -> Deferred[Answer]:
        """Fires with what the service answers; TimeoutError once policy has had enough.

        What is under way then goes on, and notifications tell of it.
        """
        messages = self._messages
        answer = Deferred.fromCoroutine(messages.deliver(self._invite, received))
        timeout = messages.policy().large.early_timeout
        if timeout:
            answer.addTimeout(timeout, messages.clock)
        return answer

    def _blame(self, refusal: CannotInterwork) -> str:
        """The Reason of the BYE: what was wrong with the message, or the service's.

        TS 6.2.3 B gives all that a service could not deliver the cause 480, so that it
        may be deferred. A message that nobody could deliver has its own.
        """
        if refusal.cause in _OF_CONTENT:
            return reason(refusal.status, reason_for(refusal.status))
        return reason(480, self._messages.carrier.failure())

    # -- its end -----------------------------------------------------------------------

    def _settle(self, why: str, grace: float) -> None:
        """It is answered: hang up where its sender has not, so many seconds later."""
        if self._stage is not _Stage.OVER:
            self._stage = _Stage.ANSWERED
            self._expect(grace, why)

    def _expect(self, seconds: float, why: str) -> None:
        """Hang up then, unless something else is expected by that time."""
        self._expect_nothing()
        clock = self._messages.clock
        self._alarm = clock.callLater(seconds, self._hang_up, why)

    def _expect_nothing(self) -> None:
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()

    def _hang_up(self, why: str) -> None:
        if self._call is not None and self._stage is not _Stage.OVER:
            self._call.bye((why,)).addErrback(self._not_hung_up)

    def _not_hung_up(self, failure: Failure) -> None:
        self._messages.log.failure("BYE of a large message", failure)


def modified(stream: Answered | Offered, request: Request, headers: Fields) -> Response:
    """The answer to another offer of a stream: as it was, or 488 (RFC 3264 8)."""
    try:
        body = stream.modify(_offer_in(request))
    except CannotInterwork as refusal:
        return respond(request, refusal.status, refusal.reason, headers=headers)
    return respond(request, 200, headers=headers, body=body)


def _offer_in(request: Request) -> bytes:
    """The session description, also beside a recipient list (RFC 5366 4)."""
    content_type = request.headers.get("Content-Type") or ""
    try:
        found = body_of_type(content_type, request.body, SDP_TYPE)
    except MimeError:
        found = None
    if found is None:
        raise not_acceptable(f"{SECTION} step 1", "no session description")
    return found


def _too_large(size: int) -> CannotInterwork:
    return CannotInterwork(
        413,
        reason_for(413),
        cause="too-large",
        section=SECTION,
        warning=f"a message of {size} octets",
        warning_code=SIZE_EXCEEDED,
    )
