"""Questions to Non-CPM users (TS 6.1.4 step 8)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.question import Question, Verdict


def refusal(*, may_have_left: bool = False) -> CannotInterwork:
    """A question that cannot be delivered, or perhaps was."""
    return CannotInterwork(
        480, "Later", cause="test", section="x", may_have_left=may_have_left
    )


class Questions(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.question = Question(self.clock, 10.0)
        self.delivered: Deferred[None] = Deferred()
        self.verdict = Deferred.fromCoroutine(self.question.put(self.ask()))

    def tearDown(self) -> None:
        self.assertFalse(self.question.is_open)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def ask(self) -> None:
        await self.delivered

    def test_answer(self) -> None:
        """An answer ends it, even before it is known that the question arrived."""
        self.assertNoResult(self.verdict)
        self.question.settle(Verdict.NO)
        self.assertIs(self.successResultOf(self.verdict), Verdict.NO)

    def test_the_first_answer_counts(self) -> None:
        """What is answered cannot be answered otherwise."""
        self.question.settle(Verdict.YES)
        self.question.settle(Verdict.NO)
        self.assertIs(self.successResultOf(self.verdict), Verdict.YES)

    def test_silence(self) -> None:
        """At its time, and not before, the wait is over."""
        self.clock.advance(9.9)
        self.assertNoResult(self.verdict)
        self.clock.advance(0.1)
        self.assertIs(self.successResultOf(self.verdict), Verdict.SILENCE)

    def test_not_delivered(self) -> None:
        """A question that cannot be delivered fails as the delivery does."""
        self.delivered.errback(refusal())
        failure = self.failureResultOf(self.verdict, CannotInterwork)
        self.assertEqual(failure.value.status, 480)

    def test_perhaps_delivered(self) -> None:
        """One of which nobody knows whether it arrived may still be answered."""
        self.delivered.errback(refusal(may_have_left=True))
        self.assertNoResult(self.verdict)
        self.assertTrue(self.question.is_open)
        self.question.settle(Verdict.YES)
        self.assertIs(self.successResultOf(self.verdict), Verdict.YES)

    def test_not_delivered_after_the_end(self) -> None:
        """Where it has ended, a delivery that fails changes nothing."""
        self.question.settle(Verdict.TAKEN_BACK)
        self.delivered.errback(refusal())
        self.assertIs(self.successResultOf(self.verdict), Verdict.TAKEN_BACK)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_fault_is_told(self) -> None:
        """What nobody foresaw is in the log."""
        self.question.settle(Verdict.YES)
        self.delivered.errback(RuntimeError("boom"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.successResultOf(self.verdict)

    def test_given_up(self) -> None:
        """Who no longer waits leaves no timer."""
        self.verdict.addErrback(lambda _: None)
        self.verdict.cancel()
