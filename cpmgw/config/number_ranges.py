"""Numbers and ranges of numbers as a pool has them: "+15145559000-+15145559099"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cpmgw.cpm.identity import is_e164

# In all pools together: what a start looks through, about a fifth of a second.
MOST_NUMBERS: Final = 100_000

Range = tuple[int, int]


def range_of(text: str) -> Range:
    """The first and the last number, without plus sign; a ValueError says why not."""
    first, dash, last = text.partition("-")
    if not dash:
        last = first
    for number in (first, last):
        if not is_e164(number):
            raise ValueError(f"{text!r}: {number!r} is no E.164 number")
    if len(first) != len(last):
        raise ValueError(f"{text!r}: its numbers differ in length")
    if first > last:
        raise ValueError(f"{text!r} runs backwards")
    return int(first), int(last)


def count(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def overlaps(named: Iterable[tuple[Range, str]]) -> Iterator[tuple[str, str, str]]:
    """What two ranges have in common: the names of both, and the first such number.

    Each range is compared with the one before it that reaches furthest.
    """
    furthest, holder = 0, ""
    for (first, last), name in sorted(named):
        if first <= furthest:
            yield holder, name, f"+{first}"
        if last > furthest:
            furthest, holder = last, name
