"""Streams of the network in memory behave as TCP does."""

from __future__ import annotations

from twisted.internet import error
from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
    ITCPTransport,
)
from zope.interface.verify import verifyObject

from tests.lab.listeners import Connecting, NetworkTestCase, Serving
from tests.support.streams import HIGH_WATER


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
