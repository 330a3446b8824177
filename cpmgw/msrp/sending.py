"""From messages to chunks (RFC 4975 5.1, 7.1): all that goes out on one connection.

Sessions take turns, and the messages of each. A chunk of more than `_WHOLE` octets may
be interrupted, and is after each turn while another message waits, so that a large one
holds up no small one. How much is written, and when, is the connection's affair: `take`
gives the next octets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from cpmgw.bodies.interfaces import IBody
from cpmgw.msrp.bounds import ChunkSize, Count, Seconds
from cpmgw.msrp.frames import OK, TIMEOUT, ByteRange, Flag, write_end, write_request
from cpmgw.msrp.interfaces import FailureReport
from cpmgw.msrp.turns import Turns

BROKEN: Final = -1
"""The status of a message whose content ended before its size, or could not be read."""

# Octets of a turn.
TURN: Final = 16 * 1024
# What is sent in one chunk without interruption (RFC 4975 5.1).
_WHOLE: Final = 2048
# What a status can be (RFC 4975 10); anything else answers nothing.
_STATUSES: Final = range(200, 700)
# An answer within so many seconds shows that chunks may be long.
_SOON: Final = 1.0


class SendLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How messages are sent: octets, counts and seconds.

    `chunk` is the most that one chunk has of a message, `first_chunk` until the peer
    has answered one within a second; `window` how many chunks of a message may wait for
    their answers, each no longer than `answer_timeout` since it was written or the one
    before it was answered.
    """

    chunk: ChunkSize = 64 * 1024
    first_chunk: ChunkSize = 16 * 1024
    window: Count = 32
    answer_timeout: Seconds = 30.0


class Outgoing:
    """A message on its way out; one without a type has no content.

    `owner` is the session it is of. Its `status` is None until it is decided; it has
    `begun` once an octet of it is written.
    """

    def __init__(
        self,
        owner: object,
        *,
        message_id: str,
        to_path: tuple[str, ...] = (),
        from_path: tuple[str, ...] = (),
        content_type: str = "",
        size: int = 0,
        pieces: Iterable[bytes] = (),
        success_report: bool = False,
        failure_report: FailureReport = FailureReport.YES,
        max_chunk: int = 0,
    ) -> None:
        self.owner = owner
        self.message_id = message_id
        self.to_path = to_path
        self.from_path = from_path
        self.content_type = content_type
        self.size = size
        self.success_report = success_report
        self.failure_report = failure_report
        self.max_chunk = max_chunk
        self.sent = 0
        self.begun = False
        self.written = False
        self.unanswered = 0
        self.aborted = False
        self.status: int | None = None
        self._pieces = iter(pieces)
        self._rest = b""

    def next(self, most: int) -> bytes:
        """So many octets, fewer only at the end of what there is."""
        while len(self._rest) < most:
            try:
                piece = next(self._pieces, None)
            except OSError:
                piece = None
            if piece is None:
                break
            self._rest += piece
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    def put_back(self, data: bytes) -> None:
        """These were not sent after all."""
        self._rest = data + self._rest


class _Chunk:
    """The chunk that is being written."""

    def __init__(self, message: Outgoing, transaction: str, limit: int) -> None:
        self.message = message
        self.transaction = transaction
        self.limit = limit
        self.written = 0
        self._mark = f"-------{transaction}".encode()
        self._tail = b""

    def safe(self, piece: bytes) -> int:
        """How much of a piece can follow before the body has our end-line in it."""
        seen = self._tail + piece
        found = seen.find(self._mark)
        keep = len(self._mark) - 1
        if found < 0:
            self._tail = seen[-keep:]
            return len(piece)
        return max(0, found + keep - len(self._tail))


class Outbox:
    """The messages that one connection has to send, and the answers it waits for.

    Whatever is decided of a message is put into `settled`, and errors that come after
    it counted as sent into `late`; both are for the shell to take out.
    """

    def __init__(self, limits: SendLimits, new_id: Callable[[], str]) -> None:
        self._limits = limits
        self._new_id = new_id
        self._line: Turns[Outgoing] = Turns()
        self._parked: set[Outgoing] = set()
        self._urgent: list[bytes] = []
        self.urgent_octets = 0
        self._chunk: _Chunk | None = None
        self._open: dict[str, Outgoing] = {}
        self._written: deque[tuple[float, str]] = deque()
        self._progress = float("-inf")  # when the oldest of these was last answered
        self._is_quick = False
        self.settled: list[Outgoing] = []
        self.late: list[tuple[Outgoing, int]] = []

    def __len__(self) -> int:
        waiting = len(self._line) + len(self._parked) + len(self._open)
        return waiting + (self._chunk is not None)

    @property
    def deadline(self) -> float | None:
        """When the next answer is overdue.

        A peer takes what is written in its order: as long as it answers that, it has
        not come to what is behind.
        """
        oldest = self._oldest()
        if oldest is None:
            return None
        return max(oldest[0], self._progress) + self._limits.answer_timeout

    @property
    def progress(self) -> float:
        """When the peer last answered what it was asked first."""
        return self._progress

    def postpone(self, seconds: float) -> None:
        """No answer could be read for so long: that does not count."""
        self._progress += seconds
        self._written = deque((when + seconds, key) for when, key in self._written)

    def add(self, message: Outgoing) -> None:
        """Have a message sent."""
        self._line.append(message)

    def reply(self, frame: bytes) -> None:
        """Have an answer or a REPORT sent, before any message goes on."""
        self._urgent.append(frame)
        self.urgent_octets += len(frame)

    def abort(self, message: Outgoing) -> None:
        """Stop sending a message; its last chunk ends with "#"."""
        message.aborted = True
        self._forget(lambda each: each is message)
        self._parked.discard(message)
        if message in self._line:
            self._line.remove(message)
        between = self._chunk is None or self._chunk.message is not message
        if between and 0 < message.sent < message.size:
            self._line.append(message)

    def drop(self, owner: object) -> None:
        """Send nothing more of a session, but for the end of a chunk."""
        self._forget(lambda each: each.owner is owner)
        self._line.drop(owner)
        self._parked = {each for each in self._parked if each.owner is not owner}
        if self._chunk is not None and self._chunk.message.owner is owner:
            self._chunk.message.aborted = True

    def take(self, now: float) -> bytes:
        """The next octets to write, b"" if there is nothing to say now."""
        if self._chunk is not None:
            return self._go_on(self._chunk, now)
        if self._urgent:
            frames, self._urgent = b"".join(self._urgent), []
            self.urgent_octets = 0
            return frames
        return self._begin(self._line.popleft(), now) if self._line else b""

    def answered(self, transaction: str, status: int, now: float) -> None:
        """A response has come; one that answers nothing is passed over."""
        if transaction not in self._open or status not in _STATUSES:
            return
        oldest = self._oldest()
        if oldest is not None and oldest[1] == transaction:
            self._progress = now
            self._is_quick = self._is_quick or now - oldest[0] <= _SOON
        message = self._open.pop(transaction)
        if message.failure_report is FailureReport.YES:
            message.unanswered -= 1
        if message in self._parked:
            self._parked.remove(message)
            self._line.append(message)
        if status == OK:
            if message.written and not message.unanswered:
                self._settle(message, OK)
        elif message.status == OK:
            self.late.append((message, status))
        else:
            self._fail(message, status)

    def expire(self, now: float) -> None:
        """Give up those whose answers are overdue: they count as 408."""
        while (deadline := self.deadline) is not None and deadline <= now:
            message = self._open.pop(self._written.popleft()[1])
            if message.failure_report is FailureReport.YES:
                self._fail(message, TIMEOUT)

    # -- within -------------------------------------------------------------------

    def _oldest(self) -> tuple[float, str] | None:
        """What was written first of what is not answered, and when."""
        written = self._written
        while written and written[0][1] not in self._open:
            written.popleft()
        return written[0] if written else None

    def _limit(self, message: Outgoing) -> int:
        """The octets of a chunk; short ones are asked after until answers are quick."""
        limits = self._limits
        most = limits.chunk
        if message.failure_report is FailureReport.YES and not self._is_quick:
            most = min(most, limits.first_chunk)
        return min(most, message.max_chunk or most)

    def _forget(self, which: Callable[[Outgoing], bool]) -> None:
        """Wait for no answers of some messages any more."""
        for transaction in [key for key, each in self._open.items() if which(each)]:
            del self._open[transaction]

    def _begin(self, message: Outgoing, now: float) -> bytes:
        """The head of a chunk and what goes out with it."""
        left = message.size - message.sent
        limit = self._limit(message)
        message.begun = True
        transaction = self._new_id()
        end: int | None = None
        if left <= min(_WHOLE, limit) and not message.aborted:
            end = message.size
            body = message.next(left)
            while f"-------{transaction}".encode() in body:
                transaction = self._new_id()
            message.put_back(body)
        chunk = self._chunk = _Chunk(message, transaction, limit)
        if message.failure_report is not FailureReport.NO and not message.aborted:
            self._open[transaction] = message
            message.unanswered += message.failure_report is FailureReport.YES
        head = write_request(
            "SEND",
            transaction,
            message.to_path,
            message.from_path,
            _headers(message, ByteRange(message.sent + 1, end, message.size)),
        )
        return head + self._go_on(chunk, now)

    def _go_on(self, chunk: _Chunk, now: float) -> bytes:
        """A turn of the chunk's body, and its end-line where it ends."""
        message = chunk.message
        before = b"\r\n" if chunk.written else b""
        if message.aborted or message.status is not None:
            return before + self._end(chunk, Flag.ABORTED, now)
        if chunk.written and self._others_wait():
            return before + self._end(chunk, Flag.MORE, now)
        if not message.content_type:
            message.written = True
            return self._end(chunk, Flag.LAST, now)
        opening = b"" if chunk.written else _type_of(message)
        most = min(TURN, chunk.limit - chunk.written, message.size - message.sent)
        piece = message.next(most)
        safe = chunk.safe(piece)
        message.put_back(piece[safe:])
        body = opening + piece[:safe]
        chunk.written += safe
        message.sent += safe
        if message.sent == message.size:
            message.written = True
            return body + b"\r\n" + self._end(chunk, Flag.LAST, now)
        if len(piece) < most:
            self._settle(message, BROKEN)
            return body + b"\r\n" + self._end(chunk, Flag.ABORTED, now)
        if safe < most or chunk.written >= chunk.limit or self._others_wait():
            return body + b"\r\n" + self._end(chunk, Flag.MORE, now)
        return body

    def _others_wait(self) -> bool:
        return bool(self._urgent or self._line)

    def _end(self, chunk: _Chunk, flag: Flag, now: float) -> bytes:
        """The end-line; from now on the answer is waited for."""
        message, self._chunk = chunk.message, None
        if flag is Flag.MORE:
            if message.unanswered >= self._limits.window:
                self._parked.add(message)
            else:
                self._line.append(message)
        if chunk.transaction in self._open:
            self._written.append((now, chunk.transaction))
        if flag is Flag.LAST and not message.unanswered:
            self._settle(message, OK)
        return write_end(chunk.transaction, flag)

    def _fail(self, message: Outgoing, status: int) -> None:
        """Send no more of a message, and say so."""
        if message.status is None:
            self.abort(message)
        self._settle(message, status)

    def _settle(self, message: Outgoing, status: int) -> None:
        if message.status is None:
            message.status = status
            self.settled.append(message)


def pieces_of(content: bytes | IBody) -> Iterator[bytes]:
    """The content of a message, a turn's octets at a time."""
    if not isinstance(content, bytes):
        yield from content.pieces(TURN)
        return
    for at in range(0, len(content), TURN):
        yield content[at : at + TURN]


def _headers(message: Outgoing, given: ByteRange) -> list[tuple[str, str]]:
    headers = [("Message-ID", message.message_id)]
    if message.content_type:
        headers.append(("Byte-Range", str(given)))
    else:
        headers.append(("Byte-Range", "1-0/0"))
    if message.success_report:
        headers.append(("Success-Report", "yes"))
    if message.failure_report is not FailureReport.YES:
        headers.append(("Failure-Report", message.failure_report.value))
    return headers


def _type_of(message: Outgoing) -> bytes:
    """What stands right before a body (RFC 4975 7.1)."""
    return f"Content-Type: {message.content_type}\r\n\r\n".encode()
