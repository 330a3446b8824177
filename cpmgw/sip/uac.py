"""Requests on their way: address after address until one answers (RFC 3263 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.connections import Connections
from cpmgw.sip.digest import CHALLENGE_HEADERS, Account, authorized, choose
from cpmgw.sip.errors import SipError, TransactionTimeout, TransportFailed
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.message import Request, Response
from cpmgw.sip.resolver import CannotResolve, Hop, Resolver
from cpmgw.sip.routing import cancellation, completed, route, with_via
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.machine import State
from cpmgw.sip.transaction.matching import sent_key
from cpmgw.sip.transaction.outputs import Output
from cpmgw.sip.transport import Flow, SipConnection, UdpFlow
from cpmgw.sip.uri import SipUri, parse_uri

# A hostile server may ask us to come back in a hundred years.
_LONGEST_SHUN = 300.0
_MOST_SHUNNED = 1000
# A stale nonce brings one more challenge, a proxy and a server one each.
_MOST_CHALLENGES = 3

_NEVER: Deferred[Response] = Deferred()


class Sockets(Protocol):
    """What an endpoint listens with, as far as requests need it."""

    def udp_flow(self, host: str, port: int) -> UdpFlow | None:
        """A flow from a bound UDP port to this address, None if there is none."""

    def sent_by(self, transport: str) -> str:
        """What a Via names for this transport (RFC 3261 18.1.1)."""


class _Errand:
    """One request of the caller's, through every address it is tried at."""

    __slots__ = (
        "challenged",
        "deferred",
        "done",
        "error",
        "finding",
        "flow",
        "hop",
        "hops",
        "key",
        "last",
        "request",
        "retried",
        "reused",
        "sent",
        "until",
        "wants_cancel",
    )

    def __init__(self, deferred: Deferred[Response]) -> None:
        self.deferred = deferred
        self.request: Request | None = None
        self.sent: Request | None = None
        self.flow: Flow | None = None
        self.hops: list[Hop] = []
        self.hop: Hop | None = None
        self.key = ""
        self.last: Response | None = None
        self.error: SipError | None = None
        self.done = False
        self.challenged = 0
        self.wants_cancel = False
        self.finding: Deferred[None] | None = None
        self.reused = False
        self.retried = False
        self.until = 0.0


class UserAgentClient:
    """Sends requests for an endpoint; `carry` carries out what the layer gives."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: EndpointSettings,
        layer: TransactionLayer,
        sockets: Sockets,
        connections: Connections,
        resolver: Resolver,
        identifiers: Identifiers,
        carry: Callable[[list[Output]], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._layer = layer
        self._sockets = sockets
        self._connections = connections
        self._resolver = resolver
        self._identifiers = identifiers
        self._carry = carry
        self._next_hop = _next_hop(settings.next_hop)
        self._errands: dict[str, _Errand] = {}
        self._open: dict[Deferred[Response], _Errand] = {}
        self._shunned: dict[Hop, float] = {}
        self.alarms: Alarms[_Errand] = Alarms()

    def __len__(self) -> int:
        return len(self._open)

    # -- from the caller ----------------------------------------------------------

    def request(
        self, request: Request, destination: str | None, timeout: float | None
    ) -> Deferred[Response]:
        """Send a request; see `Endpoint.request`."""
        deferred: Deferred[Response] = Deferred(self._cancel)
        errand = self._open[deferred] = _Errand(deferred)
        if timeout is None and request.method == "INVITE":
            timeout = self._settings.invite_timeout
        if len(self._layer) >= self._settings.transactions:
            self._fail(errand, TransportFailed("too many transactions"))
            return deferred
        try:
            ready = completed(request, self._settings.user_agent)
            errand.request, target = route(
                ready, destination=destination, next_hop=self._next_hop
            )
            hops = self._resolver.immediate(target)
        except SipError as error:
            self._fail(errand, error)
            return deferred
        if timeout is not None:
            self.alarms.set(timeout, errand, self._clock.seconds())
        if hops is not None:
            self._begin_now(hops, errand)
        else:
            found = Deferred.fromCoroutine(self._resolver.hops(target))
            found.addTimeout(self._settings.timing.transaction, self._clock)
            errand.finding = found.addCallback(self._begin, errand)
            errand.finding.addErrback(self._unresolved, errand)
        return deferred

    def stop(self) -> None:
        """Give up every request that is still on its way."""
        for errand in list(self._open.values()):
            self._layer.forget(errand.key)
            self._fail(errand, TransportFailed("the endpoint is stopping"))
        self._errands.clear()
        self.alarms.clear()

    # -- from the layer -----------------------------------------------------------

    def answered(self, key: str, response: Response) -> None:
        """A response came."""
        errand = self._errands.get(key)
        if errand is None:
            return
        if response.status < 200:
            errand.reused = False
            if errand.wants_cancel:
                self._send_cancel(errand)
            return
        del self._errands[key]
        if errand.done:
            return
        errand.last = response
        if response.status == 503:
            self._shun(errand.hop, _retry_after(response))
            self._try_next(errand)
        elif response.status in CHALLENGE_HEADERS and self._authorize(errand):
            self._try_next(errand)
        else:
            self._finish(errand, response)

    def failed(self, key: str, *, timed_out: bool) -> None:
        """No response will come."""
        errand = self._errands.pop(key, None)
        if errand is None or errand.done:
            return
        if timed_out:
            errand.error = TransactionTimeout(f"no answer from {_name(errand.hop)}")
            if isinstance(errand.flow, SipConnection):
                errand.flow.abort_if_silent(self._settings.timing.transaction)
        elif errand.reused and errand.hop is not None:
            # Its peer was about to close the connection: a new one may do.
            errand.retried = True
            errand.hops.insert(0, errand.hop)
            self._try_next(errand)
            return
        else:
            errand.error = TransportFailed(f"cannot send to {_name(errand.hop)}")
        self._shun(errand.hop, None)
        self._try_next(errand)

    def handle_timers(self, now: float) -> None:
        """End the requests whose caller has waited long enough.

        An INVITE that was given up is forgotten 64*T1 later (RFC 3261 9.1).
        """
        for errand in self.alarms.due(now):
            if not errand.done:
                self._withdraw(errand)
                self._fail(errand, TransactionTimeout("no answer in the time given"))
            elif now < errand.until:
                continue
            elif self._errands.pop(errand.key, None) is not None:
                self._layer.forget(errand.key)

    # -- one address after the other ----------------------------------------------

    def _begin(self, hops: list[Hop], errand: _Errand) -> None:
        now = self._clock.seconds()
        if self._shunned:
            hops = sorted(hops, key=lambda hop: self._shunned.get(hop, 0.0) > now)
        errand.hops = hops[: self._settings.addresses]
        self._try_next(errand)

    def _begin_now(self, hops: list[Hop], errand: _Errand) -> None:
        try:
            self._begin(hops, errand)
        except SipError as error:
            self._fail(errand, error)

    def _unresolved(self, failure: Failure, errand: _Errand) -> None:
        error = failure.value
        if isinstance(error, (CancelledError, TimeoutError)):
            error = CannotResolve("the DNS took too long")
        elif not isinstance(error, SipError):
            self._log.failure("resolving failed", failure=failure)
            error = CannotResolve(str(error))
        self._fail(errand, error)

    def _try_next(self, errand: _Errand) -> None:
        """Try the next address; with none left, the caller gets what there is."""
        if errand.done:
            return
        if not errand.hops:
            if errand.last is not None:
                self._finish(errand, errand.last)
            else:
                self._fail(errand, errand.error or TransportFailed("no address"))
            return
        errand.hop = hop = errand.hops.pop(0)
        if hop.transport == "UDP":
            self._try_datagram(errand, hop)
        else:
            self._try_connection(errand, hop)

    def _try_datagram(self, errand: _Errand, hop: Hop) -> None:
        """Over UDP, or first over TCP if the request is too large (18.1.1)."""
        flow = self._sockets.udp_flow(hop.host, hop.port)
        if flow is None:
            errand.error = TransportFailed(f"no UDP port to reach {_name(hop)} from")
            self._try_next(errand)
            return
        branch, sent = self._dress(errand, "UDP")
        data = sent.encode()
        if len(data) <= self._settings.datagram:
            self._launch(errand, flow, branch, sent, data)
            return
        instead = Hop("TCP", hop.host, hop.port, hop.name)
        self._reach(errand, instead, lambda: self._launch_again(errand, flow))

    def _launch_again(self, errand: _Errand, flow: UdpFlow) -> None:
        """A large request that TCP did not take goes over UDP after all (18.1.1)."""
        branch, sent = self._dress(errand, "UDP")
        self._launch(errand, flow, branch, sent, sent.encode())

    def _try_connection(self, errand: _Errand, hop: Hop) -> None:
        def unreachable() -> None:
            self._shun(hop, None)
            self._try_next(errand)

        self._reach(errand, hop, unreachable)

    def _reach(
        self, errand: _Errand, hop: Hop, unreachable: Callable[[], None]
    ) -> None:
        """Send over a connection to `hop`, made if there is none."""

        def reached(flow: Flow) -> None:
            if not errand.done:
                branch, sent = self._dress(errand, hop.transport)
                self._launch(errand, flow, branch, sent, sent.encode())

        def not_reached(failure: Failure) -> None:
            error = failure.value
            errand.error = error if isinstance(error, SipError) else None
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

    def _broken(self, failure: Failure, errand: _Errand) -> None:
        error = failure.value
        if not isinstance(error, SipError):
            self._log.failure("sending failed", failure=failure)
            error = TransportFailed(str(error))
        self._fail(errand, error)

    def _dress(self, errand: _Errand, transport: str) -> tuple[str, Request]:
        """A new branch, and the request with it (RFC 3263 4.3)."""
        assert errand.request is not None
        branch = self._identifiers.branch()
        sent_by = self._sockets.sent_by(transport)
        return branch, with_via(errand.request, transport, sent_by, branch)

    def _launch(
        self, errand: _Errand, flow: Flow, branch: str, sent: Request, data: bytes
    ) -> None:
        key = sent_key(branch, sent.method)
        errand.key, errand.sent, errand.flow = key, sent, flow
        self._errands[key] = errand
        now = self._clock.seconds()
        self._carry(self._layer.send(key, sent, data, flow, now))

    def _authorize(self, errand: _Errand) -> bool:
        """Make the request answer the challenge it met (RFC 3261 22.2, 22.3)."""
        if errand.last is None or errand.request is None or errand.hop is None:
            return False
        asked, _ = CHALLENGE_HEADERS[errand.last.status]
        challenge = choose(errand.last.headers.raw(asked))
        if challenge is None or errand.challenged >= _MOST_CHALLENGES:
            return False
        for login in self._settings.logins:
            if login.realm not in ("", challenge.realm):
                continue
            account = Account(login.username, login.password)
            again = authorized(
                errand.request,
                errand.last,
                account,
                cnonce=self._identifiers.tag(),
            )
            if again is None:
                return False
            errand.request = again
            errand.challenged += 1
            errand.hops.insert(0, errand.hop)
            return True
        return False

    # -- endings ------------------------------------------------------------------

    def _finish(self, errand: _Errand, response: Response) -> None:
        deferred = self._end(errand)
        deferred.callback(response)

    def _fail(self, errand: _Errand, error: SipError) -> None:
        if errand.done:
            return
        deferred = self._end(errand)
        deferred.errback(error)

    def _cancel(self, deferred: Deferred[Response]) -> None:
        """The caller no longer wants an answer."""
        errand = self._open.get(deferred)
        if errand is not None:
            self._withdraw(errand)
            self._end(errand)
        self._carry([])

    def _end(self, errand: _Errand) -> Deferred[Response]:
        """Let go of what the request held; a timer may know it for longer."""
        deferred = errand.deferred
        self._open.pop(deferred, None)
        errand.done = True
        errand.request = errand.last = None
        errand.deferred = _NEVER
        finding, errand.finding = errand.finding, None
        if finding is not None:
            finding.cancel()
        if not errand.wants_cancel:
            errand.sent = errand.flow = None
        return deferred

    def _withdraw(self, errand: _Errand) -> None:
        """Stop sending; an INVITE is cancelled once it was heard of (RFC 3261 9.1)."""
        if errand.sent is None or errand.sent.method != "INVITE":
            self._errands.pop(errand.key, None)
            self._layer.forget(errand.key)
            return
        guard, now = self._settings.timing.transaction, self._clock.seconds()
        errand.until = now + guard
        self.alarms.set(guard, errand, now)
        if self._layer.state(errand.key) is State.PROCEEDING:
            self._send_cancel(errand)
        elif self._layer.state(errand.key) is State.CALLING:
            errand.wants_cancel = True

    def _send_cancel(self, errand: _Errand) -> None:
        errand.wants_cancel = False
        if errand.sent is None or errand.flow is None:
            return
        cancel = cancellation(errand.sent)
        key = sent_key(errand.sent.via.branch or "", "CANCEL")
        now = self._clock.seconds()
        self._carry(self._layer.send(key, cancel, cancel.encode(), errand.flow, now))

    def _shun(self, hop: Hop | None, seconds: float | None) -> None:
        """Try an address after all others for a while (RFC 3261 21.5.4)."""
        if hop is None:
            return
        if len(self._shunned) >= _MOST_SHUNNED:
            self._shunned.clear()
        wait = self._settings.shun if seconds is None else min(seconds, _LONGEST_SHUN)
        self._shunned[hop] = self._clock.seconds() + wait


def _next_hop(text: str) -> SipUri | None:
    if not text:
        return None
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise TransportFailed(f"next hop {text!r} is no SIP URI")
    return uri


def _retry_after(response: Response) -> float | None:
    """The seconds of a Retry-After (RFC 3261 20.33); None if there is none."""
    value = (response.headers.get("Retry-After") or "").partition(";")[0]
    digits = value.partition("(")[0].strip()
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return float(digits)
    return None


def _name(hop: Hop | None) -> str:
    return "nowhere" if hop is None else f"{hop.transport} {hop.host}:{hop.port}"
