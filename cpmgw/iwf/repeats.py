"""A repeated request makes no second message.

Retransmissions are absorbed by the transactions (RFC 3261 17.2.2); this is for the
sender that asks again in a new transaction: after a time-out, over another path, or
after the gateway was restarted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.errors import CannotInterwork
from cpmgw.records import Answer


class RepeatGuard:
    """Remembers requests that are being worked on and answers that were given.

    Only successes are kept: who was refused is meant to try again. `limit` bounds the
    answers in memory; `now` values are seconds since 1970.
    """

    log = Logger()

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._working: dict[bytes, list[Deferred[Answer]]] = {}
        self._idle: list[Deferred[None]] = []

    def load(self, answers: Iterable[Answer]) -> None:
        """Take over what an earlier process has answered."""
        for answer in sorted(answers, key=lambda each: each.expires):
            self._keep(answer)

    def __len__(self) -> int:
        return len(self._answers)

    def once(
        self,
        key: bytes,
        now: float,
        work: Callable[[], Coroutine[Deferred[Any], Any, Answer]],
    ) -> Deferred[Answer]:
        """Do `work` unless the same key was answered or is being worked on.

        All who ask while it is worked on get its answer or its failure. The work ends
        even when nobody waits any more, because a cancelled transaction does not take
        a message back: what was sent is remembered (docs/decisions/0003).
        """
        self._expire(now)
        turn: Deferred[Answer] = Deferred()
        answer = self._answers.get(key)
        if answer is not None and answer.expires > now:
            turn.callback(answer)
            return turn
        waiting = self._working.get(key)
        if waiting is not None:
            waiting.append(turn)
            return turn
        self._working[key] = [turn]
        Deferred.fromCoroutine(work()).addBoth(self._done, key)
        return turn

    def idle(self) -> Deferred[None]:
        """Fires once nothing is being worked on."""
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        self._look_if_idle()
        return idle

    def forget(self, key: bytes) -> None:
        """Have a repeat of this request done anew: its message was not delivered."""
        self._answers.pop(key, None)

    def _done(self, result: Answer | Failure, key: bytes) -> None:
        if isinstance(result, Answer):
            self._keep(result)
        waiting = [turn for turn in self._working.pop(key) if not turn.called]
        for turn in waiting:
            turn.callback(result)
        if isinstance(result, Failure) and not (
            waiting or result.check(CannotInterwork)
        ):
            self.log.failure("work that nobody waited for failed", result)
        self._look_if_idle()

    def _look_if_idle(self) -> None:
        if not self._working:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                idle.callback(None)

    def _keep(self, answer: Answer) -> None:
        self._answers[answer.key] = answer
        if len(self._answers) > self._limit:
            self._answers.popitem(last=False)

    def _expire(self, now: float) -> None:
        answers = self._answers
        while answers:
            key = next(iter(answers))
            if answers[key].expires > now:
                return
            del answers[key]
