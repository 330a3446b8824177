"""Tests of cpmgw.addressing.emergency."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.emergency import calls_for_help, is_emergency
from cpmgw.sip.uri import parse_uri


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


class UriTests(SynchronousTestCase):
    """URIs that call for help."""

    def test_services(self) -> None:
        """The emergency services of RFC 5031, in any case; no other service."""
        for text in ("urn:service:sos", "URN:Service:SOS", "urn:service:sos.fire"):
            self.assertTrue(calls_for_help(parse_uri(text), "CA"), text)
        for text in ("urn:service:sosx", "urn:service:counseling", "mailto:sos@h"):
            self.assertFalse(calls_for_help(parse_uri(text), "CA"), text)

    def test_numbers(self) -> None:
        """A number, or a user that is one, wherever it is and however written."""
        for text in (
            "tel:911;phone-context=h",
            "tel:9-1-1;phone-context=h",
            "sip:911@h;user=phone",
            "sip:911@h",
            "sips:9.1.1@h",
            "sip:%39%31%31@h",
            "sip:911;phone-context=h@h",
        ):
            self.assertTrue(calls_for_help(parse_uri(text), "CA"), text)

    def test_others(self) -> None:
        """Other users, numbers of other countries, and no user at all."""
        for text in (
            "sip:bob911@h",
            "sip:911bob@h",
            "sip:911.h.example",
            "sip:999@h",
            "tel:+15145550911",
            "sip:+15145550911@h",
            "sip:9112@h",
        ):
            self.assertFalse(calls_for_help(parse_uri(text), "CA"), text)
