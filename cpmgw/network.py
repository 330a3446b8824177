"""What the IWFs send towards CPM (TS 5.1 steps 10 and 14 c)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cpmgw.interfaces import ICpmNetwork, IProxy
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.message import Request, Response


@implementer(ICpmNetwork)
class CpmNetwork:
    """The SIP endpoint as the IWFs of this process see it.

    Between them and the ISF no octets move: where the route of a dialog leads through
    the ISF first, that hop is taken here.
    """

    def __init__(self, endpoint: Endpoint, proxy: IProxy) -> None:
        self._endpoint = endpoint
        self._proxy = proxy

    def request(self, request: Request) -> Deferred[Response]:
        """Send a request; fires with the final response (ICpmNetwork)."""
        if "Route" not in request.headers:
            return self._endpoint.request(request)
        beyond = self._proxy.passed(request)
        if beyond is request or "Route" in beyond.headers:
            return self._endpoint.request(beyond)
        # The route ends here: what is left is the peer's own address (RFC 3261 16.4).
        return self._endpoint.request(beyond, destination=str(beyond.uri))
