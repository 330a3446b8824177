"""The embedded store as a whole: a file, its owner, and IStore."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.errors import StoreError
from cpmgw.interfaces import IStore
from cpmgw.records import SegmentReport
from cpmgw.store.facets import UNSETTLED
from cpmgw.store.ownership import Ownership
from cpmgw.store.sqlite import SWEEP, SqliteStore
from tests.store.pump import Pump
from tests.store.values import answer, segment, sent_message

DELIVERED = SegmentReport(2, "000")


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.pump = Pump()
        self.path = os.path.join(self.mktemp(), "var", "x.sqlite")
        self.now = 0.0

    def opened(self) -> SqliteStore:
        """A store of the path, open until the test ends."""
        store = SqliteStore(self.path, self.pump.call_from_thread, lambda: self.now)
        store.open()
        self.addCleanup(self.close, store)
        return store

    def close(self, store: SqliteStore) -> None:
        """Close a store and wait for it."""
        self.pump.result(store.close())

    def written(self, octets: bytes) -> None:
        """Put a file where the store would be."""
        os.makedirs(os.path.dirname(self.path))
        Path(self.path).write_bytes(octets)

    def refusal(self) -> str:
        """Why the store cannot be opened."""
        return str(self.assertRaises(StoreError, self.opened))


class Opening(Base):
    def test_makes_file_and_folder(self) -> None:
        """A store that is not there is made, for no other user to read."""
        self.opened()
        for suffix in ("", "-wal", "-shm", ".lock"):
            mode = stat.S_IMODE(os.stat(self.path + suffix).st_mode)
            self.assertEqual(0o600, mode, suffix)
        folder = stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode)
        self.assertEqual(0o700, folder)

    def test_settings(self) -> None:
        """The log is written ahead, and synced at every commit."""
        self.opened()
        other = sqlite3.connect(self.path)
        self.addCleanup(other.close)
        self.assertEqual("wal", other.execute("PRAGMA journal_mode").fetchone()[0])

    def test_one_owner(self) -> None:
        """A second opening is refused, with the process that has it."""
        self.opened()
        refusal = self.refusal()
        self.assertIn(f"in use by another gateway (process {os.getpid()})", refusal)

    def test_owner_lets_go(self) -> None:
        """After the close another process may have the file."""
        self.close(self.opened())
        Ownership(self.path).release()
        self.opened()

    def test_owner_file_that_was_left(self) -> None:
        """A lock file without its process is no lock."""
        self.written(b"")
        Path(self.path + ".lock").write_text("12345\n")
        self.opened()

    def test_open_twice(self) -> None:
        """A store is opened once."""
        store = self.opened()
        self.assertIn("open already", str(self.assertRaises(StoreError, store.open)))

    def test_no_database(self) -> None:
        """A file that is no database is refused by name, and left as it is."""
        self.written(b"no database\n" * 100)
        self.assertIn(f"{self.path}: file is not a database", self.refusal())
        self.assertEqual(b"no database\n" * 100, Path(self.path).read_bytes())
        Ownership(self.path).release()

    def test_another_program(self) -> None:
        """Another program's database is refused, and left as it is."""
        self.written(b"")
        with sqlite3.connect(self.path) as other:
            other.execute("CREATE TABLE theirs (v)")
        other.close()
        before = Path(self.path).read_bytes()
        self.assertIn("another program", self.refusal())
        self.assertEqual(before, Path(self.path).read_bytes())

    def test_newer_release(self) -> None:
        """A database of a newer release is refused."""
        self.close(self.opened())
        with sqlite3.connect(self.path) as other:
            other.execute("PRAGMA user_version = 1000")
        other.close()
        self.assertIn("schema 1000", self.refusal())

    def test_folder_for_file(self) -> None:
        """What cannot be opened for writing is told with its name."""
        os.makedirs(self.path)
        self.assertIn(f"{self.path}: Is a directory", self.refusal())

    def test_file_for_folder(self) -> None:
        """A folder that cannot be made is told with the file's name."""
        self.path = os.path.join(__file__, "var", "x.sqlite")
        self.assertIn(f"{self.path}: Not a directory", self.refusal())

    def test_not_open(self) -> None:
        """A store that is not open refuses, and can be closed."""
        store = SqliteStore(self.path, self.pump.call_from_thread, lambda: 0.0)
        self.failureResultOf(store.sent.answers(), StoreError)
        self.assertIdentical(None, self.successResultOf(store.close()))

    def test_reopened(self) -> None:
        """A store that was closed can be opened again."""
        store = self.opened()
        self.close(store)
        self.failureResultOf(store.sent.answers(), StoreError)
        store.open()
        self.assertEqual([], self.pump.result(store.sent.answers()))

    def test_corruption(self) -> None:
        """Damage that shows later fails the operation, not the process."""
        store = self.opened()
        for number in range(200):
            self.pump.result(store.sent.remember(None, sent_message(f"m{number}")))
        self.close(store)
        with closing(sqlite3.connect(self.path)) as connection:
            roots = connection.execute(
                "SELECT rootpage FROM sqlite_master WHERE name LIKE 'sent%'"
            ).fetchall()
        octets = bytearray(Path(self.path).read_bytes())
        for (root,) in roots:
            octets[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
        Path(self.path).write_bytes(octets)
        store = self.opened()
        deferred = store.sent.remember(answer(), sent_message("new"))
        with self.assertRaises(StoreError):
            self.pump.result(deferred)


class Keeping(Base):
    def test_interface(self) -> None:
        """The store provides IStore."""
        verifyObject(IStore, self.opened())

    def test_outlives_the_process(self) -> None:
        """What was kept is there when the store is opened again."""
        store = self.opened()
        message = sent_message("m1", "1", "2")
        self.pump.result(store.sent.remember(answer(), message))
        self.pump.result(store.sent.report("home", "1", DELIVERED))
        first = self.pump.result(store.received.collect(segment(1, 2)))
        self.close(store)
        store = self.opened()
        self.assertEqual([answer()], self.pump.result(store.sent.answers()))
        reported = self.pump.result(store.sent.report("home", "2", DELIVERED))
        assert reported is not None
        self.assertEqual(message, reported.message)
        self.assertEqual((DELIVERED, DELIVERED), reported.reports)
        whole = self.pump.result(store.received.collect(segment(2, 2)))
        self.assertTrue(whole.complete)
        self.assertEqual(first.identity, whole.identity)

    def test_remember_is_one_transaction(self) -> None:
        """An answer is not kept without the message it was given for."""
        store = self.opened()
        self.pump.result(store.sent.remember(None, sent_message("m1")))
        with self.assertRaises(StoreError):
            self.pump.result(store.sent.remember(answer(), sent_message("m1")))
        self.assertEqual([], self.pump.result(store.sent.answers()))

    def test_remember_nothing(self) -> None:
        """There may be no message, no answer, or neither."""
        store = self.opened()
        self.pump.result(store.sent.remember(None, None))
        self.pump.result(store.sent.remember(answer(), None))
        self.assertEqual([answer()], self.pump.result(store.sent.answers()))

    def test_answers_by_the_clock(self) -> None:
        """The answers given are those that have not expired now."""
        store = self.opened()
        self.pump.result(store.sent.remember(answer(b"a", expires=10.0), None))
        self.pump.result(store.sent.remember(answer(b"b", expires=11.0), None))
        self.now = 10.0
        keys = [each.key for each in self.pump.result(store.sent.answers())]
        self.assertEqual([b"b"], keys)

    def test_report_before_the_commit_is_known(self) -> None:
        """A report that follows at once finds the message (asked for in order)."""
        store = self.opened()
        store.sent.remember(None, sent_message("m1"))
        self.assertIsNot(
            None, self.pump.result(store.sent.report("home", "1", DELIVERED))
        )

    def test_settled(self) -> None:
        """A settled message is told to be."""
        store = self.opened()
        store.sent.remember(None, sent_message("m1"))
        store.sent.settle("m1", 50.0)
        reported = self.pump.result(store.sent.report("home", "1", DELIVERED))
        assert reported is not None
        self.assertTrue(reported.settled)

    def test_received_life(self) -> None:
        """A received message is collected, delivered and known for a while."""
        store = self.opened()
        collected = self.pump.result(store.received.collect(segment(expires=5.0)))
        self.assertEqual(["c"], self.pump.result(store.received.overdue(5.0)))
        self.pump.result(store.received.delivered(collected.collection, 6.0, 60.0))
        self.assertEqual([], self.pump.result(store.received.overdue(7.0)))
        self.assertEqual(
            6.0, self.pump.result(store.received.collect(segment())).delivered
        )
        self.pump.result(store.received.discard(collected.collection))
        self.assertEqual(
            6.0, self.pump.result(store.received.collect(segment())).delivered
        )

    def test_discarded(self) -> None:
        """A received message that was refused is forgotten."""
        store = self.opened()
        collected = self.pump.result(store.received.collect(segment()))
        self.pump.result(store.received.discard(collected.collection))
        self.assertIsNone(
            self.pump.result(store.received.collected(collected.collection))
        )

    def test_collected_anew(self) -> None:
        """A segment like one that was delivered may begin a message of its own."""
        store = self.opened()
        first = self.pump.result(store.received.collect(segment(1, 2)))
        self.pump.result(store.received.collect(segment(2, 2)))
        self.pump.result(store.received.delivered(first.collection, 6.0, 60.0))
        again = self.pump.result(store.received.collect(segment(1, 2), anew=True))
        self.assertEqual((again.delivered, len(again.segments)), (0.0, 1))
        other = self.pump.result(
            store.received.collect(segment(2, 2, fingerprint=b"three"))
        )
        self.assertEqual(other.collection, again.collection)
        self.assertTrue(other.complete)

    def test_unsettled(self) -> None:
        """Messages with reports of which nobody was told are found again."""
        store = self.opened()
        store.sent.remember(None, sent_message("m1"))
        self.assertEqual([], self.pump.result(store.sent.unsettled()))
        store.sent.report("home", "1", DELIVERED)
        (reported,) = self.pump.result(store.sent.unsettled())
        self.assertEqual(("m1", (DELIVERED,)), (reported.message.key, reported.reports))
        store.sent.settle("m1", 50.0)
        self.assertEqual([], self.pump.result(store.sent.unsettled()))

    def test_unsettled_page_by_page(self) -> None:
        """Many of them are given in pages, all of them and each once."""
        store = self.opened()
        count = UNSETTLED + 2
        for number in range(count):
            store.sent.remember(None, sent_message(f"m{number}", str(number)))
            store.sent.report("home", str(number), DELIVERED)
        found: list[str] = []
        page = self.pump.result(store.sent.unsettled())
        while page:
            found += [each.message.key for each in page]
            page = self.pump.result(store.sent.unsettled(after=found[-1]))
        self.assertEqual(sorted(f"m{number}" for number in range(count)), found)

    def test_forgotten_answer(self) -> None:
        """The answer of a message that failed does not hold any more."""
        store = self.opened()
        given = answer(expires=1e12)
        store.sent.remember(given, sent_message("m1"))
        self.assertEqual([given], self.pump.result(store.sent.answers()))
        store.sent.settle("m1", 1e12, b"k")
        self.assertEqual([], self.pump.result(store.sent.answers()))

    def test_identities_differ(self) -> None:
        """Two messages never have one identity."""
        store = self.opened()
        names = {
            self.pump.result(store.received.collect(segment(1, 1, name))).identity
            for name in "abc"
        }
        self.assertEqual(3, len(names))

    def test_sweep(self) -> None:
        """A sweep drops expired rows of every kind and counts them."""
        store = self.opened()
        store.sent.remember(
            answer(expires=5.0), sent_message("m1", "1", "2", expires=5.0)
        )
        store.received.collect(segment(1, 1, "delivered"))
        store.received.delivered("delivered", 1.0, 5.0)
        store.received.collect(segment(1, 1, "undelivered", expires=1.0))
        self.assertEqual(3, self.pump.result(store.sweep(5.0)))
        self.assertEqual(0, self.pump.result(store.sweep(5.0)))
        self.assertEqual(1, len(self.pump.result(store.received.overdue(5.0))))

    def test_sweep_is_bounded(self) -> None:
        """One sweep leaves the rest to the next."""
        store = self.opened()
        for number in range(SWEEP + 1):
            store.sent.remember(answer(b"%d" % number, expires=1.0), None)
        self.assertEqual(SWEEP, self.pump.result(store.sweep(5.0)))
        self.assertEqual(1, self.pump.result(store.sweep(5.0)))

    def test_hostile_text(self) -> None:
        """Text that cannot be stored fails alone."""
        store = self.opened()
        bad = store.sent.remember(None, sent_message("m1", "\ud800"))
        good = store.sent.remember(None, sent_message("m2", "'; DROP TABLE answers"))
        with self.assertRaises(StoreError):
            self.pump.result(bad)
        self.assertIdentical(None, self.pump.result(good))
