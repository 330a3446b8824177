"""What was replaced while it was at work: it stops when its work is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    gatherResults,
    maybeDeferred,
)
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

# Seconds between two looks. What is under way may not have got there before the first.
PAUSE: Final = 1.0


class Leaving:
    """Parts of a gateway that are of no more use to it, and still have work to do."""

    log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waits: list[Deferred[None]] = []
        self._all: set[Deferred[None]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def let_go(
        self,
        stop: Callable[[], Deferred[Any] | None],
        busy: Callable[[], bool],
        at_most: float,
    ) -> None:
        """Stop a part once it is not `busy`, after `at_most` seconds at the latest."""
        until = self._clock.seconds() + at_most
        left = Deferred.fromCoroutine(self._leave(stop, busy, until))
        self._all.add(left)
        left.addErrback(self._failed)
        left.addBoth(lambda _: self._all.discard(left))

    async def end(self) -> None:
        """Stop them all, whatever they are at."""
        for wait in list(self._waits):
            wait.cancel()
        await gatherResults([*self._all])

    async def _leave(
        self,
        stop: Callable[[], Deferred[Any] | None],
        busy: Callable[[], bool],
        until: float,
    ) -> None:
        while await self._waited() and busy() and self._clock.seconds() < until:
            continue
        await maybeDeferred(stop)

    async def _waited(self) -> bool:
        """Wait for a moment; False if there is no time left."""
        wait: Deferred[None] = deferLater(self._clock, PAUSE)
        self._waits.append(wait)
        try:
            await wait
        except CancelledError:
            return False
        finally:
            self._waits.remove(wait)
        return True

    def _failed(self, failure: Failure) -> None:
        self.log.failure("what was replaced does not stop in order", failure)
