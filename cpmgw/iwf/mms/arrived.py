"""The content of an MMS that has come, in memory while somebody needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import RequestStatus


class Content:
    """What is read of a mail: its content, or what is wrong with it.

    That of a large one is read again when somebody needs it again, for between one
    recipient and the next it may be long.
    """

    def __init__(
        self, read: Callable[[], Entity | RequestStatus], is_large: bool
    ) -> None:
        self._read = read
        self._is_large = is_large
        self._found: Entity | RequestStatus | None = None
        self._users = 0

    @contextmanager
    def lent(self) -> Iterator[Entity | RequestStatus]:
        """Have it in memory within."""
        if self._found is None:
            self._found = self._read()
        self._users += 1
        try:
            yield self._found
        finally:
            self._users -= 1
            is_kept = not self._is_large or isinstance(self._found, RequestStatus)
            if not self._users and not is_kept:
                self._found = None
