"""From a stream of octets to heads, pieces of bodies and end-lines (RFC 4975 7, 9).

A body is never kept: what has come of it is handed on, so that a chunk may be of any
size. Names of headers are given in lower case.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import msgspec

from cpmgw.msrp.bounds import Count, HeadSize
from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.frames import HYPHENS, IDENT, Flag, Headers, Request, Response
from cpmgw.msrp.uri import parse_uri

_PROTOCOL: Final = b"MSRP "
# req-start  = pMSRP SP transact-id SP method CRLF
# resp-start = pMSRP SP transact-id SP status-code [SP comment] CRLF
_START: Final = re.compile(
    rf"MSRP ({IDENT}) (?:([A-Z]{{1,32}})|([0-9]{{3}})(?: ([^\r\n]*+))?+)\r\n".encode()
)
_FLAGS: Final = {ord(flag.value): flag for flag in Flag}
# A flag and CRLF after the transaction identifier.
_REST: Final = 3
_BREAK: Final = b"\r\n"
# Octets that are no UTF-8, as the decoder passes them on.
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
# CRLF and an end-line: so much has to be here before a head is known to have ended.
LONGEST_END: Final = 44


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame may have before its body: octets, headers, URIs in a path."""

    max_head: HeadSize = 16_384
    max_headers: Count = 64
    max_path: Count = 16


class Broken(msgspec.Struct, frozen=True):
    """The stream cannot be followed any more."""

    reason: str


class Within(Enum):
    """Where in a frame a stream is."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


Event = Request | Response | bytes | Flag | Broken
"""A head, then perhaps pieces of a body, then the flag of the end-line."""


class FrameParser:
    """Reads one stream; `add` octets, `take` events until there is None."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = b""
        self._at = 0
        self._end = b""  # CRLF and the end-line's beginning, while in a body
        self._skip = 0
        self._flag: Flag | None = None
        self._broken = False

    @property
    def within(self) -> Within:
        """Where it is, once everything has been taken."""
        if self._end:
            return Within.BODY
        return Within.HEAD if self._at < len(self._buffer) else Within.NOTHING

    def add(self, data: bytes) -> None:
        """Octets have arrived; once the stream is broken they are dropped."""
        if self._broken:
            return
        if self._at < len(self._buffer):
            data = self._buffer[self._at :] + data
        self._buffer, self._at = data, 0

    def take(self) -> Event | None:
        """What comes next, None if more octets are needed."""
        if self._broken:
            return None
        if self._flag is not None:
            flag, self._flag = self._flag, None
            return flag
        try:
            return self._body() if self._end else self._head()
        except MsrpSyntaxError as error:
            self.drop()
            return Broken(str(error))

    def drop(self) -> None:
        """Read no more of it; what is here of it is let go."""
        self._broken = True
        self._buffer, self._at = b"", 0

    # -- the head -----------------------------------------------------------------

    def _head(self) -> Event | None:
        buffer, at = self._buffer, self._at
        if not buffer.startswith(_PROTOCOL[: len(buffer) - at], at):
            raise MsrpSyntaxError("Not MSRP")
        match = _START.match(buffer, at, at + self._limits.max_head)
        if match is None:
            if buffer.find(_BREAK, at) >= 0:
                raise MsrpSyntaxError("Malformed Start-Line")
            return self._more(at)
        own = _BREAK + HYPHENS + match[1]
        first = match.end() - len(_BREAK)
        end = buffer.find(own, first)
        most = at + self._limits.max_head if end < 0 else end
        blank = buffer.find(_BREAK * 2, first, most + 2 * len(_BREAK))
        if blank >= 0 and (end < 0 or blank < end):
            self._at, self._end, self._skip = blank + len(_BREAK), own, len(_BREAK)
            return self._read(match, blank, has_body=True)
        if end < 0:
            return self._more(at)
        after = end + len(own)
        if len(buffer) < after + _REST:
            return self._more(at)
        self._flag = _flag_at(buffer, after)
        if self._flag is None:
            raise MsrpSyntaxError("Malformed End-Line")
        self._at = after + _REST
        return self._read(match, end, has_body=False)

    def _more(self, at: int) -> Event | None:
        """Wait for octets, unless there are too many already."""
        if len(self._buffer) - at > self._limits.max_head + LONGEST_END:
            raise MsrpSyntaxError("Head Too Large")
        return None

    def _read(
        self, match: re.Match[bytes], end: int, *, has_body: bool
    ) -> Request | Response:
        if end - match.start() > self._limits.max_head:
            raise MsrpSyntaxError("Head Too Large")
        octets = match.string[match.end() : max(end, match.end())]
        text = octets.decode(errors="surrogateescape")
        to_path, from_path, headers, fault = self._headers(text)
        if not text.isascii() and _ESCAPED.search(text):
            fault = "Malformed UTF-8"
        transaction, method, status, comment = match.groups()
        if method is not None:
            return Request(
                transaction=transaction.decode(),
                method=method.decode(),
                to_path=to_path,
                from_path=from_path,
                headers=headers,
                has_body=has_body,
                fault=fault,
            )
        return Response(
            transaction=transaction.decode(),
            status=int(status),
            text=(comment or b"").decode(errors="replace"),
            to_path=to_path,
            from_path=from_path,
            headers=headers,
        )

    def _headers(
        self, text: str
    ) -> tuple[tuple[str, ...], tuple[str, ...], Headers, str]:
        """To-Path, From-Path, the others, and what is wrong with any of them."""
        lines = text.split("\r\n") if text else []
        paths: dict[str, tuple[str, ...]] = {}
        headers = []
        fault = "" if len(lines) <= self._limits.max_headers else "Too Many Headers"
        for line in lines:
            name, colon, value = line.partition(":")
            name, value = name.lower(), value.strip(" \t")
            if name not in ("to-path", "from-path"):
                headers.append((name, value))
                if not colon or not name or " " in name:
                    fault = "Malformed Header"
            elif name in paths:
                fault = "Repeated Path"
            else:
                paths[name], wrong = self._path(value)
                fault = wrong or fault
        to_path, from_path = paths.get("to-path", ()), paths.get("from-path", ())
        if not (to_path and from_path):
            fault = fault or "No Path"
        return to_path, from_path, tuple(headers), fault

    def _path(self, value: str) -> tuple[tuple[str, ...], str]:
        """The URIs of a path, or the first alone and what is wrong with the path."""
        uris = tuple(value.split(" "))
        known = 0
        try:
            for uri in uris[: self._limits.max_path]:
                if not uri.isascii():
                    raise MsrpSyntaxError("Malformed MSRP URI")
                parse_uri(uri)
                known += 1
            if len(uris) > self._limits.max_path:
                raise MsrpSyntaxError("Path Too Long")
        except MsrpSyntaxError as error:
            return (uris[:1] if known else ()), str(error)
        return uris, ""

    # -- the body -----------------------------------------------------------------

    def _body(self) -> Event | None:
        """The next piece; the CRLF of the blank line may be that of the end-line."""
        buffer, begin = self._buffer, self._at + self._skip
        found = buffer.find(self._end, self._at)
        while found >= 0:
            after = found + len(self._end)
            if len(buffer) < after + _REST:
                return self._piece(begin, found)
            flag = _flag_at(buffer, after)
            if flag is not None:
                piece = buffer[begin:found]
                self._at, self._end = after + _REST, b""
                if not piece:
                    return flag
                self._flag = flag
                return piece
            found = buffer.find(self._end, found + 1)
        return self._piece(begin, len(buffer) - len(self._end) - _REST)

    def _piece(self, begin: int, until: int) -> bytes | None:
        """Hand on what is certainly of the body."""
        if until <= begin:
            return None
        self._at, self._skip = until, 0
        return self._buffer[begin:until]


def _flag_at(buffer: bytes, at: int) -> Flag | None:
    """The flag of an end-line, None if it is none."""
    if buffer[at + 1 : at + _REST] != _BREAK:
        return None
    return _FLAGS.get(buffer[at])
