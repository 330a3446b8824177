"""Changes of a group on their way to a user, no more often than policy lets (6.1.7)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from cpmgw.cpm.conference_info import ConferenceState, changes

NOBODY = ConferenceState()


class Telling:
    """Tells of a conference at first, and then of changes: one time an `interval`.

    What changes in between goes together. `interval` is in seconds.
    """

    def __init__(
        self,
        clock: IReactorTime,
        interval: float,
        tell: Callable[[ConferenceState], None],
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._tell = tell
        self._told = NOBODY
        self._news: ConferenceState | None = None
        self._pause: IDelayedCall | None = None

    def news(self, state: ConferenceState) -> None:
        """The conference is so: told now, or when it is time."""
        self._news = state
        if self._pause is None:
            self._say()

    def stop(self) -> None:
        """Say nothing more."""
        self._news = None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _say(self) -> None:
        self._pause = None
        state, self._news = self._news, None
        if state is None or not changes(self._told, state):
            return
        self._told = state
        if self._interval:
            self._pause = self._clock.callLater(self._interval, self._say)
        self._tell(state)
