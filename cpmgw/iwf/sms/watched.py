"""Numbers whose users could not be reached, until they are told of (TS 6.2.3.1).

All of them are in the store, which outlives the process; here they are known without
asking it, because each delivery that succeeds may be to one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.errors import StoreError
from cpmgw.interfaces import IWatchedNumbers
from cpmgw.records import Watched

# Numbers that are watched at the most: beyond, the one that failed longest ago is not.
MOST: Final = 100_000
# Seconds for which it is worth telling that a user can be reached.
NEWS: Final = 86_400.0


class WatchList:
    """The numbers that are watched; times are seconds since 1970.

    A Deferred of this fires when the store has done its part, or has failed to, which
    is logged: none of them fails.
    """

    log = Logger()

    def __init__(
        self, store: IWatchedNumbers, now: Callable[[], float], most: int = MOST
    ) -> None:
        self._store = store
        self._now = now
        self._most = most
        # The one that failed longest ago comes first.
        self._numbers: dict[str, Watched] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    async def load(self) -> list[Watched]:
        """Take up what an earlier process has left: those to be told of."""
        found: list[Watched] = []
        page = await self._store.page()
        while page:
            found += page
            page = await self._store.page(after=page[-1].number)
        found.sort(key=lambda each: each.since)
        self._numbers = {each.number: each for each in found if self._lasts(each)}
        return [each for each in self._numbers.values() if each.ready is not None]

    def watch(self, number: str, user: str, seconds: float) -> Deferred[None]:
        """A delivery has failed: watch the number, so many seconds, 0 without end.

        What was to be told of it is not any more: its user is away again.
        """
        self._numbers.pop(number, None)
        if len(self._numbers) >= self._most:
            self.forget(next(iter(self._numbers.values())))
        now = self._now()
        until = now + seconds if seconds else None
        return self._keep(Watched(number=number, user=user, since=now, until=until))

    def reached(self, number: str) -> Watched | None:
        """A number can be reached: what is to be told of it, None if nobody waits.

        Nobody waits either for what has been reached before.
        """
        known = self._numbers.get(number)
        if known is None or known.ready is not None or not self._lasts(known):
            return None
        now = self._now()
        news = msgspec.structs.replace(known, ready=now, until=now + NEWS)
        self._keep(news)
        return news

    def is_news(self, watched: Watched) -> bool:
        """Whether this is still what is to be told of its number."""
        return self._numbers.get(watched.number) is watched

    def forget(self, watched: Watched) -> Deferred[None]:
        """Watch a number no more, if this is what is known of it."""
        if not self.is_news(watched):
            return succeed(None)
        del self._numbers[watched.number]
        return self._stored(self._store.drop(watched.number))

    def _lasts(self, watched: Watched) -> bool:
        return watched.until is None or watched.until > self._now()

    def _keep(self, watched: Watched) -> Deferred[None]:
        self._numbers[watched.number] = watched
        return self._stored(self._store.keep(watched))

    def _stored(self, stored: Deferred[None]) -> Deferred[None]:
        return stored.addErrback(self._not_stored)

    def _not_stored(self, failure: Failure) -> None:
        failure.trap(StoreError)
        self.log.error("watched number not stored: {error}", error=str(failure.value))
