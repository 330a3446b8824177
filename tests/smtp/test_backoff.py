"""Places that failed, and when they are tried again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.backoff import Backoff


class BackoffCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.backoff = Backoff(1.0, 4.0)

    def test_well(self) -> None:
        """A place that has not failed may be tried."""
        self.assertEqual(self.backoff.usable(["a", "b"], 0.0), ["a", "b"])
        self.assertLess(self.backoff.until("a"), 0.0)

    def test_doubling(self) -> None:
        """Each failure doubles the wait, up to the longest."""
        now = 0.0
        for wait in (1.0, 2.0, 4.0, 4.0):
            self.backoff.failed("a", now, now)
            self.assertEqual(self.backoff.until("a"), now + wait)
            self.assertEqual(self.backoff.usable(["a", "b"], now + wait - 0.01), ["b"])
            now += wait
            self.assertEqual(self.backoff.usable(["a", "b"], now), ["a", "b"])

    def test_well_again(self) -> None:
        """Once it is well it begins anew."""
        self.backoff.failed("a", 0.0, 0.0)
        self.backoff.failed("a", 1.0, 1.0)
        self.backoff.succeeded("a")
        self.backoff.failed("a", 9.0, 9.0)
        self.assertEqual(self.backoff.until("a"), 10.0)

    def test_together(self) -> None:
        """Attempts that were under way when it failed do not count again."""
        self.backoff.failed("a", 0.0, 5.0)
        self.backoff.failed("a", 0.0, 5.5)
        self.backoff.failed("a", 5.0, 5.5)
        self.assertEqual(self.backoff.until("a"), 6.0)

    def test_no_wait(self) -> None:
        """It never runs in a circle without any wait."""
        backoff = Backoff(0.0, 0.0)
        backoff.failed("a", 0.0, 0.0)
        self.assertGreater(backoff.until("a"), 0.0)

    def test_many(self) -> None:
        """What is remembered is bounded."""
        for place in range(1_000):
            self.backoff.failed(place, 0.0, 0.0)
        self.assertEqual(self.backoff.until(0), 1.0)
        self.backoff.failed("one more", 0.0, 0.0)
        self.assertLess(self.backoff.until(0), 0.0)
        self.assertEqual(self.backoff.until("one more"), 1.0)
