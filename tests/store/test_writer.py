"""Group commit: one transaction for what waits, and no harm among neighbours."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.store.writer import GroupCommit
from tests.store.pump import PATIENCE, Pump


def insert(cursor: sqlite3.Cursor, value: int) -> int:
    """An operation that writes a row; a value twice is an error of SQLite's."""
    cursor.execute("INSERT INTO t VALUES (?)", (value,))
    return value


def insert_and_fail(cursor: sqlite3.Cursor, value: int) -> None:
    """An operation that fails half-way."""
    insert(cursor, value)
    raise RuntimeError("half-way")


def end_transaction(cursor: sqlite3.Cursor) -> None:
    """What a full disk does: SQLite has rolled everything back."""
    cursor.execute("ROLLBACK")
    raise sqlite3.OperationalError("database or disk is full")


class Gate:
    """Holds the thread within an operation, so that others gather behind it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._reached = threading.Event()

    def operation(self, _cursor: sqlite3.Cursor) -> None:
        """The operation that stops."""
        self._reached.set()
        self._open.wait(PATIENCE)

    def reached(self) -> None:
        """Wait until the thread is there."""
        self._reached.wait(PATIENCE)

    def release(self) -> None:
        """Let the thread go on."""
        self._open.set()


class Base(SynchronousTestCase):
    queue = 100
    batch = 50
    interval = 0.0

    def setUp(self) -> None:
        self.pump = Pump()
        self.connection = sqlite3.connect(
            self.mktemp(), isolation_level=None, check_same_thread=False
        )
        self.connection.execute("CREATE TABLE t (v INTEGER PRIMARY KEY)")
        self.statements: list[str] = []
        self.connection.set_trace_callback(self.statements.append)
        self.writer = GroupCommit(
            self.connection,
            self.pump.call_from_thread,
            queue=self.queue,
            batch=self.batch,
            interval=self.interval,
        )
        self.writer.start()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self.pump.result(self.writer.close())
        self.connection.close()

    def gathered(self, *jobs: tuple[Any, ...]) -> list[Deferred[Any]]:
        """Deferreds of operations that came while the thread was held up."""
        gate = Gate()
        first = self.writer.perform(gate.operation)
        gate.reached()
        deferreds = [self.writer.perform(*job) for job in jobs]
        self.statements.clear()
        gate.release()
        self.pump.result(first)
        return deferreds

    def rows(self) -> list[int]:
        """What has been committed, seen by another connection."""
        return [value for (value,) in self.connection.execute("SELECT v FROM t")]

    def commits(self) -> int:
        """How many transactions were committed since the gate's own."""
        return self.statements.count("COMMIT") - 1


class Committing(Base):
    def test_result(self) -> None:
        """A Deferred fires with what the operation returned, once it is committed."""
        self.assertEqual(7, self.pump.result(self.writer.perform(insert, 7)))
        self.assertFalse(self.connection.in_transaction)
        self.assertEqual([7], self.rows())

    def test_one_commit_for_all_that_wait(self) -> None:
        """Operations that gather while the disk works share the next commit."""
        deferreds = self.gathered(*((insert, value) for value in range(20)))
        results = [self.pump.result(deferred) for deferred in deferreds]
        self.assertEqual(list(range(20)), results)
        self.assertEqual(1, self.commits())

    def test_in_order(self) -> None:
        """Operations run in the order in which they were asked for."""
        order: list[int] = []
        deferreds = self.gathered(
            *((lambda _cursor, n: order.append(n), value) for value in range(20))
        )
        self.pump.result(deferreds[-1])
        self.assertEqual(list(range(20)), order)

    def test_failure_harms_nobody(self) -> None:
        """An operation that fails is undone alone; its neighbours are committed."""
        one, twice, half, other = self.gathered(
            (insert, 1), (insert, 1), (insert_and_fail, 2), (insert, 3)
        )
        self.assertEqual(1, self.pump.result(one))
        self.assertIn("UNIQUE", str(self.failureResultOf(twice).value))
        self.assertIn("half-way", str(self.failureResultOf(half).value))
        self.assertEqual(3, self.successResultOf(other))
        self.assertEqual([1, 3], self.rows())
        self.assertEqual(1, self.commits())

    def test_errors_are_store_errors(self) -> None:
        """Whatever goes wrong, who waits is given a StoreError."""
        for job in ((insert_and_fail, 1), (insert, "text"), (insert, object())):
            deferred = self.writer.perform(*job)
            with self.assertRaises(StoreError):
                self.pump.result(deferred)
        self.assertEqual([], self.rows())

    def test_a_lost_transaction_fails_all(self) -> None:
        """When SQLite itself rolls back, everyone in the batch is told."""
        deferreds = self.gathered((insert, 1), (end_transaction,), (insert, 2))
        for deferred in deferreds:
            with self.assertRaises(StoreError) as caught:
                self.pump.result(deferred)
            self.assertIn("disk is full", str(caught.exception))
        self.assertEqual([], self.rows())
        self.assertEqual(3, self.pump.result(self.writer.perform(insert, 3)))

    def test_cancelled(self) -> None:
        """Who no longer waits is left alone; the operation happens all the same."""
        (deferred,) = self.gathered((insert, 1))
        deferred.cancel()
        self.failureResultOf(deferred, CancelledError)
        self.pump.result(self.writer.perform(insert, 2))
        self.assertEqual([1, 2], self.rows())

    def test_callback_may_ask_for_more(self) -> None:
        """A callback of a result can perform another operation."""
        deferred = self.writer.perform(insert, 1)
        deferred.addCallback(lambda _value: self.writer.perform(insert, 2))
        self.assertEqual(2, self.pump.result(deferred))


class Batches(Base):
    batch = 10

    def test_at_the_limit(self) -> None:
        """As many operations as a batch holds share one commit."""
        deferreds = self.gathered(*((insert, value) for value in range(10)))
        self.pump.result(deferreds[-1])
        self.pump.result(self.writer.perform(insert, 100))
        self.assertEqual(2, self.commits())

    def test_past_the_limit(self) -> None:
        """One more takes a commit of its own."""
        deferreds = self.gathered(*((insert, value) for value in range(11)))
        self.pump.result(deferreds[9])
        self.assertNoResult(deferreds[10])
        self.pump.result(deferreds[10])
        self.assertEqual(2, self.commits())


class Intervals(Base):
    interval = 0.1

    def test_operations_that_come_thick_share_a_commit(self) -> None:
        """What comes soon after a commit waits, and is committed together."""
        self.pump.result(self.writer.perform(insert, 0))
        self.statements.clear()
        waiting = [self.writer.perform(insert, value) for value in range(1, 6)]
        self.pump.result(waiting[-1])
        self.assertEqual(1, self.statements.count("COMMIT"))
        self.assertEqual([0, 1, 2, 3, 4, 5], self.rows())


class LongIntervals(Base):
    interval = 3600.0

    def test_first_does_not_wait(self) -> None:
        """An operation that comes alone is committed at once, and so is the end."""
        self.assertEqual(7, self.pump.result(self.writer.perform(insert, 7)))


class Queues(Base):
    queue = 5

    def test_limit(self) -> None:
        """Past its limit the queue refuses at once, and takes more when it drains."""
        gate = Gate()
        first = self.writer.perform(gate.operation)
        gate.reached()
        waiting = [self.writer.perform(insert, value) for value in range(4)]
        refused = self.failureResultOf(self.writer.perform(insert, 4), StoreError)
        self.assertIn("5 operations waiting", str(refused.value))
        gate.release()
        self.pump.result(first)
        self.pump.result(waiting[-1])
        self.assertEqual(5, self.pump.result(self.writer.perform(insert, 5)))
        self.assertEqual([0, 1, 2, 3, 5], self.rows())


class Closing(Base):
    def test_flushes(self) -> None:
        """What waits at the close is committed first, and who waits is told."""
        gate = Gate()
        self.writer.perform(gate.operation)
        gate.reached()
        waiting = [self.writer.perform(insert, value) for value in range(3)]
        closed = self.writer.close()
        gate.release()
        self.pump.result(closed)
        self.assertEqual([0, 1, 2], [self.successResultOf(each) for each in waiting])
        self.assertEqual([0, 1, 2], self.rows())

    def test_refuses_afterwards(self) -> None:
        """A closed store takes nothing."""
        self.pump.result(self.writer.close())
        self.failureResultOf(self.writer.perform(insert, 1), StoreError)

    def test_ends_the_thread(self) -> None:
        """No thread is left."""
        self.assertIn("store", [each.name for each in threading.enumerate()])
        self.pump.result(self.writer.close())
        self.assertNotIn("store", [each.name for each in threading.enumerate()])

    def test_twice(self) -> None:
        """A second close waits for the first."""
        first = self.writer.close()
        second = self.writer.close()
        self.pump.result(second)
        self.successResultOf(first)
