"""TS 5.1 steps 10 to 14 for INVITE: sessions with an IWF on another host."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.proxy import Proxy
from tests.flows.dialog import invite, offer, within
from tests.flows.house import ALICE, BOB
from tests.flows.outsider import Outsider
from tests.flows.remote import Remote


class Sessions(Remote):
    def test_steps_10_12_and_14(self) -> None:
        """10, 12, 14. INVITE, 200, ACK and BYE pass by our route; the core has no part.

        [TS 5.1 step 10] [TS 5.1 step 12] [TS 5.1 step 14a] [TS 5.1 step 14b]
        """
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        self.assertEqual(answer.status, 200)
        (route,) = answer.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=mms;sig="))
        self.acknowledge(within("ACK", first, answer, 1))
        (ack,) = self.iwf.acknowledged
        self.assertEqual(ack.headers.raw("Route"), [])
        self.assertEqual(str(ack.uri), "sip:mms@127.0.0.1:5080")
        bye = self.answer(within("BYE", first, answer, 2))
        self.assertEqual(bye.status, 200)
        self.assertEqual(self.iwf.last.method, "BYE")
        self.assertEqual(self.iwf.last.headers.raw("Record-Route"), [])
        self.assertEqual(self.at_core, [])

    def test_step_14c_bye_of_the_iwf(self) -> None:
        """14 c. The IWF's BYE goes to who sent the INVITE. [TS 5.1 step 14c]"""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        self.acknowledge(within("ACK", first, answer, 1))
        bye = within("BYE", self.iwf.last, answer, 1, caller=False)
        ended = self.iwf.endpoint.request(bye)
        self.settle()
        self.assertEqual(self.successResultOf(ended).status, 200)
        (incoming,) = self.at_core
        self.assertEqual(incoming.peer.port, 5060)
        self.assertEqual(incoming.request.headers.raw("Route"), [])

    def test_step_14_after_a_restart(self) -> None:
        """14. The route says it all: a new process passes on the BYE as well."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        self.acknowledge(within("ACK", first, answer, 1))
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        self.assertEqual(self.answer(within("BYE", first, answer, 2)).status, 200)

    def test_step_14_another_request(self) -> None:
        """All else in the dialog passes as well, with one hop less (RFC 3261 16)."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        methods = ("INVITE", "INFO", "UPDATE", "MESSAGE", "OPTIONS", "PUBLISH", "NEW")
        for cseq, method in enumerate(methods, start=2):
            self.assertEqual(
                self.answer(within(method, first, answer, cseq)).status, 200
            )
            self.assertEqual(self.iwf.last.max_forwards, 69)

    def test_step_12_record_route_left_out(self) -> None:
        """12. A 200 without our Record-Route gets it. [TS 5.1 step 12]"""

        self.iwf.records_route = False
        response = self.answer(invite(ALICE, BOB))
        (route,) = response.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=mms;sig="))

    def test_step_12_repeated(self) -> None:
        """12. The 200 that comes again as nobody acknowledges it has it too."""

        self.iwf.records_route = False
        silent = Outsider(self.network)
        silent.ask(invite(ALICE, BOB))
        self.settle()
        self.iwf.repeat()
        self.settle()
        first, second = silent.answers
        routes = first.headers.raw("Record-Route")
        self.assertEqual(len(routes), 1)
        self.assertEqual(second.headers.raw("Record-Route"), routes)

    def test_provisional(self) -> None:
        """A 180 comes through before the answer, a 100 is ours."""
        turn: Deferred[Response] = Deferred()

        def answer(incoming: Incoming) -> Deferred[Response]:
            incoming.leg.send_provisional(self.iwf.response(incoming.request, 180))
            return turn

        self.iwf.answer = answer
        seen: list[int] = []
        pending = self.pending(
            invite(ALICE, BOB), progress=lambda response: seen.append(response.status)
        )
        self.assertNoResult(pending)
        self.assertIn(180, seen)
        turn.callback(self.iwf.response(self.iwf.last, 200))
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_cancel(self) -> None:
        """A CANCEL passes on, and the IWF's 487 comes back."""
        asked: list[None] = []
        turn: Deferred[Response] = Deferred()

        def answer(incoming: Incoming) -> Deferred[Response]:
            incoming.leg.send_provisional(self.iwf.response(incoming.request, 180))

            def cancelled() -> None:
                asked.append(None)
                turn.callback(respond(incoming.request, 487, to_tag="b"))

            incoming.leg.when_cancelled(cancelled)
            return turn

        self.iwf.answer = answer
        pending = self.pending(invite(ALICE, BOB))
        self.lab.endpoint.cancel(pending)
        self.settle()
        self.assertEqual(len(asked), 1)
        self.assertEqual(self.successResultOf(pending).status, 487)

    def test_cancel_ends_reselection(self) -> None:
        """Who cancels is not tried for by another service."""
        other = self.start_iwf(5081, "other")

        def answer(incoming: Incoming) -> Deferred[Response]:
            turn: Deferred[Response] = Deferred()
            incoming.leg.send_provisional(self.iwf.response(incoming.request, 180))
            incoming.leg.when_cancelled(
                lambda: turn.callback(respond(incoming.request, 503, to_tag="b"))
            )
            return turn

        self.iwf.answer = answer
        pending = self.pending(invite(ALICE, BOB))
        self.lab.endpoint.cancel(pending)
        self.settle()
        self.assertNotEqual(self.successResultOf(pending).status, 200)
        self.assertEqual(other.received, [])

    def test_timer_c(self) -> None:
        """An IWF that rings for ever is cancelled after Timer C: 408."""

        def answer(incoming: Incoming) -> Deferred[Response]:
            incoming.leg.send_provisional(self.iwf.response(incoming.request, 180))
            incoming.leg.when_cancelled(lambda: None)
            return Deferred()

        self.iwf.answer = answer
        pending = self.pending(invite(ALICE, BOB), timeout=float("inf"))
        self.network.advance(180)
        self.settle()
        self.assertNoResult(pending)
        self.network.advance(40)
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 408)

    def test_max_forwards(self) -> None:
        """A request without a hop left is 483; otherwise it has one less."""
        for left, status in (("0", 483), ("2", 200)):
            request = invite(ALICE, BOB, call_id=f"call-{left}")
            headers = request.headers.with_replaced("Max-Forwards", left)
            answer = self.answer(request.replace(headers=headers))
            self.assertEqual(answer.status, status)
        self.assertEqual(self.iwf.last.max_forwards, 1)

    def test_loop(self) -> None:
        """An IWF that sends the request back to us makes a loop: 482."""
        looped: list[Response] = []

        def answer(incoming: Incoming) -> Deferred[Response]:
            again = Proxy(self.iwf.endpoint).forward(
                incoming, incoming.request, destination="sip:127.0.0.1:5060"
            )

            def back(response: Response) -> Response:
                looped.append(response)
                return self.iwf.response(incoming.request, 480)

            return again.addCallback(back)

        self.iwf.answer = answer
        self.send(content_type="image/png", content=b"PNG")
        self.settle()
        self.assertEqual([each.status for each in looped], [482])
        self.assertEqual(len(self.iwf.received), 1)

    def test_dialog_of_nobody(self) -> None:
        """A request in a dialog whose route is not of our making: 481."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        bye = within("BYE", first, answer, 2)
        route = bye.headers.raw("Route")[0]
        forged = [
            "<sip:127.0.0.1:5060;lr>",
            "<sip:127.0.0.1:5060;lr;iwf=mms>",
            "<sip:127.0.0.1:5060;lr;iwf=mms;sig=x>",
            route.replace("iwf=mms", "iwf=other"),
        ]
        for headers in (
            bye.headers.without("Route"),
            bye.headers.with_replaced("Call-ID", "another"),
            *(bye.headers.with_replaced("Route", each) for each in forged),
        ):
            response = self.answer(
                bye.replace(headers=headers), destination="sip:127.0.0.1:5060"
            )
            self.assertEqual(response.status, 481)
            self.assertIn("123 Session", response.headers.get("Warning") or "")
        self.assertEqual(len(self.iwf.received), 1)
        self.assertEqual(self.gateway.traffic.refused[481, "no-dialog"], 6)

    def test_dialog_of_a_stranger(self) -> None:
        """Who is neither trusted nor authenticated ends no dialog: 403, counted."""
        first = invite(ALICE, BOB)
        bye = within("BYE", first, self.answer(first), 2)
        stranger = Outsider(self.network, "192.0.2.9")
        stranger.ask(bye)
        self.settle()
        (refused,) = stranger.answers
        self.assertEqual(refused.status, 403)
        self.assertIn("399 ", refused.headers.get("Warning") or "")
        self.assertEqual(len(self.iwf.received), 1)
        self.assertEqual(self.gateway.traffic.refused[403, "untrusted"], 1)

    def test_features(self) -> None:
        """Large messages, files and sessions: each goes where it is carried."""
        for feature in (Feature.LARGE, Feature.FILE, Feature.SESSION):
            request = invite(ALICE, BOB, feature=feature, call_id=feature.value)
            self.assertEqual(self.answer(request).status, 200)

    def test_what_cannot_be_read(self) -> None:
        """No feature, no offer, a broken one: refused with a Warning, and counted."""
        untagged = invite(ALICE, BOB, call_id="1")
        empty = invite(ALICE, BOB, body=b"", call_id="2")
        broken = invite(ALICE, BOB, body=b"v=1\r\n", call_id="3")
        for what, request, status, cause in (
            ("tag", _without(untagged, "Accept-Contact", "Contact"), 488, NO_FEATURE),
            ("offer", _without(empty, "Content-Type"), 488, "no-offer"),
            ("broken", broken, 400, "offer"),
        ):
            with self.subTest(what):
                response = self.answer(request)
                self.assertEqual(response.status, status)
                self.assertTrue(response.headers.get("Warning"))
                self.assertEqual(self.gateway.traffic.refused[status, cause], 1)
        self.assertEqual(self.iwf.received, [])

    def test_wildcard_offer(self) -> None:
        """An offer of anything is as good as one of text."""
        request = invite(ALICE, BOB, body=offer("*"))
        self.assertEqual(self.answer(request).status, 200)


NO_FEATURE = "no-feature"


def _without(request: Request, *names: str) -> Request:
    headers = request.headers
    for name in names:
        headers = headers.without(name)
    return request.replace(headers=headers)
