"""Outcomes that could not be told, until they are (docs/decisions/0005).

All of them are in the store; what is here says when each is tried again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from cpmgw.interfaces import ISentMessages
from cpmgw.iwf.disposition import Outcome, outcome_of
from cpmgw.records import Reported

# Seconds until an outcome that could not be told is tried again, at first and at the
# most.
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 600.0
# Notifications that are under way to the CPM side together.
TOGETHER: Final = 100
# Messages that are held here; what is beyond waits in the store.
MOST: Final = 10_000


class _Entry(NamedTuple):
    """A message whose outcome its sender has not been told."""

    reported: Reported
    due: float
    pause: float


class Owed:
    """Messages whose senders have not been told yet.

    `tell` tells of one and gives whether that is settled. Of more than MOST the rest
    is left to the store, and taken up once half of those that are here are done.
    """

    log = Logger()

    def __init__(
        self,
        sent: ISentMessages,
        now: Callable[[], float],
        tell: Callable[[Reported], Awaitable[bool]],
    ) -> None:
        self._sent = sent
        self._now = now
        self._tell = tell
        self._entries: dict[str, _Entry] = {}
        self._more = False

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, reported: Reported) -> None:
        """Have the sender told later, and later still each time; not for ever."""
        key = reported.message.key
        now = self._now()
        before = self._entries.pop(key, None)
        if reported.message.expires <= now:
            self.log.error("notification given up: the CPM side never took it")
            return
        if len(self._entries) >= MOST:
            self._more = True
            return
        pause = FIRST_RETRY if before is None else min(before.pause * 2, LAST_RETRY)
        self._entries[key] = _Entry(reported, now + pause, pause)

    def remove(self, key: str) -> None:
        """The sender has been told."""
        self._entries.pop(key, None)

    async def take_up(self) -> None:
        """Take up what is in the store: recorded, decided and not told."""
        self._more = False
        page = await self._sent.unsettled()
        while page and not self._more:
            for reported in page:
                decided = outcome_of(reported.reports)[0] is not Outcome.PENDING
                if decided and reported.message.key not in self._entries:
                    self.add(reported)
            page = await self._sent.unsettled(after=page[-1].message.key)

    async def look(self, now: float) -> None:
        """Tell those whose time it is, as long as any of them can be told."""
        due = [key for key, entry in self._entries.items() if entry.due <= now]
        for start in range(0, len(due), TOGETHER):
            told = await gatherResults(
                [
                    Deferred.fromCoroutine(self._try(key))
                    for key in due[start : start + TOGETHER]
                ]
            )
            if not any(told):
                return
        if self._more and len(self._entries) < MOST // 2:
            await self.take_up()

    async def _try(self, key: str) -> bool:
        """Tell of one that may have been told in the meantime."""
        entry = self._entries.get(key)
        if entry is None:
            return True
        try:
            return await self._tell(entry.reported)
        except Exception:
            self.log.failure("notification not sent")
            self.add(entry.reported)
            return False
