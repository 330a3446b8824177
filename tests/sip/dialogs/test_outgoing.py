"""An INVITE of ours, its answers and its forks (RFC 3261 13.2, 9.1)."""

from __future__ import annotations

from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.incoming import IncomingCall
from cpmgw.sip.dialogs.interfaces import CallSettings
from cpmgw.sip.dialogs.outgoing import MOST_FORKS, TRIES
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import (
    ALICE,
    ANSWER,
    BOB,
    CallTestCase,
    is_request,
    is_response,
)

CONTACT = ("Contact", "<sip:party@127.0.0.1:5080>")


class Answered(CallTestCase):
    def test_answer(self) -> None:
        """A 2xx makes a call, whose ACK is sent by then (13.2.2.4)."""
        hers, _ = self.connect()
        assert hers.answer is not None
        self.assertEqual(hers.answer.body, ANSWER)
        self.assertTrue(hers.acknowledged)
        self.assertEqual(len(self.requests(BOB, "ACK")), 1)
        self.hang_up()

    def test_refused(self) -> None:
        """Another final answer fails it, and is at hand."""
        self.bob.answer = lambda call: respond(call.request, 486)
        outgoing = self.alice.invite(BOB)
        self.settle()
        error = self.failure(outgoing)
        assert error.response is not None
        self.assertEqual((error.status, error.response.status), (486, 486))

    def test_nobody(self) -> None:
        """Without any answer it fails at Timer B, as a 408 (8.1.3.1)."""
        self.network.lose = is_request("INVITE")
        outgoing = self.alice.invite(BOB)
        self.network.advance(32)
        self.assertEqual(self.failure(outgoing).status, 408)

    def test_nowhere(self) -> None:
        """What cannot be sent fails as a 503."""
        self.successResultOf(self.alice.endpoint.stopService())
        outgoing = self.alice.invite(BOB)
        self.assertEqual(self.failure(outgoing).status, 503)
        self.alice.endpoint.startService()

    def test_rings_for_ever(self) -> None:
        """What rings for too long is cancelled (9.1), and fails as a 487."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        self.network.advance(179.9)
        self.assertNoResult(outgoing.answered)
        self.network.advance(0.2)
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual(len(self.requests(BOB, "CANCEL")), 1)

    def test_no_contact(self) -> None:
        """A 2xx that tells nothing of where its sender is makes no call."""
        self.answer_with(())
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 502)

    def answer_with(self, headers: tuple[tuple[str, str], ...]) -> None:
        """Have Bob answer 200 by hand."""
        self.bob.answer = lambda call: respond(
            call.request, 200, headers=headers, to_tag="b"
        )

    def test_cancel_twice(self) -> None:
        """A second CANCEL, or one after the answer, does nothing."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        self.settle()
        outgoing.cancel()
        outgoing.cancel()
        self.settle()
        outgoing.cancel()
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual(len(self.requests(BOB, "CANCEL")), 1)

    def test_cancelling_the_deferred(self) -> None:
        """Who cancels the Deferred cancels the INVITE."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.calls.invite(
            self.alice.invitation(BOB), self.alice.person
        )
        self.settle()
        outgoing.answered.addErrback(lambda _: None)
        outgoing.answered.cancel()
        self.settle()
        self.assertEqual(len(self.requests(BOB, "CANCEL")), 1)

    def test_cancel_before_anything_was_heard(self) -> None:
        """A CANCEL waits for a provisional response (9.1)."""
        self.network.lose = is_response(100)
        self.network.latency = 0.2
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        outgoing.cancel()
        self.network.advance(0.3)
        self.assertEqual(self.requests(BOB, "CANCEL"), [])
        self.network.advance(2)
        self.assertEqual(len(self.requests(BOB, "CANCEL")), 1)
        self.assertEqual(self.failure(outgoing).status, 487)


class Repeated(CallTestCase):
    def test_duplicate_200(self) -> None:
        """A 200 that comes twice has two ACKs, and makes one call (13.2.2.4)."""
        self.network.repeat_datagram(2)
        self.connect()
        self.assertEqual(len(self.requests(BOB, "ACK")), 2)
        self.assertEqual(len(self.alice.calls), 1)
        self.assertEqual(len(self.bob.person.acks), 1)
        self.hang_up()

    def forked(self, *tags: str) -> None:
        """Have Bob's side answer 200 with each of these tags."""

        async def answer(incoming: Incoming) -> Response:
            made = [
                respond(incoming.request, 200, headers=(CONTACT,), to_tag=each)
                for each in tags
            ]
            for index, each in enumerate(made[1:]):
                self.network.callLater(0.1 + index / 100, incoming.leg.send_again, each)
            return made[0]

        async def within(incoming: Incoming) -> Response:
            return respond(incoming.request, 200)

        self.bob.endpoint.serve("INVITE", answer)
        self.bob.endpoint.serve("BYE", within, in_dialog=True)

    def tags(self, method: str) -> list[str | None]:
        return [each.to.tag for each in self.requests(BOB, method)]

    def test_fork(self) -> None:
        """A 2xx of another branch has its ACK, and then a BYE (13.2.2.4)."""
        self.forked("one", "two")
        outgoing = self.alice.invite(BOB)
        self.network.advance(1)
        call = self.successResultOf(outgoing.answered)
        self.assertEqual(call.dialog.id[2], "one")
        self.assertEqual(self.tags("ACK"), ["one", "two"])
        self.assertEqual(self.tags("BYE"), ["two"])
        self.assertEqual(self.alice.person.ends, [])
        call.bye()
        self.settle()

    def test_fork_again(self) -> None:
        """When that comes once more, it has its ACK once more and no other BYE."""
        self.forked("one", "two", "two")
        outgoing = self.alice.invite(BOB)
        self.network.advance(1)
        self.assertEqual(self.tags("ACK"), ["one", "two", "two"])
        self.assertEqual(self.tags("BYE"), ["two"])
        self.successResultOf(outgoing.answered).bye()
        self.settle()

    def test_many_forks(self) -> None:
        """No more than so many branches are hung up."""
        many = [f"t{index}" for index in range(MOST_FORKS + 1)]
        self.forked("one", *many)
        outgoing = self.alice.invite(BOB)
        self.network.advance(1)
        self.assertEqual(len(self.tags("ACK")), MOST_FORKS + 2)
        self.assertEqual(self.tags("BYE"), many[:MOST_FORKS])
        self.successResultOf(outgoing.answered).bye()
        self.settle()


class Intervals(CallTestCase):
    """An answer of 422 (RFC 4028 7.3)."""

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[Request] = []
        self.bob.answer = self.too_short

    def too_short(self, call: IncomingCall) -> Response:
        """Ask for more, each time."""
        self.asked.append(call.request)
        shortest = 100 * len(self.asked)
        return respond(call.request, 422, headers=(("Min-SE", str(shortest)),))

    def test_again(self) -> None:
        """It goes out again with the Min-SE of the 422, as the next request."""
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 422)
        told = [
            (each.cseq.number, each.headers.raw("Min-SE"), each.call_id)
            for each in self.asked
        ]
        self.assertEqual(
            told,
            [
                (1, [], "call-5070"),
                (2, ["100"], "call-5070"),
                (3, ["200"], "call-5070"),
            ],
        )
        self.assertEqual(len(self.asked), TRIES)

    def test_with_an_interval(self) -> None:
        """The Session-Expires that it had is raised to it."""
        outgoing = self.alice.invite(
            BOB, headers=(("Session-Expires", "90;refresher=uac"),)
        )
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 422)
        self.assertEqual(
            self.asked[1].headers.raw("Session-Expires"), ["100;refresher=uac"]
        )

    def test_nothing_new(self) -> None:
        """A 422 that asks for no more than before is a failure at once."""
        self.bob.answer = lambda call: respond(call.request, 422)
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 422)
        self.assertEqual(len(self.requests(BOB, "INVITE")), 1)


class Early(CallTestCase):
    """What comes from the callee before he has answered."""

    def setUp(self) -> None:
        super().setUp()
        self.bob.answer = self.bob.ring

    def ask(self, method: str, body: bytes = b"") -> Response:
        """A request of Bob's in the early dialog."""
        invite = self.bob.incoming[0].request
        ringing = self.responses(ALICE)[0]
        dialog = Dialog.of_server(invite, ringing)
        answer = self.bob.endpoint.request(dialog.request(method, body=body))
        self.settle()
        return self.successResultOf(answer)

    def test_early(self) -> None:
        """Our offer is open: an offer is 491, else it may be (RFC 3311 5.2)."""
        self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.ask("UPDATE", b"v=0").status, 491)
        self.assertEqual(self.ask("UPDATE").status, 200)
        self.assertEqual(self.ask("OPTIONS").status, 200)
        self.assertEqual(self.ask("BYE").status, 481)
        self.bob.waiting.callback(self.bob.accept(self.bob.incoming[0]))
        self.settle()
        self.hang_up()


class Full(CallTestCase):
    settings = CallSettings(calls=1)
    bobs = CallSettings(calls=1)

    def test_outgoing(self) -> None:
        """Past the limit a call fails as a 503, and nothing is sent."""
        self.connect()
        outgoing = self.alice.invite(BOB)
        self.assertEqual(self.failure(outgoing).status, 503)
        self.assertEqual(len(self.requests(BOB, "INVITE")), 1)
        self.hang_up()

    def test_incoming(self) -> None:
        """Past the limit an INVITE is answered 503, with a Retry-After."""
        self.connect()
        answer = self.alice.endpoint.request(
            self.alice.invitation(BOB).replace(
                headers=self.alice.invitation(BOB).headers.with_replaced(
                    "Call-ID", "another"
                )
            )
        )
        self.settle()
        refused = self.successResultOf(answer)
        self.assertEqual(refused.status, 503)
        self.assertEqual(refused.headers.raw("Retry-After"), ["5"])
        self.hang_up()
