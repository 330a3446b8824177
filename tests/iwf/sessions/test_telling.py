"""How often a user is told of a group (TS 6.1.7, 6.2.2.1.6)."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.conference_info import ConferenceState, User
from cpmgw.iwf.sessions.telling import Telling


def group(*names: str) -> ConferenceState:
    """A conference of these users."""
    return ConferenceState(version=1, users=tuple([User(name) for name in names]))


class Intervals(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[int] = []
        self.successes = True
        self.telling = Telling(self.clock, 60.0, self.tell)

    def tell(self, state: ConferenceState) -> Deferred[bool]:
        """Tell, at once."""
        self.told.append(len(state.users))
        return succeed(self.successes)

    def test_first(self) -> None:
        """The first state is told at once."""
        self.telling.news(group("a", "b"))
        self.assertEqual(self.told, [2])
        self.telling.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_together(self) -> None:
        """What changes within the interval goes together, at its end."""
        self.telling.news(group("a"))
        for names in (("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d")):
            self.clock.advance(10)
            self.telling.news(group(*names))
        self.assertEqual(self.told, [1])
        self.clock.advance(30)
        self.assertEqual(self.told, [1, 4])

    def test_at_most_one_an_interval(self) -> None:
        """After the second one an interval passes too."""
        self.telling.news(group("a"))
        self.telling.news(group("a", "b"))
        self.clock.advance(60)
        self.telling.news(group("a"))
        self.clock.advance(59)
        self.assertEqual(self.told, [1, 2])
        self.clock.advance(1)
        self.assertEqual(self.told, [1, 2, 1])

    def test_no_news(self) -> None:
        """Who came and went in between is no news, and neither is the same again."""
        self.telling.news(group("a"))
        self.telling.news(group("a", "b"))
        self.telling.news(group("a"))
        self.clock.advance(60)
        self.telling.news(group("a"))
        self.assertEqual(self.told, [1])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nobody(self) -> None:
        """An empty group is nothing to tell."""
        self.telling.news(ConferenceState(version=1))
        self.assertEqual(self.told, [])

    def test_without_interval(self) -> None:
        """0 tells each change at once."""
        telling = Telling(self.clock, 0, self.tell)
        telling.news(group("a"))
        telling.news(group("b"))
        self.assertEqual(self.told, [1, 1])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopped(self) -> None:
        """After the end nothing is told, and nothing waits."""
        self.telling.news(group("a"))
        self.telling.news(group("a", "b"))
        self.telling.stop()
        self.clock.advance(100)
        self.assertEqual(self.told, [1])
        self.telling.stop()

    def test_not_told(self) -> None:
        """What the user was not told is told later, and later still."""
        self.successes = False
        self.telling.news(group("a"))
        for pause in (60, 120, 240, 480, 960, 1920, 3600, 3600):
            told = len(self.told)
            self.clock.advance(pause - 1)
            self.assertEqual(len(self.told), told)
            self.clock.advance(1)
            self.assertEqual(len(self.told), told + 1)
        self.successes = True
        self.clock.advance(3600)
        told = len(self.told)
        self.clock.advance(10_000)
        self.assertEqual(len(self.told), told)

    def test_newer_than_what_was_not_told(self) -> None:
        """What has changed by then is told instead."""
        self.successes = False
        self.telling.news(group("a"))
        self.telling.news(group("a", "b", "c"))
        self.successes = True
        self.clock.advance(60)
        self.assertEqual(self.told, [1, 3])

    def test_without_interval_not_told(self) -> None:
        """Where each change is told at once, a failure is not tried at once."""
        telling = Telling(self.clock, 0, self.tell)
        self.successes = False
        telling.news(group("a"))
        self.assertEqual(self.told, [1])
        self.clock.advance(60)
        self.assertEqual(self.told, [1, 1])
        telling.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_telling(self) -> None:
        """One at a time; what comes meanwhile is told after it, if not stopped."""
        pending: list[Deferred[bool]] = []

        def tell(state: ConferenceState) -> Deferred[bool]:
            pending.append(Deferred())
            return pending[-1]

        telling = Telling(self.clock, 0, tell)
        telling.news(group("a"))
        telling.news(group("a", "b"))
        self.assertEqual(len(pending), 1)
        pending[0].callback(True)
        self.assertEqual(len(pending), 2)
        telling.stop()
        pending[1].callback(False)
        self.assertEqual(self.clock.getDelayedCalls(), [])
