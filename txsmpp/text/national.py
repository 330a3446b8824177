"""The alphabets that a national language can be written in (3GPP TS 23.038 Annex A).

Each table maps a septet to its character; septets without one are absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from txsmpp.text import locking_shift_tables, single_shift_tables
from txsmpp.text.language import Language

Table = Mapping[int, str]

# GSM 7 bit default alphabet (6.2.1); 0x1B, absent, is the escape.
DEFAULT: Final[Table] = {
    code: character
    for code, character in enumerate(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\0ÆæßÉ"
        " !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
        "¿abcdefghijklmnopqrstuvwxyzäöñüà"
    )
    if character != "\0"
}

# GSM 7 bit default alphabet extension table (6.2.1.1).
EXTENSION: Final[Table] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


def _runs(runs: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Characters at consecutive codes."""
    return {
        first + offset: character
        for first, characters in runs
        for offset, character in enumerate(characters)
    }


def _script(page: int, lines: str) -> dict[int, str]:
    """Characters given by their code points within a page."""
    table = {}
    for line in lines.split("\n"):
        first, *points = line.split() or ["0"]
        for code, point in enumerate(points, start=int(first, 16)):
            if point != "..":
                table[code] = chr(int(point, 16) | (page if len(point) == 2 else 0))
    return table


LOCKING_SHIFT: Final[Mapping[Language, Table]] = {
    **{
        language: {**DEFAULT, **_runs(changes)}
        for language, changes in locking_shift_tables.CHANGES.items()
    },
    **{
        language: {**_runs(locking_shift_tables.FRAME), **_script(*script)}
        for language, script in locking_shift_tables.SCRIPTS.items()
    },
}

SINGLE_SHIFT: Final[Mapping[Language, Table]] = {
    **{
        language: {**EXTENSION, **_runs(additions)}
        for language, additions in single_shift_tables.ADDITIONS.items()
    },
    **{
        language: {**_runs(single_shift_tables.FRAME), **_script(*script)}
        for language, script in single_shift_tables.SCRIPTS.items()
    },
}
