"""Repeated requests get the answer that was given (docs/decisions/0003)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.records import Answer


def answer(key: bytes = b"a", expires: float = 100.0) -> Answer:
    """A success."""
    return Answer(key=key, status=202, reason="Accepted", expires=expires)


class Repeats(SynchronousTestCase):
    def setUp(self) -> None:
        self.guard = RepeatGuard(limit=3)
        self.begun: list[Deferred[Answer]] = []

    def once(self, key: bytes = b"a", now: float = 0.0) -> Deferred[Answer]:
        """Ask; work that is begun waits in `begun`."""

        async def work() -> Answer:
            result: Deferred[Answer] = Deferred()
            self.begun.append(result)
            return await result

        return self.guard.once(key, now, work)

    def test_first(self) -> None:
        """The first is worked on and gets its answer."""
        first = self.once()
        self.begun[0].callback(answer())
        self.assertEqual(self.successResultOf(first), answer())

    def test_repeat(self) -> None:
        """A repeat after the answer gets it, without any work."""
        self.test_first()
        self.assertEqual(self.successResultOf(self.once()), answer())
        self.assertEqual(len(self.begun), 1)

    def test_repeat_in_flight(self) -> None:
        """Repeats while the first is worked on share its answer."""
        every = [self.once() for _ in range(3)]
        self.assertEqual(len(self.begun), 1)
        self.begun[0].callback(answer())
        for each in every:
            self.assertEqual(self.successResultOf(each), answer())

    def test_other_key(self) -> None:
        """Another request is another piece of work."""
        self.once(b"a")
        self.once(b"b")
        self.assertEqual(len(self.begun), 2)

    def test_failure_is_not_kept(self) -> None:
        """A refusal is told to the first; the next one is worked on."""
        first = self.once()
        self.begun[0].errback(CannotInterwork(503, "Busy", cause="test", section="x"))
        self.failureResultOf(first, CannotInterwork)
        self.once()
        self.assertEqual(len(self.begun), 2)

    def test_failure_is_shared(self) -> None:
        """All who waited share the failure, and each may try again."""
        every = [self.once() for _ in range(3)]
        self.begun[0].errback(CannotInterwork(503, "Busy", cause="test", section="x"))
        for each in every:
            self.failureResultOf(each, CannotInterwork)
        self.assertEqual(len(self.begun), 1)
        self.once()
        self.assertEqual(len(self.begun), 2)

    def test_who_gives_up_waiting(self) -> None:
        """Work goes on when who asked for it is gone: its answer is kept."""
        first, second = self.once(), self.once()
        for each in (first, second):
            each.cancel()
            self.failureResultOf(each, CancelledError)
        self.begun[0].callback(answer())
        self.assertEqual(self.successResultOf(self.once()), answer())
        self.assertEqual(len(self.begun), 1)

    def test_error_that_nobody_waits_for(self) -> None:
        """An error of work whose asker is gone is logged; a refusal is no error."""
        for key in (b"a", b"b"):
            gone = self.once(key)
            gone.cancel()
            self.failureResultOf(gone, CancelledError)
        self.begun[0].errback(CannotInterwork(503, "Busy", cause="test", section="x"))
        self.begun[1].errback(ValueError("no"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_idle(self) -> None:
        """`idle` fires when nothing is being worked on, at once if nothing is."""
        self.successResultOf(self.guard.idle())
        self.once(b"a")
        self.once(b"b")
        idle = self.guard.idle()
        self.begun[0].callback(answer(b"a"))
        self.assertNoResult(idle)
        self.begun[1].callback(answer(b"b"))
        self.successResultOf(idle)

    def test_forget(self) -> None:
        """An answer that does not hold any more is not given again."""
        self.test_first()
        self.guard.forget(b"a")
        self.guard.forget(b"unknown")
        self.once()
        self.assertEqual(len(self.begun), 2)

    def test_expiry(self) -> None:
        """An answer is forgotten when its time is over, not before."""
        self.test_first()
        self.successResultOf(self.once(now=99.9))
        self.once(now=100.0)
        self.assertEqual(len(self.begun), 2)
        self.assertEqual(len(self.guard), 0)

    def test_limit(self) -> None:
        """No more than `limit` answers are kept; the oldest goes."""
        for number, key in enumerate((b"a", b"b", b"c", b"d")):
            self.once(key)
            self.begun[number].callback(answer(key))
        self.assertEqual(len(self.guard), 3)
        self.successResultOf(self.once(b"b"))
        self.once(b"a")
        self.assertEqual(len(self.begun), 5)

    def test_load(self) -> None:
        """What an earlier process answered is known, in order of expiry."""
        self.guard.load([answer(b"late", 200.0), answer(b"soon", 50.0)])
        self.successResultOf(self.once(b"soon", now=49.0))
        self.successResultOf(self.once(b"late", now=60.0))
        self.assertEqual(len(self.guard), 1)

    def test_answer_past_its_time_behind_a_younger_one(self) -> None:
        """One that ended later but expires sooner is not given after its time."""
        late, soon = self.once(b"late"), self.once(b"soon")
        self.begun[0].callback(answer(b"late", 200.0))
        self.begun[1].callback(answer(b"soon", 50.0))
        self.successResultOf(late)
        self.successResultOf(soon)
        self.once(b"soon", now=60.0)
        self.assertEqual(len(self.begun), 3)
