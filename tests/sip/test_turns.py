"""Connections that bring much at once take turns, and leave time for the reactor."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Limits
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transport import SipConnection, Turns
from tests.sip.messages import request_octets
from tests.sip.network import HOST
from tests.sip.test_transport import TcpTransport, Wire

COST = 0.005


class SlowWire(Wire):
    """Takes 5 ms of the clock for each message; of some it makes an error."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.bodies: dict[SipConnection, list[bytes]] = {}
        self.works = False

    def message(self, message: Request | Response, flow: SipConnection) -> None:
        if message.body == b"error":
            raise RuntimeError("broken")
        self.clock.rightNow += COST
        self.bodies[flow].append(message.body)
        if self.works:
            flow.began()


def octets(numbers: range) -> bytes:
    """MESSAGEs whose bodies are these numbers."""
    return b"".join(request_octets(body=b"%d" % number) for number in numbers)


def bodies(numbers: range) -> list[bytes]:
    """What these MESSAGEs bring."""
    return [b"%d" % number for number in numbers]


class TurnsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.wire = SlowWire(self.clock)
        self.turns = Turns(self.clock)
        self.connections: list[tuple[SipConnection, TcpTransport]] = []

    def connect(self, **options: Any) -> tuple[SipConnection, TcpTransport]:
        connection = SipConnection(
            self.wire,
            self.clock,
            ConnectionSettings(**options),
            Limits(),
            transport_name="TCP",
            pings=False,
            turns=self.turns,
        )
        port = 5000 + len(self.connections)
        pipe = TcpTransport(peerAddress=IPv4Address("TCP", HOST, port))
        connection.makeConnection(pipe)
        self.wire.bodies[connection] = []
        self.connections.append((connection, pipe))
        return self.connections[-1]

    def turn(self) -> float:
        """One turn of a reactor: what was due when it began; how long that took."""
        began = self.clock.seconds()
        calls: list[Any] = self.clock.getDelayedCalls()  # type: ignore[assignment]
        for call in calls:
            if call.getTime() <= began and call.active():
                self.clock.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        return self.clock.seconds() - began

    def handled(self, connection: SipConnection) -> list[bytes]:
        return self.wire.bodies[connection]

    def tearDown(self) -> None:
        """No timer outlives the connections."""
        for connection, _ in self.connections:
            if connection not in self.wire.gone:
                connection.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([], self.clock.getDelayedCalls())


class AloneTests(TurnsTestCase):
    def test_one_message(self) -> None:
        """A single message is handled as it arrives; nothing is scheduled for it."""
        connection, pipe = self.connect()
        before = len(self.clock.getDelayedCalls())
        for number in range(20):
            connection.dataReceived(octets(range(number, number + 1)))
            self.assertEqual(bodies(range(number + 1)), self.handled(connection))
            self.assertEqual("producing", pipe.producerState)
            self.assertEqual(before, len(self.clock.getDelayedCalls()))
            self.clock.advance(0.01)

    def test_many_messages(self) -> None:
        """Of many some are handled at once; the rest in turns, while reading pauses."""
        connection, pipe = self.connect()
        connection.dataReceived(octets(range(50)))
        self.assertEqual(bodies(range(8)), self.handled(connection))
        self.assertEqual("paused", pipe.producerState)
        while pipe.producerState == "paused":
            self.assertLess(self.turn(), 0.03)
        self.assertEqual(bodies(range(50)), self.handled(connection))

    def test_at_the_limit(self) -> None:
        """As many as may be handled at once do not pause reading; one more does."""
        connection, pipe = self.connect()
        connection.dataReceived(octets(range(8)))
        self.assertEqual("producing", pipe.producerState)
        self.clock.advance(1)
        connection.dataReceived(octets(range(8, 17)))
        self.assertEqual("paused", pipe.producerState)
        self.assertEqual(16, len(self.handled(connection)))
        self.turn()
        self.assertEqual("producing", pipe.producerState)
        self.assertEqual(bodies(range(17)), self.handled(connection))

    def test_octets_while_waiting(self) -> None:
        """What TLS still gives while reading pauses is handled after the rest."""
        connection, pipe = self.connect()
        data = octets(range(60))
        half = len(data) // 2 + 7
        connection.dataReceived(data[:half])
        connection.dataReceived(data[half:])
        while pipe.producerState == "paused":
            self.turn()
        self.assertEqual(bodies(range(60)), self.handled(connection))

    def test_half_a_message(self) -> None:
        """The beginning of a message does not keep a connection from being read."""
        connection, pipe = self.connect()
        data = octets(range(30))
        connection.dataReceived(data[:-3])
        while pipe.producerState == "paused":
            self.turn()
        self.assertEqual(bodies(range(29)), self.handled(connection))
        connection.dataReceived(data[-3:])
        self.assertEqual(bodies(range(30)), self.handled(connection))

    def test_work_holds_what_was_read(self) -> None:
        """Past its requests in work, what was read already waits too."""
        self.wire.works = True
        connection, pipe = self.connect(pending=2)
        connection.dataReceived(octets(range(12)))
        self.turn()
        self.assertEqual(2, len(self.handled(connection)))
        for number in range(10):
            connection.finished()
            self.turn()
            self.assertEqual(number + 3, len(self.handled(connection)))
        self.assertEqual("paused", pipe.producerState)
        connection.finished()
        self.assertEqual("producing", pipe.producerState)

    def test_peer_that_does_not_read(self) -> None:
        """While a peer does not read, what was read from it waits."""
        connection, pipe = self.connect()
        connection.dataReceived(octets(range(12)))
        connection.pauseProducing()
        self.turn()
        self.assertEqual(8, len(self.handled(connection)))
        connection.resumeProducing()
        self.assertEqual("paused", pipe.producerState)
        self.turn()
        self.assertEqual(bodies(range(12)), self.handled(connection))
        self.assertEqual("producing", pipe.producerState)


class FloodTests(TurnsTestCase):
    def flood(self, count: int, messages: int) -> list[SipConnection]:
        flooders = [self.connect()[0] for _ in range(count)]
        for connection in flooders:
            connection.dataReceived(octets(range(messages)))
        return flooders

    def test_reactor_has_its_turn(self) -> None:
        """However many connections bring however much, no turn takes long."""
        began = self.clock.seconds()
        flooders = self.flood(50, 20)
        self.assertLess(self.clock.seconds() - began, 0.07)
        longest = 0.0
        while any(len(self.handled(one)) < 20 for one in flooders):
            longest = max(longest, self.turn())
        self.assertLess(longest, 0.03)
        for one in flooders:
            self.assertEqual(bodies(range(20)), self.handled(one))

    def test_single_messages(self) -> None:
        """Many connections with one message each do not hold the reactor either."""
        began = self.clock.seconds()
        flooders = self.flood(50, 1)
        self.assertLess(self.clock.seconds() - began, 0.03)
        while any(not self.handled(one) for one in flooders):
            self.assertLess(self.turn(), 0.03)

    def test_one_message_each(self) -> None:
        """A connection with one message waits for one message of each other."""
        self.flood(10, 100)
        connection, _ = self.connect()
        connection.dataReceived(octets(range(1)))
        self.assertEqual([], self.handled(connection))
        spent = 0.0
        while not self.handled(connection):
            spent += self.turn()
        self.assertLess(spent, 12 * COST + 0.02)

    def test_after_the_flood(self) -> None:
        """Once all is handled, a message is handled as it arrives again."""
        connection = self.flood(3, 20)[0]
        for _ in range(60):
            self.turn()
        self.clock.advance(0.01)
        connection.dataReceived(octets(range(20, 21)))
        self.assertEqual(bodies(range(21)), self.handled(connection))

    def test_lost_in_line(self) -> None:
        """A connection that is lost or closed leaves the line; the others go on."""
        first, second, third = self.flood(3, 20)
        first.connectionLost(Failure(ConnectionDone()))
        seen = len(self.handled(first))
        second.abort()
        for _ in range(30):
            self.turn()
        self.assertEqual(seen, len(self.handled(first)))
        self.assertEqual(0, len(self.handled(second)))
        self.assertEqual(bodies(range(20)), self.handled(third))

    def test_error(self) -> None:
        """A message that breaks us costs its connection, not the others."""
        bad, good = self.flood(2, 20)
        bad.dataReceived(request_octets(body=b"error"))
        for _ in range(30):
            self.turn()
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))
        self.assertTrue(self.connections[0][1].aborted)
        self.assertEqual(bodies(range(20)), self.handled(good))
