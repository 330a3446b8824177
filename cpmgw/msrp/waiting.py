"""Requests that came before the other side of their session was known.

A SEND that binds may wait beside what else is read. For anything else reading stops:
for as long as a session may take to begin where nobody else uses the connection, and
for a moment, once, where others do. The ACK that has a session begin goes another way,
and a relay answers what it passes on itself: without that moment its octets were lost.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from cpmgw.msrp.frames import Request

# How many sessions may be waited for on one connection.
_MOST: Final = 256
# Seconds that others on a connection wait for a session to begin.
MOMENT: Final = 2.0

T = TypeVar("T")


class Waits(msgspec.Struct, frozen=True):
    """One of them, and until when; one that `holds` has nothing read behind it."""

    request: Request
    until: float
    holds: bool


class Waiting(Generic[T]):
    """What waits on one connection: of each session one aside, of one more what holds.

    `patience` is how long a session may take to begin, in seconds.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._aside: dict[T, Waits] = {}
        self._stop: tuple[T, Waits] | None = None
        self._stopped: set[T] = set()

    def __len__(self) -> int:
        return len(self._aside) + (self._stop is not None)

    def __contains__(self, session: object) -> bool:
        stopped = self._stop is not None and self._stop[0] == session
        return stopped or session in self._aside

    @property
    def holds(self) -> bool:
        """Whether nothing is to be read meanwhile."""
        return self._stop is not None

    @property
    def deadline(self) -> float | None:
        """When one has waited for long enough."""
        due = [each.until for each in self._aside.values()]
        if self._stop is not None:
            due.append(self._stop[1].until)
        return min(due, default=None)

    def admits(
        self, session: T, request: Request, now: float, *, alone: bool
    ) -> Waits | None:
        """How a request may wait, None if it may not; `alone`: nobody else is held up.

        It is for `add`, once its session agrees.
        """
        if alone and not self._aside:
            return Waits(request, now + self._patience, holds=True)
        binds = request.method == "SEND" and not request.has_body
        if binds and session not in self._aside and len(self._aside) < _MOST:
            return Waits(request, now + self._patience, holds=False)
        if session in self._stopped or request.method != "SEND" or binds:
            return None
        return Waits(request, now + min(MOMENT, self._patience), holds=True)

    def add(self, session: T, waits: Waits) -> None:
        """One waits."""
        if waits.holds:
            self._stop = session, waits
            self._stopped.add(session)
        else:
            self._aside[session] = waits

    def pop(self, session: T) -> list[Waits]:
        """None of this session waits any more; gives them in their order."""
        self._stopped.discard(session)
        aside = self._aside.pop(session, None)
        found = [] if aside is None else [aside]
        if self._stop is not None and self._stop[0] == session:
            found.append(self._stop[1])
            self._stop = None
        return found

    def expired(self, now: float) -> list[tuple[T, Waits]]:
        """Those that have waited for long enough; they wait no more."""
        old = [each for each in self._aside.items() if each[1].until <= now]
        for session, _ in old:
            del self._aside[session]
        if self._stop is not None and self._stop[1].until <= now:
            old.append(self._stop)
            self._stop = None
        return old

    def clear(self) -> list[T]:
        """None waits; gives their sessions."""
        sessions = dict.fromkeys(self._aside)
        if self._stop is not None:
            sessions[self._stop[0]] = None
        self._aside.clear()
        self._stop = None
        self._stopped.clear()
        return list(sessions)
