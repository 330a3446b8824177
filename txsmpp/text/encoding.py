"""From a text to the short messages that carry it in the cheapest lossless form.

Cheapest is fewest segments, then fewest octets over the air, then the policy's order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from txsmpp.text.alphabet import Alphabet
from txsmpp.text.errors import CannotEncode, TextTooLong
from txsmpp.text.forms import Form, default_form, forms
from txsmpp.text.graphemes import boundary_before, is_boundary
from txsmpp.text.gsm0338 import GSM_DEFAULT
from txsmpp.text.packing import fill_bits, pack
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.text.segment import Segment
from txsmpp.text.transliteration import NEAR_EQUIVALENTS
from txsmpp.text.udh import build_header, concatenation_element

__all__ = ["Segmentation", "TextPolicy", "prepare"]

DEFAULT_POLICY: Final = TextPolicy()
# Information elements of concatenation, identifier and length among them (23.040).
CONCATENATION_OCTETS: Final = {Segmentation.UDH_8: 5, Segmentation.UDH_16: 6}
# The least that a character takes is a septet.
CHARACTERS_PER_140: Final = 160


class Plan(msgspec.Struct, frozen=True):
    """A text cut up for one form, and what that costs."""

    form: Form
    text: str
    cuts: tuple[int, ...]
    octets: int

    @property
    def cost(self) -> tuple[int, int]:
        """What is compared: segments, then octets over the air."""
        return len(self.cuts), self.octets


def prepare(
    text: str, policy: TextPolicy = DEFAULT_POLICY, reference: int = 0
) -> tuple[Segment, ...]:
    """The short messages of a text, at least one.

    `reference` is the caller's number for the message, cut to the bits that the
    segmentation has for it. CannotEncode if no alphabet of the policy has all of the
    text, TextTooLong if it takes more than the policy allows.
    """
    if segment := _plain(text, policy):
        return (segment,)
    if len(text) > policy.max_segments * CHARACTERS_PER_140:
        raise TextTooLong(f"{len(text)} characters")
    plans = list(_plans(text, policy))
    if not plans:
        raise CannotEncode(f"no alphabet of {', '.join(policy.alphabets)} has it all")
    plan = min(plans, key=attrgetter("cost"))
    if len(plan.cuts) > policy.max_segments:
        raise TextTooLong(f"{len(plan.cuts)} segments")
    return tuple(_segments(plan, policy, reference))


def _plain(text: str, policy: TextPolicy) -> Segment | None:
    """The one segment of a short text in the default alphabet, which nothing beats."""
    if (
        policy.alphabets[0] != Alphabet.GSM
        or policy.packed
        or policy.default_alphabet != Alphabet.GSM
        or len(text) * 7 > policy.single_octets * 8
    ):
        return None
    try:
        septets = GSM_DEFAULT.encode(text)
    except UnicodeEncodeError:
        return None
    # An escape costs two septets, and then another alphabet may be cheaper.
    return Segment(0, septets) if len(septets) == len(text) else None


def _plans(text: str, policy: TextPolicy) -> Iterator[Plan]:
    """The plan of each form that can write the text."""
    for form in forms(policy):
        if (plan := _plan(form, text, policy)) is not None:
            yield plan
    if policy.transliterate and Alphabet.GSM in policy.alphabets:
        form = default_form(policy)
        if not _writable(form, text):
            plan = _plan(form, _transliterated(text), policy)
            if plan is not None:
                yield plan


def _writable(form: Form, text: str) -> bool:
    try:
        form.units(text)
    except UnicodeEncodeError:
        return False
    return True


def _transliterated(text: str) -> str:
    """Plain equivalents for those characters only that GSM lacks."""
    return text.translate(NEAR_EQUIVALENTS)


def _plan(form: Form, text: str, policy: TextPolicy) -> Plan | None:
    """How a form would carry the text, None if it cannot."""
    try:
        units = form.units(text)
    except UnicodeEncodeError:
        return None
    header = len(build_header(form.elements))
    # Packing may have to write a carriage return twice.
    spare = int(policy.packed and form.unit_bits == 7 and "\r" in text)
    if units + spare <= form.capacity(policy.single_octets, header):
        cuts: tuple[int, ...] = (len(text),)
        headers = header
    else:
        limit, header = _segment_room(policy, header)
        ends = form.ends(text, units)
        cuts = _cuts(text, ends, form.capacity(limit, header) - spare)
        headers = header * len(cuts)
    return Plan(form, text, cuts, headers + (units * form.unit_bits + 7) // 8)


def _segment_room(policy: TextPolicy, header: int) -> tuple[int, int]:
    """Octets of one of several segments, and how many of them a header takes.

    Of a payload, the SM-SC makes segments with an 8-bit reference.
    """
    if policy.segmentation == Segmentation.SAR:
        return policy.sar_octets, header
    element = CONCATENATION_OCTETS.get(policy.segmentation, 5)
    return policy.single_octets, (header or 1) + element


def _cuts(text: str, ends: Sequence[int], capacity: int) -> tuple[int, ...]:
    """Where each segment ends, in characters.

    No more segments than it takes; within that, no cluster of characters is cut where
    it can be helped.
    """
    least = _count(ends, 0, capacity)
    cuts: list[int] = []
    start = 0
    while start < len(text):
        cut = _reach(ends, start, capacity)
        if not is_boundary(text, cut):
            friendly = boundary_before(text, cut, start)
            left = least - len(cuts) - 1
            if friendly != cut and _count(ends, friendly, capacity, left) <= left:
                cut = friendly
        cuts.append(cut)
        start = cut
    return tuple(cuts)


def _reach(ends: Sequence[int], start: int, capacity: int) -> int:
    """The end of the longest segment that begins at a character."""
    used = ends[start - 1] if start else 0
    return bisect_right(ends, used + capacity, start)


def _count(
    ends: Sequence[int], start: int, capacity: int, enough: int | None = None
) -> int:
    """How many segments the characters from `start` take at the least.

    With `enough`, a sure bound of that answers at once: a segment wastes one unit at
    most, before a character of two.
    """
    if enough is not None:
        used = ends[start - 1] if start else 0
        if ends[-1] - used <= enough * (capacity - 1):
            return enough
    count = 0
    while start < len(ends):
        start = _reach(ends, start, capacity)
        count += 1
    return count


def _segments(plan: Plan, policy: TextPolicy, reference: int) -> Iterator[Segment]:
    """The segments of a plan as the policy's segmentation writes them."""
    form = plan.form
    total = len(plan.cuts)
    if total == 1 or policy.segmentation == Segmentation.PAYLOAD:
        yield _whole(plan, policy, reference)
        return
    sar = policy.segmentation == Segmentation.SAR
    bits = 8 if policy.segmentation == Segmentation.UDH_8 else 16
    start = 0
    for number, end in enumerate(plan.cuts, start=1):
        elements = form.elements
        if not sar:
            concatenation = concatenation_element(reference, total, number, bits)
            elements = (concatenation, *elements)
        header = build_header(elements)
        yield Segment(
            form.data_coding,
            header + _written(form, plan.text[start:end], policy, len(header)),
            udhi=bool(header),
            total=total,
            number=number,
            reference=reference & (0xFF if bits == 8 else 0xFFFF),
            sar=sar,
        )
        start = end


def _whole(plan: Plan, policy: TextPolicy, reference: int) -> Segment:
    """A text that is not cut, in a parameter when it is too long for the field."""
    header = build_header(plan.form.elements)
    octets = header + _written(plan.form, plan.text, policy, len(header))
    in_tlv = len(plan.cuts) > 1
    if in_tlv and len(octets) > policy.payload_octets:
        raise TextTooLong(f"{len(octets)} octets")
    return Segment(
        plan.form.data_coding,
        octets,
        udhi=bool(header),
        reference=reference & 0xFFFF,
        in_tlv=in_tlv,
    )


def _written(form: Form, text: str, policy: TextPolicy, header: int) -> bytes:
    """The user data of a segment after a header of so many octets."""
    octets = form.octets(text)
    if policy.packed and form.codec is None:
        return pack(octets, fill_bits(header))
    return octets
