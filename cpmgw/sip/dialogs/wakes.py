"""When each of many calls wants to be woken, under one call of the reactor."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Final, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

# The clock may be a little early: never ask it for less.
_TICK: Final = 0.001
# So many forgotten wishes are not worth looking for.
_FEW: Final = 64


class Sleeper(Protocol):
    """Who wants to be woken: at `due`, and `queued` says when it will be looked at."""

    due: float
    queued: float

    def wake(self, now: float) -> None:
        """It is time."""


class Wakes:
    """One deadline for each sleeper, infinity being none.

    A deadline that moves back costs nothing until the old one has come; what was put
    off or forgotten is dropped once it is more than half of all.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._serial = 0
        self._forgotten = 0
        self._tick: IDelayedCall | None = None
        self._tick_at = inf

    def __len__(self) -> int:
        """How many sleepers there are."""
        return sum(_is_live(entry) for entry in self._heap)

    @property
    def entries(self) -> int:
        """How many entries are kept, forgotten ones included."""
        return len(self._heap)

    def at(self, sleeper: Sleeper, when: float) -> None:
        """Wake it then, and at no other time."""
        sleeper.due = when
        if when == inf:
            self._forget(sleeper)
        elif when < sleeper.queued:
            self._forget(sleeper)
            self._push(sleeper, when)
        self._schedule()

    def _forget(self, sleeper: Sleeper) -> None:
        """Count on its entry no more; what is forgotten goes where it is too much."""
        if sleeper.queued == inf:
            return
        sleeper.queued = inf
        self._forgotten += 1
        if self._forgotten > max(_FEW, len(self._heap) // 2):
            self._heap = [entry for entry in self._heap if _is_live(entry)]
            heapify(self._heap)
            self._forgotten = 0

    def pause(self, seconds: float) -> Deferred[None]:
        """Fires after so many seconds; fails with CancelledError when cancelled."""
        return _Pause(self, seconds).over

    async def at_most(
        self, seconds: float, done: Deferred[Any], give_up: Callable[[], None]
    ) -> None:
        """Wait until something is done; after so long `give_up` is to see to that."""
        limit = self.pause(seconds)
        limit.addCallbacks(lambda _: give_up(), unless_cancelled)
        await done
        limit.cancel()

    def now(self) -> float:
        """The time by the clock."""
        return self._clock.seconds()

    def _push(self, sleeper: Sleeper, when: float) -> None:
        sleeper.queued = when
        self._serial += 1
        heappush(self._heap, (when, self._serial, sleeper))

    def _schedule(self) -> None:
        heap = self._heap
        while heap and not _is_live(heap[0]):
            heappop(heap)
            self._forgotten = max(self._forgotten - 1, 0)
        earliest = heap[0][0] if heap else inf
        if earliest == self._tick_at:
            return
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        self._tick_at = earliest
        if earliest < inf:
            wait = max(earliest - self._clock.seconds(), _TICK)
            self._tick = self._clock.callLater(wait, self._ticked)

    def _ticked(self) -> None:
        self._tick, self._tick_at = None, inf
        now = self._clock.seconds()
        late: list[Sleeper] = []
        while self._heap and self._heap[0][0] <= now:
            entry = heappop(self._heap)
            if _is_live(entry):
                entry[2].queued = inf
                late.append(entry[2])
            else:
                self._forgotten = max(self._forgotten - 1, 0)
        for sleeper in late:
            if sleeper.due <= now:
                sleeper.due = inf
                self._wake(sleeper, now)
            elif sleeper.due < sleeper.queued:
                self._push(sleeper, sleeper.due)
        self._schedule()

    def _wake(self, sleeper: Sleeper, now: float) -> None:
        try:
            sleeper.wake(now)
        except Exception:
            self._log.failure("what was due could not be done")


class _Pause:
    """A wait under the same call of the reactor."""

    __slots__ = ("_wakes", "due", "over", "queued")

    def __init__(self, wakes: Wakes, seconds: float) -> None:
        self.due = self.queued = inf
        self._wakes = wakes
        self.over: Deferred[None] = Deferred(self._cancelled)
        wakes.at(self, wakes.now() + seconds)

    def wake(self, now: float) -> None:
        """It is over."""
        self.over.callback(None)

    def _cancelled(self, _: Deferred[None]) -> None:
        self._wakes.at(self, inf)


def unless_cancelled(failure: Failure) -> None:
    """Have a wait that was cancelled be no error."""
    failure.trap(CancelledError)


def _is_live(entry: tuple[float, int, Sleeper]) -> bool:
    """Whether its sleeper still counts on an entry."""
    return entry[2].queued == entry[0]
