"""Cuts, partitions and circles in the network in memory."""

from __future__ import annotations

from twisted.internet import error

from tests.lab.listeners import Connecting, NetworkTestCase, Serving
from tests.support.network import NeverQuiet


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
