"""Several questions asked at once, of which some may never be answered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from cpmgw.smtp.errors import NotSent

K = TypeVar("K")
A = TypeVar("A")


class Inquiry(Generic[K, A]):
    """Questions by a key, and their answers.

    Once one of them has an answer `is_useful`, the others have `grace` seconds more.
    """

    def __init__(
        self, clock: IReactorTime, grace: float, is_useful: Callable[[A], bool]
    ) -> None:
        self._clock = clock
        self._grace = grace
        self._is_useful = is_useful
        self._answers: dict[K, A | NotSent] = {}
        self._open: dict[K, Deferred[A]] = {}
        self._has_one = False
        self._limit: IDelayedCall | None = None
        self._fault: Failure | None = None
        self._done: Deferred[dict[K, A | NotSent]] | None = None

    def ask(self, key: K, question: Coroutine[Any, Any, A]) -> None:
        """Ask one more; NotSent is an answer as well."""
        asked = self._open[key] = Deferred.fromCoroutine(question)
        asked.addCallbacks(
            self._answered, self._failed, callbackArgs=(key,), errbackArgs=(key,)
        )

    def answers(self) -> Deferred[dict[K, A | NotSent]]:
        """The answer to each; whatever else went wrong with one fails all."""
        if not self._open and self._fault is None:
            return succeed(self._answers)
        done = self._done = Deferred(self._not_wanted)
        self._see()
        return done

    def _answered(self, answer: A, key: K) -> None:
        del self._open[key]
        self._answers[key] = answer
        self._has_one = self._has_one or self._is_useful(answer)
        self._see()

    def _failed(self, failure: Failure, key: K) -> None:
        del self._open[key]
        if isinstance(failure.value, NotSent):
            self._answers[key] = failure.value
        elif failure.check(CancelledError) is not None:
            self._answers[key] = NotSent("the DNS does not answer in time")
        else:
            self._fault = failure
        self._see()

    def _see(self) -> None:
        """Tell the answers once there are all."""
        if self._fault is not None and self._open:
            self._give_up()
        if self._done is None:
            return
        if self._open:
            if self._has_one and self._limit is None:
                self._limit = self._clock.callLater(self._grace, self._give_up)
            return
        self._stop_limit()
        done, self._done = self._done, None
        outcome: Any = self._fault or self._answers
        done.callback(outcome)

    def _give_up(self) -> None:
        """Have no answer to what is still open."""
        for each in list(self._open.values()):
            each.cancel()

    def _stop_limit(self) -> None:
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self._limit = None

    def _not_wanted(self, _: object) -> None:
        self._done = None
        self._stop_limit()
        self._give_up()
