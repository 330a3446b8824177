"""Counting what crosses."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.traffic import BOUNDS, VENDOR, Durations, Traffic
from txsmpp.status import CommandStatus


class DurationsTest(SynchronousTestCase):
    def test_bound_is_inclusive(self) -> None:
        """What took as long as a bound says is within it ("le" of Prometheus)."""
        durations = Durations()
        durations.add(BOUNDS[0])
        durations.add(BOUNDS[0] * 1.01)
        self.assertEqual(durations.counts[:3], [1, 1, 0])

    def test_beyond_the_last_bound(self) -> None:
        """What took longer than all bounds is counted as well."""
        durations = Durations()
        durations.add(BOUNDS[-1] + 1)
        self.assertEqual(durations.counts[-1], 1)

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.floats(min_value=0, max_value=1e6)))
    def test_nothing_is_lost(self, values: list[float]) -> None:
        """Each is in one bucket, and all in the total."""
        durations = Durations()
        for value in values:
            durations.add(value)
        self.assertEqual(sum(durations.counts), len(values))
        self.assertAlmostEqual(durations.total, sum(values), delta=1e-3)


class TrafficTest(SynchronousTestCase):
    def test_vendor_statuses_share_a_count(self) -> None:
        """A peer that sends a new status each time does not fill the memory."""
        traffic = Traffic()
        for status in range(0x400, 0x500):
            traffic.submit("home", status)
            traffic.receive("home", status)
            traffic.report("home", status)
        for counts in (traffic.submitted, traffic.received, traffic.reported):
            self.assertEqual(dict(counts), {("home", VENDOR): 256})

    def test_known_statuses_have_their_own(self) -> None:
        """Each status that SMPP names is counted by itself, for each SM-SC."""
        traffic = Traffic()
        for status in CommandStatus:
            traffic.submit("home", status)
        traffic.submit("away", CommandStatus.ESME_ROK)
        self.assertEqual(len(traffic.submitted), len(CommandStatus) + 1)

    def test_no_answer(self) -> None:
        """No answer is not ESME_ROK."""
        traffic = Traffic()
        traffic.submit("home", None)
        traffic.submit("home", 0)
        self.assertEqual(dict(traffic.submitted), {("home", None): 1, ("home", 0): 1})
