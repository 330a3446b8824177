"""One process owns a database: a lock on a file at its side, held while it is open.

SQLite lets several processes share a file; the gateway does not, because each would
hold answers and half-assembled messages that the other does not know of.
"""

from __future__ import annotations

import fcntl
import os

from cpmgw.errors import StoreError


class Ownership:
    """The lock of one database file, taken at once and until `release`."""

    def __init__(self, database: str) -> None:
        self.path = database + ".lock"
        try:
            self._file = os.open(
                self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise StoreError(
                f"{database} is in use by another gateway (process {owner or '?'})"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let another process have the database; the file stays, empty."""
        os.ftruncate(self._file, 0)
        os.close(self._file)
