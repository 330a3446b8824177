"""The user data header (3GPP TS 23.040 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from txsmpp.text.errors import TextError
from txsmpp.text.language import IDENTIFIERS, LANGUAGES, Language

MAX_ELEMENTS: Final = 32
MAX_SEGMENTS: Final = 255


class Element(msgspec.Struct, frozen=True, gc=False):
    """One information element: identifier and data."""

    identifier: int
    data: bytes


class Identifier(IntEnum):
    """The information elements that are read or written here (9.2.3.24)."""

    CONCATENATED_8_BIT = 0x00
    PORTS_8_BIT = 0x04
    PORTS_16_BIT = 0x05
    CONCATENATED_16_BIT = 0x08
    SINGLE_SHIFT = 0x24
    LOCKING_SHIFT = 0x25


class Scheme(StrEnum):
    """Where the numbers of a segment stand, which the reference belongs to."""

    UDH_8 = "udh8"
    UDH_16 = "udh16"
    SAR = "sar"


class Concatenation(msgspec.Struct, frozen=True, gc=False):
    """Which segment of which message this is; `number` counts from 1."""

    reference: int
    total: int
    number: int
    scheme: Scheme = Scheme.UDH_8


def parse_header(octets: bytes) -> tuple[tuple[Element, ...], int]:
    """The elements of a header and how many octets it has, its length octet among them.

    TextError if its length, or an element's, runs past its end, or if it has more
    elements than any sender needs.
    """
    if not octets:
        raise TextError("no user data header in an empty message")
    end = octets[0] + 1
    if end > len(octets):
        raise TextError("the user data header is longer than the message")
    elements: list[Element] = []
    at = 1
    while at < end:
        if len(elements) == MAX_ELEMENTS:
            raise TextError(f"more than {MAX_ELEMENTS} information elements")
        start = at + 2
        if start > end or start + octets[at + 1] > end:
            raise TextError("an information element runs past the header")
        at = start + octets[start - 1]
        elements.append(Element(octets[start - 2], octets[start:at]))
    return tuple(elements), end


def build_header(elements: Iterable[Element]) -> bytes:
    """The octets of a header, nothing when there are no elements."""
    body = b"".join(
        bytes((element.identifier, len(element.data))) + element.data
        for element in elements
    )
    return bytes((len(body),)) + body if body else b""


def concatenation(elements: Iterable[Element]) -> Concatenation | None:
    """The last usable concatenation element (9.2.3.24.1, .8).

    One with a number of 0, or beyond its total, is as if it were not there.
    """
    found = None
    for element in elements:
        data = element.data
        if element.identifier == Identifier.CONCATENATED_8_BIT and len(data) == 3:
            scheme = Scheme.UDH_8
        elif element.identifier == Identifier.CONCATENATED_16_BIT and len(data) == 4:
            scheme = Scheme.UDH_16
        else:
            continue
        if 0 < data[-1] <= data[-2]:
            reference = int.from_bytes(data[:-2], "big")
            found = Concatenation(reference, data[-2], data[-1], scheme)
    return found


def concatenation_element(
    reference: int, total: int, number: int, bits: int
) -> Element:
    """The element of one segment, its reference of 8 or 16 bits, cut to fit."""
    if bits == 8:
        return Element(
            Identifier.CONCATENATED_8_BIT, bytes((reference & 0xFF, total, number))
        )
    return Element(
        Identifier.CONCATENATED_16_BIT,
        (reference & 0xFFFF).to_bytes(2, "big") + bytes((total, number)),
    )


def ports(elements: Iterable[Element]) -> tuple[int, int] | None:
    """Destination and originator port, from the last such element (9.2.3.24.3, .4)."""
    found = None
    for element in elements:
        data = element.data
        if element.identifier == Identifier.PORTS_16_BIT and len(data) == 4:
            found = (data[0] << 8 | data[1], data[2] << 8 | data[3])
        elif element.identifier == Identifier.PORTS_8_BIT and len(data) == 2:
            found = (data[0], data[1])
    return found


def language(elements: Iterable[Element], identifier: Identifier) -> Language | None:
    """The language of the last single or locking shift element (9.2.3.24.15, .16).

    One whose number is reserved counts as the default alphabet.
    """
    found = None
    for element in elements:
        if element.identifier == identifier and len(element.data) == 1:
            found = LANGUAGES.get(element.data[0])
    return found


def language_elements(
    locking: Language | None, single: Language | None
) -> tuple[Element, ...]:
    """The elements that name the tables of a text."""
    shifts = ((Identifier.SINGLE_SHIFT, single), (Identifier.LOCKING_SHIFT, locking))
    return tuple(
        Element(identifier, bytes((IDENTIFIERS[chosen],)))
        for identifier, chosen in shifts
        if chosen is not None
    )
