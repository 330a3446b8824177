"""Places for connections and requests: for each host, for answers, in octets."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.udp import Port
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.connections import Connections, SipServerFactory
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.parser import Limits
from cpmgw.sip.resolver import Hop
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transport import SipConnection
from tests.sip.endpoints import EndpointTestCase, Stub, StubFactory
from tests.sip.messages import read, request_octets
from tests.sip.network import HOST, MemoryReactor
from tests.sip.test_transport import TcpTransport, Wire


class AcceptTests(SynchronousTestCase):
    """Connections from elsewhere; each is a second younger than the one before."""

    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.wire = Wire()
        self.pipes: dict[SipConnection, TcpTransport] = {}

    def limit(self, **options: Any) -> None:
        settings = ConnectionSettings(**options)
        self.connections = Connections(self.reactor, self.wire, settings, Limits())
        self.wire.connections = self.connections
        self.factory = SipServerFactory(self.connections, "TCP")

    def accept(self, host: str) -> SipConnection | None:
        self.reactor.advance(1)
        family = IPv6Address if ":" in host else IPv4Address
        address = family("TCP", host, 5000 + len(self.pipes))
        connection = self.factory.buildProtocol(address)
        if connection is not None:
            pipe = self.pipes[connection] = TcpTransport(peerAddress=address)
            connection.makeConnection(pipe)
        return connection

    def accepted(self, host: str) -> SipConnection:
        connection = self.accept(host)
        assert connection is not None
        return connection

    def gone(self) -> list[SipConnection]:
        return [one for one, pipe in self.pipes.items() if pipe.aborted]

    def lose(self, connection: SipConnection) -> None:
        connection.connectionLost(Failure(ConnectionDone()))

    def tearDown(self) -> None:
        """Every place is free once the connections are gone."""
        for connection in self.pipes:
            if connection not in self.wire.gone:
                self.lose(connection)
        self.assertEqual(0, len(self.connections))
        self.assertEqual({}, self.connections._accepted)
        self.assertEqual({}, self.connections._by_holder)
        self.assertEqual([], self.reactor.pending())

    def test_per_host(self) -> None:
        """At its limit a host loses its idlest for a new one; others lose nothing."""
        self.limit(connections=10, per_host=2)
        other = self.accepted("192.0.2.2")
        first, second = self.accepted("192.0.2.1"), self.accepted("192.0.2.1")
        self.assertEqual([], self.gone())
        self.reactor.advance(1)
        first.dataReceived(request_octets())
        third = self.accepted("192.0.2.1")
        self.assertEqual([second], self.gone())
        self.assertTrue(other.up and first.up and third.up)

    def test_all_hosts(self) -> None:
        """With every place taken, the idlest of all has to go."""
        self.limit(connections=3, per_host=2)
        first, second = self.accepted("192.0.2.1"), self.accepted("192.0.2.2")
        self.accepted("192.0.2.3")
        self.reactor.advance(1)
        first.dataReceived(b"\r\n\r\n")
        self.accepted("192.0.2.4")
        self.assertEqual([second], self.gone())

    def test_work_is_not_idle(self) -> None:
        """Who has requests in work keeps its place; with no idle one, none is taken."""
        self.limit(connections=10, per_host=2)
        first, second = self.accepted("192.0.2.1"), self.accepted("192.0.2.1")
        first.began()
        second.began()
        self.assertIs(None, self.accept("192.0.2.1"))
        second.finished()
        self.accepted("192.0.2.1")
        self.assertEqual([second], self.gone())
        first.finished()

    def test_place_is_free_again(self) -> None:
        """A connection that ends frees its place, once."""
        self.limit(connections=10, per_host=2)
        first = self.accepted("192.0.2.1")
        for _ in range(3):
            self.lose(self.accepted("192.0.2.1"))
        self.accepted("192.0.2.1")
        self.accepted("192.0.2.1")
        self.assertEqual([first], self.gone())
        self.lose(first)
        self.accepted("192.0.2.1")
        self.assertEqual(2, len(self.gone()))

    def test_ipv6_network(self) -> None:
        """The addresses of one IPv6 network are one host; mapped ones are IPv4."""
        self.limit(connections=10, per_host=1)
        first = self.accepted("2001:db8:0:1::1")
        self.accepted("2001:db8:0:2::1")
        mapped = self.accepted("::ffff:192.0.2.1")
        self.accepted("::ffff:192.0.2.2")
        self.assertEqual([], self.gone())
        self.accepted("2001:db8:0:1:ffff::2")
        self.accepted("192.0.2.1")
        self.assertEqual([first, mapped], self.gone())

    def test_evicted_cost_requests_nothing(self) -> None:
        """Connections that have to go do not count among those made here."""
        self.limit(connections=1)
        for number in range(5):
            self.accepted(f"192.0.2.{number}")
        self.reactor.silent.add(7001)
        waiting = self.connections.reach(Hop("TCP", HOST, 7001))
        self.assertNoResult(waiting)
        self.reactor.advance(5)
        self.failureResultOf(waiting, TransportFailed)


class AnswerTests(SynchronousTestCase):
    """Connections made for answers whose own are gone (RFC 3261 18.2.2)."""

    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.wire = Wire()

    def limit(self, **options: Any) -> None:
        settings = ConnectionSettings(**options)
        self.connections = Connections(self.reactor, self.wire, settings, Limits())
        self.wire.connections = self.connections

    def listen(self, number: int) -> None:
        self.reactor.listenTCP(number, StubFactory())

    def reach_back(self, port: int) -> SipConnection:
        reached = self.connections.reach_back(Hop("TCP", HOST, port))
        self.reactor.settle()
        return self.successResultOf(reached)

    def tearDown(self) -> None:
        """Nothing is left once all is closed."""
        closed = self.connections.close()
        self.reactor.settle()
        self.successResultOf(closed)
        self.assertEqual(0, self.connections._for_answers.connecting)
        self.assertEqual(0, self.connections._for_requests.connecting)
        self.assertEqual(set(), self.connections._for_answers.connections)
        self.assertEqual([], self.reactor.pending())

    def test_requests_keep_their_room(self) -> None:
        """Answers on their way fill their own places, not those of requests."""
        self.limit(connections=1, answers=2)
        self.reactor.silent |= {7001, 7002, 7003}
        answers = [
            self.connections.reach_back(Hop("TCP", HOST, port))
            for port in (7001, 7002, 7003)
        ]
        self.failureResultOf(answers[2], TransportFailed)
        self.listen(7004)
        made = self.connections.reach(Hop("TCP", HOST, 7004))
        self.reactor.settle()
        self.assertTrue(self.successResultOf(made).up)
        self.reactor.advance(5)
        for answer in answers[:2]:
            self.failureResultOf(answer, TransportFailed)

    def test_idlest_goes(self) -> None:
        """For one past the limit the idlest is ended."""
        self.limit(answers=2)
        for port in (7001, 7002, 7003):
            self.listen(port)
        first = self.reach_back(7001)
        self.reactor.advance(1)
        second = self.reach_back(7002)
        self.assertTrue(first.up and second.up)
        third = self.reach_back(7003)
        self.assertEqual([False, True, True], [first.up, second.up, third.up])

    def test_waiting_answers(self) -> None:
        """So many answers may wait for one connection, and not one more."""
        self.limit()
        self.reactor.silent.add(7001)
        hop = Hop("TCP", HOST, 7001)
        waiting = [self.connections.reach_back(hop) for _ in range(1000)]
        self.failureResultOf(self.connections.reach_back(hop), TransportFailed)
        self.assertNoResult(waiting[-1])
        self.reactor.advance(5)
        for one in waiting:
            self.failureResultOf(one, TransportFailed)

    def test_no_pings(self) -> None:
        """A connection for answers is not kept alive: it ends when it is idle."""
        self.limit(idle=60.0, keepalive=10.0)
        self.listen(7001)
        connection = self.reach_back(7001)
        self.reactor.advance(61)
        self.reactor.settle()
        self.assertFalse(connection.up)


class EndpointSlotsTests(EndpointTestCase):
    def send(self, stub: Stub, number: int, via: str, body: bytes = b"") -> None:
        stub.transport.write(
            request_octets(via=via, branch=f"z9hG4bK{number}", cseq=number, body=body)
        )
        self.reactor.settle()

    def test_lost_answers_leave_room_for_requests(self) -> None:
        """Answers to connections that are gone take no place of our requests."""
        waiting: list[tuple[Request, Deferred[Response]]] = []

        def handler(incoming: Incoming) -> Deferred[Response]:
            waiting.append((incoming.request, Deferred()))
            return waiting[-1][1]

        settings = ConnectionSettings(connections=2, answers=3)
        endpoint = self.endpoint(connection=settings)
        endpoint.serve("MESSAGE", handler)
        for number in range(6):
            self.reactor.silent.add(7000 + number)
            peer = self.connect()
            self.send(peer, number, f"SIP/2.0/TCP there:{7000 + number}")
            peer.transport.cut()
            self.reactor.settle()
        for received, answer in waiting:
            answer.callback(respond(received, 200))
        self.assertEqual(3, len(endpoint._connections._connecting))
        factory = StubFactory()
        listener = self.reactor.listenTCP(7100, factory)
        request = read(request_octets(via="SIP/2.0/TCP x"))
        assert isinstance(request, Request)
        sent = endpoint.request(
            request.replace(headers=request.headers.without("Via")),
            destination="sip:127.0.0.1:7100;transport=tcp",
        )
        self.reactor.settle()
        self.assertEqual(1, len(factory.stubs[0].received))
        listener.stopListening()
        sent.addErrback(lambda _: None)
        sent.cancel()

    def test_octets_in_work(self) -> None:
        """Requests in work are bounded in octets: at the bound one more is a 503."""
        waiting: list[tuple[Request, Deferred[Response]]] = []

        def handler(incoming: Incoming) -> Deferred[Response]:
            waiting.append((incoming.request, Deferred()))
            return waiting[-1][1]

        endpoint = self.endpoint(pending_octets=5000, retry_after=7)
        endpoint.serve("MESSAGE", handler)
        peer = self.connect()
        via = "SIP/2.0/TCP there:5099"
        self.send(peer, 1, via, b"x" * 2000)
        self.send(peer, 2, via, b"x" * 3000)
        self.assertEqual(2, len(waiting))
        self.send(peer, 3, via, b"x")
        self.assertEqual([503], peer.statuses())
        self.assertEqual("7", peer.messages()[0].headers.get("Retry-After"))
        waiting[0][1].callback(respond(waiting[0][0], 200))
        self.send(peer, 4, via, b"x")
        self.assertEqual(3, len(waiting))
        for request, answer in waiting[1:]:
            answer.callback(respond(request, 200))
        self.reactor.settle()
        self.assertEqual([503, 200, 200, 200], peer.statuses())
        self.assertEqual(0, endpoint._server._octets)

    def test_datagrams_at_once(self) -> None:
        """A UDP port gives the reactor its turn after 32 KiB, not Twisted's 256."""
        self.endpoint()
        port: Any = self.reactor.udp[5060]
        self.assertEqual(32 * 1024, port.maxThroughput)
        self.assertLess(port.maxThroughput, Port.maxThroughput)

    def test_many_headers_count(self) -> None:
        """The header fields of a request in work count like its body."""
        self.endpoint(pending_octets=3000).serve("MESSAGE", lambda _: Deferred())
        peer = self.connect()
        extra = tuple(f"X-{number}: {'x' * 1000}" for number in range(3))
        peer.transport.write(
            request_octets(via="SIP/2.0/TCP x", branch="z9hG4bK1", extra=extra)
        )
        self.send(peer, 2, "SIP/2.0/TCP x")
        self.assertEqual([503], peer.statuses())
