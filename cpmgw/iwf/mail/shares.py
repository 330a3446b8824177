"""Who may be worked on now, and who waits for that: nobody for all of the others.

What is to be done has shares in what there is for it: in all of it, and in what there
is for its relay, for its recipient. What has no room in one of them waits for that one,
and whoever has room in all of theirs passes it by.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, NamedTuple, TypeVar

# How many wait for one share at the most, and for all of them: so many octets.
MOST_OF_ONE: Final = 100
MOST_WAITING: Final = 2_000
OCTETS_WAITING: Final = 32 * 1024 * 1024

T = TypeVar("T")


class Share(NamedTuple):
    """What there is for some: `most` of them at once, and so many octets of theirs.

    One that has more octets is alone.
    """

    name: Hashable
    most: int
    octets: int = sys.maxsize


class Entry(Enum):
    """What becomes of one that enters.

    Who is passed over is asked for again (`Shares.wants_more`); after FULL that is
    so for all that come after it as well.
    """

    BEGINS = "begins"
    WAITS = "waits"
    PASSED = "passed"
    FULL = "full"


class _Place(Generic[T]):
    """How much of a share is in use, and who waits for it, in the order of entering."""

    def __init__(self) -> None:
        self.count = 0
        self.octets = 0
        self.queue: list[tuple[int, T]] = []

    def has_room(self, share: Share, octets: int) -> bool:
        """Whether there is room for one more of this size."""
        if not self.count:
            return True
        return self.count < share.most and self.octets + octets <= share.octets

    @property
    def is_empty(self) -> bool:
        """Whether nobody is here."""
        return not self.count and not self.queue


class Shares(Generic[T]):
    """Counts what is worked on; of the same shares who enters first begins first.

    `shares` are those of an item, the last one being in all that there is.
    """

    def __init__(
        self,
        key: Callable[[T], str],
        size: Callable[[T], int],
        shares: Callable[[T], Sequence[Share]],
    ) -> None:
        self._key = key
        self._size = size
        self._shares = shares
        self._places: dict[Hashable, _Place[T]] = {}
        self._inside: dict[str, tuple[int, tuple[Hashable, ...]]] = {}
        self._waiting: set[str] = set()
        self._octets = 0
        self._passed: set[Hashable] = set()
        self._numbers = count()

    def __contains__(self, key: str) -> bool:
        """Whether one of this key is worked on, or waits for that."""
        return key in self._inside or key in self._waiting

    def enter(self, item: T) -> Entry:
        """Begin one if there is room for it."""
        shares, number = self._shares(item), next(self._numbers)
        obstacle = next((e.name for e in shares if e.name in self._passed), None)
        obstacle = obstacle or self._obstacle(number, item, shares)
        if obstacle is None:
            self._count(item, shares)
            return Entry.BEGINS
        is_last, is_full = obstacle == shares[-1].name, self._is_full()
        place = self._places.get(obstacle)
        queued = len(place.queue) if place is not None else 0
        too_many = not is_last and queued >= MOST_OF_ONE
        if obstacle in self._passed or too_many or is_full:
            self._passed.add(obstacle)
            return Entry.FULL if is_last and is_full else Entry.PASSED
        self._queue(number, item, obstacle)
        return Entry.WAITS

    def leave(self, item: T) -> list[T]:
        """One is done; those that begin in its place."""
        octets, names = self._inside.pop(self._key(item))
        for name in names:
            place = self._places[name]
            place.count -= 1
            place.octets -= octets
        begun: list[T] = []
        for name in names:
            self._release(name, begun)
        for name in names:
            if self._places[name].is_empty:
                del self._places[name]
        return begun

    def wants_more(self) -> bool:
        """Whether there is room again for some that were passed over."""
        if 2 * len(self._waiting) > MOST_WAITING or 2 * self._octets > OCTETS_WAITING:
            return False
        free = {
            name
            for name in self._passed
            if name not in self._places or not self._places[name].queue
        }
        self._passed -= free
        return bool(free)

    def clear(self) -> None:
        """Let nobody wait any more."""
        for name, place in list(self._places.items()):
            place.queue.clear()
            if place.is_empty:
                del self._places[name]
        self._waiting.clear()
        self._passed.clear()
        self._octets = 0

    # -- within ------------------------------------------------------------------------

    def _obstacle(self, number: int, item: T, shares: Sequence[Share]) -> Hashable:
        """The first share that has no room for one, None if all have.

        Nobody begins before who has waited for longer.
        """
        octets = self._size(item)
        for share in shares:
            place = self._places.get(share.name)
            if place is None:
                continue
            is_next = not place.queue or number < place.queue[0][0]
            if not is_next or not place.has_room(share, octets):
                return share.name
        return None

    def _place(self, name: Hashable) -> _Place[T]:
        return self._places.setdefault(name, _Place())

    def _count(self, item: T, shares: Sequence[Share]) -> None:
        octets = self._size(item)
        names = tuple(dict.fromkeys(share.name for share in shares))
        for name in names:
            place = self._place(name)
            place.count += 1
            place.octets += octets
        self._inside[self._key(item)] = octets, names

    def _queue(self, number: int, item: T, name: Hashable) -> None:
        heappush(self._place(name).queue, (number, item))
        self._waiting.add(self._key(item))
        self._octets += self._size(item)

    def _release(self, name: Hashable, begun: list[T]) -> None:
        """Have those begin that wait for a share, as far as it has room."""
        queue = self._places[name].queue
        while queue:
            number, item = queue[0]
            shares = self._shares(item)
            share = next((each for each in shares if each.name == name), None)
            if share is not None and not self._places[name].has_room(
                share, self._size(item)
            ):
                return
            heappop(queue)
            self._waiting.discard(self._key(item))
            self._octets -= self._size(item)
            obstacle = self._obstacle(number, item, shares)
            if obstacle is None:
                self._count(item, shares)
                begun.append(item)
            else:
                self._queue(number, item, obstacle)

    def _is_full(self) -> bool:
        return len(self._waiting) >= MOST_WAITING or self._octets >= OCTETS_WAITING
