"""A text put together from its segments, whatever order they came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from txsmpp.text.alphabet import Alphabet
from txsmpp.text.errors import IncompleteMessage, TextError
from txsmpp.text.language import Language
from txsmpp.text.received import Received, decode

GAP: Final = "[...]"

Run = tuple[int, Alphabet, Language | None, Language | None]


def ordered(segments: Iterable[Received]) -> dict[int, Received]:
    """The segments by their numbers, in order; of one that came twice the first.

    TextError if they are not of one message: other totals, references or none at all.
    """
    found: dict[int, Received] = {}
    message: tuple[int, int, str] | None = None
    for segment in segments:
        place = segment.concatenation
        if place is None:
            raise TextError("a message that is no segment")
        of = (place.reference, place.total, place.scheme)
        if message is None:
            message = of
        elif message != of:
            raise TextError(f"segments of {message} and of {of}")
        found.setdefault(place.number, segment)
    return dict(sorted(found.items()))


def missing(segments: Iterable[Received]) -> tuple[int, ...]:
    """The numbers that have not come yet; nothing when the message is whole."""
    return _missing(ordered(segments))


def assemble(segments: Iterable[Received]) -> str:
    """The text of a whole message.

    Octets are joined before they are decoded where segments agree on the alphabet, so
    that a character which its sender cut in two is one again. IncompleteMessage if a
    segment is missing, TextError if they are not of one message or are binary.
    """
    found = ordered(segments)
    if lacking := _missing(found):
        raise IncompleteMessage(lacking)
    return "".join(_texts(found.values()))


def assemble_partial(segments: Iterable[Received], gap: str = GAP) -> str:
    """The text of what has come, with a mark for each run of missing segments."""
    found = ordered(segments)
    parts: list[str] = []
    run: list[Received] = []
    following = 1
    for number, segment in found.items():
        if number != following:
            parts.extend(_texts(run))
            parts.append(gap)
            run = []
        run.append(segment)
        following = number + 1
    parts.extend(_texts(run))
    if found and following <= _total(found):
        parts.append(gap)
    return "".join(parts)


def assemble_octets(segments: Iterable[Received]) -> bytes:
    """The octets of a whole message, for a binary one; errors as assemble."""
    found = ordered(segments)
    if lacking := _missing(found):
        raise IncompleteMessage(lacking)
    return b"".join(segment.octets for segment in found.values())


def _total(found: dict[int, Received]) -> int:
    """How many segments the message has, by what its segments say."""
    for segment in found.values():
        if segment.concatenation is not None:
            return segment.concatenation.total
    return 1


def _missing(found: dict[int, Received]) -> tuple[int, ...]:
    return tuple(
        number for number in range(1, _total(found) + 1) if number not in found
    )


def _coding(segment: Received) -> Run:
    """What two segments must share for their octets to be joined."""
    return (
        segment.data_coding,
        segment.alphabet,
        segment.locking_shift,
        segment.single_shift,
    )


def _texts(segments: Iterable[Received]) -> Iterator[str]:
    """The text of each run of neighbours with one coding."""
    for (_, alphabet, locking, single), run in groupby(segments, key=_coding):
        if alphabet == Alphabet.BINARY:
            raise TextError("a segment is binary")
        octets = [segment.octets for segment in run]
        joined = b"".join(octets)
        if alphabet == Alphabet.UCS2 and len(joined) % 2:
            # A stray octet somewhere: joined, it would spoil all that follows.
            joined = b"".join(part[: len(part) & ~1] for part in octets)
        yield decode(joined, alphabet, locking, single) or ""
