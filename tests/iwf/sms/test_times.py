"""SMPP relative time (SMPP 3.4 7.1.1.2)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.times import MAX_SECONDS, relative_time
from cpmgw.lab.validity import seconds_left

DAY = 86_400


class Times(SynchronousTestCase):
    def test_forms(self) -> None:
        """ "YYMMDDhhmmss000R"; the example of 7.1.1.2 among them."""
        for seconds, expected in (
            (1, "000000000001000R"),
            (59, "000000000059000R"),
            (60, "000000000100000R"),
            (90_061, "000001010101000R"),
            (31 * DAY, "000031000000000R"),
            (31 * DAY + 1, "000031000001000R"),
            (32 * DAY, "000102000000000R"),
            (63 * DAY, "000203000000000R"),
        ):
            with self.subTest(seconds=seconds):
                self.assertEqual(relative_time(seconds), expected)

    def test_limits(self) -> None:
        """A second at least, eleven months of 30 days at most."""
        self.assertEqual(relative_time(0), relative_time(1))
        self.assertEqual(relative_time(-5), relative_time(1))
        self.assertEqual(relative_time(MAX_SECONDS), "001100000000000R")
        self.assertEqual(relative_time(MAX_SECONDS + 1), relative_time(MAX_SECONDS))

    @settings(deadline=None, max_examples=100)
    @given(some.integers(1, 31 * DAY))
    def test_read_back(self, seconds: int) -> None:
        """The SM-SC of the lab reads it as it was meant."""
        text = relative_time(seconds)
        self.assertEqual(len(text), 16)
        self.assertEqual(seconds_left(text, 0.0), seconds)

    @settings(deadline=None, max_examples=100)
    @given(some.integers(), some.integers())
    def test_order(self, one: int, other: int) -> None:
        """Of two times the longer one is not written as the shorter."""
        shorter, longer = sorted((one, other))
        if longer <= 31 * DAY:
            self.assertLessEqual(relative_time(shorter), relative_time(longer))
