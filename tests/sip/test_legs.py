"""A handler's hold on its transaction: 1xx, further 2xx, CANCEL, and its time."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.digest import Account
from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.message import Response, respond
from cpmgw.sip.transaction.machine import Timing
from tests.sip.endpoints import HERE, HOST, EndpointTestCase
from tests.sip.messages import request_octets

# Timer C, and twice 64*T1.
PATIENCE = 181.0 + 2 * 32.0


class LegTestCase(EndpointTestCase):
    """A raw client, and a handler whose answer waits."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = self.stub(5071)
        self.waiting: Deferred[Response] = Deferred()
        self.told = 0

    def serve(self, method: str = "INVITE", **options: Any) -> Endpoint:
        endpoint = self.endpoint(**options)
        endpoint.serve(method, self.handler)
        self.send(request_octets(method))
        return endpoint

    def handler(self, incoming: Incoming) -> Deferred[Response]:
        self.handled.append(incoming)
        return self.waiting

    def tell(self) -> None:
        self.told += 1

    def send(self, octets: bytes) -> None:
        self.peer.transport.write(octets, (HOST, 5060))
        self.reactor.settle()

    def response(self, status: int, tag: str | None = None) -> Response:
        return respond(self.handled[0].request, status, to_tag=tag)

    def finish(self, status: int = 200) -> None:
        self.waiting.callback(self.response(status))
        self.reactor.settle()


class SendingTests(LegTestCase):
    def test_provisional(self) -> None:
        """Provisional responses go out before the final one, with its tag (12.1.1)."""
        self.serve(server="IWF")
        leg = self.handled[0].leg
        for status in (180, 183):
            leg.send_provisional(self.response(status))
        self.reactor.settle()
        self.finish()
        self.assertEqual([180, 183, 200], self.peer.statuses())
        messages = self.peer.messages()
        self.assertEqual({leg.tag}, {one.to.tag for one in messages})
        self.assertEqual({"IWF"}, {one.headers.get("Server") for one in messages})

    def test_own_tag(self) -> None:
        """A tag that the handler chose stays."""
        self.serve()
        self.handled[0].leg.send_provisional(self.response(180, "mine"))
        self.reactor.settle()
        self.assertEqual("mine", self.peer.messages()[0].to.tag)
        self.finish()

    def test_provisional_is_repeated(self) -> None:
        """A repeated INVITE gets the newest provisional response (17.2.1)."""
        self.serve()
        self.handled[0].leg.send_provisional(self.response(183))
        self.send(request_octets("INVITE"))
        self.assertEqual([183, 183], self.peer.statuses())
        self.finish()

    def test_too_late(self) -> None:
        """After the final response a provisional one is dropped."""
        self.serve()
        self.finish(404)
        self.handled[0].leg.send_provisional(self.response(180))
        self.reactor.settle()
        self.assertEqual([404], self.peer.statuses())

    def test_success_again(self) -> None:
        """A 2xx can be sent again for 64*T1, and no longer (RFC 6026 8.7)."""
        self.serve()
        leg = self.handled[0].leg
        leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([], self.peer.statuses())
        self.finish()
        self.reactor.advance(31.9)
        leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([200, 200], self.peer.statuses())
        self.reactor.advance(0.2)
        leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([200, 200], self.peer.statuses())

    def test_success_after_a_failure(self) -> None:
        """After a failure there is no 2xx any more."""
        self.serve()
        self.finish(404)
        self.handled[0].leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([404], self.peer.statuses())

    def test_success_of_another_method(self) -> None:
        """A 2xx of any other method goes out once."""
        self.serve("MESSAGE")
        self.finish()
        self.handled[0].leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([200], self.peer.statuses())

    def test_wrong_status(self) -> None:
        """What is not of the kind is a mistake of the handler."""
        self.serve()
        leg = self.handled[0].leg
        for status in (200, 404):
            self.assertRaises(ValueError, leg.send_provisional, self.response(status))
        for status in (180, 199, 300):
            self.assertRaises(ValueError, leg.send_again, self.response(status))
        self.finish()

    def test_ack(self) -> None:
        """The leg of an ACK sends nothing."""
        endpoint = self.endpoint()
        endpoint.serve("ACK", self.accept)
        self.send(request_octets("ACK", to_tag="b"))
        (incoming,) = self.handled
        incoming.leg.send_provisional(self.response(180))
        incoming.leg.send_again(self.response(200))
        self.reactor.settle()
        self.assertEqual([], self.peer.received)


class CancelTests(LegTestCase):
    def cancel(self) -> None:
        self.send(request_octets("CANCEL"))

    def test_told(self) -> None:
        """Who asked to be told of a CANCEL goes on, and answers itself (9.2)."""
        self.serve()
        leg = self.handled[0].leg
        leg.when_cancelled(self.tell)
        self.cancel()
        self.assertEqual((1, True), (self.told, leg.cancelled))
        self.assertEqual([200], self.peer.statuses())
        self.assertFalse(self.waiting.called)
        self.finish(487)
        self.assertEqual([200, 487], self.peer.statuses())
        tags = {one.to.tag for one in self.peer.messages()}
        self.assertEqual({leg.tag}, tags)
        self.assertEqual([], self.refused)

    def test_told_at_once(self) -> None:
        """Who asks after the CANCEL is told at once."""
        self.serve()
        leg = self.handled[0].leg
        leg.when_cancelled(self.tell)
        self.cancel()
        leg.when_cancelled(self.tell)
        self.assertEqual(2, self.told)
        self.finish(487)

    def test_not_told(self) -> None:
        """Who did not ask is ended, and the INVITE is a 487."""
        self.serve()
        self.cancel()
        self.assertEqual([200, 487], sorted(self.peer.statuses()))
        self.assertTrue(self.handled[0].leg.cancelled)
        self.assertEqual([("INVITE", 487)], self.refused)

    def test_callback_that_fails(self) -> None:
        """A callback that raises is logged, and the CANCEL answered all the same."""

        def fails() -> None:
            raise ZeroDivisionError

        self.serve()
        self.handled[0].leg.when_cancelled(fails)
        self.cancel()
        self.assertEqual([200], self.peer.statuses())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.finish(487)

    def test_after_the_answer(self) -> None:
        """A CANCEL after the answer is told to nobody."""
        self.serve()
        self.handled[0].leg.when_cancelled(self.tell)
        self.finish(404)
        self.cancel()
        self.assertEqual([404, 200], self.peer.statuses())
        self.assertEqual(0, self.told)

    def test_once(self) -> None:
        """A CANCEL that comes twice, as it may over TCP, is told once."""
        endpoint = self.endpoint()
        endpoint.serve("INVITE", self.handler)
        peer = self.connect()
        for method in ("INVITE", "CANCEL", "CANCEL"):
            peer.transport.write(request_octets(method))
            self.reactor.settle()
            self.handled[0].leg.when_cancelled(self.tell)
        self.assertEqual(3, self.told)
        peer.transport.write(request_octets("CANCEL"))
        self.reactor.settle()
        self.assertEqual(3, self.told)
        self.finish(487)


class TimeTests(LegTestCase):
    def test_more_time(self) -> None:
        """Who took over has until Timer C and twice 64*T1, and is then a 504."""
        self.serve(handler_timeout=1.0)
        self.handled[0].leg.when_cancelled(self.tell)
        self.reactor.pump([0.5] * int(PATIENCE * 2 - 2))
        self.assertNotIn(504, self.peer.statuses())
        self.reactor.pump([0.5] * 6)
        self.assertEqual(504, self.peer.statuses()[-1])
        self.assertTrue(self.waiting.called)
        self.assertEqual([("INVITE", 504)], self.refused)

    def test_a_provisional_response_gives_more(self) -> None:
        """Each provisional response of who took over begins that time anew."""
        self.serve(handler_timeout=1.0, timing=Timing(t1=0.1), timer_c=10.0)
        leg = self.handled[0].leg
        leg.when_cancelled(self.tell)
        for _ in range(4):
            self.reactor.pump([0.5] * 40)
            leg.send_provisional(self.response(180))
        self.reactor.pump([0.5] * 40)
        self.assertNotIn(504, self.peer.statuses())
        self.reactor.pump([0.5] * 10)
        self.assertIn(504, self.peer.statuses())
        self.assertTrue(self.waiting.called)

    def test_no_more_time(self) -> None:
        """Who only rings, and did not take over, has the time of every handler."""
        self.serve(handler_timeout=2.0)
        self.reactor.advance(1.0)
        self.handled[0].leg.send_provisional(self.response(180))
        self.reactor.advance(1.1)
        self.reactor.settle()
        self.assertEqual([180, 504], [s for s in self.peer.statuses() if s > 100])
        self.assertTrue(self.waiting.called)


class RefusedTests(LegTestCase):
    """Each failure that no handler gave is told once."""

    def test_before_a_handler(self) -> None:
        """Whatever is refused before a handler is counted with its method."""
        users = (Account("alice", "word"),)
        self.endpoint(trusted=(), users=users, realm="r").serve("MESSAGE", self.accept)
        cases = (
            (request_octets("OTHER"), "OTHER", 405),
            (request_octets(uri="mailto:a@b"), "MESSAGE", 416),
            (request_octets(extra=("Max-Forwards: 0",)), "MESSAGE", 483),
            (request_octets(extra=("Require: x",)), "MESSAGE", 420),
            (request_octets(to_tag="b"), "MESSAGE", 481),
            (request_octets(), "MESSAGE", 401),
            (request_octets("CANCEL", branch="z9hG4bKx"), "CANCEL", 481),
            (
                request_octets().replace(b"SIP/2.0\r\nVia", b"SIP/9.0\r\nVia"),
                "MESSAGE",
                505,
            ),
            (request_octets().replace(b"CSeq: 1 ", b"CSeq: one "), "", 400),
            (request_octets().replace(b"1 MESSAGE", b"1 INVITE"), "INVITE", 400),
        )
        for number, (octets, method, status) in enumerate(cases):
            self.refused.clear()
            octets = octets.replace(b"z9hG4bKone", b"z9hG4bK%d" % number)
            self.send(octets.replace(b"call@", b"call%d@" % number))
            self.assertEqual([(method, status)], self.refused)
        self.assertEqual([], self.handled)

    def test_in_the_stead_of_a_handler(self) -> None:
        """So is what answers for one that fails or says nothing final."""

        async def fails(incoming: Incoming) -> Response:
            raise ZeroDivisionError

        async def odd(incoming: Incoming) -> Response:
            return respond(incoming.request, 180)

        endpoint = self.endpoint()
        for number, handler in enumerate((fails, odd)):
            endpoint.serve("MESSAGE", handler)
            self.send(request_octets(branch=f"z9hG4bK{number}", cseq=number))
        self.assertEqual([("MESSAGE", 500)] * 2, self.refused)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_overload(self) -> None:
        """So is a 503, be it for want of handlers or of transactions."""
        self.serve("MESSAGE", pending=1, transactions=2)
        for number in (2, 3):
            self.send(request_octets(branch=f"z9hG4bK{number}", cseq=number))
        self.assertEqual([("MESSAGE", 503)] * 2, self.refused)
        self.finish()

    def test_what_a_handler_gives(self) -> None:
        """What a handler gives is its own to count, and what is no failure too."""
        self.serve("MESSAGE")
        self.finish(486)
        self.send(request_octets("OPTIONS", branch="z9hG4bKtwo", cseq=2))
        self.assertEqual([486, 200], self.peer.statuses())
        self.assertEqual([], self.refused)

    def test_nobody_counts(self) -> None:
        """An endpoint without an observer refuses as well."""
        endpoint = Endpoint(self.reactor, EndpointSettings(listen=HERE))
        endpoint.startService()
        self.endpoints.append(endpoint)
        self.send(request_octets())
        self.assertEqual([405], self.peer.statuses())
