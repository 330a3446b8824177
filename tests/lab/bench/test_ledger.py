"""What the benchmark keeps of each message, and what it makes of that."""

from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.bench.ledger import Latency, Ledger, latency, percentile


class Percentiles(SynchronousTestCase):
    def test_of_a_hundred(self) -> None:
        """99 of a hundred values are not above the 99th percentile, one is."""
        values = [float(each) for each in range(1, 101)]
        self.assertEqual(percentile(values, 0.99), 99.0)
        self.assertEqual(percentile(values, 0.5), 50.0)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
    def test_is_the_least_value_that_covers_the_share(
        self, values: list[float], share: float
    ) -> None:
        """At least `share` of the values are not above it, and it is one of them."""
        values.sort()
        found = percentile(values, share)
        self.assertIn(found, values)
        covered = sum(each <= found for each in values)
        self.assertGreaterEqual(covered, share * len(values) - 1e-6)

    def test_nothing_measured_is_no_good_latency(self) -> None:
        """Without a sample the latency is infinite, not zero."""
        self.assertEqual(latency([]), Latency(inf, inf, inf))


class Accounting(SynchronousTestCase):
    def setUp(self) -> None:
        self.ledger = Ledger()

    def carry(self, due: float = 1.0) -> int:
        """A message that goes all the way."""
        number = self.ledger.send(due)
        self.ledger.submit(number, due + 0.001)
        self.ledger.answer(number, 202, due + 0.002)
        self.ledger.receipt(number, due + 0.2)
        self.ledger.notify(number, due + 0.21)
        return number

    def test_all_there(self) -> None:
        """Nothing is missing of a message with 202, submit_sm and IMDN."""
        self.carry()
        self.assertEqual(self.ledger.missing(), {})
        self.assertEqual(self.ledger.open, 0)
        self.assertEqual(self.ledger.at_the_gateway, 0)

    def test_what_did_not_come_is_named(self) -> None:
        """A message that vanished is missing at every place."""
        self.carry()
        self.ledger.send(2.0)
        self.assertEqual(
            self.ledger.missing(),
            {"not answered": 1, "not at the SM-SC": 1, "without an IMDN": 1},
        )
        self.assertEqual(self.ledger.open, 2)

    def test_refused_is_a_fault(self) -> None:
        """An answer other than 202 is named with its status."""
        number = self.ledger.send(1.0)
        self.ledger.answer(number, 503, 1.1)
        self.assertEqual(self.ledger.missing()["answered 503"], 1)

    def test_second_short_message_is_a_fault(self) -> None:
        """A message that reaches the SM-SC twice is a fault."""
        self.ledger.submit(self.carry(), 3.0)
        self.assertEqual(self.ledger.missing(), {"submitted twice": 1})

    def test_retransmissions_are_counted_only(self) -> None:
        """A 202 or an IMDN that comes again changes nothing but its count."""
        number = self.carry()
        self.ledger.answer(number, 202, 9.0)
        self.ledger.notify(number, 9.0)
        self.assertEqual(self.ledger.missing(), {})
        self.assertEqual(dict(self.ledger.repeats), {"202": 1, "IMDN": 1})
        self.assertAlmostEqual(self.ledger.answer_latency(0, 1).worst, 0.002)

    def test_waiting_for_a_receipt_is_not_at_the_gateway(self) -> None:
        """Between its answer and its receipt a message is not the gateway's."""
        number = self.ledger.send(1.0)
        self.assertEqual(self.ledger.at_the_gateway, 1)
        self.ledger.answer(number, 202, 1.1)
        self.assertEqual(self.ledger.at_the_gateway, 0)
        self.ledger.receipt(number, 1.2)
        self.assertEqual(self.ledger.at_the_gateway, 1)

    def test_latencies_begin_where_they_must(self) -> None:
        """The 202 counts from when it was due, the IMDN from its receipt."""
        self.carry()
        self.carry(5.0)
        self.assertAlmostEqual(self.ledger.answer_latency(0, 2).p50, 0.002)
        self.assertAlmostEqual(self.ledger.notification_latency(1, 2).p50, 0.01)
