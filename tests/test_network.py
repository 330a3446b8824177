"""The SIP endpoint as the IWFs see it: where it is, and how they begin dialogs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.network import CpmNetwork
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.uri import parse_uri
from tests.support.network import MemoryNetwork

UDP, TCP = "udp:5060:interface=127.0.0.1", "tcp:5061:interface=127.0.0.1"
PEER = "sip:peer@127.0.0.1:5070"


def request(
    method: str = "INVITE", *headers: tuple[str, str], call_id: str = "c"
) -> Request:
    """A request of an IWF."""
    uri = parse_uri(PEER)
    address = NameAddr(uri)
    return originate(
        method, uri, from_=address, to=address, call_id=call_id, headers=headers
    )


class NetworkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryNetwork()

    def network(self, *listen: str, next_hop: str = "") -> CpmNetwork:
        """The network of an endpoint that listens so."""
        settings = EndpointSettings(listen=listen, next_hop=next_hop)
        endpoint = Endpoint(self.reactor, settings)
        endpoint.startService()
        self.addCleanup(self._stop, endpoint)
        self.tokens = RouteTokens(b"k" * 32)
        proxy: Any = Proxy(endpoint)
        return CpmNetwork(endpoint, proxy, self.tokens)

    def _stop(self, endpoint: Endpoint) -> None:
        stopped = endpoint.stopService()
        self.reactor.advance(40)
        self.successResultOf(stopped)

    def test_contact(self) -> None:
        """The Contact names the transport that is asked for, if it is there."""
        network = self.network(UDP, TCP)
        self.assertEqual(str(network.contact("UDP")), "sip:127.0.0.1:5060")
        tcp = "sip:127.0.0.1:5061;transport=tcp"
        self.assertEqual(str(network.contact("TCP")), tcp)
        self.assertEqual(str(network.contact("tls")), "sip:127.0.0.1:5060")

    def test_contact_towards_cpm(self) -> None:
        """Without one it is that of the way towards CPM."""
        tcp = "sip:127.0.0.1:5061;transport=tcp"
        for next_hop, contact in (
            ("", "sip:127.0.0.1:5060"),
            ("sip:127.0.0.1:5070;lr", "sip:127.0.0.1:5060"),
            ("sip:127.0.0.1:5070;lr;transport=tcp", tcp),
            ("sips:127.0.0.1:5070;lr", "sip:127.0.0.1:5060"),
        ):
            self.setUp()
            network = self.network(UDP, TCP, next_hop=next_hop)
            self.assertEqual(str(network.contact()), contact, next_hop)

    def test_only_transport(self) -> None:
        """Where there is but one transport, it is that one."""
        network = self.network(TCP)
        self.assertEqual(str(network.contact()), "sip:127.0.0.1:5061;transport=tcp")

    def test_begin(self) -> None:
        """The Record-Route of a dialog that begins here names the IWF, signed."""
        network = self.network(UDP)
        begun = network.begin(request(), "SMS")
        (route,) = begun.headers.addresses("Record-Route")
        uri = parse_uri(str(route.uri))
        self.assertTrue(str(uri).startswith("sip:127.0.0.1:5060;lr;iwf=SMS;sig="))
        (own,) = Proxy(network._endpoint).routes(request("BYE", ("Route", str(route))))
        self.assertEqual(self.tokens.iwf_of((own,), "c"), "SMS")
        self.assertEqual(self.tokens.iwf_of((own,), "other"), "")

    def peer(self) -> list[Request]:
        """Whoever is at the other end, and what he gets."""
        got: list[Request] = []
        settings = EndpointSettings(listen=("udp:5070:interface=127.0.0.1",))
        endpoint = Endpoint(self.reactor, settings)

        async def take(incoming: Incoming) -> Response:
            got.append(incoming.request)
            return respond(incoming.request, 200)

        for method in ("INVITE", "ACK", "BYE"):
            endpoint.serve(method, take, in_dialog=True)
        endpoint.startService()
        self.addCleanup(self._stop, endpoint)
        return got

    def test_own_route(self) -> None:
        """Our own Route is passed here: what is left says where to, or the URI does."""
        got = self.peer()
        network = self.network(UDP, next_hop="sip:127.0.0.1:5999;lr")
        ours = ("Route", "<sip:127.0.0.1:5060;lr;iwf=SMS>")
        answer = network.request(request("BYE", ours), timeout=5.0)
        network.acknowledge(request("ACK", ours))
        theirs = ("Route", "<sip:127.0.0.1:5070;lr>")
        network.request(request("BYE", ours, theirs, call_id="d"))
        self.reactor.settle()
        self.assertEqual(self.successResultOf(answer).status, 200)
        routes = [(each.method, each.headers.raw("Route")) for each in got]
        self.assertEqual(
            routes, [("BYE", []), ("ACK", []), ("BYE", ["<sip:127.0.0.1:5070;lr>"])]
        )

    def test_time_limit(self) -> None:
        """A request is waited for as long as is said, and no longer."""
        network = self.network(UDP)
        answer = network.request(request("BYE"), timeout=5.0)
        self.reactor.advance(4.9)
        self.assertNoResult(answer)
        self.reactor.advance(0.2)
        self.failureResultOf(answer)

    def test_progress_and_cancel(self) -> None:
        """An INVITE tells what comes before its answer, and can be cancelled."""
        endpoint = Endpoint(
            self.reactor, EndpointSettings(listen=("udp:5070:interface=127.0.0.1",))
        )
        endpoint.serve("INVITE", self._ring)
        endpoint.startService()
        self.addCleanup(self._stop, endpoint)
        network = self.network(UDP)
        seen: list[int] = []
        answer = network.request(
            request(), progress=lambda response: seen.append(response.status)
        )
        self.reactor.settle()
        self.assertEqual(seen, [180])
        network.cancel(answer, ("SIP;cause=200",))
        self.reactor.settle()
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertEqual(self.reasons, ("SIP;cause=200",))

    def _ring(self, incoming: Incoming) -> Deferred[Response]:
        answer: Deferred[Response] = Deferred()

        def cancelled() -> None:
            self.reasons = incoming.leg.reasons
            answer.callback(respond(incoming.request, 487))

        incoming.leg.when_cancelled(cancelled)
        incoming.leg.send_provisional(respond(incoming.request, 180))
        return answer
