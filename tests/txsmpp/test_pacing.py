"""The rate of requests and slowing down, without a wire."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsmpp import pdu
from txsmpp.errors import NotBound, SmppError
from txsmpp.outbox import Entry, Outbox
from txsmpp.pacing import SlowDown, TokenBucket


class TokenBucketTests(SynchronousTestCase):
    def test_no_limit(self) -> None:
        """A rate of 0 gives as many as are asked for."""
        bucket = TokenBucket(0.0, 5.0)
        self.assertTrue(all(bucket.take(5.0) for _ in range(1000)))

    @given(st.floats(0.5, 500.0), st.floats(0.0, 20.0))
    @settings(deadline=None, max_examples=60)
    def test_rate(self, rate: float, seconds: float) -> None:
        """In any time no more than rate times time leave, and a burst."""
        bucket = TokenBucket(rate, 100.0)
        now, taken = 100.0, 0
        while now <= 100.0 + seconds:
            if bucket.take(now):
                taken += 1
            else:
                later = bucket.ready_at()
                self.assertGreater(later, now)
                now = later
        burst = max(1.0, rate * 0.1)
        self.assertLessEqual(taken, rate * seconds + burst + 1)
        self.assertGreaterEqual(taken, rate * seconds - 1)

    def test_clock_set_back(self) -> None:
        """A clock that is set back costs no more than the tokens that are there."""
        bucket = TokenBucket(10.0, 5000.0)
        self.assertTrue(bucket.take(5000.0))
        self.assertFalse(bucket.take(1000.0))
        self.assertLessEqual(bucket.ready_at(), 1000.1)
        self.assertTrue(bucket.take(1000.1))


class SlowDownTests(SynchronousTestCase):
    def test_clock_set_back(self) -> None:
        """A pause does not become longer when the clock is set back."""
        slow = SlowDown(0.1, 10.0)
        slow.throttled(5000.0, 4)
        self.assertTrue(slow.pausing(5000.0))
        self.assertFalse(slow.pausing(1000.0))
        self.assertFalse(slow.pausing(5000.2))

    def test_pauses_grow(self) -> None:
        """Each time it is throttled anew the pause is twice as long, to a limit."""
        slow = SlowDown(0.1, 0.5)
        now, pauses = 10.0, []
        for _ in range(5):
            slow.throttled(now, 10)
            pauses.append(round(slow.until - now, 3))
            now = slow.until
        self.assertEqual(pauses, [0.1, 0.2, 0.4, 0.5, 0.5])

    def test_pauses_do_not_grow_while_some_are_taken(self) -> None:
        """An SM-SC that refuses one in two is not waited for longer and longer."""
        slow = SlowDown(0.1, 10.0)
        now, pauses = 10.0, []
        for _ in range(6):
            slow.throttled(now, 2)
            slow.taken(now, 10)
            now = slow.until
            slow.throttled(now, 1)
            pauses.append(round(slow.until - now, 3))
            now = slow.until + 0.1
            slow.taken(now, 10)
        self.assertLessEqual(max(pauses), 0.2)
        self.assertGreaterEqual(min(pauses), 0.1)

    def test_one_burst_counts_once(self) -> None:
        """What comes back during a pause does not make it longer."""
        slow = SlowDown(0.1, 10.0)
        for _ in range(50):
            slow.throttled(10.0, 50)
        self.assertEqual((slow.until, slow.limit), (10.1, 25))

    def test_recovers(self) -> None:
        """Each request that is taken opens the window by one, until it is whole."""
        slow = SlowDown(0.1, 10.0)
        slow.throttled(10.0, 4)
        slow.taken(10.05, 5)
        self.assertEqual(slow.limit, 2)
        limits = []
        for _ in range(4):
            slow.taken(10.2, 5)
            limits.append(slow.limit)
        self.assertEqual(limits, [3, 4, None, None])
        slow.throttled(20.0, 5)
        self.assertEqual(round(slow.until, 3), 20.1)


class Owner:
    def answered(self, entry: Entry, response: pdu.Response) -> None:
        """Not used here."""

    def failed(self, entry: Entry, error: SmppError) -> None:
        """Not used here."""


class OutboxTests(SynchronousTestCase):
    def entries(self, count: int) -> list[Entry]:
        """Entries that came one second after the other."""
        return [Entry(Owner(), n, pdu.SubmitSm(), b"", float(n)) for n in range(count)]

    def outbox(self, entries: list[Entry]) -> Outbox:
        """An outbox that holds these."""
        outbox = Outbox(10.0, 30.0)
        for entry in entries:
            outbox.add(entry)
        return outbox

    @given(st.data())
    @settings(deadline=None, max_examples=60)
    def test_order(self, data: st.DataObject) -> None:
        """However entries are taken and put back, they come out by their order."""
        outbox = self.outbox(self.entries(12))
        out = [outbox.pop() for _ in range(data.draw(st.integers(0, 12)))]
        back = data.draw(st.permutations(out))
        for entry in back:
            outbox.put_back(entry)
        orders = [outbox.pop().order for _ in range(len(outbox))]
        self.assertEqual(orders, list(range(12)))

    def test_expiry(self) -> None:
        """Fresh entries and those that were put back have times of their own."""
        one, two, three = entries = self.entries(3)
        outbox = self.outbox(entries)
        outbox.pop()
        one.refused_at = 5.0
        outbox.put_back(one)
        self.assertEqual(outbox.due(), 11.0)
        self.assertEqual(outbox.expired(10.9), [])
        self.assertEqual(outbox.expired(11.0), [two])
        self.assertEqual(outbox.expired(34.9), [three])
        self.assertEqual(outbox.due(), 35.0)
        self.assertEqual(outbox.expired(35.0), [one])
        self.assertIsNone(outbox.due())

    def test_expiry_at_any_moment(self) -> None:
        """What is due is gone at that moment, however the sum is rounded."""
        for moment in (18.720000000000002, 1.1, 1_700_000_000.3):
            (entry,) = self.entries(1)
            outbox = Outbox(10.0, 60.0)
            entry.refused_at = moment
            outbox.put_back(entry)
            due = outbox.due()
            assert due is not None
            self.assertEqual(outbox.expired(due), [entry])

    def test_discard(self) -> None:
        """An entry is taken out wherever it stands, or nothing happens."""
        one, two, three = entries = self.entries(3)
        outbox = self.outbox(entries)
        outbox.put_back(outbox.pop())
        outbox.discard(one)
        outbox.discard(two)
        outbox.discard(two)
        self.assertEqual(outbox.drain(), [three])
        self.assertEqual(len(outbox), 0)

    def test_settle_once(self) -> None:
        """An entry tells the first outcome alone."""
        (entry,) = self.entries(1)
        waiting: Deferred[pdu.Response] = entry.deferred
        entry.settle(NotBound("no"))
        entry.settle(pdu.SubmitSmResp())
        self.failureResultOf(waiting, NotBound)
