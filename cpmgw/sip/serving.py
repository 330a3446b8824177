"""Requests on their way to a handler, and its answers back (RFC 3261 8.2, 9.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, TypeAlias

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.admission import Admission
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.legs import Handler, Incoming, ServerLeg
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.machine import State
from cpmgw.sip.transaction.outputs import Acknowledged, Arrived, Output, Refused
from cpmgw.sip.transport import Flow, SipConnection

__all__ = ["Handler", "Incoming", "Refusals", "ServerLeg", "UserAgentServer"]

Refusals: TypeAlias = Callable[[str, int], None]
"""Told the method and the status of each failure that no handler gave."""


class UserAgentServer:
    """Gives requests to handlers for an endpoint; `carry` carries out what follows.

    `refusing` is set when the endpoint stops: what is new is answered 503. `refused` is
    told of each failure that no handler gave.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: EndpointSettings,
        layer: TransactionLayer,
        identifiers: Identifiers,
        carry: Callable[[list[Output]], None],
        admission: Admission,
        refused: Refusals,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._layer = layer
        self._identifiers = identifiers
        self._carry = carry
        self._admission = admission
        self._tell = refused
        self._handlers: dict[str, Handler] = {}
        self._work: dict[str, ServerLeg] = {}
        self._octets = 0
        self._ringing = 0
        self._ringing_octets = 0
        self._serial = 0
        self.alarms: Alarms[tuple[str, int]] = Alarms(self._is_done)
        self.refusing = False

    def __len__(self) -> int:
        return len(self._work)

    def serve(
        self, method: str, handler: Handler, *, in_dialog: bool, proxied: bool
    ) -> None:
        """Have `handler` answer a method; see `Endpoint.serve`."""
        self._handlers[method] = handler
        self._admission.serve(method, in_dialog=in_dialog, proxied=proxied)

    def update(self, settings: EndpointSettings) -> None:
        """Go by these settings from now on; see `Endpoint.update`."""
        self._settings = settings
        self._admission.update(settings)

    def handle_timers(self, now: float) -> None:
        """Answer for the handlers that take too long."""
        for alarm in self.alarms.due(now):
            if self._is_done(alarm):
                continue
            leg = self._work[alarm[0]]
            if now < leg.until:
                self.alarms.set(self._settings.handler_timeout, alarm, now)
            else:
                self._overran(leg)

    def stop(self) -> None:
        """Answer 503 for every handler still at work, and cancel it."""
        for leg in list(self._work.values()):
            self._finish(leg)
            self._fail(leg, uas.overloaded(leg.request, self._settings))
            if leg.deferred is not None:
                leg.deferred.cancel()
        self.alarms.clear()

    def refused(self, refused: Refused) -> None:
        """Answer a request for which the layer has no room."""
        self._log.debug("no room for a transaction")
        response = uas.overloaded(refused.request, self._settings)
        self.refuse_without_state(response, refused.flow)

    def refuse_without_state(self, response: Response, flow: Any) -> None:
        """Refuse without a transaction; a repeat gets the same tag (8.2.7)."""
        self._tell(_method_of(response), response.status)
        response = uas.explained(response, self._settings)
        tag = f"{hash(response.headers.raw('Via')[0]) & 0xFFFFFFFFFFFF:x}"
        flow.send(uas.complete(response, flow.peer, self._settings, tag).encode())

    def acknowledged(self, acknowledged: Acknowledged) -> None:
        """Give an ACK to its handler, if there is one."""
        handler = self._handlers.get("ACK")
        if handler is None:
            self._log.debug("dropped an ACK")
            return
        peer: Peer = acknowledged.flow.peer  # type: ignore[attr-defined]
        flow: Any = acknowledged.flow
        ack, now = acknowledged.request, self._clock.seconds()
        leg = ServerLeg(self, "", ack, flow, 0)
        trusted = peer.host in self._admission.trusted
        user = self._admission.acknowledged(ack, now, trusted=trusted)
        incoming = Incoming(ack, peer, trusted, leg, user)
        self._start(handler, incoming).addErrback(self._ack_failed)

    def _ack_failed(self, failure: Failure) -> None:
        self._log.failure("the handler of ACK failed", failure=failure)

    def arrived(self, arrived: Arrived) -> None:
        """Refuse a new request, or give it to its handler."""
        request, key = arrived.request, arrived.key
        flow: Any = arrived.flow
        settings = self._settings
        if request.method == "CANCEL":
            self._cancelled(key, flow, request)
            return
        if self.refusing or self._is_full(request):
            self._refuse(key, flow, uas.overloaded(request, settings))
            return
        peer: Peer = flow.peer
        trusted = peer.host in self._admission.trusted
        now = self._clock.seconds()
        admitted, user = self._admission.admit(
            request, now, merged=arrived.merged, trusted=trusted
        )
        if isinstance(admitted, Response):
            self._refuse(key, flow, admitted)
        elif (handler := self._handler_of(request)) is None:
            allowed = uas.options(request, self._admission.served, settings)
            self._answer(key, flow, allowed, self.new_tag())
        else:
            self._serial += 1
            leg = ServerLeg(self, key, admitted, flow, self._serial)
            incoming = Incoming(admitted, peer, trusted, leg, user)
            self._hand_over(leg, handler, incoming, now)

    def _handler_of(self, request: Request) -> Handler | None:
        """Who serves an admitted request; None for OPTIONS that nobody serves."""
        return self._handlers.get(self._admission.served.name_of(request))

    def _is_full(self, request: Request) -> bool:
        """Whether there is no room for a request; an INVITE needs room to ring too."""
        settings = self._settings
        if (
            len(self._work) - self._ringing >= settings.pending
            or self._octets >= settings.pending_octets
        ):
            return True
        return request.method == "INVITE" and (
            self._ringing >= settings.ringing
            or self._ringing_octets >= settings.pending_octets
        )

    def _hand_over(
        self, leg: ServerLeg, handler: Handler, incoming: Incoming, now: float
    ) -> None:
        """Start the handler, watched by the clock."""
        self._work[leg.key] = leg
        self._octets += leg.octets
        self.alarms.set(self._settings.handler_timeout, (leg.key, leg.serial), now)
        flow = leg.flow
        if isinstance(flow, SipConnection):
            flow.began()
        leg.deferred = self._start(handler, incoming)
        leg.deferred.addCallbacks(
            self._handled,
            self._not_handled,
            callbackArgs=(leg,),
            errbackArgs=(leg,),
        )

    def _start(self, handler: Handler, incoming: Incoming) -> Deferred[Any]:
        try:
            answer = handler(incoming)
        except Exception:
            failed: Deferred[Any] = Deferred()
            failed.errback(Failure())
            return failed
        if isinstance(answer, Deferred):
            return answer
        if isinstance(answer, CoroutineType):
            return Deferred.fromCoroutine(answer)
        return Deferred.fromCoroutine(_awaited(answer))

    def _handled(self, response: Any, leg: ServerLeg) -> None:
        if not self._finish(leg):
            return
        if isinstance(response, Response) and response.status >= 200:
            try:
                self._answer(leg.key, leg.flow, response, leg.tag)
            except Exception:
                self._log.failure("a response cannot be written")
            else:
                self._tell_finished(leg, response.status)
                return
        else:
            self._log.error(
                "the handler of {method} gave no final response",
                method=leg.request.method,
            )
        self._fail(leg, respond(leg.request, 500))

    def _not_handled(self, failure: Failure, leg: ServerLeg) -> None:
        if not self._finish(leg):
            return
        if failure.check(CancelledError) and (leg.given_up or leg.cancelled):
            self._fail(leg, respond(leg.request, leg.given_up or 487))
            return
        self._log.failure(
            "the handler of {method} failed",
            failure=failure,
            method=leg.request.method,
        )
        self._fail(leg, respond(leg.request, 500))

    def _finish(self, leg: ServerLeg) -> bool:
        """Take a request off the list; False if it was answered before."""
        if self._work.get(leg.key) is not leg:
            return False
        del self._work[leg.key]
        leg.on_cancel = None
        flow = leg.flow
        if leg.rings:
            self._ringing -= 1
            self._ringing_octets -= leg.octets
            if isinstance(flow, SipConnection):
                flow.finished_ringing()
            return True
        self._octets -= leg.octets
        if isinstance(flow, SipConnection):
            flow.finished()
        return True

    def _tell_finished(self, leg: ServerLeg, status: int) -> None:
        try:
            leg.finished(status)
        except Exception:
            self._log.failure("a handler cannot be told of its end")

    def _ring(self, leg: ServerLeg) -> None:
        """Have a request take no place among those in work any more."""
        leg.rings = True
        self._ringing += 1
        self._ringing_octets += leg.octets
        self._octets -= leg.octets
        if isinstance(leg.flow, SipConnection):
            leg.flow.began_to_ring()

    def _fail(self, leg: ServerLeg, response: Response) -> None:
        """Answer in the handler's stead."""
        self._tell(leg.request.method, response.status)
        self._answer(leg.key, leg.flow, response, leg.tag)
        self._tell_finished(leg, response.status)

    def _refuse(self, key: str, flow: Flow, response: Response) -> None:
        """Answer a request that no handler has seen."""
        self._tell(response.cseq.method, response.status)
        explained = uas.explained(response, self._settings)
        self._answer(key, flow, explained, self.new_tag())

    def _answer(self, key: str, flow: Flow, response: Response, tag: str) -> None:
        """Complete a response and send it by its transaction."""
        ready = uas.complete(response, flow.peer, self._settings, tag)
        self._carry(self._layer.respond(key, ready, self._clock.seconds()))

    def _cancelled(self, key: str, flow: Flow, cancel: Request) -> None:
        """Cancel an INVITE whose handler is at work (RFC 3261 9.2)."""
        methods = ("INVITE", *(self._admission.served.methods - {"INVITE"}))
        invited = self._layer.invited(cancel, methods)
        if invited is None:
            self._refuse(key, flow, respond(cancel, 481))
            return
        leg = self._work.get(invited)
        if leg is None or leg.request.method != "INVITE":
            self._answer(key, flow, respond(cancel, 200), self.new_tag())
            return
        self._answer(key, flow, respond(cancel, 200), leg.tag)
        leg.reasons = uas.reasons(cancel)
        self._give_up(leg)

    def _give_up(self, leg: ServerLeg) -> None:
        """Tell the handler, or end it if it did not ask to be told."""
        again, leg.cancelled = leg.cancelled, True
        if leg.on_cancel is None:
            if leg.deferred is not None:
                leg.deferred.cancel()
        elif not again:
            try:
                leg.on_cancel()
            except Exception:
                self._log.failure("a handler cannot be told of a CANCEL")

    def _is_done(self, alarm: tuple[str, int]) -> bool:
        """Whether the handler this alarm is for has answered."""
        leg = self._work.get(alarm[0])
        return leg is None or leg.serial != alarm[1]

    def _overran(self, leg: ServerLeg) -> None:
        """A handler took too long: 504, as a 408 must not answer it (RFC 4320 4.2)."""
        if not self._finish(leg):
            return
        self._log.error(
            "the handler of {method} took too long", method=leg.request.method
        )
        self._fail(leg, respond(leg.request, 504))
        if leg.deferred is not None:
            leg.deferred.cancel()

    # -- from the handlers (Server) -----------------------------------------------

    def took_over(self, leg: ServerLeg) -> None:
        """Give a handler until Timer C, and twice what its own answers may take.

        An INVITE that is still in work gives back the place that it had.
        """
        timing = self._settings.timing
        patience = self._settings.timer_c + 2 * timing.transaction
        leg.until = self._clock.seconds() + patience
        if leg.rings or leg.request.method != "INVITE":
            return
        if self._work.get(leg.key) is leg:
            self._ring(leg)

    def provisional(self, leg: ServerLeg, response: Response) -> None:
        """Send a provisional response; who took over has his time anew."""
        if self._work.get(leg.key) is not leg:
            return
        if leg.on_cancel is not None:
            self.took_over(leg)
        self._answer(leg.key, leg.flow, response, leg.tag)

    def success_again(self, leg: ServerLeg, response: Response) -> None:
        """Send a further 2xx while the transaction is there to take it (RFC 6026)."""
        if self._layer.state(leg.key) is State.ACCEPTED:
            self._answer(leg.key, leg.flow, response, leg.tag)

    def new_tag(self) -> str:
        """A To tag that nobody has."""
        return self._identifiers.tag()


def _method_of(response: Response) -> str:
    """The method that was answered; empty where the request did not say."""
    try:
        return response.cseq.method
    except SipSyntaxError:
        return ""


async def _awaited(answer: Awaitable[Response]) -> Response:
    return await answer
