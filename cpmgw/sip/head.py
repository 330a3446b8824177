"""The start line and header fields of one message, from its octets (RFC 3261 7)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.sip import grammar, sanity
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers, Index
from cpmgw.sip.message import Message, Request, Response
from cpmgw.sip.names import KEYS, key_of
from cpmgw.sip.uri import Uri, parse_uri

_VERSION: Final = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_BREAK: Final = re.compile(r"[\r\n]")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How large a message may be; sizes in octets, a header line's in characters."""

    max_message: int = 262_144
    max_head: int = 65_536
    max_body: int = 196_608
    max_headers: int = 256
    max_header_line: int = 16_384
    max_vias: int = 70


class RequestLine(msgspec.Struct, frozen=True):
    """Method and Request-URI (RFC 3261 7.1)."""

    method: str
    uri: Uri


class StatusLine(msgspec.Struct, frozen=True):
    """Status code and reason phrase (RFC 3261 7.2)."""

    status: int
    reason: str


class Head(msgspec.Struct, frozen=True):
    """All of a message but its body.

    `start` is None when its line is malformed; `method` is that of a request, as far
    as it could be read. `fault` is what makes the message invalid although it is known
    where it ends.
    """

    start: RequestLine | StatusLine | None
    method: str | None
    headers: Headers
    fault: SipSyntaxError | None = None

    def message(self, body: bytes) -> Message:
        """The message with this body, checked; SipSyntaxError carries the answer."""
        start = self.start
        if self.fault is not None or start is None:
            raise self.refused(self.fault or SipSyntaxError("Malformed Start-Line"))
        if isinstance(start, RequestLine):
            message: Message = Request(start.method, start.uri, self.headers, body)
        else:
            message = Response(start.status, start.reason, self.headers, body)
        try:
            sanity.check(message)
        except SipSyntaxError as error:
            raise self.refused(error) from None
        return message

    def refused(self, error: SipSyntaxError) -> SipSyntaxError:
        """The error, with the answer to this message."""
        if self.method is None:
            return error
        reply = sanity.answer(self.method, self.headers, error.status, error.reason)
        return SipSyntaxError(error.reason, status=error.status, answer=reply)


def parse_head(octets: bytes, limits: Limits) -> Head:
    """Read everything before the empty line.

    A fault that leaves the message's end in doubt is raised as SipSyntaxError, with
    the answer; any other one stands in the Head.
    """
    lines = _unfold(octets.decode("utf-8", "surrogateescape"))
    first = lines.pop(0)
    excess = len(lines) > limits.max_headers
    if excess:
        del lines[limits.max_headers :]
    headers, fault = _parse_fields(lines)
    method = _method_of(first)
    lengths = [len(line) for line in lines]
    if excess or (lengths and max(lengths) > limits.max_header_line):
        error = SipSyntaxError("Too Many or Too Long Header Fields", status=513)
        raise Head(None, method, headers).refused(error)
    breaks = octets.count(b"\r\n")
    if octets.count(b"\n") != breaks or octets.count(b"\r") != breaks:
        error = SipSyntaxError("Line Break in Header Field")
        sound = [field for field in headers if not _BREAK.search(field[1])]
        raise Head(None, method, Headers(sound)).refused(error)
    return _checked(first, method, headers, fault, limits)


def _checked(
    first: str,
    method: str | None,
    headers: Headers,
    fault: SipSyntaxError | None,
    limits: Limits,
) -> Head:
    try:
        start = parse_start_line(first)
        vias = sum([line.count(",") + 1 for line in headers.raw("Via")])
        if vias > limits.max_vias:
            raise SipSyntaxError("Too Many Via Header Fields")
    except SipSyntaxError as error:
        return Head(None, method, headers, error)
    return Head(start, method, headers, fault)


def _unfold(text: str) -> list[str]:
    """Lines, those that go on joined by one space (RFC 3261 7.3.1)."""
    lines = text.split("\r\n")
    if "\r\n " not in text and "\r\n\t" not in text:
        return lines
    unfolded: list[list[str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and len(unfolded) > 1:
            unfolded[-1].append(line.strip(grammar.LWS))
        else:
            unfolded.append([line])
    return [
        parts[0] if len(parts) == 1 else " ".join([parts[0].rstrip(" \t"), *parts[1:]])
        for parts in unfolded
    ]


def _parse_fields(lines: list[str]) -> tuple[Headers, SipSyntaxError | None]:
    """The header fields that can be read, and the fault of those that cannot."""
    fault: SipSyntaxError | None = None
    fields: list[tuple[str, str]] = []
    index: Index = {}
    known = KEYS.get
    for line in lines:
        name, colon, value = line.partition(":")
        key = known(name)
        if key is None or not colon:
            name = name.rstrip(grammar.LWS)
            if not colon or not grammar.is_token(name):
                fault = SipSyntaxError("Malformed Header Field")
                continue
            key = key_of(name)
        value = value.strip(grammar.LWS)
        fields.append((name, value))
        if key in index:
            index[key].append(value)
        else:
            index[key] = [value]
    return Headers.indexed(tuple(fields), index), fault


def parse_start_line(line: str) -> RequestLine | StatusLine:
    """Read a request line or a status line; single spaces between (RFC 3261 7.1)."""
    if line[:4].upper() == "SIP/":
        return _parse_status_line(line)
    parts = line.split(" ")
    if len(parts) != 3 or not grammar.is_token(parts[0]):
        raise SipSyntaxError("Malformed Request-Line")
    method, uri, version = parts
    if version != "SIP/2.0":
        _check_version(version)
    try:
        return RequestLine(method, parse_uri(uri))
    except SipSyntaxError as error:
        raise SipSyntaxError(f"{error.reason} in Request-URI") from None


def _parse_status_line(line: str) -> StatusLine:
    version, _, rest = line.partition(" ")
    _check_version(version)
    code, _, reason = rest.partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise SipSyntaxError("Malformed Status-Line")
    status = int(code)
    if not 100 <= status <= 699:
        raise SipSyntaxError("Status Code Out of Range")
    return StatusLine(status, reason)


def _check_version(text: str) -> None:
    """SIP/2.0 in any case (RFC 3261 7.1); another version is a 505 (21.5.6)."""
    if text.upper() == "SIP/2.0":
        return
    if _VERSION.fullmatch(text):
        raise SipSyntaxError("Version Not Supported", status=505)
    raise SipSyntaxError("Malformed SIP-Version")


def _method_of(line: str) -> str | None:
    """The method of a request line, however broken its rest; None of a response."""
    if line[:4].upper() == "SIP/":
        return None
    method = line.partition(" ")[0]
    return method if grammar.is_token(method) else None
