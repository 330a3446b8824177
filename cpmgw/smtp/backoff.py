"""Which places are not to be tried again yet."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

_MOST: Final = 1_000
_SHORTEST: Final = 0.05

P = TypeVar("P", bound=Hashable)


class Backoff:
    """Places that failed wait `initial` seconds, and after each failure twice as long.

    None waits longer than `maximum`. Times are those of one clock.
    """

    def __init__(self, initial: float, maximum: float) -> None:
        self._initial = max(initial, _SHORTEST)
        self._maximum = max(maximum, self._initial)
        # the place: when it failed, how long it waits since
        self._failed: dict[Hashable, tuple[float, float]] = {}

    def failed(self, place: Hashable, began: float, now: float) -> None:
        """A place has failed, at something that began when it may have been well.

        Several attempts that were under way at once count as one.
        """
        before = self._failed.get(place)
        if before is not None and began <= before[0]:
            return
        wait = self._initial
        if before is not None:
            wait = min(before[1] * 2, self._maximum)
        elif len(self._failed) >= _MOST:
            self._failed.clear()
        self._failed[place] = (now, wait)

    def succeeded(self, place: Hashable) -> None:
        """A place is well."""
        self._failed.pop(place, None)

    def until(self, place: Hashable, longest: float = math.inf) -> float:
        """When a place may be tried again; never in the future if it is well.

        Who cannot wait longer than `longest` may try it so long after it has failed.
        """
        failed, wait = self._failed.get(place, (-math.inf, 0.0))
        return failed + min(wait, longest)

    def usable(
        self, places: Iterable[P], now: float, longest: float = math.inf
    ) -> list[P]:
        """Those that may be tried now, in their order."""
        return [each for each in places if self.until(each, longest) <= now]
