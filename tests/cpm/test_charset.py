"""Tests of cpmgw.cpm.charset."""

from __future__ import annotations

import codecs

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.charset import CHARSETS, decoded
from cpmgw.cpm.errors import CannotBecomeText


class CharsetTests(SynchronousTestCase):
    """RFC 2046 4.1.2."""

    def test_common(self) -> None:
        """The charsets of the world's messages, by the names that MIME gives them."""
        for name, text in (
            ("utf-8", "Grüße 😀"),
            ("UTF8", "Grüße"),
            ("iso-8859-1", "Grüße"),
            ("ISO-8859-15", "5 €"),
            ("windows-1252", "„5 €“"),
            ("windows-1251", "привет"),
            ("koi8-r", "привет"),
            ("KOI8-U", "привіт"),
            ("utf-16be", "Grüße 😀"),
            ("utf-16le", "Grüße"),
            ("utf-32", "Grüße"),
            ("shift_jis", "日本"),
            ("iso-2022-jp", "日本"),
            ("euc-kr", "한국"),
            ("gb2312", "中国"),
            ("GB18030", "中国"),
            ("big5", "中國"),
            ("tis-620", "ไทย"),
            ("windows-874", "ไทย"),
            ("utf-7", "Grüße"),
        ):
            codec = "cp874" if name == "windows-874" else name
            self.assertEqual(decoded(text.encode(codec), name), text, name)

    def test_default(self) -> None:
        """Without a charset it is UTF-8 (RFC 3261 7.4.1); so is what says ASCII."""
        for name in ("", " ", "us-ascii", "US-ASCII", "ascii", "ansi_x3.4-1968"):
            self.assertEqual(decoded("Grüße".encode(), name), "Grüße")

    def test_half_a_character(self) -> None:
        """Half a surrogate pair is no text, whatever codec lets it through."""
        for octets, name in ((b"+2AA-", "utf-7"), (b"Hello +3gA-", "utf-7")):
            self.assertRaises(CannotBecomeText, decoded, octets, name)
        self.assertEqual(decoded("😀".encode("utf-7"), "utf-7"), "😀")

    def test_utf_16(self) -> None:
        """A byte order mark decides, big endian else (RFC 2781 4.3)."""
        text = "Grüße"
        for octets in (
            codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
            codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
            text.encode("utf-16-be"),
        ):
            self.assertEqual(decoded(octets, "utf-16"), text)
        self.assertEqual(decoded(text.encode("utf-16-be"), "ISO-10646-UCS-2"), text)

    def test_byte_order_mark(self) -> None:
        """A mark at the beginning is no text."""
        self.assertEqual(decoded(codecs.BOM_UTF8 + b"a", "utf-8"), "a")

    def test_unknown(self) -> None:
        """Unknown names and codecs that are no charsets are refused with 415."""
        for name in (
            "x-unknown",
            "zip",
            "rot13",
            "base64",
            "hex",
            "uu",
            "bz2",
            "idna",
            "punycode",
            "unicode_escape",
            "undefined",
            "../etc",
            "é",
            "x" * 1000,
        ):
            error = self.assertRaises(CannotBecomeText, decoded, b"abc", name)
            self.assertEqual(error.status, 415)

    def test_octets_that_do_not_fit(self) -> None:
        """Octets that the charset cannot explain are refused, not guessed at."""
        for octets, name in (
            (b"\xff", ""),
            (b"\xe9", "us-ascii"),
            (b"\x81", "windows-1252"),
            (b"a", "utf-16"),
            (b"\xd8\x00\x00a", "utf-16be"),
        ):
            self.assertRaises(CannotBecomeText, decoded, octets, name)

    def test_every_codec_exists(self) -> None:
        """No name leads to a codec that is not there or gives no text."""
        for codec in set(CHARSETS.values()):
            self.assertIsInstance(b"".decode(codec), str)

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=60), st.sampled_from(sorted(CHARSETS)))
    def test_any_octets(self, octets: bytes, name: str) -> None:
        """Any octets in any charset are text or refused."""
        try:
            self.assertIsInstance(decoded(octets, name), str)
        except CannotBecomeText:
            return
