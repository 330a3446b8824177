"""What the IWFs send towards CPM (TS 5.1 steps 10 and 14 c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cpmgw.interfaces import ICpmNetwork, IProxy
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.errors import SipError
from cpmgw.sip.forwarding import recorded
from cpmgw.sip.message import Request, Response
from cpmgw.sip.routing import next_hop_of
from cpmgw.sip.uri import SipUri, parse_uri

if TYPE_CHECKING:
    from cpmgw.sip.errand import Progress

_UDP: Final = "UDP"


@implementer(ICpmNetwork)
class CpmNetwork:
    """The SIP endpoint as the IWFs of this process see it.

    Between them and the ISF no octets move: where the route of a dialog leads through
    the ISF first, that hop is taken here. `tokens` sign the Record-Route of dialogs
    that an IWF begins.
    """

    def __init__(self, endpoint: Endpoint, proxy: IProxy, tokens: RouteTokens) -> None:
        self._endpoint = endpoint
        self._proxy = proxy
        self._tokens = tokens

    def request(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deferred[Response]:
        """Send a request; fires with the final response (ICpmNetwork)."""
        beyond, destination = self._beyond(request)
        return self._endpoint.request(
            beyond, destination=destination, timeout=timeout, progress=progress
        )

    def cancel(self, answer: Deferred[Response], reasons: tuple[str, ...] = ()) -> None:
        """CANCEL an INVITE, and go on waiting for its answer (ICpmNetwork)."""
        self._endpoint.cancel(answer, reasons)

    def acknowledge(self, ack: Request) -> Deferred[None]:
        """Send the ACK of a 2xx; fires when it has left (ICpmNetwork)."""
        beyond, destination = self._beyond(ack)
        return self._endpoint.acknowledge(beyond, destination)

    def contact(self, transport: str = "") -> SipUri:
        """A URI by which this gateway is reached (ICpmNetwork)."""
        side = self._endpoint.side(transport.upper() or self._outwards())
        uri = parse_uri(f"sip:{side.sent_by}")
        assert isinstance(uri, SipUri)
        if side.transport == _UDP:
            return uri
        return uri.with_parameter("transport", side.transport.lower())

    def begin(self, request: Request, iwf: str) -> Request:
        """The request with our Record-Route, which names the IWF (ICpmNetwork)."""
        side = self._endpoint.side(self._outwards())
        parameters = self._tokens.parameters(iwf, request.call_id)
        return recorded(request, side, side, parameters)

    def _beyond(self, request: Request) -> tuple[Request, str | None]:
        """The request as it leaves the ISF, and where to if no Route says so."""
        if "Route" not in request.headers:
            return request, None
        beyond = self._proxy.passed(request)
        if beyond is request or "Route" in beyond.headers:
            return beyond, None
        # The route ends here: what is left is the peer's own address (RFC 3261 16.4).
        return beyond, str(beyond.uri)

    def _outwards(self) -> str:
        """The transport by which what begins here leaves, as far as that is known."""
        try:
            hop = next_hop_of(self._endpoint.settings.next_hop)
        except SipError:
            return _UDP
        if hop is None:
            return _UDP
        if hop.scheme == "sips":
            return "TLS"
        return (hop.parameter("transport") or _UDP).upper()
