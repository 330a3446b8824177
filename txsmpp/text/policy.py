"""What an SM-SC takes and an operator wants, as to the text of short messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from txsmpp.text.alphabet import Alphabet
from txsmpp.text.language import Language
from txsmpp.text.national import LOCKING_SHIFT
from txsmpp.text.udh import MAX_SEGMENTS


class Segmentation(StrEnum):
    """How the parts of a long text say that they belong together.

    SAR: sar_* parameters (SMPP 3.4 5.3.2.22). UDH_8, UDH_16: a user data header with a
    reference of that many bits. PAYLOAD: not cut at all, message_payload takes it.
    """

    SAR = "sar"
    UDH_8 = "udh8"
    UDH_16 = "udh16"
    PAYLOAD = "payload"


WRITABLE: Final = frozenset(
    {
        Alphabet.GSM,
        Alphabet.ASCII,
        Alphabet.LATIN_1,
        Alphabet.UCS2,
        Alphabet.CYRILLIC,
        Alphabet.HEBREW,
    }
)
DEFAULTS: Final = frozenset({Alphabet.GSM, Alphabet.ASCII, Alphabet.LATIN_1})

# A header with everything and one emoji still fit, and no short message has more.
LEAST_OCTETS: Final = 20
MOST_OCTETS: Final = 140
MOST_PAYLOAD: Final = 0xFFFF


class TextPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How text is written to one SM-SC, and how what it sends is read.

    `alphabets`: what may be sent; the order decides between two of the same size.
    `default_alphabet`: what the SM-SC takes for data_coding 0: gsm, latin-1 or ascii.
    `packed`: septets are packed in short_message (most SM-SCs want one an octet).
    `transliterate`: curly quotes and the like may become their plain equivalents where
    that lets the text go out in the default alphabet.
    `single_octets`: the most that one short message carries over the air, in octets;
    140 are 160 septets. `sar_octets`: the same for one of several with sar_*; 134 leave
    the SM-SC room for the header that it makes of them on the air, 140 do not.
    `single_shift`, `locking_shift`: languages whose tables may be used (TS 23.038 A).
    """

    alphabets: tuple[Alphabet, ...] = (Alphabet.GSM, Alphabet.UCS2)
    default_alphabet: Alphabet = Alphabet.GSM
    packed: bool = False
    transliterate: bool = False
    segmentation: Segmentation = Segmentation.UDH_8
    single_octets: int = 140
    sar_octets: int = 134
    payload_octets: int = 65535
    max_segments: int = 255
    single_shift: tuple[Language, ...] = ()
    locking_shift: tuple[Language, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot work, by the name of the key."""
        if not self.alphabets or not WRITABLE.issuperset(self.alphabets):
            raise ValueError(f"alphabets: one or more of {sorted(WRITABLE)}")
        if self.default_alphabet not in DEFAULTS:
            raise ValueError(f"default_alphabet: one of {sorted(DEFAULTS)}")
        for key, value, least, most in (
            ("single_octets", self.single_octets, LEAST_OCTETS, MOST_OCTETS),
            ("sar_octets", self.sar_octets, LEAST_OCTETS, self.single_octets),
            ("payload_octets", self.payload_octets, MOST_OCTETS, MOST_PAYLOAD),
            ("max_segments", self.max_segments, 1, MAX_SEGMENTS),
        ):
            if not least <= value <= most:
                raise ValueError(f"{key}: from {least} to {most}")
        if not LOCKING_SHIFT.keys() >= set(self.locking_shift):
            raise ValueError("locking_shift: Spanish has no such table")
