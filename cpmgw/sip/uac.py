"""Requests on their way: address after address until one answers (RFC 3263 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip.attempts import Attempts, Sockets, name_of
from cpmgw.sip.connections import Connections
from cpmgw.sip.digest import CHALLENGE_HEADERS, Account, authorized, choose
from cpmgw.sip.errand import Errand, Progress
from cpmgw.sip.errors import SipError, TransactionTimeout, TransportFailed
from cpmgw.sip.forwarding import Forwarding
from cpmgw.sip.identifiers import Identifiers
from cpmgw.sip.message import Request, Response
from cpmgw.sip.names import key_of
from cpmgw.sip.resolver import CannotResolve, Hop, Resolver
from cpmgw.sip.routing import cancellation, completed, next_hop_of, route
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.shunned import retry_after
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.machine import State
from cpmgw.sip.transaction.matching import sent_key
from cpmgw.sip.transaction.outputs import Output
from cpmgw.sip.transport import SipConnection

# A stale nonce brings one more challenge, a proxy and a server one each.
_MOST_CHALLENGES = 3

_CREDENTIALS = frozenset(("authorization", "proxy-authorization"))

Fields = tuple[tuple[str, str], ...]

_NEVER: Deferred[Response] = Deferred()


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
        self._resolver = resolver
        self._identifiers = identifiers
        self._carry = carry
        self._next_hop = next_hop_of(settings.next_hop)
        self._open: dict[Deferred[Response], Errand] = {}
        self._attempts = Attempts(
            clock,
            settings,
            layer,
            sockets,
            connections,
            identifiers,
            carry,
            self._exhausted,
        )
        self._errands = self._attempts.errands
        self._credentials: dict[tuple[str, str, int], Fields] = {}
        self.alarms: Alarms[Errand] = Alarms()

    def __len__(self) -> int:
        return len(self._open)

    def update(self, settings: EndpointSettings) -> None:
        """Go by these settings from now on; see `Endpoint.update`."""
        self._settings = settings

    # -- from the caller ----------------------------------------------------------

    def request(
        self,
        request: Request,
        destination: str | None,
        timeout: float | None,
        progress: Progress | None = None,
        forwarding: Forwarding | None = None,
    ) -> Deferred[Response]:
        """Send a request; see `Endpoint.request`.

        With `forwarding` it is the copy of a proxied one, to which nothing else is
        added, whose challenges are not ours to answer.
        """
        deferred: Deferred[Response] = Deferred(self._cancel)
        errand = self._open[deferred] = Errand(deferred, progress, forwarding)
        if timeout is None and request.method == "INVITE":
            timeout = self._settings.invite_timeout
        if len(self._layer) >= self._settings.transactions:
            self._fail(errand, TransportFailed("too many transactions"))
            return deferred
        try:
            next_hop = self._next_hop
            if forwarding is None:
                request = completed(request, self._settings.user_agent)
            else:
                next_hop = None
            errand.request, target = route(
                request, destination=destination, next_hop=next_hop
            )
            hops = self._resolver.immediate(target)
        except SipError as error:
            self._fail(errand, error)
            return deferred
        if timeout is not None and timeout < inf:
            self.alarms.set(timeout, errand, self._clock.seconds())
        if hops is not None:
            self._begin_now(hops, errand)
        else:
            found = Deferred.fromCoroutine(self._resolver.hops(target))
            found.addTimeout(self._settings.timing.transaction, self._clock)
            errand.finding = found.addCallback(self._attempts.begin, errand)
            errand.finding.addErrback(self._unresolved, errand)
        return deferred

    def cancel(self, deferred: Deferred[Response], reasons: tuple[str, ...]) -> None:
        """CANCEL an INVITE but wait for its final response; see `Endpoint.cancel`."""
        errand = self._open.get(deferred)
        if errand is None or errand.cancelling or errand.request is None:
            return
        if errand.request.method != "INVITE":
            return
        errand.cancelling, errand.reasons = True, reasons
        state = self._layer.state(errand.key)
        if state is State.PROCEEDING:
            self._send_cancel(errand)
        elif state is State.CALLING:
            errand.wants_cancel = True
            self._guard(errand)
        else:
            self._fail(errand, TransactionTimeout("cancelled before it was sent"))
        self._carry([])

    def stop(self) -> None:
        """Give up every request that is still on its way."""
        for errand in list(self._open.values()):
            self._layer.forget(errand.key)
            stopping = TransportFailed("the endpoint is stopping", sent=errand.left)
            self._fail(errand, stopping)
        self._errands.clear()
        self._credentials.clear()
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
            self._tell(errand, response)
            return
        if errand.accepted:
            self._tell(errand, response)
            return
        if errand.progress is None or errand.done or not _accepts(response):
            del self._errands[key]
        else:
            errand.accepted = True
            self._keep_credentials(errand)
            self._guard(errand)
        if errand.done:
            return
        errand.last, errand.left = response, False
        if response.status == 503:
            self._attempts.shun(errand.hop, retry_after(response))
            self._attempts.try_next(errand)
        elif response.status in CHALLENGE_HEADERS and self._authorize(errand):
            self._tell(errand, response)
            self._attempts.try_next(errand)
        else:
            self._finish(errand, response)

    def failed(self, key: str, *, timed_out: bool) -> None:
        """No response will come."""
        errand = self._errands.pop(key, None)
        if errand is None or errand.done:
            return
        if timed_out:
            where = name_of(errand.hop)
            errand.blame(TransactionTimeout(f"no answer from {where}"))
            if isinstance(errand.flow, SipConnection):
                errand.flow.abort_if_silent(self._settings.timing.transaction)
        elif errand.reused and errand.hop is not None and errand.may_go_again:
            # Its peer was about to close the connection: a new one may do.
            errand.retried = True
            errand.hops.insert(0, errand.hop)
            self._attempts.try_next(errand)
            return
        else:
            reason = f"cannot send to {name_of(errand.hop)}"
            errand.blame(TransportFailed(reason, sent=errand.left))
        self._attempts.shun(errand.hop, None)
        if errand.may_go_again or errand.error is None:
            self._attempts.try_next(errand)
        else:
            self._fail(errand, errand.error)

    def handle_timers(self, now: float) -> None:
        """End the requests whose caller has waited long enough.

        An INVITE that was given up is forgotten 64*T1 later (RFC 3261 9.1), one that
        was accepted too (RFC 6026 8.4, Timer M).
        """
        for errand in self.alarms.due(now):
            if now < errand.until:
                continue
            if errand.accepted_as is not None:
                self._credentials.pop(errand.accepted_as, None)
            if not errand.done and not errand.cancelling:
                self._withdraw(errand)
                self._fail(errand, TransactionTimeout("no answer in the time given"))
                continue
            if not errand.done:
                self._fail(errand, TransactionTimeout("no answer to the CANCEL"))
            if self._errands.pop(errand.key, None) is not None:
                self._layer.forget(errand.key)

    def _begin_now(self, hops: list[Hop], errand: Errand) -> None:
        try:
            self._attempts.begin(hops, errand)
        except SipError as error:
            self._fail(errand, error)

    def _unresolved(self, failure: Failure, errand: Errand) -> None:
        error = failure.value
        if isinstance(error, (CancelledError, TimeoutError)):
            error = CannotResolve("the DNS took too long")
        elif not isinstance(error, SipError):
            self._log.failure("resolving failed", failure=failure)
            error = CannotResolve(str(error))
        self._fail(errand, error)

    def _authorize(self, errand: Errand) -> bool:
        """Make the request answer the challenge it met (RFC 3261 22.2, 22.3)."""
        if errand.last is None or errand.request is None or errand.hop is None:
            return False
        if errand.forwarding is not None:
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

    def _keep_credentials(self, errand: Errand) -> None:
        """Until its 2xx comes no more, keep what its ACK needs (RFC 3261 13.2.2.4)."""
        request = errand.request
        if request is None or not errand.challenged:
            return
        errand.accepted_as = _identity(request)
        self._credentials[errand.accepted_as] = tuple(
            [each for each in request.headers if key_of(each[0]) in _CREDENTIALS]
        )

    def authorized(self, ack: Request) -> Request:
        """The ACK of a 2xx with the credentials that its INVITE had (22.1, 22.3)."""
        headers = ack.headers
        for name, value in self._credentials.get(_identity(ack), ()):
            headers = headers.with_added(name, value)
        return ack if headers is ack.headers else ack.replace(headers=headers)

    # -- endings ------------------------------------------------------------------

    def _exhausted(self, errand: Errand, error: SipError) -> None:
        """No address is left: the caller gets what there is."""
        if errand.done:
            return
        if errand.last is not None:
            self._finish(errand, errand.last)
        else:
            self._fail(errand, error)

    def _finish(self, errand: Errand, response: Response) -> None:
        deferred = self._end(errand)
        deferred.callback(response)

    def _fail(self, errand: Errand, error: SipError) -> None:
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

    def _end(self, errand: Errand) -> Deferred[Response]:
        """Let go of what the request held; a timer may know it for longer."""
        deferred = errand.deferred
        self._open.pop(deferred, None)
        errand.done = True
        errand.request = errand.last = None
        errand.deferred = _NEVER
        if not errand.accepted:
            errand.progress = None
        finding, errand.finding = errand.finding, None
        if finding is not None:
            finding.cancel()
        if not errand.wants_cancel:
            errand.sent = errand.flow = None
        return deferred

    def _withdraw(self, errand: Errand) -> None:
        """Stop sending; an INVITE is cancelled once it was heard of (RFC 3261 9.1)."""
        if errand.sent is None or errand.sent.method != "INVITE":
            self._errands.pop(errand.key, None)
            self._layer.forget(errand.key)
            return
        state = self._layer.state(errand.key)
        if state is State.PROCEEDING:
            self._send_cancel(errand)
            return
        errand.wants_cancel = state is State.CALLING
        self._guard(errand)

    def _guard(self, errand: Errand) -> None:
        """Have the transaction forgotten 64*T1 from now."""
        guard, now = self._settings.timing.transaction, self._clock.seconds()
        errand.until = now + guard
        self.alarms.set(guard, errand, now)

    def _send_cancel(self, errand: Errand) -> None:
        """Send the CANCEL; 64*T1 later the INVITE counts as cancelled (9.1)."""
        errand.wants_cancel = False
        self._guard(errand)
        if errand.sent is None or errand.flow is None:
            return
        cancel = cancellation(errand.sent, errand.reasons)
        key = sent_key(errand.sent.via.branch or "", "CANCEL")
        now = self._clock.seconds()
        self._carry(self._layer.send(key, cancel, cancel.encode(), errand.flow, now))

    def _tell(self, errand: Errand, response: Response) -> None:
        """Give the caller a response that is not the one it waits for."""
        if errand.progress is None:
            return
        try:
            errand.progress(response)
        except Exception:
            self._log.failure("a caller cannot be told of a response")


def _identity(request: Request) -> tuple[str, str, int]:
    """What an INVITE and the ACK of its 2xx have in common."""
    return request.call_id, request.from_.tag or "", request.cseq.number


def _accepts(response: Response) -> bool:
    """Whether this is a 2xx that may be repeated: that of an INVITE."""
    return response.status < 300 and response.cseq.method == "INVITE"
