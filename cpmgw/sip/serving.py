"""Requests on their way to a handler, and its answers back (RFC 3261 8.2, 9.2)."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, TypeAlias

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.digest import Verifier
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.outputs import Acknowledged, Arrived, Output, Refused
from cpmgw.sip.transport import Flow, SipConnection


class Incoming(msgspec.Struct, frozen=True):
    """A request for a handler.

    `trusted`: its peer may assert identities (RFC 3325). `user` is who authenticated
    where that is asked of peers that are not trusted, otherwise empty.
    """

    request: Request
    peer: Peer
    trusted: bool
    user: str = ""


Handler: TypeAlias = Callable[[Incoming], Awaitable[Response]]


class _Work:
    """A request that a handler is busy with."""

    __slots__ = ("cancelled", "deferred", "flow", "octets", "request", "serial")

    def __init__(self, request: Request, flow: Flow, serial: int) -> None:
        self.request = request
        self.flow = flow
        self.deferred: Deferred[Any] | None = None
        self.cancelled = False
        self.serial = serial
        self.octets = uas.octets(request)


class UserAgentServer:
    """Gives requests to handlers for an endpoint; `carry` carries out what follows.

    `refusing` is set when the endpoint stops: what is new is answered 503.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: EndpointSettings,
        layer: TransactionLayer,
        identifiers: Identifiers,
        carry: Callable[[list[Output]], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._layer = layer
        self._identifiers = identifiers
        self._carry = carry
        self._trusted = uas.TrustedPeers(settings.trusted)
        self._handlers: dict[str, Handler] = {}
        self._served = uas.Served(frozenset())
        self._work: dict[str, _Work] = {}
        self._octets = 0
        self._verifier = _verifier(settings)
        self._serial = 0
        self.alarms: Alarms[tuple[str, int]] = Alarms(self._is_done)
        self.refusing = False

    def __len__(self) -> int:
        return len(self._work)

    def serve(self, method: str, handler: Handler, *, in_dialog: bool) -> None:
        """Have `handler` answer a method; see `Endpoint.serve`."""
        self._handlers[method] = handler
        methods = frozenset(self._handlers) - {"ACK"}
        dialogs = self._served.in_dialog
        dialogs = dialogs | {method} if in_dialog else dialogs - {method}
        self._served = uas.Served(methods, dialogs)

    def handle_timers(self, now: float) -> None:
        """Answer for the handlers that take too long."""
        for key, serial in self.alarms.due(now):
            if not self._is_done((key, serial)):
                self._overran(key, self._work[key])

    def stop(self) -> None:
        """Answer 503 for every handler still at work, and cancel it."""
        for key, work in list(self._work.items()):
            self._finish(key, work)
            self._answer(key, work.flow, uas.overloaded(work.request, self._settings))
            if work.deferred is not None:
                work.deferred.cancel()
        self.alarms.clear()

    def refused(self, refused: Refused) -> None:
        """Answer a request for which the layer has no room."""
        self._log.debug("no room for a transaction")
        self.answer_without_state(
            uas.overloaded(refused.request, self._settings), refused.flow
        )

    def answer_without_state(self, response: Response, flow: Any) -> None:
        """Answer without a transaction; a repeat gets the same tag (8.2.7)."""
        tag = f"{hash(response.headers.raw('Via')[0]) & 0xFFFFFFFFFFFF:x}"
        flow.send(uas.complete(response, flow.peer, self._settings, tag).encode())

    def acknowledged(self, acknowledged: Acknowledged) -> None:
        """Give an ACK to its handler, if there is one."""
        handler = self._handlers.get("ACK")
        if handler is None:
            self._log.debug("dropped an ACK")
            return
        peer: Peer = acknowledged.flow.peer  # type: ignore[attr-defined]
        incoming = Incoming(acknowledged.request, peer, peer.host in self._trusted)
        self._start(handler, incoming).addErrback(self._ack_failed)

    def _ack_failed(self, failure: Failure) -> None:
        self._log.failure("the handler of ACK failed", failure=failure)

    def arrived(self, arrived: Arrived) -> None:
        """Refuse a new request, or give it to its handler."""
        request, key = arrived.request, arrived.key
        flow: Any = arrived.flow
        settings = self._settings
        user = ""
        if request.method == "CANCEL":
            self._answer(key, flow, self._cancelled(request))
            return
        if self.refusing or self._is_full():
            self._answer(key, flow, uas.overloaded(request, settings))
            return
        peer: Peer = flow.peer
        trusted = peer.host in self._trusted
        try:
            refusal = uas.refusal(
                request, self._served, settings, merged=arrived.merged, trusted=trusted
            )
            if refusal is None and self._verifier is not None and not trusted:
                now = self._clock.seconds()
                user, refusal = uas.authenticate(request, self._verifier, now)
            if refusal is None:
                request = uas.plain(request, settings)
        except SipSyntaxError as error:
            refusal = respond(
                request, error.status, error.reason, headers=error.headers
            )
        if refusal is not None:
            self._answer(key, flow, refusal)
        elif (handler := self._handlers.get(request.method)) is None:
            self._answer(key, flow, uas.options(request, self._served, settings))
        else:
            incoming = Incoming(request, peer, trusted, user)
            self._hand_over(key, flow, handler, incoming)

    def _is_full(self) -> bool:
        settings = self._settings
        return (
            len(self._work) >= settings.pending
            or self._octets >= settings.pending_octets
        )

    def _hand_over(
        self, key: str, flow: Flow, handler: Handler, incoming: Incoming
    ) -> None:
        """Start the handler, watched by the clock."""
        self._serial += 1
        work = self._work[key] = _Work(incoming.request, flow, self._serial)
        self._octets += work.octets
        now = self._clock.seconds()
        self.alarms.set(self._settings.handler_timeout, (key, self._serial), now)
        if isinstance(flow, SipConnection):
            flow.began()
        work.deferred = self._start(handler, incoming)
        work.deferred.addCallbacks(
            self._handled,
            self._not_handled,
            callbackArgs=(key, work),
            errbackArgs=(key, work),
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

    def _handled(self, response: Any, key: str, work: _Work) -> None:
        if not self._finish(key, work):
            return
        if isinstance(response, Response) and response.status >= 200:
            try:
                self._answer(key, work.flow, response)
                return
            except Exception:
                self._log.failure("a response cannot be written")
        else:
            self._log.error(
                "the handler of {method} gave no final response",
                method=work.request.method,
            )
        self._answer(key, work.flow, respond(work.request, 500))

    def _not_handled(self, failure: Failure, key: str, work: _Work) -> None:
        if not self._finish(key, work):
            return
        if work.cancelled and failure.check(CancelledError):
            self._answer(key, work.flow, respond(work.request, 487))
            return
        self._log.failure(
            "the handler of {method} failed",
            failure=failure,
            method=work.request.method,
        )
        self._answer(key, work.flow, respond(work.request, 500))

    def _finish(self, key: str, work: _Work) -> bool:
        """Take a request off the list; False if it was answered before."""
        if self._work.get(key) is not work:
            return False
        del self._work[key]
        self._octets -= work.octets
        if isinstance(work.flow, SipConnection):
            work.flow.finished()
        return True

    def _answer(self, key: str, flow: Any, response: Response) -> None:
        """Complete a response and send it by its transaction."""
        ready = uas.complete(
            response, flow.peer, self._settings, self._identifiers.tag()
        )
        self._carry(self._layer.respond(key, ready, self._clock.seconds()))

    def _cancelled(self, cancel: Request) -> Response:
        """Cancel an INVITE whose handler is at work (RFC 3261 9.2)."""
        methods = ("INVITE", *(self._served.methods - {"INVITE"}))
        key = self._layer.invited(cancel, methods)
        if key is None:
            return respond(cancel, 481)
        work = self._work.get(key)
        if work is not None and work.request.method == "INVITE":
            work.cancelled = True
            if work.deferred is not None:
                work.deferred.cancel()
        return respond(cancel, 200)

    def _is_done(self, alarm: tuple[str, int]) -> bool:
        """Whether the handler this alarm is for has answered."""
        work = self._work.get(alarm[0])
        return work is None or work.serial != alarm[1]

    def _overran(self, key: str, work: _Work) -> None:
        """A handler took too long: 504, as a 408 must not answer it (RFC 4320 4.2)."""
        if not self._finish(key, work):
            return
        self._log.error(
            "the handler of {method} took too long", method=work.request.method
        )
        self._answer(key, work.flow, respond(work.request, 504))
        if work.deferred is not None:
            work.deferred.cancel()


def _verifier(settings: EndpointSettings) -> Verifier | None:
    if not settings.users:
        return None
    return Verifier(
        settings.realm or settings.host,
        os.urandom(32),
        {user.username: user.password for user in settings.users},
    )


async def _awaited(answer: Awaitable[Response]) -> Response:
    return await answer
