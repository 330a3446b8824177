"""SIP messages of a raw user agent, from RFC 3261 alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tests.live.raw_frames import Header, Malformed

HEAD: Final = 65_536
"""Octets that a message may have before its body."""

_REQUEST: Final = re.compile(r"([A-Z]+) \S+ SIP/2\.0")
_RESPONSE: Final = re.compile(r"SIP/2\.0 (\d{3}) .*")
_HEADER: Final = re.compile(r"([A-Za-z0-9!%*_+`'~.-]+)[ \t]*:[ \t]*(.*?)[ \t]*")
_BRANCH: Final = re.compile(r";branch=(z9hG4bK[^;,\s]+)")
_NEEDED: Final = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(frozen=True)
class Packet:
    """A request or a response; Content-Length is written, not kept."""

    start: str
    headers: tuple[Header, ...]
    body: bytes = b""

    @property
    def method(self) -> str:
        """The method of a request, "" of a response."""
        return "" if self.status else self.start.partition(" ")[0]

    @property
    def status(self) -> int:
        """The status of a response, 0 of a request."""
        found = _RESPONSE.fullmatch(self.start)
        return int(found[1]) if found else 0

    @property
    def branch(self) -> str:
        """What tells the transaction (8.1.1.7)."""
        found = _BRANCH.search(self.value("Via"))
        if found is None:
            raise Malformed(f"Via: {self.value('Via')}")
        return found[1]

    def value(self, name: str) -> str:
        """The first value of a header, "" where there is none."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """The values of a header, those of one line apart where they are addresses."""
        lines = [value for key, value in self.headers if key.lower() == name.lower()]
        return [each for line in lines for each in re.split(r",\s*(?=<)", line)]

    def octets(self) -> bytes:
        """It on the wire."""
        every = (*self.headers, ("Content-Length", str(len(self.body))))
        lines = [self.start, *(f"{name}: {value}" for name, value in every)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def take_datagram(octets: bytes) -> Packet:
    """The message in a datagram, which it has to fill (18.3)."""
    buffer = bytearray(octets)
    packet = take_packet(buffer)
    if packet is None or buffer:
        raise Malformed(f"no whole message: {octets!r}")
    return packet


def take_packet(buffer: bytearray) -> Packet | None:
    """Take a message out of what has come; None where it is not here whole."""
    while buffer.startswith(b"\r\n"):
        del buffer[:2]
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > HEAD:
            raise Malformed("a head without an end")
        return None
    start, *lines = buffer[:end].decode().split("\r\n")
    if not (_REQUEST.fullmatch(start) or _RESPONSE.fullmatch(start)):
        raise Malformed(f"start line {start!r}")
    headers = tuple(_header(line) for line in lines)
    length = _length(headers)
    if len(buffer) < end + 4 + length:
        return None
    body = bytes(buffer[end + 4 : end + 4 + length])
    del buffer[: end + 4 + length]
    packet = Packet(start, headers, body)
    missing = [name for name in _NEEDED if not packet.value(name)]
    if missing:
        raise Malformed(f"{missing} missing in {start!r}")
    return packet


def _header(line: str) -> Header:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise Malformed(f"header {line!r}")
    return found[1], found[2]


def _length(headers: tuple[Header, ...]) -> int:
    found = [
        value for name, value in headers if name.lower() in ("content-length", "l")
    ]
    if len(found) != 1 or not found[0].isdecimal():
        raise Malformed(f"Content-Length: {found}")
    return int(found[0])
