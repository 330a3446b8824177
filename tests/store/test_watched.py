"""Numbers that are watched after a delivery that failed (TS 6.2.3.1)."""

from __future__ import annotations

import os

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.interfaces import IStore, IWatchedNumbers
from cpmgw.records import Watched
from cpmgw.store import watched as numbers
from cpmgw.store.facets import WATCHED
from cpmgw.store.sqlite import SqliteStore
from tests.store.pump import Pump
from tests.store.values import BOB, cursor, watched


class Numbers(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def keep(self, *kept: Watched) -> None:
        """Keep these."""
        for each in kept:
            numbers.keep(self.db, each)

    def kept(self) -> list[Watched]:
        """All that is there."""
        return numbers.page(self.db, "", 99)

    def test_kept_whole(self) -> None:
        """Everything that is known of a number comes back, and what is not as well."""
        for each in (watched(), watched(until=9.0), watched(until=0.0, ready=0.0)):
            self.keep(each)
            self.assertEqual([each], self.kept())

    def test_one_for_each_number(self) -> None:
        """What is kept later counts."""
        self.keep(watched(since=1.0, ready=2.0), watched(since=3.0))
        self.assertEqual([watched(since=3.0)], self.kept())

    def test_dropped(self) -> None:
        """What is dropped is gone; it need not have been there."""
        self.keep(watched("+1"), watched("+2"))
        numbers.drop(self.db, "+1")
        numbers.drop(self.db, "+1")
        self.assertEqual([watched("+2")], self.kept())

    def test_pages(self) -> None:
        """In the order of numbers, so many after one of them."""
        self.keep(*(watched(f"+{place}") for place in (3, 1, 2)))
        self.assertEqual([watched("+1"), watched("+2")], numbers.page(self.db, "", 2))
        self.assertEqual([watched("+3")], numbers.page(self.db, "+2", 2))
        self.assertEqual([], numbers.page(self.db, "+3", 2))

    def test_sweep(self) -> None:
        """What is over by then is dropped, what has no end is not."""
        self.keep(watched("+1", until=5.0), watched("+2", until=5.1), watched("+3"))
        self.assertEqual(1, numbers.sweep(self.db, 5.0, 9))
        self.assertEqual([watched("+2", until=5.1), watched("+3")], self.kept())
        self.assertEqual(0, numbers.sweep(self.db, 5.0, 9))

    def test_sweep_has_a_limit(self) -> None:
        """At most so many go at once, those first that were over first."""
        self.keep(*(watched(f"+{place}", until=9.0 - place) for place in range(3)))
        self.assertEqual(2, numbers.sweep(self.db, 9.0, 2))
        self.assertEqual([watched("+0", until=9.0)], self.kept())
        self.assertEqual(1, numbers.sweep(self.db, 9.0, 2))


class InTheStore(SynchronousTestCase):
    def setUp(self) -> None:
        self.pump = Pump()
        self.path = os.path.abspath(self.mktemp())

    def opened(self) -> SqliteStore:
        """The store, open."""
        store = SqliteStore(self.path, self.pump.call_from_thread, lambda: 0.0)
        store.open()
        return store

    def test_every_operation(self) -> None:
        """The facet provides its interface, and does what the operations do."""
        store, result = self.opened(), self.pump.result
        self.addCleanup(lambda: result(store.close()))
        verifyObject(IStore, store)
        verifyObject(IWatchedNumbers, store.watched)
        result(store.watched.keep(watched()))
        self.assertEqual([watched()], result(store.watched.page()))
        self.assertEqual([], result(store.watched.page(after=BOB)))
        result(store.watched.drop(BOB))
        self.assertEqual([], result(store.watched.page()))

    def test_restart(self) -> None:
        """It outlives the process."""
        store = self.opened()
        self.pump.result(store.watched.keep(watched(until=7.0, ready=2.0)))
        self.pump.result(store.close())
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        found = self.pump.result(store.watched.page())
        self.assertEqual([watched(until=7.0, ready=2.0)], found)

    def test_sweep(self) -> None:
        """The sweep of the store takes what is over."""
        store, result = self.opened(), self.pump.result
        self.addCleanup(lambda: result(store.close()))
        result(store.watched.keep(watched(until=7.0)))
        self.assertEqual(0, result(store.sweep(6.0)))
        self.assertEqual(1, result(store.sweep(7.0)))

    def test_pages(self) -> None:
        """A page has a thousand numbers at most."""
        self.assertEqual(1000, WATCHED)
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        kept = [watched(f"+{10_000 + place}") for place in range(WATCHED + 1)]
        self.pump.result(gatherResults([store.watched.keep(each) for each in kept]))
        page = self.pump.result(store.watched.page())
        self.assertEqual(kept[:-1], page)
        rest = self.pump.result(store.watched.page(after=page[-1].number))
        self.assertEqual(kept[-1:], rest)
