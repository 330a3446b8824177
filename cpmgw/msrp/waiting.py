"""Requests that came before the other side of their session was known."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from cpmgw.msrp.frames import Request

# How many sessions may be waited for on one connection.
_MOST: Final = 256

T = TypeVar("T")


class Waits(msgspec.Struct, frozen=True):
    """One of them, and since when; one that `holds` has nothing read behind it."""

    request: Request
    since: float
    holds: bool


class Waiting(Generic[T]):
    """What waits on one connection: one request for each session."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._all: dict[T, Waits] = {}

    def __len__(self) -> int:
        return len(self._all)

    @property
    def holds(self) -> bool:
        """Whether nothing is to be read meanwhile."""
        return bool(self._all) and any(each.holds for each in self._all.values())

    @property
    def deadline(self) -> float | None:
        """When one has waited for long enough."""
        if not self._all:
            return None
        return min(each.since for each in self._all.values()) + self._patience

    def takes(self, session: T, request: Request) -> bool:
        """Whether it may wait while others are read: the SEND that binds alone may."""
        binds = request.method == "SEND" and not request.has_body
        return binds and session not in self._all and len(self._all) < _MOST

    def add(self, session: T, request: Request, now: float, *, holds: bool) -> None:
        """One waits."""
        self._all[session] = Waits(request, now, holds)

    def pop(self, session: T) -> Waits | None:
        """It waits no more."""
        return self._all.pop(session, None)

    def expired(self, now: float) -> list[tuple[T, Waits]]:
        """Those that have waited for long enough; they wait no more."""
        old = [
            (session, each)
            for session, each in self._all.items()
            if each.since + self._patience <= now
        ]
        for session, _ in old:
            del self._all[session]
        return old

    def clear(self) -> list[T]:
        """None waits; gives their sessions."""
        sessions = list(self._all)
        self._all.clear()
        return sessions
