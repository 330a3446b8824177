"""Requests and responses as values, with typed views that are read once (RFC 3261 7).

Building a message is cheap: a header is looked into when somebody asks for it. A view
of a header that is missing or malformed raises SipSyntaxError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar, overload

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipEncodeError, SipSyntaxError
from cpmgw.sip.fields import (
    CSeq,
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_via,
)
from cpmgw.sip.headers import Headers
from cpmgw.sip.names import key_of
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import Uri

MAX_FORWARDS_LIMIT: Final = 255

# Methods whose request makes a dialog (RFC 3261 12.1, RFC 6665 4.1).
_DIALOG_MAKERS: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})

M = TypeVar("M", bound="Request | Response")
V = TypeVar("V")


class View(Generic[V]):
    """A typed reading of the headers, made at its first use and then kept.

    functools.cached_property takes a lock at each first use, which costs as much as
    most of these readings.
    """

    def __init__(self, read: Callable[[Headers], V]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, message: None, owner: type) -> View[V]: ...

    @overload
    def __get__(self, message: Request | Response, owner: type) -> V: ...

    def __get__(self, message: Request | Response | None, owner: type) -> View[V] | V:
        if message is None:
            return self
        value = message.__dict__[self._name] = self._read(message.headers)
        return value


def _only(headers: Headers, name: str) -> str:
    """The value of a header that must be there."""
    lines = headers.raw(name)
    if not lines:
        raise SipSyntaxError(f"Missing {name} Header Field")
    return lines[0]


def _vias(headers: Headers) -> tuple[Via, ...]:
    """Every Via, the topmost first (RFC 3261 20.42)."""
    return tuple([parse_via(value) for value in headers.all("Via")])


def _via(headers: Headers) -> Via:
    """The topmost Via; the others are not read."""
    first = headers.get("Via")
    if first is None:
        raise SipSyntaxError("Missing Via Header Field")
    try:
        return parse_via(first)
    except SipSyntaxError as error:
        raise _in_header("Via", error) from None


def _address(name: str) -> Callable[[Headers], NameAddr]:
    def read(headers: Headers) -> NameAddr:
        try:
            return parse_name_addr(_only(headers, name))
        except SipSyntaxError as error:
            raise _in_header(name, error) from None

    return read


def _in_header(name: str, error: SipSyntaxError) -> SipSyntaxError:
    """The same fault, with the header named in the reason phrase."""
    if name in error.reason:
        return error
    return SipSyntaxError(f"{error.reason} in {name}", status=error.status)


def _call_id(headers: Headers) -> str:
    """The Call-ID (RFC 3261 20.8): word [ "@" word ], which has no LWS."""
    value = _only(headers, "Call-ID")
    if not value.isascii() or not value.isprintable() or not value or " " in value:
        raise SipSyntaxError("Malformed Call-ID")
    return value


def _cseq(headers: Headers) -> CSeq:
    """The CSeq (RFC 3261 20.16)."""
    return parse_cseq(_only(headers, "CSeq"))


def _max_forwards(headers: Headers) -> int | None:
    """The hops left, 0 to 255 (RFC 3261 20.22); None where RFC 2543 named none."""
    value = headers.get("Max-Forwards")
    if value is None:
        return None
    return grammar.parse_number(value, MAX_FORWARDS_LIMIT, "Max-Forwards")


def _content_type(headers: Headers) -> str | None:
    """The media type in lower case, without its parameters (RFC 3261 20.15)."""
    value = headers.get("Content-Type")
    if value is None:
        return None
    media = value.partition(";")[0].strip(grammar.LWS).lower()
    if "/" in media and (" " in media or "\t" in media):
        return "".join(media.split())
    return media


class Request(msgspec.Struct, frozen=True, dict=True):
    """A SIP request (RFC 3261 7.1)."""

    method: str
    uri: Uri
    headers: Headers
    body: bytes = b""

    vias = View(_vias)
    via = View(_via)
    from_ = View(_address("From"))
    to = View(_address("To"))
    call_id = View(_call_id)
    cseq = View(_cseq)
    max_forwards = View(_max_forwards)
    content_type = View(_content_type)

    def __repr__(self) -> str:
        return f"<Request {self.method}, {len(self.body)} octets>"

    def encode(self) -> bytes:
        """The octets of the message, Content-Length included."""
        start = f"{self.method} {self.uri} SIP/2.0\r\n"
        return _encode(start, self.headers, self.body)

    def replace(
        self,
        *,
        uri: Uri | None = None,
        headers: Headers | None = None,
        body: bytes | None = None,
    ) -> Request:
        """A copy with some parts changed."""
        return Request(
            self.method,
            self.uri if uri is None else uri,
            self.headers if headers is None else headers,
            self.body if body is None else body,
        )


class Response(msgspec.Struct, frozen=True, dict=True):
    """A SIP response (RFC 3261 7.2)."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    vias = View(_vias)
    via = View(_via)
    from_ = View(_address("From"))
    to = View(_address("To"))
    call_id = View(_call_id)
    cseq = View(_cseq)
    max_forwards = View(_max_forwards)
    content_type = View(_content_type)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason!r}, {len(self.body)} octets>"

    @property
    def is_final(self) -> bool:
        """Whether this ends a transaction (RFC 3261 7.2)."""
        return self.status >= 200

    def encode(self) -> bytes:
        """The octets of the message, Content-Length included."""
        start = f"SIP/2.0 {self.status} {self.reason}\r\n"
        return _encode(start, self.headers, self.body)

    def replace(
        self, *, headers: Headers | None = None, body: bytes | None = None
    ) -> Response:
        """A copy with some parts changed, of the same class."""
        return self.__class__(
            self.status,
            self.reason,
            self.headers if headers is None else headers,
            self.body if body is None else body,
        )


class Relayed(Response, frozen=True, dict=True):
    """A response of another server, on its way back through a proxy (RFC 3261 16.7).

    It leaves as it is: no tag, no Server, nothing that a server of our own adds.
    """


Message = Request | Response


def _encode(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [
        f"{name}: {value}\r\n"
        for name, value in headers
        if name[0] not in "CcLl" or key_of(name) != "content-length"
    ]
    text = f"{start}{''.join(lines)}Content-Length: {len(body)}\r\n\r\n"
    # A value that came from elsewhere must not end its line: it would begin a header,
    # or another message, of its own.
    if text.count("\n") != len(lines) + 3 or text.count("\r") != len(lines) + 3:
        raise SipEncodeError("line break inside a header field")
    try:
        head = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise SipEncodeError("half a character inside a header field") from None
    return head + body if body else head


def respond(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    to_tag: str | None = None,
) -> Response:
    """The response of a UAS: Via, From, To, Call-ID, CSeq copied (RFC 3261 8.2.6).

    `to_tag` goes into the To unless it has a tag already. A 100 keeps the Timestamp
    (8.2.6.1), an answer that makes a dialog keeps the Record-Route (12.1.1).
    """
    source = request.headers
    to = _only(source, "To")
    if to_tag is not None and request.to.tag is None:
        to = f"{to};tag={to_tag}"
    fields = [("Via", value) for value in source.raw("Via")]
    if 100 < status < 300 and request.method in _DIALOG_MAKERS:
        fields += [("Record-Route", value) for value in source.raw("Record-Route")]
    fields += (
        ("From", _only(source, "From")),
        ("To", to),
        ("Call-ID", _only(source, "Call-ID")),
        ("CSeq", _only(source, "CSeq")),
    )
    if status == 100:
        fields += [("Timestamp", value) for value in source.raw("Timestamp")]
    fields += headers
    phrase = reason_for(status) if reason is None else reason
    return Response(status, phrase, Headers(fields), body)


def originate(
    method: str,
    uri: Uri,
    *,
    from_: NameAddr,
    to: NameAddr,
    call_id: str,
    cseq: int = 1,
    max_forwards: int = 70,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Request:
    """A request outside a dialog (RFC 3261 8.1.1); the endpoint adds the Via."""
    fields = [
        ("Max-Forwards", str(max_forwards)),
        ("From", str(from_)),
        ("To", str(to)),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} {method}"),
        *headers,
    ]
    return Request(method, uri, Headers(fields), body)
