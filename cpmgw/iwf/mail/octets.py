"""A small mail that is in memory as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zope.interface import implementer

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody


@implementer(IBody)
class Octets:
    """A body of octets that are somebody's anyhow: closing it frees nothing."""

    path: Path | None = None

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.size = len(octets)

    def read(self) -> bytes:
        """All of it."""
        return self._octets

    def pieces(self, size: int) -> Iterator[bytes]:
        """It in pieces of this many octets at the most."""
        for at in range(0, self.size, size):
            yield self._octets[at : at + size]

    def move(self, target: Path) -> None:
        """Have it be a file of its own at this path; NoRoom where it cannot be."""
        try:
            target.write_bytes(self._octets)
        except OSError as error:
            raise NoRoom(f"cannot store: {error}") from error

    def close(self) -> None:
        """Be done with it."""
