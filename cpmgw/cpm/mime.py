"""MIME entities inside CPM messages: media types, parts, transfer encodings.

RFC 2045, 2046 and 2183; read here rather than by `email`, which has no limits.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from cpmgw.cpm.errors import MimeError

Headers = tuple[tuple[str, str], ...]

NO_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType({})


class MimeLimits(msgspec.Struct, frozen=True, gc=False):
    """How much of a peer's MIME structure is read."""

    max_size: int = 1_048_576
    max_depth: int = 6
    max_parts: int = 64
    max_headers: int = 32
    max_header_block: int = 8_192


DEFAULT_LIMITS: Final = MimeLimits()

# Characters of a Content-Type all of whose parameters are read, and of one of which
# only those are that say how a content is put together.
_MOST_READ: Final = 512
_MOST_SEARCHED: Final = 8_192
_STRUCTURE: Final[tuple[str, ...]] = ("boundary", "charset", "start", "type")
_MOST_OF_ONE: Final = 200
# attribute "*" section, of a value that is not encoded (RFC 2231 3).
_SECTION: Final = re.compile(r"([^*]+)\*([0-9]{1,2})")


class MediaType(msgspec.Struct, frozen=True):
    """A Content-Type or Content-Disposition value: lower-case name and parameters."""

    name: str
    parameters: Mapping[str, str] = NO_PARAMETERS

    @property
    def main(self) -> str:
        """The type before the slash."""
        return self.name.partition("/")[0]

    def parameter(self, name: str) -> str:
        """Give a parameter's value, "" when it is not there."""
        return self.parameters.get(name, "")


class Span(NamedTuple):
    """One body part among the octets of its multipart: its body is `[start:end]`.

    It is `cut` where the octets end before a delimiter comes.
    """

    headers: Headers
    start: int
    end: int
    cut: bool = False


class Part(msgspec.Struct, frozen=True):
    """One body part: header fields in order (names as written), and its octets."""

    headers: Headers
    body: bytes

    def get(self, name: str) -> str:
        """Give the first value of a header field, "" when it is not there."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return ""

    @property
    def media_type(self) -> MediaType:
        """Its Content-Type, text/plain if it has none (RFC 2045 5.2)."""
        return parse_media_type(self.get("Content-Type") or "text/plain")

    @property
    def disposition(self) -> str:
        """Its disposition type in lower case, "" if it has none (RFC 2183)."""
        value = self.get("Content-Disposition")
        return parse_media_type(value).name if value else ""

    def decoded(self) -> bytes:
        """Give the body without its Content-Transfer-Encoding (RFC 2045 6)."""
        return transfer_decoded(self.body, self.get("Content-Transfer-Encoding"))


def parse_media_type(value: str) -> MediaType:
    """Read `type/subtype;name=value;...`; never fails, an odd value has an odd name.

    Parameter names come in lower case; of a repeated one the first counts. One in
    sections is put together (RFC 2231 3). Of a long value only the type is read, and
    what tells its parts apart.
    """
    if len(value) <= _MOST_READ:
        return _parse_media_type(value)
    if len(value) <= _MOST_SEARCHED:
        return _parse_long(value)
    return MediaType(value.partition(";")[0].strip().lower()[:128])


@lru_cache(maxsize=64)
def _parse_long(value: str) -> MediaType:
    name, parameters = _read_media_type(value)
    kept = {
        each: parameters[each]
        for each in _STRUCTURE
        if each in parameters and len(parameters[each]) <= _MOST_OF_ONE
    }
    return MediaType(name[:128], MappingProxyType(kept))


@lru_cache(maxsize=512)
def _parse_media_type(value: str) -> MediaType:
    name, parameters = _read_media_type(value)
    return MediaType(
        name, MappingProxyType(parameters) if parameters else NO_PARAMETERS
    )


def _read_media_type(value: str) -> tuple[str, dict[str, str]]:
    head, semicolon, rest = value.partition(";")
    name = head.partition("(")[0].strip().lower()
    parameters: dict[str, str] = {}
    if not semicolon:
        return name, parameters
    for piece in _split_parameters(rest):
        key, equals, text = piece.partition("=")
        if equals:
            parameters.setdefault(key.strip().lower(), _unquoted(text.strip()))
    if any("*" in each for each in parameters):
        _put_together(parameters)
    return name, parameters


def _put_together(parameters: dict[str, str]) -> None:
    """Join the sections of each parameter that has all of them, and no other value."""
    sections: dict[str, dict[int, str]] = {}
    for key in tuple(parameters):
        found = _SECTION.fullmatch(key)
        if found is not None:
            sections.setdefault(found[1], {})[int(found[2])] = parameters[key]
    for name, pieces in sections.items():
        if name not in parameters and sorted(pieces) == list(range(len(pieces))):
            parameters[name] = "".join(pieces[each] for each in range(len(pieces)))
            for each in pieces:
                parameters.pop(f"{name}*{each}", None)


def _split_parameters(text: str) -> list[str]:
    """Split at semicolons outside quoted strings."""
    if '"' not in text:
        return text.split(";")
    pieces = []
    start = position = 0
    quoted = False
    while position < len(text):
        character = text[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            pieces.append(text[start:position])
            start = position + 1
        position += 1
    pieces.append(text[start:])
    return pieces


def _unquoted(text: str) -> str:
    """Take a quoted-string's quotes and escapes away; a token's comment too."""
    if not text.startswith('"'):
        return text.partition(" ")[0]
    content = []
    position = 1
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            position += 1
        content.append(text[position : position + 1])
        position += 1
    return "".join(content)


def transfer_decoded(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding (RFC 2045 6); MimeError if it cannot be."""
    name = encoding.strip().lower()
    if name in ("", "7bit", "8bit", "binary"):
        return body
    if name == "quoted-printable":
        return quopri.decodestring(body)
    if name == "base64":
        try:
            return base64.b64decode(body)
        except binascii.Error as error:
            raise MimeError(f"base64: {error}") from error
    raise MimeError("unknown Content-Transfer-Encoding")


def parse_part(data: bytes, limits: MimeLimits = DEFAULT_LIMITS) -> Part:
    """Read one entity: header fields, an empty line, the body (RFC 2046 5.1).

    Lines may end in LF; without any empty line all of it is header fields if its first
    line looks like one, else body. A line that is no field is passed over.
    """
    headers, start = _head(data, 0, len(data), limits)
    return Part(headers, data[start:])


def _head(
    data: bytes, start: int, stop: int, limits: MimeLimits
) -> tuple[Headers, int]:
    """The header fields of the part between two places, and where its body begins."""
    lines: list[str] = []
    position = start
    while True:
        end = data.find(b"\n", position, stop)
        line = data[position : stop if end < 0 else end].rstrip(b"\r")
        if (stop if end < 0 else end) - start > limits.max_header_block:
            raise MimeError("header fields too long")
        if not lines and line and b":" not in line:
            return (), start
        if line:
            lines.append(line.decode("utf-8", "replace"))
        if end < 0 or not line:
            return _fields(lines, limits), stop if end < 0 else end + 1
        position = end + 1


def _fields(lines: list[str], limits: MimeLimits) -> Headers:
    """Join folded lines and split each field at its colon."""
    fields: list[tuple[str, str]] = []
    is_field = True
    for line in lines:
        if line[0] in " \t" and (fields or not is_field):
            if is_field:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        is_field = bool(colon)
        if is_field:
            fields.append((name.strip(), value.strip()))
    if len(fields) > limits.max_headers:
        raise MimeError(f"more than {limits.max_headers} header fields in a part")
    return tuple(fields)


def split_multipart(
    body: bytes, boundary: str, limits: MimeLimits = DEFAULT_LIMITS
) -> tuple[Part, ...]:
    """Give the parts of a multipart body (RFC 2046 5.1.1).

    Preamble and epilogue are left out; a missing close delimiter is forgiven.
    """
    spans = part_spans(body, boundary, limits)
    return tuple(Part(each.headers, body[each.start : each.end]) for each in spans)


def part_spans(
    octets: bytes,
    boundary: str,
    limits: MimeLimits = DEFAULT_LIMITS,
    start: int = 0,
    stop: int | None = None,
) -> tuple[Span, ...]:
    """Find the parts of a multipart that is between two places, as `split_multipart`.

    Nothing is copied but the header fields.
    """
    if not boundary or len(boundary) > 200:
        raise MimeError("multipart without a usable boundary")
    stop = len(octets) if stop is None else stop
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape")
    parts: list[Span] = []

    def add(begin: int, end: int, *, cut: bool = False) -> None:
        if len(parts) == limits.max_parts:
            raise MimeError(f"more than {limits.max_parts} parts")
        headers, content = _head(octets, begin, end, limits)
        parts.append(Span(headers, content, end, cut))

    begin = -1
    for position, following, closing in _delimiters(octets, delimiter, start, stop):
        if begin >= 0:
            add(begin, _before_line_end(octets, begin, position))
        begin = following
        if closing:
            return tuple(parts)
    if begin < 0:
        raise MimeError("multipart without its boundary")
    if begin < stop:
        add(begin, stop, cut=True)
    return tuple(parts)


def body_of_type(content_type: str, body: bytes, wanted: str) -> bytes | None:
    """The octets of a media type: the body's, or those of a part of a multipart.

    None where there are none. MimeError for a multipart that cannot be taken apart.
    """
    kind = parse_media_type(content_type)
    if kind.name == wanted:
        return body
    if kind.main == "multipart":
        for part in split_multipart(body, kind.parameter("boundary")):
            if part.media_type.name == wanted:
                return part.decoded()
    return None


def _delimiters(
    octets: bytes, delimiter: bytes, start: int, stop: int
) -> Iterator[tuple[int, int, bool]]:
    """Find each delimiter line: where it begins, what follows it, whether it closes."""
    position = octets.find(delimiter, start, stop)
    while position >= 0:
        # Only at the start of a line is its end sought, so that no line is read twice.
        if position == start or octets[position - 1] == 0x0A:
            end = octets.find(b"\n", position, stop)
            following = stop if end < 0 else end + 1
            rest = octets[position + len(delimiter) : following].strip()
            if rest in (b"", b"--"):
                yield position, following, bool(rest)
        position = octets.find(delimiter, position + len(delimiter), stop)


def _before_line_end(octets: bytes, start: int, end: int) -> int:
    """Where a part ends: the line end before a delimiter belongs to that."""
    if octets.endswith(b"\r\n", start, end):
        return end - 2
    return end - 1 if octets.endswith(b"\n", start, end) else end
