"""What sending an MMS waits for: it has an end in time, and when the gateway stops."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")


class Waits:
    """Lets messages wait, before they have left and after.

    What is waited for too long fails with TimeoutError, and with CancelledError when
    the gateway stops, unless its canceller says something else.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._before: set[Deferred[Any]] = set()
        self._after: set[Deferred[Any]] = set()
        self._is_over = False

    def start(self) -> None:
        """Let messages wait, also after a stop."""
        self._is_over = False

    def before(self, wait: Deferred[T], seconds: float | None = None) -> Deferred[T]:
        """Wait so long with a message that has not left; None is without a limit."""
        return self._add(self._before, wait, seconds)

    def after(self, wait: Deferred[T], seconds: float | None = None) -> Deferred[T]:
        """Wait so long for what is said of a message that has left."""
        return self._add(self._after, wait, seconds)

    def leave(self) -> None:
        """Give up what has not left."""
        _cancel(self._before)

    def cut(self) -> None:
        """Give up everything, also what begins from now on."""
        self._is_over = True
        _cancel(self._before)
        _cancel(self._after)

    def _add(
        self, among: set[Deferred[Any]], wait: Deferred[T], seconds: float | None
    ) -> Deferred[T]:
        if wait.called:
            return wait
        if seconds is not None:
            wait.addTimeout(max(0.0, seconds), self._clock)
        among.add(wait)
        wait.addBoth(_over, among, wait)
        if self._is_over:
            wait.cancel()
        return wait


def _over(outcome: T, among: set[Deferred[Any]], wait: Deferred[Any]) -> T:
    among.discard(wait)
    return outcome


def _cancel(waits: set[Deferred[Any]]) -> None:
    for wait in tuple(waits):
        wait.cancel()
