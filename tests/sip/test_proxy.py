"""A proxy that stays on the route: messages and sessions, over UDP, TCP and both."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.defer import Deferred

from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.routing import CannotRoute
from cpmgw.sip.settings import Login
from cpmgw.sip.uri import parse_uri
from tests.sip.endpoints import HERE, HOST
from tests.sip.proxies import (
    FAR,
    NEAR,
    PROXY,
    ProxyTestCase,
    fields_of,
    originated,
    within,
)

ASSERTED = ("P-Asserted-Identity", "<tel:+15145550001>")


class MessageTests(ProxyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy(server="proxy", user_agent="proxy")
        self.near = self.client()
        self.far = self.server(server="far")

    def send(self, request: Request) -> Response:
        return self.result(self.near.request(request, destination=PROXY))

    def test_there_and_back(self) -> None:
        """A MESSAGE reaches the server, its answer the client."""
        answer = self.send(originated(body=b"hello", headers=(ASSERTED,)))
        self.assertEqual(202, answer.status)
        (incoming,) = self.handled
        self.assertEqual(b"hello", incoming.request.body)
        self.assertEqual(
            "<tel:+15145550001>", incoming.request.headers.get("P-Asserted-Identity")
        )
        self.assertEqual([], self.failures)

    def test_request_is_a_copy(self) -> None:
        """What goes on differs in Via, Max-Forwards and Record-Route (16.6)."""
        self.send(originated(body=b"hello"))
        came, went = self.given[0].request, self.handled[0].request
        changed = {"Via", "Max-Forwards", "Record-Route"}
        self.assertEqual(
            [one for one in came.headers if one[0] not in changed],
            [one for one in went.headers if one[0] not in changed],
        )
        self.assertEqual((came.method, str(came.uri)), (went.method, str(went.uri)))
        self.assertEqual("69", went.headers.get("Max-Forwards"))

    def test_vias(self) -> None:
        """Our Via is on top, below it the sender's with what we saw (16.6, 18.2.1)."""
        self.send(originated())
        mine, theirs = self.handled[0].request.vias
        self.assertEqual((HOST, 5060), (mine.host, mine.port))
        self.assertTrue((mine.branch or "").startswith("z9hG4bK"))
        self.assertEqual((HOST, NEAR), (theirs.host, theirs.port))
        self.assertEqual(HOST, theirs.parameter("received"))
        self.assertEqual(str(NEAR), theirs.parameter("rport"))

    def test_answer_is_untouched(self) -> None:
        """The answer comes back as it left, without our Via (16.7)."""
        answer = self.send(originated())
        far = self.sent_to(5060)[-1]
        self.assertEqual(["far"], answer.headers.raw("Server"))
        same = ("To", "From", "Call-ID", "CSeq", "Server", "Accept")
        self.assertEqual(fields_of(far, same), fields_of(answer, same))
        self.assertEqual(1, len(answer.vias))

    def test_failure_is_untouched(self) -> None:
        """A failure too: a 488 gets no Accept, no tag and no Server of ours (16.7)."""
        peer = self.stub(5090)
        self.toward = "sip:127.0.0.1:5090"
        answer = self.near.request(originated(), destination=PROXY)
        self.reactor.settle()
        (request,) = peer.messages()
        kept = ("Via", "From", "To", "Call-ID", "CSeq")
        fields = [one for one in request.headers if one[0] in kept]
        bare = Response(488, "Never", Headers(fields))
        peer.transport.write(bare.encode(), (HOST, 5060))
        got = self.result(answer)
        self.assertEqual((488, "Never"), (got.status, got.reason))
        self.assertEqual({*kept, "Content-Length"}, {name for name, _ in got.headers})
        self.assertIs(None, got.to.tag)

    def test_record_route(self) -> None:
        """A MESSAGE gets our Record-Route, with lr and the cookie. [TS 5.1 step 10]"""
        self.send(originated())
        routes = self.handled[0].request.headers.addresses("Record-Route")
        self.assertEqual(["<sip:127.0.0.1:5060;lr;iwf=MMS>"], [str(r) for r in routes])

    def test_cookie_is_read_back(self) -> None:
        """A Route made of it gives the parameters back, whatever is in them."""
        self.parameters = (("iwf", "a b;c>\u00e9"), ("flag", None), ("x", "[/:&+$]"))
        self.send(originated())
        (value,) = self.handled[0].request.headers.all("Record-Route")
        (uri,) = self.middle.routes(originated(headers=(("Route", value),)))
        self.assertEqual("a b;c>\u00e9", uri.parameter("iwf"))
        self.assertEqual("", uri.parameter("flag"))
        self.assertEqual("[/:&+$]", uri.parameter("x"))

    def test_body_is_not_looked_into(self) -> None:
        """An encoded body goes on as it came."""
        encoded = (("Content-Encoding", "br"),)
        self.far.serve("MESSAGE", self.accept)
        self.send(originated(body=b"\x00\xff", headers=encoded))
        self.assertEqual(b"\x00\xff", self.given[0].request.body)
        sent = [one for one in self.sent_to(FAR) if isinstance(one, Request)]
        self.assertEqual(b"\x00\xff", sent[0].body)

    def test_require_is_not_for_us(self) -> None:
        """Require is the server's to judge (16.3 step 5)."""
        answer = self.send(originated(headers=(("Require", "magic"),)))
        self.assertEqual(420, answer.status)
        self.assertEqual(1, len(self.given))
        self.assertEqual([("MESSAGE", 420)], self.refused)

    def test_large(self) -> None:
        """What grows too large here goes on over TCP, recorded for both (18.1.1)."""
        self.send(originated(call_id="small"))
        size = len(self.reactor.datagrams[0][0])
        self.send(originated(call_id="large", body=b"x" * (1295 - size)))
        came, went = self.given[-1], self.handled[-1]
        self.assertEqual(("UDP", "TCP"), (came.peer.transport, went.peer.transport))
        self.assertEqual(2, len(went.request.headers.all("Record-Route")))

    def test_next_hop_of_the_settings(self) -> None:
        """The next hop of the settings is not for what is proxied."""
        endpoint = self.endpoint(("udp:5099",), next_hop=f"sip:{HOST}:{FAR};lr")
        proxy = Proxy(endpoint)

        async def send_on(incoming: Incoming) -> Response:
            try:
                return await proxy.forward(incoming, incoming.request)
            except CannotRoute:
                return respond(incoming.request, 503)

        endpoint.serve("MESSAGE", send_on, proxied=True)
        number = originated(uri="tel:+15145550001")
        answer = self.near.request(number, destination="sip:127.0.0.1:5099")
        self.assertEqual(503, self.result(answer).status)
        self.assertEqual([], self.handled)

    def test_request_uri_decides(self) -> None:
        """Without a destination and a Route the Request-URI says where to (16.6)."""
        self.toward = None
        self.assertEqual(202, self.send(originated(uri=f"sip:b@{HOST}:{FAR}")).status)

    def test_route_decides(self) -> None:
        """Our own Route goes; what is left of it says where to (16.4, 16.6)."""
        self.toward = None
        routes = (("Route", f"<{PROXY};lr>, <sip:{HOST}:{FAR};lr;x=1>"),)
        self.assertEqual(202, self.send(originated(headers=routes)).status)
        left = self.handled[0].request.headers.raw("Route")
        self.assertEqual([f"<sip:{HOST}:{FAR};lr;x=1>"], left)

    def test_destination_is_taken_as_it_is(self) -> None:
        """With a destination, a Route that is left stays and does not matter."""
        routes = (("Route", f"<{PROXY};lr>, <sip:192.0.2.1;lr>"),)
        self.assertEqual(202, self.send(originated(headers=routes)).status)
        left = self.handled[0].request.headers.raw("Route")
        self.assertEqual(["<sip:192.0.2.1;lr>"], left)

    def test_challenge_is_not_ours(self) -> None:
        """A 401 goes back to the client, even where we know a password (16.7)."""
        logins = (Login("alice", "word"),)
        self.proxy(("udp:5061",), logins=logins)
        self.endpoint(
            ("udp:5081",), users=(Account("alice", "word"),), realm="r", trusted=()
        ).serve("MESSAGE", self.accept)
        self.toward = "sip:127.0.0.1:5081"
        answer = self.near.request(originated(), destination="sip:127.0.0.1:5061")
        self.assertEqual(401, self.result(answer).status)


class SessionTests(ProxyTestCase):
    """INVITE, 200, ACK and BYE by each pair of transports."""

    def each(self) -> Iterator[tuple[str, str]]:
        for near in ("udp", "tcp"):
            for far in ("udp", "tcp"):
                self.setUp()
                self.proxy()
                self.near, self.far = self.client(), self.server()
                self.toward = f"sip:{HOST}:{FAR};transport={far}"
                yield near, far
                self.tearDown()
                self.endpoints.clear()

    def invited(self, near: str, far: str) -> Response:
        """The 200 of an INVITE."""
        contact = f"<sip:alice@{HOST}:{NEAR};transport={near}>"
        answer = self.near.request(
            originated("INVITE", contact=contact),
            destination=f"{PROXY};transport={near}",
        )
        self.reactor.settle()
        self.answer(200, by=far)
        return self.successResultOf(answer)

    def test_record_routes(self) -> None:
        """One for a transport; the outgoing one on top where it changes (RFC 5658)."""
        udp, tcp = (f"<{PROXY};transport={one};lr;iwf=MMS>" for one in ("udp", "tcp"))
        expected = {
            ("udp", "udp"): [f"<{PROXY};lr;iwf=MMS>"],
            ("tcp", "tcp"): [tcp],
            ("udp", "tcp"): [tcp, udp],
            ("tcp", "udp"): [udp, tcp],
        }
        for pair in self.each():
            response = self.invited(*pair)
            self.assertEqual(expected[pair], response.headers.raw("Record-Route"))

    def test_acknowledged(self) -> None:
        """The ACK of a 2xx follows the Route to the server. [TS 5.1 step 14a]"""
        for near, far in self.each():
            response = self.invited(near, far)
            self.result_of_ack(self.near.acknowledge(within("ACK", response, cseq=1)))
            (ack,) = self.acks
            self.assertEqual(response.to.tag, ack.to.tag)
            self.assertEqual(far.upper(), ack.via.transport)
            self.assertEqual((2, 69), (len(ack.vias), ack.max_forwards))
            self.assertNotIn("Route", ack.headers)
            self.assertNotIn("Record-Route", ack.headers)

    def result_of_ack(self, sent: Deferred[None]) -> None:
        self.reactor.settle()
        self.assertIs(None, self.successResultOf(sent))

    def test_bye_of_the_client(self) -> None:
        """A BYE of the client reaches the server, its 200 the client.

        It carries the cookie, and no Route of ours goes on. [TS 5.1 step 14b]
        """
        for near, far in self.each():
            response = self.invited(near, far)
            answer = self.result(self.near.request(within("BYE", response)))
            self.assertEqual(202, answer.status)
            uris = self.middle.routes(self.given[-1].request)
            self.assertEqual(1 if near == far else 2, len(uris))
            self.assertEqual({"MMS"}, {uri.parameter("iwf") for uri in uris})
            bye = self.handled[-1]
            self.assertEqual(far.upper(), bye.peer.transport)
            self.assertNotIn("Route", bye.request.headers)
            self.assertNotIn("Record-Route", bye.request.headers)

    def test_bye_of_the_server(self) -> None:
        """A BYE of the server reaches the client, its 200 it. [TS 5.1 step 14c]"""
        for near, far in self.each():
            response = self.invited(near, far)
            invite = self.calls[0][0].request
            bye = within("BYE", response, from_server=invite)
            self.assertEqual(202, self.result(self.far.request(bye)).status)
            self.assertEqual(near.upper(), self.handled[-1].peer.transport)
            self.assertNotIn("Route", self.handled[-1].request.headers)

    def test_invite_in_the_dialog(self) -> None:
        """A re-INVITE and its ACK go the same way, in both directions."""
        for near, far in self.each():
            response = self.invited(near, far)
            answer = self.near.request(within("INVITE", response))
            self.reactor.settle()
            self.answer(200, by=far)
            again = self.successResultOf(answer)
            self.assertEqual([], again.headers.raw("Record-Route"))
            acknowledged = self.near.acknowledge(within("ACK", response))
            self.result_of_ack(acknowledged)
            self.assertEqual(2, self.acks[-1].cseq.number)

    def test_unknown_dialog(self) -> None:
        """What has no Route of ours is not relayed."""
        for _ in self.each():
            request = originated("BYE", uri=PROXY)
            to = "<sip:bob@example.net>;tag=b"
            request = request.replace(headers=request.headers.with_replaced("To", to))
            self.assertEqual(481, self.result(self.near.request(request)).status)
            relayed = self.middle.relay(self.given[0])
            self.failureResultOf(relayed, CannotRoute)
            self.assertEqual([], self.handled)


class MineTests(ProxyTestCase):
    """Which URIs name an endpoint."""

    MINE = (
        f"sip:{HOST}",
        f"sip:{HOST}:5060",
        f"sip:anyone@{HOST}:5060;lr;x=y",
        f"sip:{HOST}:5060;transport=UDP",
        f"sip:{HOST};transport=tcp",
        "sip:gw.example.net",
        "sip:GW.example.NET",
        "sips:gw.example.net",
        "sip:gw.example.net:5060",
        "sip:gw.example.net:5062",
        "sip:[0:0::1]:5062",
        f"sip:elsewhere.example.net;maddr={HOST}",
        "sip:elsewhere.example.net;maddr=gw.example.net",
        "sip:gw.example.net;maddr=192.0.2.1",
        "sip:gw.example.net.",
        "sip:gw.example.net.:5060",
    )
    OTHERS = (
        f"sip:{HOST}:5061",
        f"sips:{HOST}",
        f"sip:{HOST};transport=tls",
        f"sip:{HOST};transport=sctp",
        "sip:127.0.0.2",
        "sip:gw.example.net:5061",
        "sip:gw.example.net:5062;transport=tcp",
        "sip:example.net",
        "sip:[::2]:5062",
        "sip:gw.example.net:5061;maddr=192.0.2.1",
        "sip:elsewhere.example.net;maddr=192.0.2.1",
        "sip:gw.example.net..",
        "tel:+15145550001",
        "mailto:bob@gw.example.net",
    )

    def test_each(self) -> None:
        """Bound addresses and the host of the settings, with their ports."""
        listen = (*HERE, "udp:5062:interface=\\:\\:1")
        endpoint = self.endpoint(listen, host="gw.example.net")
        for text in self.MINE:
            self.assertTrue(endpoint.is_mine(parse_uri(text)), text)
        for text in self.OTHERS:
            self.assertFalse(endpoint.is_mine(parse_uri(text)), text)

    def test_aliases(self) -> None:
        """Further hosts of the settings, by our ports or by the one they name."""
        names = (
            "192.0.2.7",
            "198.51.100.1:5099",
            "gw.example.org",
            "alt.example.org:7",
        )
        endpoint = self.endpoint(
            ("udp:5060", "tcp:5062"), aliases=(*names, "[2001:db8::1]:5088")
        )
        for text, mine in (
            ("sip:192.0.2.7", True),
            ("sip:192.0.2.7:5062;transport=tcp", True),
            ("sip:192.0.2.7:5062;transport=udp", False),
            ("sip:198.51.100.1:5099", True),
            ("sip:198.51.100.1:5099;transport=tcp;lr", True),
            ("sip:198.51.100.1:5099;transport=tls", False),
            ("sip:198.51.100.1", False),
            ("sip:GW.example.org.", True),
            ("sip:gw.example.org:5062", True),
            ("sip:gw.example.org:5063", False),
            ("sip:alt.example.org:7", True),
            ("sip:alt.example.org", False),
            ("sip:[2001:DB8:0::1]:5088", True),
            ("sip:[2001:db8::1]", False),
            ("sip:elsewhere;maddr=192.0.2.7", True),
        ):
            self.assertIs(mine, endpoint.is_mine(parse_uri(text)), text)

    def test_wildcard_route(self) -> None:
        """A Route with an address behind a wildcard listener is ours by its alias."""
        self.proxy(("udp:5060",), host="gw.example.net", aliases=(HOST,))
        self.near, self.far = self.client(), self.server()
        self.toward = None
        route = (("Route", f"<{PROXY};lr>"),)
        message = originated(uri=f"sip:bob@{HOST}:{FAR}", headers=route)
        self.assertEqual(202, self.result(self.near.request(message)).status)
        self.assertEqual(1, len(self.given))
        self.assertNotIn("Route", self.handled[0].request.headers)

    def test_numeric_host(self) -> None:
        """A host that is an address counts with its port only."""
        endpoint = self.endpoint(("udp:5062",), host="192.0.2.7")
        for text, mine in (
            ("sip:192.0.2.7:5062", True),
            ("sip:192.0.2.7", False),
            ("sip:0.0.0.0:5062", False),
        ):
            self.assertIs(mine, endpoint.is_mine(parse_uri(text)), text)

    def test_what_is_recorded(self) -> None:
        """What a wildcard address is recorded as is known again."""
        for listen in (("udp:5062",), ("tcp:5063", "udp:5064")):
            endpoint = self.endpoint(listen)
            for transport in ("UDP", "TCP", "TLS"):
                side = endpoint.side(transport)
                uri = f"sip:{side.sent_by};transport={side.transport.lower()};lr"
                self.assertTrue(endpoint.is_mine(parse_uri(uri)), uri)

    def test_recorded_without_a_listener(self) -> None:
        """A side by which nobody can reach us is recorded as the one we have."""
        self.proxy(("udp:5060:interface=127.0.0.1",))
        self.near, self.far = self.client(), self.server()
        self.toward = f"sip:{HOST}:{FAR};transport=tcp"
        answer = self.near.request(originated(), destination=PROXY)
        self.assertEqual(202, self.result(answer).status)
        self.assertEqual(
            [f"<{PROXY};lr;iwf=MMS>"],
            self.handled[0].request.headers.raw("Record-Route"),
        )
