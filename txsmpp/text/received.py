"""What a deliver_sm, data_sm or submit_sm says, however its sender wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from txsmpp.constants import EsmClass
from txsmpp.pdu import DataSm, DeliverSm, SubmitSm
from txsmpp.text.alphabet import (
    CODINGS,
    Alphabet,
    coding_of,
    decode_octets,
)
from txsmpp.text.gsm0338 import GSM_DEFAULT, REPLACEMENT, septet_alphabet
from txsmpp.text.language import Language
from txsmpp.text.packing import fill_bits, unpack
from txsmpp.text.policy import TextPolicy
from txsmpp.text.udh import (
    Concatenation,
    Element,
    Identifier,
    Scheme,
    concatenation,
    language,
    parse_header,
    ports,
)
from txsmpp.tlv import Tag, Tlv

__all__ = ["Concatenation", "Received", "read", "user_data"]

ShortMessage = DeliverSm | DataSm | SubmitSm

DEFAULT_POLICY: Final = TextPolicy()
UDHI: Final = int(EsmClass.UDHI)
WIDEST_NUMBER: Final = 4


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One short message, read.

    `text` is None for a binary one. `octets` is the user data after the header, septets
    one an octet even where they came packed, so that a message can be put together from
    the octets of its segments. `lossy` says that `text` has U+FFFD for octets that its
    alphabet has no character for. `ports` is (destination, source).
    `language_indicator` is the parameter of that name (SMPP 3.4 5.3.2.19).
    """

    text: str | None
    octets: bytes
    data_coding: int
    alphabet: Alphabet
    lossy: bool = False
    concatenation: Concatenation | None = None
    ports: tuple[int, int] | None = None
    locking_shift: Language | None = None
    single_shift: Language | None = None
    elements: tuple[Element, ...] = ()
    message_class: int | None = None
    waiting: int | None = None
    language_indicator: int | None = None


def user_data(pdu: ShortMessage) -> bytes:
    """short_message, or message_payload where that is empty (SMPP 3.4 5.3.2.32)."""
    if not isinstance(pdu, DataSm) and pdu.short_message:
        return pdu.short_message
    for tlv in pdu.tlvs:
        if tlv.tag == Tag.MESSAGE_PAYLOAD:
            return tlv.value
    return b""


def read(pdu: ShortMessage, policy: TextPolicy = DEFAULT_POLICY) -> Received:
    """A short message by its data_coding, header and parameters.

    TextError if it is compressed or its header is malformed.
    """
    data_coding = pdu.data_coding
    coding = coding_of(data_coding)
    octets = user_data(pdu)
    elements: tuple[Element, ...] = ()
    header = 0
    if pdu.esm_class & UDHI:
        elements, header = parse_header(octets)
        octets = octets[header:]
    alphabet = coding.alphabet
    if alphabet is Alphabet.DEFAULT:
        alphabet = policy.default_alphabet
    if policy.packed and alphabet == Alphabet.GSM:
        octets = unpack(octets, fill_bits(header))
    if not elements and not pdu.tlvs:
        text = decode(octets, alphabet)
        return Received(
            text=text,
            octets=octets,
            data_coding=data_coding,
            alphabet=alphabet,
            lossy=text is not None and is_lossy(text, octets, alphabet),
            message_class=coding.message_class,
            waiting=coding.waiting,
        )
    return _with_parameters(pdu, octets, alphabet, elements)


def _with_parameters(
    pdu: ShortMessage, octets: bytes, alphabet: Alphabet, elements: tuple[Element, ...]
) -> Received:
    """A short message that has a header or optional parameters."""
    coding = CODINGS[pdu.data_coding & 0xFF]
    numbers = _numbers(pdu.tlvs)
    locking = language(elements, Identifier.LOCKING_SHIFT)
    single = language(elements, Identifier.SINGLE_SHIFT)
    text = decode(octets, alphabet, locking, single)
    return Received(
        text=text,
        octets=octets,
        data_coding=pdu.data_coding,
        alphabet=alphabet,
        lossy=text is not None and is_lossy(text, octets, alphabet),
        concatenation=concatenation(elements) or _sar(numbers),
        ports=ports(elements) or _tlv_ports(numbers),
        locking_shift=locking,
        single_shift=single,
        elements=elements,
        message_class=coding.message_class,
        waiting=coding.waiting,
        language_indicator=numbers.get(Tag.LANGUAGE_INDICATOR),
    )


def decode(
    octets: bytes,
    alphabet: Alphabet,
    locking: Language | None = None,
    single: Language | None = None,
) -> str | None:
    """The text of user data, septets not packed; None if it is binary."""
    if alphabet == Alphabet.GSM:
        if locking is None and single is None:
            return GSM_DEFAULT.decode(octets)
        return septet_alphabet(locking, single).decode(octets)
    if alphabet == Alphabet.BINARY:
        return None
    return decode_octets(octets, alphabet)


def is_lossy(text: str, octets: bytes, alphabet: Alphabet) -> bool:
    """Did octets become U+FFFD that were no such character?"""
    if alphabet == Alphabet.UCS2 and len(octets) % 2:
        return True
    if REPLACEMENT not in text:
        return False
    if alphabet == Alphabet.UCS2:
        return text.encode("utf-16-be") != octets
    return True


def _numbers(tlvs: Iterable[Tlv]) -> dict[int, int]:
    """The parameters that are numbers, of any width a peer gives them; first wins."""
    found: dict[int, int] = {}
    for tlv in tlvs:
        if tlv.tag not in found and 0 < len(tlv.value) <= WIDEST_NUMBER:
            found[tlv.tag] = int.from_bytes(tlv.value, "big")
    return found


def _sar(numbers: dict[int, int]) -> Concatenation | None:
    """The sar_* parameters, all three of them (SMPP 3.4 5.3.2.22 to .24)."""
    reference = numbers.get(Tag.SAR_MSG_REF_NUM)
    total = numbers.get(Tag.SAR_TOTAL_SEGMENTS)
    number = numbers.get(Tag.SAR_SEGMENT_SEQNUM)
    if reference is None or total is None or number is None:
        return None
    if not 0 < number <= total <= 255:
        return None
    return Concatenation(reference, total, number, Scheme.SAR)


def _tlv_ports(numbers: dict[int, int]) -> tuple[int, int] | None:
    """The port parameters (SMPP 3.4 5.3.2.20, .21); one that is absent counts as 0."""
    destination = numbers.get(Tag.DESTINATION_PORT)
    source = numbers.get(Tag.SOURCE_PORT)
    if destination is None and source is None:
        return None
    return destination or 0, source or 0
