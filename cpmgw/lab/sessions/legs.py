"""One session towards the gateway: a call and its MSRP stream, in one piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.cpm.headers import identification_of
from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED
from cpmgw.lab.sessions.line import Line
from cpmgw.lab.sessions.streams import Shape
from cpmgw.lab.wire import Wire
from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.node import MsrpNode
from cpmgw.sdp.description import Lines
from cpmgw.sdp.errors import SdpError
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallFailed, CallSettings, End, Ending
from cpmgw.sip.errand import Progress
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Request, Response, respond

if TYPE_CHECKING:
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.incoming import IncomingCall
    from cpmgw.sip.dialogs.outgoing import OutgoingCall

RINGING: Final = 180
DRAIN: Final = 1.0
"""Seconds that calls have to end in when the lab stops."""


class LegUser(Protocol):
    """Whose session it is."""

    async def received(self, content_type: str, content: bytes) -> int:
        """A message has come; the status that answers it."""

    def over(self) -> None:
        """The session has ended; called once, and only after it was established."""


class Legs:
    """All sessions of the CPM side; it sends what their calls have to send (Sender)."""

    def __init__(self, wire: Wire, clock: IReactorTime, node: MsrpNode) -> None:
        self.wire = wire
        self.clock = clock
        self.node = node
        self.calls = Calls(self, clock, CallSettings(drain=DRAIN))
        self._legs: dict[str, Leg] = {}

    def request(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request; its leg is told what calls do not tell: 180s, and BYEs."""
        leg = self._legs.get(request.call_id)

        def progressed(response: Response) -> None:
            if leg is not None:
                leg.ringing += response.status == RINGING
            if progress is not None:
                progress(response)

        answer = self.wire.request(request, timeout=timeout, progress=progressed)
        if leg is not None and request.method == "BYE":
            answer.addCallback(leg.hung_up)
        return answer

    def cancel(self, answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL an INVITE."""
        self.wire.cancel(answer, reasons)

    def acknowledge(self, ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx."""
        return self.wire.acknowledge(ack)

    def add(self, call_id: str, leg: Leg) -> None:
        """A leg has its INVITE now."""
        self._legs[call_id] = leg

    def remove(self, call_id: str) -> None:
        """A leg is over."""
        self._legs.pop(call_id, None)


class _Steady:
    """Who has described a stream once and for all (CallUser)."""

    def answered(self, description: bytes) -> None:
        """The answer to what was said again: the stream stays what it is."""


class Leg(_Steady):
    """One session: the user of its call (CallUser), and its `line` for MSRP.

    `request` is its INVITE and `answer` the final response to that; `ringing` counts
    the 180s, `bye` is the answer to a BYE of ours and `end` how it ended. `established`
    fires once messages can go, and fails with CallFailed where they never will.
    """

    request: Request

    def __init__(self, legs: Legs, shape: Shape, user: LegUser) -> None:
        self.established: Deferred[Leg] = Deferred()
        self.answer: Response | None = None
        self.bye: Response | None = None
        self.end: End | None = None
        self.ringing = 0
        self.line = Line(legs.wire, legs.clock, legs.node, self)
        self._legs = legs
        self._shape = shape
        self._user = user
        self._outgoing: OutgoingCall | None = None
        self._call: Call | None = None
        self._call_id = ""
        self._is_established = False
        self._log = Logger()

    # -- beginning ---------------------------------------------------------------------

    def invite(self, make: Callable[[bytes], Request], attributes: Lines = ()) -> None:
        """Begin it with the INVITE that `make` makes of the offer."""
        inviting = Deferred.fromCoroutine(self._invite(make, attributes))
        inviting.addErrback(self._failed)

    async def _invite(
        self, make: Callable[[bytes], Request], attributes: Lines
    ) -> None:
        stream = await self.line.open(self._shape, attributes)
        self.request = make(stream.offer())
        self._begin(self.request)
        self._outgoing = self._legs.calls.invite(self.request, self)
        try:
            self._call = await self._outgoing.answered
        except CallFailed as error:
            self.answer = error.response
            raise
        self.answer = self._call.answer
        stream.take(self.answer.body if self.answer is not None else b"")

    async def take(self, call: IncomingCall) -> Response:
        """Let one come that was asked for; the 200 for the handler to return."""
        self.request = call.request
        self.established.addErrback(self._unheard)
        try:
            stream = await self.line.open(self._shape)
            body = stream.answer(call.request.body)
            self._call, response = call.accept(
                self, body=body, headers=self._identification()
            )
        except (SdpError, MsrpError) as error:
            self._failed(Failure(error))
            return respond(call.request, 488)
        except BaseException:
            self.line.close()
            raise
        self.answer = response
        self._begin(call.request)
        return response

    def _begin(self, request: Request) -> None:
        self._call_id = request.call_id
        self._legs.add(self._call_id, self)

    def _failed(self, failure: Failure) -> None:
        """It cannot be established, or cannot go on."""
        if not failure.check(SipError, SdpError, MsrpError):
            self._log.failure("a session cannot be established", failure=failure)
        error = failure.value
        if not isinstance(error, CallFailed):
            error = CallFailed(str(error), response=self.answer)
        self.line.close()
        if self._call is not None:
            self._hang_up(TRANSMISSION_FAILED)
        else:
            self._legs.remove(self._call_id)
        if not self.established.called:
            self.established.errback(error)

    def _unheard(self, failure: Failure) -> None:
        """One that came, and that nothing came of."""
        failure.trap(CallFailed)
        self._log.info("A session came to nothing: {why}", why=failure.value)

    # -- while it lasts ----------------------------------------------------------------

    def send(self, content_type: str, content: bytes) -> Deferred[int]:
        """Send a message; fires with its status, 0 where the session ended before."""
        return self.line.send(content_type, content)

    def close(self, reason: str = COMPLETED) -> Deferred[None]:
        """Hang up, or CANCEL what has no answer; fires when that has its answer."""
        if self._call is not None:
            return self._hang_up(reason)
        if self._outgoing is not None:
            self._outgoing.cancel((reason,))
        return succeed(None)

    def hung_up(self, response: Response) -> Response:
        """The answer to a BYE of ours has come."""
        self.bye = response
        return response

    def _hang_up(self, reason: str) -> Deferred[None]:
        assert self._call is not None
        return self._call.bye((reason,))

    def _identification(self) -> tuple[tuple[str, str], ...]:
        return identification_of(self.request.headers).pairs()

    # -- told by the call (CallUser) ---------------------------------------------------

    def acknowledged(self, ack: Request) -> None:
        """The ACK of our 2xx has come: MSRP begins."""
        if self.line.stream is not None:
            self.line.stream.begin()

    async def modified(self, request: Request) -> Response:
        """Another offer of the same stream is answered as the first."""
        if self.line.stream is None:
            return respond(request, 488)
        try:
            return respond(request, 200, body=self.line.stream.answer(request.body))
        except SdpError as error:
            return respond(request, error.status, error.reason)

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """What the 200 to a BYE says."""
        return self._identification()

    def ended(self, end: End) -> None:
        """The call is over."""
        self.end = end
        self._legs.remove(self._call_id)
        if end.how is Ending.BYE_RECEIVED:
            self.line.end()
        else:
            self.line.close()
        if self._is_established:
            self._user.over()
        elif not self.established.called:
            self.established.errback(CallFailed("the call has ended"))

    # -- told by the line (LineUser) ---------------------------------------------------

    async def received(self, content_type: str, content: bytes) -> int:
        """A message has come."""
        return await self._user.received(content_type, content)

    def connected(self) -> None:
        """Messages can go."""
        if not self._is_established:
            self._is_established = True
            self.established.callback(self)

    def lost(self, reason: Exception) -> None:
        """MSRP is of no use any more: so is the session."""
        self._failed(Failure(reason))
