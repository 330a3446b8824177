"""The IWFs as the ISF reaches them: in this process, or by SIP (TS 5.1 step 10).

Either way the hop is a SIP hop: the IWF is a user agent, and our Record-Route, which
names the IWF and is signed, brings back all that follows in a dialog. It needs no
memory of dialogs, and survives a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IInterworking, IProxy, ISessionInterworking
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.iwf.capabilities import Capabilities
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.sip.errors import SipError, TransactionTimeout, TransportFailed
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.proxy import Finish, unchanged
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.legs import Incoming

# What a user agent here does not take is counted by (RFC 3261 8.2.2); all else is an
# encoding of content.
_NOT_ADMITTED: Final = {416: "uri-scheme", 420: "extension"}
# What an IWF is told of an INVITE that it has raised an error for.
_FAILED: Final = 500
# The header fields that say what it would take (21.4.13, 21.4.15).
_TELLING: Final = frozenset(("Accept-Encoding", "Unsupported"))


class Hop(Protocol):
    """One IWF."""

    @property
    def capabilities(self) -> Capabilities:
        """What it carries."""

    async def message(self, incoming: Incoming, message: StandaloneMessage) -> Response:
        """Hand a MESSAGE over; its final answer, or CannotInterwork."""

    async def invite(
        self, incoming: Incoming, request: Request, finish: Finish = unchanged
    ) -> Response:
        """Hand an INVITE over, as `request`; its final answer, or CannotInterwork.

        `finish` changes each 2xx of it.
        """

    async def within(self, incoming: Incoming) -> Response:
        """Hand over what belongs to a dialog with this IWF; its final answer."""

    def acknowledge(self, incoming: Incoming) -> None:
        """Hand the ACK of a 2xx over."""


class LocalHop:
    """An IWF in this process."""

    def __init__(
        self, service: IInterworking, proxy: IProxy, tokens: RouteTokens
    ) -> None:
        self.capabilities: Capabilities = service.capabilities
        self._tokens = tokens
        self._service = service
        self._sessions: ISessionInterworking | None = ISessionInterworking(
            service, None
        )
        self._proxy = proxy

    async def message(self, incoming: Incoming, message: StandaloneMessage) -> Response:
        """Have the service interwork the message (TS 6.1.1)."""
        self._admitted(incoming)
        response: Response = await self._service.message(message)
        return response

    async def invite(
        self, incoming: Incoming, request: Request, finish: Finish = unchanged
    ) -> Response:
        """Have the service answer the INVITE, as the user agent behind us.

        What is done here to its 2xx the leg does to each that it sends again, so that
        they are the same octet for octet (RFC 3261 13.3.1.4).
        """
        if self._sessions is None:  # its capabilities promise more than it has
            raise _not_reached(488, "it takes no sessions", self.capabilities)
        admitted = self._admitted(msgspec.structs.replace(incoming, request=request))
        if incoming.leg.cancelled:
            return respond(request, 487)
        name = self.capabilities.name
        parameters = self._tokens.parameters(name, request.call_id)
        routed = self._proxy.record_routed(incoming, admitted.request, parameters)

        # What the leg keeps must not hold the leg.
        came, transport = incoming.request, incoming.peer.transport

        def finished(success: Response) -> Response:
            return finish(
                self._proxy.with_record_route(came, transport, success, parameters)
            )

        status = _FAILED
        try:
            response: Response = await self._sessions.invite(
                msgspec.structs.replace(incoming, request=routed)
            )
            if 200 <= response.status < 300:
                incoming.leg.finish = finished
                response = finished(response)
            status = response.status
        finally:
            if not 200 <= status < 300:
                # Another IWF may be next, and this one is to know that it is not.
                incoming.leg.let_go(status)
        return response

    async def within(self, incoming: Incoming) -> Response:
        """Have the service answer what belongs to a dialog of its."""
        if self._sessions is None:
            return respond(incoming.request, 481)
        admitted = self._admitted(self._arrived(incoming))
        response: Response = await self._sessions.within(admitted)
        return response

    def acknowledge(self, incoming: Incoming) -> None:
        """Tell the service of an ACK."""
        if self._sessions is not None:
            self._sessions.acknowledge(self._arrived(incoming).request)

    def _admitted(self, incoming: Incoming) -> Incoming:
        """The request as a user agent may take it; CannotInterwork if it may not."""
        admitted = self._proxy.admit(incoming)
        if not isinstance(admitted, Response):
            return admitted
        headers = admitted.headers
        raise CannotInterwork(
            admitted.status,
            admitted.reason,
            cause=_NOT_ADMITTED.get(admitted.status, "content-encoding"),
            section="RFC 3261 8.2.2",
            warning=f"{self.capabilities.name}: {admitted.reason}",
            headers=tuple([each for each in headers if each[0] in _TELLING]),
        )

    def _arrived(self, incoming: Incoming) -> Incoming:
        """The request as it is beyond us: without our Route."""
        request = self._proxy.passed(incoming.request)
        return msgspec.structs.replace(incoming, request=request)


class RemoteHop:
    """An IWF on another host, at a SIP URI; the IMS core is not involved.

    What is left of the route that led here would lead back to it, and is dropped. A
    message is waited for `patience` seconds; an INVITE has Timer C.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        uri: str,
        proxy: IProxy,
        tokens: RouteTokens,
        patience: float,
    ) -> None:
        self.capabilities = capabilities
        self._uri = uri
        self._proxy = proxy
        self._tokens = tokens
        self._patience = patience

    async def message(self, incoming: Incoming, message: StandaloneMessage) -> Response:
        """Forward the MESSAGE as it came."""
        return await self._forward(incoming, incoming.request)

    async def invite(
        self, incoming: Incoming, request: Request, finish: Finish = unchanged
    ) -> Response:
        """Forward the INVITE, with our Record-Route."""
        return await self._forward(incoming, request, finish)

    async def within(self, incoming: Incoming) -> Response:
        """Forward along the dialog's route: to the IWF, or from it (step 14 b, c)."""
        try:
            return await self._proxy.relay(incoming)
        except SipError as error:
            raise self._failed(incoming.request, error) from error

    def acknowledge(self, incoming: Incoming) -> None:
        """Forward the ACK (step 14 a)."""
        self._proxy.acknowledge(incoming)

    async def _forward(
        self, incoming: Incoming, request: Request, finish: Finish = unchanged
    ) -> Response:
        name = self.capabilities.name
        parameters = self._tokens.parameters(name, request.call_id)

        came, transport = incoming.request, incoming.peer.transport

        def routed(response: Response) -> Response:
            return finish(
                self._proxy.with_record_route(came, transport, response, parameters)
            )

        try:
            response = await self._proxy.forward(
                incoming,
                request.replace(headers=request.headers.without("Route")),
                destination=self._uri,
                parameters=parameters,
                timeout=self._patience,
                finish=routed,
            )
        except SipError as error:
            raise self._failed(request, error) from error
        if response.status == 503:
            # It speaks for this IWF: the core is not to stay away from us for it.
            headers = response.headers.without("Retry-After")
            return response.replace(headers=headers)
        return response

    def _failed(self, request: Request, error: SipError) -> CannotInterwork:
        """No answer is a 408, nobody there a 503 (RFC 3261 16.8, 16.9).

        What may have left is not answered 503, which has others tried; and what is no
        INVITE must not be answered 408 (RFC 4320 4.2).
        """
        status = 503
        has_left = isinstance(error, TransportFailed) and error.sent
        if has_left or isinstance(error, TransactionTimeout):
            status = 408 if request.method == "INVITE" else 504
        return _not_reached(status, str(error), self.capabilities)


class Hops:
    """The IWFs to choose among, in the order in which equals are taken.

    Those that were replaced by others are still known by their names: their dialogs go
    on, with their names in our Route.
    """

    def __init__(self, hops: Iterable[Hop]) -> None:
        self._known: dict[str, Hop] = {}
        self.capabilities: tuple[Capabilities, ...] = ()
        self.replace(hops)

    def replace(self, hops: Iterable[Hop]) -> None:
        """Have these chosen among from now on."""
        current = {each.capabilities.name: each for each in hops}
        self._known |= current
        self.capabilities = tuple([each.capabilities for each in current.values()])

    def named(self, name: str) -> Hop | None:
        """The IWF of this name, None where there never was one."""
        return self._known.get(name)

    def __getitem__(self, name: str) -> Hop:
        return self._known[name]


def _not_reached(status: int, why: str, capabilities: Capabilities) -> CannotInterwork:
    return CannotInterwork(
        status,
        reason_for(status),
        cause="iwf-unreachable",
        section="TS 5.1 step 10",
        warning=f"{capabilities.name}: {why}",
    )
