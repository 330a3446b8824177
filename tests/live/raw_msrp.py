"""An MSRP endpoint written from RFC 4975 alone, which shares no code with the gateway.

It blocks, so it is run in a thread.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.live.raw_frames import SECONDS, Frame, Header, Malformed, Wire, token

_RANGE: Final = re.compile(r"(\d+)-(\d+|\*)/(\d+|\*)")
_STATUS: Final = re.compile(r"000 (\d{3})(?: .*)?")


@dataclass(frozen=True)
class Message:
    """A message; reports are asked for as the headers of these names have it."""

    body: bytes
    content_type: str = "text/plain"
    message_id: str = field(default_factory=token)
    success_report: str = ""
    failure_report: str = ""


@dataclass
class _Part:
    """A message that is not here whole: its octets, and which of them came."""

    octets: bytearray = field(default_factory=bytearray)
    came: set[tuple[int, int]] = field(default_factory=set)
    total: int | None = None
    ended: bool = False

    def add(self, start: int, body: bytes) -> None:
        """Take octets in, where they belong."""
        end = start - 1 + len(body)
        self.octets.extend(bytes(max(0, end - len(self.octets))))
        self.octets[start - 1 : end] = body
        self.came.add((start, end))

    def whole(self) -> bool:
        """Whether nothing is missing."""
        reached = 0
        for start, end in sorted(self.came):
            if start > reached + 1:
                return False
            reached = max(reached, end)
        return self.ended and reached == self.total


class End:
    """One end of a session: frames over a wire, from a path of ours to the other's.

    Requests that come are answered with `status`, whole messages are in `messages`,
    and what was reported of ours, by Message-ID, in `reports`.
    """

    def __init__(self, wire: Wire, ours: str, theirs: str) -> None:
        self.wire = wire
        self.ours = ours
        self.theirs = theirs
        self.status = 200
        self.messages: list[Message] = []
        self.reports: list[tuple[str, int]] = []
        self._answers: dict[str, int] = {}
        self._parts: dict[str, _Part] = {}

    # -- sending

    def bind(self) -> int:
        """Send a SEND without a body (RFC 4975 5.4, 7.1); gives its answer."""
        (status,) = self.post([self.request("SEND", [("Message-ID", token())])])
        return status

    def send(self, message: Message, size: int = 2048) -> list[int]:
        """Send a message in chunks of this size; gives the answer to each."""
        return self.post(self.chunks(message, size))

    def post(self, frames: Sequence[Frame]) -> list[int]:
        """Send requests, and wait for all the answers."""
        self.wire.send(*frames)
        return [self.answer(frame.transaction) for frame in frames]

    def answer(self, transaction: str, seconds: float = SECONDS) -> int:
        """Wait for the answer to one of our requests."""
        end = time.monotonic() + seconds
        while transaction not in self._answers:
            self.take(end - time.monotonic())
        return self._answers.pop(transaction)

    def chunks(self, message: Message, size: int) -> list[Frame]:
        """A message as its SENDs (5.1)."""
        total = len(message.body)
        starts = range(0, total, size)
        return [
            self.chunk(
                message,
                f"{start + 1}-{min(start + size, total)}/{total}",
                message.body[start : start + size],
                flag="$" if start + size >= total else "+",
            )
            for start in starts
        ]

    def chunk(
        self, message: Message, byte_range: str, body: bytes, *, flag: str = "$"
    ) -> Frame:
        """One SEND, its Byte-Range being true or not."""
        headers = [("Message-ID", message.message_id), ("Byte-Range", byte_range)]
        for name in ("Success-Report", "Failure-Report"):
            if value := getattr(message, name.lower().replace("-", "_")):
                headers.append((name, value))
        headers.append(("Content-Type", message.content_type))
        return self.request("SEND", headers, body, flag)

    def request(
        self,
        method: str,
        headers: Iterable[Header],
        body: bytes | None = None,
        flag: str = "$",
    ) -> Frame:
        """A request along the path."""
        paths = (("To-Path", self.theirs), ("From-Path", self.ours))
        return Frame(token(), method, (*paths, *headers), body, flag)

    # -- taking

    def message(self, seconds: float = SECONDS) -> Message:
        """The next whole message that comes."""
        end = time.monotonic() + seconds
        while not self.messages:
            self.take(end - time.monotonic())
        return self.messages.pop(0)

    def report(self, message_id: str, seconds: float = SECONDS) -> int:
        """Wait for a report of one of our messages; gives what it says."""
        end = time.monotonic() + seconds
        while not (found := [s for of, s in self.reports if of == message_id]):
            self.take(end - time.monotonic())
        return found[0]

    def take(self, seconds: float = SECONDS) -> Frame:
        """Take one frame, and answer it where that is asked for (7.2, 7.3)."""
        frame = self.wire.frame(seconds)
        if frame.status:
            self._answers[frame.transaction] = frame.status
        elif frame.start == "REPORT":
            status = _STATUS.fullmatch(frame.value("Status"))
            if status is None:
                raise Malformed(f"Status: {frame.value('Status')}")
            self.reports.append((frame.value("Message-ID"), int(status[1])))
        else:
            self._requested(frame)
        return frame

    def _requested(self, frame: Frame) -> None:
        failure_report = frame.value("Failure-Report", "yes")
        if failure_report == "yes" or (
            failure_report == "partial" and self.status != 200
        ):
            self.wire.send(respond(frame, self.status))
        if frame.start == "SEND" and frame.body is not None and self.status == 200:
            self._assemble(frame, frame.body)

    def _assemble(self, frame: Frame, body: bytes) -> None:
        message_id = frame.value("Message-ID")
        found = _RANGE.fullmatch(frame.value("Byte-Range", f"1-{len(body)}/*"))
        if found is None:
            raise Malformed(f"Byte-Range: {frame.value('Byte-Range')}")
        start, end = int(found[1]), int(found[1]) + len(body) - 1
        if frame.flag == "$" and found[2] not in ("*", str(end)):
            raise Malformed(f"{found[0]} has {len(body)} octets")
        part = self._parts.setdefault(message_id, _Part())
        part.add(start, body)
        part.ended |= frame.flag == "$"
        if found[3] != "*":
            part.total = int(found[3])
        elif frame.flag == "$":
            part.total = end
        if frame.flag == "#":
            del self._parts[message_id]
        elif part.whole():
            del self._parts[message_id]
            self._finish(frame, bytes(part.octets))

    def _finish(self, frame: Frame, body: bytes) -> None:
        message_id = frame.value("Message-ID")
        self.messages.append(Message(body, frame.value("Content-Type"), message_id))
        if frame.value("Success-Report") == "yes":
            self.wire.send(reported(frame, len(body)))


def respond(frame: Frame, status: int, *headers: Header) -> Frame:
    """The response to a request (7.2); that to a SEND goes one hop only."""
    towards, back = frame.path("From-Path"), frame.path("To-Path")
    path = towards[:1] if frame.start == "SEND" else towards
    paths = (("To-Path", " ".join(path)), ("From-Path", back[0]))
    reason = {200: "OK"}.get(status, "No")
    return Frame(frame.transaction, f"{status} {reason}", (*paths, *headers))


def reported(frame: Frame, size: int, status: int = 200) -> Frame:
    """A REPORT about a whole message (7.1.2): it goes all the way back."""
    headers = (
        ("To-Path", frame.value("From-Path")),
        ("From-Path", frame.value("To-Path")),
        ("Message-ID", frame.value("Message-ID")),
        ("Byte-Range", f"1-{size}/{size}"),
        ("Status", f"000 {status}"),
    )
    return Frame(token(), "REPORT", headers)
