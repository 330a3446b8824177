"""What the rest of the house talks to: send a request, serve a method (RFC 3261)."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from twisted.application import service
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from cpmgw.sip import uas
from cpmgw.sip.errand import Progress
from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.forwarding import Forwarding, Side
from cpmgw.sip.identifiers import Identifiers, RandomIdentifiers
from cpmgw.sip.legs import Handler, Incoming, ServerLeg
from cpmgw.sip.loops import LoopMarks
from cpmgw.sip.message import Request, Response
from cpmgw.sip.peer import Peer
from cpmgw.sip.resolver import Resolver
from cpmgw.sip.serving import Refusals
from cpmgw.sip.settings import CHANGEABLE, EndpointSettings
from cpmgw.sip.stack import Stack
from cpmgw.sip.uri import Uri

__all__ = [
    "Endpoint",
    "EndpointSettings",
    "Handler",
    "Incoming",
    "Peer",
    "ServerLeg",
]


class Endpoint(service.Service):
    """A SIP user agent on UDP, TCP and TLS (RFC 3261).

    Time and the network come from `reactor` alone. `resolver` is an RFC 3263 one, by
    default over the system's name servers. `refused` is called with the method
    ("" where the request did not say) and the status of each failure that no handler
    gave: what was refused before one, and what was answered in the stead of one.
    """

    def __init__(
        self,
        reactor: Any,
        settings: EndpointSettings,
        resolver: Resolver | None = None,
        ids: Identifiers | None = None,
        refused: Refusals | None = None,
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._drained: Deferred[None] | None = None
        self._stack = stack = Stack(
            reactor,
            settings,
            resolver,
            ids or RandomIdentifiers(),
            refused or _uncounted,
            self._look_if_drained,
        )
        self._layer = stack.layer
        self._client = stack.client
        self._server = stack.server
        self._connections = stack.connections

    # -- for the house ------------------------------------------------------------

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host, port."""
        return self._stack.listeners.addresses

    @property
    def transactions(self) -> int:
        """How many transactions there are, those that only absorb repeats included."""
        return len(self._layer)

    @property
    def clock(self) -> IReactorTime:
        """What time it is by."""
        return cast(IReactorTime, self._reactor)

    @property
    def settings(self) -> EndpointSettings:
        """What it goes by."""
        return self._settings

    def update(self, settings: EndpointSettings) -> None:
        """Go by these settings for all that begins from now on.

        Whom to trust, users, logins and `retry_after` may differ from those in force;
        ValueError where anything else does, and nothing changes. Nonces given stay
        valid, connections stay.
        """
        fixed = self._settings.differences(settings) - CHANGEABLE
        if fixed:
            raise ValueError(f"cannot be changed: {', '.join(sorted(fixed))}")
        self._settings = settings
        self._server.update(settings)
        self._client.update(settings)

    @property
    def marks(self) -> LoopMarks:
        """What its proxied requests are known by."""
        return self._stack.marks

    def is_mine(self, uri: Uri) -> bool:
        """Whether a URI names this endpoint: a bound address, or the host it is told.

        A port that is not named is the transport's own.
        """
        return self._stack.listeners.is_mine(uri)

    def side(self, transport: str) -> Side:
        """Where it is reached by this transport, or else by the first it has."""
        return self._stack.listeners.side(transport)

    def serve(
        self,
        method: str,
        handler: Handler,
        *,
        in_dialog: bool = False,
        proxied: bool = False,
    ) -> None:
        """Have `handler` answer requests of a method with one final response each.

        With `in_dialog` it gets those with a To tag too; others of them are answered
        481. A handler for "ACK" gets what acknowledges a 2xx; its answer is dropped.
        One for "*" gets what has a To tag and a method without a handler of its own;
        it is for dialogs only, and not named in Allow.

        With `proxied` the checks are a proxy's (RFC 3261 16.3): Require, the scheme of
        the Request-URI and Content-Encoding are left to whoever serves the request,
        which for what is served here is `admit`.
        """
        if method == uas.OTHERS and not in_dialog:
            raise ValueError("other methods are served in dialogs only")
        self._server.serve(method, handler, in_dialog=in_dialog, proxied=proxied)

    def admit(self, incoming: Incoming) -> Incoming | Response:
        """A proxied request as a server here may take it, or the answer to it.

        The answer is a 416, 420, 413 or 415; the body has no Content-Encoding any more.
        """
        admitted = uas.admitted(incoming.request, self._settings)
        if isinstance(admitted, Response):
            return admitted
        return msgspec.structs.replace(incoming, request=admitted)

    def request(
        self,
        request: Request,
        *,
        destination: str | None = None,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request without a Via; fires with the final response.

        It goes to `destination` (a SIP URI), along its Route, to the next hop of the
        settings, or by RFC 3263; further addresses are tried after a failure, a
        time-out or a 503. Fails with TransactionTimeout or TransportFailed. Cancelling
        an INVITE's Deferred sends a CANCEL, and forgets it.

        An infinite `timeout` is none. `progress` is called with each provisional
        response, with each further 2xx of an INVITE, and with each 401 or 407 that is
        answered: the same request goes out with credentials and the next CSeq.
        """
        return self._request(request, destination, timeout, progress, None)

    def forward(
        self,
        request: Request,
        forwarding: Forwarding,
        *,
        destination: str | None = None,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send the copy of a proxied request, as `request` does; for `Proxy`.

        Nothing is added but a Via and what `forwarding` says, and no challenge is
        answered. What may have left is not sent again, here or elsewhere. The response
        still has our Via.
        """
        return self._request(request, destination, timeout, progress, forwarding)

    def cancel(self, answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL the INVITE that `request` gave this Deferred for, and go on waiting.

        `reasons` are what its Reason header has (RFC 3326).
        It fires with the final response, be it a 487 or the 2xx that was faster. The
        CANCEL waits for a provisional response (RFC 3261 9.1). 64*T1 after it, or at
        once where nothing has been sent, the Deferred fails with TransactionTimeout.
        Where it has fired already, or was for another method, nothing happens.
        """
        self._client.cancel(answer, reasons)

    def acknowledge(
        self,
        ack: Request,
        destination: str | None = None,
        forwarding: Forwarding | None = None,
    ) -> Deferred[None]:
        """Send the ACK of a 2xx, without a Via (RFC 3261 13.2.2.4).

        It goes where `request` would send it, once, and gets no answer; where its
        INVITE had to have credentials, with the same. Fires when it has left; fails
        with a SipError where it cannot leave.
        """
        if forwarding is None:
            ack = self._client.authorized(ack)
        return self._stack.acknowledger.send(ack, destination, forwarding)

    def _request(
        self,
        request: Request,
        destination: str | None,
        timeout: float | None,
        progress: Progress | None,
        forwarding: Forwarding | None,
    ) -> Deferred[Response]:
        if not self.running or self._server.refusing:
            return fail(TransportFailed("the endpoint is not running"))
        answer = self._client.request(
            request, destination, timeout, progress, forwarding
        )
        self._stack.schedule()
        return answer

    # -- service ------------------------------------------------------------------

    def startService(self) -> None:
        """Bind every listener; fails if one cannot be bound."""
        self._stack.listeners.start()
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
            return Deferred.fromCoroutine(self._stack.close())

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


def _uncounted(method: str, status: int) -> None:
    """Nobody wants to know of refusals."""
