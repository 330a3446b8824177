"""Tests of cpmgw.addressing.emergency."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.emergency import is_emergency


class EmergencyTests(SynchronousTestCase):
    """Which digits call for help."""

    def test_everywhere(self) -> None:
        """112 and 911 are emergency numbers in every country (3GPP TS 22.101)."""
        for country in ("", "CA", "GB", "ES", "XX"):
            for digits in ("112", "911"):
                self.assertTrue(is_emergency(digits, country), (digits, country))

    def test_by_country(self) -> None:
        """Others are so where they are dialled."""
        for digits, country, expected in (
            ("999", "GB", True),
            ("999", "CA", False),
            ("000", "AU", True),
            ("000", "GB", False),
            ("110", "DE", True),
            ("110", "CA", False),
        ):
            self.assertIs(expected, is_emergency(digits, country), (digits, country))

    def test_country_in_small_letters(self) -> None:
        """A country counts in any case."""
        self.assertTrue(is_emergency("999", "gb"))

    def test_without_country(self) -> None:
        """Without a country what is so in any of them counts."""
        for digits in ("999", "000", "110", "15"):
            self.assertTrue(is_emergency(digits), digits)

    def test_others(self) -> None:
        """Short codes, longer digits and nothing at all call nobody."""
        for digits in ("", "611", "40404", "9112", "9" * 9, "9" * 4000):
            self.assertFalse(is_emergency(digits, "CA"), digits[:9])
            self.assertFalse(is_emergency(digits), digits[:9])
