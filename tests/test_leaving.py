"""What is replaced while it works: it stops when it is done, or when all must."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.leaving import PAUSE, Leaving

AT_MOST = 5.0


class Part:
    """A part that is at work until it is told, and takes its time to stop."""

    def __init__(self) -> None:
        self.busy = True
        self.stops = 0
        self.stopped: Deferred[None] = Deferred()

    def is_busy(self) -> bool:
        """Whether it is at work."""
        return self.busy

    def stop(self) -> Deferred[None]:
        """Stop, once `stopped` fires."""
        self.stops += 1
        return self.stopped


class LeavingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.leaving = Leaving(self.clock)
        self.part = Part()
        self.leaving.let_go(self.part.stop, self.part.is_busy, AT_MOST)

    def test_idle(self) -> None:
        """What has nothing to do is stopped a moment later, not at once."""
        self.part.busy = False
        self.clock.advance(PAUSE * 0.9)
        self.assertEqual(self.part.stops, 0)
        self.clock.advance(PAUSE * 0.2)
        self.assertEqual(self.part.stops, 1)

    def test_busy(self) -> None:
        """What is at work is stopped when it is done."""
        self.clock.pump([PAUSE] * 3)
        self.assertEqual(self.part.stops, 0)
        self.part.busy = False
        self.clock.advance(PAUSE)
        self.assertEqual(self.part.stops, 1)

    def test_for_ever(self) -> None:
        """What is never done is stopped when its time is over."""
        self.clock.pump([PAUSE] * 10)
        self.assertEqual(self.part.stops, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_forgotten(self) -> None:
        """What has stopped is forgotten, and not before."""
        self.part.busy = False
        self.clock.advance(PAUSE)
        self.assertEqual(len(self.leaving), 1)
        self.part.stopped.callback(None)
        self.assertEqual(len(self.leaving), 0)

    def test_end(self) -> None:
        """At the end all are stopped at once, and waited for."""
        other = Part()
        self.leaving.let_go(other.stop, other.is_busy, AT_MOST)
        ended = Deferred.fromCoroutine(self.leaving.end())
        self.assertEqual((self.part.stops, other.stops), (1, 1))
        self.part.stopped.callback(None)
        self.assertNoResult(ended)
        other.stopped.callback(None)
        self.successResultOf(ended)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_end_while_it_stops(self) -> None:
        """One that is stopping already is not stopped again, and waited for."""
        self.part.busy = False
        self.clock.advance(PAUSE)
        ended = Deferred.fromCoroutine(self.leaving.end())
        self.assertNoResult(ended)
        self.part.stopped.callback(None)
        self.successResultOf(ended)
        self.assertEqual(self.part.stops, 1)

    def test_end_of_nothing(self) -> None:
        """Where nothing is leaving there is nothing to wait for."""
        self.successResultOf(Deferred.fromCoroutine(Leaving(self.clock).end()))

    def test_failure(self) -> None:
        """A part that fails to stop is logged, and in nobody's way."""
        self.part.busy = False
        self.clock.advance(PAUSE)
        self.part.stopped.errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(len(self.leaving), 0)
        self.successResultOf(Deferred.fromCoroutine(self.leaving.end()))
