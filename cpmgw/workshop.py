"""Threads for what would hold up the reactor: pictures, sound and video (TS 6.3 1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from cpmgw.errors import NotRunning, TooBusy
from cpmgw.interfaces import IWorkshop

T = TypeVar("T")

CallFromThread = Callable[..., object]

_NAME: Final = "workshop"


class _Job(NamedTuple):
    """Work that waits, and who waits for it."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    deferred: Deferred[Any]


@implementer(IWorkshop)
class Workshop:
    """Does work in threads of its own (IWorkshop).

    So many pieces are done at a time as there are `threads`, and `queue` more wait. The
    threads are started with the first piece. What work returns comes back by
    `call_from_thread`; a thread that is at work cannot be stopped, so work has to end.
    """

    def __init__(
        self, call_from_thread: CallFromThread, threads: int, queue: int
    ) -> None:
        self._call_from_thread = call_from_thread
        self._most = threads
        self._queue = queue
        self._threads: ThreadPool | None = None
        self._jobs: deque[_Job] = deque()
        self._at_work = 0
        self._is_open = True
        self._closers: list[Deferred[None]] = []

    @property
    def waiting(self) -> int:
        """How many pieces of work wait or are being done."""
        return len(self._jobs) + self._at_work

    def change(self, threads: int, queue: int) -> None:
        """Have so many threads, and let so many pieces wait, from now on."""
        self._most, self._queue = threads, queue
        if self._threads is not None:
            self._threads.adjustPoolsize(0, threads)
        self._begin()

    def do(self, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """Do work in a thread (IWorkshop)."""
        if not self._is_open:
            return fail(NotRunning("the workshop is closed"))
        if self._at_work >= self._most and len(self._jobs) >= self._queue:
            return fail(TooBusy(f"{self.waiting} pieces of work wait already"))
        deferred: Deferred[T] = Deferred(self._let_go)
        self._jobs.append(_Job(work, arguments, deferred))
        self._begin()
        return deferred

    def open(self) -> None:
        """Take work, again after it was closed."""
        self._is_open = True

    def close(self) -> Deferred[None]:
        """Take no more work, and let go of what waits.

        Fires once what is being done has ended, and the threads with it.
        """
        self._is_open = False
        ended: Deferred[None] = Deferred()
        self._closers.append(ended)
        for job in list(self._jobs):
            job.deferred.cancel()
        self._end()
        return ended

    # -- in the reactor's thread -------------------------------------------------------

    def _let_go(self, deferred: Deferred[Any]) -> None:
        """Nobody waits for a piece of work any more: it is not begun, if it waits."""
        self._jobs = deque(each for each in self._jobs if each.deferred is not deferred)

    def _begin(self) -> None:
        """Do what waits, as far as threads are free."""
        while self._jobs and self._at_work < self._most:
            job = self._jobs.popleft()
            self._at_work += 1
            self._running().callInThreadWithCallback(
                partial(self._came, job), job.work, *job.arguments
            )

    def _running(self) -> ThreadPool:
        if self._threads is None:
            self._threads = ThreadPool(0, self._most, _NAME)
            self._threads.start()
        return self._threads

    def _done(self, job: _Job, result: Any) -> None:
        """A piece of work has ended: with a Failure, if it has failed."""
        self._at_work -= 1
        if not job.deferred.called:
            job.deferred.callback(result)
        elif isinstance(result, Failure):
            result.cleanFailure()  # nobody is there to hear of it
        self._begin()
        self._end()

    def _end(self) -> None:
        """Where it is closed and nothing is being done, end the threads."""
        if self._is_open or self._at_work:
            return
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.stop()
        closers, self._closers = self._closers, []
        for each in closers:
            each.callback(None)

    # -- in a thread -------------------------------------------------------------------

    def _came(self, job: _Job, _is_done: bool, result: Any) -> None:
        self._call_from_thread(self._done, job, result)
