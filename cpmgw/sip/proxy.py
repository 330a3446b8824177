"""A stateful proxy that stays on the route, beside a user agent (RFC 3261 16)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.sip import uas
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.errors import SipError, SipSyntaxError
from cpmgw.sip.forwarding import (
    Forwarding,
    UriParameters,
    copied,
    own_routes,
    recorded,
    relayed,
    without_own_routes,
)
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.routing import CannotRoute
from cpmgw.sip.uri import SipUri

_NO_PARAMETERS: Final[UriParameters] = ()

Finish: TypeAlias = Callable[[Response], Response]
"""What is done to each 2xx of an INVITE before it goes back."""


def unchanged(response: Response) -> Response:
    """The response as it is."""
    return response


class Proxy:
    """Forwards for one endpoint what its handlers were given as `proxied`.

    One request goes to one place at a time; who wants it to go elsewhere after a
    failure calls `forward` again. Nothing is remembered of a dialog: its requests come
    back by their Route, which has the parameters that were put into Record-Route.
    """

    _log = Logger()

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def routes(self, request: Request) -> tuple[SipUri, ...]:
        """The URIs of ours that brought a request here, the topmost first (16.4).

        Two where the dialog changes the transport (RFC 5658); none where the request is
        not ours to relay, which in a dialog is a 481. Fails with SipSyntaxError.
        """
        return own_routes(request, self._endpoint.is_mine)

    def forward(
        self,
        incoming: Incoming,
        request: Request,
        *,
        destination: str | None = None,
        parameters: UriParameters = _NO_PARAMETERS,
        timeout: float | None = None,
        finish: Finish = unchanged,
    ) -> Deferred[Response]:
        """Send on a request that may make a dialog, with our Record-Route.

        `request` is that of `incoming`, perhaps with other headers or another
        Request-URI. It goes to `destination` (a SIP URI), or along what is left of its
        Route, or to where the Request-URI says; with a SIPS URI by TLS only.
        `parameters` go into the Record-Route, and `routes` gives them back. `finish`
        changes a 2xx of an INVITE before it goes back, and each that follows it.

        Fires with the final response, for the handler to return as it is. Fails with
        TransactionTimeout or TransportFailed, which says whether the request may have
        been `sent`; nothing that may have left is sent again by itself. Then, and after
        a response too, the same request can be forwarded elsewhere.

        Once `incoming.leg.cancelled` it fires with what comes of the CANCEL, which is a
        487 where nothing does. An INVITE without an answer at Timer C is a 408;
        `timeout` is for other methods.
        """
        came = self._endpoint.side(incoming.peer.transport)

        def record(copy: Request, transport: str) -> Request:
            leaves = self._endpoint.side(transport)
            return recorded(copy, came, leaves, parameters)

        return self._send_on(incoming, request, destination, record, timeout, finish)

    def relay(self, incoming: Incoming) -> Deferred[Response]:
        """Send on a request within a dialog, along its Route and as `forward` does.

        It gets no Record-Route, as the route set of a dialog stays what it is (12.2.1).
        Fails with CannotRoute where no Route of ours brought it here.
        """
        request = incoming.request
        try:
            if not self.routes(request):
                return fail(CannotRoute("no Route of ours"))
        except SipError as error:
            return fail(error)
        return self._send_on(incoming, request, None, None, None)

    def acknowledge(self, incoming: Incoming) -> None:
        """Send on the ACK of a 2xx along its Route, without a transaction (16.6).

        What cannot be sent is dropped: an ACK has no answer.
        """
        request = incoming.request
        try:
            if not self.routes(request):
                raise CannotRoute("no Route of ours")
            if request.max_forwards == 0:
                raise CannotRoute("no hop left")
            copy = copied(request, incoming.peer, self._endpoint.is_mine)
        except SipError as error:
            self._log.debug("dropped an ACK: {error}", error=error)
            return
        forwarding = Forwarding(self._endpoint.marks.of(copy))
        sending = self._endpoint.acknowledge(copy, forwarding=forwarding)
        sending.addErrback(self._not_acknowledged)

    # -- for user agents in this process, behind the proxy -------------------------

    def passed(self, request: Request) -> Request:
        """The request as it is beyond this proxy: without the Route values of ours."""
        return without_own_routes(request, self._endpoint.is_mine)

    def record_routed(
        self, incoming: Incoming, request: Request, parameters: UriParameters
    ) -> Request:
        """The request with our Record-Route, as a user agent behind us gets it (16.6).

        It leaves by no transport; its peer reaches us by the one it came by.
        """
        return self._recorded(request, incoming.peer.transport, parameters)

    def _recorded(
        self, request: Request, transport: str, parameters: UriParameters
    ) -> Request:
        side = self._endpoint.side(transport)
        return recorded(request, side, side, parameters)

    def with_record_route(
        self,
        request: Request,
        transport: str,
        response: Response,
        parameters: UriParameters,
    ) -> Response:
        """The 2xx with our Record-Route, also where the user agent has left it out.

        `request` has come by `transport`.
        """
        try:
            routes = response.headers.addresses("Record-Route")
        except SipSyntaxError:
            return response
        if any(self._endpoint.is_mine(each.uri) for each in routes):
            return response
        routed = self._recorded(request, transport, parameters)
        ours = routed.headers.raw("Record-Route")[0]
        headers = response.headers.with_first("Record-Route", ours)
        return response.replace(headers=headers)

    def readable(self, request: Request) -> Request:
        """The request without its Content-Encoding (RFC 3261 7.4.1).

        Fails with a SipSyntaxError, which has the answer's status and headers.
        """
        return uas.plain(request, self._endpoint.settings)

    def admit(self, incoming: Incoming) -> Incoming | Response:
        """A proxied request as a user agent here may take it, or the answer to it."""
        return self._endpoint.admit(incoming)

    # -- sending on ----------------------------------------------------------------

    def _not_acknowledged(self, failure: Failure) -> None:
        if not failure.check(SipError):
            self._log.failure("an ACK cannot be sent", failure=failure)
            return
        self._log.debug("dropped an ACK: {error}", error=failure.value)

    def _send_on(
        self,
        incoming: Incoming,
        request: Request,
        destination: str | None,
        record: Callable[[Request, str], Request] | None,
        timeout: float | None,
        finish: Finish = unchanged,
    ) -> Deferred[Response]:
        if incoming.leg.cancelled:
            return succeed(respond(incoming.request, 487))
        endpoint = self._endpoint
        try:
            copy = copied(request, incoming.peer, endpoint.is_mine)
            # The loop is looked for in what arrived, not in what was made of it.
            arrived = without_own_routes(incoming.request, endpoint.is_mine)
        except SipError as error:
            return fail(error)
        forwarding = Forwarding(endpoint.marks.of(arrived), record)
        attempt = _Attempt(endpoint, incoming, finish)
        return attempt.start(copy, forwarding, destination, timeout)


class _Attempt:
    """One request at one place: its client transaction, and for an INVITE Timer C."""

    def __init__(self, endpoint: Endpoint, incoming: Incoming, finish: Finish) -> None:
        self._endpoint = endpoint
        self._finish = finish
        self._request = incoming.request
        self._leg = incoming.leg
        self._is_invite = incoming.request.method == "INVITE"
        self._result: Deferred[Response] = Deferred(self._abandon)
        self._answer: Deferred[Response]
        self._timer: IDelayedCall | None = None
        self._heard = False
        self._expired = False
        self._abandoned = False

    def start(
        self,
        copy: Request,
        forwarding: Forwarding,
        destination: str | None,
        timeout: float | None,
    ) -> Deferred[Response]:
        """Send the copy; fires once, with what `Proxy.forward` says."""
        answer = self._answer = self._endpoint.forward(
            copy,
            forwarding,
            destination=destination,
            timeout=inf if self._is_invite else timeout,
            progress=self._progressed,
        )
        if self._is_invite and not answer.called:
            # 16.6 step 11: Timer C runs from when the INVITE is sent on.
            wait = self._endpoint.settings.timer_c
            self._timer = self._endpoint.clock.callLater(wait, self._timer_c)
            self._leg.when_cancelled(self._cancelled)
        answer.addCallbacks(self._answered, self._failed)
        return self._result

    def _progressed(self, response: Response) -> None:
        """A provisional response, or a 2xx after the first (16.7)."""
        self._heard = True
        if response.status >= 200:
            # 16.7 step 5: each 2xx of an INVITE goes back at once.
            self._leg.send_again(self._finished(response))
        # 16.7 step 5: 100 goes no further. Nor does any other that does not answer an
        # INVITE (RFC 4320 4.1).
        elif response.status > 100 and self._is_invite:
            if self._timer is not None and self._timer.active():
                # 16.7 step 2: 101 to 199 start Timer C anew.
                self._timer.reset(self._endpoint.settings.timer_c)
            self._leg.send_provisional(relayed(response))

    def _answered(self, response: Response) -> None:
        self._stop()
        self._result.callback(self._finished(response))

    def _finished(self, response: Response) -> Response:
        relay = relayed(response)
        is_success = self._is_invite and 200 <= response.status < 300
        return self._finish(relay) if is_success else relay

    def _failed(self, failure: Failure) -> None:
        self._stop()
        if self._abandoned:
            return
        if self._leg.cancelled:
            self._result.callback(respond(self._request, 487))
        elif self._expired:
            self._result.callback(respond(self._request, 408))
        else:
            self._result.errback(failure)

    def _timer_c(self) -> None:
        """16.8: what rang too long is cancelled; what did not counts as a 408."""
        self._expired = True
        if self._heard:
            self._endpoint.cancel(self._answer)
        else:
            self._answer.cancel()

    def _cancelled(self) -> None:
        """16.10: a CANCEL goes on to where the INVITE went, with its Reason."""
        self._endpoint.cancel(self._answer, self._leg.reasons)

    def _abandon(self, _: Deferred[Response]) -> None:
        """The handler no longer wants an answer."""
        self._abandoned = True
        self._answer.cancel()

    def _stop(self) -> None:
        """It is over: a CANCEL that comes from now on is not for this attempt."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._leg.give_back(self._cancelled)
