"""The embedded store: one SQLite file, write-ahead log, synced at every commit."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable, Collection, Sequence
from secrets import token_bytes
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cpmgw.errors import StoreError
from cpmgw.interfaces import (
    IInterworkingNumbers,
    IReceivedMessages,
    ISentMessages,
    IStore,
    IWatchedNumbers,
)
from cpmgw.records import (
    Allocation,
    Answer,
    Collected,
    GroupSession,
    NumberPool,
    PoolUse,
    ReceivedSegment,
    Reported,
    SegmentReport,
    SentMessage,
    Shortage,
    Watched,
)
from cpmgw.store import (
    answers,
    iw_numbers,
    migrations,
    received,
    secrets,
    sent,
    watched,
)
from cpmgw.store.ownership import Ownership
from cpmgw.store.writer import CallFromThread, GroupCommit

QUEUE: Final = 10_000
BATCH: Final = 256
# Seconds from one commit to the next: what a message may wait longer for, three times.
INTERVAL: Final = 0.002
# Rows of each kind that one sweep drops at most: about 10 ms of the thread.
SWEEP: Final = 500
# Messages that nobody was told of, as many as are given at once.
UNSETTLED: Final = 1_000
# Allocated numbers, likewise, and watched ones.
ALLOCATIONS: Final = 1_000
WATCHED: Final = 1_000

# Octets of a key.
SECRET: Final = 32

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -32000",
    "PRAGMA temp_store = MEMORY",
)

Perform = Callable[..., Deferred[Any]]


@implementer(IStore)
class SqliteStore:
    """IStore in one file; `open` before use, `close` when done.

    `call_from_thread` takes results to the thread that uses the store, `seconds` gives
    the time since 1970.
    """

    def __init__(
        self,
        path: str,
        call_from_thread: CallFromThread,
        seconds: Callable[[], float],
        *,
        queue: int = QUEUE,
        batch: int = BATCH,
    ) -> None:
        self.path = os.path.abspath(path)
        self._call_from_thread = call_from_thread
        self._seconds = seconds
        self._queue = queue
        self._batch = batch
        self._ownership: Ownership | None = None
        self._connection: sqlite3.Connection | None = None
        self._writer: GroupCommit | None = None
        self.sent = SentMessages(self._perform, seconds)
        self.received = ReceivedMessages(self._perform)
        self.numbers = AllocatedNumbers(self._perform)
        self.watched = WatchedNumbers(self._perform)

    # -- life --------------------------------------------------------------------------

    def open(self) -> None:
        """Own the file, bring it up to date and start its thread.

        Raises a StoreError that says why the file cannot be used.
        """
        if self._writer is not None:
            raise StoreError(f"{self.path} is open already")
        _make_private(self.path)
        ownership = Ownership(self.path)
        try:
            connection = _connect(self.path)
        except StoreError:
            ownership.release()
            raise
        self._ownership = ownership
        self._connection = connection
        self._writer = GroupCommit(
            connection,
            self._call_from_thread,
            queue=self._queue,
            batch=self._batch,
            interval=INTERVAL,
        )
        self._writer.start()

    def close(self) -> Deferred[None]:
        """Commit what waits and let go of the file; fires when that is done."""
        if self._writer is None:
            return succeed(None)
        return self._writer.close().addCallback(self._closed)

    def _closed(self, _ended: None) -> None:
        connection, self._connection = self._connection, None
        ownership, self._ownership = self._ownership, None
        self._writer = None
        if connection is not None:
            connection.close()
        if ownership is not None:
            ownership.release()

    def _perform(self, operation: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        if self._writer is None:
            return fail(StoreError(f"{self.path} is not open"))
        return self._writer.perform(operation, *arguments)

    @property
    def healthy(self) -> bool:
        """Whether the last commit went well and there is room for more."""
        writer = self._writer
        return writer is not None and writer.healthy

    @property
    def waiting(self) -> int:
        """How many operations have not been committed."""
        return self._writer.waiting if self._writer is not None else 0

    # -- IStore ------------------------------------------------------------------------

    def secret(self, name: str) -> Deferred[bytes]:
        """A key of this gateway: 32 octets, the same whenever it is asked for."""
        return self._perform(secrets.secret, name, token_bytes(SECRET))

    def sweep(self, now: float) -> Deferred[int]:
        """Drop some of what has expired; how many, 0 when nothing is left."""
        return self._perform(_sweep, now)


@implementer(ISentMessages)
class SentMessages:
    """What was sent, and what was answered (store/sent.py, store/answers.py)."""

    def __init__(self, perform: Perform, seconds: Callable[[], float]) -> None:
        self._perform = perform
        self._seconds = seconds

    def remember(
        self, answer: Answer | None, message: SentMessage | None
    ) -> Deferred[None]:
        """Keep a sent message and the answer given for it, in one transaction."""
        return self._perform(_remember, answer, message)

    def report(
        self, centre: str, message_id: str, report: SegmentReport
    ) -> Deferred[Reported | None]:
        """Record a status report; give its message, or None if none is known."""
        return self._perform(sent.report, centre, message_id, report)

    def settle(self, key: str, until: float, forget: bytes = b"") -> Deferred[None]:
        """The notification of a sent message was relayed: keep it `until`."""
        return self._perform(_settle, key, until, forget)

    def unsettled(self, after: str = "") -> Deferred[list[Reported]]:
        """Sent messages with reports whose notification was not relayed."""
        return self._perform(sent.unsettled, after, UNSETTLED)

    def answers(self) -> Deferred[list[Answer]]:
        """Every answer that has not expired."""
        return self._perform(answers.live, self._seconds())


@implementer(IReceivedMessages)
class ReceivedMessages:
    """What came from an SM-SC, whole or in part (store/received.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def collect(
        self, segment: ReceivedSegment, anew: bool = False
    ) -> Deferred[Collected]:
        """Keep a received segment and give all of its message.

        Name the message by the Collected's `collection` afterwards: it differs from
        the segment's where a reference was used again.
        """
        return self._perform(received.collect, segment, uuid.uuid4().hex, anew)

    def collected(self, collection: str) -> Deferred[Collected | None]:
        """A received message as it is now."""
        return self._perform(received.find, collection)

    def delivered(
        self, collection: str, at: float, until: float, numbers: Collection[int] = ()
    ) -> Deferred[None]:
        """The CPM side has taken the message: keep its fingerprints `until`."""
        return self._perform(received.delivered, collection, at, until, numbers)

    def repeats(self, collection: str) -> Deferred[bool]:
        """Whether all segments of a message stand in one that was delivered."""
        return self._perform(received.repeats, collection)

    def discard(self, collection: str) -> Deferred[None]:
        """Forget a received message that was refused for good."""
        return self._perform(received.discard, collection)

    def overdue(self, now: float) -> Deferred[list[str]]:
        """The names of messages past their time limit and not delivered."""
        return self._perform(received.overdue, now)

    def put_off(self, collection: str, until: float) -> Deferred[None]:
        """Have an undelivered message be overdue at this time and not before."""
        return self._perform(received.put_off, collection, until)


@implementer(IInterworkingNumbers)
class AllocatedNumbers:
    """Which number stands for which group session (store/iw_numbers.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def offer(self, pools: Sequence[NumberPool]) -> Deferred[None]:
        """Have these numbers and no others to give."""
        return self._perform(iw_numbers.offer, pools)

    def allocate(
        self,
        session: GroupSession,
        service: str,
        pools: Sequence[NumberPool],
        now: float,
    ) -> Deferred[Allocation | Shortage]:
        """The number of a session, given to it now if it has none."""
        return self._perform(iw_numbers.allocate, session, service, pools, now)

    def find(self, session: GroupSession) -> Deferred[Allocation | None]:
        """The number of a session, None if it has none."""
        return self._perform(iw_numbers.find, session)

    def by_number(self, number: str, user: str) -> Deferred[Allocation | None]:
        """The session that a number stands for where this user is concerned."""
        return self._perform(iw_numbers.by_number, number, user)

    def release(self, session: GroupSession) -> Deferred[bool]:
        """Take the number of a session back; False if it has none."""
        return self._perform(iw_numbers.release, session)

    def take_back(self, allocation: Allocation) -> Deferred[bool]:
        """Release an allocation; False if it was used since."""
        return self._perform(iw_numbers.take_back, allocation)

    def end_lost(self, before: float, apart: float) -> Deferred[int]:
        """Take back some numbers of sessions of two last used then; how many."""
        return self._perform(iw_numbers.end_lost, before, apart, SWEEP)

    def allocations(
        self, after: tuple[str, str] = ("", "")
    ) -> Deferred[list[Allocation]]:
        """Every allocation in the order of number and user, page by page."""
        return self._perform(iw_numbers.allocations, after, ALLOCATIONS)

    def pools(self) -> Deferred[list[PoolUse]]:
        """How much of each pool is in use."""
        return self._perform(iw_numbers.pools)


@implementer(IWatchedNumbers)
class WatchedNumbers:
    """Whose alert is awaited (store/watched.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def keep(self, number: Watched) -> Deferred[None]:
        """Keep what is known of a number, in place of what was."""
        return self._perform(watched.keep, number)

    def drop(self, number: str) -> Deferred[None]:
        """Forget a number."""
        return self._perform(watched.drop, number)

    def page(self, after: str = "") -> Deferred[list[Watched]]:
        """Every number that is kept, in order, page by page."""
        return self._perform(watched.page, after, WATCHED)


def _remember(
    cursor: sqlite3.Cursor, answer: Answer | None, message: SentMessage | None
) -> None:
    if message is not None:
        sent.keep(cursor, message)
    if answer is not None:
        answers.keep(cursor, answer)


def _settle(cursor: sqlite3.Cursor, key: str, until: float, forget: bytes) -> None:
    sent.settle(cursor, key, until)
    if forget:
        answers.forget(cursor, forget, until)


def _sweep(cursor: sqlite3.Cursor, now: float) -> int:
    return (
        answers.sweep(cursor, now, SWEEP)
        + sent.sweep(cursor, now, SWEEP)
        + received.sweep(cursor, now, SWEEP)
        + watched.sweep(cursor, now, SWEEP)
    )


def _make_private(path: str) -> None:
    """Make the file and its folder if need be, readable by no other user."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error


def _connect(path: str) -> sqlite3.Connection:
    # Transactions are begun and ended by hand; only the writer's thread uses it.
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    steps = migrations.steps()
    try:
        migrations.version_of(connection, len(steps))
        for setting in _SETTINGS:
            connection.execute(setting)
        migrations.migrate(connection, steps)
    except (sqlite3.Error, StoreError) as error:
        connection.close()
        raise StoreError(f"{path}: {error}") from error
    return connection
