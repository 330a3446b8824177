"""The tables of 3GPP TS 23.038, against what Unicode says of their characters."""

from __future__ import annotations

import unicodedata
import zlib

from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.language import IDENTIFIERS, Language
from txsmpp.text.national import DEFAULT, EXTENSION, LOCKING_SHIFT, SINGLE_SHIFT, Table

SCRIPTS = {
    Language.BENGALI: "BENGALI",
    Language.GUJARATI: "GUJARATI",
    Language.HINDI: "DEVANAGARI",
    Language.KANNADA: "KANNADA",
    Language.MALAYALAM: "MALAYALAM",
    Language.ORIYA: "ORIYA",
    Language.PUNJABI: "GURMUKHI",
    Language.TAMIL: "TAMIL",
    Language.TELUGU: "TELUGU",
}

# How many septets of each table mean a character.
LOCKING_SIZES = {
    Language.TURKISH: 127,
    Language.PORTUGUESE: 127,
    Language.BENGALI: 114,
    Language.GUJARATI: 120,
    Language.HINDI: 127,
    Language.KANNADA: 120,
    Language.MALAYALAM: 120,
    Language.ORIYA: 116,
    Language.PUNJABI: 110,
    Language.TAMIL: 102,
    Language.TELUGU: 120,
    Language.URDU: 127,
}
SINGLE_SIZES = {
    Language.TURKISH: 17,
    Language.SPANISH: 19,
    Language.PORTUGUESE: 37,
    Language.BENGALI: 82,
    Language.GUJARATI: 70,
    Language.HINDI: 88,
    Language.KANNADA: 73,
    Language.MALAYALAM: 82,
    Language.ORIYA: 75,
    Language.PUNJABI: 76,
    Language.TAMIL: 77,
    Language.TELUGU: 78,
    Language.URDU: 90,
}

# Of each table, unused septets as NUL, in UTF-16, so that no character can move unseen.
# Computed from another rendering of TS 23.038 (18.0.0), corrected where a further one
# has it otherwise: the comma 0x2C of A.3.4 on, 0x24 of A.3.7, the euro of A.2.12.
LOCKING_SUMS = {
    Language.TURKISH: 0x14F4B986,
    Language.PORTUGUESE: 0xBE3A9395,
    Language.BENGALI: 0xF1FA0E40,
    Language.GUJARATI: 0xA1FA4F4C,
    Language.HINDI: 0xCC3D2939,
    Language.KANNADA: 0xBFDA5917,
    Language.MALAYALAM: 0xF1991F71,
    Language.ORIYA: 0xAB176CAE,
    Language.PUNJABI: 0x471D4D29,
    Language.TAMIL: 0x962A9225,
    Language.TELUGU: 0xD18E04CE,
    Language.URDU: 0x526F497D,
}
SINGLE_SUMS = {
    Language.TURKISH: 0x6270DB01,
    Language.SPANISH: 0x453714ED,
    Language.PORTUGUESE: 0xAEE36E6B,
    Language.BENGALI: 0x0B3857C3,
    Language.GUJARATI: 0x3B9E5881,
    Language.HINDI: 0xFDE99848,
    Language.KANNADA: 0x286AE469,
    Language.MALAYALAM: 0xDEEA0DC5,
    Language.ORIYA: 0x9C94377C,
    Language.PUNJABI: 0x053F7AA4,
    Language.TAMIL: 0x17C0469E,
    Language.TELUGU: 0x135FFB05,
    Language.URDU: 0x9E0A1DBE,
}


def crc(table: Table) -> int:
    """The sum of one table."""
    text = "".join(table.get(code, "\0") for code in range(128))
    return zlib.crc32(text.encode("utf-16-be"))


class DefaultAlphabetTests(SynchronousTestCase):
    def test_default_alphabet_is_whole(self) -> None:
        """127 septets have a character of their own, 0x1B is the escape (6.2.1)."""
        self.assertEqual(set(DEFAULT), set(range(128)) - {0x1B})
        self.assertEqual(len(set(DEFAULT.values())), 127)

    def test_letters_and_digits_are_where_ascii_has_them(self) -> None:
        """Digits and the English letters have their ASCII codes (6.2.1)."""
        for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)):
            self.assertEqual(DEFAULT[code], chr(code))

    def test_the_corners_of_the_table(self) -> None:
        """First and last character of each column (6.2.1)."""
        corners = "".join(
            DEFAULT[code + low] for code in range(0, 128, 16) for low in (0, 15)
        )
        self.assertEqual(corners, "@åΔÉ /0?¡OP§¿opà")

    def test_extension_table(self) -> None:
        """The ten characters that are escaped (6.2.1.1)."""
        self.assertEqual(
            {chr(code): character for code, character in EXTENSION.items()},
            {
                "\n": "\f",
                "\x14": "^",
                "(": "{",
                ")": "}",
                "/": "\\",
                "<": "[",
                "=": "~",
                ">": "]",
                "@": "|",
                "e": "€",
            },
        )


class NationalTableTests(SynchronousTestCase):
    def test_identifiers(self) -> None:
        """The languages are numbered 1 to 13 in the TS's order (6.2.1.2.4.1)."""
        self.assertEqual(list(IDENTIFIERS.values()), list(range(1, 14)))
        self.assertEqual(IDENTIFIERS[Language.SPANISH], 2)
        self.assertEqual(IDENTIFIERS[Language.URDU], 13)

    def test_which_languages_have_tables(self) -> None:
        """All have a single shift table, all but Spanish a locking one (A.2, A.3.2)."""
        self.assertEqual(set(SINGLE_SHIFT), set(Language))
        self.assertEqual(set(LOCKING_SHIFT), set(Language) - {Language.SPANISH})

    def test_sizes(self) -> None:
        """How many characters each table has (A.2, A.3)."""
        self.assertEqual(
            {name: len(table) for name, table in LOCKING_SHIFT.items()}, LOCKING_SIZES
        )
        self.assertEqual(
            {name: len(table) for name, table in SINGLE_SHIFT.items()}, SINGLE_SIZES
        )

    def test_every_character(self) -> None:
        """Each table is as it was checked against other renderings (A.2, A.3)."""
        sums = {name: crc(table) for name, table in LOCKING_SHIFT.items()}
        self.assertEqual(sums, LOCKING_SUMS)
        sums = {name: crc(table) for name, table in SINGLE_SHIFT.items()}
        self.assertEqual(sums, SINGLE_SUMS)

    def test_escape_has_no_character(self) -> None:
        """0x1B is the escape in every table (A.2, A.3)."""
        for table in (*LOCKING_SHIFT.values(), *SINGLE_SHIFT.values()):
            self.assertNotIn(0x1B, table)
            self.assertLess(max(table), 0x80)

    def test_locking_characters_occur_once(self) -> None:
        """No locking shift table has a character twice (A.3)."""
        for name, table in LOCKING_SHIFT.items():
            self.assertEqual(len(set(table.values())), len(table), name)

    def test_locking_characters_are_of_the_script(self) -> None:
        """An Indic table has its script's characters in Unicode's order (A.3)."""
        for language, script in SCRIPTS.items():
            own = [c for _, c in sorted(LOCKING_SHIFT[language].items()) if c > "\x7f"]
            for character in own:
                self.assertTrue(
                    unicodedata.name(character).startswith(script), language
                )
            self.assertEqual(own, sorted(own), language)

    def test_single_shift_digits(self) -> None:
        """The script's digits are 0x1C to 0x25, but in Bengali (A.2.5 to A.2.13)."""
        for language in {*SCRIPTS, Language.URDU} - {Language.BENGALI}:
            table = SINGLE_SHIFT[language]
            self.assertEqual(
                [unicodedata.decimal(table[code]) for code in range(0x1C, 0x26)],
                list(range(10)),
                language,
            )

    def test_bengali_digits(self) -> None:
        """The Bengali digits stand around the escape (A.2.4)."""
        table = SINGLE_SHIFT[Language.BENGALI]
        codes = (0x19, 0x1A, *range(0x1C, 0x24))
        self.assertEqual([unicodedata.decimal(table[c]) for c in codes], [*range(10)])

    def test_every_single_shift_table_has_euro_and_brackets(self) -> None:
        """The default extension's characters stay where they are, but ^ (A.2)."""
        for language, table in SINGLE_SHIFT.items():
            for code, character in EXTENSION.items():
                if character != "^" or language not in {*SCRIPTS, Language.URDU}:
                    self.assertEqual(table[code], character, language)

    def test_turkish_and_portuguese(self) -> None:
        """The letters of the Latin tables (A.2.1, A.2.3, A.3.1, A.3.3)."""
        self.assertEqual(LOCKING_SHIFT[Language.TURKISH][0x07], "ı")
        self.assertEqual(LOCKING_SHIFT[Language.TURKISH][0x1D], "ş")
        self.assertEqual(SINGLE_SHIFT[Language.TURKISH][0x49], "İ")
        self.assertEqual(LOCKING_SHIFT[Language.PORTUGUESE][0x15], "∞")
        self.assertEqual(LOCKING_SHIFT[Language.PORTUGUESE][0x7D], "`")
        self.assertEqual(SINGLE_SHIFT[Language.PORTUGUESE][0x19], "Θ")
        self.assertEqual(SINGLE_SHIFT[Language.SPANISH][0x75], "ú")

    def test_misprint_of_kannada(self) -> None:
        """0x24 is DDA, between TTHA and DDHA, not a second PA (A.3.7)."""
        table = LOCKING_SHIFT[Language.KANNADA]
        self.assertEqual((table[0x23], table[0x24], table[0x25]), ("ಠ", "ಡ", "ಢ"))
