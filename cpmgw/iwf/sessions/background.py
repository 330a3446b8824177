"""Work that nobody waits for, and that a stop waits for all the same."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.errors import CannotInterwork, StoreError


class Background:
    """Coroutines under way; what they fail of is logged."""

    log = Logger()

    def __init__(self) -> None:
        self._under_way: set[Deferred[None]] = set()
        self._idle: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self._under_way)

    def run(self, work: Coroutine[Deferred[Any], Any, None], what: str) -> None:
        """Have it done; `what` names it in a log."""
        started = Deferred.fromCoroutine(work)
        self._under_way.add(started)
        started.addErrback(self._failed, what)
        started.addCallback(self._done, started)

    def idle(self) -> Deferred[None]:
        """Fires once nothing is under way."""
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        self._look_if_idle()
        return idle

    def _failed(self, failure: Failure, what: str) -> None:
        if failure.check(CannotInterwork, StoreError, CancelledError):
            self.log.debug(
                "{what} failed: {error}", what=what, error=str(failure.value)
            )
        else:
            self.log.failure("{what} failed", failure, what=what)

    def _done(self, _: None, started: Deferred[None]) -> None:
        self._under_way.discard(started)
        self._look_if_idle()

    def _look_if_idle(self) -> None:
        if not self._under_way:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                idle.callback(None)
