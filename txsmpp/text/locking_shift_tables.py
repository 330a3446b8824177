"""National language locking shift tables (3GPP TS 23.038 A.3), data only.

The two of Latin script are given as what they change of the default alphabet. The
others are lines of a first code and then, for it and each next code, a character as the
two low hexadecimal digits of its code point within the table's page; `..` has no
character of the language. All those share the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from txsmpp.text.language import Language

# What the tables from A.3.4 on have in common, as (first code, characters).
FRAME: Final = (
    (0x0A, "\n"),
    (0x0D, "\r"),
    (0x20, " !"),
    (0x28, ")("),
    (0x2C, ","),
    (0x2E, "."),
    (0x30, "0123456789:;"),
    (0x3F, "?"),
    (0x61, "abcdefghijklmnopqrstuvwxyz"),
)

# A.3.1 and A.3.3; there is none for Spanish (A.3.2).
CHANGES: Final[Mapping[Language, tuple[tuple[int, str], ...]]] = {
    Language.TURKISH: (
        (0x04, "€"),
        (0x07, "ı"),
        (0x0B, "Ğğ"),
        (0x1C, "Şş"),
        (0x40, "İ"),
        (0x60, "ç"),
    ),
    Language.PORTUGUESE: (
        (0x04, "ê"),
        (0x06, "úíóç"),
        (0x0B, "Ôô"),
        (0x0E, "Áá"),
        (0x12, "ªÇÀ∞^\\€Ó|"),
        (0x1C, "ÂâÊ"),
        (0x24, "º"),
        (0x40, "Í"),
        (0x5B, "ÃÕÚ"),
        (0x60, "~"),
        (0x7B, "ãõ`"),
    ),
}

# A.3.4 to A.3.13: (page, lines).
SCRIPTS: Final[Mapping[Language, tuple[int, str]]] = {
    Language.BENGALI: (
        0x0900,
        """
        00 81 82 83 85 86 87 88 89 8a 8b .. 8c .. .. .. 8f
        10 90 .. .. 93 94 95 96 97 98 99 9a .. 9b 9c 9d 9e
        20 .. .. 9f a0 a1 a2 a3 a4 .. .. a5 a6 .. a7 .. a8
        3d aa ab
        40 ac ad ae af b0 .. b2 .. .. .. b6 b7 b8 b9 bc bd
        50 be bf c0 c1 c2 c3 c4 .. .. c7 c8 .. .. cb cc cd
        60 ce
        7b d7 dc dd f0 f1
        """,
    ),
    Language.GUJARATI: (
        0x0A00,
        """
        00 81 82 83 85 86 87 88 89 8a 8b .. 8c 8d .. .. 8f
        10 90 91 .. 93 94 95 96 97 98 99 9a .. 9b 9c 9d 9e
        20 .. .. 9f a0 a1 a2 a3 a4 .. .. a5 a6 .. a7 .. a8
        3d aa ab
        40 ac ad ae af b0 .. b2 b3 .. b5 b6 b7 b8 b9 bc bd
        50 be bf c0 c1 c2 c3 c4 c5 .. c7 c8 c9 .. cb cc cd
        60 d0
        7b e0 e1 e2 e3 f1
        """,
    ),
    Language.HINDI: (
        0x0900,
        """
        00 01 02 03 05 06 07 08 09 0a 0b .. 0c 0d .. 0e 0f
        10 10 11 12 13 14 15 16 17 18 19 1a .. 1b 1c 1d 1e
        20 .. .. 1f 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        3c 29 2a 2b
        40 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3c 3d
        50 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d
        60 50
        7b 72 7b 7c 7e 7f
        """,
    ),
    # 0x24 is misprinted as a second 0CAA in the TS; the letter between 0CA0 and 0CA2,
    # missing elsewhere, is what Android has there.
    Language.KANNADA: (
        0x0C00,
        """
        00 .. 82 83 85 86 87 88 89 8a 8b .. 8c .. .. 8e 8f
        10 90 .. 92 93 94 95 96 97 98 99 9a .. 9b 9c 9d 9e
        20 .. .. 9f a0 a1 a2 a3 a4 .. .. a5 a6 .. a7 .. a8
        3d aa ab
        40 ac ad ae af b0 b1 b2 b3 .. b5 b6 b7 b8 b9 bc bd
        50 be bf c0 c1 c2 c3 c4 .. c6 c7 c8 .. ca cb cc cd
        60 d5
        7b d6 e0 e1 e2 e3
        """,
    ),
    Language.MALAYALAM: (
        0x0D00,
        """
        00 .. 02 03 05 06 07 08 09 0a 0b .. 0c .. .. 0e 0f
        10 10 .. 12 13 14 15 16 17 18 19 1a .. 1b 1c 1d 1e
        20 .. .. 1f 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        3d 2a 2b
        40 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 .. 3d
        50 3e 3f 40 41 42 43 44 .. 46 47 48 .. 4a 4b 4c 4d
        60 57
        7b 60 61 62 63 79
        """,
    ),
    Language.ORIYA: (
        0x0B00,
        """
        00 01 02 03 05 06 07 08 09 0a 0b .. 0c .. .. .. 0f
        10 10 .. .. 13 14 15 16 17 18 19 1a .. 1b 1c 1d 1e
        20 .. .. 1f 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        3d 2a 2b
        40 2c 2d 2e 2f 30 .. 32 33 .. 35 36 37 38 39 3c 3d
        50 3e 3f 40 41 42 43 44 .. .. 47 48 .. .. 4b 4c 4d
        60 56
        7b 57 60 61 62 63
        """,
    ),
    Language.PUNJABI: (
        0x0A00,
        """
        00 01 02 03 05 06 07 08 09 0a .. .. .. .. .. .. 0f
        10 10 .. .. 13 14 15 16 17 18 19 1a .. 1b 1c 1d 1e
        20 .. .. 1f 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        3d 2a 2b
        40 2c 2d 2e 2f 30 .. 32 33 .. 35 36 .. 38 39 3c ..
        50 3e 3f 40 41 42 .. .. .. .. 47 48 .. .. 4b 4c 4d
        60 51
        7b 70 71 72 73 74
        """,
    ),
    Language.TAMIL: (
        0x0B00,
        """
        00 .. 82 83 85 86 87 88 89 8a .. .. .. .. .. 8e 8f
        10 90 .. 92 93 94 95 .. .. .. 99 9a .. .. 9c .. 9e
        20 .. .. 9f .. .. .. a3 a4 .. .. .. .. .. .. .. a8
        3c a9 aa ..
        40 .. .. ae af b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 .. ..
        50 be bf c0 c1 c2 .. .. .. c6 c7 c8 .. ca cb cc cd
        60 d0
        7b d7 f0 f1 f2 f9
        """,
    ),
    Language.TELUGU: (
        0x0C00,
        """
        00 01 02 03 05 06 07 08 09 0a 0b .. 0c .. .. 0e 0f
        10 10 .. 12 13 14 15 16 17 18 19 1a .. 1b 1c 1d 1e
        20 .. .. 1f 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        3d 2a 2b
        40 2c 2d 2e 2f 30 31 32 33 .. 35 36 37 38 39 .. 3d
        50 3e 3f 40 41 42 43 44 .. 46 47 48 .. 4a 4b 4c 4d
        60 55
        7b 56 60 61 62 63
        """,
    ),
    Language.URDU: (
        0x0600,
        """
        00 27 22 28 7b 80 7e a6 2a c2 7f .. 79 7d .. 7a 7c
        10 2b 2c 81 84 83 85 86 87 2d 2e 2f .. 8c 88 89 8a
        20 .. .. 8f 8d 30 31 91 93 .. .. 99 32 .. 96 .. 98
        3c 9a 33 34
        40 35 36 37 38 39 41 42 a9 aa ab af b3 b1 44 45 46
        50 ba bb bc 48 c4 d5 c1 be 21 cc d0 d2 4d 50 4f 57
        60 54
        7b 55 51 53 56 70
        """,
    ),
}
