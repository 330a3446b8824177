"""What a proxy refuses: hops, loops, options, Routes (RFC 3261 16.3, 16.4)."""

from __future__ import annotations

import zlib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, Response, respond
from tests.sip.endpoints import HOST
from tests.sip.messages import request_octets
from tests.sip.proxies import FAR, PROXY, ProxyTestCase, originated

COOKIE = f"{PROXY};lr;iwf=MMS"
PIECES = (
    f"<{COOKIE}>",
    f"<{PROXY}>;x",
    "<sip:x;lr>",
    '"<,>" <sips:y>',
    "<tel:+1>",
    "<mailto:a@b>",
    "sip:z",
    "",
    "?",
)
ANY_ROUTE = st.one_of(
    st.binary(max_size=60).map(lambda octets: octets.translate(None, b"\r\n")),
    st.lists(st.sampled_from(PIECES)).map(lambda some: ",".join(some).encode()),
)


class CheckTestCase(ProxyTestCase):
    """A raw client at 5071 and a raw server behind the proxy."""

    def setUp(self) -> None:
        super().setUp()
        self.middle_endpoint = self.proxy()
        self.peer = self.stub(5071)
        self.far = self.stub(FAR)

    def send(self, *extra: str, **options: object) -> None:
        octets = request_octets(extra=extra, **options)  # type: ignore[arg-type]
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()

    def forwarded(self) -> Request:
        """The request that went on last."""
        request = self.far.messages()[-1]
        assert isinstance(request, Request)
        return request

    def back(self, request: Request) -> None:
        """Have a request that went on come back to the proxy from another host."""
        via = f"SIP/2.0/UDP {HOST}:{FAR};branch=z9hG4bKb{len(self.far.received)}"
        looped = request.replace(headers=request.headers.with_first("Via", via))
        self.far.transport.write(looped.encode(), (HOST, 5060))
        self.reactor.settle()


class HopTests(CheckTestCase):
    def test_max_forwards(self) -> None:
        """0 is a 483, 1 goes on as 0, none as 70 (16.3 step 3, 16.6 step 3)."""
        self.send("Max-Forwards: 0")
        self.assertEqual([483], self.peer.statuses())
        self.assertEqual([], self.far.received)
        for value, left in (("1", 0), ("2", 1), ("255", 254)):
            self.send(f"Max-Forwards: {value}", branch=f"z9hG4bK{value}", call_id=value)
            self.assertEqual(left, self.forwarded().max_forwards)
        self.assertEqual([("MESSAGE", 483)], self.refused)

    def test_no_max_forwards(self) -> None:
        """A request that names none goes on with 70."""
        octets = request_octets().replace(b"Max-Forwards: 70\r\n", b"")
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()
        self.assertEqual(70, self.forwarded().max_forwards)


class LoopTests(CheckTestCase):
    def test_loop(self) -> None:
        """What comes back as it left is a 482 (16.3 step 4)."""
        self.send()
        self.back(self.forwarded())
        answer = self.far.messages()[-1]
        assert isinstance(answer, Response)
        self.assertEqual((482, "Loop Detected"), (answer.status, answer.reason))
        self.assertEqual(1, len(self.given))
        self.assertEqual([("MESSAGE", 482)], self.refused)

    def test_loop_with_our_route(self) -> None:
        """A Route that names us, and is taken off, hides no loop."""
        self.send()
        request = self.forwarded()
        route = request.headers.with_first("Route", f"<{PROXY};lr>")
        self.back(request.replace(headers=route))
        self.assertEqual([482], self.far.statuses())

    def test_spiral(self) -> None:
        """With another Request-URI it is let through (16.3 step 4)."""
        self.send()
        request = self.forwarded()
        there = originated(uri="sip:carol@example.net").uri
        self.back(request.replace(uri=there))
        self.assertEqual([], self.far.statuses())
        self.assertEqual(2, len(self.given))
        self.back(self.forwarded())
        self.assertEqual([482], self.far.statuses())

    def test_loop_over_another_name(self) -> None:
        """A loop is seen by what arrives, whatever a handler makes of it."""

        async def elsewhere(incoming: Incoming) -> Response:
            self.given.append(incoming)
            uri = originated(uri="sip:carol@example.net").uri
            request = incoming.request.replace(uri=uri)
            return await self.middle.forward(incoming, request, destination=self.toward)

        self.middle_endpoint.serve("MESSAGE", elsewhere, proxied=True)
        self.send()
        request = self.forwarded()
        self.assertEqual("sip:carol@example.net", str(request.uri))
        self.back(request.replace(uri=self.given[0].request.uri))
        self.assertEqual([482], self.far.statuses())

    def test_mark_of_another(self) -> None:
        """A mark that another proxy made is no loop of ours."""
        self.send()
        request = self.forwarded()
        branch = request.via.branch or ""
        name = branch.split(".")[1]
        other = f"SIP/2.0/UDP {HOST}:5060;branch=z9hG4bKx.{name[::-1]}.00"
        self.send(f"Via: {other}", branch="z9hG4bKtwo", cseq=2)
        self.assertEqual(2, len(self.given))

    def test_merged(self) -> None:
        """The same request by another way, without our Via, is a 482 (8.2.2.2)."""
        self.send()
        self.send(branch="z9hG4bKtwo")
        self.assertEqual([482], self.peer.statuses())
        self.assertEqual(1, len(self.given))

    def test_to_itself(self) -> None:
        """A proxy that is told to send to itself ends that at the first loop."""
        self.toward = PROXY
        self.send()
        self.assertEqual([482], self.peer.statuses())


class OptionTests(CheckTestCase):
    def test_proxy_require(self) -> None:
        """A Proxy-Require that is not supported is a 420 (16.3 step 5)."""
        self.send("Proxy-Require: magic, Other", "Require: more")
        answer = self.peer.messages()[0]
        self.assertEqual([420], self.peer.statuses())
        self.assertEqual(
            "magic, Other",
            answer.headers.get("Unsupported")
            and ", ".join(answer.headers.all("Unsupported")),
        )
        self.assertEqual([], self.given)

    def test_supported(self) -> None:
        """One that is supported is let through, in any case."""
        self.proxy(("udp:5061",), supported=("sec-agree",))
        octets = request_octets(extra=("Proxy-Require: Sec-Agree",))
        self.peer.transport.write(octets, (HOST, 5061))
        self.reactor.settle()
        self.assertEqual("Sec-Agree", self.forwarded().headers.get("Proxy-Require"))

    def test_scheme(self) -> None:
        """The scheme of the Request-URI is the handler's business (16.3 step 2)."""
        for number, uri in enumerate(("mailto:bob@example.net", "im:bob@example.net")):
            self.send(uri=uri, cseq=number, branch=f"z9hG4bK{number}")
            self.assertEqual(uri, str(self.forwarded().uri))
        self.toward = None
        self.send(uri="mailto:bob@example.net", cseq=9, branch="z9hG4bK9")
        self.assertEqual([503], self.peer.statuses())

    def test_untrusted_identity(self) -> None:
        """Who is not trusted asserts no identity, here as elsewhere (RFC 3325)."""
        self.proxy(("udp:5061",), trusted=())
        asserted = "P-Asserted-Identity: <sip:alice@example.com>"
        octets = request_octets(extra=(asserted,))
        self.peer.transport.write(octets, (HOST, 5061))
        self.reactor.settle()
        self.assertEqual([403], self.peer.statuses())

    def test_unknown_dialog(self) -> None:
        """A method that is not served within a dialog is a 481 there."""
        self.send(to_tag="b")
        self.assertEqual([481], self.peer.statuses())
        self.assertEqual([("MESSAGE", 481)], self.refused)


class RouteTests(CheckTestCase):
    def test_own_routes(self) -> None:
        """Both of ours go, and no more than those on top (16.4, RFC 5658)."""
        foreign = f"<sip:192.0.2.1;lr>, <{COOKIE}>"
        self.send(f"Route: <{COOKIE}>, <{PROXY};transport=tcp;lr>", f"Route: {foreign}")
        self.assertEqual(
            ["<sip:192.0.2.1;lr>", f"<{COOKIE}>"],
            self.forwarded().headers.all("Route"),
        )
        uris = self.middle.routes(self.given[0].request)
        self.assertEqual([COOKIE, f"{PROXY};transport=tcp;lr"], [str(u) for u in uris])

    def test_foreign_route(self) -> None:
        """A Route that is not ours on top is none of ours below it."""
        self.send(f"Route: <sip:192.0.2.1;lr>, <{COOKIE}>")
        self.assertEqual((), self.middle.routes(self.given[0].request))
        self.assertEqual(2, len(self.forwarded().headers.all("Route")))

    def test_strict_router_before_us(self) -> None:
        """Our Record-Route as Request-URI is undone: the last Route is it (16.4)."""
        self.send("Route: <sip:bob@192.0.2.1:5099>", uri=COOKIE)
        went = self.forwarded()
        self.assertEqual("sip:bob@192.0.2.1:5099", str(went.uri))
        self.assertNotIn("Route", went.headers)
        (uri,) = self.middle.routes(self.given[0].request)
        self.assertEqual("MMS", uri.parameter("iwf"))

    def test_strict_router_and_double_record_route(self) -> None:
        """So it is where the other one of ours is the first Route."""
        other = f"<{PROXY};transport=tcp;lr;iwf=MMS>"
        self.send(f"Route: {other}, <sip:x.example.net;lr>, <sip:bob@h>", uri=COOKIE)
        went = self.forwarded()
        self.assertEqual("sip:bob@h", str(went.uri))
        self.assertEqual(["<sip:x.example.net;lr>"], went.headers.all("Route"))
        self.assertEqual(2, len(self.middle.routes(self.given[0].request)))

    def test_addressed_to_us(self) -> None:
        """A Request-URI that names us, without lr, is no strict router's work."""
        for number, uri in enumerate((PROXY, f"sip:isf@{HOST}:5060;lr")):
            self.send(
                "Route: <sip:192.0.2.1;lr>",
                uri=uri,
                cseq=number,
                branch=f"z9hG4bK{number}",
            )
            self.assertEqual(uri, str(self.forwarded().uri))

    def test_our_uri_alone(self) -> None:
        """Our Record-Route as Request-URI, with no Route at all, stays."""
        self.send(uri=COOKIE)
        self.assertEqual(COOKIE, str(self.forwarded().uri))

    def test_strict_router_after_us(self) -> None:
        """A next Route without lr gets itself as Request-URI (16.6 step 6)."""
        self.toward = None
        strict, last = f"sip:{HOST}:{FAR};x=1", "<sip:192.0.2.9;lr>"
        self.send(f"Route: <{PROXY};lr>, <{strict}>, {last}", uri="sip:bob@example.net")
        went = self.forwarded()
        self.assertEqual(strict, str(went.uri))
        expected = [last, "<sip:bob@example.net>"]
        self.assertEqual(expected, went.headers.all("Route"))

    def test_malformed(self) -> None:
        """A Route that cannot be read is a 400."""
        for number, value in enumerate(
            ("nonsense", "<sip:", f"<{COOKIE}>, <sip:a b>", '"x <sip:a;lr>', "<>")
        ):
            self.send(f"Route: {value}", cseq=number, branch=f"z9hG4bK{number}")
        self.assertEqual([400] * 5, self.peer.statuses())
        self.assertEqual([("MESSAGE", 400)] * 5, self.refused)
        self.assertEqual([], self.far.received)

    def test_malformed_for_a_handler(self) -> None:
        """What a handler has spoilt is its own failure, not ours."""
        self.send()
        (incoming,) = self.given
        headers = incoming.request.headers.with_first("Route", "nonsense")
        spoilt = incoming.request.replace(headers=headers)
        self.failureResultOf(self.middle.forward(incoming, spoilt), SipSyntaxError)
        arrived = msgspec.structs.replace(incoming, request=spoilt)
        self.failureResultOf(self.middle.relay(arrived), SipSyntaxError)
        self.assertRaises(SipSyntaxError, self.middle.routes, spoilt)

    def test_no_way_on(self) -> None:
        """A Route that leads nowhere is the handler's to answer."""
        self.toward = None
        for number, value in enumerate(
            (
                "<tel:+15145550001>",
                "<mailto:a@b;lr>",
                "<sip:127.0.0.1:5099;transport=sctp;lr>",
                "<sip:127.0.0.1:9;transport=tcp;lr>",
            )
        ):
            self.send(f"Route: {value}", cseq=number, branch=f"z9hG4bK{number}")
        self.assertEqual([503] * 4, self.peer.statuses())
        self.assertEqual(4, len(self.failures))

    def test_many(self) -> None:
        """A hundred Routes of ours are taken off at once."""
        routes = ", ".join([f"<{COOKIE}>"] * 100)
        self.send(f"Route: {routes}")
        self.assertNotIn("Route", self.forwarded().headers)

    @settings(max_examples=100, deadline=None)
    @given(ANY_ROUTE)
    def test_any_route(self, value: bytes) -> None:
        """Whatever stands in a Route, there is one answer, or it goes on."""
        self.setUp()
        octets = request_octets(extra=("Route: here",)).replace(b"here", value)
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()
        went, refused = len(self.far.received), len(self.peer.received)
        self.assertEqual(1, went + refused)
        self.tearDown()
        self.endpoints.clear()


class ResponseTests(CheckTestCase):
    def says(self, response: Response) -> None:
        self.far.transport.write(response.encode(), (HOST, 5060))
        self.reactor.settle()

    def test_foreign_via(self) -> None:
        """A response whose Vias are not ours and the client's is dropped (16.7)."""
        self.send()
        good = respond(self.forwarded(), 200, to_tag="b")
        mine, theirs = good.headers.raw("Via")
        branch = self.forwarded().via.branch
        for lines in (
            (mine,),
            (theirs,),
            (mine.replace("5060", "5061"), theirs),
            (theirs, mine),
            (mine.replace(branch or "", "z9hG4bKother"), theirs),
            (mine.partition(".")[0] + ".0.0", theirs),
        ):
            headers = good.headers.without("Via")
            for line in reversed(lines):
                headers = headers.with_first("Via", line)
            self.says(good.replace(headers=headers))
            self.assertEqual([], self.peer.statuses())
        self.says(good)
        self.assertEqual([200], self.peer.statuses())

    def test_one_line(self) -> None:
        """Vias in one line are told apart."""
        self.send()
        good = respond(self.forwarded(), 200, to_tag="b")
        line = ", ".join(good.headers.raw("Via"))
        headers = good.headers.without("Via").with_first("Via", line)
        self.says(good.replace(headers=headers))
        got = self.peer.messages()[0]
        self.assertEqual(["z9hG4bKone"], [via.branch for via in got.vias])

    def test_goes_where_the_request_came_from(self) -> None:
        """What a server makes of the client's Via leads the answer nowhere else."""
        victim = self.stub(5099)
        self.send()
        good = respond(self.forwarded(), 200, to_tag="b")
        mine, theirs = good.headers.raw("Via")
        headers = good.headers.without("Via").with_first(
            "Via", theirs.replace("5071", "5099")
        )
        self.says(good.replace(headers=headers.with_first("Via", mine)))
        self.assertEqual([], victim.received)
        self.assertEqual([200], self.peer.statuses())

    def test_late(self) -> None:
        """A second final answer to a MESSAGE is dropped."""
        self.send()
        good = respond(self.forwarded(), 200, to_tag="b")
        self.says(good)
        self.says(respond(self.forwarded(), 500, to_tag="b"))
        self.assertEqual([200], self.peer.statuses())


class AdmitTests(CheckTestCase):
    """A proxied request that is served here after all."""

    def setUp(self) -> None:
        super().setUp()
        self.middle_endpoint.serve("MESSAGE", self.here, proxied=True)

    async def here(self, incoming: Incoming) -> Response:
        admitted = self.middle_endpoint.admit(incoming)
        return (
            admitted if isinstance(admitted, Response) else await self.accept(admitted)
        )

    def test_each(self) -> None:
        """Then the checks of a server are made up for (8.2.2)."""
        deflated = zlib.compress(b"hello")
        for number, (extra, uri, body, status) in enumerate(
            (
                ((), "sip:b@h", b"", 202),
                (("Require: magic",), "sip:b@h", b"", 420),
                ((), "mailto:b@h", b"", 416),
                (("Content-Encoding: deflate",), "sip:b@h", deflated, 202),
                (("Content-Encoding: br",), "sip:b@h", b"x", 415),
                (("Content-Encoding: deflate",), "sip:b@h", b"x", 400),
            )
        ):
            self.send(
                *extra, uri=uri, body=body, cseq=number, branch=f"z9hG4bK{number}"
            )
            self.assertEqual(status, self.peer.statuses()[-1], (extra, uri))
        first, second = self.handled
        self.assertEqual(b"hello", second.request.body)
        self.assertNotIn("Content-Encoding", second.request.headers)
        self.assertIsNot(first.leg, second.leg)
