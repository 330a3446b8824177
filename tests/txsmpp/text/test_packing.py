"""Packed septets (3GPP TS 23.038 6.1.2)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.packing import fill_bits, pack, unpack

SEPTETS = st.lists(st.integers(0, 127), max_size=200).map(bytes)


class PackingTests(SynchronousTestCase):
    def test_known_octets(self) -> None:
        """The example that everyone knows."""
        self.assertEqual(pack(b"hellohello").hex(), "e8329bfd4697d9ec37")
        self.assertEqual(unpack(bytes.fromhex("e8329bfd4697d9ec37")), b"hellohello")

    def test_fill_bits_after_a_header(self) -> None:
        """Septets begin on a septet boundary (TS 23.040 9.2.3.24)."""
        self.assertEqual(
            [fill_bits(n) for n in (0, 4, 6, 7, 9, 12)], [0, 3, 1, 0, 5, 2]
        )

    def test_160_septets_are_140_octets(self) -> None:
        """The most that a short message has (TS 23.040 9.2.3.16)."""
        self.assertEqual(len(pack(b"a" * 160)), 140)
        self.assertEqual(len(pack(b"a" * 153, fill_bits(6))), 134)
        self.assertEqual(len(pack(b"a" * 152, fill_bits(7))), 133)

    def test_seven_spare_bits_are_a_carriage_return(self) -> None:
        """So that no @ is read there (6.1.2.3.1)."""
        self.assertEqual(pack(b"1234567"), pack(b"1234567\r\r")[:7])
        self.assertEqual(unpack(pack(b"1234567")), b"1234567")

    def test_carriage_return_on_an_octet_boundary(self) -> None:
        """It is written twice, which means the same (6.1.2.3.1)."""
        self.assertEqual(unpack(pack(b"1234567\r")), b"1234567\r\r")

    def test_nothing(self) -> None:
        """No septets are no octets, whatever the fill."""
        for fill in range(7):
            self.assertEqual(pack(b"", fill), b"")
            self.assertEqual(unpack(b"", fill), b"")

    @settings(deadline=None, max_examples=100)
    @given(SEPTETS, st.integers(0, 6))
    def test_round_trip(self, septets: bytes, fill: int) -> None:
        """What is packed is unpacked, but for carriage returns at the end."""
        septets = septets.rstrip(b"\r")
        self.assertEqual(unpack(pack(septets, fill), fill), septets)
