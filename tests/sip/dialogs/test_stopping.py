"""The end of a user agent, and of the calls that it has by then (RFC 3261 15)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from cpmgw.sip.dialogs.incoming import IncomingCall
from cpmgw.sip.dialogs.interfaces import Ending
from cpmgw.sip.message import Response
from tests.sip.dialogs.parties import ALICE, BOB, CallTestCase, is_request


class Stopping(CallTestCase):
    def test_stop(self) -> None:
        """Every call gets a BYE, and none begins any more."""
        self.connect()
        stopped = self.bob.calls.stop()
        self.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_stop_what_rings(self) -> None:
        """What rings is answered 480, as nobody has cancelled it."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        self.settle()
        stopped = self.bob.calls.stop()
        self.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.failure(outgoing).status, 480)

    def test_stop_what_was_sent(self) -> None:
        """What was sent is cancelled."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        self.settle()
        stopped = self.alice.calls.stop()
        self.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.failure(outgoing).status, 487)

    def test_stop_what_is_not_heard_of(self) -> None:
        """What has not even rung is dropped after `drain`; that is no error."""
        self.network.lose = lambda _: True
        outgoing = self.alice.invite(BOB)
        stopped = self.alice.calls.stop()
        self.network.advance(5.1)
        self.successResultOf(stopped)
        self.assertEqual(self.failure(outgoing).status, 487)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_stop_a_slow_handler(self) -> None:
        """One that wants to be told has `drain` seconds for its answer, then it is 480.

        It can accept no more.
        """
        told: list[int] = []

        def answer(call: IncomingCall) -> Deferred[Response]:
            call.when_cancelled(lambda: told.append(1))
            return Deferred()

        self.bob.answer = answer
        outgoing = self.alice.invite(BOB)
        self.settle()
        stopped = self.bob.calls.stop()
        (call,) = self.bob.incoming
        self.assertFalse(call.cancelled)
        self.assertRaises(CancelledError, call.ring)
        self.assertRaises(CancelledError, self.bob.accept, call)
        self.network.advance(4.9)
        self.assertEqual(told, [1])
        self.assertNoResult(outgoing.answered)
        self.network.advance(0.2)
        self.assertEqual(self.failure(outgoing).status, 480)
        self.successResultOf(stopped)

    def test_stop_without_an_ack(self) -> None:
        """A call whose ACK does not come gets its BYE after `drain` seconds."""
        self.network.lose = is_request("ACK")
        self.alice.invite(BOB)
        self.settle()
        stopped = self.bob.calls.stop()
        self.network.advance(4.9)
        self.assertEqual(self.requests(ALICE, "BYE"), [])
        self.network.advance(0.2)
        self.successResultOf(stopped)
        self.assertEqual(self.bob.person.how, [Ending.LOST])
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_stop_without_answers(self) -> None:
        """After `drain` seconds what has no answer is dropped."""
        self.connect()
        self.network.lose = lambda _: True
        stopped = self.bob.calls.stop()
        self.network.advance(4.9)
        self.assertNoResult(stopped)
        self.network.advance(0.2)
        self.successResultOf(stopped)
        self.assertEqual(self.bob.person.how, [Ending.LOST])
        self.network.lose = lambda _: False
        self.hang_up()

    def test_invite_after_stop(self) -> None:
        """A call that is to begin after that fails."""
        self.successResultOf(self.alice.calls.stop())
        self.assertEqual(self.failure(self.alice.invite(BOB)).status, 503)

    def test_invited_after_stop(self) -> None:
        """One that comes is answered 503."""
        self.successResultOf(self.bob.calls.stop())
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 503)
