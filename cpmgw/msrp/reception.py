"""From chunks to messages (RFC 4975 5.1, 7.3.1).

Nothing is trusted: a range that lies, a message that grows past its limit and one too
many are refused, and what is refused stays so until its sender ends it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from typing import Final

import msgspec

from cpmgw.msrp.bounds import Count, Seconds
from cpmgw.msrp.errors import MsrpSyntaxError, NoRoom
from cpmgw.msrp.frames import ByteRange, Flag, Request
from cpmgw.msrp.interfaces import Received
from cpmgw.msrp.spool import Spool

OK: Final = 200
BAD: Final = 400
TIMEOUT: Final = 408
TOO_LARGE: Final = 413

# How many messages that were refused are remembered.
_REFUSED: Final = 64


class ReceptionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one session may have that is not whole.

    `max_size` is the largest message in octets, `incomplete` how many there may be in
    part, `gaps` in how many separate pieces one of these may be, and `timeout` the
    seconds after which one that gets nothing more is dropped.
    """

    max_size: Count = 100 * 1024 * 1024
    incomplete: Count = 8
    gaps: Count = 64
    timeout: Seconds = 120.0


class Complete(msgspec.Struct, frozen=True):
    """A message is here whole."""

    received: Received


class _Incomplete:
    """A message of which some octets are here."""

    def __init__(self, request: Request, spool: Spool, now: float) -> None:
        self.message_id = request.message_id
        self.content_type = request.content_type
        self.success_report = request.success_report
        self.failure_report = request.failure_report
        self.spans: list[tuple[int, int]] = []
        self.total: int | None = None
        self.touched = now
        self.in_chunk = False
        self.dropped = False
        self.body = spool.body()

    @property
    def is_whole(self) -> bool:
        return self.total is not None and self.spans == [(0, self.total)]

    def put(self, offset: int, data: bytes) -> None:
        """Keep octets; those that come later count (RFC 4975 5.1)."""
        self.body.write(offset, data)
        end = offset + len(data)
        spans = self.spans
        if spans and spans[-1][1] == offset:
            spans[-1] = (spans[-1][0], end)
            return
        first = bisect_left(spans, offset, key=lambda span: span[1])
        last = first
        while last < len(spans) and spans[last][0] <= end:
            offset, end = min(offset, spans[last][0]), max(end, spans[last][1])
            last += 1
        spans[first:last] = [(offset, end)]


class Chunk:
    """One SEND on its way in; `refused` is the status it gets, 0 while it is well."""

    def __init__(self, reception: Reception, request: Request) -> None:
        self._reception = reception
        self._message: _Incomplete | None = None
        self._range = ByteRange()
        self._size = 0
        self.request = request
        self.refused = 0

    def begin(self, now: float) -> None:
        """Judge its head."""
        if self.request.fault:
            self.refused = BAD
            return
        reception = self._reception
        try:
            self._range = self.request.byte_range
            message = reception.message_of(self.request, self._range, now)
        except MsrpSyntaxError:
            self.refused = BAD
        except _Refusal as refusal:
            self._refuse(refusal.status)
        else:
            self._message = message
            if message is not None:
                message.in_chunk = True

    def put(self, data: bytes) -> None:
        """Take octets of its body."""
        message = self._message
        if self.refused:
            return
        if message is None or message.dropped:
            self._refuse(BAD if message is None else TIMEOUT)
            return
        offset = self._range.start - 1 + self._size
        self._size += len(data)
        end = offset + len(data)
        if end > _least(self._range.end, message.total):
            self._refuse(BAD)
        elif end > self._reception.limits.max_size:
            self._refuse(TOO_LARGE)
        else:
            try:
                message.put(offset, data)
            except NoRoom:
                self._refuse(TOO_LARGE)
                return
            if len(message.spans) > self._reception.limits.gaps:
                self._refuse(TOO_LARGE)

    def end(self, flag: Flag, now: float) -> int | Complete:
        """Its end-line is here: the status to answer it with, or the whole message."""
        ended = self._end(flag, now)
        if flag is not Flag.MORE:
            self._reception.forgive(self.request)
        return ended

    def _end(self, flag: Flag, now: float) -> int | Complete:
        message = self._message
        if self.refused:
            return self.refused
        if message is None or message.dropped:
            return OK if message is None else TIMEOUT
        message.in_chunk, message.touched = False, now
        if flag is not Flag.ABORTED and not self._ends_well(message, flag):
            self._refuse(BAD)
            return BAD
        if flag is Flag.ABORTED or message.total == 0:
            self._reception.drop(message)
        elif message.is_whole:
            return Complete(self._reception.finish(message))
        return OK

    def _ends_well(self, message: _Incomplete, flag: Flag) -> bool:
        """Whether what came is what the range and the flag have said."""
        end = self._range.start - 1 + self._size
        if self._range.end is not None and end != self._range.end:
            return False
        if flag is Flag.LAST:
            here = message.spans[-1][1] if message.spans else 0
            if message.total is None and here <= end:
                message.total = end
            return message.total == end
        return True

    def _refuse(self, status: int) -> None:
        self.refused = status
        self._reception.refuse(self.request, status, self._message)
        self._message = None


class _Refusal(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Reception:
    """What has come in one session and is not whole yet."""

    def __init__(self, spool: Spool, limits: ReceptionLimits) -> None:
        self.limits = limits
        self._spool = spool
        self._messages: dict[str, _Incomplete] = {}
        self._refused: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._messages)

    def begin(self, request: Request, now: float) -> Chunk:
        """A SEND has begun."""
        chunk = Chunk(self, request)
        chunk.begin(now)
        return chunk

    @property
    def deadline(self) -> float | None:
        """When the next message is to be dropped; none is while a chunk of it comes."""
        touched = min(
            (each.touched for each in self._messages.values() if not each.in_chunk),
            default=None,
        )
        return None if touched is None else touched + self.limits.timeout

    def expire(self, now: float) -> int:
        """Drop messages that get nothing more; tells how many."""
        old = [
            each
            for each in self._messages.values()
            if not each.in_chunk and each.touched + self.limits.timeout <= now
        ]
        for message in old:
            self.drop(message)
        return len(old)

    def close(self) -> None:
        """Drop everything."""
        for message in list(self._messages.values()):
            self.drop(message)
        self._refused.clear()

    # -- for chunks ---------------------------------------------------------------

    def message_of(
        self, request: Request, given: ByteRange, now: float
    ) -> _Incomplete | None:
        """The message of a chunk; None if it has no content (RFC 4975 7.1)."""
        message_id = request.message_id
        if message_id in self._refused:
            raise _Refusal(self._refused[message_id])
        message = self._messages.get(message_id)
        if message is None and (not request.has_body or given.total == 0):
            if given.end is not None and given.end >= given.start:
                raise _Refusal(BAD)
            return None
        self._check(given, message)
        if message is None:
            message = self._new(request, now)
        if given.total is not None:
            message.total = given.total
        return message

    def finish(self, message: _Incomplete) -> Received:
        """A message is whole; its body is its receiver's now."""
        del self._messages[message.message_id]
        message.body.finish()
        return Received(
            message_id=message.message_id,
            content_type=message.content_type,
            body=message.body,
            success_report=message.success_report,
            failure_report=message.failure_report,
        )

    def drop(self, message: _Incomplete) -> None:
        """A message will not become whole."""
        if self._messages.get(message.message_id) is message:
            del self._messages[message.message_id]
        message.dropped = True
        message.body.close()

    def refuse(
        self, request: Request, status: int, message: _Incomplete | None
    ) -> None:
        """Drop a message, and refuse what else comes of it."""
        message_id = request.message_id
        kept = message or self._messages.get(message_id)
        if kept is not None:
            self.drop(kept)
        self._refused[message_id] = status
        if len(self._refused) > _REFUSED:
            self._refused.popitem(last=False)

    def forgive(self, request: Request) -> None:
        """A message that was refused is at its end: nothing more will come of it."""
        for name, value in request.headers:
            if name == "message-id":
                self._refused.pop(value, None)

    def _check(self, given: ByteRange, message: _Incomplete | None) -> None:
        total = given.total
        if given.start < 1 or (given.end is not None and given.end < given.start - 1):
            raise _Refusal(BAD)
        if total is not None and _most(given.end, given.start - 1) > total:
            raise _Refusal(BAD)
        if _most(total, given.end, given.start - 1) > self.limits.max_size:
            raise _Refusal(TOO_LARGE)
        if message is None:
            return
        here = message.spans[-1][1] if message.spans else 0
        if total is not None and (
            (message.total is not None and message.total != total) or here > total
        ):
            raise _Refusal(BAD)

    def _new(self, request: Request, now: float) -> _Incomplete:
        if not request.content_type:
            raise _Refusal(BAD)
        if len(self._messages) >= self.limits.incomplete:
            raise _Refusal(TOO_LARGE)
        message = _Incomplete(request, self._spool, now)
        self._messages[message.message_id] = message
        return message


def _least(*values: int | None) -> float:
    return min((each for each in values if each is not None), default=float("inf"))


def _most(*values: int | None) -> int:
    return max((each for each in values if each is not None), default=0)
