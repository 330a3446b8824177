"""An INVITE of our own: what it is told, its CANCEL, its ACK (RFC 3261 9.1, 13.2.2)."""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.errors import SipEncodeError, TransactionTimeout, TransportFailed
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.resolver import CannotResolve, Hop
from cpmgw.sip.routing import CannotRoute
from cpmgw.sip.uri import SipUri
from tests.sip.endpoints import HOST, THERE, EndpointTestCase, pager


class ClientTestCase(EndpointTestCase):
    """An endpoint that sends to a raw server at 5080."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5080)
        self.near = self.endpoint(THERE)
        self.seen: list[Response] = []

    def invite(self, **options: Any) -> Deferred[Response]:
        options.setdefault("destination", "sip:127.0.0.1:5080")
        options.setdefault("progress", self.seen.append)
        answer = self.near.request(pager(method="INVITE"), **options)
        self.reactor.settle()
        return answer

    def says(self, status: int, tag: str = "b") -> None:
        request = self.peer.messages()[0]
        assert isinstance(request, Request)
        response = respond(request, status, to_tag=tag)
        self.peer.transport.write(response.encode(), (HOST, 5070))
        self.reactor.settle()

    def got(self) -> list[str]:
        methods = [x.method for x in self.peer.messages() if isinstance(x, Request)]
        return list(dict.fromkeys(methods))

    def pump(self, seconds: float) -> None:
        self.reactor.pump([0.25] * int(seconds * 4))


class ProgressTests(ClientTestCase):
    def test_each(self) -> None:
        """Provisional responses and further 2xx are told, the first 2xx is given."""
        answer = self.invite()
        for status in (100, 180, 200, 200, 202):
            self.says(status)
        self.assertEqual([100, 180, 200, 202], [one.status for one in self.seen])
        self.assertEqual(200, self.successResultOf(answer).status)

    def test_not_after_timer_m(self) -> None:
        """64*T1 after the first 2xx nothing is told any more."""
        self.invite()
        self.says(200)
        self.pump(33)
        self.says(200)
        self.assertEqual([], self.seen)
        self.assertEqual(0, self.near.transactions)

    def test_not_after_a_failure(self) -> None:
        """A repeated failure is not told: it was acknowledged."""
        self.invite()
        self.says(486)
        self.says(486)
        self.assertEqual([], self.seen)
        self.assertEqual({}, self.near._client._errands)

    def test_of_another_method(self) -> None:
        """The 1xx of another method are told too; it has one final response."""
        self.near.request(
            pager(), destination="sip:127.0.0.1:5080", progress=self.seen.append
        )
        self.reactor.settle()
        for status in (100, 183, 200, 200):
            self.says(status)
        self.assertEqual([100, 183], [one.status for one in self.seen])
        self.assertEqual({}, self.near._client._errands)

    def test_caller_that_fails(self) -> None:
        """A caller that raises is logged, and gets its answer."""

        def fails(response: Response) -> None:
            raise ZeroDivisionError

        answer = self.invite(progress=fails)
        self.says(180)
        self.says(200)
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_no_limit(self) -> None:
        """With an infinite time-out an INVITE rings as long as it does."""
        answer = self.invite(timeout=inf)
        self.says(180)
        self.pump(3600)
        self.assertNoResult(answer)
        self.assertEqual(["INVITE"], self.got())
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)


class CancelTests(ClientTestCase):
    def test_final_response_is_given(self) -> None:
        """After a CANCEL the final response is still awaited."""
        for status in (487, 200, 404):
            self.setUp()
            answer = self.invite()
            self.says(180)
            self.near.cancel(answer)
            self.near.cancel(answer)
            self.reactor.settle()
            self.assertEqual(["INVITE", "CANCEL"], self.got())
            self.assertNoResult(answer)
            self.says(status)
            self.assertEqual(status, self.successResultOf(answer).status)
            self.tearDown()
            self.endpoints.clear()

    def test_waits_for_a_provisional_response(self) -> None:
        """The CANCEL waits for a provisional response, its 64*T1 begin then (9.1)."""
        answer = self.invite()
        self.pump(10)
        self.near.cancel(answer)
        self.pump(15)
        self.assertEqual(["INVITE"], self.got())
        self.says(100)
        self.assertEqual(["INVITE", "CANCEL"], self.got())
        self.pump(31)
        self.assertNoResult(answer)
        self.pump(1.5)
        self.failureResultOf(answer, TransactionTimeout)
        self.assertEqual({}, self.near._client._errands)

    def test_final_without_a_provisional_response(self) -> None:
        """A server that answers at once gets no CANCEL."""
        answer = self.invite()
        self.near.cancel(answer)
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)
        self.assertEqual(["INVITE"], self.got())

    def test_nobody_there(self) -> None:
        """A server that says nothing is a time-out after 64*T1 at most."""
        answer = self.invite()
        self.near.cancel(answer)
        self.pump(33)
        self.failureResultOf(answer, TransactionTimeout)

    def test_not_sent_yet(self) -> None:
        """What was not sent yet never is."""
        answer = self.near.request(
            pager(method="INVITE"), destination="sip:127.0.0.1:5080;transport=tcp"
        )
        self.near.cancel(answer)
        self.failureResultOf(answer, TransactionTimeout)
        self.reactor.settle()
        self.assertEqual([], self.peer.received)

    def test_next_address_is_not_tried(self) -> None:
        """After a CANCEL a 503 is given, and no other address is tried."""

        class Two:
            def immediate(self, uri: SipUri) -> list[Hop]:
                return [Hop("UDP", HOST, 5080), Hop("UDP", HOST, 5081)]

            def close(self) -> None: ...

        other, resolver = self.stub(5081), Two()
        self.near = self.endpoint(
            ("udp:5070:interface=127.0.0.1",),
            resolver,  # type: ignore[arg-type]
        )
        answer = self.invite(destination="sip:two.example.net")
        self.says(180)
        self.near.cancel(answer)
        self.says(503)
        self.assertEqual(503, self.successResultOf(answer).status)
        self.assertEqual([], other.received)

    def test_of_something_else(self) -> None:
        """A CANCEL of another method, or after the end, does nothing (9.1)."""
        answer = self.near.request(pager(), destination="sip:127.0.0.1:5080")
        self.near.cancel(answer)
        self.near.cancel(Deferred())
        self.reactor.settle()
        self.assertEqual(["MESSAGE"], self.got())
        self.says(200)
        self.near.cancel(answer)
        self.assertEqual(200, self.successResultOf(answer).status)

    def test_time_of_the_caller(self) -> None:
        """The caller's own time-out ends no INVITE that was cancelled before it."""
        answer = self.invite(timeout=5.0)
        self.says(180)
        self.pump(4)
        self.near.cancel(answer)
        self.pump(4)
        self.assertNoResult(answer)
        self.says(487)
        self.assertEqual(487, self.successResultOf(answer).status)

    def test_stopping(self) -> None:
        """An endpoint that stops gives up what was cancelled."""
        answer = self.invite()
        self.says(180)
        self.near.cancel(answer)
        stopped = self.near.stopService()
        self.pump(7)
        self.successResultOf(stopped)
        self.failureResultOf(answer, TransportFailed)


class AcknowledgingTests(ClientTestCase):
    def ack(self, near: Endpoint | None = None, **options: Any) -> Deferred[None]:
        destination = options.pop("destination", "sip:127.0.0.1:5080")
        message = pager(method="ACK", **options)
        sent = (near or self.near).acknowledge(message, destination)
        self.reactor.settle()
        return sent

    def test_by_udp(self) -> None:
        """An ACK leaves once, with a Via of its own, and makes no transaction."""
        self.assertIs(None, self.successResultOf(self.ack()))
        self.successResultOf(self.ack())
        first, second = self.peer.messages()
        self.assertNotEqual(first.via.branch, second.via.branch)
        self.assertEqual(70, first.max_forwards)
        self.assertEqual(0, self.near.transactions)
        self.pump(33)
        self.assertEqual(2, len(self.peer.received))

    def test_by_tcp(self) -> None:
        """It goes by TCP where that is asked for, or where it is large (18.1.1)."""
        self.endpoint(("tcp:5090", "udp:5090")).serve("ACK", self.accept)
        tcp, udp = "sip:127.0.0.1:5090;transport=tcp", "sip:127.0.0.1:5090"
        for destination, body in ((tcp, b""), (udp, b"x" * 1300), (udp, b"")):
            self.successResultOf(self.ack(destination=destination, body=body))
        transports = [one.peer.transport for one in self.handled]
        self.assertEqual(["TCP", "TCP", "UDP"], transports)

    def test_large_without_tcp(self) -> None:
        """Where there is no TCP a large one goes by UDP after all (18.1.1)."""
        self.successResultOf(self.ack(body=b"x" * 1300))
        self.assertEqual(1, len(self.peer.received))

    def test_next_hop(self) -> None:
        """Without a destination it goes to the next hop of the settings."""
        near = self.endpoint(("udp:5075",), next_hop="sip:127.0.0.1:5080;lr")
        self.successResultOf(self.ack(near, destination=None))
        (message,) = self.peer.messages()
        self.assertIn("Route", message.headers)

    def test_cannot_leave(self) -> None:
        """Where it cannot leave the caller is told."""
        for destination, error in (
            ("sip:127.0.0.1:9;transport=tcp", TransportFailed),
            ("sip:127.0.0.1;transport=sctp", CannotResolve),
            ("tel:+1", CannotRoute),
            ("sip:[::1]:5080", TransportFailed),
        ):
            self.failureResultOf(self.ack(destination=destination), error)
        broken = self.ack(headers=(("Subject", "a\r\nb"),))
        self.failureResultOf(broken, SipEncodeError)

    def test_refused_by_the_system(self) -> None:
        """A datagram that the system does not take is a failure."""
        transport = self.reactor.udp[5070]

        def refuse(data: bytes, address: tuple[str, int]) -> None:
            raise OSError("no route to host")

        self.patch(transport, "write", refuse)
        self.failureResultOf(self.ack(), TransportFailed)

    def test_next_address(self) -> None:
        """An address that refuses is followed by the next one."""

        class Two:
            def immediate(self, uri: SipUri) -> None: ...

            async def hops(self, uri: SipUri) -> list[Hop]:
                return [Hop("TCP", HOST, 9), Hop("UDP", HOST, 5080)]

            def close(self) -> None: ...

        near = self.endpoint(("udp:5075",), Two())  # type: ignore[arg-type]
        self.successResultOf(self.ack(near, destination="sip:two.example.net"))
        self.assertEqual(1, len(self.peer.received))

    def test_never_connected(self) -> None:
        """One that waits for a connection is given up at the end of its time."""
        self.reactor.silent.add(5091)
        near = self.endpoint(("tcp:5075",), pending=1)
        silent = "sip:127.0.0.1:5091;transport=tcp"
        waiting = self.ack(near, destination=silent)
        self.failureResultOf(self.ack(near, destination=silent), TransportFailed)
        self.assertNoResult(waiting)
        self.pump(6)
        self.failureResultOf(waiting, TransportFailed)

    def test_dns_without_an_end(self) -> None:
        """So is one that waits for the DNS."""

        class Slow:
            def immediate(self, uri: SipUri) -> None: ...

            async def hops(self, uri: SipUri) -> list[Hop]:
                never: Deferred[list[Hop]] = Deferred()
                return await never

            def close(self) -> None: ...

        near = self.endpoint(("udp:5075",), Slow())  # type: ignore[arg-type]
        waiting = self.ack(near, destination="sip:slow.example.net")
        self.pump(31)
        self.assertNoResult(waiting)
        self.pump(2)
        self.failureResultOf(waiting, TransportFailed)
        waiting = self.ack(near, destination="sip:slow.example.net")
        stopped = near.stopService()
        self.pump(1)
        self.successResultOf(stopped)
        self.failureResultOf(waiting, TransportFailed)

    def test_stopped(self) -> None:
        """An endpoint that has stopped sends none."""
        stopped = self.near.stopService()
        self.reactor.settle()
        self.successResultOf(stopped)
        self.failureResultOf(self.ack(), TransportFailed)
