"""Where a text may be cut without breaking what a reader sees as one character.

The rules of Unicode's grapheme clusters (UAX 29) that occur in messages: combining
marks, emoji joined by ZWJ, skin tones, tags, flags, CR LF, Korean syllables in parts.
"""

from __future__ import annotations

import unicodedata
from typing import Final

ZERO_WIDTH_JOINER: Final = "\u200d"

# A cluster longer than this is an attack, and may be cut.
LONGEST: Final = 64


def is_boundary(text: str, at: int) -> bool:
    """May the text be cut before its character number `at`?"""
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        return not (before == "\r" and after == "\n")
    if before == ZERO_WIDTH_JOINER or _extends(after):
        return False
    if _is_regional(after):
        return not _odd_regionals(text, at)
    return not (_is_jamo(before) and "\u1160" <= after <= "\u11ff")


def boundary_before(text: str, at: int, floor: int) -> int:
    """The last boundary at or before `at` and after `floor`; `at` if there is none."""
    for candidate in range(at, max(floor, at - LONGEST), -1):
        if is_boundary(text, candidate):
            return candidate
    return at


def _extends(character: str) -> bool:
    """Does it belong to the character before it?"""
    return (
        character == ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character)[0] == "M"
    )


def _is_regional(character: str) -> bool:
    """Half of a flag?"""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _odd_regionals(text: str, at: int) -> bool:
    """Is the regional indicator at `at` the second half of a flag?"""
    start = at
    while start > max(0, at - LONGEST) and _is_regional(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def _is_jamo(character: str) -> bool:
    """A Korean letter or syllable that a following vowel or final may join?"""
    return "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"
