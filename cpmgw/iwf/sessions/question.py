"""A question to a Non-CPM user, and the time for its answer (TS 6.1.4 step 8)."""

from __future__ import annotations

from collections.abc import Coroutine
from enum import Enum
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.errors import CannotInterwork


class Verdict(Enum):
    """How a question ends."""

    YES = "yes"
    NO = "no"
    SILENCE = "silence"
    TAKEN_BACK = "taken back"


class Question:
    """One question; `put` asks it, which CannotInterwork says cannot be done.

    One that may have arrived stays open: only a refusal ends it (TS 6.1.4 step 8d,
    6.3.1.1.6.1 step 5).
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._answer: Deferred[Verdict] = Deferred()

    @property
    def is_open(self) -> bool:
        """Whether the answer is still awaited."""
        return not self._answer.called

    async def put(self, asking: Coroutine[Deferred[Any], Any, None]) -> Verdict:
        """Ask, and wait; CannotInterwork where the question could not be delivered.

        The wait begins at once: who takes the question may be slow.
        """
        timer = self._clock.callLater(self._patience, self.settle, Verdict.SILENCE)
        Deferred.fromCoroutine(asking).addErrback(self._not_put)
        try:
            return await self._answer
        finally:
            if timer.active():
                timer.cancel()

    def settle(self, verdict: Verdict) -> None:
        """End it so; what comes after the first end changes nothing."""
        if self.is_open:
            self._answer.callback(verdict)

    def _not_put(self, failure: Failure) -> None:
        error = failure.value
        may_have_left = isinstance(error, CannotInterwork) and error.may_have_left
        if self.is_open and not may_have_left:
            self._answer.errback(failure)
        elif isinstance(error, CannotInterwork):
            self.log.debug("question not put: {error}", error=str(error))
        else:
            self.log.failure("question not put", failure)
