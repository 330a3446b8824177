"""Many deadlines under one clock: a queue for each distinct delay, no heap.

Transaction timers have a dozen values in all (T1 doubled, T2, T4, 64*T1), so entries
of one delay come due in the order they were set, and setting one costs an append.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")


class Alarms(Generic[T]):
    """Deadlines with what they are for.

    `earliest` is the next deadline, infinity without one. `stale` tells what no longer
    matters: each `set` drops up to two such entries that are first in their queue, so
    that a queue is as long as what is alive and no longer. When the clock goes back,
    the next `set` takes its queue along: no entry waits for longer than its delay.
    """

    def __init__(self, stale: Callable[[T], bool] | None = None) -> None:
        self.earliest = inf
        self._stale = stale
        self._queues: dict[float, deque[tuple[float, T]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def set(self, delay: float, entry: T, now: float) -> None:
        """Have `entry` come due at now + delay."""
        queue = self._queues.get(delay)
        if queue is None:
            queue = self._queues[delay] = deque()
        elif self._stale is not None:
            for _ in range(2):
                if queue and self._stale(queue[0][1]):
                    queue.popleft()
        deadline = now + delay
        if queue and queue[-1][0] > deadline:
            _set_back(queue, deadline)
        queue.append((deadline, entry))
        if deadline < self.earliest:
            self.earliest = deadline

    def due(self, now: float) -> list[T]:
        """Take the entries whose deadline has come, earliest first."""
        if now < self.earliest:
            return []
        late: list[tuple[float, T]] = []
        emptied: list[float] = []
        for delay, queue in self._queues.items():
            while queue and queue[0][0] <= now:
                late.append(queue.popleft())
            if not queue:
                emptied.append(delay)
        for delay in emptied:
            del self._queues[delay]
        heads = [queue[0][0] for queue in self._queues.values()]
        self.earliest = min(heads, default=inf)
        late.sort(key=_deadline)
        return [entry for _, entry in late]

    def clear(self) -> None:
        """Forget every deadline."""
        self._queues.clear()
        self.earliest = inf


def _set_back(queue: deque[tuple[float, T]], latest: float) -> None:
    """Bring every deadline down to `latest`, which the clock has gone back to."""
    entries = [(min(deadline, latest), entry) for deadline, entry in queue]
    queue.clear()
    queue.extend(entries)


def _deadline(timed: tuple[float, object]) -> float:
    return timed[0]
