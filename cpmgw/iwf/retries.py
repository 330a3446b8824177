"""What the CPM side could not be told, and when that is tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, NamedTuple, TypeVar

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

# Seconds until what could not be told is tried again, at first and at the most.
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 600.0
# Notifications that are under way to the CPM side together.
TOGETHER: Final = 100

T = TypeVar("T")


class _Entry(NamedTuple, Generic[T]):
    """What has not been told, until when it is worth telling, when it is due."""

    what: T
    expires: float
    due: float
    pause: float


class Retries(Generic[T]):
    """What has not been told yet, each under a key; `most` of it at most.

    `tell` tells of one and gives whether that is settled; of what is not it has called
    `add` again. Times are seconds since 1970.
    """

    log = Logger()

    def __init__(
        self,
        now: Callable[[], float],
        tell: Callable[[T], Awaitable[bool]],
        most: int,
    ) -> None:
        self._now = now
        self._tell = tell
        self._most = most
        self._entries: dict[str, _Entry[T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def add(self, key: str, what: T, expires: float) -> bool:
        """Have it told later, and later still each time, until it expires.

        False where there are as many as there may be.
        """
        now = self._now()
        before = self._entries.pop(key, None)
        if expires <= now:
            self.log.error("notification given up: the CPM side never took it")
            return True
        if len(self._entries) >= self._most:
            return False
        pause = FIRST_RETRY if before is None else min(before.pause * 2, LAST_RETRY)
        self._entries[key] = _Entry(what, expires, now + pause, pause)
        return True

    def remove(self, key: str) -> None:
        """It has been told, or need not be any more."""
        self._entries.pop(key, None)

    async def look(self, now: float) -> None:
        """Tell of that whose time it is, as long as any of it can be told."""
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

    async def _try(self, key: str) -> bool:
        """Tell of one that may have been told in the meantime."""
        entry = self._entries.get(key)
        if entry is None:
            return True
        try:
            told = await self._tell(entry.what)
        except Exception:
            self.log.failure("notification not sent")
            self.add(key, entry.what, entry.expires)
            return False
        if told and self._entries.get(key) is entry:
            self.remove(key)
        return told
