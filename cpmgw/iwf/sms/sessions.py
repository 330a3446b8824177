"""Which answers an SM-SC may have missed (docs/decisions/0003)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

# Seconds after an answer within which the end of its session may have lost it.
IN_FLIGHT: Final = 10.0
# The same for a session of an earlier process, of whose end nothing is known.
AFTER_RESTART: Final = 60.0
# Sessions that are remembered after their end.
REMEMBERED: Final = 10_000


class Sessions:
    """The connections to SM-SCs, those that are up and those that were.

    Times are seconds since 1970.
    """

    def __init__(self) -> None:
        self._up: set[str] = set()
        self._ended: OrderedDict[str, float] = OrderedDict()

    def began(self, session: str) -> None:
        """A session is bound."""
        self._up.add(session)

    def ended(self, session: str, now: float) -> None:
        """A session is gone."""
        self._up.discard(session)
        self._ended[session] = now
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def may_have_missed(self, session: str, answered: float, now: float) -> bool:
        """Whether the SM-SC may not have got an answer that was given over a session.

        If so it sends the message again, over another one.
        """
        if session in self._up:
            return False
        ended = self._ended.get(session)
        if ended is not None:
            return ended - answered <= IN_FLIGHT
        return now - answered <= AFTER_RESTART
