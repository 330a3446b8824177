"""What the rest of the house talks to: send a request, serve a method (RFC 3261)."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any, Final

from twisted.application import service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.connections import Connections
from cpmgw.sip.errors import SipError, SipSyntaxError, TransportFailed
from cpmgw.sip.identifiers import Identifiers, RandomIdentifiers
from cpmgw.sip.listeners import Listeners
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Invalid, parse_datagram
from cpmgw.sip.peer import Peer
from cpmgw.sip.resolver import Hop, Resolver, system_resolver
from cpmgw.sip.serving import Handler, Incoming, UserAgentServer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.outputs import (
    Acknowledged,
    Answered,
    Arrived,
    Failed,
    Output,
    Refused,
    Send,
)
from cpmgw.sip.transport import Flow, SipConnection, UdpFlow
from cpmgw.sip.uac import UserAgentClient

__all__ = ["Endpoint", "EndpointSettings", "Handler", "Incoming", "Peer"]

# Timers may fire this much late, so that a burst of them is one call of the reactor.
_TICK: Final = 0.01
# What stopService waits for connections to close.
_CLOSING: Final = 1.0


class Endpoint(service.Service):
    """A SIP user agent on UDP, TCP and TLS (RFC 3261).

    Time and the network come from `reactor` alone. `resolver` is an RFC 3263 one, by
    default over the system's name servers.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        settings: EndpointSettings,
        resolver: Resolver | None = None,
        ids: Identifiers | None = None,
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._ids = ids or RandomIdentifiers()
        self._layer = TransactionLayer(
            settings.timing,
            limit=settings.transactions,
            trying=partial(uas.trying, settings),
        )
        self._tick: IDelayedCall | None = None
        self._tick_at = inf
        self._drained: Deferred[None] | None = None
        self._connections = Connections(
            reactor, self, settings.connection, settings.limits
        )
        self._listeners = Listeners(reactor, self, settings, self._connections)
        self._resolver = resolver or Resolver(
            lambda: system_resolver(reactor), transports=self._listeners.transports
        )
        self._client = UserAgentClient(
            reactor,
            settings,
            self._layer,
            self._listeners,
            self._connections,
            self._resolver,
            self._ids,
            self._perform,
        )
        self._server = UserAgentServer(
            reactor, settings, self._layer, self._ids, self._perform
        )

    # -- for the house ------------------------------------------------------------

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host, port."""
        return self._listeners.addresses

    @property
    def transactions(self) -> int:
        """How many transactions there are, those that only absorb repeats included."""
        return len(self._layer)

    def serve(self, method: str, handler: Handler, *, in_dialog: bool = False) -> None:
        """Have `handler` answer requests of a method with one final response each.

        With `in_dialog` it gets those with a To tag too; others of them are answered
        481. A handler for "ACK" gets what acknowledges a 2xx; its answer is dropped.
        """
        self._server.serve(method, handler, in_dialog=in_dialog)

    def request(
        self,
        request: Request,
        *,
        destination: str | None = None,
        timeout: float | None = None,
    ) -> Deferred[Response]:
        """Send a request without a Via; fires with the final response.

        It goes to `destination` (a SIP URI), along its Route, to the next hop of the
        settings, or by RFC 3263; further addresses are tried after a failure, a
        time-out or a 503. Fails with TransactionTimeout or TransportFailed. Cancelling
        an INVITE's Deferred sends a CANCEL.
        """
        if not self.running or self._server.refusing:
            deferred: Deferred[Response] = Deferred()
            deferred.errback(TransportFailed("the endpoint is not running"))
            return deferred
        answer = self._client.request(request, destination, timeout)
        self._schedule()
        return answer

    # -- service ------------------------------------------------------------------

    def startService(self) -> None:
        """Bind every listener; fails if one cannot be bound."""
        self._listeners.start()
        self._server.refusing = False
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Refuse new work, wait for what is open at most `drain`, then close all."""
        super().stopService()
        self._server.refusing = True
        drained = self._drained = Deferred()
        limit = self._reactor.callLater(self._settings.drain, self._give_up)

        def end(_: Any) -> Deferred[None]:
            if limit.active():
                limit.cancel()
            return Deferred.fromCoroutine(self._close())

        closed = drained.addCallback(end)
        self._look_if_drained()
        return closed

    def _give_up(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            drained.callback(None)

    def _look_if_drained(self) -> None:
        if (
            self._drained is not None
            and not len(self._server)
            and not len(self._client)
        ):
            self._give_up()

    async def _close(self) -> None:
        self._server.stop()
        self._client.stop()
        self._resolver.close()
        # The ports first: what they let in later would never be closed.
        await self._listeners.stop()
        limit = self._reactor.callLater(_CLOSING, self._connections.abort)
        await self._connections.close()
        if limit.active():
            limit.cancel()
        self._layer.clear()
        if self._tick is not None:
            self._tick.cancel()
            self._tick, self._tick_at = None, inf

    # -- from the transports (Wire) -----------------------------------------------

    def datagram(self, data: bytes, flow: UdpFlow) -> None:
        """Take a datagram; what is broken is answered where it can be."""
        try:
            message = parse_datagram(data, self._settings.limits)
        except SipSyntaxError as error:
            self._broken(error, flow)
            return
        self.message(message, flow)

    def message(self, message: Request | Response, flow: Flow) -> None:
        """Take a message."""
        if isinstance(message, Request):
            flow = self._reply_flow(message.via, flow)
        elif not self._is_ours(message):
            self._log.debug("dropped a response that is not for us")
            return
        self._perform(self._layer.receive(message, flow, self._reactor.seconds()))

    def invalid(self, invalid: Invalid, flow: SipConnection) -> None:
        """Answer what a connection brought instead of a message."""
        self._broken(invalid.error, flow)

    def connected(self, flow: SipConnection) -> None:
        """A connection is up."""
        self._connections.added(flow)
        self._log.debug("connected with {peer}", peer=flow.peer)

    def lost(self, flow: SipConnection, reason: Failure) -> None:
        """A connection is gone: its requests get no answers."""
        self._connections.removed(flow)
        self._log.debug("{peer} is gone: {reason}", peer=flow.peer, reason=reason.value)
        self._perform(self._layer.flow_lost(flow, self._reactor.seconds()))

    def _broken(self, error: SipSyntaxError, flow: Flow) -> None:
        """Answer octets that are no valid message (RFC 4475)."""
        self._log.debug("{peer}: {error}", peer=flow.peer, error=error)
        if error.answer is None:
            return
        try:
            flow = self._reply_flow(error.answer.via, flow)
            self._server.answer_without_state(error.answer, flow)
        except SipError as problem:
            self._log.debug("cannot answer it: {problem}", problem=problem)

    def _reply_flow(self, via: Any, flow: Flow) -> Flow:
        """Where the answer goes (RFC 3261 18.2.2, RFC 3581 4)."""
        if not isinstance(flow, UdpFlow):
            return flow
        port = uas.reply_port(via, flow.port)
        return flow if port == flow.port else UdpFlow(flow.socket, flow.host, port)

    def _is_ours(self, response: Response) -> bool:
        """Whether we are the one it is for (RFC 3261 8.1.3.3, 18.1.2)."""
        headers = response.headers
        lines = headers.raw("Via")
        if len(lines) > 1 or ("," in lines[0] and len(headers.all("Via")) > 1):
            return False
        via = response.via
        return self._listeners.is_sent_by(via.transport, via.host, via.port)

    # -- what the layer gives -----------------------------------------------------

    def _carry(self, outputs: list[Output]) -> None:
        """Carry out what the transaction layer wants."""
        for output in outputs:
            if isinstance(output, Send):
                if not output.flow.send(output.data):  # type: ignore[attr-defined]
                    self._not_sent(output)
            elif isinstance(output, Arrived):
                self._server.arrived(output)
            elif isinstance(output, Answered):
                self._client.answered(output.key, output.response)
            elif isinstance(output, Failed):
                self._client.failed(output.key, timed_out=output.timed_out)
            elif isinstance(output, Refused):
                self._server.refused(output)
            elif isinstance(output, Acknowledged):
                self._server.acknowledged(output)
            else:
                self._log.debug("dropped a stray response")

    def _perform(self, outputs: list[Output]) -> None:
        """Carry out outputs that came of something other than octets or time."""
        self._carry(outputs)
        self._schedule()
        self._look_if_drained()

    def _not_sent(self, send: Send) -> None:
        """Tell the layer, unless it is a response that may go another way (18.2.2)."""
        flow = send.flow
        if not isinstance(flow, SipConnection) or not send.data.startswith(b"SIP/"):
            now = self._reactor.seconds()
            self._carry(self._layer.transport_error(send.key, now))
            return
        try:
            via = parse_datagram(send.data, self._settings.limits).via
        except SipSyntaxError as error:
            self._log.debug("a response was lost: {error}", error=error)
            return
        port = via.port or (5061 if flow.peer.transport == "TLS" else 5060)
        if self._server.refusing or (port == flow.peer.port and via.has("rport")):
            return
        hop = Hop(flow.peer.transport, flow.peer.host, port, via.host)
        there = self._connections.find(hop)
        if there is not None:
            there.send(send.data)
            return
        made = self._connections.reach_back(hop)
        made.addCallback(lambda connection: connection.send(send.data))
        made.addErrback(self._lost_response)

    def _lost_response(self, failure: Failure) -> None:
        self._log.debug("a response was lost: {error}", error=failure.value)

    # -- time ---------------------------------------------------------------------

    def _schedule(self) -> None:
        """Have the reactor call for the next deadline, all timers together."""
        earliest = min(
            self._layer.next_timer,
            self._server.alarms.earliest,
            self._client.alarms.earliest,
        )
        if earliest >= self._tick_at and self._tick is not None:
            return
        if self._tick is not None:
            self._tick.cancel()
            self._tick, self._tick_at = None, inf
        if earliest < inf:
            wait = max(earliest - self._reactor.seconds(), _TICK)
            self._tick_at = earliest
            self._tick = self._reactor.callLater(wait, self._ticked)

    def _ticked(self) -> None:
        self._tick, self._tick_at = None, inf
        now = self._reactor.seconds()
        self._carry(self._layer.handle_timers(now))
        self._client.handle_timers(now)
        self._server.handle_timers(now)
        self._look_if_drained()
        self._schedule()
