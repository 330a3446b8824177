"""Whose turn it is among the MMS of one sender to one recipient (TS 6.1.5.1)."""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred

Pair = tuple[str, str]


class Turn:
    """One turn: it has come when `came` fires, and is over once `over` was called."""

    def __init__(self, turns: ArrivalTurns, pair: Pair) -> None:
        self.came: Deferred[None] = Deferred()
        self._turns = turns
        self._pair = pair
        self._is_over = False

    def over(self) -> None:
        """Let the next one have its turn; may be called again."""
        if not self._is_over:
            self._is_over = True
            self._turns.left(self._pair, self)


class ArrivalTurns:
    """Lets messages be handed over in the order in which they came.

    What is looked up and kept for one before that may take longer than for the next.
    """

    def __init__(self) -> None:
        self._waiting: dict[Pair, deque[Turn]] = {}

    def __len__(self) -> int:
        """How many pairs have somebody whose turn it is."""
        return len(self._waiting)

    def take(self, pair: Pair) -> Turn:
        """A turn after all that were taken before it."""
        turn = Turn(self, pair)
        waiting = self._waiting.setdefault(pair, deque())
        waiting.append(turn)
        if len(waiting) == 1:
            turn.came.callback(None)
        return turn

    def left(self, pair: Pair, turn: Turn) -> None:
        """One has had its turn, or does not want it any more."""
        waiting = self._waiting[pair]
        was_first = waiting[0] is turn
        waiting.remove(turn)
        if not waiting:
            del self._waiting[pair]
        elif was_first:
            waiting[0].came.callback(None)
