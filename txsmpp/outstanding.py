"""Requests that wait for their answers, by sequence number (3.2, 2.7)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from txsmpp.pdu import EnquireLink, Pdu, Unbind
from txsmpp.state import BINDS

MAX_SEQUENCE_NUMBER: Final = 0x7FFFFFFF
# What keeps a session alive, or begins and ends it, is no part of the window.
OUTSIDE_WINDOW: Final = frozenset({EnquireLink, Unbind, *BINDS})


class Owed(msgspec.Struct):
    """A request of the peer's that waits for our answer."""

    request: Pdu
    deadline: float


class Pending(msgspec.Struct):
    """A request of ours that waits; `token` is whatever its sender gave."""

    request: type[Pdu]
    deadline: float
    token: Any


class Outstanding:
    """The table of ours. `windowed` counts those that the window counts.

    All wait equally long, so the first is always the next whose time is over.
    """

    def __init__(self, timeout: float) -> None:
        self.windowed = 0
        self.enquiring = False
        self._timeout = timeout
        self._last = 0
        self._pending: dict[int, Pending] = {}

    def number(self) -> int:
        """The next sequence number: 1 to 0x7FFFFFFF, then around, past those in use."""
        number = self._last % MAX_SEQUENCE_NUMBER + 1
        while number in self._pending:
            number = number % MAX_SEQUENCE_NUMBER + 1
        self._last = number
        return number

    def add(self, number: int, request: type[Pdu], now: float, token: Any) -> None:
        """One more waits from now on."""
        self._pending[number] = Pending(request, now + self._timeout, token)
        if request not in OUTSIDE_WINDOW:
            self.windowed += 1
        elif request is EnquireLink:
            self.enquiring = True

    def take(self, number: int) -> Pending | None:
        """Take out the one with this number, None if there is none."""
        pending = self._pending.pop(number, None)
        if pending is None:
            return None
        if pending.request not in OUTSIDE_WINDOW:
            self.windowed -= 1
        elif pending.request is EnquireLink:
            self.enquiring = False
        return pending

    def deadline(self) -> float | None:
        """When the time of the first is over."""
        for pending in self._pending.values():
            return pending.deadline
        return None

    def overdue(self, now: float) -> Pending | None:
        """Take out the first if its time is over."""
        for number, pending in self._pending.items():
            if pending.deadline <= now:
                return self.take(number)
            break
        return None

    def postpone(self, seconds: float) -> None:
        """Give all of them more time."""
        for pending in self._pending.values():
            pending.deadline += seconds

    def clear(self) -> list[Pending]:
        """Take out all."""
        everything = list(self._pending.values())
        self._pending.clear()
        self.windowed = 0
        self.enquiring = False
        return everything
