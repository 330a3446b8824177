"""The ACK of a 2xx: a request without a transaction (RFC 3261 13.2.2.4, 16.6)."""

from __future__ import annotations

from typing import NoReturn

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.attempts import Sockets, name_of
from cpmgw.sip.connections import Connections
from cpmgw.sip.errors import SipError, TransportFailed
from cpmgw.sip.forwarding import Forwarding
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.message import Request
from cpmgw.sip.resolver import Hop, Resolver
from cpmgw.sip.routing import completed, next_hop_of, route, secure_hops, with_via
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transport import Flow


class Acknowledger:
    """Sends each ACK once, to the first of its addresses that can be sent to."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: EndpointSettings,
        sockets: Sockets,
        connections: Connections,
        resolver: Resolver,
        identifiers: Identifiers,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._sockets = sockets
        self._connections = connections
        self._resolver = resolver
        self._identifiers = identifiers
        self._next_hop = next_hop_of(settings.next_hop)
        self._open: set[Deferred[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def send(
        self, ack: Request, destination: str | None, forwarding: Forwarding | None
    ) -> Deferred[None]:
        """Send an ACK; fires when it has left, fails with a SipError where it cannot.

        With `forwarding` it is the copy of a proxied one, to which only the Via is
        added.
        """
        if len(self._open) >= self._settings.pending:
            return fail(TransportFailed("too many ACKs are on their way"))
        sending = Deferred.fromCoroutine(self._send(ack, destination, forwarding))
        if not sending.called:
            self._open.add(sending)
            sending.addTimeout(self._settings.timing.transaction, self._clock)
            sending.addBoth(self._gone, sending)
            sending.addErrback(_not_in_time)
        return sending

    def stop(self) -> None:
        """Give up those that are still on their way."""
        for sending in list(self._open):
            sending.cancel()

    def _gone(self, result: None, sending: Deferred[None]) -> None:
        self._open.discard(sending)
        return result

    async def _send(
        self, ack: Request, destination: str | None, forwarding: Forwarding | None
    ) -> None:
        next_hop = None
        if forwarding is None:
            ack, next_hop = completed(ack, self._settings.user_agent), self._next_hop
        ack, target = route(ack, destination=destination, next_hop=next_hop)
        mark = "" if forwarding is None else forwarding.mark
        error: SipError = TransportFailed("no address")
        hops = self._resolver.immediate(target)
        if hops is None:
            hops = await self._resolver.hops(target)
        if forwarding is not None:
            hops = secure_hops(ack, hops)
        for hop in hops[: self._settings.addresses]:
            try:
                await self._leave(ack, hop, f"{self._identifiers.branch()}{mark}")
            except TransportFailed as failure:
                error = failure
            else:
                return
        raise error

    async def _leave(self, ack: Request, hop: Hop, branch: str) -> None:
        """Send it to one address; a large one goes over TCP if it can (18.1.1)."""
        if hop.transport != "UDP":
            await self._by_connection(ack, hop, branch)
            return
        flow = self._sockets.udp_flow(hop.host, hop.port)
        if flow is None:
            raise TransportFailed(f"no UDP port to reach {name_of(hop)} from")
        data = self._dressed(ack, "UDP", branch)
        if len(data) > self._settings.datagram:
            instead = Hop("TCP", hop.host, hop.port, hop.name)
            try:
                await self._by_connection(ack, instead, branch)
            except TransportFailed as failure:
                self._log.debug("a large ACK goes over UDP: {error}", error=failure)
            else:
                return
        _sent(flow, data, hop)

    async def _by_connection(self, ack: Request, hop: Hop, branch: str) -> None:
        there = self._connections.find(hop)
        flow = there or await self._connections.reach(hop)
        _sent(flow, self._dressed(ack, hop.transport, branch), hop)

    def _dressed(self, ack: Request, transport: str, branch: str) -> bytes:
        sent_by = self._sockets.sent_by(transport)
        return with_via(ack, transport, sent_by, branch).encode()


def _sent(flow: Flow, data: bytes, hop: Hop) -> None:
    if not flow.send(data):
        raise TransportFailed(f"cannot send to {name_of(hop)}")


def _not_in_time(failure: Failure) -> NoReturn:
    """An ACK that was given up is a failure like others."""
    if failure.check(CancelledError, TimeoutError):
        raise TransportFailed("the ACK did not leave in time") from failure.value
    failure.raiseException()
