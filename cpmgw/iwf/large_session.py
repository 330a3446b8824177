"""One large message from CPM: its call and its MSRP session (TS 6.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.cpm import product
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.headers import identification_of
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.reason import COMPLETED, reason
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.large_outcome import REFUSED, UNKNOWN, bye_reason, of_status
from cpmgw.iwf.media import Answered, Offered, Several, not_acceptable
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpUser, IMsrpWatcher, Received
from cpmgw.records import Answer
from cpmgw.sip.message import Request, Response, respond

if TYPE_CHECKING:
    from cpmgw.iwf.large_message import LargeMessages
    from cpmgw.iwf.standalone import StandaloneMessage
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.incoming import IncomingCall
    from cpmgw.sip.dialogs.interfaces import End

SECTION: Final = "TS 6.1.2"
SDP_TYPE: Final = "application/sdp"
# Seconds from the ACK within which the message is here whole.
PATIENCE: Final = 600.0
# Seconds that the sender has for its BYE once the message was answered.
GRACE: Final = 32.0

T = TypeVar("T")
Fields: TypeAlias = tuple[tuple[str, str], ...]


class _Stage(Enum):
    """How far a large message has come."""

    AWAITED = 1
    IN_HAND = 2
    ANSWERED = 3
    CLOSING = 4
    OVER = 5


@implementer(IMsrpUser, IMsrpWatcher)
class Inlet:
    """Our end of one of the MSRP sessions of a call."""

    __slots__ = ("_message", "_number")

    def __init__(self, message: LargeMessage, number: int) -> None:
        self._message = message
        self._number = number

    def connected(self) -> None:
        """A message can come (IMsrpUser)."""

    async def message(self, received: Received) -> int:
        """It is here; the answer to its last chunk (IMsrpUser)."""
        return await self._message.arrived(self._number, received)

    def report(self, message_id: str, status: int) -> None:
        """Nothing is sent in such a session, and nothing told of it (IMsrpUser)."""

    def lost(self, why: Exception) -> None:
        """Nothing more can come by MSRP (IMsrpUser)."""
        self._message.lost(self._number, str(why))

    def dropped(self, message_id: str) -> None:
        """What had come of a message got nothing more (IMsrpWatcher)."""
        self._message.lost(self._number, "no more of it came")


class LargeMessage:
    """One large message, or files: its call (`CallUser`) and what comes by MSRP.

    A session brings one message. Where there are several, all but the one that is here
    last are answered 200 at once.
    """

    __slots__ = (
        "_alarm",
        "_answer",
        "_arrived",
        "_call",
        "_invite",
        "_messages",
        "_stage",
        "_stream",
        "_why",
    )

    def __init__(self, invite: Request, messages: LargeMessages) -> None:
        self._invite = invite
        self._messages = messages
        self._stage = _Stage.AWAITED
        self._stream: Several | None = None
        self._arrived: dict[int, Received] = {}
        self._call: Call | None = None
        self._answer: Answer | None = None
        self._alarm: IDelayedCall | None = None
        self._why = ""

    # -- the call ----------------------------------------------------------------------

    def accept(self, incoming: IncomingCall, stream: Several) -> Response:
        """Let the message come; the 200 (TS 6.1.2 step 4)."""
        self._stream = stream
        self._call, response = incoming.accept(
            self,
            body=stream.body,
            headers=(*self._headers(), *self._messages.asserted()),
        )
        return response

    def acknowledged(self, ack: Request) -> None:
        """The ACK has come: MSRP may begin, and has its time (CallUser)."""
        if self._stream is None or self._alarm is not None:
            return
        self._expect(PATIENCE, of_status(408))
        try:
            self._stream.begin()
        except MsrpError as error:
            self.lost(None, str(error))

    async def modified(self, request: Request) -> Response:
        """Another offer of the same stream (CallUser)."""
        assert self._stream is not None
        return modified(self._stream, request, self._headers())

    def answered(self, description: bytes) -> None:
        """The answer to what we have said again (CallUser)."""
        assert self._stream is not None
        try:
            self._stream.described(description)
        except CannotInterwork as refusal:
            if self._stage is _Stage.AWAITED:
                self._hang_up(of_status(refusal.status))

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """What the 200 to a BYE says: how the message went, once it did (TS 6.2.4)."""
        return self._answer.headers if self._answer is not None else self._headers()

    def ended(self, end: End) -> None:
        """The call is over: what has come in part is dropped (CallUser)."""
        self._stage = _Stage.OVER
        self._expect_nothing()
        self._forget()
        if self._stream is not None:
            self._stream.close()
        self._messages.ended(self)

    def _forget(self) -> None:
        """Drop what is here of several, and has not gone on."""
        for each in self._arrived.values():
            each.body.close()
        self._arrived.clear()

    def _headers(self) -> Fields:
        """Server and the identifiers that came (TS 6.1.2 step 4 a and b)."""
        server = product.server(self._messages.carrier.service)
        pairs = identification_of(self._invite.headers).pairs()
        return (*pairs, ("Server", server))

    # -- MSRP --------------------------------------------------------------------------

    def inlet(self, number: int) -> Inlet:
        """Our end of a session, counted from 0."""
        return Inlet(self, number)

    async def arrived(self, number: int, received: Received) -> int:
        """A message is here; the answer to its last chunk.

        A session brings one message: a further one is refused.
        """
        assert self._stream is not None
        is_empty = not received.body.size
        is_all = is_empty and self._is_nothing(number) and number not in self._arrived
        if (
            (is_empty and not is_all)
            or self._stage is not _Stage.AWAITED
            or number in self._arrived
        ):
            received.body.close()
            return 200 if is_empty else REFUSED
        self._arrived[number] = received
        if len(self._arrived) < len(self._stream):
            return 200
        whole = [self._arrived[each] for each in sorted(self._arrived)]
        self._arrived = {}
        return await self._taken(whole)

    def _is_nothing(self, number: int) -> bool:
        """Whether what is to come in a session is a file without an octet."""
        assert self._stream is not None
        selector = self._stream.streams[number].stream.file.selector
        return selector is not None and selector.size == 0

    async def _taken(self, received: Sequence[Received]) -> int:
        """Have it all delivered; whatever comes of it, the session then ends."""
        self._stage = _Stage.IN_HAND
        self._expect_nothing()
        try:
            status = await self._delivered(received)
        finally:
            if self._stage is _Stage.IN_HAND:  # not foreseen: it may have left
                self._settle(of_status(500), ANSWER_FIRST)
        self._messages.traffic.large[status] += 1
        return status

    def lost(self, number: int | None, why: str) -> None:
        """Nothing more can come in a session, or in any: hang up if it is missed."""
        if self._stage is _Stage.AWAITED and number not in self._arrived:
            self._messages.log.debug("large message lost: {why}", why=why)
            self._hang_up(of_status(408))

    async def _delivered(self, received: Sequence[Received]) -> int:
        """Have it delivered, or wait no longer than policy does; the MSRP status."""
        messages = self._messages
        try:
            self._answer = await self._in_time(self._read(received), received)
        except TimeoutError:
            self._settle(of_status(UNKNOWN), GRACE)
            return UNKNOWN
        except CannotInterwork as refusal:
            messages.traffic.refuse(refusal.status, refusal.cause)
            messages.log.debug(
                "large message refused: {refusal}: {why}",
                refusal=str(refusal),
                why=refusal.warning,
            )
            why = bye_reason(refusal, messages.carrier.failure())
            self._settle(why, ANSWER_FIRST)
            return messages.outcomes.status(refusal)
        self._settle(COMPLETED, GRACE)
        return 200

    def _read(self, received: Sequence[Received]) -> StandaloneMessage:
        """The message; its bodies are closed where it cannot be read."""
        assert self._stream is not None
        try:
            return self._messages.read(self._invite, received, self._stream)
        except Exception:
            _then_close(None, received)
            raise

    def _in_time(
        self, message: StandaloneMessage, received: Sequence[Received]
    ) -> Deferred[Answer]:
        """Fires with what the service answers; TimeoutError once policy has had enough.

        What is under way then goes on, and notifications tell of it.
        """
        messages = self._messages
        heard: Deferred[Answer] = Deferred()
        timeout = messages.mode.patience(messages.policy())
        if timeout:
            heard.addTimeout(timeout, messages.clock)
        work = Deferred.fromCoroutine(self._carried(message, heard))
        work.addBoth(_then_close, received)
        work.addErrback(self._not_told)
        return heard

    async def _carried(
        self, message: StandaloneMessage, heard: Deferred[Answer]
    ) -> None:
        """Have it delivered, and say so to whoever still hears it.

        A sender who does not, because of a BYE or an early 408, is told of a failure
        as of one that shows later (TS 6.2.3), unless nobody knows what has left.
        """
        carrier = self._messages.carrier
        try:
            answer = await carrier.carry(message)
        except CannotInterwork as refusal:
            is_heard = not heard.called and self._stage is not _Stage.OVER
            if heard.called:
                self._messages.traffic.refuse(refusal.status, refusal.cause)
            else:
                heard.errback(refusal)
            if not (is_heard or refusal.may_have_left):
                await carrier.undelivered(message)
        except Exception as error:
            if heard.called:
                raise
            heard.errback(error)
        else:
            if not heard.called:
                heard.callback(answer)

    def _not_told(self, failure: Failure) -> None:
        self._messages.log.failure("a large message nobody waited for", failure)

    # -- its end -----------------------------------------------------------------------

    @property
    def is_to_be_answered(self) -> bool:
        """Whether its MSRP answer is still to be given, or on its way."""
        return self._stage in (_Stage.IN_HAND, _Stage.ANSWERED)

    def leave(self, patience: float) -> None:
        """The gateway stops: hang up; what is in hand has so many seconds."""
        if self._stage is _Stage.AWAITED:
            self._hang_up(reason(480, self._messages.carrier.failure()))
        elif self._stage is _Stage.ANSWERED:
            self._expect(ANSWER_FIRST, self._why)
        elif self._stage is _Stage.IN_HAND:
            self._expect(patience, of_status(UNKNOWN))

    def _settle(self, why: str, grace: float) -> None:
        """It is answered: hang up where its sender has not, so many seconds later."""
        if self._stage in (_Stage.CLOSING, _Stage.OVER):
            return
        self._stage = _Stage.ANSWERED
        if self._messages.is_stopping:
            grace = ANSWER_FIRST
        self._expect(grace, why)

    def _expect(self, seconds: float, why: str) -> None:
        """Hang up then, unless something else is expected by that time."""
        self._expect_nothing()
        self._why = why
        clock = self._messages.clock
        self._alarm = clock.callLater(seconds, self._hang_up, why)

    def _expect_nothing(self) -> None:
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()

    def _hang_up(self, why: str) -> None:
        """Say BYE; what comes after it is not taken any more."""
        if self._call is None or self._stage in (_Stage.CLOSING, _Stage.OVER):
            return
        self._stage = _Stage.CLOSING
        self._expect_nothing()
        self._call.bye((why,)).addErrback(self._not_hung_up)
        self._messages.look_if_quiet()

    def _not_hung_up(self, failure: Failure) -> None:
        self._messages.log.failure("BYE of a large message", failure)


def _then_close(outcome: T, received: Sequence[Received]) -> T:
    """Free what nobody reads any more."""
    for each in received:
        each.body.close()
    return outcome


def modified(
    stream: Several | Answered | Offered, request: Request, headers: Fields
) -> Response:
    """The answer to another offer of a stream: as it was, or 488 (RFC 3264 8)."""
    try:
        body = stream.modify(offer_in(request))
    except CannotInterwork as refusal:
        return respond(request, refusal.status, refusal.reason, headers=headers)
    return respond(request, 200, headers=headers, body=body)


def offer_in(request: Request) -> bytes:
    """The session description, also beside a recipient list (RFC 5366 4)."""
    content_type = request.headers.get("Content-Type") or ""
    try:
        found = body_of_type(content_type, request.body, SDP_TYPE)
    except MimeError:
        found = None
    if found is None:
        raise not_acceptable(f"{SECTION} step 1", "no session description")
    return found
