"""A proxied INVITE that is cancelled or takes too long (RFC 3261 16.8, 16.10)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import TransactionTimeout
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.transaction.machine import Timing
from tests.sip.endpoints import HOST
from tests.sip.proxies import (
    FAR,
    InviteTestCase,
    originated,
)

TIMER_C = 181.0


class CancelTests(InviteTestCase):
    def cancelled(self, answer: Deferred[Response]) -> None:
        """Have the client cancel, its CANCEL sent once something was heard."""
        self.near.cancel(answer)
        self.reactor.settle()

    def test_after_a_provisional_response(self) -> None:
        """A CANCEL goes on at once; its 487 comes back (16.10)."""
        self.server()
        answer = self.invite()
        self.answer(180)
        self.cancelled(answer)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertTrue(self.calls[0][0].leg.cancelled)
        self.assertTrue(self.given[0].leg.cancelled)
        self.assertEqual(1, self.methods_to(FAR).count("CANCEL"))
        self.assertEqual("b", self.seen[-1].to.tag)

    def test_before_a_provisional_response(self) -> None:
        """A CANCEL waits for the server to be heard of (9.1)."""
        self.raw_server()
        answer = self.invite()
        self.pump(0.5)
        self.cancelled(answer)
        self.assertTrue(self.given[0].leg.cancelled)
        self.assertEqual(["INVITE"], self.far_got())
        self.assertNoResult(answer)
        self.says(180)
        self.assertEqual(["INVITE", "CANCEL"], self.far_got())
        self.says(487)
        self.assertEqual(487, self.successResultOf(answer).status)

    def test_crossing_a_success(self) -> None:
        """The 200 that was faster is what the client gets."""
        self.raw_server()
        answer = self.invite()
        self.says(180)
        self.cancelled(answer)
        self.assertIn("CANCEL", self.far_got())
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)

    def test_crossing_a_failure(self) -> None:
        """So is the 404 that was faster."""
        self.raw_server()
        answer = self.invite()
        self.says(180)
        self.cancelled(answer)
        self.says(404)
        self.assertEqual(404, self.successResultOf(answer).status)

    def test_after_the_final_response(self) -> None:
        """A CANCEL that comes after the answer is a 200 and changes nothing (9.2)."""
        self.server()
        peer = self.stub(5090)
        contact = f"<sip:alice@{HOST}:5090>"
        invite = originated("INVITE", contact=contact)
        via = f"SIP/2.0/UDP {HOST}:5090;branch=z9hG4bKraw"
        invite = invite.replace(headers=invite.headers.with_first("Via", via))
        peer.transport.write(invite.encode(), (HOST, 5060))
        self.reactor.settle()
        self.answer(404)
        headers = invite.headers.with_replaced("CSeq", "1 CANCEL")
        cancel = Request("CANCEL", invite.uri, headers)
        peer.transport.write(cancel.encode(), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([404, 200], peer.statuses())
        self.assertNotIn("CANCEL", self.methods_to(FAR))
        self.assertFalse(self.given[0].leg.cancelled)

    def test_for_nothing(self) -> None:
        """A CANCEL for a transaction that is gone, or never was, is a 481."""
        peer = self.stub(5090)
        via = f"SIP/2.0/UDP {HOST}:5090;branch=z9hG4bKraw"
        cancel = originated("CANCEL")
        cancel = cancel.replace(headers=cancel.headers.with_first("Via", via))
        peer.transport.write(cancel.encode(), (HOST, 5060))
        self.reactor.settle()
        self.assertEqual([481], peer.statuses())
        self.assertEqual([("CANCEL", 481)], self.refused)

    def test_without_an_end(self) -> None:
        """64*T1 after a CANCEL that nobody heeds the client gets a 487."""
        self.raw_server()
        self.near = self.endpoint(("udp:5071",), timing=Timing(t1=1.0))
        answer = self.invite()
        self.says(180)
        self.near.cancel(answer)
        self.pump(31.5)
        self.assertNoResult(answer)
        self.pump(1)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertEqual({}, self.middle_endpoint._client._errands)

    def test_never_heard_of(self) -> None:
        """A server that is silent gets no CANCEL; the client a 487 in the end."""
        self.raw_server()
        answer = self.invite()
        self.pump(0.5)
        self.cancelled(answer)
        self.pump(33)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertEqual(["INVITE"], self.far_got())

    def test_no_other_address_is_tried(self) -> None:
        """What was cancelled is tried nowhere else, and given a 487 at once."""
        self.raw_server()
        results: list[int] = []

        async def twice(incoming: Incoming) -> Response:
            for _ in range(2):
                response = await self.proxied(incoming)
                results.append(response.status)
            return response

        self.middle_endpoint.serve("INVITE", twice, proxied=True)
        answer = self.invite()
        self.says(180)
        self.cancelled(answer)
        self.says(486)
        self.assertEqual([486, 487], results)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertEqual(1, self.methods_to(FAR).count("INVITE"))

    def test_between_two_destinations(self) -> None:
        """After an attempt a CANCEL ends the handler, as one by default (9.2)."""
        self.raw_server()
        ended: list[Deferred[None]] = []
        thinking: Deferred[None] = Deferred(ended.append)

        async def thinks(incoming: Incoming) -> Response:
            response = await self.proxied(incoming)
            await thinking
            return response

        self.middle_endpoint.serve("INVITE", thinks, proxied=True)
        answer = self.invite()
        self.says(180)
        self.says(480)
        self.cancelled(answer)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertEqual([thinking], ended)
        self.assertTrue(self.given[0].leg.cancelled)
        self.assertNotIn("CANCEL", self.far_got())

    def test_after_another_took_over(self) -> None:
        """An attempt that ends leaves the callback of another one in place."""
        self.raw_server()
        told: list[bool] = []
        waiting: Deferred[Response] = Deferred()

        def takes_over(incoming: Incoming) -> Deferred[Response]:
            self.given.append(incoming)
            self.middle.forward(incoming, incoming.request, destination=self.toward)
            incoming.leg.when_cancelled(lambda: told.append(True))
            return waiting

        self.middle_endpoint.serve("INVITE", takes_over, proxied=True)
        answer = self.invite()
        self.says(180)
        self.says(480)
        self.cancelled(answer)
        self.assertEqual([True], told)
        waiting.callback(respond(self.given[0].request, 487))
        self.assertEqual(487, self.result(answer).status)

    def test_gives_up_altogether(self) -> None:
        """A client that cancels and forgets leaves nothing open anywhere."""
        self.server()
        answer = self.invite()
        self.answer(180)
        answer.cancel()
        self.reactor.settle()
        self.failureResultOf(answer)
        self.assertEqual(0, len(self.middle_endpoint._server))
        self.assertEqual(0, len(self.middle_endpoint._client))
        self.assertEqual(0, len(self.endpoints[-1]._server))


class TimerCTests(InviteTestCase):
    def test_after_a_provisional_response(self) -> None:
        """At Timer C what rings is cancelled, and its 487 awaited (16.8)."""
        self.raw_server()
        answer = self.invite()
        self.says(180)
        self.pump(TIMER_C - 1)
        self.assertEqual(["INVITE"], self.far_got())
        self.pump(1.5)
        self.assertEqual(["INVITE", "CANCEL"], self.far_got())
        self.assertNoResult(answer)
        self.says(487)
        self.assertEqual(487, self.successResultOf(answer).status)
        self.assertFalse(self.given[0].leg.cancelled)

    def test_started_anew(self) -> None:
        """101 to 199 start it anew, 100 does not (16.7 step 2)."""
        for status, still in ((180, True), (199, True), (101, True), (100, False)):
            self.setUp()
            self.raw_server()
            answer = self.invite()
            self.says(183)
            self.pump(TIMER_C - 2)
            self.says(status)
            self.pump(4)
            self.assertEqual(still, "CANCEL" not in self.far_got(), status)
            self.says(404)
            self.assertEqual(404, self.successResultOf(answer).status)
            self.tearDown()
            self.endpoints.clear()

    def test_not_even_the_cancel_is_heeded(self) -> None:
        """64*T1 after its CANCEL an INVITE counts as a 408."""
        self.raw_server()
        answer = self.invite()
        self.says(180)
        self.pump(TIMER_C + 31.5)
        self.assertNoResult(answer)
        self.pump(1.5)
        self.assertEqual(408, self.successResultOf(answer).status)
        self.assertEqual([], self.failures)

    def test_without_a_provisional_response(self) -> None:
        """What was never heard of counts as a 408 at Timer C, and gets no CANCEL."""
        endpoint = self.proxy(("udp:5061",), timer_c=10.0)
        self.raw_server()
        answer = self.near.request(
            originated("INVITE"), destination="sip:127.0.0.1:5061"
        )
        self.pump(9.5)
        self.assertNoResult(answer)
        self.pump(1)
        self.assertEqual(408, self.successResultOf(answer).status)
        self.assertEqual(["INVITE"], self.far_got())
        self.pump(33)
        self.assertEqual({}, endpoint._client._errands)

    def test_timer_b(self) -> None:
        """A server that is silent is a time-out at Timer B, for the handler."""
        self.raw_server()
        answer = self.invite()
        self.pump(33)
        self.assertEqual(408, self.successResultOf(answer).status)
        self.assertEqual([TransactionTimeout], [type(one) for one in self.failures])

    def test_success_that_crosses(self) -> None:
        """A 200 that crosses the CANCEL of Timer C goes to the client."""
        self.raw_server()
        answer = self.invite()
        self.says(180)
        self.pump(TIMER_C + 1)
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)

    def test_nothing_is_left(self) -> None:
        """With the final response Timer C is no more."""
        self.server()
        self.invite()
        self.answer(404)
        left = [str(call) for call in self.reactor.pending() if "timer_c" in str(call)]
        self.assertEqual([], left)


class StoppingTests(InviteTestCase):
    def test_in_the_midst(self) -> None:
        """A proxy that stops cancels what rings, and answers 503 upstream."""
        self.server()
        answer = self.invite()
        self.answer(180)
        stopped = self.middle_endpoint.stopService()
        self.pump(4.5)
        self.assertNoResult(answer)
        self.pump(2)
        self.successResultOf(stopped)
        self.assertEqual(503, self.successResultOf(answer).status)
        self.assertEqual(1, self.methods_to(FAR).count("CANCEL"))
        self.assertTrue(self.calls[0][0].leg.cancelled)
        self.assertIn(("INVITE", 503), self.refused)

    def test_answered_in_time(self) -> None:
        """What is answered while it drains goes back as ever; its ACK too."""
        self.server()
        answer = self.invite()
        stopped = self.middle_endpoint.stopService()
        self.reactor.settle()
        response = self.answer(200)
        self.assertEqual(200, self.successResultOf(answer).status)
        self.pump(6)
        self.successResultOf(stopped)
        self.assertEqual("b", response.to.tag)

    def test_handler_that_ends_it(self) -> None:
        """A handler that cancels its Deferred cancels what it forwarded."""
        self.server()
        sent: list[Deferred[Response]] = []

        async def short(incoming: Incoming) -> Response:
            forwarded = self.middle.forward(
                incoming, incoming.request, destination=self.toward
            )
            sent.append(forwarded)
            forwarded.addTimeout(2.0, self.reactor)
            try:
                return await forwarded
            except Exception:
                return respond(incoming.request, 480)

        self.middle_endpoint.serve("INVITE", short, proxied=True)
        answer = self.invite()
        self.answer(180)
        self.pump(3)
        self.assertEqual(480, self.successResultOf(answer).status)
        self.assertIn("CANCEL", self.methods_to(FAR))
        self.assertTrue(self.calls[0][0].leg.cancelled)
