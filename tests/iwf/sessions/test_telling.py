"""How often a user is told of a group (TS 6.1.7, 6.2.2.1.6)."""

from __future__ import annotations

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
        self.telling = Telling(
            self.clock, 60.0, lambda state: self.told.append(len(state.users))
        )

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
        telling = Telling(self.clock, 0, lambda state: self.told.append(1))
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
