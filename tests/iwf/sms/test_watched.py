"""Which numbers are watched, beside the store that keeps them (TS 6.2.3.1)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.errors import StoreError
from cpmgw.interfaces import IWatchedNumbers
from cpmgw.iwf.sms.watched import NEWS, WatchList
from cpmgw.records import Watched
from tests.store.values import watched

URI = "tel:+2"


@implementer(IWatchedNumbers)
class Kept:
    """A store, two numbers a page; `fails` has it fail."""

    def __init__(self) -> None:
        self.numbers: dict[str, Watched] = {}
        self.fails = False

    def keep(self, number: Watched) -> Deferred[None]:
        """Keep it."""
        if self.fails:
            return fail(StoreError("full"))
        self.numbers[number.number] = number
        return succeed(None)

    def drop(self, number: str) -> Deferred[None]:
        """Drop it."""
        self.numbers.pop(number, None)
        return succeed(None)

    def page(self, after: str = "") -> Deferred[list[Watched]]:
        """The next two."""
        return succeed([e for n, e in sorted(self.numbers.items()) if n > after][:2])


class WatchListCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 1_000.0
        self.store = Kept()
        self.list = self.watch_list()

    def watch_list(self, **limits: Any) -> WatchList:
        """A list of the numbers in the store."""
        return WatchList(self.store, lambda: self.now, **limits)

    def watch(self, number: str = "+2", seconds: float = 60.0) -> None:
        """Watch a number from now on."""
        self.successResultOf(self.list.watch(number, URI, seconds))

    def reached(self, number: str = "+2") -> Watched:
        """A number for which somebody waits is reached."""
        news = self.list.reached(number)
        assert news is not None
        return news


class Watching(WatchListCase):
    def test_kept(self) -> None:
        """A number is in the store, from now and as long as was said."""
        self.watch(seconds=60.0)
        kept = Watched(number="+2", user=URI, since=1_000.0, until=1_060.0)
        self.assertEqual(self.store.numbers, {"+2": kept})
        self.watch(seconds=0.0)
        self.assertIsNone(self.store.numbers["+2"].until)

    def test_reached(self) -> None:
        """Once it is reached that is news, which is kept as well, for a day."""
        self.watch()
        self.now += 5.0
        news = self.reached()
        self.assertEqual((news.ready, news.until), (1_005.0, 1_005.0 + NEWS))
        self.assertEqual(self.store.numbers, {"+2": news})
        self.assertTrue(self.list.is_news(news))

    def test_at_the_beginning_of_time(self) -> None:
        """A clock may begin with 0."""
        self.now = 0.0
        self.watch()
        self.reached()
        self.assertIsNone(self.list.reached("+2"))

    def test_reached_once(self) -> None:
        """A second time nobody waits, nor for a number that nothing failed for."""
        self.watch()
        self.reached()
        self.assertIsNone(self.list.reached("+2"))
        self.assertIsNone(self.list.reached("+3"))

    def test_time_is_over(self) -> None:
        """At its end nobody waits any more."""
        self.watch(seconds=60.0)
        self.now += 59.0
        self.reached()
        self.watch(seconds=60.0)
        self.now += 60.0
        self.assertIsNone(self.list.reached("+2"))

    def test_forgotten(self) -> None:
        """What was told of is gone, and not twice."""
        self.watch()
        news = self.reached()
        for _ in range(2):
            self.successResultOf(self.list.forget(news))
            self.assertEqual((self.store.numbers, len(self.list)), ({}, 0))

    def test_away_again(self) -> None:
        """News of a number that is watched anew is none; it cannot forget that."""
        self.watch()
        news = self.reached()
        self.watch()
        self.assertFalse(self.list.is_news(news))
        self.successResultOf(self.list.forget(news))
        self.assertEqual(len(self.list), 1)
        self.assertIsNot(self.reached(), news)

    def test_limit(self) -> None:
        """Of more than the limit, the one that failed longest ago is let go."""
        self.list = self.watch_list(most=2)
        for number in ("+1", "+2", "+1", "+3"):
            self.watch(number)
        self.assertEqual(set(self.store.numbers), {"+1", "+3"})
        self.assertEqual(len(self.list), 2)

    def test_store_that_fails(self) -> None:
        """That is logged; this process goes by what it knows."""
        self.store.fails = True
        with capturedLogs() as logs:
            self.watch()
            self.reached()
        self.assertEqual([each["log_level"] for each in logs], [LogLevel.error] * 2)


class Loading(WatchListCase):
    def load(self) -> list[Watched]:
        """What the next process takes up; those of it that were reached."""
        self.list = self.watch_list()
        return self.successResultOf(Deferred.fromCoroutine(self.list.load()))

    def test_all_pages(self) -> None:
        """All that was watched is watched; what was reached is still to be told."""
        for number in range(5):
            self.watch(f"+{number}")
        news = self.reached("+3")
        self.assertEqual(self.load(), [news])
        self.assertEqual(len(self.list), 5)
        self.assertIsNone(self.list.reached("+3"))
        self.reached("+4")

    def test_what_is_over(self) -> None:
        """What nobody waits for any more is left to the sweep of the store."""
        self.watch(seconds=60.0)
        self.now += 60.0
        self.assertEqual((self.load(), len(self.list)), ([], 0))

    def test_oldest_first(self) -> None:
        """The one that failed longest ago is the first to go, in this process too."""
        for each in (watched("+1", since=3.0), watched("+2", since=1.0)):
            self.store.keep(each)
        self.list = self.watch_list(most=2)
        self.successResultOf(Deferred.fromCoroutine(self.list.load()))
        self.watch("+3")
        self.assertEqual(set(self.store.numbers), {"+1", "+3"})
