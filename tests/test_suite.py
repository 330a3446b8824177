"""How the checks are counted."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.suite import Count, count_of, suites


class Counting(SynchronousTestCase):
    """Nothing that failed may look as if it had passed."""

    def test_trial(self) -> None:
        """trial's closing line is what counts."""
        lines = ["Ran 7 tests in 1.0s\n", "\n", "PASSED (skips=1, successes=6)\n"]
        self.assertEqual(count_of(lines, 0), Count(6, 0, 1))

    def test_trial_failed(self) -> None:
        """Failures, errors and unexpected successes are failures."""
        lines = ["FAILED (failures=1, errors=2, unexpectedSuccesses=1, successes=9)"]
        self.assertEqual(count_of(lines, 1), Count(9, 4))

    def test_status_without_failure(self) -> None:
        """An exit status that no test explains is a failure."""
        self.assertEqual(count_of(["PASSED (successes=3)"], 1), Count(3, 1))

    def test_nothing_said(self) -> None:
        """A linter, or a run that was killed, is one check."""
        self.assertEqual(count_of(["all fine"], 0), Count(1, 0))
        self.assertEqual(count_of(["half of it"], -9), Count(0, 1))

    def test_suites(self) -> None:
        """Every test package is run, the live ones on their own."""
        found = suites(Path(__file__).parent)
        self.assertIn("tests.sip", found)
        self.assertIn("tests.test_suite", found)
        self.assertNotIn("tests.live", found)
        self.assertNotIn("tests.support", found)
