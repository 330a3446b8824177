"""The national languages of the GSM 7 bit alphabet (3GPP TS 23.038 6.2.1.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language with tables of its own, by the name that a policy calls it."""

    TURKISH = "turkish"
    SPANISH = "spanish"
    PORTUGUESE = "portuguese"
    BENGALI = "bengali"
    GUJARATI = "gujarati"
    HINDI = "hindi"
    KANNADA = "kannada"
    MALAYALAM = "malayalam"
    ORIYA = "oriya"
    PUNJABI = "punjabi"
    TAMIL = "tamil"
    TELUGU = "telugu"
    URDU = "urdu"


# National Language Identifier, the octet in the user data header (table 6.2.1.2.4.1).
IDENTIFIERS: Final[Mapping[Language, int]] = {
    language: number for number, language in enumerate(Language, start=1)
}

LANGUAGES: Final[Mapping[int, Language]] = {
    number: language for language, number in IDENTIFIERS.items()
}
