"""The content of a mail between DATA and the dot (RFC 5321 4.5.2).

Octets come in any slices. Nothing but CRLF.CRLF ends the content: what other software
might take for that, with a bare CR or LF in it, is content, and as a rule refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final

from cpmgw.bodies.errors import NoRoom

# Octets of a line without its CRLF; RFC 5321 4.5.3.1.6 has 998, and senders are lax.
LONGEST_LINE: Final = 1024 * 1024

_END: Final = b"\r\n.\r\n"
_BEGINNINGS: Final = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")
_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")


class Fault(Enum):
    """Why a content is not taken; of several, the first of these counts."""

    TOO_LARGE = "too large"
    BARE_NEWLINE = "bare newline"
    NUL = "nul"
    LONG_LINE = "long line"
    NO_ROOM = "no room"


class Newlines(Enum):
    """What becomes of a CR or LF that stands alone."""

    REFUSED = "refused"
    MENDED = "mended"


class DataReader:
    """Reads the content of one mail; its lines end in CRLF, its dots are not doubled.

    `write` gets it in pieces, and may raise NoRoom. After a fault it gets no more of
    it, but everything is read up to its end.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        max_size: int,
        newlines: Newlines = Newlines.REFUSED,
    ) -> None:
        self._write = write
        self._max_size = max_size
        self._newlines = newlines
        self._held = b"\r\n"  # the end of the line before: of DATA itself
        self._skip = len(self._held)
        self._line = 0
        self._faults: set[Fault] = set()
        self.size = 0

    @property
    def fault(self) -> Fault | None:
        """What is wrong with it, so far."""
        return next((each for each in Fault if each in self._faults), None)

    def feed(self, octets: bytes) -> bytes | None:
        """Take octets; once the end was among them, give those that come after it."""
        octets = self._held + octets
        end = octets.find(_END)
        if end >= 0:
            self._held = b""
            self._take(octets[:end] + b"\r\n")
            return octets[end + len(_END) :]
        self._held = next((each for each in _BEGINNINGS if octets.endswith(each)), b"")
        self._take(octets[: len(octets) - len(self._held)])
        return None

    def _take(self, block: bytes) -> None:
        """Take octets that are cut neither within CRLF nor between it and a dot."""
        block = block.replace(b"\r\n.", b"\r\n")
        if self._skip and block:
            block, self._skip = block[self._skip :], 0
        newlines = block.count(b"\r\n")
        if block.count(b"\r") != newlines or block.count(b"\n") != newlines:
            if self._newlines is Newlines.REFUSED:
                self._faults.add(Fault.BARE_NEWLINE)
            else:
                block = _NEWLINE.sub(b"\r\n", block)
        if b"\0" in block:
            self._faults.add(Fault.NUL)
        self._measure(block)
        self.size += len(block)
        if self.size > self._max_size:
            self._faults.add(Fault.TOO_LARGE)
        if block and not self._faults:
            self._keep(block)

    def _measure(self, block: bytes) -> None:
        """Look for a line that is too long, be it across blocks."""
        start = -self._line
        while len(block) - start > LONGEST_LINE:
            end = block.rfind(b"\r\n", max(start, 0), start + LONGEST_LINE + 2)
            if end < 0:
                self._faults.add(Fault.LONG_LINE)
                break
            start = end + 2
        last = block.rfind(b"\r\n")
        self._line = len(block) - last - 2 if last >= 0 else self._line + len(block)

    def _keep(self, block: bytes) -> None:
        try:
            self._write(block)
        except NoRoom:
            self._faults.add(Fault.NO_ROOM)


def stuffed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Double the dots at the beginning of lines, and end it all with CRLF.CRLF.

    For content whose lines end in CRLF, in pieces that are cut anywhere.
    """
    before = b"\r\n"
    for piece in pieces:
        block = before + piece
        yield block.replace(b"\r\n.", b"\r\n..")[len(before) :]
        before = block[-2:]
    yield b".\r\n" if before == b"\r\n" else b"\r\n.\r\n"
