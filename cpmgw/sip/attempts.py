"""One address after the other: how a request leaves (RFC 3261 18.1, RFC 3263 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.connections import Connections
from cpmgw.sip.errand import Errand
from cpmgw.sip.errors import SipError, TransportFailed
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.message import Request
from cpmgw.sip.resolver import Hop
from cpmgw.sip.routing import secure_hops, with_via
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.shunned import Shunned
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.matching import sent_key
from cpmgw.sip.transaction.outputs import Output
from cpmgw.sip.transport import Flow, UdpFlow


class Sockets(Protocol):
    """What an endpoint listens with, as far as requests need it."""

    def udp_flow(self, host: str, port: int) -> UdpFlow | None:
        """A flow from a bound UDP port to this address, None if there is none."""

    def sent_by(self, transport: str) -> str:
        """What a Via names for this transport (RFC 3261 18.1.1)."""


class Attempts:
    """Sends each errand to its addresses in turn, by a transaction for each.

    `errands` finds them by the key of that transaction. `end` is told of an errand for
    which no address is left; `carry` carries out what the layer gives.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: EndpointSettings,
        layer: TransactionLayer,
        sockets: Sockets,
        connections: Connections,
        identifiers: Identifiers,
        carry: Callable[[list[Output]], None],
        end: Callable[[Errand, SipError], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._layer = layer
        self._sockets = sockets
        self._connections = connections
        self._identifiers = identifiers
        self._carry = carry
        self._end = end
        self._shunned = Shunned(settings.shun)
        self.errands: dict[str, Errand] = {}

    def begin(self, hops: list[Hop], errand: Errand) -> None:
        """Try the first of these addresses, as many as the settings allow.

        Fails with CannotRoute where none of them is safe enough.
        """
        if errand.forwarding is not None and errand.request is not None:
            hops = secure_hops(errand.request, hops)
        hops = self._shunned.sorted(hops, self._clock.seconds())
        errand.hops = hops[: self._settings.addresses]
        self.try_next(errand)

    def shun(self, hop: Hop | None, seconds: float | None) -> None:
        """Try an address after all others for a while."""
        self._shunned.add(hop, seconds, self._clock.seconds())

    def try_next(self, errand: Errand) -> None:
        """Try the next address; with none left, or a CANCEL wanted, it is over."""
        if errand.done:
            return
        if not errand.hops or errand.cancelling:
            self._end(errand, errand.error or TransportFailed("no address"))
            return
        errand.hop = hop = errand.hops.pop(0)
        if hop.transport == "UDP":
            self._try_datagram(errand, hop)
        else:
            self._try_connection(errand, hop)

    def _try_datagram(self, errand: Errand, hop: Hop) -> None:
        """Over UDP, or first over TCP if the request is too large (18.1.1)."""
        flow = self._sockets.udp_flow(hop.host, hop.port)
        if flow is None:
            reason = f"no UDP port to reach {name_of(hop)} from"
            errand.blame(TransportFailed(reason))
            self.try_next(errand)
            return
        branch, sent = self._dress(errand, "UDP")
        data = sent.encode()
        if len(data) <= self._settings.datagram:
            self._launch(errand, flow, branch, sent, data)
            return
        instead = Hop("TCP", hop.host, hop.port, hop.name)
        self._reach(errand, instead, lambda: self._launch_again(errand, flow))

    def _launch_again(self, errand: Errand, flow: UdpFlow) -> None:
        """A large request that TCP did not take goes over UDP after all (18.1.1)."""
        branch, sent = self._dress(errand, "UDP")
        self._launch(errand, flow, branch, sent, sent.encode())

    def _try_connection(self, errand: Errand, hop: Hop) -> None:
        def unreachable() -> None:
            self.shun(hop, None)
            self.try_next(errand)

        self._reach(errand, hop, unreachable)

    def _reach(self, errand: Errand, hop: Hop, unreachable: Callable[[], None]) -> None:
        """Send over a connection to `hop`, made if there is none."""

        def reached(flow: Flow) -> None:
            if not errand.done:
                branch, sent = self._dress(errand, hop.transport)
                self._launch(errand, flow, branch, sent, sent.encode())

        def not_reached(failure: Failure) -> None:
            error = failure.value
            if isinstance(error, SipError):
                errand.blame(error)
            if not errand.done:
                unreachable()

        there = self._connections.find(hop)
        errand.reused = there is not None and not errand.retried
        if there is not None:
            reached(there)
            return
        made = self._connections.reach(hop)
        made.addCallbacks(reached, not_reached)
        made.addErrback(self._broken, errand)

    def _broken(self, failure: Failure, errand: Errand) -> None:
        error = failure.value
        if not isinstance(error, SipError):
            self._log.failure("sending failed", failure=failure)
            error = TransportFailed(str(error))
        self._end(errand, error)

    def _dress(self, errand: Errand, transport: str) -> tuple[str, Request]:
        """A new branch, and the request with it (RFC 3263 4.3)."""
        request, forwarding = errand.request, errand.forwarding
        assert request is not None
        branch = self._identifiers.branch()
        if forwarding is not None:
            branch = f"{branch}{forwarding.mark}"
            if forwarding.record is not None:
                request = forwarding.record(request, transport)
        sent_by = self._sockets.sent_by(transport)
        return branch, with_via(request, transport, sent_by, branch)

    def _launch(
        self, errand: Errand, flow: Flow, branch: str, sent: Request, data: bytes
    ) -> None:
        key = sent_key(branch, sent.method)
        errand.key, errand.sent, errand.flow = key, sent, flow
        self.errands[key] = errand
        now = self._clock.seconds()
        self._carry(self._layer.send(key, sent, data, flow, now))
        if key in self.errands:  # otherwise nothing could be written
            errand.left = True


def name_of(hop: Hop | None) -> str:
    """An address for a log."""
    return "nowhere" if hop is None else f"{hop.transport} {hop.host}:{hop.port}"
