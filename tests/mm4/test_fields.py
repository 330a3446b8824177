"""Tests of cpmgw.mm4.fields."""

from __future__ import annotations

from email import message_from_bytes, policy

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.fields import TooMuch, read_fields, write_field, write_fields
from cpmgw.mm4.limits import MailLimits

PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


class Reading(SynchronousTestCase):
    """A header, as tolerant as one must be (RFC 5322 2.2)."""

    def test_fields(self) -> None:
        """Names in any case, values in order, the content after the empty line."""
        octets = b"A: 1\r\nb : 2\r\nA:3\r\n\r\nbody"
        fields, end = read_fields(octets)
        self.assertEqual(fields.pairs, (("A", "1"), ("b", "2"), ("A", "3")))
        self.assertEqual(fields.get("a"), "1")
        self.assertEqual(fields.all("a"), ("1", "3"))
        self.assertEqual(fields.get("c"), "")
        self.assertEqual(fields.first("c", "B"), "2")
        self.assertEqual(octets[end:], b"body")

    def test_folded(self) -> None:
        """Lines that begin with white space go on with the one before."""
        fields, _ = read_fields(b"A: 1\r\n\t2\r\n   3\r\nB:\r\n 4\r\n\r\n")
        self.assertEqual(fields.pairs, (("A", "1 2 3"), ("B", "4")))

    def test_bare_lf(self) -> None:
        """Lines may end in LF."""
        fields, end = read_fields(memoryview(b"A: 1\n 2\nB: 3\n\nx"))
        self.assertEqual((fields.get("A"), fields.get("B"), end), ("1 2", "3", 14))

    def test_no_content(self) -> None:
        """A header without an empty line is all header; no header is none."""
        self.assertEqual(read_fields(b"A: 1")[1], 4)
        fields, end = read_fields(b"\r\nA: 1\r\n")
        self.assertEqual((fields.pairs, end), ((), 2))

    def test_odd_lines(self) -> None:
        """What is no field is passed over, with what continues it."""
        fields, _ = read_fields(
            b" lost\r\nFrom x@y Tue Mar  5 10:00:00 2024\r\nnothing\r\n more\r\n"
            b"\xff: x\r\n: y\r\nA B: z\r\nC: 1\r\n\r\n"
        )
        self.assertEqual(fields.pairs, (("C", "1"),))

    def test_octets(self) -> None:
        """UTF-8, else Latin-1; control characters are spaces."""
        fields, _ = read_fields(
            b"A: caf\xc3\xa9\r\nB: caf\xe9\r\nC: a\x00\rb\x7f\r\n\r\n"
        )
        self.assertEqual(fields.get("A"), "café")
        self.assertEqual(fields.get("B"), "café")
        self.assertEqual(fields.get("C"), "a b")

    def test_block_limit(self) -> None:
        """A header of just so many octets, not one more."""
        limits = MailLimits(max_header_block=11)
        fields, end = read_fields(b"A: 345678\r\n\r\nbody", limits)
        self.assertEqual((fields.get("A"), end), ("345678", 13))
        self.assertRaises(TooMuch, read_fields, b"A: 3456789\r\n\r\n", limits)
        self.assertEqual(read_fields(b"A: 3456789\n\nbody", limits)[1], 12)
        self.assertRaises(TooMuch, read_fields, b"A: 34567890\n\nbody", limits)
        self.assertEqual(read_fields(b"A: 45678901", limits)[1], 11)
        self.assertRaises(TooMuch, read_fields, b"A: 456789012", limits)

    def test_field_limit(self) -> None:
        """So many fields, not one more."""
        limits = MailLimits(max_fields=3)
        self.assertEqual(len(read_fields(b"A: 1\r\n" * 3, limits)[0].pairs), 3)
        self.assertRaises(TooMuch, read_fields, b"A: 1\r\n" * 4, limits)

    def test_value_limit(self) -> None:
        """A value of so many octets, folded or not, and not one more."""
        limits = MailLimits(max_value=5)
        self.assertEqual(read_fields(b"A: 12\r\n 45\r\n", limits)[0].get("A"), "12 45")
        self.assertRaises(TooMuch, read_fields, b"A: 12\r\n 456\r\n", limits)

    def test_kept(self) -> None:
        """What is within the limits can be had all the same."""
        for octets, limits, wanted in (
            (b"A: 1\nB: 2\nC: 3\n 4\nD: 5\n\n", MailLimits(max_fields=2), "AB"),
            (b"A: 1\nB: 12345\nC: 6\n\n", MailLimits(max_value=4), "AC"),
            (b"A: 1\nB: 2\n 3\nC: 4\n\n", MailLimits(max_header_block=14), "A"),
            (b"A: 1\nB: 2\nC: 45\n\n", MailLimits(max_header_block=13), "A"),
        ):
            error = self.assertRaises(TooMuch, read_fields, octets, limits)
            names = "".join(name for name, _ in error.kept.pairs)
            self.assertEqual(names, wanted, octets)

    @given(st.binary(max_size=200))
    def test_any_octets(self, octets: bytes) -> None:
        """Any octets are fields without control characters, and a rest."""
        fields, end = read_fields(octets)
        self.assertLessEqual(end, len(octets))
        for name, value in fields.pairs:
            self.assertTrue(name.isascii() and name.isprintable())
            self.assertFalse(set(value) & set("\r\n\x00"))


class Writing(SynchronousTestCase):
    """No header injection, no long lines."""

    def test_controls(self) -> None:
        """CR, LF, NUL and their like are refused in names and values."""
        for value in ("a\r\nX: y", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x7f", "é"):
            self.assertRaises(Mm4Error, write_field, "A", value)
        for name in ("", "A B", "A:", "A\r\nB", "é", "A" * 77):
            self.assertRaises(Mm4Error, write_field, name, "x")

    def test_line_limit(self) -> None:
        """What cannot be folded has 998 characters, not one more."""
        self.assertEqual(len(write_field("A", "x" * 995)), 1_000)
        self.assertRaises(Mm4Error, write_field, "A", "x" * 996)
        self.assertRaises(Mm4Error, write_field, "A", "y " + "x" * 998)

    def test_folding(self) -> None:
        """A long value is folded at its spaces: 76 characters in a line."""
        value = ", ".join(f"+1555{n:04}/TYPE=PLMN@mms.test" for n in range(20))
        octets = write_fields((("To", value), ("B", "1")))
        self.assertTrue(all(len(each) <= 76 for each in octets.split(b"\r\n")))
        fields, _ = read_fields(octets)
        self.assertEqual(fields.pairs, (("To", value), ("B", "1")))

    @given(st.lists(PRINTABLE, min_size=1, max_size=20))
    def test_round_trip(self, words: list[str]) -> None:
        """Whatever is written is read, by this and by the standard library."""
        value = " ".join(words)
        octets = write_field("X-Mms-Thing", value)
        self.assertEqual(read_fields(octets)[0].get("X-Mms-Thing"), value)
        message = message_from_bytes(octets, policy=policy.compat32)
        unfolded = message["X-Mms-Thing"].replace("\r\n", "").replace("\n", "")
        self.assertEqual(unfolded, value)
