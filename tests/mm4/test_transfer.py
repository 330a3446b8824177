"""Tests of cpmgw.mm4.transfer."""

from __future__ import annotations

import base64
import quopri

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.errors import MimeError
from cpmgw.mm4.transfer import (
    base64_pieces,
    decoded,
    is_line_safe,
    is_whole_base64,
    mostly_ascii,
    quoted_printable,
)

LINES = st.lists(
    st.binary(max_size=90) | st.sampled_from([b" ", b"\t", b".", b"--x", b"a" * 80]),
    max_size=8,
)


class Base64(SynchronousTestCase):
    """Base64 (RFC 2045 6.8)."""

    @given(st.binary(max_size=400) | st.sampled_from([bytes(57 * 4096 + 1)]))
    def test_lines(self, octets: bytes) -> None:
        """The same as the standard library, with CRLF; and back."""
        text = b"".join(base64_pieces(octets))
        self.assertEqual(text, base64.encodebytes(octets).replace(b"\n", b"\r\n"))
        self.assertEqual(decoded(text, "base64"), octets)

    def test_tolerance(self) -> None:
        """Any case, spaces, a comment, padding that is missing."""
        self.assertEqual(decoded(b"aGVs bG8\r\n", " BASE64 (yes) "), b"hello")
        self.assertEqual(decoded(b"aGVsbG8h\r\n\r\n", "base64"), b"hello!")

    def test_broken(self) -> None:
        """A single character more is none; nor are other encodings known."""
        self.assertRaises(MimeError, decoded, b"aGVsb", "base64")
        self.assertRaises(MimeError, decoded, b"aGVsbA==\r\naGVsb", "base64")
        self.assertRaises(MimeError, decoded, b"x", "x-uuencode")

    def test_blocks(self) -> None:
        """Several blocks one after the other, each with padding, are all read."""
        first, second = b"SGVsbG8=\r\n", b"IHdvcmxkLCB0aGlzIGlzIGxvc3Q="
        for text in (first + second, first + second.rstrip(b"="), first.strip() * 2):
            wanted = b"Hello" * 2 if text.count(b"SGVs") == 2 else b"Hello world, "
            self.assertTrue(decoded(text, "base64").startswith(wanted), text)
        self.assertEqual(decoded(first + second, "base64")[5:], b" world, this is lost")

    def test_most_blocks(self) -> None:
        """So many blocks, and not one more."""
        octets = decoded(b"QQ==" * 100_001, "base64")
        self.assertEqual(octets, b"A" * 100_001)
        self.assertRaises(MimeError, decoded, b"QQ==" * 100_002, "base64")

    def test_other_octets(self) -> None:
        """One octet in 76 that is none of base64 is passed over, and no more."""
        text = base64.b64encode(bytes(57))
        self.assertEqual(decoded(text[:-1] + b"*", "base64"), bytes(56))
        self.assertEqual(decoded(text + b"*" + text, "base64"), bytes(114))
        self.assertRaises(MimeError, decoded, text + b"***" + text, "base64")
        for junk in (b"!!!!", b"<html>oops, not base64</html>", b"====", b"\xff"):
            self.assertRaises(MimeError, decoded, junk, "base64")
        self.assertEqual(decoded(b" \r\n", "base64"), b"")

    def test_whole(self) -> None:
        """What was cut within four characters is known."""
        for text in (b"", b"QUJD\r\nQUI=", b"QUJD \t"):
            self.assertTrue(is_whole_base64(text))
        for text in (b"QUJDQ", b"QUJ\r\n", b"QUI= Q"):
            self.assertFalse(is_whole_base64(text))


class QuotedPrintable(SynchronousTestCase):
    """Quoted-printable (RFC 2045 6.7)."""

    @given(LINES)
    def test_exact(self, lines: list[bytes]) -> None:
        """CRLF is a line end, all else comes back; lines are of 76 characters."""
        octets = b"\r\n".join(lines)
        text = quoted_printable(octets)
        self.assertEqual(decoded(text, "Quoted-Printable"), octets)
        self.assertEqual(quopri.decodestring(text), octets)
        self.assertTrue(text.isascii() and is_line_safe(text))
        self.assertTrue(all(len(each) <= 76 for each in text.split(b"\r\n")))

    def test_large(self) -> None:
        """Text beyond one block, with and without line ends."""
        for octets in (b"\r\n" * 70_000 + b"\xff", b"x" * 140_000, b"\n" * 140_000):
            self.assertEqual(
                decoded(quoted_printable(octets), "quoted-printable"), octets
            )


class Safety(SynchronousTestCase):
    """What SMTP carries as it is."""

    def test_lines(self) -> None:
        """CRLF only, no NUL."""
        for octets in (b"", b"a", b"a\r\nb", b"\r\n\r\n", b"\xff\r\n"):
            self.assertTrue(is_line_safe(octets))
        for octets in (b"a\n", b"a\r", b"\r\r\n", b"\n\r", b"a\x00", b"\r\n\n"):
            self.assertFalse(is_line_safe(octets))

    def test_line_limit(self) -> None:
        """998 octets in a line, not one more, wherever it is."""
        line = b"x" * 998
        for before in (b"", b"a\r\n", b"\r\n" * 600, line + b"\r\n"):
            for after in (b"", b"\r\n", b"\r\nb"):
                self.assertTrue(is_line_safe(before + line + after))
                self.assertFalse(is_line_safe(before + line + b"x" + after))

    def test_mostly_ascii(self) -> None:
        """A few octets in many."""
        self.assertTrue(mostly_ascii(b"Gr\xc3\xbc\xc3\x9fe aus Berlin an der Spree"))
        self.assertFalse(mostly_ascii("Привет".encode()))
