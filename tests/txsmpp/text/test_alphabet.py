"""Values of data_coding (SMPP 3.4 5.2.19, 3GPP TS 23.038 4)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.alphabet import CODINGS, Alphabet, coding_of, decode_octets
from txsmpp.text.errors import TextError


class CodingTests(SynchronousTestCase):
    def test_values_of_smpp(self) -> None:
        """The values 0 to 14 name what SMPP says (5.2.19)."""
        named = {value: CODINGS[value].alphabet for value in range(16)}
        self.assertEqual(
            named,
            {
                0: Alphabet.DEFAULT,
                1: Alphabet.ASCII,
                2: Alphabet.BINARY,
                3: Alphabet.LATIN_1,
                4: Alphabet.BINARY,
                5: Alphabet.JIS,
                6: Alphabet.CYRILLIC,
                7: Alphabet.HEBREW,
                8: Alphabet.UCS2,
                9: Alphabet.BINARY,
                10: Alphabet.ISO_2022_JP,
                11: Alphabet.UCS2,
                12: Alphabet.DEFAULT,
                13: Alphabet.EXTENDED_KANJI,
                14: Alphabet.KS_C_5601,
                15: Alphabet.DEFAULT,
            },
        )

    def test_general_group_with_class(self) -> None:
        """0x10 to 0x1F: alphabet in bits 3 and 2, class in bits 1 and 0 (4)."""
        self.assertEqual(coding_of(0x10).alphabet, Alphabet.GSM)
        self.assertEqual(coding_of(0x10).message_class, 0)
        self.assertEqual(coding_of(0x16).alphabet, Alphabet.BINARY)
        self.assertEqual(coding_of(0x16).message_class, 2)
        self.assertEqual(coding_of(0x18).alphabet, Alphabet.UCS2)
        self.assertEqual(coding_of(0x1C).alphabet, Alphabet.DEFAULT)

    def test_automatic_deletion_group(self) -> None:
        """0x40 to 0x5F read as the general group does (4)."""
        self.assertEqual(coding_of(0x48).alphabet, Alphabet.UCS2)
        self.assertIsNone(coding_of(0x48).message_class)
        self.assertEqual(coding_of(0x53).message_class, 3)

    def test_compressed_text_is_refused(self) -> None:
        """Bit 5 of the general groups says compressed (4, TS 23.042)."""
        for value in (*range(0x20, 0x40), *range(0x60, 0x80)):
            with self.assertRaises(TextError):
                coding_of(value)

    def test_reserved_groups(self) -> None:
        """Reserved codings count as the default alphabet (4)."""
        for value in range(0x80, 0xC0):
            self.assertEqual(coding_of(value).alphabet, Alphabet.DEFAULT)

    def test_message_waiting_groups(self) -> None:
        """0xC0 to 0xDF are GSM, 0xE0 to 0xEF UCS-2, with an indication (4)."""
        self.assertEqual(coding_of(0xC8).alphabet, Alphabet.GSM)
        self.assertEqual(coding_of(0xD9).waiting, 0b1001)
        self.assertEqual(coding_of(0xE0).alphabet, Alphabet.UCS2)

    def test_message_class_group(self) -> None:
        """0xF0 to 0xFF: bit 2 says 8-bit data (4)."""
        self.assertEqual(coding_of(0xF0).alphabet, Alphabet.GSM)
        self.assertEqual(coding_of(0xF1).message_class, 1)
        self.assertEqual(coding_of(0xF5).alphabet, Alphabet.BINARY)


class DecodingTests(SynchronousTestCase):
    def test_alphabets_of_countries(self) -> None:
        """Cyrillic, Hebrew, Japanese and Korean octets become text (5.2.19)."""
        for alphabet, codec, text in (
            (Alphabet.CYRILLIC, "iso8859-5", "Привет"),
            (Alphabet.HEBREW, "iso8859-8", "שלום"),
            (Alphabet.JIS, "shift_jis", "日本語ｶﾅ"),
            (Alphabet.JIS, "iso2022_jp", "日本語"),
            (Alphabet.ISO_2022_JP, "iso2022_jp", "日本語"),
            (Alphabet.EXTENDED_KANJI, "euc_jp", "日本語丂"),
            (Alphabet.EXTENDED_KANJI, "iso2022_jp_1", "日本語丂"),
            (Alphabet.KS_C_5601, "euc_kr", "안녕"),
            (Alphabet.LATIN_1, "latin-1", "çé"),
        ):
            self.assertEqual(decode_octets(text.encode(codec), alphabet), text)

    def test_undecodable_octets(self) -> None:
        """What is no character becomes U+FFFD."""
        self.assertEqual(decode_octets(b"a\x80", Alphabet.ASCII), "a\ufffd")
        self.assertEqual(decode_octets(b"\xd8\x3d", Alphabet.UCS2), "\ufffd")

    def test_odd_number_of_octets(self) -> None:
        """A UCS-2 text loses an octet that is half a character."""
        self.assertEqual(decode_octets(b"\x04\x1f\x04", Alphabet.UCS2), "П")
