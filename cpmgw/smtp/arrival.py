"""A mail whose content is coming: where it is kept, and what may be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.spool import Spool
from cpmgw.smtp import answers
from cpmgw.smtp.data import DataReader, Fault, Newlines
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.settings import ServerSettings

# Octets a second that a mail has to come with, after the wait for a piece of it.
LEAST_RATE: Final = 1_024

_FAULTS: Final[Mapping[Fault, Reply]] = {
    Fault.TOO_LARGE: answers.TOO_LARGE,
    Fault.BARE_NEWLINE: answers.BARE_NEWLINES,
    Fault.NUL: answers.HAS_NUL,
    Fault.LONG_LINE: answers.LINE_TOO_LONG,
    Fault.NO_ROOM: answers.NO_ROOM,
}


class Arrival:
    """The content of one mail as it comes, begun at a time of the clock.

    NoRoom where there is none for it. Its body is whoever's takes it; before that,
    `drop` frees it.
    """

    def __init__(self, settings: ServerSettings, spool: Spool, began: float) -> None:
        self.body = spool.body()
        mends = settings.accepts_bare_newlines
        self.reader = DataReader(
            self._write,
            settings.max_size,
            Newlines.MENDED if mends else Newlines.REFUSED,
        )
        self._end = began + (settings.data_timeout or math.inf)

    def has_come(self, now: float) -> bool:
        """Free what is of no use; tells whether it comes fast enough."""
        if self.reader.fault is not None:
            self.body.close()
        return now <= self._end + self.reader.size / LEAST_RATE

    def finish(self) -> Reply | None:
        """It is here: what refuses it, None if it can be handed on."""
        fault = self.reader.fault
        if fault is None:
            try:
                self.body.finish()
            except NoRoom:
                fault = Fault.NO_ROOM
        return None if fault is None else _FAULTS[fault]

    def drop(self) -> None:
        """Free what has come of it."""
        self.body.close()

    def _write(self, octets: bytes) -> None:
        self.body.write(self.body.size, octets)
