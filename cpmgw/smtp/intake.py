"""What comes by a connection: commands and content, strictly one after the other.

Nothing is given out while something holds it up, as the answer that a mail waits for
does: replies then keep the order of pipelined commands (RFC 2920 3.2).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol

from cpmgw.smtp.data import DataReader

# Octets of a command without its CRLF: 512, and what extensions add (RFC 5321
# 4.5.3.1.4), of which RFC 3461 has the most.
LONGEST_COMMAND: Final = 2048

# Octets that may come while nothing is given out. Some have to: at times TLS must read
# before it can write.
MOST_HELD: Final = 64 * 1024

_CRLF: Final = b"\r\n"


class Hold(Enum):
    """Why nothing is given out."""

    ANSWER = "answer"
    OUTPUT = "output"


class Reading(Protocol):
    """Who gets it."""

    def lineReceived(self, line: bytes) -> None:
        """One command, without its CRLF."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """A command that was too long; what came of it is gone."""

    def content_received(self) -> None:
        """The reader of the content was fed."""

    def content_ended(self) -> None:
        """The content is here, all of it."""


class Intake:
    """Gives out what has come, in its order."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._octets = bytearray()
        self._holds: set[Hold] = set()
        self._reader: DataReader | None = None
        self._is_overlong = False
        self._is_working = False
        self._is_closed = False

    @property
    def is_held(self) -> bool:
        """Whether nothing is given out."""
        return bool(self._holds)

    @property
    def is_full(self) -> bool:
        """Whether so much is held up that no more should come."""
        return self.is_held and len(self._octets) >= MOST_HELD

    def feed(self, octets: bytes) -> None:
        """Take octets, and give out what can be."""
        if not self._is_closed:
            self._octets += octets
            self._work()

    def expect_content(self, reader: DataReader) -> None:
        """What comes next is the content of a mail, up to its end."""
        self._reader = reader

    def hold(self, why: Hold) -> None:
        """Give out nothing until this is released."""
        self._holds.add(why)

    def release(self, why: Hold) -> None:
        """Go on, if nothing else holds it."""
        self._holds.discard(why)
        self._work()

    def discard(self) -> None:
        """Forget what has come and was not given out."""
        self._octets.clear()
        self._is_overlong = False

    def close(self) -> None:
        """Give out nothing any more."""
        self._is_closed = True
        self._reader = None
        self.discard()

    def _work(self) -> None:
        if self._is_working:  # whoever is given something may release what holds it
            return
        self._is_working = True
        try:
            while self._octets and not self._holds and self._step():
                pass
        finally:
            self._is_working = False

    def _step(self) -> bool:
        """Give out one piece; tells whether there was one."""
        if self._reader is not None:
            self._feed_reader(self._reader)
            return True
        end = self._octets.find(_CRLF)
        if end < 0:
            self._shorten()
            return False
        line = bytes(self._octets[:end])
        del self._octets[: end + len(_CRLF)]
        if self._is_overlong or len(line) > LONGEST_COMMAND:
            self._is_overlong = False
            self._reading.lineLengthExceeded(b"")
        else:
            self._reading.lineReceived(line)
        return True

    def _feed_reader(self, reader: DataReader) -> None:
        octets = bytes(self._octets)
        self._octets.clear()
        rest = reader.feed(octets)
        if rest is not None:
            self._reader = None
            self._octets += rest
        self._reading.content_received()
        if rest is not None and not self._is_closed:
            self._reading.content_ended()

    def _shorten(self) -> None:
        """Keep of a command that is too long only what may begin its CRLF."""
        if len(self._octets) > LONGEST_COMMAND + 1:
            self._is_overlong = True
            del self._octets[:-1]
