"""Received segments become messages (TS 6.2.2.2.1 step 2)."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.records import Collected, ReceivedSegment
from cpmgw.store import received
from tests.store.values import cursor, segment


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()
        self.names = count(1)

    def collect(self, each: ReceivedSegment) -> Collected:
        return received.collect(self.db, each, f"id{next(self.names)}")

    def rows(self) -> tuple[int, int]:
        """How many messages and segments there are."""
        select = "SELECT (SELECT count(*) FROM received_messages), count(*)"
        messages, segments = self.db.execute(
            f"{select} FROM received_segments"
        ).fetchone()
        return messages, segments


class Collecting(Base):
    def test_single(self) -> None:
        """A message of one segment is complete at once, and comes back as it was."""
        collected = self.collect(segment())
        self.assertTrue(collected.complete)
        self.assertEqual((segment(),), collected.segments)
        self.assertEqual("c", collected.collection)
        self.assertEqual(0, collected.delivered)

    def test_waits_for_the_rest(self) -> None:
        """A concatenated message waits for its segments, in whatever order."""
        self.assertFalse(self.collect(segment(3, 3)).complete)
        self.assertFalse(self.collect(segment(1, 3)).complete)
        collected = self.collect(segment(2, 3))
        self.assertTrue(collected.complete)
        self.assertEqual([1, 2, 3], [each.number for each in collected.segments])

    def test_identity_stays(self) -> None:
        """The identity is that of the first segment that was stored."""
        names = {self.collect(segment(number, 3)).identity for number in (2, 1, 3, 3)}
        self.assertEqual({"id1"}, names)

    def test_expiry_is_that_of_the_first(self) -> None:
        """The rest is waited for from the first segment on."""
        self.collect(segment(1, 2, expires=100.0))
        self.assertEqual(100.0, self.collect(segment(2, 2, expires=150.0)).expires)

    def test_repeat_replaces_its_like(self) -> None:
        """A segment sent again, over another bind, is no further segment."""
        self.collect(segment(1, 2))
        collected = self.collect(segment(1, 2, session="s2"))
        self.assertEqual(["s2"], [each.session for each in collected.segments])
        self.assertEqual((1, 1), self.rows())

    def test_repeat_of_a_complete_message(self) -> None:
        """A message sent again before it was delivered keeps its identity."""
        first = self.collect(segment())
        self.assertEqual(first, self.collect(segment()))

    def test_collections_are_apart(self) -> None:
        """Segments of other references are other messages."""
        self.collect(segment(1, 2, "a"))
        self.assertFalse(self.collect(segment(2, 2, "b")).complete)

    @settings(deadline=None, max_examples=50)
    @given(st.data())
    def test_any_order_with_repeats(self, data: st.DataObject) -> None:
        """In any order and however often repeated, segments make one message."""
        self.setUp()
        total = data.draw(st.integers(1, 6))
        numbers = st.integers(1, total)
        order = data.draw(st.permutations(range(1, total + 1)))
        seen: set[int] = set()
        for number in order:
            collected = self.collect(segment(number, total))
            seen.add(number)
            self.assertEqual(sorted(seen), [each.number for each in collected.segments])
            repeat = data.draw(numbers)
            if repeat in seen:
                self.assertEqual(collected, self.collect(segment(repeat, total)))
        self.assertTrue(collected.complete)
        self.assertEqual((1, total), self.rows())


class UsedAgain(Base):
    """A reference has 8 or 16 bits and comes again."""

    def complete(self) -> Collected:
        """A message of two segments that has been delivered."""
        self.collect(segment(1, 2))
        collected = self.collect(segment(2, 2))
        received.delivered(self.db, collected.collection, 10.0, 200.0)
        return collected

    def test_repeat_after_delivery(self) -> None:
        """A segment sent again after the delivery finds it delivered."""
        first = self.complete()
        again = self.collect(segment(2, 2))
        self.assertEqual(10.0, again.delivered)
        self.assertEqual(first.identity, again.identity)
        self.assertTrue(again.complete)

    def test_new_message_after_delivery(self) -> None:
        """Another text under the same reference is a new message."""
        first = self.complete()
        second = self.collect(segment(1, 2, fingerprint=b"other"))
        self.assertEqual(0, second.delivered)
        self.assertFalse(second.complete)
        self.assertNotEqual(first.identity, second.identity)
        self.assertNotEqual(first.collection, second.collection)
        whole = self.collect(segment(2, 2, fingerprint=b"another"))
        self.assertEqual(second.identity, whole.identity)
        self.assertTrue(whole.complete)

    def test_both_are_known(self) -> None:
        """While a new message is collected, repeats of the old one are still told."""
        first = self.complete()
        self.collect(segment(1, 2, fingerprint=b"other"))
        again = self.collect(segment(2, 2))
        self.assertEqual(first.identity, again.identity)
        self.assertEqual(10.0, again.delivered)

    def test_delivery_of_the_new_one(self) -> None:
        """The new message is delivered by the name that it was given."""
        self.complete()
        second = self.collect(segment(1, 2, fingerprint=b"other"))
        self.collect(segment(2, 2, fingerprint=b"another"))
        received.delivered(self.db, second.collection, 20.0, 300.0)
        repeat = self.collect(segment(1, 2, fingerprint=b"other"))
        self.assertEqual(20.0, repeat.delivered)

    def test_new_message_while_the_old_is_being_delivered(self) -> None:
        """Who delivers the old message reports by its name, and means no other."""
        self.collect(segment(1, 2))
        old = self.collect(segment(2, 2))
        new = self.collect(segment(1, 2, fingerprint=b"other"))
        received.delivered(self.db, old.collection, 10.0, 200.0)
        self.assertEqual(10.0, self.collect(segment(1, 2)).delivered)
        self.assertEqual(0, self.collect(new.segments[0]).delivered)

    def test_same_number_of_another_message(self) -> None:
        """A different segment with a number that is here loses neither message."""
        old = self.collect(segment(1, 2))
        new = self.collect(segment(1, 2, fingerprint=b"other"))
        self.assertNotEqual(old.identity, new.identity)
        self.assertEqual((2, 2), self.rows())

    def test_other_total(self) -> None:
        """A different total is a different message."""
        old = self.collect(segment(1, 2))
        new = self.collect(segment(1, 3))
        self.assertNotEqual(old.identity, new.identity)
        self.assertFalse(self.collect(segment(2, 3)).complete)
        self.assertEqual(3, self.collect(segment(3, 3)).total)

    def test_segments_stay_as_they_came(self) -> None:
        """The segments of a message with a name of its own keep their reference."""
        self.complete()
        new = self.collect(segment(1, 2, fingerprint=b"other"))
        self.assertEqual("c", new.segments[0].collection)


class Delivering(Base):
    def test_text_is_let_go(self) -> None:
        """After the delivery the fingerprint stays and the text does not."""
        self.collect(segment())
        received.delivered(self.db, "c", 10.0, 200.0)
        collected = self.collect(segment())
        self.assertEqual(b"", collected.segments[0].octets)
        self.assertEqual(200.0, collected.expires)

    def test_at_zero(self) -> None:
        """A clock that begins at 0 delivers all the same."""
        self.collect(segment())
        received.delivered(self.db, "c", 0.0, 200.0)
        self.assertTrue(self.collect(segment()).delivered)

    def test_twice(self) -> None:
        """The first delivery is the one that counts."""
        self.collect(segment())
        received.delivered(self.db, "c", 10.0, 200.0)
        received.delivered(self.db, "c", 11.0, 201.0)
        self.assertEqual(10.0, self.collect(segment()).delivered)

    def test_unknown(self) -> None:
        """A message that is gone is neither delivered nor discarded, without harm."""
        received.delivered(self.db, "nobody", 10.0, 200.0)
        received.discard(self.db, "nobody")
        self.assertEqual((0, 0), self.rows())

    def test_discard(self) -> None:
        """A discarded message is forgotten: the same again is a new one."""
        first = self.collect(segment(1, 2))
        self.collect(segment(2, 2))
        received.discard(self.db, "c")
        self.assertEqual((0, 0), self.rows())
        self.assertNotEqual(first.identity, self.collect(segment(1, 2)).identity)


class Parts(Base):
    """A message of which a part was delivered."""

    def setUp(self) -> None:
        super().setUp()
        for number in (1, 2):
            self.collect(segment(number, 3))
        received.delivered(self.db, "c", 10.0, 200.0, [1])

    def test_segment_that_was_not_sent(self) -> None:
        """Of what came while the rest was sent without it nothing is kept."""
        again = self.collect(segment(2, 3))
        self.assertEqual((again.delivered, len(again.segments)), (0.0, 1))
        self.assertFalse(received.repeats(self.db, again.collection))

    def test_segment_that_was_sent(self) -> None:
        """One that was in it stands in it."""
        again = received.collect(self.db, segment(1, 3), "again", True)
        self.assertTrue(received.repeats(self.db, again.collection))

    def test_other_segment_beside_it(self) -> None:
        """A message that has a segment of its own is another one."""
        received.collect(self.db, segment(1, 3), "again", True)
        again = self.collect(segment(2, 3, fingerprint=b"another"))
        self.assertEqual(len(again.segments), 2)
        self.assertFalse(received.repeats(self.db, again.collection))

    def test_undelivered(self) -> None:
        """What was not delivered is repeated by nothing."""
        only = self.collect(segment(1, 2, "other"))
        self.assertFalse(received.repeats(self.db, only.collection))


class TimeLimits(Base):
    def test_overdue(self) -> None:
        """What is past its time and not delivered is overdue, complete or not."""
        self.collect(segment(1, 2, "late", expires=10.0))
        self.collect(segment(1, 1, "whole", expires=9.0))
        self.collect(segment(1, 2, "early", expires=10.1))
        self.collect(segment(1, 1, "done", expires=1.0))
        received.delivered(self.db, "done", 2.0, 3.0)
        self.assertEqual(["whole", "late"], received.overdue(self.db, 10.0))

    def test_overdue_stays(self) -> None:
        """An overdue message is told until it is delivered or discarded."""
        self.collect(segment(expires=1.0))
        self.assertEqual(received.overdue(self.db, 5.0), received.overdue(self.db, 6.0))
        received.discard(self.db, "c")
        self.assertEqual([], received.overdue(self.db, 7.0))

    def test_overdue_is_bounded(self) -> None:
        """At most a thousand messages are given at once, the oldest first."""
        for number in range(1001):
            self.collect(segment(1, 1, str(number), expires=2000.0 - number))
        found = received.overdue(self.db, 3000.0)
        self.assertEqual(1000, len(found))
        self.assertEqual("1000", found[0])

    def test_put_off(self) -> None:
        """One that is put off is overdue later, behind the others."""
        for name in ("a", "b"):
            self.collect(segment(1, 2, name, expires=1.0))
        received.put_off(self.db, "a", 5.0)
        self.assertEqual(["b"], received.overdue(self.db, 4.9))
        self.assertEqual(["b", "a"], received.overdue(self.db, 5.0))

    def test_put_off_too_late(self) -> None:
        """What has been delivered is not kept longer by it."""
        self.collect(segment())
        received.delivered(self.db, "c", 10.0, 20.0)
        received.put_off(self.db, "c", 1e9)
        self.assertEqual(1, received.sweep(self.db, 20.0, 10))

    def test_sweep_spares_the_undelivered(self) -> None:
        """A message that was not delivered is never swept."""
        self.collect(segment(1, 2, "a", expires=1.0))
        self.collect(segment(1, 1, "b", expires=1.0))
        self.assertEqual(0, received.sweep(self.db, 1e9, 10))
        self.assertEqual((2, 2), self.rows())

    def test_sweep_drops_the_delivered(self) -> None:
        """A delivered message is known until the time given, no longer."""
        self.collect(segment())
        received.delivered(self.db, "c", 10.0, 20.0)
        self.assertEqual(0, received.sweep(self.db, 19.9, 10))
        self.assertEqual(1, received.sweep(self.db, 20.0, 10))
        self.assertEqual((0, 0), self.rows())

    def test_sweep_is_bounded(self) -> None:
        """One sweep drops as many as it is told."""
        for name in "abc":
            self.collect(segment(1, 1, name))
            received.delivered(self.db, name, 1.0, 2.0)
        self.assertEqual(2, received.sweep(self.db, 5.0, 2))
        self.assertEqual((1, 1), self.rows())

    def test_many_messages_of_one_reference(self) -> None:
        """However often a reference is used again, looking through stays bounded."""
        kept = [
            self.collect(segment(1, 2, fingerprint=b"%d" % number))
            for number in range(20)
        ]
        again = self.collect(kept[19].segments[0])
        self.assertEqual(kept[19].identity, again.identity)
        forgotten = self.collect(kept[0].segments[0])
        self.assertNotEqual(kept[0].identity, forgotten.identity)
