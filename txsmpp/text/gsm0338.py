"""GSM 7 bit text as septets, one an octet (GSM 03.38, 3GPP TS 23.038 6.2.1).

An alphabet is a locking shift table (or the default alphabet) and a single shift table
(or the default extension table). How septets are packed is another matter: see packing.
"""

from __future__ import annotations

import codecs
from functools import cache
from itertools import accumulate
from typing import Final

from txsmpp.text.language import Language
from txsmpp.text.national import DEFAULT, EXTENSION, LOCKING_SHIFT, SINGLE_SHIFT, Table

ESCAPE: Final = 0x1B
REPLACEMENT: Final = "\ufffd"

_ESCAPE_OCTET: Final = bytes((ESCAPE,))
# What codecs.charmap_decode takes for "no character".
_UNDEFINED: Final = "\ufffe"
# Stands for an ASCII character that the alphabet lacks, so that encoding it fails.
_UNENCODABLE: Final = "\uffff"


class SeptetAlphabet:
    """One pair of tables, read in both directions."""

    __slots__ = ("_base", "_escaped", "_septets")

    def __init__(self, locking: Table, single: Table) -> None:
        self._base = "".join(locking.get(code, _UNDEFINED) for code in range(128))
        # A code that the single shift table leaves empty means the character of the
        # other table (6.2.1.1, note); what lies beyond septets means nothing.
        self._escaped = [
            single.get(code, locking.get(code, REPLACEMENT)) for code in range(128)
        ] + [REPLACEMENT] * 128
        self._septets = dict.fromkeys(range(128), _UNENCODABLE)
        for code, character in sorted(single.items(), reverse=True):
            self._septets[ord(character)] = chr(ESCAPE) + chr(code)
        for code, character in sorted(locking.items(), reverse=True):
            self._septets[ord(character)] = chr(code)

    def encode(self, text: str) -> bytes:
        """The septets of a text; UnicodeEncodeError for what the tables lack."""
        return text.translate(self._septets).encode("ascii")

    def decode(self, septets: bytes) -> str:
        """The text of septets, U+FFFD for each that has no character."""
        if _ESCAPE_OCTET not in septets:
            return codecs.charmap_decode(septets, "replace", self._base)[0]
        head, *parts = septets.split(_ESCAPE_OCTET)
        text = [codecs.charmap_decode(head, "replace", self._base)[0]]
        escaped = True
        for number, part in enumerate(parts, start=1):
            if not escaped:
                escaped = True
            elif part:
                text.append(self._escaped[part[0]])
                part = part[1:]
            else:
                # An escape after an escape is reserved for a further table and shown
                # as a space (6.2.1.1, note 1); nothing after it is a broken sequence.
                text.append(REPLACEMENT if number == len(parts) else " ")
                escaped = False
            text.append(codecs.charmap_decode(part, "replace", self._base)[0])
        return "".join(text)

    def ends(self, text: str) -> list[int]:
        """How many septets have been used after each character of an encodable text."""
        septets = self._septets
        return list(accumulate(len(septets[ord(character)]) for character in text))


@cache
def septet_alphabet(
    locking: Language | None = None, single: Language | None = None
) -> SeptetAlphabet:
    """The alphabet of these languages' tables; None is the default of its kind.

    A language without a table of the kind asked for (Spanish has no locking shift) has
    the default one.
    """
    return SeptetAlphabet(
        LOCKING_SHIFT.get(locking, DEFAULT) if locking else DEFAULT,
        SINGLE_SHIFT.get(single, EXTENSION) if single else EXTENSION,
    )


GSM_DEFAULT: Final = septet_alphabet()
