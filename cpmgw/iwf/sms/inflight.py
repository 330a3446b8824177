"""Receipts that arrive before the answer they belong to (docs/decisions/0005).

An SM-SC may send the receipt before, or together with, the submit_sm_resp that names
its message_id, and the commit that remembers it takes a moment more. A receipt whose
message_id is unknown therefore waits until every submission that was under way to that
SM-SC when it came has been committed.
"""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred


class InFlight:
    """Submissions under way, by SM-SC, in the order they began."""

    def __init__(self) -> None:
        self._next = 0
        self._open: dict[str, dict[int, None]] = {}
        self._waiting: dict[str, deque[tuple[int, Deferred[None]]]] = {}

    def begin(self, centre: str) -> int:
        """A submission to this SM-SC begins; gives the ticket to end it with."""
        self._next += 1
        self._open.setdefault(centre, {})[self._next] = None
        return self._next

    def end(self, centre: str, ticket: int) -> None:
        """A submission is over: committed, or failed."""
        under_way = self._open[centre]
        del under_way[ticket]
        waiting = self._waiting.get(centre)
        if not waiting:
            return
        oldest = next(iter(under_way), self._next + 1)
        while waiting and waiting[0][0] < oldest:
            waiting.popleft()[1].callback(None)

    def settled(self, centre: str) -> Deferred[None] | None:
        """Fires when all that is under way now is over; None if nothing is."""
        if not self._open.get(centre):
            return None
        over: Deferred[None] = Deferred()
        self._waiting.setdefault(centre, deque()).append((self._next, over))
        return over
