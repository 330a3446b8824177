"""Tests of cpmgw.cpm.timestamp."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.timestamp import format_datetime, parse_datetime


class DateTimeTests(SynchronousTestCase):
    """CPIM DateTime (RFC 3862 4.4)."""

    def test_written(self) -> None:
        """It is written in UTC to the second (RFC 3339)."""
        self.assertEqual(format_datetime(1767268800.9), "2026-01-01T12:00:00Z")

    def test_forms_of_real_writers(self) -> None:
        """Microseconds, offsets, small letters and a missing zone are read."""
        for text in (
            "2026-01-01T12:00:00Z",
            "2026-01-01T12:00:00+00:00",
            "2026-01-01T12:00:00.000000+00:00",
            "2026-01-01T13:00:00+01:00",
            "2026-01-01t12:00:00z",
            "2026-01-01 12:00:00",
            "  2026-01-01T12:00:00Z ",
        ):
            self.assertEqual(parse_datetime(text), 1767268800.0, text)

    def test_fraction(self) -> None:
        """Fractions of a second are kept."""
        self.assertEqual(parse_datetime("2026-01-01T12:00:00.5Z"), 1767268800.5)

    def test_no_datetime(self) -> None:
        """Anything else is None."""
        for text in ("", "now", "2026-13-01T12:00:00Z", "0" * 41, "Mon, 1 Jan 2026"):
            self.assertIsNone(parse_datetime(text), text)

    @settings(deadline=None, max_examples=100)
    @given(st.integers(min_value=0, max_value=4_000_000_000))
    def test_round_trip(self, seconds: int) -> None:
        """What is written is read as the same second."""
        self.assertEqual(parse_datetime(format_datetime(seconds)), seconds)

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=45))
    def test_never_fails(self, text: str) -> None:
        """Reading gives a time or None."""
        parse_datetime(text)
