"""The content of a message as whoever reads it sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zope.interface import Attribute, Interface


class IBody(Interface):
    """The content of a message, in memory or, when it is large, in a file."""

    size: int = Attribute("How many octets there are.")
    path: Path | None = Attribute("The file they are in; None for those in memory.")

    def read() -> bytes:
        """All of it; for what is known to be small."""

    def pieces(size: int) -> Iterator[bytes]:
        """It in pieces of this many octets at the most, one after the other."""

    def move(target: Path) -> None:
        """Have it be a file at this path, not synced; it is only to be closed then.

        What becomes of the file is for its new owner to say. NoRoom where it cannot be:
        then it is as before, and no file is there. This touches nothing but files: it
        may be called in another thread, while nobody else uses the body.
        """

    def close() -> None:
        """Free it; its file is gone then. May be called again."""
