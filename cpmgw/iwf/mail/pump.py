"""Works off what the store has, so much of it at once and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.iwf.mail.shares import Entry, Share, Shares

# Seconds until what did not go well is tried again, at first and at the most.
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 600.0
# Doublings from one to the other, and more.
_MOST_DOUBLED: Final = 16

T = TypeVar("T")


def pause_after(attempts: int) -> float:
    """Seconds until the next try after so many that did not go well before this one."""
    doubled: float = FIRST_RETRY * 2.0 ** min(attempts, _MOST_DOUBLED)
    return min(doubled, LAST_RETRY)


class Pump(Generic[T]):
    """Works off what `page` gives: some of what is due, by key, after a key.

    `work` sees to one and has it not be due any more; it should not fail. `shares` say
    how much is worked on at once. Nothing is worked on twice at once.
    """

    log = Logger()

    def __init__(
        self,
        page: Callable[[str], Awaitable[list[T]]],
        key: Callable[[T], str],
        size: Callable[[T], int],
        work: Callable[[T], Awaitable[None]],
        shares: Callable[[T], Sequence[Share]],
    ) -> None:
        self._page = page
        self._key = key
        self._work = work
        self._shares = Shares(key, size, shares)
        self._under_way: dict[str, Deferred[None]] = {}
        self._stopped = True
        self._wanted = False
        self._looking = False
        # What came to its end since a look began, which may still have it on a page.
        self._ended: set[str] = set()
        self._idle: list[Deferred[None]] = []

    def __len__(self) -> int:
        """How many are being worked on."""
        return len(self._under_way)

    def start(self) -> None:
        """Take up what is due."""
        self._stopped = False
        self.wake()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopped = True
        self._shares.clear()

    def wake(self) -> None:
        """See to what is due by now, as soon as there is room for it."""
        self._wanted = True
        if not self._looking and not self._stopped:
            self._looking = True
            looked = Deferred.fromCoroutine(self._look())
            looked.addErrback(self._failed)
            looked.addBoth(self._looked)

    def take(self, item: T) -> None:
        """See to one that has just come, at once if there is room."""
        if self._looking:
            self.wake()
        elif not self._stopped:
            self._enter(item)

    def idle(self) -> Deferred[None]:
        """Fires when nothing is being worked on and nobody looks for more."""
        turn: Deferred[None] = Deferred(lambda it: self._idle.remove(it))
        self._idle.append(turn)
        self._tell_idle()
        return turn

    async def drain(self, seconds: float, clock: IReactorTime) -> None:
        """Begin nothing any more, and let go of what takes longer than this."""
        self.stop()
        try:
            await self.idle().addTimeout(seconds, clock)
        except TimeoutError:
            for done in list(self._under_way.values()):
                done.cancel()

    # -- within ------------------------------------------------------------------------

    async def _look(self) -> None:
        while self._wanted and not self._stopped:
            self._wanted = False
            self._ended.clear()
            await self._look_through()

    async def _look_through(self) -> None:
        after = ""
        while page := await self._page(after):
            after = self._key(page[-1])
            for item in page:
                if self._stopped or self._enter(item) is Entry.FULL:
                    return

    def _enter(self, item: T) -> Entry:
        key = self._key(item)
        if key in self._ended or key in self._shares:
            return Entry.PASSED
        entry = self._shares.enter(item)
        if entry is Entry.BEGINS:
            self._begin(item)
        return entry

    def _looked(self, _result: object) -> None:
        self._looking = False
        self._ended.clear()
        self._tell_idle()
        self._look_again()

    def _look_again(self) -> None:
        """Ask for those that were passed over, if there is room for some."""
        if not self._looking and not self._stopped and self._shares.wants_more():
            self.wake()

    def _begin(self, item: T) -> None:
        done: Deferred[None] = Deferred()
        self._under_way[self._key(item)] = done
        done.addCallback(lambda _: Deferred.fromCoroutine(self._do(item)))
        done.addErrback(self._failed)
        done.addCallback(self._end, item)
        done.callback(None)

    async def _do(self, item: T) -> None:
        await self._work(item)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self.log.failure("mail not worked on", failure)

    def _end(self, _result: object, item: T) -> None:
        key = self._key(item)
        del self._under_way[key]
        if self._looking:
            self._ended.add(key)
        for each in self._shares.leave(item):
            self._begin(each)
        self._look_again()
        self._tell_idle()

    def _tell_idle(self) -> None:
        if not self._under_way and not self._looking:
            waiting, self._idle = self._idle, []
            for each in waiting:
                each.callback(None)
