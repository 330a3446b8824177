"""MIME entities inside CPM messages: media types, parts, transfer encodings.

RFC 2045, 2046 and 2183; read here rather than by `email`, which has no limits.
"""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec

from cpmgw.cpm.errors import MimeError

NO_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType({})


class MimeLimits(msgspec.Struct, frozen=True, gc=False):
    """How much of a peer's MIME structure is read."""

    max_size: int = 1_048_576
    max_depth: int = 6
    max_parts: int = 64
    max_headers: int = 32
    max_header_block: int = 8_192


DEFAULT_LIMITS: Final = MimeLimits()


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


class Part(msgspec.Struct, frozen=True):
    """One body part: header fields in order (names as written), and its octets."""

    headers: tuple[tuple[str, str], ...]
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

    Parameter names come in lower case; of a repeated one the first counts.
    """
    if len(value) > 512:
        return MediaType(value.partition(";")[0].strip().lower()[:128])
    return _parse_media_type(value)


@lru_cache(maxsize=512)
def _parse_media_type(value: str) -> MediaType:
    head, semicolon, rest = value.partition(";")
    name = head.partition("(")[0].strip().lower()
    if not semicolon:
        return MediaType(name)
    parameters: dict[str, str] = {}
    for piece in _split_parameters(rest):
        key, equals, text = piece.partition("=")
        if equals:
            parameters.setdefault(key.strip().lower(), _unquoted(text.strip()))
    return MediaType(name, MappingProxyType(parameters))


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
    line looks like one, else body.
    """
    lines: list[str] = []
    position = 0
    while True:
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end
        line = data[position:stop].rstrip(b"\r")
        if stop > limits.max_header_block:
            raise MimeError("header fields too long")
        if not lines and line and b":" not in line:
            return Part((), data)
        if end < 0 or not line:
            if line:
                lines.append(line.decode("utf-8", "replace"))
            return Part(_fields(lines, limits), b"" if end < 0 else data[end + 1 :])
        lines.append(line.decode("utf-8", "replace"))
        position = end + 1


def _fields(lines: list[str], limits: MimeLimits) -> tuple[tuple[str, str], ...]:
    """Join folded lines and split each field at its colon."""
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[0] in " \t" and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise MimeError("header field without a colon")
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
    if not boundary or len(boundary) > 200:
        raise MimeError("multipart without a usable boundary")
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape")
    parts: list[Part] = []
    start = -1
    for position, end, closing in _delimiters(body, delimiter):
        if start >= 0:
            if len(parts) == limits.max_parts:
                raise MimeError(f"more than {limits.max_parts} parts")
            parts.append(parse_part(_without_line_end(body[start:position]), limits))
        start = end
        if closing:
            return tuple(parts)
    if start < 0:
        raise MimeError("multipart without its boundary")
    if start < len(body):
        if len(parts) == limits.max_parts:
            raise MimeError(f"more than {limits.max_parts} parts")
        parts.append(parse_part(body[start:], limits))
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


def _delimiters(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
    """Find each delimiter line: where it begins, what follows it, whether it closes."""
    position = body.find(delimiter)
    while position >= 0:
        # Only at the start of a line is its end sought, so that no line is read twice.
        if position == 0 or body[position - 1] == 0x0A:
            end = body.find(b"\n", position)
            following = len(body) if end < 0 else end + 1
            rest = body[position + len(delimiter) : following].strip()
            if rest in (b"", b"--"):
                yield position, following, bool(rest)
        position = body.find(delimiter, position + len(delimiter))


def _without_line_end(octets: bytes) -> bytes:
    """Take away the line end that belongs to the delimiter after it."""
    if octets.endswith(b"\r\n"):
        return octets[:-2]
    return octets.removesuffix(b"\n")
