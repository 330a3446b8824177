"""Frames of MSRP and the connections they travel, from RFC 4975 alone.

This shares no code with the gateway. It writes what it is told to write, true or not,
and takes only what the RFC allows: anything else that comes is `Malformed`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 10.0
"""How long any one step may take."""

HEAD: Final = 16_384
"""Octets that a frame may have before its body."""

_START: Final = re.compile(
    rb"MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) ([A-Z]+|\d{3}(?: [^\r\n]*)?)"
)
_HEADER: Final = re.compile(r"([A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*): (.*)")
_URI: Final = re.compile(
    r"msrps?://[^/ ]+(?:/[^; ]+)?;[a-z0-9]+(?:;[^ ]+)?", re.IGNORECASE
)

Header = tuple[str, str]


class Malformed(Exception):
    """What came is not what RFC 4975 9 allows."""


class Gone(Exception):
    """The other side has closed the connection."""


def token() -> str:
    """An identifier that nobody has used before (RFC 4975 9, ident)."""
    return secrets.token_hex(8)


def fingerprint(certificate: bytes) -> str:
    """That of a certificate, as a=fingerprint has it (RFC 8122 5)."""
    digest = hashlib.sha256(certificate).hexdigest().upper()
    pairs = (digest[at : at + 2] for at in range(0, len(digest), 2))
    return f"sha-256 {':'.join(pairs)}"


@dataclass(frozen=True)
class Frame:
    """A request or response; `start` is what follows the transaction: "200 OK"."""

    transaction: str
    start: str
    headers: tuple[Header, ...]
    body: bytes | None = None
    flag: str = "$"

    @property
    def status(self) -> int:
        """The status of a response, 0 of a request."""
        return int(self.start[:3]) if self.start[0].isdigit() else 0

    def value(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, default)

    def path(self, name: str) -> list[str]:
        """The URIs of To-Path or From-Path."""
        return self.value(name).split(" ")

    def octets(self) -> bytes:
        """It on the wire."""
        lines = [f"MSRP {self.transaction} {self.start}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join(lines).encode() + b"\r\n"
        content = b"" if self.body is None else b"\r\n" + self.body + b"\r\n"
        return head + content + f"-------{self.transaction}{self.flag}\r\n".encode()


def take_frame(buffer: bytearray) -> Frame | None:
    """Take a frame out of what has come; None where it is not here whole."""
    end_of_line = buffer.find(b"\r\n")
    if end_of_line < 0:
        if len(buffer) > HEAD:
            raise Malformed("a line without an end")
        return None
    start = _START.fullmatch(bytes(buffer[:end_of_line]))
    if start is None:
        raise Malformed(f"start line {bytes(buffer[:end_of_line])!r}")
    end_line = re.compile(rb"\r\n-------" + re.escape(start[1]) + rb"([+$#])\r\n")
    end = end_line.search(buffer, end_of_line)
    if end is None:
        return None
    flag = end[1].decode()
    head, blank, body = bytes(buffer[: end.start()]).partition(b"\r\n\r\n")
    del buffer[: end.end()]
    headers = tuple(_header(line) for line in head.decode().split("\r\n")[1:])
    frame = Frame(
        start[1].decode(),
        start[2].decode(),
        headers,
        body if blank else None,
        flag,
    )
    _check(frame)
    return frame


def _header(line: str) -> Header:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise Malformed(f"header {line!r}")
    return match[1], match[2]


def _check(frame: Frame) -> None:
    names = [name for name, _ in frame.headers]
    if names[:2] != ["To-Path", "From-Path"]:
        raise Malformed(f"headers begin with {names[:2]}")
    for name in names[:2]:
        if not all(_URI.fullmatch(each) for each in frame.path(name)):
            raise Malformed(f"{name}: {frame.value(name)}")
    if frame.status:
        if frame.body is not None or frame.flag != "$":
            raise Malformed(f"a response with a body, or unfinished: {frame}")
    elif frame.body is not None and names[-1] != "Content-Type":
        raise Malformed(f"Content-Type is not last: {names}")
    elif not frame.value("Message-ID") and frame.start != "AUTH":
        raise Malformed(f"no Message-ID: {names}")


class Wire:
    """A connection; `came` are the frames that have come, `went` those that were sent.

    `is_closed` tells that it is known to be closed.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        self.came: list[Frame] = []
        self.went: list[Frame] = []
        self.is_closed = False
        self._socket = connection
        self._buffer = bytearray()

    @classmethod
    def connect(
        cls, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Wire:
        """Connect to a port, over TLS if there is a context for that."""
        connection = socket.create_connection((host, port), SECONDS)
        return cls(tls.wrap_socket(connection) if tls else connection)

    @property
    def certificate(self) -> bytes:
        """That of the other side of TLS."""
        assert isinstance(self._socket, ssl.SSLSocket)
        return self._socket.getpeercert(binary_form=True) or b""

    def write(self, octets: bytes) -> None:
        """Send octets of whatever kind."""
        self._socket.settimeout(SECONDS)
        try:
            self._socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError) as error:
            self.is_closed = True
            raise Gone from error

    def send(self, *frames: Frame) -> None:
        """Send frames, in one piece."""
        self.write(b"".join(frame.octets() for frame in frames))
        self.went.extend(frames)

    def frame(self, seconds: float = SECONDS) -> Frame:
        """The next frame; raises TimeoutError, or Gone."""
        end = time.monotonic() + seconds
        while (frame := take_frame(self._buffer)) is None:
            self._read(end)
        self.came.append(frame)
        return frame

    def ended(self, seconds: float = SECONDS) -> bool:
        """Whether the other side closes it in this time; what else comes is dropped."""
        end = time.monotonic() + seconds
        try:
            while True:
                self._read(end)
        except TimeoutError:
            return False
        except Gone:
            return True

    def close(self) -> None:
        """Close it."""
        self.is_closed = True
        self._socket.close()

    def _read(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing whole came; in part: {self._buffer[:200]!r}")
        self._socket.settimeout(left)
        try:
            octets = self._socket.recv(65_536)
        except ConnectionResetError as error:
            self.is_closed = True
            raise Gone from error
        if not octets:
            self.is_closed = True
            raise Gone
        self._buffer += octets


class Listener:
    """Where others connect to; `port` is its own choice."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def accept(self, seconds: float = SECONDS) -> Wire:
        """The next connection that comes."""
        self._socket.settimeout(seconds)
        connection = self._socket.accept()[0]
        connection.settimeout(seconds)
        tls = self._tls
        return Wire(
            tls.wrap_socket(connection, server_side=True) if tls else connection
        )

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
