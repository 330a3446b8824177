"""Many sleepers under one call of the reactor."""

from __future__ import annotations

from math import inf

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.wakes import Wakes


class Sleeper:
    """Notes when it was woken; `then` is what it does."""

    def __init__(self, wakes: Wakes, again: float = inf) -> None:
        self.due = self.queued = inf
        self.woken: list[float] = []
        self._wakes = wakes
        self._again = again

    def wake(self, now: float) -> None:
        """Note it, and perhaps sleep again."""
        self.woken.append(now)
        if self._again < inf:
            self._wakes.at(self, now + self._again)


class WakesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.wakes = Wakes(self.clock)

    def sleeper(self, when: float, again: float = inf) -> Sleeper:
        made = Sleeper(self.wakes, again)
        self.wakes.at(made, when)
        return made

    def pass_time(self, *times: float) -> None:
        for each in times:
            self.clock.advance(each - self.clock.seconds())

    def test_in_time(self) -> None:
        """Each is woken once, when it is time."""
        late, early = self.sleeper(5.0), self.sleeper(2.0)
        self.pass_time(1.9)
        self.assertEqual((early.woken, late.woken), ([], []))
        self.pass_time(2.1, 4.9, 5.1, 20.0)
        self.assertEqual((early.woken, late.woken), ([2.1], [5.1]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_timer(self) -> None:
        """However many sleep, the reactor has one call."""
        for each in range(100):
            self.sleeper(float(each + 1))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertEqual(len(self.wakes), 100)

    def test_put_off(self) -> None:
        """A later time takes the place of an earlier one."""
        one = self.sleeper(2.0)
        self.wakes.at(one, 6.0)
        self.pass_time(2.1, 5.9)
        self.assertEqual(one.woken, [])
        self.pass_time(6.1)
        self.assertEqual(one.woken, [6.1])

    def test_brought_forward(self) -> None:
        """So does an earlier one, and the later is forgotten."""
        one = self.sleeper(6.0)
        self.wakes.at(one, 2.0)
        self.pass_time(2.1, 7.0)
        self.assertEqual(one.woken, [2.1])

    def test_forgotten(self) -> None:
        """Who is to be woken never is not; no call of the reactor is left."""
        one = self.sleeper(2.0)
        self.wakes.at(one, inf)
        self.assertEqual(len(self.wakes), 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.wakes.at(one, 3.0)
        self.pass_time(2.1, 3.1)
        self.assertEqual(one.woken, [3.1])

    def test_again(self) -> None:
        """Who is woken may sleep again."""
        one = self.sleeper(1.0, again=1.0)
        self.pass_time(1.0, 2.0, 3.0)
        self.assertEqual(one.woken, [1.0, 2.0, 3.0])

    def test_at_once(self) -> None:
        """A time that is past is now, and does not run in a circle."""
        self.pass_time(5.0)
        one = self.sleeper(1.0)
        self.assertEqual(one.woken, [])
        self.clock.advance(0.001)
        self.assertEqual(one.woken, [5.001])

    def test_woken_by_another(self) -> None:
        """Who is forgotten by one that is woken at the same time sleeps on."""
        one, other = self.sleeper(1.0), self.sleeper(1.0)
        one.wake = lambda now: self.wakes.at(other, inf)  # type: ignore[method-assign]
        self.pass_time(1.0, 9.0)
        self.assertEqual(other.woken, [])

    def test_failure(self) -> None:
        """One that fails does not keep the others asleep."""
        one, other = self.sleeper(1.0), self.sleeper(1.0)

        def fails(now: float) -> None:
            raise ValueError("no")

        one.wake = fails  # type: ignore[method-assign]
        self.pass_time(1.0)
        self.assertEqual(other.woken, [1.0])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_forgotten_entries(self) -> None:
        """What was forgotten is not kept: never more than twice what sleeps, or 64."""
        kept = [self.sleeper(1000.0) for _ in range(100)]
        for _ in range(1000):
            self.wakes.at(self.sleeper(2000.0), inf)
            self.assertLessEqual(self.wakes.entries, 202)
        self.pass_time(1000.0)
        self.assertEqual([each.woken for each in kept], [[1000.0]] * 100)

    def test_all_forgotten(self) -> None:
        """Nor where many slept that were forgotten, and none is added."""
        kept = self.sleeper(1.0)
        many = [self.sleeper(2000.0) for _ in range(1000)]
        for each in many:
            self.wakes.at(each, inf)
        self.assertEqual(len(self.wakes), 1)
        self.assertLessEqual(self.wakes.entries, 65)
        self.pass_time(1.0)
        self.assertEqual(kept.woken, [1.0])

    def test_brought_forward_and_back(self) -> None:
        """What is brought forward and put off again is kept once, more or less."""
        one = self.sleeper(1000.0)
        for number in range(1000):
            self.wakes.at(one, 900.0 - number / 10)
            self.wakes.at(one, 1000.0)
        self.assertLessEqual(self.wakes.entries, 66)
        self.pass_time(1000.0)
        self.assertEqual(one.woken, [1000.0])
