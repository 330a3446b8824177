"""One thread that writes, and a commit for all that waits (group commit).

A commit costs one wait for the disk, whoever shares it. While the disk works, further
operations gather; the thread then takes them together. They run one after the other
in the order in which they were asked for. Where operations come thick, commits keep an
interval, so that more of them share one (docs/decisions/0007).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from math import inf
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from cpmgw.errors import StoreError

CallFromThread = Callable[..., object]
Operation = Callable[..., Any]

# How much of the queue may be in use before new work should wait elsewhere.
_FULL: Final = 0.9

_SAVEPOINT: Final = "SAVEPOINT operation"
_RELEASE: Final = "RELEASE operation"
_UNDO: Final = "ROLLBACK TO operation"


class _Job(NamedTuple):
    """An operation that waits, and who waits for it."""

    operation: Operation
    arguments: tuple[Any, ...]
    deferred: Deferred[Any]


class _Failed(NamedTuple):
    """The outcome of an operation that changed nothing."""

    error: BaseException


class GroupCommit:
    """Runs operations on a connection in a thread of its own.

    An operation is a function of a cursor and its arguments; it may be run twice (the
    first time undone): what it does beside the database must bear that. At most `queue`
    operations wait; at most `batch` share a commit. A commit begins `interval` seconds
    after the last one or later. The thread ends at `close`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        call_from_thread: CallFromThread,
        *,
        queue: int,
        batch: int,
        interval: float = 0.0,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._call_from_thread = call_from_thread
        self._limit = queue
        self._batch = batch
        self._interval = interval
        self._begun = -inf
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._open = 0
        self._failing = False
        self._closed: Deferred[None] | None = None
        self._thread = Thread(target=self._run, name="store", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """Whether the last operation was done, and there is room for another."""
        return not self._failing and self._open < self._limit * _FULL

    @property
    def waiting(self) -> int:
        """How many operations are not done."""
        return self._open

    def perform(self, operation: Operation, *arguments: Any) -> Deferred[Any]:
        """Run an operation; fires with what it returns, after the commit.

        Fails with a StoreError if it could not be done; then nothing has changed.
        """
        if self._closed is not None:
            return fail(StoreError("the store is closed"))
        if self._open >= self._limit:
            return fail(StoreError(f"the store has {self._open} operations waiting"))
        self._open += 1
        deferred: Deferred[Any] = Deferred()
        self._waiting.put(_Job(operation, arguments, deferred))
        return deferred

    def close(self) -> Deferred[None]:
        """Finish what waits and end the thread; fires when it has ended."""
        if self._closed is None:
            self._closed = Deferred()
            self._waiting.put(None)
        return self._closed

    # -- in the reactor's thread -----------------------------------------------------

    def _fire(self, jobs: Sequence[_Job], outcomes: Sequence[Any]) -> None:
        self._open -= len(jobs)
        self._failing = type(outcomes[-1]) is _Failed
        for job, outcome in zip(jobs, outcomes, strict=True):
            if type(outcome) is _Failed:
                job.deferred.errback(store_failure(outcome.error))
            else:
                job.deferred.callback(outcome)

    def _ended(self) -> None:
        self._thread.join()
        if self._closed is not None:
            self._closed.callback(None)

    # -- in the thread ---------------------------------------------------------------

    def _run(self) -> None:
        more = True
        while more:
            jobs, more = self._take()
            if jobs:
                outcomes = self._carry_out(jobs)
                self._call_from_thread(self._fire, jobs, outcomes)
        self._call_from_thread(self._ended)

    def _take(self) -> tuple[list[_Job], bool]:
        """All that waits, up to a batch; False once the thread is to end."""
        job = self._waiting.get()
        if job is not None:
            self._keep_interval()
        jobs: list[_Job] = []
        try:
            while job is not None:
                jobs.append(job)
                if len(jobs) == self._batch:
                    return jobs, True
                job = self._waiting.get_nowait()
        except Empty:
            return jobs, True
        return jobs, False

    def _keep_interval(self) -> None:
        """Let operations gather if the last commit began but a moment ago."""
        early = self._begun + self._interval - monotonic()
        if early > 0.0:
            sleep(early)
        self._begun = monotonic()

    def _carry_out(self, jobs: Sequence[_Job]) -> Sequence[Any]:
        """Run a batch in one transaction; if one fails, again with each fenced in."""
        try:
            return self._together(jobs)
        except Exception:
            self._roll_back()
        try:
            return self._apart(jobs)
        except Exception as error:
            self._roll_back()
            return [_Failed(error)] * len(jobs)

    def _together(self, jobs: Sequence[_Job]) -> Sequence[Any]:
        cursor = self._cursor
        cursor.execute("BEGIN IMMEDIATE")
        outcomes = [job.operation(cursor, *job.arguments) for job in jobs]
        cursor.execute("COMMIT")
        return outcomes

    def _apart(self, jobs: Sequence[_Job]) -> Sequence[Any]:
        cursor = self._cursor
        cursor.execute("BEGIN IMMEDIATE")
        outcomes = [self._fenced(job) for job in jobs]
        cursor.execute("COMMIT")
        return outcomes

    def _fenced(self, job: _Job) -> Any:
        """Run one operation so that its failure undoes only itself."""
        cursor = self._cursor
        cursor.execute(_SAVEPOINT)
        try:
            outcome = job.operation(cursor, *job.arguments)
        except Exception as error:
            # A full disk ends the whole transaction (SQLite "ROLLBACK on errors").
            if not self._connection.in_transaction:
                raise
            cursor.execute(_UNDO)
            outcome = _Failed(error)
        cursor.execute(_RELEASE)
        return outcome

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._cursor.execute("ROLLBACK")
            except sqlite3.Error:
                # The file is lost to us; every later operation will say why.
                return


def store_failure(error: BaseException) -> Failure:
    """The StoreError that the one who waits is given."""
    wrapped = StoreError(f"{type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return Failure(wrapped)
