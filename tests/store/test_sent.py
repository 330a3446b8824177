"""Sent messages and their reports (TS 6.1.1 step 2, 6.2.2.1.2 step 1)."""

from __future__ import annotations

import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.records import Reported, SegmentReport
from cpmgw.store import sent
from tests.store.values import cursor, sent_message

ENROUTE = SegmentReport(1)
DELIVERED = SegmentReport(2, "000")
EXPIRED = SegmentReport(3, "001")
ACCEPTED = SegmentReport(6)
UNKNOWN = SegmentReport(7)
FINAL_STATES = (2, 3, 4, 5, 7, 8, 9)
STATES = st.integers(0, 12)


class Reports(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def report(self, message_id: str, news: SegmentReport) -> Reported:
        found = sent.report(self.db, "home", message_id, news)
        assert found is not None
        return found

    def test_unknown_id(self) -> None:
        """A message id that nobody sent finds nothing (step 1a)."""
        sent.keep(self.db, sent_message("m1", "1"))
        self.assertIdentical(None, sent.report(self.db, "home", "2", DELIVERED))

    def test_finds_the_message(self) -> None:
        """A report finds the message with all that was kept of it (step 1b)."""
        message = sent_message("m1", "1")
        sent.keep(self.db, message)
        self.assertEqual(
            Reported(message, (DELIVERED,), False), self.report("1", DELIVERED)
        )

    def test_ids_are_per_centre(self) -> None:
        """The same id from two SM-SCs names two messages."""
        sent.keep(self.db, sent_message("m1", "1", centre="home"))
        sent.keep(self.db, sent_message("m2", "1", centre="away"))
        found = sent.report(self.db, "away", "1", DELIVERED)
        assert found is not None
        self.assertEqual("m2", found.message.key)

    def test_segments(self) -> None:
        """Each segment of a message has its own report, the others as they were."""
        sent.keep(self.db, sent_message("m1", "a", "b", "c"))
        self.assertEqual((None, DELIVERED, None), self.report("b", DELIVERED).reports)
        self.assertEqual((None, DELIVERED, EXPIRED), self.report("c", EXPIRED).reports)

    def test_final_is_not_replaced(self) -> None:
        """A late or contrary report changes no final state."""
        for final in FINAL_STATES:
            key = f"m{final}"
            sent.keep(self.db, sent_message(key, key))
            self.report(key, SegmentReport(final))
            for state in range(10):
                if (final, state) != (7, 2):
                    reports = self.report(key, SegmentReport(state, "x")).reports
                    self.assertEqual((SegmentReport(final),), reports)

    def test_delivered_after_unknown(self) -> None:
        """An SM-SC that lost sight of a message may yet learn that it was delivered."""
        sent.keep(self.db, sent_message("m1", "1"))
        self.report("1", UNKNOWN)
        self.assertEqual((DELIVERED,), self.report("1", DELIVERED).reports)
        self.assertEqual((DELIVERED,), self.report("1", UNKNOWN).reports)

    def test_intermediate(self) -> None:
        """A message on its way may change its state, and then reach its end."""
        sent.keep(self.db, sent_message("m1", "1"))
        for news in (ACCEPTED, ENROUTE, EXPIRED):
            self.assertEqual((news,), self.report("1", news).reports)

    def test_repeated_report_writes_nothing(self) -> None:
        """The same report again finds the message and changes no row."""
        sent.keep(self.db, sent_message("m1", "1"))
        for news in (ENROUTE, DELIVERED):
            self.report("1", news)
            before = self.db.connection.total_changes
            self.assertEqual((news,), self.report("1", news).reports)
            self.assertEqual(before, self.db.connection.total_changes)

    def test_one_id_for_all_segments(self) -> None:
        """Where segments share an id, each report counts for one of them."""
        sent.keep(self.db, sent_message("m1", "1", "1"))
        self.assertEqual((DELIVERED, None), self.report("1", DELIVERED).reports)
        self.assertEqual((DELIVERED, EXPIRED), self.report("1", EXPIRED).reports)
        self.assertEqual((DELIVERED, EXPIRED), self.report("1", DELIVERED).reports)

    def test_one_report_twice_counts_once(self) -> None:
        """With one id for all segments, a receipt that comes again is no other's."""
        sent.keep(self.db, sent_message("m1", "1", "1"))
        once = SegmentReport(2, "000", b"one")
        self.report("1", once)
        self.assertEqual(self.report("1", once).reports, (once, None))
        other = SegmentReport(2, "000", b"two")
        self.assertEqual(self.report("1", other).reports, (once, other))

    def test_id_used_again(self) -> None:
        """An id that an SM-SC gives again is that of the newest message."""
        sent.keep(self.db, sent_message("m1", "1"))
        self.report("1", DELIVERED)
        sent.settle(self.db, "m1", 50.0)
        second = sent_message("m2", "1")
        sent.keep(self.db, second)
        self.assertEqual(Reported(second, (EXPIRED,), False), self.report("1", EXPIRED))

    def test_id_used_again_outlives_the_old(self) -> None:
        """Dropping the older message leaves the newer one's id."""
        sent.keep(self.db, sent_message("m1", "1", expires=10.0))
        sent.keep(self.db, sent_message("m2", "1", expires=99.0))
        self.assertEqual(1, sent.sweep(self.db, 50.0, 10))
        self.assertEqual("m2", self.report("1", DELIVERED).message.key)

    def test_key_is_unique(self) -> None:
        """Two messages cannot have one key."""
        sent.keep(self.db, sent_message("m1", "1"))
        with self.assertRaises(sqlite3.IntegrityError):
            sent.keep(self.db, sent_message("m1", "2"))

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(st.integers(0, 2), STATES), max_size=12))
    def test_first_final_state_stands(self, news: list[tuple[int, int]]) -> None:
        """Whatever the order of reports, the first final state of a segment stays."""
        self.db = cursor()
        sent.keep(self.db, sent_message("m1", "0", "1", "2"))
        expected: list[int | None] = [None, None, None]
        for position, state in news:
            old = expected[position]
            if old not in FINAL_STATES or (old, state) == (7, 2):
                expected[position] = state
            reports = self.report(str(position), SegmentReport(state)).reports
            self.assertEqual(
                expected, [None if each is None else each.state for each in reports]
            )


class Settling(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def test_settled_is_told(self) -> None:
        """A report that comes after the notification finds it relayed."""
        sent.keep(self.db, sent_message("m1", "1"))
        sent.settle(self.db, "m1", 200.0)
        found = sent.report(self.db, "home", "1", DELIVERED)
        assert found is not None
        self.assertTrue(found.settled)

    def test_kept_until(self) -> None:
        """A settled message stays until the time given, whatever its own."""
        sent.keep(self.db, sent_message("m1", "1", expires=100.0))
        sent.settle(self.db, "m1", 200.0)
        self.assertEqual(0, sent.sweep(self.db, 199.0, 10))
        self.assertEqual(1, sent.sweep(self.db, 200.0, 10))
        self.assertIdentical(None, sent.report(self.db, "home", "1", DELIVERED))

    def test_unknown_key(self) -> None:
        """A message that is gone can be settled without harm."""
        sent.settle(self.db, "nobody", 200.0)


class Sweeping(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def rows(self) -> tuple[int, int]:
        """How many messages and segments there are."""
        count = "SELECT (SELECT count(*) FROM sent_messages), count(*)"
        messages, segments = self.db.execute(f"{count} FROM sent_segments").fetchone()
        return messages, segments

    def test_drops_what_has_expired(self) -> None:
        """A message goes at the end of its time (6.1.1 step 2), segments and all."""
        sent.keep(self.db, sent_message("m1", "1", "2", expires=10.0))
        sent.keep(self.db, sent_message("m2", "3", expires=10.1))
        self.assertEqual(1, sent.sweep(self.db, 10.0, 10))
        self.assertEqual((1, 1), self.rows())

    def test_is_bounded(self) -> None:
        """One sweep drops as many as it is told, the oldest first."""
        for number in range(5):
            sent.keep(
                self.db, sent_message(f"m{number}", str(number), expires=5.0 - number)
            )
        self.assertEqual(3, sent.sweep(self.db, 10.0, 3))
        self.assertEqual((2, 2), self.rows())
        found = sent.report(self.db, "home", "0", DELIVERED)
        assert found is not None
        self.assertEqual(2, sent.sweep(self.db, 10.0, 3))
        self.assertEqual((0, 0), self.rows())
