"""From chunks to messages (RFC 4975 5.1, 7.3.1).

Nothing is trusted: a range that lies, a message that grows past its limit and one too
many are refused, and what is refused stays so until its sender ends it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.spool import Spool
from cpmgw.msrp.bounds import Count, Seconds
from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.frames import BAD, OK, TIMEOUT, TOO_LARGE, ByteRange, Flag, Request
from cpmgw.msrp.interfaces import Received
from cpmgw.msrp.spans import Spans

# How many messages that were refused are remembered.
_REFUSED: Final = 64
# What is kept of a message beside its octets and what its head has said.
_BESIDE: Final = 512
# What a session may have here: so many of its largest messages, and so many octets.
_MESSAGES: Final = 2
_OCTETS: Final = 1024 * 1024


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
    """A message is here whole; it takes so many octets until it is answered."""

    received: Received
    octets: int


class _Incomplete:
    """A message of which some octets are here."""

    def __init__(self, request: Request, spool: Spool, now: float) -> None:
        self.message_id = request.message_id
        self.content_type = request.content_type
        self.success_report = request.success_report
        self.failure_report = request.failure_report
        self.spans = Spans()
        self.total: int | None = None
        self.touched = now
        self.in_chunk = False
        self.dropped = False
        self.grew = False
        self.octets = (
            _BESIDE + len(self.content_type) + sum(map(len, request.from_path))
        )
        self.body = spool.body(self.octets)

    @property
    def is_whole(self) -> bool:
        return self.total is not None and self.spans.are(self.total)

    def put(self, offset: int, data: bytes) -> int:
        """Keep octets, the later ones where they come twice; tells how many are new."""
        fresh = self.spans.add(offset, offset + len(data))
        self.body.write(offset, data, fresh)
        self.octets += fresh
        self.grew = self.grew or fresh > 0
        return fresh


class Chunk:
    """One SEND on its way in; `refused` is the status it gets, 0 while it is well."""

    def __init__(self, reception: Reception, request: Request) -> None:
        self._reception = reception
        self._message: _Incomplete | None = None
        self._range = ByteRange()
        self._size = 0
        self._began = 0.0
        self.request = request
        self.refused = 0

    def begin(self, now: float) -> None:
        """Judge its head."""
        self._began = now
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
                message.in_chunk, message.grew = True, False

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
        elif not self._reception.has_room(end, len(data)):
            self._refuse(TOO_LARGE)
        else:
            try:
                self._reception.octets += message.put(offset, data)
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
        message.in_chunk = False
        if message.grew:
            message.touched = now
        if flag is not Flag.ABORTED and not self._ends_well(message, flag):
            self._refuse(BAD)
            return BAD
        if flag is Flag.ABORTED:
            self._reception.drop(message)
        elif message.is_whole:
            try:
                return Complete(self._reception.finish(message), message.octets)
            except NoRoom:
                return TOO_LARGE
        return OK

    def _ends_well(self, message: _Incomplete, flag: Flag) -> bool:
        """Whether what came is what the range and the flag have said."""
        end = self._range.start - 1 + self._size
        if self._range.end is not None and end != self._range.end:
            return False
        if flag is Flag.LAST:
            if message.total is None and message.spans.end <= end:
                message.total = end
            return message.total == end
        return True

    def _refuse(self, status: int) -> None:
        self.refused = status
        self._reception.refuse(self.request, status, self._message, self._began)
        self._message = None


class _Refusal(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Reception:
    """What has come in one session and is not whole yet.

    Its `octets` are those of its messages until they are answered, with what their
    heads take.
    """

    def __init__(self, spool: Spool, limits: ReceptionLimits) -> None:
        self.limits = limits
        self.octets = 0
        self._spool = spool
        self._messages: dict[str, _Incomplete] = {}
        self._refused: OrderedDict[str, tuple[int, float]] = OrderedDict()

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

    def expire(self, now: float) -> list[str]:
        """Drop messages that get nothing more; their Message-IDs."""
        old = [
            each
            for each in self._messages.values()
            if not each.in_chunk and each.touched + self.limits.timeout <= now
        ]
        for message in old:
            self.drop(message)
        return [each.message_id for each in old]

    def answered(self, octets: int) -> None:
        """A whole message of so many octets has been answered."""
        self.octets -= octets

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
        self._check_refused(message_id, given, now)
        message = self._messages.get(message_id)
        if message is None and _has_nothing(request, given):
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
        """A message is whole; its body is its receiver's now. NoRoom if it is not."""
        try:
            message.body.finish()
        except NoRoom:
            self.drop(message)
            raise
        del self._messages[message.message_id]
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
            self.octets -= message.octets
        message.dropped = True
        message.body.close()

    def refuse(
        self, request: Request, status: int, message: _Incomplete | None, now: float
    ) -> None:
        """Drop a message, and refuse what else comes of it."""
        message_id = request.message_id
        kept = message or self._messages.get(message_id)
        if kept is not None:
            self.drop(kept)
        self._refused[message_id] = status, now
        if len(self._refused) > _REFUSED:
            self._refused.popitem(last=False)

    def forgive(self, request: Request) -> None:
        """A message that was refused is at its end: nothing more will come of it."""
        for name, value in request.headers:
            if name == "message-id":
                self._refused.pop(value, None)

    def has_room(self, end: int, octets: int) -> bool:
        """Whether so many more octets may come, and a message end there."""
        largest = self.limits.max_size
        return end <= largest and (
            self.octets + octets <= _MESSAGES * largest + _OCTETS
        )

    def _check_refused(self, message_id: str, given: ByteRange, now: float) -> None:
        """A message that was refused stays so, unless it comes anew (RFC 4975 5.1)."""
        refused = self._refused.get(message_id)
        if refused is None:
            return
        status, when = refused
        if given.start > 1 and now < when + self.limits.timeout:
            raise _Refusal(status)
        del self._refused[message_id]

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
        if total is not None and (
            (message.total is not None and message.total != total)
            or message.spans.end > total
        ):
            raise _Refusal(BAD)

    def _new(self, request: Request, now: float) -> _Incomplete:
        if not request.content_type:
            raise _Refusal(BAD)
        if len(self._messages) >= self.limits.incomplete or not self.has_room(0, 0):
            raise _Refusal(TOO_LARGE)
        try:
            message = _Incomplete(request, self._spool, now)
        except NoRoom:
            raise _Refusal(TOO_LARGE) from None
        self._messages[message.message_id] = message
        self.octets += message.octets
        return message


def _has_nothing(request: Request, given: ByteRange) -> bool:
    """Whether a SEND has no octets of a message that is not here otherwise."""
    if not request.has_body:
        return True
    if given.total is None:
        return False
    if given.total == 0:
        return not request.content_type
    return given.start > given.total


def _least(*values: int | None) -> float:
    return min((each for each in values if each is not None), default=float("inf"))


def _most(*values: int | None) -> int:
    return max((each for each in values if each is not None), default=0)
