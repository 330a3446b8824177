"""Frames as a peer would write them, and streams cut at will."""

from __future__ import annotations

from collections.abc import Iterable

from cpmgw.msrp.frames import Flag, Request, Response
from cpmgw.msrp.parser import Broken, Event, FrameParser, Limits

OURS = "msrp://127.0.0.1:2855/ours;tcp"
LIMITS = Limits()
THEIRS = "msrp://127.0.0.2:2855/theirs;tcp"


def send(
    body: bytes | None = b"hello",
    *,
    given: str | None = None,
    flag: str = "$",
    transaction: str = "t1d2",
    message_id: str = "m1d2",
    to_path: str = OURS,
    from_path: str = THEIRS,
    content_type: str = "text/plain",
    method: str = "SEND",
    headers: Iterable[str] = (),
) -> bytes:
    """A SEND with the whole of a message, if nothing else is said."""
    size = len(body or b"")
    lines = [
        f"MSRP {transaction} {method}",
        f"To-Path: {to_path}",
        f"From-Path: {from_path}",
        *([f"Message-ID: {message_id}"] if message_id else []),
        f"Byte-Range: {given or f'1-{size}/{size}'}",
        *headers,
    ]
    if body is not None and content_type:
        lines.append(f"Content-Type: {content_type}")
    head = "".join(f"{line}\r\n" for line in lines).encode()
    if body is not None:
        head += b"\r\n" + body + b"\r\n"
    return head + f"-------{transaction}{flag}\r\n".encode()


def answer(
    transaction: str = "t1d2", status: int = 200, headers: Iterable[str] = ()
) -> bytes:
    """A response."""
    more = "".join(f"{line}\r\n" for line in headers)
    return (
        f"MSRP {transaction} {status} Comment\r\nTo-Path: {OURS}\r\n"
        f"From-Path: {THEIRS}\r\n{more}-------{transaction}$\r\n"
    ).encode()


def report(status: str = "000 200 OK", message_id: str = "m1d2") -> bytes:
    """A REPORT."""
    return (
        f"MSRP r1d2 REPORT\r\nTo-Path: {OURS}\r\nFrom-Path: {THEIRS}\r\n"
        f"Message-ID: {message_id}\r\nByte-Range: 1-5/5\r\nStatus: {status}\r\n"
        "-------r1d2$\r\n"
    ).encode()


class Frame:
    """A head with the octets and the flag that came after it."""

    def __init__(self, head: Request | Response) -> None:
        self.head = head
        self.body = b""
        self.pieces = 0
        self.flag: Flag | None = None

    @property
    def request(self) -> Request:
        """The head of a request."""
        assert isinstance(self.head, Request)
        return self.head

    @property
    def response(self) -> Response:
        """The head of a response."""
        assert isinstance(self.head, Response)
        return self.head


class Reader:
    """Gathers frames out of a stream."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.parser = FrameParser(limits)
        self.frames: list[Frame] = []
        self.broken = ""

    def add(self, data: bytes) -> None:
        """Octets have come."""
        self.parser.add(data)
        while (event := self.parser.take()) is not None:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Request | Response):
            self.frames.append(Frame(event))
        elif isinstance(event, Broken):
            self.broken = event.reason
        elif isinstance(event, Flag):
            self.frames[-1].flag = event
        else:
            self.frames[-1].body += event
            self.frames[-1].pieces += 1


def read(data: bytes, step: int = 0, limits: Limits = LIMITS) -> Reader:
    """Read a stream that comes in pieces of so many octets, or at once."""
    reader = Reader(limits)
    step = step or max(1, len(data))
    for at in range(0, len(data), step):
        reader.add(data[at : at + step])
    return reader
