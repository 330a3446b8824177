"""Tests of cpmgw.mm4.words."""

from __future__ import annotations

from email.header import Header, decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.fields import read_fields, write_field
from cpmgw.mm4.words import decode_words, encode_words, without_surrogates

TEXT = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff"
    ),
    max_size=120,
).map(str.strip)


class Decoding(SynchronousTestCase):
    """Encoded words of peers (RFC 2047)."""

    def test_words(self) -> None:
        """Both encodings, any case, language tags, text around them."""
        for text, wanted in (
            ("plain", "plain"),
            ("=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
            ("=?UTF-8?b?Y2Fmw6k=?=", "café"),
            ("=?utf-8?b?Y2Fmw6k?=", "café"),
            ("=?iso-8859-1*fr?q?caf=e9?= noir", "café noir"),
            ("a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
            ("=?utf-8?q?b?=\t =?iso-8859-1?q?=e9?=", "bé"),
            ("=?utf-8?q?b?= , =?utf-8?q?c?=", "b , c"),
            ("=?utf-16-be?b?ANYA3w==?=", "Öß"),
        ):
            self.assertEqual(decode_words(text), wanted)

    def test_split_character(self) -> None:
        """A character that is split over two words is put together."""
        self.assertEqual(decode_words("=?utf-8?q?=C3?= =?utf-8?q?=A9?="), "é")

    def test_broken(self) -> None:
        """Unknown charsets, octets of none, broken base64: what there is."""
        self.assertEqual(decode_words("=?x-klingon?q?abc?="), "abc")
        self.assertEqual(decode_words("=?utf-8?q?a=FFb?="), "a\ufffdb")
        self.assertEqual(decode_words("=?utf-8?b?A?="), "=?utf-8?b?A?=")
        self.assertEqual(decode_words("=?utf-8?q?a"), "=?utf-8?q?a")

    def test_controls(self) -> None:
        """Line ends that were hidden in a word become spaces."""
        self.assertEqual(decode_words("=?utf-8?q?a=0D=0AX:_y=00?="), "a X: y ")
        self.assertEqual(decode_words("a\x00b"), "a b")

    @given(st.text(max_size=80))
    def test_any_text(self, text: str) -> None:
        """Any text is read, without control characters."""
        self.assertFalse(set(decode_words(text)) & set("\r\n\x00"))


class Encoding(SynchronousTestCase):
    """Encoded words of ours."""

    def test_ascii(self) -> None:
        """ASCII stays, control characters in it become spaces."""
        self.assertEqual(encode_words("Hello"), "Hello")
        self.assertEqual(encode_words("a\r\nBcc: x"), "a Bcc: x")

    def test_looks_encoded(self) -> None:
        """What looks like an encoded word and is none does not become one."""
        written = encode_words("=?utf-8?q?x?=")
        self.assertEqual(decode_words(written), "=?utf-8?q?x?=")

    @given(TEXT)
    def test_round_trip(self, text: str) -> None:
        """Text comes back, by this and by the standard library; 76 in a line."""
        octets = write_field("X-Mms-Message-Class", encode_words(text))
        self.assertTrue(
            all(len(each) <= 76 for each in octets.split(b"\r\n")) or text.isascii()
        )
        value = read_fields(octets)[0].get("X-Mms-Message-Class")
        if "  " not in text:
            self.assertEqual(decode_words(value), text)
        if not text.isascii():
            self.assertEqual(str(make_header(decode_header(value))), text)

    @given(TEXT)
    def test_standard_library(self, text: str) -> None:
        """What the standard library encodes is read."""
        if "=?" in text or "  " in text:
            return
        value = Header(text, "utf-8").encode(linesep="\n")
        octets = b"Subject: " + value.encode() + b"\n"
        self.assertEqual(decode_words(read_fields(octets)[0].get("Subject")), text)

    def test_unfoldable(self) -> None:
        """What cannot be folded into lines is encoded, and comes back."""
        for text, wanted in (
            ("x" * 900, True),
            ("x" * 901, False),
            ("a  " * 301, False),
            ("a " * 500 + "b", True),
            ("a " + "x" * 901, False),
        ):
            words = encode_words(text)
            self.assertEqual(words == text.strip(), wanted)
            fields, _ = read_fields(write_field("X-Mms-Status-Text", words))
            found = decode_words(fields.get("X-Mms-Status-Text"))
            self.assertEqual(found, text.strip())

    def test_surrogates(self) -> None:
        """Octets that were no UTF-8 become U+FFFD, what is none of them a mark."""
        for text, wanted in (
            ("a", "a"),
            ("\u00e9", "\u00e9"),
            ("\udce9.png", "\ufffd.png"),
            ("\udcc3\udca9", "\u00e9"),
            ("\ud800", "?"),
        ):
            self.assertEqual(without_surrogates(text), wanted)
