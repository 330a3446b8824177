"""UDP, TCP and TLS protocols, alone: keep-alives, limits, back-pressure, endings."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.connections import Connections, SipServerFactory
from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.listening import BadListen, Listen, parse_listen
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Invalid, Limits
from cpmgw.sip.peer import Peer
from cpmgw.sip.resolver import Hop
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transport import SipConnection, UdpFlow, UdpSocket
from tests.sip.messages import request_octets
from tests.sip.network import HOST, MemoryReactor


class Wire:
    """Keeps what the transports hand on."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, UdpFlow]] = []
        self.messages: list[Request | Response] = []
        self.invalids: list[Invalid] = []
        self.flows: list[SipConnection] = []
        self.gone: list[SipConnection] = []
        self.connections: Connections | None = None

    def datagram(self, data: bytes, flow: UdpFlow) -> None:
        self.datagrams.append((data, flow))

    def message(self, message: Request | Response, flow: SipConnection) -> None:
        self.messages.append(message)

    def invalid(self, invalid: Invalid, flow: SipConnection) -> None:
        self.invalids.append(invalid)

    def connected(self, flow: SipConnection) -> None:
        self.flows.append(flow)
        if self.connections is not None:
            self.connections.added(flow)

    def lost(self, flow: SipConnection, reason: Failure) -> None:
        self.gone.append(flow)
        if self.connections is not None:
            self.connections.removed(flow)


class TcpTransport(StringTransport):
    """A StringTransport that has TCP's options and can be aborted."""

    no_delay = False
    aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()


class UdpTests(SynchronousTestCase):
    def test_datagram(self) -> None:
        """A datagram is handed on with the flow it came by."""
        wire = Wire()
        socket = UdpSocket(wire)
        socket.datagramReceived(b"octets", (HOST, 9))
        ((data, flow),) = wire.datagrams
        self.assertEqual((b"octets", Peer("UDP", HOST, 9)), (data, flow.peer))
        self.assertFalse(flow.reliable)

    def test_keep_alive(self) -> None:
        """A datagram of CRLFs only keeps a binding open, and is dropped."""
        wire = Wire()
        for data in (b"\r\n\r\n", b"\0", b""):
            UdpSocket(wire).datagramReceived(data, (HOST, 9))
        self.assertEqual([], wire.datagrams)

    def test_refused_datagram(self) -> None:
        """What the system refuses (too large, no route) is told, not raised."""
        socket = UdpSocket(Wire())
        self.assertFalse(socket.send(b"x", HOST, 9))

        class Refusing:
            def write(self, data: bytes, address: tuple[str, int]) -> None:
                raise OSError(90, "Message too long")

        socket.transport = Refusing()  # type: ignore[assignment]
        self.assertFalse(UdpFlow(socket, HOST, 9).send(b"x"))
        socket.transport = None


class ConnectionTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.wire = Wire()

    def connect(self, *, pings: bool = False, **options: Any) -> SipConnection:
        connection = SipConnection(
            self.wire,
            self.clock,
            ConnectionSettings(**options),
            Limits(),
            transport_name="TCP",
            pings=pings,
        )
        self.pipe = TcpTransport(peerAddress=IPv4Address("TCP", HOST, 5099))
        connection.makeConnection(self.pipe)
        return connection

    def end(self, connection: SipConnection) -> None:
        connection.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([connection], self.wire.gone)


class StreamTests(ConnectionTestCase):
    def test_no_delay(self) -> None:
        """TCP_NODELAY is set on every connection."""
        connection = self.connect()
        self.assertTrue(self.pipe.no_delay)
        self.assertEqual(Peer("TCP", HOST, 5099), connection.peer)
        self.end(connection)

    def test_messages_in_pieces(self) -> None:
        """Messages are framed by Content-Length, however they arrive (18.3)."""
        connection = self.connect()
        octets = request_octets(body=b"one") + request_octets(body=b"two")
        for at in range(0, len(octets), 7):
            connection.dataReceived(octets[at : at + 7])
        self.assertEqual([b"one", b"two"], [one.body for one in self.wire.messages])
        self.end(connection)

    def test_ping_is_answered(self) -> None:
        """A double CRLF is answered with a single one (RFC 5626 4.4.1)."""
        connection = self.connect()
        connection.dataReceived(b"\r\n\r\n")
        self.assertEqual(b"\r\n", self.pipe.value())
        self.pipe.clear()
        connection.dataReceived(b"\r\n")
        self.assertEqual(b"", self.pipe.value())
        self.end(connection)

    def test_many_pings(self) -> None:
        """The pings of one read are answered by one write."""
        connection = self.connect()
        written: list[bytes] = []
        self.pipe.write = written.append  # type: ignore[method-assign]
        connection.dataReceived(b"\r\n\r\n" * 1000)
        self.assertEqual([b"\r\n" * 1000], written)
        self.end(connection)

    def test_pings_are_sent(self) -> None:
        """A connection made here is kept alive with double CRLFs."""
        connection = self.connect(pings=True, keepalive=10.0)
        self.clock.advance(9)
        self.assertEqual(b"", self.pipe.value())
        self.clock.advance(1)
        self.assertEqual(b"\r\n\r\n", self.pipe.value())
        self.clock.advance(10)
        self.assertEqual(b"\r\n\r\n" * 2, self.pipe.value())
        self.end(connection)

    def test_garbage_closes(self) -> None:
        """Octets whose end cannot be told are reported, and the connection closed."""
        connection = self.connect()
        connection.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(1, len(self.wire.invalids))
        self.assertTrue(self.pipe.disconnecting)
        self.assertFalse(connection.send(b"x"))
        self.end(connection)

    def test_idle(self) -> None:
        """An idle connection is closed, and not before its time."""
        connection = self.connect(idle=60.0)
        self.clock.advance(59)
        connection.dataReceived(request_octets())
        self.clock.advance(59)
        self.assertFalse(self.pipe.disconnecting)
        self.clock.advance(1)
        self.assertTrue(self.pipe.disconnecting)
        self.end(connection)

    def test_idle_whatever_the_clock_rounds(self) -> None:
        """At 4.1 s, 60 s later is a little less than 60 s later: it is idle then."""
        self.clock.advance(4.1)
        connection = self.connect(idle=60.0)
        (call,) = self.clock.getDelayedCalls()
        self.clock.advance(call.getTime() - self.clock.seconds())
        self.assertTrue(self.pipe.disconnecting)
        self.end(connection)

    def test_dripping_is_idle(self) -> None:
        """Octets that never make a message do not keep a connection open."""
        connection = self.connect(idle=60.0)
        for octet in request_octets()[:6]:
            connection.dataReceived(bytes([octet]))
            self.clock.advance(10)
        self.assertTrue(self.pipe.disconnecting)
        self.end(connection)

    def test_idle_with_work(self) -> None:
        """A connection whose request is in work is not idle."""
        connection = self.connect(idle=60.0)
        connection.began()
        self.clock.advance(61)
        self.assertFalse(self.pipe.disconnecting)
        connection.finished()
        self.clock.advance(61)
        self.assertTrue(self.pipe.disconnecting)
        self.end(connection)

    def test_close_that_hangs(self) -> None:
        """What cannot be written in time is given up."""
        connection = self.connect()
        connection.close()
        self.assertFalse(self.pipe.aborted)
        self.clock.advance(5)
        self.assertTrue(self.pipe.aborted)
        self.end(connection)


class BackPressureTests(ConnectionTestCase):
    def test_peer_that_does_not_read(self) -> None:
        """While what we write is not read, nothing more is read."""
        connection = self.connect()
        connection.pauseProducing()
        self.assertEqual("paused", self.pipe.producerState)
        connection.resumeProducing()
        self.assertEqual("producing", self.pipe.producerState)
        self.end(connection)

    def test_tls_handshake_is_read(self) -> None:
        """Writing waits for the handshake; reading must not wait for writing then."""
        connection = SipConnection(
            self.wire,
            self.clock,
            ConnectionSettings(),
            Limits(),
            transport_name="TLS",
            pings=False,
        )
        self.pipe = TcpTransport(peerAddress=IPv4Address("TCP", HOST, 5099))
        connection.makeConnection(self.pipe)
        connection.pauseProducing()
        self.assertEqual("producing", self.pipe.producerState)
        connection.resumeProducing()
        connection.handshakeCompleted()
        connection.pauseProducing()
        self.assertEqual("paused", self.pipe.producerState)
        self.end(connection)

    def test_buffer_limit(self) -> None:
        """What waits to be written is bounded: at the limit it waits, past it ends."""
        connection = self.connect(buffered=100)
        connection.pauseProducing()
        self.assertTrue(connection.send(b"x" * 100))
        self.assertFalse(self.pipe.aborted)
        self.assertFalse(connection.send(b"x"))
        self.assertTrue(self.pipe.aborted)
        self.end(connection)

    def test_requests_in_work(self) -> None:
        """One connection may have so many requests in work; then it must wait."""
        connection = self.connect(pending=2)
        connection.began()
        self.assertEqual("producing", self.pipe.producerState)
        connection.began()
        self.assertEqual("paused", self.pipe.producerState)
        connection.resumeProducing()
        self.assertEqual("paused", self.pipe.producerState)
        connection.finished()
        self.assertEqual("producing", self.pipe.producerState)
        self.end(connection)


class ConnectionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.wire = Wire()

    def build(self, **options: Any) -> Connections:
        connections = Connections(
            self.reactor, self.wire, ConnectionSettings(**options), Limits()
        )
        self.wire.connections = connections
        return connections

    def finish(self, connections: Connections) -> None:
        closed = connections.close()
        self.reactor.settle()
        self.successResultOf(closed)
        self.assertEqual(0, len(connections))
        self.assertEqual([], self.reactor.pending())

    def test_reuse(self) -> None:
        """A connection to a peer is made once, and shared while it is being made."""
        connections = self.build()
        port = self.reactor.listenTCP(0, SipServerFactory(connections, "TCP"))
        hop = Hop("TCP", HOST, port.getHost().port)
        first, second = connections.reach(hop), connections.reach(hop)
        self.reactor.settle()
        flow = self.successResultOf(first)
        self.assertIs(flow, self.successResultOf(second))
        self.assertIs(flow, connections.find(hop))
        self.assertEqual(2, len(self.reactor.pipes))
        self.assertTrue(all(pipe.no_delay for pipe in self.reactor.pipes))
        port.stopListening()
        self.finish(connections)

    def test_too_many_from_elsewhere(self) -> None:
        """At the limit a connection is taken, one past it costs the idlest."""
        connections = self.build(connections=2)
        port = self.reactor.listenTCP(0, SipServerFactory(connections, "TCP"))
        other = Connections(
            self.reactor, Wire(), ConnectionSettings(keepalive=0.0), Limits()
        )
        taken = []
        for _ in range(3):
            flow = other.reach(Hop("TCP", HOST, port.getHost().port))
            self.reactor.settle()
            taken.append(self.successResultOf(flow))
        self.assertEqual([False, True, True], [flow.up for flow in taken])
        for one in taken[1:]:
            one.close()
        self.reactor.settle()
        self.assertEqual(0, len(connections))
        port.stopListening()
        self.finish(connections)

    def test_too_many_from_here(self) -> None:
        """Connections made here are bounded too."""
        connections = self.build(connections=1)
        self.reactor.silent |= {7001, 7002}
        first = connections.reach(Hop("TCP", HOST, 7001))
        self.failureResultOf(connections.reach(Hop("TCP", HOST, 7002)), TransportFailed)
        self.reactor.advance(5)
        self.failureResultOf(first, TransportFailed)
        self.finish(connections)

    def test_refused_and_silent(self) -> None:
        """Who refuses, or does not answer in time, cannot be reached."""
        connections = self.build(connect_timeout=3.0)
        refused = connections.reach(Hop("TCP", HOST, 7001))
        self.reactor.settle()
        self.failureResultOf(refused, TransportFailed)
        self.reactor.silent.add(7002)
        silent = connections.reach(Hop("TCP", HOST, 7002))
        self.reactor.advance(2.9)
        self.assertNoResult(silent)
        self.reactor.advance(0.2)
        self.failureResultOf(silent, TransportFailed)
        self.finish(connections)

    def test_close_while_connecting(self) -> None:
        """Closing ends the attempts to connect."""
        connections = self.build()
        self.reactor.silent.add(7002)
        waiting = connections.reach(Hop("TCP", HOST, 7002))
        self.finish(connections)
        self.failureResultOf(waiting, TransportFailed)

    def test_lost_connection_is_not_found(self) -> None:
        """A connection that is gone is not used again."""
        connections = self.build()
        port = self.reactor.listenTCP(0, SipServerFactory(connections, "TCP"))
        number = port.getHost().port
        flow = connections.reach(Hop("TCP", HOST, number))
        self.reactor.settle()
        self.successResultOf(flow).connectionLost(Failure(ConnectionLost()))
        self.assertIs(None, connections.find(Hop("TCP", HOST, number)))
        port.stopListening()
        for pipe in self.reactor.pipes:
            pipe.cut()
        self.reactor.settle()


class ListenTests(SynchronousTestCase):
    def test_strings(self) -> None:
        """Listen strings say transport, port, interface, key and certificate."""
        for text, listen in (
            ("udp:5060", Listen(transport="UDP", port=5060)),
            (
                "tcp:0:interface=127.0.0.1:backlog=5",
                Listen(transport="TCP", port=0, interface="127.0.0.1", backlog=5),
            ),
            (
                "tcp:port=5070:interface=\\:\\:1",
                Listen(transport="TCP", port=5070, interface="::1"),
            ),
            (
                "tls:5061:privateKey=k.pem:certKey=c.pem:extraCertChain=x.pem",
                Listen(
                    transport="TLS",
                    port=5061,
                    key="k.pem",
                    certificate="c.pem",
                    chain="x.pem",
                ),
            ),
            (
                "ssl:5061:privateKey=k.pem",
                Listen(transport="TLS", port=5061, key="k.pem", certificate="k.pem"),
            ),
        ):
            self.assertEqual(listen, parse_listen(text))

    def test_faults(self) -> None:
        """What cannot be understood is refused, and named."""
        for text in (
            "",
            "sctp:5060",
            "udp:65536",
            "udp:x",
            "tcp:5060:5061",
            "tcp:5060:nodelay=1",
            "tcp:5060:interface=a:interface=b",
            "tcp:5060:privateKey=k.pem",
            "tls:5061",
        ):
            self.assertRaises(BadListen, parse_listen, text)
        parse_listen("udp:65535")
