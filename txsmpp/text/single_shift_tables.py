"""National language single shift tables (3GPP TS 23.038 A.2), data only.

The three of Latin script are given as what they add to the default extension table.
The others are lines of a first code and then, for it and each next code, a character as
the two low hexadecimal digits of its code point within the table's page, or all four
where it is of another page; `..` has no character of the language. All those share the
frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from txsmpp.text.language import Language

# What the tables from A.2.4 on have in common, as (first code, characters).
FRAME: Final = (
    (0x00, "@£$¥¿\"¤%&'\f*+"),
    (0x0E, "-/<=>¡^¡_#*"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    (0x65, "€"),
)

# A.2.1 to A.2.3.
ADDITIONS: Final[Mapping[Language, tuple[tuple[int, str], ...]]] = {
    Language.TURKISH: (
        (0x47, "Ğ"),
        (0x49, "İ"),
        (0x53, "Ş"),
        (0x63, "ç"),
        (0x67, "ğ"),
        (0x69, "ı"),
        (0x73, "ş"),
    ),
    Language.SPANISH: (
        (0x09, "ç"),
        (0x41, "Á"),
        (0x49, "Í"),
        (0x4F, "Ó"),
        (0x55, "Ú"),
        (0x61, "á"),
        (0x69, "í"),
        (0x6F, "ó"),
        (0x75, "ú"),
    ),
    Language.PORTUGUESE: (
        (0x05, "ê"),
        (0x09, "ç"),
        (0x0B, "Ôô"),
        (0x0E, "Áá"),
        (0x12, "ΦΓ^ΩΠΨΣΘ"),
        (0x1F, "Ê"),
        (0x41, "À"),
        (0x49, "Í"),
        (0x4F, "Ó"),
        (0x55, "Ú"),
        (0x5B, "ÃÕ"),
        (0x61, "Â"),
        (0x69, "í"),
        (0x6F, "ó"),
        (0x75, "ú"),
        (0x7B, "ãõ"),
        (0x7F, "â"),
    ),
}

# A.2.4 to A.2.13: (page, lines).
SCRIPTS: Final[Mapping[Language, tuple[int, str]]] = {
    Language.BENGALI: (
        0x0900,
        """
        19 e6 e7 .. e8 e9 ea eb
        20 ec ed ee ef df e0 e1 e2 .. .. e3 f2 f3 f4 f5 ..
        30 f6 f7 f8 f9 fa
        """,
    ),
    Language.GUJARATI: (
        0x0A00,
        """
        19 0964 0965 .. e6 e7 e8 e9
        20 ea eb ec ed ee ef
        """,
    ),
    Language.HINDI: (
        0x0900,
        """
        19 64 65 .. 66 67 68 69
        20 6a 6b 6c 6d 6e 6f 51 52 .. .. 53 54 58 59 5a ..
        30 5b 5c 5d 5e 5f 60 61 62 63 70 71
        """,
    ),
    Language.KANNADA: (
        0x0C00,
        """
        19 0964 0965 .. e6 e7 e8 e9
        20 ea eb ec ed ee ef de f1 .. .. f2
        """,
    ),
    Language.MALAYALAM: (
        0x0D00,
        """
        19 0964 0965 .. 66 67 68 69
        20 6a 6b 6c 6d 6e 6f 70 71 .. .. 72 73 74 75 7a ..
        30 7b 7c 7d 7e 7f
        """,
    ),
    Language.ORIYA: (
        0x0B00,
        """
        19 0964 0965 .. 66 67 68 69
        20 6a 6b 6c 6d 6e 6f 5c 5d .. .. 5f 70 71
        """,
    ),
    Language.PUNJABI: (
        0x0A00,
        """
        19 0964 0965 .. 66 67 68 69
        20 6a 6b 6c 6d 6e 6f 59 5a .. .. 5b 5c 5e 75
        """,
    ),
    Language.TAMIL: (
        0x0B00,
        """
        19 0964 0965 .. e6 e7 e8 e9
        20 ea eb ec ed ee ef f3 f4 .. .. f5 f6 f7 f8 fa
        """,
    ),
    Language.TELUGU: (
        0x0C00,
        """
        1c 66 67 68 69
        20 6a 6b 6c 6d 6e 6f 58 59 .. .. 78 79 7a 7b 7c ..
        30 7d 7e 7f
        """,
    ),
    Language.URDU: (
        0x0600,
        """
        19 00 01 .. f0 f1 f2 f3
        20 f4 f5 f6 f7 f8 f9 0c 0d .. .. 0e 0f 10 11 12 ..
        30 13 14 1b 1f 40 52 58 6b 6c 72 73 cd .. .. .. d4
        """,
    ),
}
