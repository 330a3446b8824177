"""The files of a store: contents too large for its rows, each file named by one row."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection
from pathlib import Path
from threading import Lock
from typing import Final

from twisted.logger import Logger

from cpmgw.bodies.interfaces import IBody

_PRIVATE: Final = 0o700


class KeptFile:
    """A body, and the path at which it is to be kept."""

    def __init__(self, files: KeptFiles, body: IBody, path: Path) -> None:
        self._files = files
        self._body = body
        self.path = path

    def secure(self) -> None:
        """Have it be there, on the disk, in whatever thread.

        Waits for the disk. NoRoom or an OSError where it cannot be: no file is there.
        """
        self._files.make_durable()
        try:
            self._body.move(self.path)
            _sync(self.path)
            _sync(self.path.parent)
        except Exception:
            self._files.remove(self.path)
            raise


class KeptFiles:
    """A directory below `root` that one database alone has files in.

    It is made when the first file comes, and named for the database: another one with
    the same root leaves it alone.
    """

    log = Logger()

    def __init__(self, root: str, name: str) -> None:
        self._directory = Path(root) / name
        self._durable = False
        self._making = Lock()

    def file(self, body: IBody) -> KeptFile:
        """A body that is to be another file, once it is secured."""
        return KeptFile(self, body, self._directory / uuid.uuid4().hex)

    def remove(self, path: Path) -> None:
        """Remove a file that nobody needs; it need not be there."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self.log.warn("cannot remove {path}: {error}", path=path, error=error)

    def find(self, path: Path, size: int) -> Path | None:
        """Where a whole file is: as it was, or here if all was moved; or nowhere."""
        for each in (path, self._directory / path.name):
            if each.is_file() and each.stat().st_size == size:
                return each
        return None

    def sweep(self, needed: Collection[Path]) -> None:
        """Remove the files beside those that are needed."""
        if not self._directory.is_dir():
            return
        for path in self._directory.iterdir():
            if path not in needed:
                self.remove(path)

    def make_durable(self) -> None:
        """Make the directory if need be, and have the way to it be on the disk."""
        with self._making:
            if self._durable and self._directory.is_dir():
                return
            way = (self._directory, *self._directory.parents)
            missing = [each for each in way if not each.exists()]
            for each in reversed(missing):
                each.mkdir(_PRIVATE, exist_ok=True)
            for each in {*missing, *way[:2]}:
                _sync(each.parent)
            self._durable = True


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
