"""What broken peers, name servers, clocks and handlers cannot do to an endpoint."""

from __future__ import annotations

import zlib
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import MessageLengthError
from twisted.names.error import DNSQueryTimeoutError
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import SipEncodeError, TransactionTimeout, TransportFailed
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Response, respond
from cpmgw.sip.parser import Limits
from cpmgw.sip.resolver import CannotResolve, Hop, Resolver
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.machine import State, Timing
from cpmgw.sip.transaction.outputs import Arrived, Refused
from cpmgw.sip.transport import SipConnection, UdpSocket
from tests.sip.endpoints import (
    HERE,
    HOST,
    THERE,
    EndpointTestCase,
    StubFactory,
    pager,
)
from tests.sip.messages import request, request_octets
from tests.sip.network import MemoryReactor
from tests.sip.test_transport import ConnectionTestCase, TcpTransport, Wire
from tests.sip.test_uac import FixedResolver

VIA = "SIP/2.0/UDP 127.0.0.1:5071"


class ClockTests(EndpointTestCase):
    """reactor.seconds() is the time of day, which may be put back."""

    def test_alarms(self) -> None:
        """What is set after the clock went back does not wait for what was before."""
        alarms: Alarms[str] = Alarms()
        alarms.set(2.0, "before", 10_000.0)
        alarms.set(2.0, "after", 10.0)
        self.assertEqual(12.0, alarms.earliest)
        self.assertEqual([], alarms.due(11.9))
        self.assertEqual(["before", "after"], alarms.due(12.0))

    def test_requests(self) -> None:
        """Requests are sent again, and time out, when the clock was put back."""
        near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5060")
        first = near.request(pager())
        self.reactor.rightNow -= 3600.0
        second = near.request(pager(call_id="second"))
        self.reactor.pump([0.1] * 6)
        self.assertEqual(4, len(self.reactor.datagrams))
        self.reactor.pump([1.0] * 33)
        self.failureResultOf(first, TransactionTimeout)
        self.failureResultOf(second, TransactionTimeout)
        self.reactor.advance(3600.0)


class DatagramTests(EndpointTestCase):
    def test_too_long_to_send(self) -> None:
        """A datagram that Twisted finds too long is told, not raised."""

        class Refusing:
            def write(self, data: bytes, address: tuple[str, int]) -> None:
                raise MessageLengthError("message too long")

        socket = UdpSocket(Wire())
        socket.transport = Refusing()  # type: ignore[assignment]
        self.assertFalse(socket.send(b"x", HOST, 9))

    def test_inflated_by_strangers(self) -> None:
        """What is refused anyway is not inflated: a bomb of a stranger is a 401."""
        users = (Account("alice", "word"),)
        endpoint = self.endpoint(users=users, realm="gw", trusted=())
        endpoint.serve("MESSAGE", self.accept)
        peer = self.stub(5071)
        bomb = zlib.compress(b"x" * 10_000_000)
        extra = ("Content-Encoding: deflate",)
        peer.transport.write(request_octets(extra=extra, body=bomb), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([401], peer.statuses())


class StoredResponseTests(SynchronousTestCase):
    def test_bounded(self) -> None:
        """Copied Via lines fill no memory: a KiB is kept for each transaction."""
        layer = TransactionLayer(Timing(), limit=4)
        flow: Any = type("Flow", (), {"reliable": False})
        long = ("Via: SIP/2.0/UDP x;y=" + "z" * 2000,)
        for number in range(3):
            one = request(branch=f"z9hG4bK{number}", cseq=number, extra=long)
            (output,) = layer.receive(one, flow, 0.0)
            if number == 2:
                self.assertIsInstance(output, Refused)
                break
            assert isinstance(output, Arrived)
            layer.respond(output.key, respond(one, 202), 0.0)
        layer.handle_timers(32.0)
        (output,) = layer.receive(request(branch="z9hG4bK9"), flow, 32.0)
        self.assertIsInstance(output, Arrived)
        layer.clear()


class HandlerTests(EndpointTestCase):
    def answer(self, answer: Response) -> list[int]:
        """The statuses a peer gets from a handler that gives this response."""

        async def handler(incoming: Incoming) -> Response:
            return answer

        self.endpoint().serve("MESSAGE", handler)
        peer = self.stub(5071)
        peer.transport.write(request_octets(), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual(1, len(self.flushLoggedErrors()))
        return peer.statuses()

    def test_half_a_character(self) -> None:
        """A lone surrogate in a header field is a 500 instead."""
        answer = respond(request(via=VIA), 200, headers=(("Subject", "\ud83d"),))
        self.assertEqual([500], self.answer(answer))

    def test_broken_copies(self) -> None:
        """The 500 is made of the request, not of the response that is broken."""
        fields = [("Via", f"{VIA};branch=z9hG4bKone"), ("From", "a\r\nX: b")]
        self.assertEqual([500], self.answer(Response(200, "OK", Headers(fields))))

    def test_header_without_a_name(self) -> None:
        """So is one whose header field has no name."""
        answer = respond(request(via=VIA), 200, headers=(("", "x"),))
        self.assertEqual([500], self.answer(answer))

    def test_half_a_character_in_a_request(self) -> None:
        """A request with a lone surrogate fails, and nothing is left of it."""
        near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5060")
        answer = near.request(pager(headers=[("Subject", "\ud83d")]))
        self.failureResultOf(answer, SipEncodeError)


class ConnectingTests(EndpointTestCase):
    def test_name_no_certificate_can_have(self) -> None:
        """A name that cannot be looked for in a certificate fails, each time."""
        resolver: Any = FixedResolver(Hop("TLS", HOST, 5061, "my_host.example"))
        near = self.endpoint(THERE, resolver)
        for _ in range(2):
            answer = near.request(pager(uri="sips:my_host.example"))
            self.reactor.settle()
            self.failureResultOf(answer, TransportFailed)

    def test_missing_trust_root(self) -> None:
        """So does a trust root that cannot be read."""
        resolver: Any = FixedResolver(Hop("TLS", HOST, 5061, "gw.example"))
        settings = ConnectionSettings(trust_roots=("/does/not/exist.pem",))
        near = self.endpoint(THERE, resolver, connection=settings)
        for _ in range(2):
            answer = near.request(pager(uri="sips:gw.example"))
            self.reactor.settle()
            self.failureResultOf(answer, TransportFailed)


class LostConnectionTests(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.factory = StubFactory()
        self.port = self.reactor.listenTCP(5080, self.factory)
        self.near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5080;transport=tcp")

    def tearDown(self) -> None:
        self.port.stopListening()
        super().tearDown()

    def send(self, call_id: str) -> Deferred[Response]:
        answer = self.near.request(pager(call_id=call_id))
        self.reactor.settle()
        return answer

    def reply(self, stub: Any, status: int = 200) -> None:
        (*_, asked) = stub.messages()
        stub.transport.write(respond(asked, status, to_tag="b").encode())
        self.reactor.settle()

    def test_closed_while_it_was_used(self) -> None:
        """A kept connection that its peer closes meanwhile is made anew, once."""
        first = self.send("one")
        self.reply(self.factory.stubs[0])
        self.successResultOf(first)
        second = self.send("two")
        self.factory.stubs[0].transport.cut()
        self.reactor.settle()
        self.assertNoResult(second)
        self.reply(self.factory.stubs[1])
        self.assertEqual(200, self.successResultOf(second).status)

    def test_closed_again_and_again(self) -> None:
        """Only once is a request sent again for a connection that was closed."""
        first = self.send("one")
        self.reply(self.factory.stubs[0])
        self.successResultOf(first)
        second = self.send("two")
        third = self.send("three")
        for stub in (0, 1):
            self.factory.stubs[stub].transport.cut()
            self.reactor.settle()
        self.failureResultOf(second, TransportFailed)
        self.failureResultOf(third, TransportFailed)
        self.assertEqual(2, len(self.factory.stubs))

    def test_closed_when_new(self) -> None:
        """A request whose own connection is closed fails."""
        answer = self.send("one")
        self.factory.stubs[0].transport.cut()
        self.reactor.settle()
        self.failureResultOf(answer, TransportFailed)
        self.assertEqual(1, len(self.factory.stubs))

    def test_closed_after_a_provisional(self) -> None:
        """Nor is a request sent again that its peer has begun to work on."""
        first = self.send("one")
        self.reply(self.factory.stubs[0])
        self.successResultOf(first)
        second = self.send("two")
        self.reply(self.factory.stubs[0], 100)
        self.factory.stubs[0].transport.cut()
        self.reactor.settle()
        self.failureResultOf(second, TransportFailed)

    def test_silent(self) -> None:
        """A connection on which nothing was heard for 64*T1 is not used again."""
        answer = self.send("one")
        self.reactor.pump([1.0] * 33)
        self.failureResultOf(answer, TransactionTimeout)
        self.reactor.settle()
        self.assertTrue(self.factory.stubs[0].lost)
        again = self.send("two")
        self.reply(self.factory.stubs[1])
        self.successResultOf(again)

    def test_slow_but_alive(self) -> None:
        """One on which something was heard is kept."""
        answer = self.send("one")
        self.reactor.pump([1.0] * 20)
        self.factory.stubs[0].transport.write(b"\r\n")
        self.reactor.pump([1.0] * 13)
        self.failureResultOf(answer, TransactionTimeout)
        self.reactor.settle()
        self.assertFalse(self.factory.stubs[0].lost)


class HandshakeTests(ConnectionTestCase):
    def shake(self) -> SipConnection:
        connection = SipConnection(
            self.wire,
            self.clock,
            ConnectionSettings(),
            Limits(),
            transport_name="TLS",
            pings=True,
        )
        self.pipe = TcpTransport(peerAddress=IPv4Address("TCP", HOST, 5099))
        connection.makeConnection(self.pipe)
        return connection

    def test_stalls(self) -> None:
        """Who does not finish a TLS handshake in ten seconds is closed."""
        connection = self.shake()
        self.clock.advance(9.9)
        self.assertFalse(self.pipe.aborted)
        self.clock.advance(0.2)
        self.assertTrue(self.pipe.aborted)
        self.end(connection)

    def test_finished(self) -> None:
        """Who does may be silent until the idle time."""
        connection = self.shake()
        connection.handshakeCompleted()
        self.clock.pump([10.0] * 30)
        self.assertFalse(self.pipe.aborted or self.pipe.disconnecting)
        self.end(connection)


class SilentNames:
    """A name server that does not answer."""

    def __init__(self) -> None:
        self.asked: list[Deferred[Any]] = []

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any) -> Deferred[Any]:
            self.asked.append(Deferred())
            return self.asked[-1]

        return ask


class ResolvingTests(EndpointTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.names: list[SilentNames] = []
        self.near = self.endpoint(THERE, Resolver(self.make), drain=1.0)
        self.answer = self.near.request(pager(uri="sip:host.example"))

    def make(self) -> Any:
        self.names.append(SilentNames())
        return self.names[-1]

    def test_stopped(self) -> None:
        """After the stop no name server is asked any more."""
        stopped = self.near.stopService()
        self.reactor.advance(1.1)
        self.reactor.settle()
        self.successResultOf(stopped)
        self.failureResultOf(self.answer, TransportFailed)
        (names,) = self.names
        (asked,) = names.asked
        if not asked.called:
            asked.errback(DNSQueryTimeoutError(1))
        self.assertEqual(1, len(names.asked))
        self.assertEqual(1, len(self.names))

    def test_cancelled(self) -> None:
        """Nor after the request was cancelled."""
        self.answer.cancel()
        self.failureResultOf(self.answer)
        self.assertTrue(self.names[0].asked[0].called)

    def test_for_ever(self) -> None:
        """A DNS that keeps us waiting longer than a transaction may is given up."""
        self.reactor.pump([1.0] * 33)
        self.failureResultOf(self.answer, CannotResolve)


class CancelledInviteTests(EndpointTestCase):
    def test_time_of_the_caller(self) -> None:
        """A cancelled INVITE is kept for its 487, whatever time its caller gave it."""
        far = self.stub(5060)
        near = self.endpoint(THERE, next_hop="sip:127.0.0.1:5060")
        answer = near.request(pager(method="INVITE"), timeout=5.0)
        self.reactor.settle()
        invite = far.messages()[0]
        assert not isinstance(invite, Response)
        far.transport.write(respond(invite, 180, to_tag="b").encode(), (HOST, 5070))
        self.reactor.settle()
        self.reactor.advance(4.0)
        answer.cancel()
        self.failureResultOf(answer)
        self.reactor.pump([0.5] * 4)
        key = f"{invite.via.branch} INVITE"
        self.assertIs(State.PROCEEDING, near._layer.state(key))
        far.transport.write(respond(invite, 487, to_tag="b").encode(), (HOST, 5070))
        self.reactor.settle()
        methods = [one.method for one in far.messages() if hasattr(one, "method")]
        self.assertEqual("ACK", methods[-1])
        self.reactor.pump([1.0] * 66)


class StoppingTests(EndpointTestCase):
    def test_connection_that_comes_late(self) -> None:
        """Ports close before connections: what came in between would stay open."""
        endpoint = self.endpoint(HERE)
        closed: list[list[Any]] = []
        close = endpoint._connections.close

        def watched() -> Any:
            closed.append(endpoint.addresses)
            return close()

        endpoint._connections.close = watched  # type: ignore[method-assign]
        stopped = endpoint.stopService()
        self.reactor.settle()
        self.successResultOf(stopped)
        self.assertEqual([[]], closed)


class LostResponseTests(EndpointTestCase):
    def test_larger_than_we_read(self) -> None:
        """A response that we would not read ourselves may be lost, but not raise."""
        waiting: Deferred[Response] = Deferred()
        self.endpoint().serve("MESSAGE", lambda _: waiting)
        reactor: MemoryReactor = self.reactor
        factory = StubFactory()

        class Client:
            def doStart(self) -> None: ...
            def startedConnecting(self, connector: Any) -> None: ...
            def buildProtocol(self, address: Any) -> Any:
                return factory.buildProtocol(address)

        reactor.connectTCP(HOST, 5060, Client())
        reactor.settle()
        via = "SIP/2.0/TCP there:5099"
        factory.stubs[0].transport.write(request_octets(via=via))
        reactor.settle()
        factory.stubs[0].transport.cut()
        reactor.settle()
        long = (("X", "y" * 20_000),)
        waiting.callback(respond(request(via=via), 200, headers=long))
        reactor.settle()
        self.assertIs(None, self.successResultOf(waiting))
