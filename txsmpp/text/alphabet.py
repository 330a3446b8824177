"""What data_coding says of a short message (SMPP 3.4 5.2.19, 3GPP TS 23.038 4)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from txsmpp.text.errors import TextError


class Alphabet(StrEnum):
    """A character set, by the name that a policy calls it.

    GSM is the 7 bit alphabet with whatever national tables a header names. DEFAULT is
    what an SM-SC takes for data_coding 0.
    """

    DEFAULT = "default"
    GSM = "gsm"
    ASCII = "ascii"
    LATIN_1 = "latin-1"
    UCS2 = "ucs2"
    CYRILLIC = "cyrillic"
    HEBREW = "hebrew"
    JIS = "jis"
    ISO_2022_JP = "iso-2022-jp"
    EXTENDED_KANJI = "extended-kanji"
    KS_C_5601 = "ks-c-5601"
    BINARY = "binary"


class Coding(msgspec.Struct, frozen=True, gc=False):
    """One value of data_coding.

    `waiting` is the octet's lower half in the message waiting groups (23.038 4): bit 3
    the indicator's state, bits 1 and 0 its kind.
    """

    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    waiting: int | None = None


# Values that SMPP gives a meaning of its own.
SMPP_ALPHABETS: Final[Mapping[int, Alphabet]] = {
    0x00: Alphabet.DEFAULT,
    0x01: Alphabet.ASCII,
    0x02: Alphabet.BINARY,
    0x03: Alphabet.LATIN_1,
    0x04: Alphabet.BINARY,
    0x05: Alphabet.JIS,
    0x06: Alphabet.CYRILLIC,
    0x07: Alphabet.HEBREW,
    0x08: Alphabet.UCS2,
    0x09: Alphabet.BINARY,
    0x0A: Alphabet.ISO_2022_JP,
    0x0D: Alphabet.EXTENDED_KANJI,
    0x0E: Alphabet.KS_C_5601,
}

# Bits 3 and 2 of the general groups; the reserved value counts as the default.
GENERAL_ALPHABETS: Final = (
    Alphabet.GSM,
    Alphabet.BINARY,
    Alphabet.UCS2,
    Alphabet.DEFAULT,
)

# The codecs of the alphabets that Python knows. Octets with a shift sequence in them
# are ISO 2022, without one the 8-bit form that phones of that country use.
CODECS: Final[Mapping[Alphabet, str]] = {
    Alphabet.ASCII: "ascii",
    Alphabet.LATIN_1: "latin-1",
    Alphabet.UCS2: "utf-16-be",
    Alphabet.CYRILLIC: "iso8859-5",
    Alphabet.HEBREW: "iso8859-8",
    Alphabet.JIS: "shift_jis",
    Alphabet.ISO_2022_JP: "iso2022_jp_2",
    Alphabet.EXTENDED_KANJI: "euc_jp",
    Alphabet.KS_C_5601: "cp949",
}
SHIFTED_CODECS: Final[Mapping[Alphabet, str]] = {
    Alphabet.JIS: "iso2022_jp_2",
    Alphabet.EXTENDED_KANJI: "iso2022_jp_1",
    Alphabet.KS_C_5601: "iso2022_kr",
}


def _coding(value: int) -> Coding:
    """One value of the octet, read by its group (23.038 4)."""
    if alphabet := SMPP_ALPHABETS.get(value):
        return Coding(alphabet)
    group = value >> 4
    if group < 0b1000:
        return Coding(
            GENERAL_ALPHABETS[value >> 2 & 0b11],
            message_class=value & 0b11 if value & 0b1_0000 else None,
            compressed=bool(value & 0b10_0000),
        )
    if group in (0b1100, 0b1101):
        return Coding(Alphabet.GSM, waiting=value & 0b1111)
    if group == 0b1110:
        return Coding(Alphabet.UCS2, waiting=value & 0b1111)
    if group == 0b1111:
        alphabet = Alphabet.BINARY if value & 0b100 else Alphabet.GSM
        return Coding(alphabet, message_class=value & 0b11)
    return Coding(Alphabet.DEFAULT)


# Every value; what is reserved counts as the default alphabet (23.038 4).
CODINGS: Final = tuple(_coding(value) for value in range(256))


def coding_of(data_coding: int) -> Coding:
    """What a data_coding means; TextError for one that is compressed (23.042)."""
    coding = CODINGS[data_coding & 0xFF]
    if coding.compressed:
        raise TextError(f"data_coding 0x{data_coding:02x} is compressed")
    return coding


def decode_octets(octets: bytes, alphabet: Alphabet) -> str:
    """The text of octets in an alphabet of CODECS, U+FFFD for what is no character.

    The last octet of a UCS-2 text with an odd number of them is left out.
    """
    if alphabet == Alphabet.UCS2 and len(octets) % 2:
        octets = octets[:-1]
    codec = CODECS[alphabet]
    if alphabet in SHIFTED_CODECS and (b"\x1b" in octets or b"\x0e" in octets):
        codec = SHIFTED_CODECS[alphabet]
    return octets.decode(codec, "replace")
