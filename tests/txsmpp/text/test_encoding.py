"""From a text to short messages (SMPP 3.4 5.2.19, 3GPP TS 23.038, 23.040 9.2.3.24)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.text.support import delivered
from txsmpp.text.alphabet import Alphabet
from txsmpp.text.encoding import prepare
from txsmpp.text.errors import CannotEncode, TextTooLong
from txsmpp.text.language import Language
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.text.received import read
from txsmpp.text.segment import Segment
from txsmpp.tlv import Tag, Tlv

ALL = (
    Alphabet.GSM,
    Alphabet.ASCII,
    Alphabet.LATIN_1,
    Alphabet.CYRILLIC,
    Alphabet.HEBREW,
    Alphabet.UCS2,
)


def policy(**keys: Any) -> TextPolicy:
    """A policy that differs from the default in these keys."""
    return TextPolicy(**keys)


def lengths(text: str, **keys: Any) -> list[int]:
    """Characters in each segment."""
    return [
        len(read(delivered(segment), policy(**keys)).text or "")
        for segment in prepare(text, policy(**keys))
    ]


class ChoiceTests(SynchronousTestCase):
    """The cheapest of what is allowed."""

    def coding(self, text: str, **keys: Any) -> int:
        return prepare(text, policy(**keys))[0].data_coding

    def test_plain_text_is_gsm(self) -> None:
        """One octet a character, data_coding 0, no header."""
        self.assertEqual(prepare("Hi @ß"), (Segment(0, b"Hi \x00\x1e"),))

    def test_empty_text(self) -> None:
        """A message without text is one short message."""
        self.assertEqual(prepare(""), (Segment(0, b""),))

    def test_other_scripts_are_ucs2(self) -> None:
        """Big-endian, emoji as surrogate pairs (5.2.19, 23.038 6.2.3)."""
        (segment,) = prepare("я😀")
        self.assertEqual(segment, Segment(8, bytes.fromhex("044fd83dde00")))

    def test_latin_1_beats_ucs2(self) -> None:
        """What GSM lacks goes out as ISO 8859-1 if that is allowed."""
        self.assertEqual(self.coding("ç", alphabets=ALL), 3)
        self.assertEqual(self.coding("ç"), 8)

    def test_escapes_count(self) -> None:
        """Braces cost two septets each; ASCII has them for one octet."""
        self.assertEqual(self.coding("{}" * 20, alphabets=ALL), 1)
        self.assertEqual(self.coding("{}" + "a" * 40, alphabets=ALL), 0)

    def test_fewest_segments_come_first(self) -> None:
        """160 septets fit where 160 octets do not."""
        self.assertEqual(
            self.coding("a" * 160, alphabets=(Alphabet.ASCII, Alphabet.GSM)), 0
        )

    def test_order_decides_between_equals(self) -> None:
        """Of two that cost the same the policy's first is taken."""
        for order in (
            (Alphabet.ASCII, Alphabet.LATIN_1),
            (Alphabet.LATIN_1, Alphabet.ASCII),
        ):
            expected = {Alphabet.ASCII: 1, Alphabet.LATIN_1: 3}[order[0]]
            self.assertEqual(self.coding("abc", alphabets=order), expected)

    def test_cyrillic_and_hebrew(self) -> None:
        """One octet a letter where the SM-SC takes that (5.2.19)."""
        self.assertEqual(self.coding("Привет", alphabets=ALL), 6)
        self.assertEqual(self.coding("שלום", alphabets=ALL), 7)

    def test_nothing_fits(self) -> None:
        """A text that no allowed alphabet has is refused, never changed."""
        for text, allowed in (
            ("я", Alphabet.GSM),
            ("€", Alphabet.LATIN_1),
            ("é", Alphabet.ASCII),
        ):
            with self.assertRaises(CannotEncode):
                prepare(text, policy(alphabets=(allowed,)))
        with self.assertRaises(CannotEncode):
            prepare("\ud83d")

    def test_default_alphabet_is_latin_1(self) -> None:
        """Then data_coding 0 is for what ISO 8859-1 and GSM both have."""
        latin = {"default_alphabet": Alphabet.LATIN_1}
        self.assertEqual(prepare("@ä", policy(**latin)), (Segment(0, b"@\xe4"),))
        self.assertEqual(self.coding("€", **latin), 8)
        self.assertEqual(self.coding("ç", **latin), 8)
        self.assertEqual(lengths("a" * 161, **latin), [153, 8])
        self.assertEqual(lengths("{" * 81, **latin), [76, 5])

    def test_default_alphabet_is_ascii(self) -> None:
        """Then data_coding 0 is for ASCII that GSM has too."""
        plain = {"default_alphabet": Alphabet.ASCII}
        self.assertEqual(prepare("@", policy(**plain)), (Segment(0, b"@"),))
        self.assertEqual(self.coding("`", **plain), 8)
        self.assertEqual(self.coding("ä", **plain), 8)

    def test_packed_septets(self) -> None:
        """An SM-SC that wants them gets septets packed."""
        (segment,) = prepare("hellohello", policy(packed=True))
        self.assertEqual(segment.payload.hex(), "e8329bfd4697d9ec37")
        first, second = prepare("a" * 161, policy(packed=True))
        self.assertEqual((len(first.payload), len(second.payload)), (140, 14))

    def test_packed_carriage_return_at_the_limit(self) -> None:
        """Written twice, it still stays within 140 octets."""
        for length in (159, 160):
            for segment in prepare("a" * (length - 1) + "\r", policy(packed=True)):
                self.assertLessEqual(len(segment.payload), 140)

    def test_transliteration(self) -> None:
        """Typographic signs become plain ones where that saves UCS-2, if wanted."""
        text = "“It’s 5 – 6…”"
        self.assertEqual(self.coding(text), 8)
        (segment,) = prepare(text, policy(transliterate=True))
        self.assertEqual(segment, Segment(0, b'"It\'s 5 - 6..."'))

    def test_transliteration_that_does_not_help(self) -> None:
        """Nothing is changed in a text that has to be UCS-2 anyway."""
        text = "“я”"
        (segment,) = prepare(text, policy(transliterate=True))
        self.assertEqual(segment.payload.decode("utf-16-be"), text)


class NationalLanguageTests(SynchronousTestCase):
    def test_single_shift(self) -> None:
        """Element 0x24 names the table; 155 septets remain (23.040 9.2.3.24.15)."""
        turkish = {"single_shift": (Language.TURKISH,)}
        (segment,) = prepare("Ağaç dalı", policy(**turkish))
        self.assertEqual(
            segment, Segment(0, b"\x03\x24\x01\x01A\x1bga\x1bc dal\x1bi", udhi=True)
        )
        self.assertEqual(lengths("ğ" + "a" * 153, **turkish), [154])
        self.assertEqual(lengths("ğ" + "a" * 154, **turkish), [148, 7])

    def test_locking_shift(self) -> None:
        """Element 0x25, one septet a letter (23.040 9.2.3.24.16)."""
        keys = {
            "locking_shift": (Language.TURKISH,),
            "single_shift": (Language.TURKISH,),
        }
        (segment,) = prepare("ğışĞİŞ" * 3, policy(**keys))
        self.assertEqual(segment.payload[:4].hex(), "03250101")
        self.assertEqual(lengths("ğ" * 155, **keys), [155])
        self.assertEqual(lengths("ğ" * 156, **keys), [149, 7])

    def test_both_shifts(self) -> None:
        """A Hindi text with Latin capitals needs both; 152 septets (A.2.6, A.3.6)."""
        keys = {"locking_shift": (Language.HINDI,), "single_shift": (Language.HINDI,)}
        text = "नमस्ते " * 20 + "SMS"
        (segment,) = prepare(text, policy(**keys))
        self.assertEqual(segment.payload[:7].hex(), "06240106250106")
        self.assertEqual(read(delivered(segment)).text, text)

    def test_header_costs(self) -> None:
        """A header is not paid for where the text needs none, or UCS-2 is cheaper."""
        keys = {"single_shift": tuple(Language)}
        self.assertEqual(prepare("plain", policy(**keys)), (Segment(0, b"plain"),))
        self.assertEqual(prepare("ğ", policy(**keys))[0].data_coding, 8)

    def test_each_segment_names_the_tables(self) -> None:
        """A shift holds for its own segment only (23.038 6.2.1.2.3)."""
        keys = {"locking_shift": (Language.TURKISH,)}
        segments = prepare("ğ" * 160, policy(**keys), 5)
        self.assertEqual(
            [segment.payload[:9].hex() for segment in segments],
            ["080003050201250101", "080003050202250101"],
        )

    def test_not_allowed(self) -> None:
        """Without leave of the policy no table is used."""
        self.assertEqual(prepare("ğış" * 10)[0].data_coding, 8)


class BoundaryTests(SynchronousTestCase):
    def test_gsm(self) -> None:
        """160 septets alone, 153 with an 8-bit reference (23.040 9.2.3.24.1)."""
        self.assertEqual(lengths("a" * 160), [160])
        self.assertEqual(lengths("a" * 161), [153, 8])
        self.assertEqual(lengths("a" * 306), [153, 153])
        self.assertEqual(lengths("a" * 307), [153, 153, 1])

    def test_gsm_with_16_bit_reference(self) -> None:
        """152 septets (23.040 9.2.3.24.8)."""
        keys = {"segmentation": Segmentation.UDH_16}
        self.assertEqual(lengths("a" * 160, **keys), [160])
        self.assertEqual(lengths("a" * 304, **keys), [152, 152])
        self.assertEqual(lengths("a" * 305, **keys), [152, 152, 1])

    def test_euro_at_160(self) -> None:
        """The euro sign takes two septets and is not cut (23.038 6.2.1.1)."""
        self.assertEqual(lengths("a" * 158 + "€"), [159])
        self.assertEqual(lengths("a" * 159 + "€"), [153, 7])
        self.assertEqual(lengths("a" * 152 + "€" + "a" * 20), [152, 21])
        segments = prepare("a" * 152 + "€" + "a" * 20)
        self.assertFalse(segments[0].payload.endswith(b"\x1b"))

    def test_ucs2(self) -> None:
        """70 characters alone, 67 and 66 in segments."""
        self.assertEqual(lengths("я" * 70), [70])
        self.assertEqual(lengths("я" * 71), [67, 4])
        self.assertEqual(lengths("я" * 134), [67, 67])
        self.assertEqual(lengths("я" * 135), [67, 67, 1])
        self.assertEqual(
            lengths("я" * 133, segmentation=Segmentation.UDH_16), [66, 66, 1]
        )

    def test_emoji_at_70(self) -> None:
        """An emoji takes two characters and is not cut."""
        self.assertEqual(lengths("я" * 68 + "😀"), [69])
        self.assertEqual(lengths("я" * 69 + "😀"), [67, 3])
        self.assertEqual(lengths("я" * 66 + "😀" + "я" * 9), [66, 10])

    def test_octets(self) -> None:
        """140 octets alone, 134 and 133 in segments."""
        keys = {"alphabets": (Alphabet.LATIN_1,)}
        self.assertEqual(lengths("ç" * 140, **keys), [140])
        self.assertEqual(lengths("ç" * 141, **keys), [134, 7])
        self.assertEqual(lengths("ç" * 268, **keys), [134, 134])
        keys["segmentation"] = Segmentation.UDH_16  # type: ignore[assignment]
        self.assertEqual(lengths("ç" * 141, **keys), [133, 8])

    def test_sar(self) -> None:
        """The numbers are parameters; the policy says what a segment may carry."""
        keys: dict[str, Any] = {"segmentation": Segmentation.SAR}
        self.assertEqual(lengths("a" * 160, **keys), [160])
        self.assertEqual(lengths("a" * 161, **keys), [153, 8])
        keys["sar_octets"] = 140
        self.assertEqual(lengths("a" * 320, **keys), [160, 160])
        self.assertEqual(lengths("a" * 321, **keys), [160, 160, 1])
        self.assertEqual(lengths("я" * 141, **keys), [70, 70, 1])

    def test_a_smaller_limit(self) -> None:
        """An SM-SC that carries less says so in the policy."""
        self.assertEqual(lengths("a" * 93, single_octets=81, sar_octets=80), [85, 8])
        self.assertEqual(lengths("a" * 92, single_octets=81, sar_octets=80), [92])

    def test_fill_bits_count(self) -> None:
        """Septets after a header begin at a multiple of seven bits (23.040)."""
        keys: dict[str, Any] = {
            "single_octets": 20,
            "sar_octets": 20,
            "segmentation": Segmentation.SAR,
            "locking_shift": (Language.HINDI,),
        }
        self.assertEqual(lengths("\u0905" * 17, **keys), [17])
        self.assertEqual(lengths("\u0905" * 18, **keys), [17, 1])

    def test_clusters(self) -> None:
        """An emoji sequence is kept whole where no segment more is needed."""
        family = "👨\u200d👩\u200d👧"
        self.assertEqual(lengths("я" * 64 + family + "я"), [64, 6])
        self.assertEqual(lengths("a\u0301" * 40), [66, 14])

    def test_clusters_cost_no_segment(self) -> None:
        """It is cut, between its code points, where that would take another one."""
        family = "👨\u200d👩\u200d👧"
        text = "я" * 64 + family + "я" * 62
        self.assertEqual(lengths(text), [66, 65])
        self.assertEqual(lengths(text + "я"), [64, 64, 4])
        self.assertEqual(lengths(text[:-4]), [64, 63])

    def test_clusters_before_pairs(self) -> None:
        """Surrogate pairs leave odd segments a character short, which counts too."""
        keys = {
            "segmentation": Segmentation.SAR,
            "single_octets": 22,
            "sar_octets": 22,
        }
        self.assertEqual(lengths("я" * 9 + "👍🏽" + "😀" * 9, **keys), [10, 5, 5])
        self.assertEqual(lengths("я" * 9 + "👍🏽" + "😀" * 8, **keys), [9, 5, 5])


class SegmentationTests(SynchronousTestCase):
    def test_udh8(self) -> None:
        """The header has reference, total and number (23.040 9.2.3.24.1)."""
        segments = prepare("a" * 161, policy(), 0x1FE)
        self.assertEqual(segments[0].payload[:6].hex(), "050003fe0201")
        self.assertEqual(segments[1].payload[:6].hex(), "050003fe0202")
        self.assertEqual(
            [(s.udhi, s.total, s.number, s.reference, s.sar) for s in segments],
            [(True, 2, 1, 0xFE, False), (True, 2, 2, 0xFE, False)],
        )
        self.assertEqual(segments[0].tlvs(), ())

    def test_udh16(self) -> None:
        """The reference has two octets (23.040 9.2.3.24.8)."""
        keys = policy(segmentation=Segmentation.UDH_16)
        segments = prepare("a" * 161, keys, 0x1FE)
        self.assertEqual(segments[1].payload[:7].hex(), "06080401fe0202")
        self.assertEqual(segments[1].reference, 0x1FE)

    def test_sar(self) -> None:
        """sar_msg_ref_num, sar_total_segments, sar_segment_seqnum (5.3.2.22 to .24)."""
        segments = prepare("a" * 161, policy(segmentation=Segmentation.SAR), 0x10203)
        self.assertEqual(
            segments[1].tlvs(),
            (
                Tlv(Tag.SAR_MSG_REF_NUM, b"\x02\x03"),
                Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\x02"),
                Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\x02"),
            ),
        )
        self.assertEqual(segments[1].short_message(), b"a" * 8)
        self.assertFalse(segments[1].udhi)

    def test_payload(self) -> None:
        """Only a long text goes into message_payload, and whole (5.3.2.32)."""
        keys = policy(segmentation=Segmentation.PAYLOAD)
        (segment,) = prepare("a" * 161, keys)
        self.assertTrue(segment.in_tlv)
        self.assertEqual(segment.short_message(), b"")
        self.assertEqual(segment.tlvs(), (Tlv(Tag.MESSAGE_PAYLOAD, b"a" * 161),))
        self.assertEqual(prepare("a" * 160, keys), (Segment(0, b"a" * 160),))

    def test_strings_from_a_config_file(self) -> None:
        """A policy reads from plain values, faults named by their key."""
        read_in = msgspec.convert(
            {
                "segmentation": "udh16",
                "alphabets": ["gsm"],
                "single_shift": ["turkish"],
            },
            TextPolicy,
        )
        self.assertEqual(read_in.segmentation, Segmentation.UDH_16)
        faults: tuple[dict[str, Any], ...] = (
            {"alphabets": []},
            {"alphabets": ["jis"]},
            {"default_alphabet": "ucs2"},
            {"single_octets": 141},
            {"single_octets": 19, "sar_octets": 19},
            {"sar_octets": 19},
            {"payload_octets": 65536},
            {"max_segments": 0},
            {"max_segments": 256},
            {"locking_shift": ["spanish"]},
        )
        for fault in faults:
            with self.assertRaises(msgspec.ValidationError) as refused:
                msgspec.convert(fault, TextPolicy)
            self.assertIn(next(iter(fault)), str(refused.exception))


class LimitTests(SynchronousTestCase):
    def test_segments(self) -> None:
        """As many segments as the policy allows, and not one more."""
        for segmentation in Segmentation:
            keys = policy(max_segments=3, segmentation=segmentation)
            room = 152 if segmentation == Segmentation.UDH_16 else 153
            prepare("a" * room * 3, keys)
            with self.assertRaises(TextTooLong):
                prepare("a" * (room * 3 + 1), keys)
            with self.assertRaises(TextTooLong):
                prepare("a" * 10_000_000, keys)

    def test_all_255_segments(self) -> None:
        """The most that a header can number (23.040 9.2.3.24.1)."""
        self.assertEqual(len(prepare("a" * 153 * 255)), 255)
        with self.assertRaises(TextTooLong):
            prepare("a" * (153 * 255 + 1))

    def test_payload_octets(self) -> None:
        """The policy limits message_payload; the header counts."""
        keys = policy(segmentation=Segmentation.PAYLOAD, payload_octets=1000)
        prepare("a" * 1000, keys)
        with self.assertRaises(TextTooLong):
            prepare("a" * 1001, keys)

    def test_marks_without_end(self) -> None:
        """A text of nothing but marks and joiners is cut all the same."""
        for text in ("\u0301" * 5000, "😀\u200d" * 1500, "🇨" * 3000):
            segments = prepare(text)
            units = len(text.encode("utf-16-be")) // 2
            self.assertLessEqual(len(segments), -(-units // 66))
