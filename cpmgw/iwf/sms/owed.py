"""Outcomes that could not be told, until they are (docs/decisions/0005).

All of them are in the store; what is here says when each is tried again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from cpmgw.interfaces import ISentMessages
from cpmgw.iwf.disposition import Outcome, outcome_of
from cpmgw.iwf.retries import Retries
from cpmgw.records import Reported

# Messages that are held here; what is beyond waits in the store.
MOST: Final = 10_000


class Owed:
    """Messages whose senders have not been told yet.

    `tell` tells of one and gives whether that is settled. Of more than `most` the rest
    is left to the store, and taken up once half of those that are here are done.
    """

    def __init__(
        self,
        sent: ISentMessages,
        now: Callable[[], float],
        tell: Callable[[Reported], Awaitable[bool]],
        most: int = MOST,
    ) -> None:
        self._sent = sent
        self._most = most
        self._retries = Retries(now, tell, most)
        self._more = False

    def __len__(self) -> int:
        return len(self._retries)

    def __contains__(self, key: str) -> bool:
        return key in self._retries

    def add(self, reported: Reported) -> None:
        """Have the sender told later, and later still each time; not for ever."""
        message = reported.message
        if not self._retries.add(message.key, reported, message.expires):
            self._more = True

    def remove(self, key: str) -> None:
        """The sender has been told."""
        self._retries.remove(key)

    async def take_up(self) -> None:
        """Take up what is in the store: recorded, decided and not told."""
        self._more = False
        page = await self._sent.unsettled()
        while page and not self._more:
            for reported in page:
                decided = outcome_of(reported.reports)[0] is not Outcome.PENDING
                if decided and reported.message.key not in self._retries:
                    self.add(reported)
            page = await self._sent.unsettled(after=page[-1].message.key)

    async def look(self, now: float) -> None:
        """Tell those whose time it is, as long as any of them can be told."""
        await self._retries.look(now)
        if self._more and len(self._retries) < self._most // 2:
            await self.take_up()
