"""Where the bodies of messages are kept: in memory, and in files when they are large.

Files are in a directory of this process alone, held by a lock; what an earlier process
has left is removed. All of it is written and read where it is asked for: a body comes
in pieces, and each goes to the system's own buffers.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from zope.interface import implementer

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody

Count = Annotated[int, msgspec.Meta(ge=1)]

_PREFIX: Final = "bodies-"
_LOCK: Final = "lock"
_PRIVATE: Final = 0o700
# A directory is being made for no longer than this, in seconds of the file system.
_BEING_MADE: Final = 3600.0
# This part of the storage is for bodies that are small.
_FOR_SMALL: Final = 8
# Octets of a file that are copied at once.
_PIECE: Final = 256 * 1024


class SpoolLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept, in octets: a body in memory, all in memory, all there is.

    An eighth of all there is cannot be had by bodies that are too large for memory.
    `files` is how many bodies may be under way to files at once.
    """

    spill: int = 256 * 1024
    memory: int = 64 * 1024 * 1024
    storage: Count = 2 * 1024 * 1024 * 1024
    files: Count = 500


class Spool:
    """Makes bodies and bounds what they take together.

    `trouble` is told of files that could not be closed or removed.
    """

    def __init__(
        self,
        directory: str,
        limits: SpoolLimits,
        trouble: Callable[[OSError], object] = lambda _: None,
    ) -> None:
        self._root = Path(directory)
        self._limits = limits
        self.trouble = trouble
        self._own: Path | None = None
        self._lock = -1
        self._bodies = 0
        self.used = 0
        self.in_memory = 0
        self.files = 0

    def __len__(self) -> int:
        return self._bodies

    def sweep(self) -> None:
        """Remove what processes that are no more have left."""
        self._sweep_half_made()
        for each in self._root.glob(f"{_PREFIX}*"):
            try:
                descriptor = os.open(each / _LOCK, os.O_RDWR)
            except OSError:
                shutil.rmtree(each, ignore_errors=True)
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(each, ignore_errors=True)
            except OSError:
                pass  # its process is there
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Remove the directory; bodies that are still open lose their files."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._forget_directory()

    def body(self, head: int = 0) -> Body:
        """Make an empty body; so many octets are kept beside it. NoRoom if not."""
        self.reserve(head)
        self._bodies += 1
        return Body(self, head)

    # -- for bodies ---------------------------------------------------------------

    def reserve(self, octets: int, size: int = 0) -> None:
        """Take room for so many more octets of a body of a size; NoRoom if none is."""
        storage = self._limits.storage
        if size > self._limits.spill:
            storage -= storage // _FOR_SMALL
        if self.used + octets > storage:
            raise NoRoom("too much is stored")
        self.used += octets

    def fits_memory(self, size: int, more: int) -> bool:
        """Whether a body of this size may be in memory, with so much more than now."""
        limits = self._limits
        return size <= limits.spill and self.in_memory + more <= limits.memory

    def file(self) -> tuple[int, Path]:
        """Open a new file; NoRoom where there are too many or the system refuses."""
        if self.files >= self._limits.files:
            raise NoRoom("too many files")
        try:
            opened, path = self._open()
        except OSError as error:
            raise NoRoom(f"cannot store: {error}") from error
        self.files += 1
        return opened, path

    def closed(self, octets: int) -> None:
        """A body is no more."""
        self._bodies -= 1
        self.used -= octets

    # -- within -------------------------------------------------------------------

    def _open(self) -> tuple[int, Path]:
        """Open a file, in a new directory if somebody has removed ours."""
        try:
            return self._create()
        except FileNotFoundError:
            self._forget_directory()
            return self._create()

    def _create(self) -> tuple[int, Path]:
        path = self._directory() / secrets.token_hex(8)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), path

    def _directory(self) -> Path:
        if self._own is None:
            name = f"{_PREFIX}{secrets.token_hex(8)}"
            new = self._root / f".{name}"  # another process might sweep it unlocked
            new.mkdir(_PRIVATE, parents=True)
            lock = os.open(new / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._own = new.rename(self._root / name)
            except OSError:
                os.close(lock)
                raise
            self._lock = lock
        return self._own

    def _forget_directory(self) -> None:
        if self._own is not None:
            os.close(self._lock)
            self._own, self._lock = None, -1

    def _sweep_half_made(self) -> None:
        """Remove directories that are not being made any more: older than this one."""
        found = list(self._root.glob(f".{_PREFIX}*"))
        if not found:
            return
        probe = self._root / f".probe-{secrets.token_hex(8)}"
        try:
            probe.touch()
            now = probe.stat().st_mtime
            probe.unlink()
            for each in found:
                if each.stat().st_mtime + _BEING_MADE <= now:
                    shutil.rmtree(each, ignore_errors=True)
        except OSError as error:
            self.trouble(error)


@implementer(IBody)
class Body:
    """The content of one message: written in pieces, then read.

    `size` is where it ends; holes in it take no room.
    """

    def __init__(self, spool: Spool, head: int = 0) -> None:
        self._spool = spool
        self._taken = head
        self._memory = bytearray()
        self._file = -1
        self._open = True
        self.path: Path | None = None
        self.size = 0

    def write(self, offset: int, data: bytes, fresh: int | None = None) -> None:
        """Put octets at an offset, so many that were not there; NoRoom if not kept."""
        size = max(self.size, offset + len(data))
        more = size - self.size
        fresh = len(data) if fresh is None else fresh
        self._spool.reserve(fresh, size)
        self._taken += fresh
        self.size = size
        if self.path is None:
            if self._spool.fits_memory(size, more):
                self._spool.in_memory += more
                self._put(offset, data)
                return
            self._spill()
        self._store(offset, data)

    def finish(self) -> None:
        """Everything is written; NoRoom where only now it shows that it is not."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        self._spool.files -= 1
        try:
            os.close(file)
        except OSError as error:
            raise NoRoom(f"cannot store: {error}") from error

    def read(self) -> bytes:
        """All of it; for what is known to be small."""
        return bytes(self._memory) if self.path is None else self.path.read_bytes()

    def pieces(self, size: int) -> Iterator[bytes]:
        """It in pieces of this many octets at the most, one after the other."""
        if self.path is None:
            with memoryview(self._memory) as memory:
                for at in range(0, len(memory), size):
                    yield bytes(memory[at : at + size])
            return
        with self.path.open("rb", buffering=0) as file:
            while piece := file.read(size):
                yield piece

    def move(self, target: Path) -> None:
        """Have it be a file at this path; it is only to be closed then.

        A file of the same file system is renamed, anything else is copied.
        """
        try:
            if self.path is None or not _renamed(self.path, target):
                self._copy(target)
        except OSError as error:
            raise NoRoom(f"cannot store: {error}") from error

    def close(self) -> None:
        """Free it; its file is gone then. May be called again."""
        if not self._open:
            return
        self._open = False
        self._spool.in_memory -= len(self._memory)
        self._memory = bytearray()
        self._spool.closed(self._taken)
        with contextlib.suppress(NoRoom):  # nobody wants it any more
            self.finish()
        try:
            if self.path is not None:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            self._spool.trouble(error)

    def _copy(self, target: Path) -> None:
        """Make a new file with all of it, or none."""
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(opened, "wb") as file:
                for piece in self.pieces(_PIECE):
                    file.write(piece)
        except OSError:
            target.unlink(missing_ok=True)
            raise

    def _put(self, offset: int, data: bytes) -> None:
        memory = self._memory
        if offset > len(memory):
            memory.extend(bytes(offset - len(memory)))
        memory[offset : offset + len(data)] = data

    def _spill(self) -> None:
        """Go on in a file."""
        self._file, self.path = self._spool.file()
        self._store(0, bytes(self._memory))
        self._spool.in_memory -= len(self._memory)
        self._memory = bytearray()

    def _store(self, offset: int, data: bytes) -> None:
        """Put octets into the file."""
        try:
            while data:
                written = os.pwrite(self._file, data, offset)
                offset, data = offset + written, data[written:]
        except OSError as error:
            raise NoRoom(f"cannot store: {error}") from error


def _renamed(path: Path, target: Path) -> bool:
    """Give a file another name; False where that is of another file system."""
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True
