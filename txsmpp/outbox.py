"""What waits to be sent, in the order it was given."""

from __future__ import annotations

from bisect import insort
from collections import deque
from operator import attrgetter
from typing import Protocol as Shape

from twisted.internet.defer import Deferred

from txsmpp.errors import SmppError
from txsmpp.pdu import Pdu, Response


class EntryOwner(Shape):
    """Who is told how the sending of an entry went."""

    def answered(self, entry: Entry, response: Response) -> None:
        """The peer's answer."""

    def failed(self, entry: Entry, error: SmppError) -> None:
        """There will be none."""


class Entry:
    """One request on its way, with its octets and who waits for its answer.

    `order` is its place among all; `refused` is the answer that sent it back, and
    `refused_at` when that came first.
    """

    __slots__ = (
        "deferred",
        "octets",
        "order",
        "owner",
        "queued_at",
        "refused",
        "refused_at",
        "request",
    )

    def __init__(
        self, owner: EntryOwner, order: int, request: Pdu, octets: bytes, now: float
    ) -> None:
        self.owner = owner
        self.order = order
        self.request = request
        self.octets = octets
        self.queued_at = now
        self.deferred: Deferred[Response] = Deferred()
        self.refused: Response | None = None
        self.refused_at = now

    def answered(self, response: Response) -> None:
        """The peer's answer to it (`txsmpp.protocol.Waiting`)."""
        self.owner.answered(self, response)

    def failed(self, error: SmppError) -> None:
        """There will be no answer."""
        self.owner.failed(self, error)

    def settle(self, outcome: Response | SmppError) -> None:
        """Tell who waits, unless they have stopped waiting."""
        if self.deferred.called:
            return
        if isinstance(outcome, Response):
            self.deferred.callback(outcome)
        else:
            self.deferred.errback(outcome)


_by_order = attrgetter("order")


class Outbox:
    """First in, first out; what is put back goes before all that was given later.

    Those that were put back may wait `refused_time` seconds since they were refused
    first, the others `fresh_time` since they came.
    """

    def __init__(self, fresh_time: float, refused_time: float) -> None:
        self._fresh_time = fresh_time
        self._refused_time = refused_time
        self._fresh: deque[Entry] = deque()
        self._returned: list[Entry] = []

    def __len__(self) -> int:
        return len(self._fresh) + len(self._returned)

    def add(self, entry: Entry) -> None:
        """Put it at the end."""
        self._fresh.append(entry)

    def put_back(self, entry: Entry) -> None:
        """Put it where it was, by its order."""
        insort(self._returned, entry, key=_by_order)

    def pop(self) -> Entry:
        """Take the first."""
        return self._returned.pop(0) if self._returned else self._fresh.popleft()

    def discard(self, entry: Entry) -> None:
        """Take this one out, if it is here."""
        if entry in self._returned:
            self._returned.remove(entry)
        elif entry in self._fresh:
            self._fresh.remove(entry)

    def due(self) -> float | None:
        """When the first of them has waited too long."""
        moments = [each.refused_at + self._refused_time for each in self._returned]
        if self._fresh:
            moments.append(self._fresh[0].queued_at + self._fresh_time)
        return min(moments, default=None)

    def expired(self, now: float) -> list[Entry]:
        """Take out all that have waited too long."""
        gone: list[Entry] = []
        if self._returned:
            # The same sum as in `due`: rounded another way, the two may disagree.
            wait = self._refused_time
            kept = [each for each in self._returned if each.refused_at + wait > now]
            gone = [each for each in self._returned if each.refused_at + wait <= now]
            self._returned = kept
        while self._fresh and self._fresh[0].queued_at + self._fresh_time <= now:
            gone.append(self._fresh.popleft())
        return gone

    def drain(self) -> list[Entry]:
        """Take out all."""
        everything = [*self._returned, *self._fresh]
        self._returned.clear()
        self._fresh.clear()
        return everything
