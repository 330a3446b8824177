"""The ways a text can be written: one alphabet with its data_coding and its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from txsmpp.text.alphabet import CODECS, Alphabet
from txsmpp.text.gsm0338 import GSM_DEFAULT, SeptetAlphabet, septet_alphabet
from txsmpp.text.policy import TextPolicy
from txsmpp.text.udh import Element, language_elements

# data_coding of what is written with a codec (SMPP 3.4 5.2.19).
DATA_CODINGS: Final = {
    Alphabet.ASCII: 0x01,
    Alphabet.LATIN_1: 0x03,
    Alphabet.CYRILLIC: 0x06,
    Alphabet.HEBREW: 0x07,
    Alphabet.UCS2: 0x08,
}


class Form(msgspec.Struct, frozen=True, gc=False):
    """One way to write a text.

    Its unit is what the air interface counts: a septet, an octet or a UCS-2 character,
    of so many bits. `codec` writes the octets; without one they are the septets.
    """

    data_coding: int
    unit_bits: int
    codec: str | None = None
    septets: SeptetAlphabet | None = None
    elements: tuple[Element, ...] = ()

    def units(self, text: str) -> int:
        """How many units a text takes; UnicodeEncodeError if it cannot be written."""
        if self.codec is None:
            return len(self._alphabet().encode(text))
        octets = text.encode(self.codec)
        if self.septets is not None:
            return len(self.septets.encode(text))
        return len(octets) * 8 // self.unit_bits

    def ends(self, text: str, units: int) -> Sequence[int]:
        """How many units have been used after each character."""
        if units == len(text):
            return range(1, units + 1)
        if self.septets is not None:
            return self.septets.ends(text)
        return list(accumulate(2 if character > "\uffff" else 1 for character in text))

    def capacity(self, octets: int, header: int) -> int:
        """How many units so many octets hold besides a header of so many.

        Septets begin at a multiple of seven bits, after fill bits (23.040 9.2.3.24).
        """
        if self.unit_bits == 7:
            return octets * 8 // 7 - (header * 8 + 6) // 7
        return (octets - header) * 8 // self.unit_bits

    def octets(self, text: str) -> bytes:
        """The octets of a text, septets not packed."""
        if self.codec is None:
            return self._alphabet().encode(text)
        return text.encode(self.codec)

    def _alphabet(self) -> SeptetAlphabet:
        return self.septets or GSM_DEFAULT


def forms(policy: TextPolicy) -> Iterator[Form]:
    """Every form that a policy allows, in its order of preference."""
    for alphabet in policy.alphabets:
        if alphabet == policy.default_alphabet or alphabet == Alphabet.GSM:
            yield default_form(policy)
        if alphabet == Alphabet.GSM:
            yield from _national_forms(policy)
        else:
            bits = 16 if alphabet == Alphabet.UCS2 else 8
            yield Form(DATA_CODINGS[alphabet], bits, CODECS[alphabet])


def default_form(policy: TextPolicy) -> Form:
    """What goes out with data_coding 0.

    An SM-SC with another default alphabet than GSM makes GSM of it for the air: only
    what both have gets there whole, and it is counted in septets.
    """
    if policy.default_alphabet == Alphabet.GSM:
        return Form(0, 7, septets=GSM_DEFAULT)
    return Form(0, 7, CODECS[policy.default_alphabet], GSM_DEFAULT)


def _national_forms(policy: TextPolicy) -> Iterator[Form]:
    """Each pair of tables but the default one, which a header has to name."""
    if policy.default_alphabet != Alphabet.GSM:
        return
    for locking in (None, *policy.locking_shift):
        for single in (None, *policy.single_shift):
            if locking or single:
                yield Form(
                    0,
                    7,
                    septets=septet_alphabet(locking, single),
                    elements=language_elements(locking, single),
                )
