"""Threads that wait for the disk, so that the one that commits need not.

A disk that is slow to take one file then holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail, succeed

from cpmgw.errors import StoreError
from cpmgw.store.writer import CallFromThread, store_failure

THREADS: Final = 4

T = TypeVar("T")


class Disk:
    """Runs what waits for the disk, in no order; at most `queue` wait."""

    def __init__(
        self, call_from_thread: CallFromThread, *, queue: int, threads: int = THREADS
    ) -> None:
        self._call_from_thread = call_from_thread
        self._limit = queue
        self._threads = ThreadPoolExecutor(threads, "store-disk")
        self._open = 0
        self._closed: Deferred[None] | None = None

    @property
    def waiting(self) -> int:
        """How much is not done."""
        return self._open

    def perform(self, work: Callable[[], T]) -> Deferred[T]:
        """Run it; fires with what it gives, fails with a StoreError if it fails."""
        if self._closed is not None:
            return fail(StoreError("the store is closed"))
        if self._open >= self._limit:
            return fail(StoreError(f"the store has {self._open} files waiting"))
        self._open += 1
        deferred: Deferred[T] = Deferred()
        running = self._threads.submit(work)
        running.add_done_callback(
            lambda done: self._call_from_thread(self._done, deferred, done)
        )
        return deferred

    def close(self) -> Deferred[None]:
        """Finish what waits and end the threads; fires when all is told."""
        if self._closed is None:
            self._closed = Deferred() if self._open else succeed(None)
            self._threads.shutdown(wait=False)
        return self._closed

    def _done(self, deferred: Deferred[Any], done: Future[Any]) -> None:
        self._open -= 1
        error = done.exception()
        if error is None:
            deferred.callback(done.result())
        else:
            deferred.errback(store_failure(error))
        if self._closed is not None and not self._open:
            self._closed.callback(None)
