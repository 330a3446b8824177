"""Reading a short message (SMPP 3.4 4.6.1, 5.2.19, 5.3.2)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsmpp.pdu import DataSm, DeliverSm, SubmitSm
from txsmpp.text.alphabet import Alphabet
from txsmpp.text.errors import TextError
from txsmpp.text.language import Language
from txsmpp.text.policy import TextPolicy
from txsmpp.text.received import Concatenation, read, user_data
from txsmpp.text.udh import Scheme
from txsmpp.tlv import Tag, Tlv, of_integer


def message(data: bytes, data_coding: int = 0, esm_class: int = 0) -> DeliverSm:
    """A deliver_sm with this short_message."""
    return DeliverSm(short_message=data, data_coding=data_coding, esm_class=esm_class)


class TextTests(SynchronousTestCase):
    def test_default_alphabet(self) -> None:
        """data_coding 0 is GSM 7 bit, one septet an octet."""
        received = read(message(b"\x00 \x1be"))
        self.assertEqual(received.text, "@ €")
        self.assertEqual(received.alphabet, Alphabet.GSM)
        self.assertFalse(received.lossy)

    def test_default_alphabet_of_the_policy(self) -> None:
        """An SM-SC may take data_coding 0 for something else (5.2.19)."""
        latin = TextPolicy(default_alphabet=Alphabet.LATIN_1)
        self.assertEqual(read(message(b"@\xe7"), latin).text, "@ç")
        plain = TextPolicy(default_alphabet=Alphabet.ASCII)
        received = read(message(b"@\xe7"), plain)
        self.assertEqual((received.text, received.lossy), ("@\ufffd", True))
        self.assertEqual(read(message(b"\x00", 0xF0), latin).text, "@")

    def test_packed(self) -> None:
        """Septets come packed where the policy says so, and are kept unpacked."""
        data = bytes.fromhex("e8329bfd4697d9ec37")
        received = read(message(data), TextPolicy(packed=True))
        self.assertEqual(received.text, "hellohello")
        self.assertEqual(received.octets, b"hellohello")

    def test_packed_after_a_header(self) -> None:
        """They begin on a septet boundary (TS 23.040 9.2.3.24)."""
        data = bytes.fromhex("050003cc0201") + bytes((ord("h") << 1,))
        received = read(message(data, esm_class=0x40), TextPolicy(packed=True))
        self.assertEqual(received.text, "h")

    def test_ucs2(self) -> None:
        """UTF-16 in big-endian order (23.038 6.2.3)."""
        self.assertEqual(read(message("я😀".encode("utf-16-be"), 8)).text, "я😀")

    def test_odd_ucs2(self) -> None:
        """An octet too much is left out and marked."""
        received = read(message(b"\x04\x4f\x00", 8))
        self.assertEqual((received.text, received.lossy), ("я", True))

    def test_replacement_character_itself(self) -> None:
        """U+FFFD that the sender wrote is no loss, half a pair is."""
        self.assertFalse(read(message(b"\xff\xfd", 8)).lossy)
        self.assertTrue(read(message(b"\xd8\x3d", 8)).lossy)

    def test_undecodable_octets(self) -> None:
        """They become U+FFFD, and the message is marked."""
        received = read(message(b"a\x90"))
        self.assertEqual((received.text, received.lossy), ("a\ufffd", True))

    def test_binary(self) -> None:
        """8-bit data has no text (5.2.19)."""
        for data_coding in (2, 4, 0xF5, 0x16):
            received = read(message(b"\x01\xff", data_coding))
            self.assertIsNone(received.text)
            self.assertEqual(received.octets, b"\x01\xff")

    def test_message_class(self) -> None:
        """The class of the GSM groups is told (23.038 4)."""
        received = read(message(b"\x04\x4f", 0x18))
        self.assertEqual((received.text, received.message_class), ("я", 0))

    def test_compressed(self) -> None:
        """Compressed text is refused (TS 23.042)."""
        with self.assertRaises(TextError):
            read(message(b"abc", 0x20))


class PlaceTests(SynchronousTestCase):
    def test_payload_parameter(self) -> None:
        """message_payload is read where short_message is empty (5.3.2.32)."""
        tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, b"long"),)
        self.assertEqual(read(DeliverSm(tlvs=tlvs)).text, "long")
        self.assertEqual(read(SubmitSm(tlvs=tlvs)).text, "long")
        self.assertEqual(read(DataSm(tlvs=tlvs)).text, "long")
        self.assertEqual(user_data(DeliverSm(short_message=b"s", tlvs=tlvs)), b"s")
        self.assertEqual(read(DataSm()).text, "")

    def test_header_in_the_payload_parameter(self) -> None:
        """esm_class says the same of message_payload (5.2.12)."""
        data = bytes.fromhex("050003cc0201") + b"text"
        received = read(DataSm(esm_class=0x40, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, data),)))
        self.assertEqual(received.text, "text")
        self.assertEqual(received.concatenation, Concatenation(0xCC, 2, 1))

    def test_header_without_its_bit(self) -> None:
        """Without UDHI the octets are text (5.2.12)."""
        self.assertIsNone(read(message(b"\x05\x00\x03\xcc\x02\x01a")).concatenation)

    def test_malformed_header(self) -> None:
        """A header that does not fit is an error."""
        for data in (b"", b"\x05\x00\x03", b"\x02\x00\x03abc"):
            with self.assertRaises(TextError):
                read(message(data, esm_class=0x40))

    def test_sar_parameters(self) -> None:
        """The three sar_* parameters make a segment (5.3.2.22 to .24)."""
        tlvs = (
            of_integer(Tag.SAR_MSG_REF_NUM, 0x1234),
            of_integer(Tag.SAR_TOTAL_SEGMENTS, 3),
            of_integer(Tag.SAR_SEGMENT_SEQNUM, 2),
        )
        place = Concatenation(0x1234, 3, 2, Scheme.SAR)
        self.assertEqual(read(DeliverSm(tlvs=tlvs)).concatenation, place)
        for without in range(3):
            some = tlvs[:without] + tlvs[without + 1 :]
            self.assertIsNone(read(DeliverSm(tlvs=some)).concatenation)

    def test_sar_parameters_of_odd_width(self) -> None:
        """Numbers are read in whatever width they come, nonsense is no segment."""
        for reference, total, number, known in (
            (b"\x07", b"\x00\x02", b"\x01", True),
            (b"\x00\x07", b"\x02", b"\x03", False),
            (b"\x00\x07", b"\x02", b"\x00", False),
            (b"\x00\x07", b"\x01\x00", b"\x01", False),
            (b"", b"\x02", b"\x01", False),
            (b"\x00" * 5, b"\x02", b"\x01", False),
        ):
            tlvs = (
                Tlv(Tag.SAR_MSG_REF_NUM, reference),
                Tlv(Tag.SAR_TOTAL_SEGMENTS, total),
                Tlv(Tag.SAR_SEGMENT_SEQNUM, number),
            )
            place = read(DeliverSm(tlvs=tlvs)).concatenation
            self.assertEqual(place is not None, known)

    def test_header_wins_over_parameters(self) -> None:
        """The header is what the sender wrote."""
        pdu = DeliverSm(
            esm_class=0x40,
            short_message=bytes.fromhex("050003cc0201"),
            tlvs=(
                of_integer(Tag.SAR_MSG_REF_NUM, 1),
                of_integer(Tag.SAR_TOTAL_SEGMENTS, 3),
                of_integer(Tag.SAR_SEGMENT_SEQNUM, 2),
            ),
        )
        self.assertEqual(read(pdu).concatenation, Concatenation(0xCC, 2, 1))

    def test_ports(self) -> None:
        """From the header (23.040 9.2.3.24.4) or parameters (5.3.2.20, .21)."""
        header = bytes.fromhex("0605040b8423f0")
        self.assertEqual(read(message(header, 4, 0x40)).ports, (2948, 9200))
        tlvs = (
            of_integer(Tag.SOURCE_PORT, 9200),
            of_integer(Tag.DESTINATION_PORT, 2948),
        )
        self.assertEqual(read(DeliverSm(tlvs=tlvs)).ports, (2948, 9200))
        self.assertEqual(read(DeliverSm(tlvs=tlvs[:1])).ports, (0, 9200))

    def test_national_tables(self) -> None:
        """The header's tables decode the text (23.040 9.2.3.24.15, .16)."""
        received = read(message(b"\x03\x25\x01\x01\x0c\x07\x1d", esm_class=0x40))
        self.assertEqual(received.text, "ğış")
        self.assertEqual(received.locking_shift, Language.TURKISH)
        received = read(message(b"\x03\x24\x01\x01\x1bg", esm_class=0x40))
        self.assertEqual(
            (received.text, received.single_shift), ("ğ", Language.TURKISH)
        )

    def test_language_indicator(self) -> None:
        """The parameter is handed on (5.3.2.19)."""
        tlvs = (of_integer(Tag.LANGUAGE_INDICATOR, 3),)
        self.assertEqual(read(DeliverSm(tlvs=tlvs)).language_indicator, 3)
        self.assertIsNone(read(DeliverSm()).language_indicator)

    @settings(deadline=None, max_examples=100)
    @given(
        st.binary(max_size=160), st.integers(0, 255), st.integers(0, 255), st.booleans()
    )
    def test_any_octets(
        self, data: bytes, coding: int, esm_class: int, packed: bool
    ) -> None:
        """A message is read or refused with TextError, never anything else."""
        try:
            received = read(message(data, coding, esm_class), TextPolicy(packed=packed))
        except TextError:
            return
        self.assertEqual(received.text is None, received.alphabet == Alphabet.BINARY)
