"""The network in memory behaves as a real one where the house depends on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from twisted.application.internet import ClientService
from twisted.internet import error
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    clientFromString,
    serverFromString,
)
from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
    ITCPTransport,
)
from twisted.internet.protocol import (
    ClientFactory,
    DatagramProtocol,
    Factory,
    Protocol,
    ServerFactory,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.support.network import MemoryNetwork, NeverQuiet
from tests.support.streams import HIGH_WATER, StreamTransport

DONE: Final = Failure(error.ConnectionDone())


class Listener(Protocol):
    transport: StreamTransport

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended: Failure | None = None
        self.hello = b""

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)

    def connectionMade(self) -> None:
        if self.hello:
            self.transport.write(self.hello)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = DONE) -> None:
        self.ended = reason


class Ears(DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[tuple[bytes, tuple[str, int]]] = []
        self.stopped = False

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.heard.append((datagram, addr))

    def stopProtocol(self) -> None:
        self.stopped = True


class Connecting(ClientFactory[Listener]):
    def __init__(self) -> None:
        self.failed: Failure | None = None
        self.lost: Failure | None = None
        self.protocol_made = Listener()

    def buildProtocol(self, addr: Any) -> Listener:
        return self.protocol_made

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.failed = reason

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.lost = reason


class Serving(ServerFactory[Listener]):
    def __init__(self) -> None:
        self.made: list[Listener] = []

    def buildProtocol(self, addr: Any) -> Listener:
        self.made.append(Listener())
        return self.made[-1]


class NetworkTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()

    def pair(self) -> tuple[Listener, Listener]:
        """Two protocols that are connected, client first."""
        serving, connecting = Serving(), Connecting()
        self.network.listenTCP(2775, serving, interface="127.0.0.1")
        self.network.connectTCP("127.0.0.1", 2775, connecting)
        self.network.settle()
        return connecting.protocol_made, serving.made[0]


class StreamTests(NetworkTestCase):
    def test_interfaces(self) -> None:
        """The network is a reactor for time, TCP, UDP and names; a stream, TCP."""
        for interface in (
            IReactorTime,
            IReactorTCP,
            IReactorUDP,
            IReactorPluggableNameResolver,
        ):
            verifyObject(interface, self.network)
        client, _ = self.pair()
        verifyObject(ITCPTransport, client.transport)

    def test_octets_arrive_in_order_on_both_sides(self) -> None:
        """What is written on one side is read on the other, nothing before settling."""
        client, server = self.pair()
        client.transport.write(b"one ")
        client.transport.writeSequence([b"two ", b"three"])
        server.transport.write(b"four")
        self.assertEqual(server.heard, b"")
        self.network.settle()
        self.assertEqual((server.heard, client.heard), (b"one two three", b"four"))

    def test_addresses_mirror_each_other(self) -> None:
        """Each side's host is the other side's peer."""
        client, server = self.pair()
        self.assertEqual(client.transport.getHost(), server.transport.getPeer())
        self.assertEqual(client.transport.getPeer(), server.transport.getHost())
        self.assertEqual(client.transport.getPeer().port, 2775)

    def test_latency(self) -> None:
        """Octets need `latency` seconds, each write for itself."""
        client, server = self.pair()
        self.network.latency = 0.1
        client.transport.write(b"a")
        self.network.advance(0.06)
        client.transport.write(b"b")
        self.network.advance(0.06)
        self.assertEqual(server.heard, b"a")
        self.network.advance(0.06)
        self.assertEqual(server.heard, b"ab")

    def test_segments(self) -> None:
        """`segment_size` cuts a stream into small pieces."""
        client, server = self.pair()
        self.network.segment_size = 2
        client.transport.write(b"abcde")
        self.network.settle()
        self.assertEqual(server.pieces, [b"ab", b"cd", b"e"])

    def test_close_after_the_last_octet(self) -> None:
        """loseConnection loses nothing written before it, and all that comes after."""
        client, server = self.pair()
        client.transport.write(b"last words")
        client.transport.loseConnection()
        client.transport.write(b"too late")
        self.network.settle()
        self.assertEqual(server.heard, b"last words")
        for side in (client, server):
            assert side.ended is not None
            self.assertTrue(side.ended.check(error.ConnectionDone))

    def test_abort_loses_what_was_on_the_way(self) -> None:
        """abortConnection ends both sides and drops the octets in flight."""
        client, server = self.pair()
        client.transport.write(b"never seen")
        client.transport.abortConnection()
        self.network.settle()
        self.assertEqual(server.heard, b"")
        assert client.ended is not None and server.ended is not None
        self.assertTrue(client.ended.check(error.ConnectionAborted))
        self.assertTrue(server.ended.check(error.ConnectionLost))

    def test_closed_port_refuses(self) -> None:
        """A connection to a port that nobody listens on is refused."""
        connecting = Connecting()
        self.network.connectTCP("127.0.0.1", 9, connecting)
        self.network.settle()
        assert connecting.failed is not None
        self.assertTrue(connecting.failed.check(error.ConnectionRefusedError))

    def test_stopped_port_refuses_and_keeps_connections(self) -> None:
        """stopListening refuses new connections; those that stand, stand."""
        serving, first, second = Serving(), Connecting(), Connecting()
        port = self.network.listenTCP(0, serving)
        number = port.getHost().port
        self.network.connectTCP("127.0.0.1", number, first)
        self.network.settle()
        port.stopListening()
        self.network.connectTCP("127.0.0.1", number, second)
        first.protocol_made.transport.write(b"still here")
        self.network.settle()
        self.assertIsNotNone(second.failed)
        self.assertEqual(serving.made[0].heard, b"still here")

    def test_port_in_use(self) -> None:
        """An address can be listened on once."""
        self.network.listenTCP(2775, Serving())
        with self.assertRaises(error.CannotListenError):
            self.network.listenTCP(2775, Serving())

    def test_paused_reader_holds_octets_back(self) -> None:
        """pauseProducing stops dataReceived; resumeProducing brings what waited."""
        client, server = self.pair()
        server.transport.pauseProducing()
        client.transport.write(b"wait")
        self.network.settle()
        self.assertEqual(server.heard, b"")
        server.transport.resumeProducing()
        self.network.settle()
        self.assertEqual(server.heard, b"wait")

    def test_producer_is_paused_and_resumed(self) -> None:
        """A streaming producer is told to pause over the high-water mark."""
        client, server = self.pair()
        calls: list[str] = []

        class Producer:
            def pauseProducing(self) -> None:
                calls.append("pause")

            def resumeProducing(self) -> None:
                calls.append("resume")

            def stopProducing(self) -> None:
                calls.append("stop")

        client.transport.registerProducer(Producer(), True)
        server.transport.pauseProducing()
        client.transport.write(b"x" * HIGH_WATER)
        self.assertEqual(calls, [])
        client.transport.write(b"x")
        self.assertEqual(calls, ["pause"])
        server.transport.resumeProducing()
        self.network.settle()
        self.assertEqual(calls, ["pause", "resume"])
        client.transport.abortConnection()
        self.assertEqual(calls, ["pause", "resume", "stop"])

    def test_pull_producer(self) -> None:
        """A pulled producer is asked until it unregisters; a close waits for it."""
        client, server = self.pair()
        left = [b"a", b"b", b"c"]

        class Producer:
            def resumeProducing(self) -> None:
                client.transport.write(left.pop(0))
                if not left:
                    client.transport.unregisterProducer()

            def stopProducing(self) -> None:
                raise AssertionError("not stopped")

        client.transport.registerProducer(Producer(), False)
        client.transport.loseConnection()
        self.network.settle()
        self.assertEqual((server.heard, left), (b"abc", []))
        self.assertIsNotNone(server.ended)

    def test_raising_protocol_loses_its_connection(self) -> None:
        """An exception in dataReceived is logged and ends that connection."""
        client, server = self.pair()

        def broken(data: bytes) -> None:
            raise ValueError("broken")

        server.dataReceived = broken  # type: ignore[method-assign]
        client.transport.write(b"x")
        self.network.settle()
        self.assertIsNotNone(client.ended)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_tcp_options(self) -> None:
        """The options a protocol sets can be asked for."""
        client, _ = self.pair()
        self.assertFalse(client.transport.getTcpNoDelay())
        client.transport.setTcpNoDelay(True)
        client.transport.setTcpKeepAlive(True)
        self.assertTrue(client.transport.getTcpNoDelay())
        self.assertTrue(client.transport.getTcpKeepAlive())


class TroubleTests(NetworkTestCase):
    def test_cut(self) -> None:
        """A cut loses the connections of one address on both sides, not the port."""
        client, server = self.pair()
        self.assertEqual(self.network.cut("127.0.0.1", 2775), 1)
        self.network.settle()
        for side in (client, server):
            assert side.ended is not None
            self.assertTrue(side.ended.check(error.ConnectionLost))
        again = Connecting()
        self.network.connectTCP("127.0.0.1", 2775, again)
        self.network.settle()
        self.assertIsNone(again.failed)

    def test_partition_stalls_and_heals(self) -> None:
        """A partition holds octets back in silence; healed, they arrive."""
        client, server = self.pair()
        self.network.partition("127.0.0.1", 2775)
        client.transport.write(b"hello?")
        self.network.advance(60)
        self.assertEqual((server.heard, client.ended), (b"", None))
        self.network.heal("127.0.0.1", 2775)
        self.network.settle()
        self.assertEqual(server.heard, b"hello?")

    def test_partition_times_connections_out(self) -> None:
        """Connecting through a partition fails only when its time is up."""
        self.network.listenTCP(2775, Serving(), interface="127.0.0.1")
        self.network.partition("127.0.0.1", 2775)
        connecting = Connecting()
        self.network.connectTCP("127.0.0.1", 2775, connecting, timeout=30)
        self.network.advance(29.9)
        self.assertIsNone(connecting.failed)
        self.network.advance(0.2)
        assert connecting.failed is not None
        self.assertTrue(connecting.failed.check(error.TimeoutError))

    def test_runs_in_a_circle(self) -> None:
        """A call that schedules itself for ever is found out."""
        self.patch(__import__("tests.support.network").support.network, "MAX_CALLS", 50)

        def again() -> None:
            self.network.callLater(0, again)

        again()
        with self.assertRaises(NeverQuiet):
            self.network.settle()


class DatagramTests(NetworkTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.one, self.two = Ears(), Ears()
        self.port_one = self.network.listenUDP(5060, self.one, "127.0.0.1")
        self.port_two = self.network.listenUDP(0, self.two, "192.0.2.1")
        self.to_two = ("192.0.2.1", self.port_two.getHost().port)

    def send(self, *octets: bytes) -> None:
        for each in octets:
            self.port_one.write(each, self.to_two)
        self.network.settle()

    def heard(self) -> list[bytes]:
        return [octets for octets, _ in self.two.heard]

    def test_datagram(self) -> None:
        """A datagram arrives whole, with the address it came from."""
        self.send(b"hello")
        self.assertEqual(self.two.heard, [(b"hello", ("127.0.0.1", 5060))])

    def test_nobody_there(self) -> None:
        """A datagram to a closed port is lost without a word."""
        self.port_one.write(b"hello", ("127.0.0.1", 9))
        self.network.settle()

    def test_drop_repeat_delay(self) -> None:
        """The nth datagram can be lost, repeated, or overtaken."""
        self.network.drop_datagram(1)
        self.network.repeat_datagram(2)
        self.network.delay_datagram(3, 0.5)
        self.send(b"lost", b"twice", b"late", b"plain")
        self.assertEqual(self.heard(), [b"twice", b"twice", b"plain"])
        self.network.advance(0.5)
        self.assertEqual(self.heard()[-1], b"late")

    def test_partition(self) -> None:
        """Datagrams do not pass a partition, in either direction."""
        self.network.partition("127.0.0.1", 5060)
        self.send(b"lost")
        self.port_two.write(b"lost", ("127.0.0.1", 5060))
        self.network.settle()
        self.assertEqual((self.one.heard, self.two.heard), ([], []))

    def test_limit(self) -> None:
        """A datagram holds 65507 octets; one more is refused."""
        self.send(b"x" * 65507)
        self.assertEqual(len(self.heard()[0]), 65507)
        with self.assertRaises(error.MessageLengthError):
            self.port_one.write(b"x" * 65508, self.to_two)

    def test_stop(self) -> None:
        """A stopped port hears no more, and its protocol is told."""
        self.port_two.stopListening()
        self.send(b"x")
        self.assertEqual((self.two.heard, self.two.stopped), ([], True))


class ReactorTests(NetworkTestCase):
    def test_calls_fire_at_their_own_time(self) -> None:
        """A call that schedules another within one advance gets the right clock."""
        times: list[float] = []

        def tick() -> None:
            times.append(self.network.seconds())
            if len(times) < 3:
                self.network.callLater(1, tick)

        self.network.callLater(1, tick)
        self.network.advance(10)
        self.assertEqual(times, [1, 2, 3])
        self.assertEqual(self.network.seconds(), 10)

    def test_endpoints(self) -> None:
        """serverFromString and every kind of client endpoint work over it."""
        serving = Serving()
        server = serverFromString(self.network, "tcp:0:interface=127.0.0.1")
        port = self.successResultOf(server.listen(serving))
        number = port.getHost().port
        self.network.names["sm-sc.example.net"] = ("192.0.2.9", "127.0.0.1")
        for endpoint in (
            TCP4ClientEndpoint(self.network, "127.0.0.1", number),
            HostnameEndpoint(self.network, "127.0.0.1", number),
            HostnameEndpoint(self.network, "localhost", number),
            HostnameEndpoint(self.network, "sm-sc.example.net", number),
            clientFromString(self.network, f"tcp:host=127.0.0.1:port={number}"),
        ):
            made = endpoint.connect(Factory.forProtocol(Listener))
            client = self.network.result_of(made, seconds=5)
            client.transport.write(b"hi")
            self.network.settle()
            self.assertEqual(serving.made[-1].heard, b"hi")
        self.assertEqual(len(serving.made), 5)

    def test_client_service_reconnects(self) -> None:
        """ClientService finds the way back after a cut."""
        serving = Serving()
        self.network.listenTCP(2775, serving, interface="127.0.0.1")
        service = ClientService(
            TCP4ClientEndpoint(self.network, "127.0.0.1", 2775),
            Factory.forProtocol(Listener),
            retryPolicy=lambda attempt: 2.0,
            clock=self.network,
        )
        service.startService()
        self.network.settle()
        self.network.cut("127.0.0.1", 2775)
        self.network.advance(1.9)
        self.assertEqual(len(serving.made), 1)
        self.network.advance(0.2)
        self.assertEqual(len(serving.made), 2)
        stopped = service.stopService()
        self.network.settle()
        self.assertIsNone(self.successResultOf(stopped))

    def test_unknown_name(self) -> None:
        """A name that the network does not know does not resolve."""
        endpoint = HostnameEndpoint(self.network, "nowhere.example.net", 1)
        with self.assertRaises(error.DNSLookupError):
            self.network.result_of(endpoint.connect(Factory.forProtocol(Listener)))

    def test_calls_from_threads(self) -> None:
        """wait_until lets another thread come back with callFromThread."""
        done: list[int] = []
        thread = threading.Thread(
            target=lambda: self.network.callFromThread(done.append, 1)
        )
        thread.start()
        self.network.wait_until(lambda: done)
        thread.join()
        self.assertEqual(done, [1])

    def test_waiting_in_vain(self) -> None:
        """wait_until gives up when its patience ends."""
        with self.assertRaises(NeverQuiet):
            self.network.wait_until(lambda: False, patience=0.01)

    def test_system_events(self) -> None:
        """Triggers run phase by phase; a removed one does not."""
        order: list[str] = []
        add: Callable[..., Any] = self.network.addSystemEventTrigger
        add("after", "shutdown", order.append, "after")
        add("before", "shutdown", order.append, "before")
        gone = add("during", "shutdown", order.append, "during")
        self.network.removeSystemEventTrigger(gone)
        self.successResultOf(self.network.fireSystemEvent("shutdown"))
        self.assertEqual(order, ["before", "after"])

    def test_stop(self) -> None:
        """stop() runs what was to happen at shutdown, and can be seen."""
        order: list[str] = []
        self.network.addSystemEventTrigger("before", "shutdown", order.append, "x")
        self.network.stop()
        self.assertEqual((order, self.network.running), (["x"], False))

    def test_result_in_time(self) -> None:
        """result_of lets the clock run for a result, only so far, and raises errors."""
        late: Deferred[int] = Deferred()
        self.network.callLater(2.0, late.callback, 7)
        with self.assertRaises(NeverQuiet):
            self.network.result_of(Deferred(), seconds=1.0)
        self.assertEqual(self.network.result_of(late, seconds=2.0), 7)
        with self.assertRaises(ZeroDivisionError):
            self.network.result_of(fail(ZeroDivisionError()))
        threaded: Deferred[int] = Deferred()
        call = self.network.callFromThread
        thread = threading.Thread(target=lambda: call(threaded.callback, 8))
        thread.start()
        self.assertEqual(self.network.result_of(threaded, grace=5.0), 8)
        thread.join()
