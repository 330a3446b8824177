"""Interworking numbers in a store that is a file (TS 5.2)."""

from __future__ import annotations

import os
import sqlite3

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.interfaces import IInterworkingNumbers
from cpmgw.records import Allocation, PoolUse
from cpmgw.store import answers, migrations
from cpmgw.store.facets import ALLOCATIONS
from cpmgw.store.sqlite import SqliteStore
from tests.store.pump import Pump
from tests.store.values import ALICE, answer, group_session, number_pool


class InTheStore(SynchronousTestCase):
    def setUp(self) -> None:
        self.pump = Pump()
        self.path = os.path.abspath(self.mktemp())
        self.pools = (number_pool(2),)

    def opened(self) -> SqliteStore:
        """The store, open."""
        store = SqliteStore(self.path, self.pump.call_from_thread, lambda: 0.0)
        store.open()
        return store

    def test_interface(self) -> None:
        """The facet provides its interface."""
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        verifyObject(IInterworkingNumbers, store.numbers)

    def test_restart(self) -> None:
        """After a restart a session has the number that it had [TS 5.2]."""
        store = self.opened()
        self.pump.result(store.numbers.offer(self.pools))
        given = self.pump.result(
            store.numbers.allocate(group_session(), "SMS", self.pools, 1.0)
        )
        self.pump.result(store.close())
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        self.pump.result(store.numbers.offer(self.pools))
        again = self.pump.result(
            store.numbers.allocate(group_session(), "SMS", self.pools, 2.0)
        )
        assert isinstance(given, Allocation) and isinstance(again, Allocation)
        self.assertEqual((given.number, False), (again.number, again.fresh))

    def test_at_the_same_time(self) -> None:
        """Of two that ask for one session at once, both get the same number."""
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        asked = store.numbers.offer(self.pools)
        both = [
            store.numbers.allocate(group_session(), "SMS", self.pools, 1.0)
            for _ in range(2)
        ]
        self.pump.result(asked)
        one, other = (self.pump.result(each) for each in both)
        assert isinstance(one, Allocation) and isinstance(other, Allocation)
        self.assertEqual(one.number, other.number)
        self.assertEqual((True, False), (one.fresh, other.fresh))

    def test_every_operation(self) -> None:
        """What the facet offers is what the operations do."""
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        numbers, result, session = store.numbers, self.pump.result, group_session()
        result(numbers.offer(self.pools))
        given = result(numbers.allocate(session, "SMS", self.pools, 1.0))
        assert isinstance(given, Allocation)
        found = result(numbers.find(session))
        self.assertEqual(found, result(numbers.by_number(given.number, ALICE)))
        self.assertEqual([found], result(numbers.allocations()))
        self.assertEqual([], result(numbers.allocations((given.number, ALICE))))
        self.assertEqual([PoolUse("p", 2, 1, 1)], result(numbers.pools()))
        again = result(numbers.allocate(session, "SMS", self.pools, 9.0))
        assert isinstance(again, Allocation)
        self.assertFalse(again.fresh)
        self.assertFalse(result(numbers.take_back(given)))
        self.assertTrue(result(numbers.release(session)))
        self.assertIsNone(result(numbers.find(session)))

    def test_lost(self) -> None:
        """Sessions of two that are lost are ended in portions."""
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        self.pump.result(store.numbers.offer(self.pools))
        session = group_session(one_to_one=True)
        given = store.numbers.allocate(session, "SMS", self.pools, 1.0)
        self.assertIsInstance(self.pump.result(given), Allocation)
        self.assertEqual(0, self.pump.result(store.numbers.end_lost(0.5, 0.5)))
        self.assertEqual(1, self.pump.result(store.numbers.end_lost(1.0, 0.5)))

    def test_numbers_of_an_older_release(self) -> None:
        """What was allocated before there were sessions of two is of a group."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        migrations.migrate(connection, migrations.steps()[:4])
        connection.execute(
            "INSERT INTO iw_numbers (number, pool, standing) VALUES ('+1', 'p', 1)"
        )
        connection.execute(
            "INSERT INTO iw_allocations VALUES"
            " ('+1', '+2', 'a', 'b', 'sip:c', 'sip:c', 'SMS', 'p', 0, 1.0, 1.0, 1)"
        )
        connection.close()
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        found = self.pump.result(store.numbers.by_number("+1", "+2"))
        assert found is not None
        self.assertFalse(found.group_session.one_to_one)

    def test_pages(self) -> None:
        """A page has a thousand allocations at most."""
        self.assertEqual(1000, ALLOCATIONS)
        pools = (number_pool(ALLOCATIONS + 1),)
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        self.pump.result(store.numbers.offer(pools))
        sessions = [group_session(str(place)) for place in range(ALLOCATIONS + 1)]
        asked = [store.numbers.allocate(e, "SMS", pools, 1.0) for e in sessions]
        self.pump.result(gatherResults(asked))
        page = self.pump.result(store.numbers.allocations())
        self.assertEqual(ALLOCATIONS, len(page))
        last = page[-1]
        rest = store.numbers.allocations((last.number, last.group_session.user))
        self.assertEqual(1, len(self.pump.result(rest)))

    def test_from_the_first_step(self) -> None:
        """A database of the first schema step gets the numbers, and keeps the rest."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        migrations.migrate(connection, migrations.steps()[:1])
        answers.keep(connection.cursor(), answer())
        connection.close()
        store = self.opened()
        self.addCleanup(lambda: self.pump.result(store.close()))
        self.assertEqual([answer()], self.pump.result(store.sent.answers()))
        self.pump.result(store.numbers.offer(self.pools))
        given = store.numbers.allocate(group_session(), "SMS", self.pools, 1.0)
        self.assertIsInstance(self.pump.result(given), Allocation)
