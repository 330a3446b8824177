"""Texts put together from their segments (TS 23.040 9.2.3.24.1)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsmpp.pdu import DeliverSm
from txsmpp.text.errors import IncompleteMessage, TextError
from txsmpp.text.reassembly import (
    assemble,
    assemble_octets,
    assemble_partial,
    missing,
)
from txsmpp.text.received import Received, read


def segment(
    number: int,
    data: bytes,
    *,
    total: int = 3,
    data_coding: int = 0,
    reference: int = 9,
    more: bytes = b"",
) -> Received:
    """One segment with an 8-bit reference and `more` in its header."""
    header = bytes((5 + len(more), 0, 3, reference, total, number)) + more
    return read(
        DeliverSm(esm_class=0x40, data_coding=data_coding, short_message=header + data)
    )


ONE, TWO, THREE = segment(1, b"one "), segment(2, b"two "), segment(3, b"three")


class AssembleTests(SynchronousTestCase):
    def test_any_order(self) -> None:
        """Segments are joined by their numbers."""
        self.assertEqual(assemble([THREE, ONE, TWO]), "one two three")

    def test_duplicates(self) -> None:
        """Of a number that came twice the first counts."""
        again = segment(2, b"2222")
        self.assertEqual(assemble([ONE, TWO, again, THREE, ONE]), "one two three")

    def test_missing(self) -> None:
        """A message that is not whole is refused, with what it lacks."""
        self.assertEqual(missing([THREE]), (1, 2))
        self.assertEqual(missing([ONE, TWO, THREE]), ())
        with self.assertRaises(IncompleteMessage) as refused:
            assemble([THREE, ONE])
        self.assertEqual(refused.exception.missing, (2,))

    def test_differing_messages(self) -> None:
        """Other totals, references or schemes are no segments of this message."""
        for other in (
            segment(2, b"", total=4),
            segment(2, b"", reference=10),
            read(DeliverSm(short_message=b"no segment")),
        ):
            for function in (assemble, assemble_partial, missing, assemble_octets):
                with self.assertRaises(TextError):
                    function([ONE, other, THREE])

    def test_mixed_alphabets(self) -> None:
        """Each segment is decoded by its own data_coding."""
        middle = segment(2, "я".encode("utf-16-be"), data_coding=8)
        self.assertEqual(assemble([ONE, middle, THREE]), "one яthree")

    def test_mixed_tables(self) -> None:
        """Each segment is decoded by its own national tables (23.038 6.2.1.2.3)."""
        middle = segment(2, b"\x0c", more=b"\x25\x01\x01")
        self.assertEqual(assemble([ONE, middle, THREE]), "one ğthree")

    def test_surrogates_cut_in_two(self) -> None:
        """A pair that the sender cut is one character again."""
        octets = "я😀я".encode("utf-16-be")
        for cut in (3, 4, 5):
            parts = [
                segment(1, octets[:cut], total=2, data_coding=8),
                segment(2, octets[cut:], total=2, data_coding=8),
            ]
            self.assertEqual(assemble(parts), "я😀я")

    def test_escape_cut_in_two(self) -> None:
        """An escape at a segment's end belongs to what the next begins with."""
        parts = [segment(1, b"5\x1b", total=2), segment(2, b"e!", total=2)]
        self.assertEqual(assemble(parts), "5€!")

    def test_stray_octet(self) -> None:
        """An octet too much in one UCS-2 segment does not spoil the next."""
        parts = [
            segment(1, b"\x04\x4f\x00", total=2, data_coding=8),
            segment(2, b"\x04\x4f", total=2, data_coding=8),
        ]
        self.assertEqual(assemble(parts), "яя")

    def test_binary(self) -> None:
        """Binary segments have no text, their octets are joined."""
        parts = [segment(n, bytes((n,)), data_coding=4) for n in (3, 1, 2)]
        with self.assertRaises(TextError):
            assemble(parts)
        self.assertEqual(assemble_octets(parts), b"\x01\x02\x03")
        with self.assertRaises(IncompleteMessage):
            assemble_octets(parts[:2])

    def test_nothing(self) -> None:
        """No segments are no message."""
        with self.assertRaises(TextError):
            assemble([])


class PartialTests(SynchronousTestCase):
    def test_gaps(self) -> None:
        """Each run of missing segments is marked once."""
        for parts, text in (
            ([ONE, TWO, THREE], "one two three"),
            ([THREE, ONE], "one [...]three"),
            ([TWO], "[...]two [...]"),
            ([THREE], "[...]three"),
            ([ONE], "one [...]"),
            ([], ""),
        ):
            self.assertEqual(assemble_partial(parts), text)

    def test_own_mark(self) -> None:
        """The caller may give another mark."""
        self.assertEqual(assemble_partial([ONE], gap="…"), "one …")
