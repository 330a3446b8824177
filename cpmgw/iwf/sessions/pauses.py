"""Who is not to be asked again yet (RFC 3261 20.33)."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil
from typing import Final

# Refusals that are remembered; the oldest gives way to the newest.
MOST_PAUSES: Final = 10_000

Pair = tuple[str, str]
"""Who invites, and the Non-CPM user, as the register knows them."""


class Pauses:
    """After a refusal, or silence: until when each is kept from asking again.

    Times are in seconds since 1970.
    """

    def __init__(self, most: int = MOST_PAUSES) -> None:
        self._most = most
        self._until: OrderedDict[Pair, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def begin(self, pair: Pair, until: float) -> None:
        """Have nobody asked again before then."""
        self._until.pop(pair, None)
        self._until[pair] = until
        if len(self._until) > self._most:
            self._until.popitem(last=False)

    def left(self, pair: Pair, now: float) -> int:
        """Whole seconds that are left, 0 where one may be asked."""
        until = self._until.get(pair)
        if until is None:
            return 0
        if until <= now:
            del self._until[pair]
            return 0
        return ceil(until - now)
