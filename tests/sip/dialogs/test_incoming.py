"""An INVITE that came, up to its ACK or its end (RFC 3261 13.3, 15)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.incoming import IncomingCall
from cpmgw.sip.dialogs.interfaces import End, Ending
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import (
    ALICE,
    ANSWER,
    BOB,
    CallTestCase,
    is_request,
)


class Accepting(CallTestCase):
    def test_200(self) -> None:
        """The 200 has what each 2xx has, and the answer (13.3.1.4)."""
        self.connect(headers=(("Session-Expires", "1800;refresher=uas"),))
        (answer,) = self.responses(ALICE)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, ANSWER)
        told = {
            name: answer.headers.raw(name)
            for name in ("Contact", "Content-Type", "Supported", "Session-Expires")
        }
        self.assertEqual(
            told,
            {
                "Contact": ["<sip:party@127.0.0.1:5080>"],
                "Content-Type": ["application/sdp"],
                "Supported": ["timer"],
                "Session-Expires": ["1800;refresher=uas"],
            },
        )
        self.assertIn("UPDATE", answer.headers.all("Allow"))
        self.hang_up()

    def test_acknowledged(self) -> None:
        """The user is told of the ACK, and the 200 goes out no more."""
        _, his = self.connect()
        self.assertTrue(his.acknowledged)
        self.assertEqual(len(self.bob.person.acks), 1)
        self.network.advance(60)
        self.assertEqual(len(self.responses(ALICE)), 1)
        self.hang_up()

    def test_lost_200(self) -> None:
        """A 200 that is lost comes again after T1, octet for octet the same."""
        self.network.drop_datagram(2)
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertNoResult(outgoing.answered)
        self.network.advance(0.5)
        self.successResultOf(outgoing.answered)
        first, second = self.octets_of(ALICE, 200)
        self.assertEqual(first, second)
        self.hang_up()

    def test_lost_ack(self) -> None:
        """T1 later the 200 comes again, and so does the ACK (13.2.2.4)."""
        self.network.drop_datagram(3)
        self.connect()
        self.assertEqual(self.bob.person.acks, [])
        self.network.advance(0.5)
        self.assertEqual(len(self.bob.person.acks), 1)
        self.assertEqual(len(self.requests(BOB, "ACK")), 2)
        self.hang_up()

    def test_intervals(self) -> None:
        """The 200 is repeated after T1, which doubles up to T2 (13.3.1.4)."""
        self.network.lose = is_request("ACK")
        self.connect()
        times = []
        for tick in range(1, 129):
            before = len(self.responses(ALICE))
            self.network.advance(0.25)
            if len(self.responses(ALICE)) > before:
                times.append(tick / 4)
        self.assertEqual(
            times, [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        )
        self.settle()

    def test_never_acknowledged(self) -> None:
        """Without an ACK in 64*T1 the call ends, with a BYE (13.3.1.4)."""
        self.network.lose = is_request("ACK")
        self.connect()
        self.network.advance(31.9)
        self.assertEqual(self.bob.person.how, [])
        self.network.advance(0.1)
        self.assertEqual(self.bob.person.how, [Ending.NOT_ACKNOWLEDGED])
        self.assertEqual(len(self.requests(ALICE, "BYE")), 1)
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_ack_of_another(self) -> None:
        """An ACK with another number acknowledges nothing."""
        self.network.lose = is_request("ACK")
        hers, his = self.connect()
        self.network.lose = lambda _: False
        self.alice.endpoint.acknowledge(hers.dialog.ack(7))
        self.settle()
        self.assertFalse(his.acknowledged)
        self.network.advance(0.5)
        self.assertTrue(his.acknowledged)
        self.hang_up()


class Ringing(CallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.waiting: Deferred[Response] = Deferred()
        self.bob.answer = self.ring

    def ring(self, call: IncomingCall) -> Deferred[Response]:
        """Let it ring until the test has an answer."""
        call.ring((("X-Ring", "1"),))
        return self.waiting

    def test_ring(self) -> None:
        """A 180 goes out at once, with our tag and Contact (13.3.1.1)."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        (ringing,) = self.responses(ALICE)
        self.assertEqual((ringing.status, ringing.headers.raw("X-Ring")), (180, ["1"]))
        self.waiting.callback(self.bob.accept(self.bob.incoming[0]))
        self.settle()
        self.successResultOf(outgoing.answered)
        self.assertEqual(self.responses(ALICE)[1].to.tag, ringing.to.tag)
        self.hang_up()

    def test_ring_again(self) -> None:
        """Each minute another 180 tells that it still rings (13.3.1.1)."""
        self.alice.invite(BOB)
        self.network.advance(59.9)
        self.assertEqual(len(self.responses(ALICE)), 1)
        self.network.advance(60.1)
        self.assertEqual([r.status for r in self.responses(ALICE)], [180] * 3)
        self.waiting.callback(self.bob.accept(self.bob.incoming[0]))
        self.network.advance(100)
        self.assertEqual([r.status for r in self.responses(ALICE)][3:], [200])
        self.hang_up()

    def test_refused(self) -> None:
        """A call that is refused rings no more."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.waiting.callback(respond(self.bob.incoming[0].request, 486))
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 486)
        self.assertEqual(len(self.bob.calls), 0)

    def test_cancelled(self) -> None:
        """A CANCEL ends the handler, which makes the answer a 487 (9.2)."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        outgoing.cancel(('SIP;cause=200;text="elsewhere"',))
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertTrue(self.bob.incoming[0].cancelled)
        (cancel,) = self.requests(BOB, "CANCEL")
        self.assertEqual(
            cancel.headers.raw("Reason"), ['SIP;cause=200;text="elsewhere"']
        )

    def test_told_of_cancel(self) -> None:
        """Who asked is told of a CANCEL, and answers in his own time."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        told: list[bool] = []
        call = self.bob.incoming[0]
        call.when_cancelled(lambda: told.append(call.cancelled))
        outgoing.cancel()
        self.settle()
        self.assertEqual(told, [True])
        self.assertNoResult(outgoing.answered)
        self.waiting.callback(respond(call.request, 487))
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 487)

    def test_accepted_after_cancel(self) -> None:
        """What was cancelled is not accepted any more: it fails, and is a 487."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        call = self.bob.incoming[0]
        call.when_cancelled(lambda: None)
        outgoing.cancel()
        self.settle()
        try:
            self.bob.accept(call)
        except CancelledError:
            self.waiting.errback()
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual(self.responses(ALICE)[-1].status, 487)

    def test_bye_in_the_early_dialog(self) -> None:
        """The caller may hang up what rings with a BYE too: 200, and 487 (15)."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        (ringing,) = self.responses(ALICE)
        invite = self.requests(BOB, "INVITE")[0]
        bye = self.within("BYE", invite, ringing)
        self.settle()
        self.assertEqual(self.successResultOf(bye).status, 200)
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertTrue(self.bob.incoming[0].cancelled)

    def test_update_in_the_early_dialog(self) -> None:
        """An UPDATE before the answer comes too early: 500, Retry-After (RFC 3311)."""
        self.alice.invite(BOB)
        self.settle()
        (ringing,) = self.responses(ALICE)
        invite = self.requests(BOB, "INVITE")[0]
        answer = self.successResultOf(self.within("UPDATE", invite, ringing))
        self.assertEqual(answer.status, 500)
        self.assertEqual(answer.headers.raw("Retry-After"), ["5"])
        self.waiting.callback(self.bob.accept(self.bob.incoming[0]))
        self.settle()
        self.hang_up()

    def within(
        self, method: str, invite: Request, ringing: Response
    ) -> Deferred[Response]:
        """A request of Alice's within the early dialog."""
        dialog = Dialog.of_client(invite, ringing)
        answer = self.alice.endpoint.request(dialog.request(method))
        self.settle()
        return answer


class CancelRaces(CallTestCase):
    def test_cancel_against_200(self) -> None:
        """The 200 was faster than the CANCEL: ACK, then BYE (9.1, 13.2.2.4)."""
        self.bob.answer = self.ring_and_accept
        self.network.latency = 0.1
        outgoing = self.alice.invite(BOB)
        self.network.advance(0.2)
        outgoing.cancel()
        self.network.advance(5)
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])
        methods = [r.method for r in self.sent(BOB) if hasattr(r, "method")]
        self.assertEqual(methods, ["INVITE", "CANCEL", "ACK", "BYE"])

    def ring_and_accept(self, call: IncomingCall) -> Deferred[Response]:
        """Ring, and accept a little later."""
        call.ring()
        later: Deferred[Response] = Deferred()
        self.network.callLater(0.05, lambda: later.callback(self.bob.accept(call)))
        return later

    def test_cancel_while_the_200_is_on_its_way(self) -> None:
        """Who has accepted has: a CANCEL that comes before his 200 leaves is late."""
        later: Deferred[Response] = Deferred()

        def accept(call: IncomingCall) -> Deferred[Response]:
            response = self.bob.accept(call)
            self.network.callLater(2.0, later.callback, response)
            return later

        self.bob.answer = accept
        outgoing = self.alice.invite(BOB)
        self.network.advance(1)
        outgoing.cancel()
        self.network.advance(2)
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual([r.status for r in self.responses(ALICE)], [100, 200])
        self.assertEqual(len(self.bob.person.acks), 1)
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])


class NotSent(CallTestCase):
    """A handler that fails after it has accepted, or is too late for that."""

    def test_failure_after_accepting(self) -> None:
        """Where a failure is sent instead of the 200 there is no call, and no BYE."""

        def answer(call: IncomingCall) -> Response:
            self.bob.accept(call)
            raise ValueError("no")

        self.bob.answer = answer
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 500)
        self.assertEqual(self.bob.person.ends, [End(Ending.LOST, None, 500)])
        self.assertEqual(len(self.bob.calls), 0)
        self.network.advance(40)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_hung_up_before(self) -> None:
        """Nor where it was to be hung up already."""

        def answer(call: IncomingCall) -> Response:
            self.bob.accept(call)
            assert self.bob.call is not None
            self.bob.call.bye()
            return respond(call.request, 486)

        self.bob.answer = answer
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 486)
        self.network.advance(40)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.assertEqual(self.bob.person.ends, [End(Ending.LOST, None, 486)])

    def test_too_late(self) -> None:
        """After the final answer a call neither rings nor is accepted."""
        kept: list[IncomingCall] = []

        def answer(call: IncomingCall) -> Deferred[Response]:
            kept.append(call)
            return Deferred(lambda _: None)

        self.bob.answer = answer
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.network.advance(31)
        self.assertEqual(self.failure(outgoing).status, 504)
        (call,) = kept
        self.assertFalse(call.cancelled)
        self.assertRaises(CancelledError, call.ring)
        self.assertRaises(CancelledError, self.bob.accept, call)
        self.assertEqual((len(self.bob.calls), self.bob.calls.timers), (0, 0))
        self.flushLoggedErrors()

    def test_twice(self) -> None:
        """What was accepted is not accepted again."""
        self.connect()
        (call,) = self.bob.incoming
        self.assertRaises(CancelledError, self.bob.accept, call)
        self.hang_up()
