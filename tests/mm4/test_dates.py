"""Tests of cpmgw.mm4.dates."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.dates import read_date, read_expiry, write_date
from cpmgw.mm4.errors import Mm4Error

NINE = 1_709_629_200.0
"""2024-03-05 09:00:00 UTC, a Tuesday."""


class Reading(SynchronousTestCase):
    """Dates of peers."""

    def test_forms(self) -> None:
        """RFC 5322, RFC 850, asctime, ISO 8601, JavaScript; odd zones are UTC."""
        for text in (
            "Tue, 05 Mar 2024 10:00:00 +0100",
            "Tue,  5 Mar 2024 09:00:00 GMT",
            "5 Mar 24 09:00:00 -0000",
            "Tue, 5 Mar 2024 04:00:00 EST",
            "Tue, 5 Mar 2024 09:00:00 XYZ",
            "Tue, 5 Mar 2024 09:00:00",
            "Tuesday, 05-Mar-24 09:00:00 GMT",
            "Tue Mar  5 09:00:00 2024",
            "Tue Mar 05 2024 10:00:00 GMT+0100 (Central European Standard Time)",
            "2024-03-05T09:00:00Z",
            "2024-03-05T10:00:00+01:00",
            "2024-03-05 09:00:00",
            '"Tue, 05 Mar 2024 10:00:00 +0100"',
            "Tue, 05 Mar 2024 10:00:00 +0100 (CET)",
        ):
            self.assertEqual(read_date(text), NINE, text)

    def test_none(self) -> None:
        """What is no date, or before 1970, or after 9999."""
        for text in (
            "",
            "never",
            "2024-99-99",
            "Tue, 99 Mar 2024 10:00:00 +0100",
            "Tue, 05 Mar 1960 10:00:00 +0000",
            "Tue, 05 Mar 99999999 10:00:00 +0000",
            "x" * 121,
        ):
            self.assertIsNone(read_date(text), text)

    @given(st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """Any text is a date that can be written, or none."""
        for read in (read_date(text), read_expiry(text, 0.0)):
            if read is not None:
                self.assertTrue(write_date(read))


class Expiry(SynchronousTestCase):
    """X-Mms-Expiry: a date, or a number of seconds."""

    def test_seconds(self) -> None:
        """A number below 1,000,000,000 is of seconds from now on."""
        self.assertEqual(read_expiry("3600", NINE), NINE + 3600)
        self.assertEqual(read_expiry(" 60 seconds", NINE), NINE + 60)
        self.assertEqual(read_expiry("999999999", 0.0), 999_999_999.0)
        self.assertIsNone(read_expiry("3600", None))

    def test_epoch(self) -> None:
        """A larger one is of seconds since 1970."""
        self.assertEqual(read_expiry("1000000000", 5.0), 1_000_000_000.0)
        self.assertEqual(read_expiry("1709629200", None), NINE)
        self.assertIsNone(read_expiry("999999999999", 0.0))

    def test_date(self) -> None:
        """A date is one, now or not."""
        self.assertEqual(read_expiry("Tue, 05 Mar 2024 10:00:00 +0100", None), NINE)
        self.assertIsNone(read_expiry("soon", 5.0))
        self.assertIsNone(read_expiry("-5", 5.0))


class Writing(SynchronousTestCase):
    """Dates of ours."""

    def test_form(self) -> None:
        """As RFC 5322 has it, in UTC."""
        self.assertEqual(write_date(NINE + 0.7), "Tue, 05 Mar 2024 09:00:00 +0000")

    def test_none(self) -> None:
        """What no calendar has is refused."""
        for when in (float("inf"), float("nan"), 1e18):
            self.assertRaises(Mm4Error, write_date, when)

    @given(st.integers(0, 253_402_300_799))
    def test_round_trip(self, when: int) -> None:
        """What is written is read, by this and by the standard library."""
        text = write_date(float(when))
        self.assertEqual(read_date(text), float(when))
        self.assertEqual(parsedate_to_datetime(text).timestamp(), float(when))
