"""The content of a mail on its way to a relay, no faster than the relay reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.data import stuffed

# Octets that are read, and written, at once: what a transport buffers before it pauses.
PIECE: Final = 64 * 1024

_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")


class CannotRead(Exception):
    """The content is not there as it should be."""


def mended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Make a CRLF of each CR or LF that stands alone (RFC 5321 2.3.8).

    Some relays see an end of mail in what we know to be content of one.
    """
    held = b""
    for piece in pieces:
        block = held + piece
        held = b"\r" if block.endswith(b"\r") else b""
        block = block[: len(block) - len(held)]
        newlines = block.count(b"\r\n")
        if block.count(b"\n") != newlines or block.count(b"\r") != newlines:
            block = _NEWLINE.sub(b"\r\n", block)
        yield block
    if held:
        yield b"\r\n"


@implementer(IPushProducer)
class Content:
    """Writes a body to a transport, with its dots doubled, and the last dot after it.

    `progress` is called whenever more goes out, `whole` before the last dot is written,
    `broken` where the body cannot be read as it was announced: then it is not whole.
    """

    def __init__(
        self,
        body: IBody,
        transport: Any,
        *,
        progress: Callable[[], None],
        whole: Callable[[], None],
        broken: Callable[[CannotRead], None],
    ) -> None:
        self._body = body
        self._transport = transport
        self._progress = progress
        self._whole = whole
        self._broken = broken
        self._source = body.pieces(PIECE)
        self._read = 0
        self._pieces = stuffed(mended(self._counted()))
        self._following = b""
        self._paused = True
        self._writing = False
        self._ended = False

    def start(self) -> None:
        """Begin to write."""
        self._transport.registerProducer(self, True)
        self.resumeProducing()

    # -- IPushProducer

    def resumeProducing(self) -> None:
        """Write until it is told to pause, or all is written."""
        self._paused = False
        if self._writing or self._ended:
            return
        self._progress()
        self._writing = True
        try:
            while not (self._paused or self._ended):
                self._write()
        except (CannotRead, OSError) as error:
            self.stopProducing()
            self._broken(CannotRead(f"its content cannot be read: {error}"))
        finally:
            self._writing = False

    def pauseProducing(self) -> None:
        """Write no more for now."""
        self._paused = True

    def stopProducing(self) -> None:
        """Write no more at all; a file that is open is closed."""
        self._ended = True
        for each in (self._pieces, self._source):
            close = getattr(each, "close", None)
            if close is not None:
                close()

    # -- within

    def _write(self) -> None:
        piece = next(self._pieces, None)
        if piece is not None:
            # One is kept back: the last one has the dot that ends the mail.
            octets, self._following = self._following, piece
            if octets:
                self._transport.write(octets)
            return
        self._ended = True
        self._whole()
        self._transport.write(self._following)
        self._transport.unregisterProducer()

    def _counted(self) -> Iterator[bytes]:
        """The body; CannotRead where it is not as long as it says."""
        for piece in self._source:
            self._read += len(piece)
            yield piece
        if self._read != self._body.size:
            raise CannotRead("it is not as long as it says")
