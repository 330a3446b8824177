"""message/cpim: the wrapper of CPM messages and notifications (RFC 3862).

Reading forgives what real handsets write; writing is to the letter of the RFC.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.cpm.cpim_text import escaped, unescaped
from cpmgw.cpm.errors import CpimError

MEDIA_TYPE: Final = "message/cpim"
IMDN_NAMESPACE: Final = "urn:ietf:params:imdn"

# The order of writing; everything else follows, NS standing before what it names.
_RANK: Final = {
    "from": 0,
    "to": 1,
    "cc": 2,
    "datetime": 3,
    "subject": 4,
    "ns": 5,
    "require": 6,
}
_OTHERS: Final = 7

# Octets of empty lines forgiven before the first header.
_MAX_EMPTY: Final = 64

# RFC 3862 3.6: NAMECHAR, a prefix, and parameters.
_NAMECHAR: Final = r"[A-Za-z0-9!#$%&'*+\-^_`|~]"
_NAME: Final = re.compile(rf"{_NAMECHAR}+(\.{_NAMECHAR}+)?(;{_NAMECHAR}+=[^\s;]+)*")
_FIELD_NAME: Final = re.compile(r"[!-9;-~]+")
_BARE_NS: Final = re.compile(r"\s+")


class CpimLimits(msgspec.Struct, frozen=True, gc=False):
    """How much of a peer's message/cpim is read."""

    max_size: int = 1_048_576
    max_headers: int = 64
    max_line: int = 4_096


DEFAULT_LIMITS: Final = CpimLimits()


class CpimMessage(msgspec.Struct, frozen=True):
    """One message/cpim: message headers, headers of the content, and the content.

    Values are in wire form. A header's parameters stay with its name, as in
    ("Subject;lang=fr", "Objet").
    """

    headers: tuple[tuple[str, str], ...]
    content_headers: tuple[tuple[str, str], ...]
    content: bytes

    def get(self, name: str) -> str | None:
        """Give the first message header of that name, None if there is none."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Give every message header of that name, prefix included, in order."""
        wanted = name.lower()
        return [
            value
            for key, value in self.headers
            if key.partition(";")[0].lower() == wanted
        ]

    def content_header(self, name: str) -> str:
        """Give a header of the content, "" if it is not there."""
        wanted = name.lower()
        for key, value in self.content_headers:
            if key.lower() == wanted:
                return value
        return ""

    @property
    def content_type(self) -> str:
        """The Content-Type with its parameters; text/plain unless told (RFC 2045)."""
        return self.content_header("Content-Type") or "text/plain"

    @property
    def subject(self) -> str:
        """The Subject as a person reads it (RFC 3862 4.5), "" if there is none."""
        return unescaped(self.get("Subject") or "")

    def imdn(self, name: str) -> str | None:
        """Give an IMDN header (RFC 5438 6) whatever prefix its namespace has."""
        return next(iter(self.imdn_headers().get(name.lower(), ())), None)

    def imdn_headers(self) -> dict[str, list[str]]:
        """Give all IMDN headers by lower-case local name (RFC 5438 6, RFC 3862 3.4).

        The prefix "imdn" is taken for granted unless it is bound to another namespace.
        """
        prefixes = self._prefixes(IMDN_NAMESPACE, "imdn")
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            prefix, dot, local = name.partition(".")
            if not dot:
                prefix, local = "", name
            if prefix.lower() in prefixes:
                found.setdefault(local.partition(";")[0].lower(), []).append(value)
        return found

    def _prefixes(self, namespace: str, customary: str) -> set[str]:
        """Find the prefixes (lower case) that stand for a namespace."""
        prefixes = set()
        elsewhere = False
        for name, value in self.headers:
            if len(name) != 2 or name.lower() != "ns":
                continue
            prefix, uri = _binding(value)
            if uri == namespace:
                prefixes.add(prefix)
            elif prefix == customary:
                elsewhere = True
        if not elsewhere:
            prefixes.add(customary)
        return prefixes

    def not_understood(self) -> tuple[str, ...]:
        """Give the headers that Require names and that are not known here (4.8).

        Known are the core headers and all of the IMDN namespace.
        """
        names = [
            name.strip()
            for value in self.all("Require")
            for name in value.split(",")
            if name.strip()
        ]
        if not names:
            return ()
        prefixes = self._prefixes(IMDN_NAMESPACE, "imdn")
        return tuple(
            name
            for name in names
            if name.lower() not in _RANK
            and name.partition(".")[0].lower() not in prefixes
        )

    def encode(self) -> bytes:
        """Write it strictly (RFC 3862 2, 3); CpimError if a name cannot be written."""
        lines = []
        for name, value in _in_order(self.headers):
            if not _NAME.fullmatch(name):
                raise CpimError(f"no CPIM header name: {name[:40]!r}")
            bare, semicolon, parameters = name.partition(";")
            lines.append(f"{bare}:{semicolon}{parameters} {escaped(value)}\r\n")
        lines.append("\r\n")
        if self.content_headers and not _has_content_header(self.content_headers):
            raise CpimError("content headers without any Content-*")
        for name, value in self.content_headers:
            if not _FIELD_NAME.fullmatch(name):
                raise CpimError(f"no MIME header name: {name[:40]!r}")
            lines.append(f"{name}: {escaped(value)}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("utf-8", "replace") + self.content


def _in_order(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Bring headers into the order of writing.

    When a prefix is bound twice the order has a meaning, and stays.
    """
    prefixes = [_binding(v)[0] for name, v in headers if name.lower() == "ns"]
    if len(set(prefixes)) != len(prefixes):
        return list(headers)
    return sorted(
        headers, key=lambda h: _RANK.get(h[0].partition(";")[0].lower(), _OTHERS)
    )


def _binding(value: str) -> tuple[str, str]:
    """Read `prefix <uri>`: the prefix in lower case ("" the default), the URI.

    Handsets leave out the blank or the brackets.
    """
    prefix, bracket, rest = value.partition("<")
    if not bracket:
        prefix, _, rest = _BARE_NS.sub(" ", value.strip()).rpartition(" ")
    return prefix.strip().lower(), rest.partition(">")[0].strip().lower()


def parse_cpim(data: bytes, limits: CpimLimits = DEFAULT_LIMITS) -> CpimMessage:
    """Read a message/cpim body; CpimError (400) says what is wrong with it.

    Forgiven: LF for CRLF, empty lines before the first header, the outer Content-Type
    repeated inside, no blank after a colon, folded lines, content headers that follow
    the message headers without an empty line, and their being left out altogether.
    """
    if len(data) > limits.max_size:
        raise CpimError(f"message/cpim of {len(data)} octets")
    position = _past_empty_lines(data, 0)
    lines, position = _block(data, position, limits)
    headers = _without_wrapper(_message_headers(lines))
    if lines and not headers:
        lines, position = _block(data, _past_empty_lines(data, position), limits)
        headers = _without_wrapper(_message_headers(lines))
    if not headers:
        raise CpimError("message/cpim without headers")
    inline = [h for h in headers if h[0][:8].lower() == "content-"]
    if inline:
        rest = tuple(h for h in headers if h[0][:8].lower() != "content-")
        return CpimMessage(rest, tuple(inline), data[position:])
    if not any(name.partition(";")[0].lower() in _RANK for name, _ in headers):
        raise CpimError("message/cpim without any header of RFC 3862")
    content_headers, position = _content_headers(data, position, limits)
    return CpimMessage(tuple(headers), content_headers, data[position:])


def _past_empty_lines(data: bytes, position: int) -> int:
    """Give the position of the first octet that ends no line."""
    head = data[position : position + _MAX_EMPTY]
    return position + len(head) - len(head.lstrip(b"\r\n"))


def _block(data: bytes, position: int, limits: CpimLimits) -> tuple[list[str], int]:
    """Read lines up to an empty one; give them unfolded, and where the rest begins."""
    lines: list[str] = []
    size = len(data)
    while position < size:
        end = data.find(b"\n", position)
        if end < 0:
            end = size
        if end - position > limits.max_line:
            raise CpimError(f"header line of more than {limits.max_line} octets")
        line = data[position:end].decode("utf-8", "replace").removesuffix("\r")
        position = end + 1
        if not line:
            break
        if line[0] in " \t" and lines:
            lines[-1] = _unfolded(lines[-1], line, limits)
            continue
        if len(lines) == limits.max_headers:
            raise CpimError(f"more than {limits.max_headers} headers")
        lines.append(line)
    return lines, min(position, size)


def _unfolded(line: str, more: str, limits: CpimLimits) -> str:
    """Put a continuation behind its line, within the limit of a line."""
    if len(line) + len(more) > limits.max_line:
        raise CpimError(f"header line of more than {limits.max_line} octets")
    return f"{line} {more.strip()}"


def _message_headers(lines: list[str]) -> list[tuple[str, str]]:
    """Split `Name:;parameter=x value`; the parameters go with the name (3.6)."""
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or not name or " " in name:
            raise CpimError("line that is no CPIM header")
        if value[:1] == ";":
            parameters, _, value = value.partition(" ")
            name += parameters
        headers.append((name, value.strip()))
    return headers


def _without_wrapper(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop a `Content-Type: message/cpim` that belongs outside, repeated inside."""
    for name, value in headers:
        if name.lower() == "content-type" and value.lower().startswith(MEDIA_TYPE):
            return [h for h in headers if h[0][:8].lower() != "content-"]
    return headers


def _has_content_header(headers: tuple[tuple[str, str], ...]) -> bool:
    """Whether these are a MIME entity's headers rather than text with colons."""
    return any(
        name[:8].lower() == "content-" or name.lower() == "mime-version"
        for name, _ in headers
    )


def _content_headers(
    data: bytes, position: int, limits: CpimLimits
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Read the content's headers; none if what follows is the content itself."""
    try:
        lines, after = _block(data, position, limits)
    except CpimError:
        # A long line or many lines: content, if it does not begin as headers do.
        if data[position : position + 8].lower() in (b"content-", b"mime-ver"):
            raise
        return (), position
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name.rstrip()):
            return (), position
        fields.append((name.rstrip(), value.strip()))
    headers = tuple(fields)
    if headers and not _has_content_header(headers):
        return (), position
    return headers, after
