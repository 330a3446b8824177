"""The embedded store: one SQLite file, write-ahead log, synced at every commit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from secrets import token_bytes
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cpmgw.errors import StoreError
from cpmgw.interfaces import IStore
from cpmgw.store import (
    answers,
    inbox,
    migrations,
    multimedia,
    outbox,
    received,
    secrets,
    sent,
    watched,
)
from cpmgw.store.contents import Contents
from cpmgw.store.disk import Disk
from cpmgw.store.facets import (
    AllocatedNumbers,
    Multimedia,
    ReceivedMessages,
    SentMessages,
    WatchedNumbers,
)
from cpmgw.store.mailbox import Mailbox
from cpmgw.store.ownership import Ownership
from cpmgw.store.writer import CallFromThread, GroupCommit

QUEUE: Final = 10_000
BATCH: Final = 256
# Seconds from one commit to the next: what a message may wait longer for, three times.
INTERVAL: Final = 0.002
# Rows of each kind that one sweep drops at most: about 10 ms of the thread.
SWEEP: Final = 500

T = TypeVar("T")

# Octets of a key.
SECRET: Final = 32

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA cache_size = -32000",
    "PRAGMA temp_store = MEMORY",
)


@implementer(IStore)
class SqliteStore:
    """IStore in one file, and files for large mails; `open` before use, then `close`.

    Those are in a directory of the database's own in `bodies`, which is beside the file
    where it is empty. `call_from_thread` takes results to the thread that uses the
    store, `seconds` gives the time since 1970.
    """

    def __init__(
        self,
        path: str,
        call_from_thread: CallFromThread,
        seconds: Callable[[], float],
        *,
        bodies: str = "",
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
        self._disk: Disk | None = None
        self.sent = SentMessages(self._perform, seconds)
        self.received = ReceivedMessages(self._perform)
        self.numbers = AllocatedNumbers(self._perform)
        self.watched = WatchedNumbers(self._perform)
        self._contents = Contents(os.path.abspath(bodies or f"{path}-bodies"))
        self.mail = Mailbox(self._perform, self._wait, self._contents)
        self.multimedia = Multimedia(self._perform)

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
            connection = self._connect()
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
        self._disk = Disk(self._call_from_thread, queue=self._queue)

    def _connect(self) -> sqlite3.Connection:
        connection = _connect(self.path)
        try:
            cursor = connection.execute("BEGIN IMMEDIATE")
            self._contents.open(cursor)
            cursor.execute("COMMIT")
        except (sqlite3.Error, OSError, StoreError) as error:
            connection.close()
            raise StoreError(f"{self.path}: {error}") from error
        return connection

    def close(self) -> Deferred[None]:
        """Commit what waits and let go of the file; fires when that is done."""
        if self._writer is None or self._disk is None:
            return succeed(None)
        writer = self._writer
        ended = self._disk.close().addCallback(lambda _: writer.close())
        return ended.addCallback(self._closed)

    def _closed(self, _ended: None) -> None:
        connection, self._connection = self._connection, None
        ownership, self._ownership = self._ownership, None
        self._writer = self._disk = None
        if connection is not None:
            connection.close()
        if ownership is not None:
            ownership.release()

    def _perform(self, operation: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        if self._writer is None:
            return fail(StoreError(f"{self.path} is not open"))
        return self._writer.perform(operation, *arguments)

    def _wait(self, work: Callable[[], T]) -> Deferred[T]:
        if self._disk is None:
            return fail(StoreError(f"{self.path} is not open"))
        return self._disk.perform(work)

    @property
    def healthy(self) -> bool:
        """Whether the last commit went well and there is room for more."""
        writer = self._writer
        return writer is not None and writer.healthy

    @property
    def waiting(self) -> int:
        """How many operations have not been committed."""
        parts = (self._writer, self._disk)
        return sum(each.waiting for each in parts if each is not None)

    # -- IStore ------------------------------------------------------------------------

    def secret(self, name: str) -> Deferred[bytes]:
        """A key of this gateway: 32 octets, the same whenever it is asked for."""
        return self._perform(secrets.secret, name, token_bytes(SECRET))

    def sweep(self, now: float) -> Deferred[int]:
        """Drop some of what has expired; how many, 0 when nothing is left."""
        return self._perform(_sweep, now)


def _sweep(cursor: sqlite3.Cursor, now: float) -> int:
    return (
        answers.sweep(cursor, now, SWEEP)
        + sent.sweep(cursor, now, SWEEP)
        + received.sweep(cursor, now, SWEEP)
        + watched.sweep(cursor, now, SWEEP)
        + inbox.sweep(cursor, now, SWEEP)
        + outbox.sweep(cursor, now, SWEEP)
        + multimedia.sweep(cursor, now, SWEEP)
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
