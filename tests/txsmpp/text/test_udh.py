"""The user data header (3GPP TS 23.040 9.2.3.24)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.errors import TextError
from txsmpp.text.language import Language
from txsmpp.text.udh import (
    MAX_ELEMENTS,
    Concatenation,
    Element,
    Identifier,
    Scheme,
    build_header,
    concatenation,
    concatenation_element,
    language,
    language_elements,
    parse_header,
    ports,
)

LONG = bytes.fromhex("0b05040b8423f00003cc0201") + b"data"


class HeaderTests(SynchronousTestCase):
    def test_elements(self) -> None:
        """Ports and concatenation in one header (9.2.3.24.1, .4)."""
        elements, end = parse_header(LONG)
        self.assertEqual(
            elements,
            (Element(5, b"\x0b\x84\x23\xf0"), Element(0, b"\xcc\x02\x01")),
        )
        self.assertEqual(LONG[end:], b"data")
        self.assertEqual(build_header(elements), LONG[:end])
        self.assertEqual(ports(elements), (2948, 9200))
        self.assertEqual(
            concatenation(elements), Concatenation(0xCC, 2, 1, Scheme.UDH_8)
        )

    def test_every_truncation_is_refused(self) -> None:
        """A header that runs past the message is malformed, wherever it ends."""
        for length in range(12):
            with self.assertRaises(TextError):
                parse_header(LONG[:length])

    def test_element_that_runs_past_the_header(self) -> None:
        """Its length must fit, and its length octet must be there."""
        for octets in (
            b"\x03\x00\x03\x01\x02\x01",
            b"\x01\x00",
            b"\x06\x24\x01\x01\x00\x03\x01",
        ):
            with self.assertRaises(TextError):
                parse_header(octets)

    def test_empty_header(self) -> None:
        """A header without elements is one octet."""
        self.assertEqual(parse_header(b"\x00abc"), ((), 1))
        self.assertEqual(build_header(()), b"")

    def test_limit_of_elements(self) -> None:
        """As many elements as the limit are read, one more is refused."""
        body = b"\x70\x00" * MAX_ELEMENTS
        elements, _ = parse_header(bytes((len(body),)) + body)
        self.assertEqual(len(elements), MAX_ELEMENTS)
        body += b"\x70\x00"
        with self.assertRaises(TextError):
            parse_header(bytes((len(body),)) + body)

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=60))
    def test_any_octets(self, octets: bytes) -> None:
        """A header is read or refused, never anything else."""
        try:
            elements, end = parse_header(octets)
        except TextError:
            return
        self.assertEqual(end, octets[0] + 1)
        if elements:
            self.assertEqual(build_header(elements), octets[:end])
        concatenation(elements)
        ports(elements)
        language(elements, Identifier.LOCKING_SHIFT)


class ElementTests(SynchronousTestCase):
    def test_16_bit_reference(self) -> None:
        """The reference of two octets (9.2.3.24.8)."""
        element = concatenation_element(0x12345, 3, 2, 16)
        self.assertEqual(element, Element(8, b"\x23\x45\x03\x02"))
        self.assertEqual(
            concatenation([element]), Concatenation(0x2345, 3, 2, Scheme.UDH_16)
        )

    def test_8_bit_reference(self) -> None:
        """The reference is cut to one octet (9.2.3.24.1)."""
        self.assertEqual(concatenation_element(0x1FE, 3, 2, 8).data, b"\xfe\x03\x02")

    def test_impossible_numbers_are_ignored(self) -> None:
        """Number 0, total 0 or a number past the total: no concatenation (.1, .8)."""
        for data in (b"\x01\x00\x00", b"\x01\x02\x00", b"\x01\x02\x03", b"\x01\x02"):
            self.assertIsNone(concatenation([Element(0, data)]))

    def test_the_last_of_two_counts(self) -> None:
        """Of an element that comes twice the last is used (9.2.3.24)."""
        twice = [Element(0, b"\x01\x02\x01"), Element(0, b"\x07\x02\x02")]
        self.assertEqual(concatenation(twice), Concatenation(7, 2, 2))

    def test_8_bit_ports(self) -> None:
        """Ports of one octet (9.2.3.24.3)."""
        self.assertEqual(ports([Element(4, b"\xf0\xf1")]), (0xF0, 0xF1))
        self.assertIsNone(ports([Element(4, b"\xf0")]))

    def test_languages(self) -> None:
        """The elements 0x24 and 0x25 name the tables (9.2.3.24.15, .16)."""
        elements = language_elements(Language.TURKISH, Language.SPANISH)
        self.assertEqual(build_header(elements).hex(), "06240102250101")
        self.assertEqual(language(elements, Identifier.SINGLE_SHIFT), Language.SPANISH)
        self.assertEqual(language(elements, Identifier.LOCKING_SHIFT), Language.TURKISH)

    def test_reserved_language(self) -> None:
        """A number of no language is the default alphabet."""
        for data in (b"\x00", b"\x0e", b"\x01\x01"):
            self.assertIsNone(language([Element(0x24, data)], Identifier.SINGLE_SHIFT))
