"""When messages leave: as many as may be under way, or so many a second."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final, Protocol

from cpmgw.lab.bench.ledger import Ledger

_TICK: Final = 0.001


class Pace(Protocol):
    """When messages are to leave."""

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """The moments, up to now, of those that are to leave now."""


class Window:
    """Closed loop: as many messages as keep `size` of them at the gateway."""

    def __init__(self, size: int) -> None:
        self._size = size

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """One moment, now, for each that fits."""
        return [now] * (self._size - ledger.at_the_gateway)


class Rate:
    """Open loop: independent senders, so many messages a second on the average."""

    def __init__(self, rate: float, now: float, seed: int = 1) -> None:
        self._rate = rate
        self._gaps = random.Random(seed)
        self._next = now

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """Moments with exponential gaps (a Poisson process)."""
        moments = []
        while self._next <= now:
            moments.append(self._next)
            self._next += self._gaps.expovariate(self._rate)
        return moments


class Once:
    """A pace of so many messages, now."""

    def __init__(self, count: int) -> None:
        self._left = count

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """All of them, the first time."""
        moments, self._left = [now] * self._left, 0
        return moments


class Pacing:
    """Has messages `leave`, by their number, as `pace` wants while there is one."""

    def __init__(
        self, reactor: Any, ledger: Ledger, leave: Callable[[int], None]
    ) -> None:
        self.pace: Pace | None = None
        self._reactor = reactor
        self._ledger = ledger
        self._leave = leave
        self._sending = False

    def start(self) -> None:
        """Look each millisecond, for good."""
        self.send()
        self._reactor.callLater(_TICK, self.start)

    def send(self) -> None:
        """Send what the pace has due."""
        if self.pace is None or self._sending:
            return
        self._sending = True
        for moment in self.pace.due(self._reactor.seconds(), self._ledger):
            self._leave(self._ledger.send(moment))
        self._sending = False
