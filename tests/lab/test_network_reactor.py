"""The network in memory behaves as a reactor where the house depends on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from twisted.application.internet import ClientService
from twisted.internet import error
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    clientFromString,
    serverFromString,
)
from twisted.internet.protocol import Factory

from tests.lab.listeners import Listener, NetworkTestCase, Serving
from tests.support.network import NeverQuiet


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
