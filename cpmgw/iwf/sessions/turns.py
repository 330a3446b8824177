"""Turns at a Non-CPM user: one message at a time from each address (TS 6.1.5.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred

if TYPE_CHECKING:
    from cpmgw.iwf.sessions.bearer import Place

Result = TypeVar("Result")


class Turns:
    """Who waits to send something to a user, and under which address.

    Sessions that follow each other share them, so that what was said first in one is
    read before what the next one says.
    """

    def __init__(self) -> None:
        self._waiting: dict[Place, deque[Deferred[None]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def take(
        self, place: Place, work: Coroutine[Deferred[Any], Any, Result]
    ) -> Result:
        """Have it done when what came before is done; CancelledError after a stop."""
        try:
            await self._turn(place)
        except BaseException:
            work.close()
            raise
        try:
            return await work
        finally:
            self._next(place)

    def stop(self) -> None:
        """Have nobody wait any longer."""
        for waiting in self._waiting.values():
            for turn in list(waiting):
                turn.cancel()

    def _turn(self, place: Place) -> Deferred[None]:
        turn: Deferred[None] = Deferred(lambda _: self._give_up(place, turn))
        waiting = self._waiting.get(place)
        if waiting is None:
            self._waiting[place] = deque()
            turn.callback(None)
        else:
            waiting.append(turn)
        return turn

    def _give_up(self, place: Place, turn: Deferred[None]) -> None:
        self._waiting[place].remove(turn)
        turn.errback(CancelledError())

    def _next(self, place: Place) -> None:
        waiting = self._waiting[place]
        if waiting:
            waiting.popleft().callback(None)
        else:
            del self._waiting[place]
