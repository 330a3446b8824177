"""Changes of a group on their way to a user, no more often than policy lets (6.1.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from cpmgw.cpm.conference_info import ConferenceState, differ

NOBODY = ConferenceState()
# Seconds until what could not be told is tried again, and twice as many each time.
AGAIN: Final = 60.0
LONGEST: Final = 3_600.0


class Telling:
    """Tells of a conference at first, and then of changes: one time an `interval`.

    What changes in between goes together. `interval` is in seconds; `tell` fires with
    whether the user was told. Where not, the same is told later, or what is newer.
    """

    def __init__(
        self,
        clock: IReactorTime,
        interval: float,
        tell: Callable[[ConferenceState], Deferred[bool]],
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._tell = tell
        self._told = NOBODY
        self._news: ConferenceState | None = None
        self._pause: IDelayedCall | None = None
        self._again = AGAIN
        self._is_telling = False
        self._is_over = False

    def news(self, state: ConferenceState) -> None:
        """The conference is so: told now, or when it is time."""
        self._news = state
        if self._pause is None:
            self._say()

    def stop(self) -> None:
        """Say nothing more."""
        self._is_over = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _say(self) -> None:
        self._pause = None
        if self._is_telling or self._is_over:
            return
        state, self._news = self._news, None
        if state is None or not differ(self._told, state):
            return
        self._is_telling = True
        self._tell(state).addCallback(self._said, state)

    def _said(self, is_told: bool, state: ConferenceState) -> None:
        self._is_telling = False
        if self._is_over:
            return
        pause = self._interval
        if is_told:
            self._told, self._again = state, AGAIN
        else:
            self._news = self._news or state
            pause = max(pause, self._again)
            self._again = min(2 * self._again, LONGEST)
        if pause:
            self._pause = self._clock.callLater(pause, self._say)
        else:
            self._say()
