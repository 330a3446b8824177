"""How a user's answer and a keyword are compared (TS 6.2.2.1.3 step 3, Table 5)."""

from __future__ import annotations

import unicodedata
from typing import Final

# What people put around a word: punctuation, blanks, marks of direction, emoji and
# their shades. A question is no answer.
_AROUND: Final = frozenset("PZC")
_SYMBOLS: Final = frozenset(("So", "Sk"))
_QUESTION: Final = frozenset("?\u061f\u00bf\u203d\u037e\u2e2e")
# Variation selectors: how the emoji before is drawn.
_SELECTORS: Final = range(0xFE00, 0xFE10)
# A capital I with a dot, and a small one without: Turkish has both, handsets neither.
_DOT_ABOVE: Final = "\u0307"
_DOTLESS: Final = "\u0131"


def plain(text: str) -> str:
    """A text as keywords are compared.

    Case, blanks and what stands around it do not count; one of nothing but such
    characters is kept as it is.
    """
    text = text.translate({ord(each): "?" for each in _QUESTION})
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = folded.replace(f"i{_DOT_ABOVE}", "i").replace(_DOTLESS, "i")
    folded = " ".join(folded.split())
    begin, end = 0, len(folded)
    while begin < end and _is_around(folded[begin]):
        begin += 1
    while end > begin and _is_around(folded[end - 1]):
        end -= 1
    return folded[begin:end] or folded


def _is_around(character: str) -> bool:
    if character == "?":
        return False
    category = unicodedata.category(character)
    return (
        category[0] in _AROUND or category in _SYMBOLS or ord(character) in _SELECTORS
    )
