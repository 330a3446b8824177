"""The serving side of an endpoint: bytes in, answers out, over UDP, TCP and TLS."""

from __future__ import annotations

import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.message import Response, respond
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transaction.machine import Timing
from tests.sip.endpoints import HERE, HOST, EndpointTestCase, StubFactory
from tests.sip.messages import request_octets, response
from tests.sip.torture import invalid, ipv6, semantic, valid


class UdpServingTests(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5071)

    def send(self, octets: bytes, port: int = 5060) -> None:
        self.peer.transport.write(octets, (HOST, port))
        self.reactor.settle()

    def test_served(self) -> None:
        """A request reaches its handler once; its answer goes where Via says."""
        self.endpoint(server="IWF").serve("MESSAGE", self.accept)
        self.send(request_octets(body=b"hello"))
        (incoming,) = self.handled
        self.assertEqual(b"hello", incoming.request.body)
        self.assertEqual(("UDP", HOST, 5071), tuple(vars_of(incoming)))
        self.assertTrue(incoming.trusted)
        answer = response(self.peer.received[0])
        self.assertEqual(202, answer.status)
        self.assertEqual("IWF", answer.headers.get("Server"))
        self.assertEqual("z9hG4bKone", answer.via.branch)
        self.assertIsNot(None, answer.to.tag)

    def test_retransmission(self) -> None:
        """A retransmission gets the stored answer; the handler sees it once."""
        self.endpoint().serve("MESSAGE", self.accept)
        for _ in range(3):
            self.send(request_octets())
        self.assertEqual(1, len(self.handled))
        self.assertEqual(1, len(set(self.peer.received)))
        self.assertEqual(3, len(self.peer.received))

    def test_while_working(self) -> None:
        """While the handler works there is silence, then 100, then the answer."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint().serve("MESSAGE", lambda incoming: waiting)
        self.send(request_octets())
        self.send(request_octets())
        self.assertEqual([], self.peer.received)
        self.reactor.advance(3.6)
        self.reactor.settle()
        self.assertEqual([100], self.peer.statuses())
        self.assertIs(None, response(self.peer.received[0]).to.tag)
        waiting.callback(respond(response_request(), 200))
        self.reactor.settle()
        self.assertEqual([100, 200], self.peer.statuses())

    def test_one_timer_for_all(self) -> None:
        """However many transactions wait, the reactor has one call for them."""
        self.endpoint().serve("MESSAGE", self.accept)
        for number in range(100):
            self.send(request_octets(branch=f"z9hG4bK{number}", cseq=number))
        self.assertEqual(1, len(self.reactor.pending()))
        self.reactor.advance(33)
        self.assertEqual([], self.reactor.pending())

    def test_rport(self) -> None:
        """With rport the answer goes to the source port (RFC 3581 4)."""
        self.endpoint().serve("MESSAGE", self.accept)
        self.send(request_octets(via="SIP/2.0/UDP 192.0.2.9:1;rport"))
        via = response(self.peer.received[0]).via
        self.assertEqual("5071", via.parameter("rport"))
        self.assertEqual(HOST, via.parameter("received"))

    def test_sent_by_port(self) -> None:
        """Without rport it goes to the source address and the sent-by port."""
        other = self.stub(5099)
        self.endpoint().serve("MESSAGE", self.accept)
        self.send(request_octets(via="SIP/2.0/UDP name.example.net:5099"))
        self.assertEqual([202], other.statuses())
        self.assertEqual(HOST, response(other.received[0]).via.parameter("received"))
        self.send(request_octets(via="SIP/2.0/UDP name.example.net:5099"))
        self.assertEqual([202, 202], other.statuses())

    def test_options(self) -> None:
        """OPTIONS tells what is understood (11.2)."""
        self.endpoint(supported=("timer",)).serve("MESSAGE", self.accept)
        self.send(request_octets("OPTIONS"))
        answer = response(self.peer.received[0])
        self.assertEqual(200, answer.status)
        self.assertEqual("MESSAGE, OPTIONS", ", ".join(answer.headers.all("Allow")))
        self.assertEqual(["message/cpim", "text/plain"], answer.headers.all("Accept"))
        self.assertIn("deflate", answer.headers.all("Accept-Encoding"))
        self.assertEqual(["timer"], answer.headers.all("Supported"))

    def test_invite_without_handler(self) -> None:
        """An INVITE nobody serves is a 405; its ACK ends the matter."""
        endpoint = self.endpoint()
        self.send(request_octets("INVITE"))
        answer = response(self.peer.received[0])
        self.assertEqual(405, answer.status)
        self.send(request_octets("ACK", to_tag=answer.to.tag or ""))
        self.assertEqual(1, len(self.peer.received))
        self.reactor.advance(6)
        self.assertEqual(0, len(endpoint._layer))

    def test_merged(self) -> None:
        """The same request by another way is a 482 (8.2.2.2)."""
        self.endpoint().serve("MESSAGE", self.accept)
        self.send(request_octets())
        self.send(request_octets(branch="z9hG4bKtwo"))
        self.assertEqual([202, 482], self.peer.statuses())

    def test_untrusted_identity(self) -> None:
        """Who is not trusted may not assert an identity (RFC 3325)."""
        self.endpoint(trusted=("192.0.2.0/24",)).serve("MESSAGE", self.accept)
        asserted = ("P-Asserted-Identity: <sip:alice@example.com>",)
        self.send(request_octets(extra=asserted))
        self.send(request_octets(branch="z9hG4bKtwo", cseq=2))
        self.assertEqual([403, 202], self.peer.statuses())
        self.assertFalse(self.handled[0].trusted)

    def test_deflate(self) -> None:
        """A deflated body is read; one that grows too large is a 413."""
        self.endpoint().serve("MESSAGE", self.accept)
        extra = ("Content-Encoding: deflate",)
        self.send(request_octets(extra=extra, body=zlib.compress(b"hello")))
        self.assertEqual(b"hello", self.handled[0].request.body)
        bomb = zlib.compress(b"x" * 10_000_000)
        self.send(request_octets(branch="z9hG4bK2", cseq=2, extra=extra, body=bomb))
        self.assertEqual([202, 413], self.peer.statuses())

    def test_unknown_encoding(self) -> None:
        """An encoding that is not known is a 415 with Accept-Encoding and Accept."""
        self.endpoint().serve("MESSAGE", self.accept)
        self.send(request_octets(extra=("Content-Encoding: br",), body=b"x"))
        answer = response(self.peer.received[0])
        self.assertEqual(415, answer.status)
        self.assertIn("deflate", answer.headers.all("Accept-Encoding"))
        self.assertIn("text/plain", answer.headers.all("Accept"))

    def test_overload(self) -> None:
        """With all handlers busy a request is a 503 with Retry-After."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint(pending=1, retry_after=7).serve("MESSAGE", lambda _: waiting)
        self.send(request_octets())
        self.send(request_octets(branch="z9hG4bKtwo", cseq=2))
        answer = response(self.peer.received[0])
        self.assertEqual((503, "7"), (answer.status, answer.headers.get("Retry-After")))
        waiting.callback(respond(response_request(), 200))

    def test_no_room_for_a_transaction(self) -> None:
        """At the limit of transactions one is served, one past it is a 503."""
        endpoint = self.endpoint(transactions=1)
        endpoint.serve("MESSAGE", self.accept)
        self.send(request_octets())
        for _ in range(2):
            self.send(request_octets(branch="z9hG4bKtwo", cseq=2))
        self.assertEqual([202, 503, 503], self.peer.statuses())
        self.assertEqual(self.peer.received[1], self.peer.received[2])
        self.assertEqual(1, len(endpoint._layer))

    def test_authentication(self) -> None:
        """With users, a peer that is not trusted is challenged (22.2)."""
        users = (Account("alice", "word"),)
        endpoint = self.endpoint(users=users, realm="gw", trusted=())
        endpoint.serve("MESSAGE", self.accept)
        self.send(request_octets())
        self.assertEqual([401], self.peer.statuses())
        self.assertEqual([], self.handled)

    def test_keep_alive(self) -> None:
        """Datagrams of CRLFs are not answered."""
        self.endpoint()
        self.send(b"\r\n\r\n")
        self.assertEqual([], self.peer.received)

    def test_stray_response(self) -> None:
        """A response that matches nothing is dropped."""
        self.endpoint()
        self.send(respond(response_request(), 200).encode())
        self.assertEqual([], self.peer.received)


class HandlerTests(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5071)

    def serve(self, handler: Any, method: str = "MESSAGE", **options: Any) -> Endpoint:
        endpoint = self.endpoint(**options)
        endpoint.serve(method, handler)
        self.peer.transport.write(request_octets(method), (HOST, 5060))
        self.reactor.settle()
        return endpoint

    def test_raises(self) -> None:
        """A handler that raises is a 500, and its Failure is logged."""

        async def fails(incoming: Incoming) -> Response:
            raise ZeroDivisionError

        def fails_at_once(incoming: Incoming) -> Deferred[Response]:
            raise ZeroDivisionError

        self.serve(fails)
        self.assertEqual([500], self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.endpoints[0].serve("OTHER", fails_at_once)
        self.peer.transport.write(request_octets("OTHER"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([500, 500], self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_gives_no_final_response(self) -> None:
        """A handler that gives something else than a final response is a 500."""

        async def odd(incoming: Incoming) -> Any:
            return respond(incoming.request, 180)

        self.serve(odd)
        self.assertEqual([500], self.peer.statuses())

    def test_unwritable_response(self) -> None:
        """A response with a line break in a header is a 500 instead."""

        async def broken(incoming: Incoming) -> Response:
            return respond(incoming.request, 200, headers=(("X", "a\r\nb"),))

        self.serve(broken)
        self.assertEqual([500], self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors()))

    def test_never_answers(self) -> None:
        """A handler that never answers is cancelled and answered for with 504."""
        cancelled: list[Any] = []
        waiting: Deferred[Response] = Deferred(cancelled.append)
        self.serve(lambda _: waiting, handler_timeout=2.0)
        self.reactor.advance(1.9)
        self.assertEqual([], cancelled)
        self.reactor.advance(0.2)
        self.reactor.settle()
        self.assertEqual([504], self.peer.statuses())
        self.assertEqual([waiting], cancelled)

    def test_cancel(self) -> None:
        """A CANCEL is a 200, ends the handler, and makes the INVITE a 487 (9.2)."""
        waiting: Deferred[Response] = Deferred()
        self.serve(lambda _: waiting, "INVITE")
        self.peer.transport.write(request_octets("CANCEL"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([200, 487], sorted(self.peer.statuses()))
        answers = [one for one in self.peer.messages() if isinstance(one, Response)]
        final = next(one for one in answers if one.status == 487)
        ack = request_octets("ACK", to_tag=final.to.tag or "")
        self.peer.transport.write(ack, (HOST, 5060))
        self.reactor.settle()
        self.reactor.advance(33)

    def test_cancel_of_nothing(self) -> None:
        """A CANCEL that matches no transaction is a 481 (9.2)."""
        self.endpoint()
        self.peer.transport.write(request_octets("CANCEL"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([481], self.peer.statuses())

    def test_cancel_of_a_message(self) -> None:
        """A CANCEL has no effect on a request other than INVITE (9.2)."""
        waiting: Deferred[Response] = Deferred()
        self.serve(lambda _: waiting)
        self.peer.transport.write(request_octets("CANCEL"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([200], self.peer.statuses())
        self.assertFalse(waiting.called)
        waiting.callback(respond(response_request(), 202))
        self.reactor.settle()
        self.assertEqual([200, 202], self.peer.statuses())

    def test_in_dialog(self) -> None:
        """A To tag nobody serves is a 481; a handler may take such requests."""
        endpoint = self.endpoint()
        endpoint.serve("MESSAGE", self.accept)
        octets = request_octets(to_tag="there")
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()
        endpoint.serve("MESSAGE", self.accept, in_dialog=True)
        octets = request_octets(to_tag="there", branch="z9hG4bKtwo", cseq=2)
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([481, 202], self.peer.statuses())

    def test_ack_handler(self) -> None:
        """The ACK of a 2xx goes to the handler of ACK and is never answered."""
        endpoint = self.endpoint()
        endpoint.serve("INVITE", self.accept_invite)
        endpoint.serve("ACK", self.accept, in_dialog=True)
        self.peer.transport.write(request_octets("INVITE"), (HOST, 5060))
        self.reactor.settle()
        self.peer.transport.write(request_octets("ACK", to_tag="here"), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual(["ACK"], [one.request.method for one in self.handled])
        self.assertEqual([200], self.peer.statuses())

    async def accept_invite(self, incoming: Incoming) -> Response:
        return respond(incoming.request, 200, to_tag="here")


class TcpServingTests(EndpointTestCase):
    def test_same_connection(self) -> None:
        """An answer goes over the connection that brought the request (18.2.2)."""
        endpoint = self.endpoint()
        endpoint.serve("MESSAGE", self.accept)
        peer = self.connect()
        peer.transport.write(request_octets(via="SIP/2.0/TCP there:5099"))
        self.reactor.settle()
        self.assertEqual([202], peer.statuses())
        self.assertEqual("TCP", self.handled[0].peer.transport)
        self.assertEqual(0, len(endpoint._layer))

    def test_connection_lost_while_working(self) -> None:
        """With its connection gone, the answer goes to the sent-by port (18.2.2)."""
        factory = StubFactory()
        listener = self.reactor.listenTCP(5099, factory)
        waiting: Deferred[Response] = Deferred()
        self.endpoint().serve("MESSAGE", lambda _: waiting)
        peer = self.connect()
        peer.transport.write(request_octets(via="SIP/2.0/TCP there:5099"))
        self.reactor.settle()
        peer.transport.cut()
        self.reactor.settle()
        waiting.callback(respond(response_request("SIP/2.0/TCP there:5099"), 200))
        self.reactor.settle()
        self.assertEqual([200], factory.stubs[0].statuses())
        listener.stopListening()

    def test_answer_that_reaches_nobody(self) -> None:
        """With nobody listening there either, the answer is dropped quietly."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint().serve("MESSAGE", lambda _: waiting)
        peer = self.connect()
        peer.transport.write(request_octets(via="SIP/2.0/TCP there:5099"))
        self.reactor.settle()
        peer.transport.cut()
        self.reactor.settle()
        waiting.callback(respond(response_request("SIP/2.0/TCP there:5099"), 200))
        self.reactor.settle()

    def test_broken_message(self) -> None:
        """A broken message is answered 400; where its end is known, life goes on."""
        self.endpoint().serve("MESSAGE", self.accept)
        peer = self.connect()
        via = "SIP/2.0/TCP there"
        broken = request_octets(via=via, extra=("Max-Forwards: 300",))
        peer.transport.write(broken + request_octets(via=via))
        self.reactor.settle()
        answers = b"".join(peer.received)
        self.assertIn(b"SIP/2.0 400 ", answers)
        self.assertIn(b"SIP/2.0 202 ", answers)
        self.assertFalse(peer.lost)

    def test_garbage(self) -> None:
        """Garbage closes the connection, and only that one."""
        endpoint = self.endpoint()
        peer = self.connect()
        peer.transport.write(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        self.reactor.settle()
        self.assertTrue(peer.lost)
        self.assertEqual(0, len(endpoint._connections))

    def test_too_many_connections(self) -> None:
        """A connection past the limit takes the place of the idle one."""
        self.endpoint(connection=ConnectionSettings(connections=1))
        first, second = self.connect(), self.connect()
        self.assertEqual([True, False], [first.lost, second.lost])

    def test_requests_in_work_pause_reading(self) -> None:
        """A peer with too many requests in work is read from later."""
        waiting: list[Deferred[Response]] = []

        def handler(incoming: Incoming) -> Deferred[Response]:
            waiting.append(Deferred())
            return waiting[-1]

        endpoint = self.endpoint(connection=ConnectionSettings(pending=1))
        endpoint.serve("MESSAGE", handler)
        peer = self.connect()
        for number in (1, 2):
            peer.transport.write(
                request_octets(
                    via="SIP/2.0/TCP x", branch=f"z9hG4bK{number}", cseq=number
                )
            )
        self.reactor.settle()
        self.assertEqual(1, len(waiting))
        waiting[0].callback(respond(response_request("SIP/2.0/TCP x"), 200))
        self.reactor.settle()
        self.assertEqual(2, len(waiting))
        waiting[1].callback(respond(response_request("SIP/2.0/TCP x"), 200))


class TortureTests(EndpointTestCase):
    """RFC 4475 and RFC 5118 messages, sent as octets, and the answers they get."""

    def setUp(self) -> None:
        super().setUp()
        self.source = self.endpoint()
        self.source.serve("MESSAGE", self.accept)
        self.answers: list[bytes] = []
        self.reactor.lose = self.keep
        self.socket = self.reactor.udp[5060].protocol

    def keep(self, data: bytes, address: tuple[str, int]) -> bool:
        self.answers.append(data)
        return True

    def answer(self, octets: bytes) -> int:
        self.answers.clear()
        self.socket.datagramReceived(octets, ("192.0.2.1", 5060))
        self.reactor.settle()
        self.assertEqual(1, len(self.answers), octets[:60])
        return int(self.answers[0].split()[1])

    def fresh(self, octets: bytes) -> int:
        """The answer, once every earlier transaction has ended."""
        self.reactor.pump([1.0] * 70)
        return self.answer(octets)

    def test_refused_by_the_uas(self) -> None:
        """405, 416, 420, 481, 400, 505 as RFC 4475 names them."""
        for octets, status in (
            (valid.SHORT_TORTUOUS, 405),
            (valid.WIDE_RANGE, 405),
            (semantic.UNKNOWN_SCHEME, 416),
            (semantic.ATYPICAL_SCHEME, 416),
            (semantic.REQUIRED_EXTENSIONS, 420),
            (semantic.INSUFFICIENT, 400),
            (semantic.MULTIPLE_SINGLES, 400),
            (semantic.MULTIPLE_LENGTHS, 400),
            (semantic.UNKNOWN_CONTENT, 405),
            (invalid.VERSION_SEVEN, 505),
            (invalid.METHOD_MISMATCH, 400),
            (invalid.CSEQ_OVERLARGE, 400),
            (invalid.LENGTH_TOO_LARGE, 400),
            (invalid.LENGTH_NEGATIVE, 400),
            (invalid.LWS_IN_REQUEST_URI, 400),
            (invalid.BRACKETED_REQUEST_URI, 400),
            (invalid.HEADERS_IN_REQUEST_URI, 400),
            (ipv6.UNBRACKETED, 400),
        ):
            self.assertEqual(status, self.fresh(octets), octets[:60])

    def test_option_tags_are_named(self) -> None:
        """The 420 lists each option tag that is not supported (3.3.5)."""
        self.answer(semantic.REQUIRED_EXTENSIONS)
        unsupported = response(self.answers[0]).headers.all("Unsupported")
        self.assertEqual(["noOneKnowsThis", "norThis"], unsupported)

    def test_no_hops_left(self) -> None:
        """An endpoint answers OPTIONS with no hop left (3.3.11); a MESSAGE is a 483."""
        self.assertEqual(200, self.answer(semantic.NO_HOPS_LEFT))
        relayed = semantic.NO_HOPS_LEFT.replace(b"OPTIONS", b"MESSAGE")
        self.assertEqual(483, self.fresh(relayed))

    def test_merged(self) -> None:
        """The same request under another branch is a 482."""
        octets = request_octets(via="SIP/2.0/UDP 192.0.2.1")
        self.assertEqual(202, self.answer(octets))
        again = octets.replace(b"z9hG4bKone", b"z9hG4bKtwo")
        self.assertEqual(482, self.answer(again))

    def test_served(self) -> None:
        """Valid ones are served."""
        self.assertEqual(202, self.fresh(valid.TRAILING_OCTETS))
        self.assertEqual(200, self.fresh(valid.SEMICOLONS_IN_USER))
        self.assertEqual(200, self.fresh(semantic.BARE_COOKIE))

    def test_all_of_them(self) -> None:
        """None of them raises, or gets more than one answer; responses get none."""
        for module in (valid, invalid, semantic, ipv6):
            for name, octets in vars(module).items():
                if not name.isupper() or not isinstance(octets, bytes):
                    continue
                self.answers.clear()
                self.socket.datagramReceived(octets, ("192.0.2.1", 5060))
                self.reactor.settle()
                self.assertLessEqual(len(self.answers), 1, name)
                if octets.startswith(b"SIP/2.0"):
                    self.assertEqual([], self.answers, name)
        self.reactor.advance(40)

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(
            st.tuples(st.integers(0, 400), st.binary(max_size=8)),
            min_size=1,
            max_size=4,
        )
    )
    def test_damaged(self, changes: list[tuple[int, bytes]]) -> None:
        """A request damaged anywhere gets one answer at most, and raises nothing."""
        octets = request_octets(body=b"hello", via="SIP/2.0/UDP 192.0.2.1")
        for at, patch in changes:
            octets = octets[:at] + patch + octets[at + len(patch) :]
        self.answers.clear()
        self.socket.datagramReceived(octets, ("192.0.2.1", 5060))
        self.reactor.settle(2)
        self.assertLessEqual(len(self.answers), 1)

    def test_truncations(self) -> None:
        """A request cut anywhere is answered with a 400 or not at all."""
        octets = request_octets(body=b"hello", via="SIP/2.0/UDP 192.0.2.1")
        for end in range(len(octets)):
            self.answers.clear()
            self.socket.datagramReceived(octets[:end], ("192.0.2.1", 5060))
            self.reactor.settle()
            statuses = [one.split()[1] for one in self.answers]
            self.assertIn(statuses, ([], [b"400"]), octets[:end])
        self.assertEqual([], self.handled)


class ServiceTests(EndpointTestCase):
    def test_addresses(self) -> None:
        """Port 0 is allowed; the bound ports are told."""
        endpoint = self.endpoint(("udp:0:interface=127.0.0.1", "tcp:0"))
        (udp, udp_host, udp_port), (tcp, _, tcp_port) = endpoint.addresses
        self.assertEqual(("UDP", HOST, "TCP"), (udp, udp_host, tcp))
        self.assertTrue(udp_port and tcp_port)

    def test_cannot_listen(self) -> None:
        """If one port cannot be bound, none stays bound."""
        self.endpoint(("tcp:5060",))
        settings = EndpointSettings(listen=("udp:5090", "tcp:5060"))
        other = Endpoint(self.reactor, settings)
        self.assertRaises(CannotListenError, other.startService)
        self.assertNotIn(5090, self.reactor.udp)

    def test_stop_waits_and_refuses(self) -> None:
        """Stopping waits for what is in work; what is new is a 503."""
        peer = self.stub(5071)
        waiting: Deferred[Response] = Deferred()
        endpoint = self.endpoint()
        endpoint.serve("MESSAGE", lambda _: waiting)
        peer.transport.write(request_octets(), (HOST, 5060))
        self.reactor.settle()
        stopped = endpoint.stopService()
        self.reactor.settle()
        self.assertNoResult(stopped)
        peer.transport.write(request_octets(branch="z9hG4bKtwo", cseq=2), (HOST, 5060))
        self.reactor.settle()
        waiting.callback(respond(response_request(), 202))
        self.reactor.settle()
        self.successResultOf(stopped)
        self.assertEqual([503, 202], peer.statuses())

    def test_stop_does_not_wait_for_ever(self) -> None:
        """A handler that does not end is given up after the drain time."""
        peer = self.stub(5071)
        waiting: Deferred[Response] = Deferred()
        endpoint = self.endpoint(drain=2.0)
        endpoint.serve("MESSAGE", lambda _: waiting)
        peer.transport.write(request_octets(), (HOST, 5060))
        self.reactor.settle()
        stopped = endpoint.stopService()
        self.reactor.advance(1.9)
        self.assertNoResult(stopped)
        self.reactor.advance(0.2)
        self.reactor.settle()
        self.successResultOf(stopped)
        self.assertEqual([503], peer.statuses())

    def test_start_again(self) -> None:
        """An endpoint that was stopped can be started again."""
        peer = self.stub(5071)
        endpoint = self.endpoint()
        endpoint.serve("MESSAGE", self.accept)
        stopped = endpoint.stopService()
        self.reactor.settle()
        self.successResultOf(stopped)
        endpoint.startService()
        peer.transport.write(request_octets(), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([202], peer.statuses())

    def test_timing(self) -> None:
        """The timer values are those of the settings."""
        peer = self.stub(5071)
        endpoint = self.endpoint(timing=Timing(t1=0.1))
        endpoint.serve("MESSAGE", self.accept)
        peer.transport.write(request_octets(), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual(1, len(endpoint._layer))
        self.reactor.advance(6.5)
        self.assertEqual(0, len(endpoint._layer))

    def test_listen_strings(self) -> None:
        """The listen strings of the configuration are understood."""
        self.assertEqual(2, len(self.endpoint(HERE).addresses))


def vars_of(incoming: Incoming) -> tuple[str, str, int]:
    """The peer of a request."""
    peer = incoming.peer
    return (peer.transport, peer.host, peer.port)


def response_request(via: str = "SIP/2.0/UDP 127.0.0.1:5071") -> Any:
    """The request that the answers of these tests are for."""
    from tests.sip.messages import request

    return request(via=via)
