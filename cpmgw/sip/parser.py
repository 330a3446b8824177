"""Messages out of datagrams and streams (RFC 3261 7.5, 18.3, RFC 5626 3.5.1)."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.head import Head, Limits, parse_head
from cpmgw.sip.message import Request, Response

__all__ = [
    "Invalid",
    "KeepAlive",
    "Limits",
    "StreamParser",
    "is_keep_alive",
    "parse_datagram",
]

_END: Final = b"\r\n\r\n"


class KeepAlive(enum.Enum):
    """What CRLFs between messages mean on a connection (RFC 5626 3.5.1, 4.4.1).

    A PING (two) is answered with one CRLF; a PONG (one) is that answer. A lone CRLF
    counts at once, so a ping that arrives in two halves is a PONG and then a PING.
    """

    PING = b"\r\n\r\n"
    PONG = b"\r\n"


class Invalid(msgspec.Struct, frozen=True):
    """What came instead of a message on a stream.

    `error.answer` is to be sent if it is there. After a `fatal` one it is unknown
    where the next message begins: the connection has to be closed.
    """

    error: SipSyntaxError
    fatal: bool


Event = Request | Response | KeepAlive | Invalid


def is_keep_alive(data: bytes) -> bool:
    """Whether a datagram only keeps a binding open: nothing but CR, LF, NUL, space."""
    return not data.strip(b"\r\n\0 ")


def parse_datagram(data: bytes, limits: Limits) -> Request | Response:
    """Read the one message of a datagram (RFC 3261 18.3).

    Octets after the body are dropped; a body shorter than its Content-Length is a 400.
    """
    data = data.lstrip(b"\r\n")
    end = data.find(_END)
    complete = end >= 0
    if not complete:
        end = len(data)
    if end > limits.max_head:
        raise _too_large(data, limits)
    head = parse_head(data[:end], limits)
    if not complete:
        raise head.refused(head.fault or SipSyntaxError("Missing Empty Line"))
    body = data[end + 4 :]
    try:
        length = content_length(head)
        if length is not None and length > len(body):
            raise SipSyntaxError("Body Shorter Than Content-Length")
        body = body[:length]
        if len(body) > limits.max_body or end + 4 + len(body) > limits.max_message:
            raise SipSyntaxError("Message Too Large", status=513)
    except SipSyntaxError as error:
        raise head.refused(error) from None
    return head.message(body)


def _too_large(octets: bytes | bytearray, limits: Limits) -> SipSyntaxError:
    """The 513 to a head beyond the limit; what is within it tells where to send it."""
    lines = bytes(octets[: limits.max_head]).rpartition(b"\r\n")[0]
    try:
        head = parse_head(lines, limits)
    except SipSyntaxError as error:
        return error
    return head.refused(SipSyntaxError("Header Too Large", status=513))


def content_length(head: Head) -> int | None:
    """What Content-Length says (RFC 3261 20.14); None if it is not there."""
    lines = head.headers.raw("Content-Length")
    if not lines:
        return None
    if len(lines) > 1 and len(set(lines)) > 1:
        raise SipSyntaxError("Conflicting Content-Length Header Fields")
    return grammar.parse_number(lines[0], 2**32 - 1, "Content-Length")


class StreamParser:
    """Messages out of a connection's octets, each looked at once (RFC 3261 18.3).

    Add what arrives, and take one thing at a time out of it, or feed it and get all.
    After an Invalid that is fatal it takes nothing more.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._seen = 0
        self._head: Head | None = None
        self._needed = 0
        self._half_ping = False
        self._starved = True
        self._dead = False

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and its end has not come yet."""
        return self._head is not None or bool(self._buffer.strip(b"\r\n"))

    @property
    def has_more(self) -> bool:
        """Whether there are octets that `take` has not looked at."""
        return not self._starved and bool(self._buffer)

    def feed(self, data: bytes) -> list[Event]:
        """Take octets; give what they complete, in order."""
        self.add(data)
        events: list[Event] = []
        while not self._dead and self._step(events):
            pass
        return events

    def add(self, data: bytes) -> None:
        """Take octets, and do not look at them yet."""
        if not self._dead:
            self._buffer += data
            self._starved = False

    def take(self) -> Event | None:
        """The next thing that is complete, or None if there is none."""
        events: list[Event] = []
        while not self._dead and not events:
            if not self._step(events):
                self._starved = not events
                break
        return events[0] if events else None

    def _step(self, events: list[Event]) -> bool:
        """Take one thing off the buffer; False if it has to be waited for."""
        if self._head is not None:
            return self._finish(self._head, events)
        if self._buffer.startswith((b"\r", b"\n")):
            return self._keep_alive(events)
        return self._begin(events)

    def _keep_alive(self, events: list[Event]) -> bool:
        buffer = self._buffer
        if buffer[:2] != b"\r\n":
            if buffer == b"\r":
                return False
            self._fail(events, SipSyntaxError("Stray Line Break"))
            return False
        ping = self._half_ping or buffer[2:4] == b"\r\n"
        del buffer[: 2 if self._half_ping or not ping else 4]
        self._half_ping = not ping
        events.append(KeepAlive.PING if ping else KeepAlive.PONG)
        return bool(buffer)

    def _begin(self, events: list[Event]) -> bool:
        buffer, limits = self._buffer, self._limits
        if not buffer:
            return False
        self._half_ping = False
        end = buffer.find(_END, self._seen)
        if end < 0:
            self._seen = max(0, len(buffer) - 3)
            if len(buffer) > limits.max_head:
                self._fail(events, _too_large(buffer, limits))
            return False
        if end > limits.max_head:
            self._fail(events, _too_large(buffer, limits))
            return False
        self._seen = 0
        octets = bytes(buffer[:end])
        del buffer[: end + 4]
        try:
            self._head = head = parse_head(octets, limits)
        except SipSyntaxError as error:
            self._fail(events, error)
            return False
        try:
            self._needed = self._body_length(head, len(octets))
        except SipSyntaxError as error:
            self._fail(events, head.refused(head.fault or error))
            return False
        return True

    def _body_length(self, head: Head, taken: int) -> int:
        length = content_length(head)
        if length is None:
            raise SipSyntaxError("Missing Content-Length Header Field")
        limits = self._limits
        if length > limits.max_body or taken + 4 + length > limits.max_message:
            raise SipSyntaxError("Message Too Large", status=513)
        return length

    def _finish(self, head: Head, events: list[Event]) -> bool:
        if len(self._buffer) < self._needed:
            return False
        body = bytes(self._buffer[: self._needed])
        del self._buffer[: self._needed]
        self._head = None
        try:
            events.append(head.message(body))
        except SipSyntaxError as error:
            events.append(Invalid(error, fatal=False))
        return bool(self._buffer)

    def _fail(self, events: list[Event], error: SipSyntaxError) -> None:
        events.append(Invalid(error, fatal=True))
        self._dead = True
        self._buffer.clear()
