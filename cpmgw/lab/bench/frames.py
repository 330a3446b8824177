"""The MSRP of the load's sessions, ready made, and read as it comes (no I/O).

Nothing here parses MSRP as a peer must: it knows what it has sent, and that the gateway
sends what it has to say here in one chunk.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.lab.bench.messages import text_of

_START: Final = re.compile(rb"MSRP ([^ \r\n]+) ([^ \r\n]+)")
_PATHS: Final = re.compile(rb"To-Path: ([^\r\n]+)\r\nFrom-Path: ([^\r\n]+)\r\n")
_SEND: Final = (
    "MSRP %(id)s SEND\r\n"
    "To-Path: %(to)s\r\n"
    "From-Path: %(own)s\r\n"
    "Message-ID: %(id)s\r\n"
    "Byte-Range: 1-%(size)d/%(size)d\r\n"
    "Content-Type: message/cpim\r\n"
    "\r\n"
    "%(body)s\r\n"
    "-------%(id)s$\r\n"
)
_BIND: Final = (
    "MSRP %(id)s SEND\r\n"
    "To-Path: %(to)s\r\n"
    "From-Path: %(own)s\r\n"
    "Message-ID: %(id)s\r\n"
    "Byte-Range: 1-0/0\r\n"
    "-------%(id)s$\r\n"
)
BINDING: Final = "bind"
MESSAGE: Final = "send"


class Frame(msgspec.Struct, frozen=True):
    """A whole request or response; `what` is its method or status."""

    transaction: str
    what: str
    data: bytes

    @property
    def number(self) -> int | None:
        """The number that our transaction id has, None if it is none of ours."""
        digits = self.transaction[len(BINDING) :]
        return int(digits) if digits.isdigit() else None


def bind(number: int, to: str, own: str) -> bytes:
    """The SEND without content that binds session `number` (RFC 4975 5.4)."""
    return (_BIND % {"id": f"{BINDING}{number:08d}", "to": to, "own": own}).encode()


def message(number: int, to: str, own: str) -> bytes:
    """The SEND of message `number`."""
    body = text_of(number)
    name = f"{MESSAGE}{number:08d}"
    fields = {"id": name, "to": to, "own": own, "size": len(body), "body": body}
    return (_SEND % fields).encode()


def ok(frame: Frame) -> bytes:
    """The 200 to a SEND (RFC 4975 7.2)."""
    found = _PATHS.search(frame.data)
    to, own = (found[2], found[1]) if found is not None else (b"", b"")
    name = frame.transaction.encode()
    return (b"MSRP %b 200 OK\r\nTo-Path: %b\r\nFrom-Path: %b\r\n-------%b$\r\n") % (
        name,
        to,
        own,
        name,
    )


def cut(buffer: bytearray) -> list[Frame]:
    """Take the whole frames off the front of a stream's octets."""
    found: list[Frame] = []
    at = 0
    while (start := _START.match(buffer, at)) is not None:
        mark = b"-------" + start[1]
        end = buffer.find(mark, start.end())
        after = end + len(mark) + 3  # a flag and CRLF
        if end < 0 or len(buffer) < after:
            break
        data = bytes(buffer[at:after])
        found.append(Frame(start[1].decode(), start[2].decode(), data))
        at = after
    del start
    del buffer[:at]
    return found
