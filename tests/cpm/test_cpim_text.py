"""Tests of cpmgw.cpm.cpim_text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim_text import (
    CpimAddress,
    escaped,
    formal_name,
    parse_address,
    text_escaped,
    unescaped,
)


class EscapeTests(SynchronousTestCase):
    """RFC 3862 2.3 and 3.6."""

    def test_every_escape(self) -> None:
        r"""The escapes are \\b \\t \\n \\r \\" \\' \\\\ and \\uXXXX."""
        self.assertEqual(unescaped(r"\b\t\n\r\"\'\\\u00e9\u20AC"), "\b\t\n\r\"'\\é€")

    def test_surrogate_pair(self) -> None:
        """Two escaped surrogates are one character, a lone one is none."""
        self.assertEqual(unescaped(r"\ud83d\ude00!"), "😀!")
        self.assertEqual(unescaped(r"\ud83d!"), "\ufffd!")

    def test_unknown_escape(self) -> None:
        """A backslash that begins no escape stays."""
        self.assertEqual(unescaped("\\x \\u12 \\"), "\\x \\u12 \\")

    def test_controls(self) -> None:
        """Control characters are escaped, everything else is left alone."""
        self.assertEqual(
            escaped("a\r\n\t\b\0\x7f\x85é\\"), "a\\r\\n\\t\\b\\u0000\\u007f\\u0085é\\"
        )

    @settings(deadline=None, max_examples=100)
    @given(st.text())
    def test_round_trip(self, text: str) -> None:
        """A free text comes through as it was, on one line."""
        wire = text_escaped(text)
        self.assertNotIn("\n", wire)
        self.assertNotIn("\r", wire)
        self.assertEqual(unescaped(wire), text)


class AddressTests(SynchronousTestCase):
    """Formal names and URIs (RFC 3862 4.1)."""

    def test_forms(self) -> None:
        """Tokens, a String, no name, no brackets."""
        for value, expected in (
            ("MR SANDERS <im:p@x>", CpimAddress("im:p@x", "MR SANDERS")),
            (r'"Bob \"B\" \\" <im:b@x>', CpimAddress("im:b@x", 'Bob "B" \\')),
            ("<tel:+15145550001>", CpimAddress("tel:+15145550001")),
            ("tel:+15145550001", CpimAddress("tel:+15145550001")),
            ("Bob<im:b@x>", CpimAddress("im:b@x", "Bob")),
            ('"a <b>" <im:b@x', CpimAddress("im:b@x", "a <b>")),
        ):
            self.assertEqual(parse_address(value), expected)

    def test_written(self) -> None:
        """A name is written as tokens where it can be."""
        self.assertEqual(formal_name("Jörg Müller"), "Jörg Müller")
        self.assertEqual(formal_name("a  b"), '"a  b"')
        self.assertEqual(formal_name('a "b"\r\n'), '"a \\"b\\"\\r\\n"')
        self.assertEqual(str(CpimAddress("im:b@x")), "<im:b@x>")

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=30).filter(lambda t: t == t.strip()))
    def test_round_trip(self, name: str) -> None:
        """Any name comes through."""
        address = CpimAddress("tel:+15145550001", name)
        self.assertEqual(parse_address(str(address)), address)
