"""What a proxy sends on may have been heard: it is not sent twice (RFC 3261 16.9)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.errand import Errand
from cpmgw.sip.errors import SipError, TransactionTimeout, TransportFailed
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.resolver import CannotResolve, Hop
from cpmgw.sip.routing import CannotRoute
from cpmgw.sip.uri import SipUri
from tests.sip.endpoints import HERE, HOST, StubFactory
from tests.sip.proxies import FAR, PROXY, ProxyTestCase, originated, within

TCP = f"sip:{HOST}:{FAR};transport=tcp"


class KnownHops:
    """A resolver for which every name is the same addresses."""

    def __init__(self, hops: list[Hop]) -> None:
        self._known = hops

    def immediate(self, uri: SipUri) -> list[Hop] | None:
        return [Hop("UDP", uri.host, uri.port or 0)] if uri.host == HOST else None

    async def hops(self, uri: SipUri) -> list[Hop]:
        return self._known

    def close(self) -> None:
        """It holds nothing."""


class OnceTestCase(ProxyTestCase):
    """The handler keeps its failures; the far side may have two addresses."""

    def setUp(self) -> None:
        super().setUp()
        self.near = self.client()

    def two_servers(self, transport: str) -> Endpoint:
        """A proxy whose far side has two addresses, at 5080 and 5081."""
        hops = [Hop(transport, HOST, port) for port in (FAR, FAR + 1)]
        self.toward = "sip:far.example.net"
        resolver: Any = KnownHops(hops)
        return self.proxy(HERE, resolver=resolver)

    def listening(self, port: int) -> StubFactory:
        """A TCP server that only listens."""
        factory = StubFactory()
        listener = self.reactor.listenTCP(port, factory)
        self.addCleanup(listener.stopListening)
        return factory

    def send(self, method: str = "MESSAGE", **options: Any) -> Deferred[Response]:
        answer = self.near.request(originated(method, **options), destination=PROXY)
        self.reactor.settle()
        return answer

    def failure(self) -> SipError:
        (error,) = self.failures
        assert isinstance(error, SipError)
        return error


class SentTests(OnceTestCase):
    def test_reused_connection(self) -> None:
        """A request lost with a connection used before goes over no new one."""
        self.proxy()
        far = self.server()
        self.toward = TCP
        self.assertEqual(202, self.successResultOf(self.send(call_id="one")).status)
        far.serve("MESSAGE", self.called)
        answer = self.send(call_id="two")
        self.reactor.pipes[0].cut()
        self.reactor.settle()
        self.assertEqual(1, len(self.calls))
        self.assertEqual(503, self.successResultOf(answer).status)
        error = self.failure()
        assert isinstance(error, TransportFailed)
        self.assertTrue(error.sent)
        self.answer(202)

    def test_reused_by_a_user_agent(self) -> None:
        """A request of our own goes over a new connection, as before."""
        far = self.server()
        for call_id in ("one", "two"):
            answer = self.near.request(originated(call_id=call_id), destination=TCP)
            if call_id == "two":
                self.reactor.pipes[0].cut()
            self.assertEqual(202, self.result(answer).status)
        self.assertEqual(0, len(far._server))

    def test_next_address_after_a_loss(self) -> None:
        """What was lost with its connection is not tried at the next address."""
        self.two_servers("TCP")
        one, two = self.listening(FAR), self.listening(FAR + 1)
        answer = self.send()
        self.assertEqual(1, len(one.stubs[0].received))
        one.stubs[0].transport.cut()
        self.reactor.settle()
        self.assertEqual(503, self.successResultOf(answer).status)
        self.assertEqual([], two.stubs)
        error = self.failure()
        assert isinstance(error, TransportFailed)
        self.assertTrue(error.sent)

    def test_next_address_before(self) -> None:
        """What could not leave is tried at the next address."""
        self.two_servers("TCP")
        two = self.listening(FAR + 1)
        answer = self.send()
        self.assertEqual(1, len(two.stubs[0].received))
        two.stubs[0].transport.cut()
        self.reactor.settle()
        self.assertEqual(503, self.successResultOf(answer).status)

    def test_next_address_after_a_503(self) -> None:
        """What was answered 503 is tried at the next address, as RFC 3263 4.3 has it.

        If it is lost there, the 503 is not what comes back: it says nothing of that.
        """
        self.two_servers("TCP")
        one, two = self.listening(FAR), self.listening(FAR + 1)
        answer = self.send()
        request = one.stubs[0].messages()[0]
        assert isinstance(request, Request)
        one.stubs[0].transport.write(respond(request, 503).encode())
        self.reactor.settle()
        self.assertEqual(1, len(two.stubs[0].received))
        two.stubs[0].transport.cut()
        self.reactor.settle()
        self.assertEqual(503, self.successResultOf(answer).status)
        error = self.failure()
        assert isinstance(error, TransportFailed)
        self.assertTrue(error.sent)

    def test_next_address_after_silence(self) -> None:
        """Nor is what nobody answered in time: it may have been heard."""
        self.two_servers("UDP")
        one, two = self.stub(FAR), self.stub(FAR + 1)
        self.send("INVITE")
        self.pump(33)
        self.assertIsInstance(self.failure(), TransactionTimeout)
        self.assertTrue(one.received)
        self.assertEqual([], two.received)

    def test_stopping(self) -> None:
        """An endpoint that stops says whether the request had left."""
        endpoint = self.endpoint(("udp:5090", "tcp:5090"))
        self.stub(FAR)
        self.reactor.silent.add(FAR + 1)
        sent = endpoint.request(originated(), destination=f"sip:{HOST}:{FAR}")
        unsent = endpoint.request(
            originated(), destination=f"sip:{HOST}:{FAR + 1};transport=tcp"
        )
        endpoint.stopService()
        self.pump(7)
        self.assertTrue(self.failureResultOf(sent, TransportFailed).value.sent)
        self.assertFalse(self.failureResultOf(unsent, TransportFailed).value.sent)

    def test_stopping_after_a_503(self) -> None:
        """What was answered 503 has left nothing with anybody."""
        resolver: Any = KnownHops([Hop("TCP", HOST, port) for port in (FAR, FAR + 1)])
        endpoint = self.endpoint(("udp:5090",), resolver=resolver, drain=1.0)
        one = self.listening(FAR)
        self.reactor.silent.add(FAR + 1)
        sent = endpoint.request(originated(), destination="sip:far.example.net")
        self.reactor.settle()
        request = one.stubs[0].messages()[0]
        assert isinstance(request, Request)
        one.stubs[0].transport.write(respond(request, 503).encode())
        self.reactor.settle()
        endpoint.stopService()
        self.pump(2)
        self.assertFalse(self.failureResultOf(sent, TransportFailed).value.sent)


class BlameTests(SynchronousTestCase):
    def test_each(self) -> None:
        """The last failure counts, but not over one after which it may have left."""
        lost = TransportFailed("lost", sent=True)
        slow, refused = TransactionTimeout("slow"), TransportFailed("refused")
        for errors, expected in (
            ((refused, lost), lost),
            ((lost, refused), lost),
            ((slow, refused), slow),
            ((refused, slow), slow),
            ((CannotResolve("no"), refused), refused),
        ):
            errand = Errand(Deferred(), None, None)
            for error in errors:
                errand.blame(error)
            self.assertIs(expected, errand.error)

    def test_kinds(self) -> None:
        """No failure says `sent` of itself."""
        for kind in (TransportFailed, CannotResolve, CannotRoute):
            self.assertFalse(kind("reason").sent)
            self.assertEqual("reason", str(kind("reason")))


class SecureTests(OnceTestCase):
    """A SIPS URI is not forwarded but by TLS (RFC 5630 3.1.3)."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy()
        self.server()

    def test_request_uri(self) -> None:
        """Not by UDP, nor by TCP, be the destination what it may."""
        for toward in (f"sip:{HOST}:{FAR}", TCP):
            self.failures.clear()
            self.toward = toward
            answer = self.send(uri="sips:bob@example.net", call_id=toward)
            self.assertEqual(503, self.successResultOf(answer).status)
            error = self.failure()
            assert isinstance(error, CannotRoute)
            self.assertFalse(error.sent)
        self.assertEqual([], self.handled)
        self.assertEqual([], self.methods_to(FAR))

    def test_destination(self) -> None:
        """A SIPS destination is sought by TLS, which nobody listens for here."""
        self.toward = f"sips:{HOST}:{FAR + 1}"
        self.stub(FAR + 1)
        self.assertEqual(503, self.successResultOf(self.send()).status)
        error = self.failure()
        assert isinstance(error, TransportFailed)
        self.assertFalse(error.sent)
        self.assertEqual([], self.methods_to(FAR + 1))

    def test_looked_up(self) -> None:
        """Nor where the DNS has to be asked for the destination."""
        resolver: Any = KnownHops([Hop("UDP", HOST, FAR), Hop("TCP", HOST, FAR)])
        self.toward = "sip:far.example.net"
        self.proxy(("udp:5061:interface=127.0.0.1",), resolver=resolver)
        answer = self.near.request(
            originated(uri="sips:bob@example.net"), destination="sip:127.0.0.1:5061"
        )
        self.assertEqual(503, self.result(answer).status)
        self.assertIsInstance(self.failure(), CannotRoute)

    def test_in_a_dialog(self) -> None:
        """A BYE to a SIPS contact is a 503, and its ACK is dropped."""
        answer = self.send("INVITE")
        self.answer(200)
        response = self.successResultOf(answer)
        contact = f"<sips:bob@{HOST}:{FAR}>"
        secure = response.replace(
            headers=response.headers.with_replaced("Contact", contact)
        )
        for method in ("ACK", "BYE"):
            request = within(method, secure, cseq=1 if method == "ACK" else 2)
            beyond = f"<sip:{HOST}:{FAR};lr>"
            headers = request.headers.with_added("Route", beyond)
            request = request.replace(headers=headers)
            if method == "ACK":
                self.near.acknowledge(request)
            else:
                self.assertEqual(503, self.result(self.near.request(request)).status)
            self.reactor.settle()
        self.assertEqual([], self.acks)
        self.assertEqual(["INVITE"], self.methods_to(FAR))
