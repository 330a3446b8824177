"""Several questions at once."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.errors import NotSent
from cpmgw.smtp.inquiry import Inquiry

SILENT = "does not answer in time"


class Asking(SynchronousTestCase):
    """Answers, late ones, and none."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.inquiry = Inquiry[str, int](self.clock, 2.0, bool)
        self.asked: dict[str, Deferred[int]] = {}

    def ask(self, *keys: str) -> None:
        """Ask questions by these keys."""

        async def question(answer: Deferred[int]) -> int:
            return await answer

        for key in keys:
            self.asked[key] = Deferred()
            self.inquiry.ask(key, question(self.asked[key]))

    def test_all(self) -> None:
        """It ends with the last answer; NotSent is one."""
        self.ask("a", "b", "c")
        self.asked["b"].callback(1)
        answers = self.inquiry.answers()
        error = NotSent("no")
        self.asked["a"].errback(error)
        self.assertNoResult(answers)
        self.asked["c"].callback(0)
        found = self.successResultOf(answers)
        self.assertEqual(found, {"a": error, "b": 1, "c": 0})
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing(self) -> None:
        """Nothing asked is answered at once."""
        self.assertEqual(self.successResultOf(self.inquiry.answers()), {})

    def test_grace(self) -> None:
        """The others have their grace once one is of use, and not before."""
        self.ask("a", "b", "c")
        answers = self.inquiry.answers()
        self.asked["a"].callback(0)
        self.clock.advance(100.0)
        self.assertNoResult(answers)
        self.asked["b"].callback(5)
        self.clock.advance(1.9)
        self.assertNoResult(answers)
        self.clock.advance(0.1)
        found = self.successResultOf(answers)
        self.assertEqual((found["a"], found["b"]), (0, 5))
        self.assertIsInstance(found["c"], NotSent)
        self.assertIn(SILENT, str(found["c"]))

    def test_fault(self) -> None:
        """What nobody foresaw fails all, and leaves nothing open."""
        for before in (True, False):
            with self.subTest(before=before):
                self.setUp()
                self.ask("a", "b")
                if before:
                    self.asked["a"].errback(RuntimeError("unforeseen"))
                answers = self.inquiry.answers()
                if not before:
                    self.asked["a"].errback(RuntimeError("unforeseen"))
                self.failureResultOf(answers, RuntimeError)
                self.assertTrue(self.asked["b"].called)

    def test_not_wanted(self) -> None:
        """Who does not want the answers any more ends the questions."""
        self.ask("a", "b")
        answers = self.inquiry.answers()
        self.asked["a"].callback(1)
        answers.cancel()
        self.failureResultOf(answers, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
