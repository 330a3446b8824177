"""How calls end: BYE from either side, from both, too early, or too late (15)."""

from __future__ import annotations

import gc
from types import FunctionType, ModuleType

from cpmgw.sip.dialogs.call import Call
from cpmgw.sip.dialogs.exchange import Exchange
from cpmgw.sip.dialogs.interfaces import Ending
from cpmgw.sip.legs import ServerLeg
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import (
    ALICE,
    BOB,
    CallTestCase,
    Person,
    is_request,
    is_response,
)


class Ends(CallTestCase):
    def test_bye_of_the_caller(self) -> None:
        """Who hangs up is told when there is an answer, the other at the BYE."""
        hers, his = self.connect()
        gone = hers.bye(("SIP;cause=200",), (("X-Why", "enough"),))
        self.settle()
        self.successResultOf(gone)
        (bye,) = self.requests(BOB, "BYE")
        self.assertEqual(bye.headers.raw("Reason"), ["SIP;cause=200"])
        self.assertEqual(bye.headers.raw("X-Why"), ["enough"])
        self.assertEqual(self.alice.person.how, [Ending.BYE_SENT])
        (end,) = self.bob.person.ends
        assert end.request is not None
        self.assertEqual(end.how, Ending.BYE_RECEIVED)
        self.assertEqual(end.request.headers.raw("Reason"), ["SIP;cause=200"])
        self.assertTrue(hers.over and his.over)

    def test_bye_of_the_callee(self) -> None:
        """The callee hangs up likewise."""
        _, his = self.connect()
        gone = his.bye()
        self.settle()
        self.successResultOf(gone)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_farewell(self) -> None:
        """The user adds header fields to the 200 of a BYE that came."""
        self.connect()
        self.bob.person.farewell = (("X-Count", "3"),)
        self.hang_up()
        (answer,) = self.responses(ALICE, "BYE")
        self.assertEqual((answer.status, answer.headers.raw("X-Count")), (200, ["3"]))

    def test_user_that_fails(self) -> None:
        """A user that fails at a BYE does not keep the call alive."""
        self.connect()

        def fails(bye: Request) -> None:
            raise ValueError("no")

        self.bob.person.closing = fails  # type: ignore[assignment, method-assign]
        self.hang_up()
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_bye_twice(self) -> None:
        """There is one BYE; who asks again waits for the same, or for nothing."""
        hers, _ = self.connect()
        both = [hers.bye(), hers.bye()]
        self.settle()
        for gone in both:
            self.successResultOf(gone)
        self.successResultOf(hers.bye())
        self.assertEqual(len(self.requests(BOB, "BYE")), 1)

    def test_bye_against_bye(self) -> None:
        """Both hang up at once: each BYE is answered 200, each side ends once."""
        hers, his = self.connect()
        gone = [hers.bye(), his.bye()]
        self.settle()
        for each in gone:
            self.successResultOf(each)
        self.assertEqual([r.status for r in self.responses(ALICE, "BYE")], [200])
        self.assertEqual([r.status for r in self.responses(BOB, "BYE")], [200])
        self.assertEqual(self.alice.person.how, [Ending.BYE_SENT])
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])

    def test_bye_before_the_ack(self) -> None:
        """A callee keeps its BYE until the ACK is there (15)."""
        self.network.lose = is_request("ACK")
        _, his = self.connect()
        gone = his.bye()
        self.network.advance(0.4)
        self.assertNoResult(gone)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.network.lose = lambda _: False
        self.network.advance(0.1)
        self.successResultOf(gone)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])
        self.assertEqual(self.bob.person.acks, [])

    def test_bye_without_an_ack(self) -> None:
        """Without an ACK it goes out when there will be none any more (15)."""
        self.network.lose = is_request("ACK")
        _, his = self.connect()
        gone = his.bye()
        self.network.advance(31.9)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.network.advance(0.1)
        self.successResultOf(gone)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])

    def test_bye_against_a_kept_bye(self) -> None:
        """The caller's BYE comes while ours waits for the ACK: that one ends it."""
        self.network.lose = is_request("ACK")
        _, his = self.connect()
        gone = his.bye()
        self.hang_up()
        self.successResultOf(gone)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])

    def test_nobody_answers_a_bye(self) -> None:
        """A BYE without an answer ends the call all the same (15.1.1)."""
        hers, his = self.connect()
        self.network.lose = is_request("BYE")
        gone = hers.bye()
        self.network.advance(31)
        self.assertNoResult(gone)
        self.network.advance(1.1)
        self.successResultOf(gone)
        self.assertEqual(self.alice.person.how, [Ending.BYE_SENT])
        self.network.lose = lambda _: False
        his.bye()
        self.settle()

    def test_lost_200_of_a_bye(self) -> None:
        """Its transaction repeats the BYE, and the other side its answer."""
        hers, _ = self.connect()
        self.network.drop_datagram(2)
        gone = hers.bye()
        self.settle()
        self.assertNoResult(gone)
        self.network.advance(0.5)
        self.successResultOf(gone)
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])

    def test_after_the_end(self) -> None:
        """What comes after the end is of no dialog: 481."""
        hers, _ = self.connect()
        self.hang_up()
        statuses = []
        for method in ("BYE", "INVITE", "UPDATE", "OPTIONS", "INFO"):
            answer = self.alice.endpoint.request(hers.dialog.request(method))
            self.settle()
            statuses.append(self.successResultOf(answer).status)
        self.assertEqual(statuses, [481] * 5)

    def test_request_while_hanging_up(self) -> None:
        """Once a BYE is on its way all but a BYE is 481 (15.1.1)."""
        hers, his = self.connect()
        self.network.lose = is_response(200, "BYE")
        his.bye()
        self.settle()
        update = self.alice.endpoint.request(hers.dialog.request("UPDATE"))
        self.settle()
        self.assertEqual(self.successResultOf(update).status, 481)
        self.network.lose = lambda _: False
        self.network.advance(1)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])

    def test_late_ack(self) -> None:
        """An ACK after the end is dropped."""
        hers, _ = self.connect()
        self.hang_up()
        self.alice.endpoint.acknowledge(hers.dialog.ack(1))
        self.settle()
        self.assertEqual(len(self.bob.person.acks), 1)


class Failing(CallTestCase):
    def test_repeat_that_fails(self) -> None:
        """Where a 200 cannot be sent again, the call ends all the same (13.3.1.4)."""
        self.network.lose = is_request("ACK")
        _, his = self.connect()

        def fails(response: Response) -> Response:
            raise ValueError(response)

        assert his._repeats is not None
        his._repeats.leg.finish = fails
        self.network.advance(33)
        self.assertEqual(self.bob.person.how, [Ending.NOT_ACKNOWLEDGED])
        self.assertGreater(len(self.flushLoggedErrors(ValueError)), 1)


class Idle(CallTestCase):
    """Most calls have nothing to do, and there are many of them."""

    def test_no_message_is_kept(self) -> None:
        """A call that came keeps no request, response or transaction after its ACK."""
        _, his = self.connect()
        self.network.advance(40)
        self.assertEqual(kept_by(his), set())
        self.hang_up()

    def test_answer_is_kept(self) -> None:
        """One that was made keeps its 2xx for its user, for 64*T1, and nothing else."""
        hers, _ = self.connect()
        self.network.advance(31.9)
        self.assertEqual(kept_by(hers), {hers.answer})
        self.network.advance(0.2)
        self.assertIs(hers.answer, None)
        self.network.advance(8)
        self.assertEqual(kept_by(hers), set())
        self.hang_up()


def kept_by(call: Call) -> set[object]:
    """The messages and transactions that a call alone holds."""
    beyond = (type, ModuleType, FunctionType, Exchange, Person)
    found: set[object] = set()
    seen, left = {id(call)}, [call]
    while left:
        for each in gc.get_referents(left.pop()):
            if id(each) in seen or isinstance(each, beyond):
                continue
            seen.add(id(each))
            left.append(each)
            if isinstance(each, Request | Response | ServerLeg):
                found.add(each)
    return found


class Within(CallTestCase):
    def ask(self, method: str, **changes: str) -> Response:
        """Alice's request in the dialog, with other header fields."""
        assert self.alice.call is not None
        request = self.alice.call.dialog.request(method)
        for name, value in changes.items():
            headers = request.headers.with_replaced(name.replace("_", "-"), value)
            request = request.replace(headers=headers)
        answer = self.alice.endpoint.request(request)
        self.settle()
        return self.successResultOf(answer)

    def test_other_methods(self) -> None:
        """OPTIONS is answered; what is for no call is 481 or 405, with Allow."""
        self.connect()
        options = self.ask("OPTIONS")
        self.assertEqual(options.status, 200)
        self.assertIn("UPDATE", options.headers.all("Allow"))
        self.assertEqual(options.headers.all("Supported"), ["timer"])
        self.assertEqual(self.ask("NOTIFY").status, 481)
        self.assertEqual(self.ask("PRACK").status, 481)
        info = self.ask("INFO")
        self.assertEqual(info.status, 405)
        self.assertNotIn("INFO", info.headers.all("Allow"))
        self.hang_up()

    def test_order(self) -> None:
        """A request that is older than one before, or as old, is 500 (12.2.2)."""
        self.connect()
        self.assertEqual(self.ask("OPTIONS", CSeq="9 OPTIONS").status, 200)
        self.assertEqual(self.ask("OPTIONS", CSeq="8 OPTIONS").status, 500)
        self.assertEqual(self.ask("OPTIONS", CSeq="9 OPTIONS").status, 500)
        self.assertEqual(self.ask("OPTIONS", CSeq="10 OPTIONS").status, 200)
        assert self.alice.call is not None
        self.alice.call.dialog.local_cseq = 10
        self.hang_up()

    def test_other_dialogs(self) -> None:
        """Another tag or Call-ID is another dialog: 481."""
        hers, _ = self.connect()
        dialog = hers.dialog
        self.assertEqual(self.ask("OPTIONS", Call_ID="x").status, 481)
        self.assertEqual(self.ask("OPTIONS", To="<sip:b@x>;tag=x").status, 481)
        self.assertEqual(self.ask("OPTIONS", From="<sip:a@x>;tag=x").status, 481)
        self.assertEqual(self.ask("OPTIONS", To=dialog.remote).status, 200)
        self.hang_up()


class Lost(CallTestCase):
    """The peer knows nothing of the call any more (12.2.1.2)."""

    def forget(self, status: int) -> None:
        """Have Bob's side answer so in every dialog."""

        async def answer(incoming):  # type: ignore[no-untyped-def]
            return respond(incoming.request, status)

        for method in ("INVITE", "UPDATE", "BYE"):
            self.bob.endpoint.serve(method, answer, in_dialog=True)

    def test_gone(self) -> None:
        """481 or 408 to a re-INVITE ends the call, with a BYE."""
        for status in (481, 408):
            hers, his = self.connect()
            self.forget(status)
            answer = hers.reinvite(b"v=0")
            self.settle()
            self.assertEqual(self.successResultOf(answer).status, status)
            (end,) = self.alice.person.ends
            self.assertEqual((end.how, end.status), (Ending.LOST, status))
            his.drop()
            self.tearDown()
            self.setUp()

    def test_silent(self) -> None:
        """No answer to a re-INVITE ends it too, as a 408."""
        hers, his = self.connect()
        self.network.lose = is_request("INVITE")
        answer = hers.reinvite(b"v=0")
        self.network.advance(33)
        self.assertEqual(self.failureResultOf(answer).value.status, 408)
        self.assertEqual(self.alice.person.how, [Ending.LOST])
        self.assertTrue(his.over)
