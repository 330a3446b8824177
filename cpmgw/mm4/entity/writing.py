"""How MIME entities are written: for SMTP, and for CPM (RFC 2045, 2046, 5321)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

import msgspec

from cpmgw.cpm.mime import MediaType, parse_media_type
from cpmgw.mm4.entity.reading import opened
from cpmgw.mm4.entity.value import NO_TYPE, OPAQUE, Entity, described, type_text
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.fields import FIELD_NAME, Pairs, write_field
from cpmgw.mm4.transfer import (
    base64_pieces,
    is_line_safe,
    mostly_ascii,
    quoted_printable,
)
from cpmgw.mm4.words import encode_words, without_controls, without_surrogates

_CTE: Final = "Content-Transfer-Encoding"
_TYPE: Final = "Content-Type"
# boundary := 0*69<bchars> bcharsnospace (RFC 2046 5.1.1)
_BOUNDARY: Final = re.compile(
    r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]"
)
_TEXTUAL: Final = frozenset(("application/smil", "application/xml", "application/json"))
# A longer type loses parameters; see `parse_media_type`.
_MOST_TYPE: Final = 512
_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))
_URIS: Final = frozenset(("content-location", "content-base", "content-id"))
_WIDTH: Final = {"7bit": 0, "quoted-printable": 0, "base64": 0, "8bit": 1, "binary": 2}


class Lines(Enum):
    """What carries the octets: SMTP, or what takes any octets."""

    SEVEN_BIT = "7bit"
    BINARY = "binary"


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as it is written.

    `head` are its header fields as a part, `more` those that describe it, for a header
    that is not its own. `body` is that of a leaf; what is written as base64 is encoded
    only then.
    """

    content_type: str
    transfer_encoding: str
    head: bytes = b""
    more: Pairs = ()
    body: bytes = b""
    boundary: str = ""
    parts: tuple[Encoded, ...] = ()
    is_multipart: bool = False

    def fields(self) -> Pairs:
        """Its fields in a mail's header."""
        own = ((_TYPE, self.content_type), (_CTE, self.transfer_encoding))
        return (*own, *self.more)

    @property
    def ends_line(self) -> bool:
        """Whether its content ends in a CRLF that is not its own."""
        encodes = self.transfer_encoding == "base64" and bool(self.body)
        return encodes or self.is_multipart

    def pieces(self) -> Iterator[bytes]:
        """Its content, piece by piece."""
        if self.transfer_encoding == "base64":
            yield from base64_pieces(self.body)
        elif not self.is_multipart:
            yield self.body
        else:
            delimiter = b"--" + self.boundary.encode()
            for part in self.parts:
                yield b"".join((delimiter, b"\r\n", part.head, b"\r\n"))
                yield from part.pieces()
                if not part.ends_line:
                    yield b"\r\n"
            yield delimiter + b"--\r\n"

    def contains(self, octets: bytes) -> bool:
        """Whether octets with a hyphen are anywhere in it; base64 has none."""
        if octets in self.head or octets in b"--" + self.boundary.encode():
            return True
        if self.transfer_encoding != "base64" and octets in self.body:
            return True
        return any(part.contains(octets) for part in self.parts)

    def digest(self, into: blake2b) -> None:
        """Hash what a boundary must not be in."""
        into.update(self.head)
        if self.transfer_encoding != "base64":
            into.update(self.body)
        for part in self.parts:
            part.digest(into)


def to_cpm(entity: Entity) -> tuple[str, str, bytes]:
    """Write an entity for CPIM: its type, its encoding, its octets.

    Nothing is encoded (TS 6.3 item 2): the encoding is empty, "8bit" or "binary".
    """
    written = _encoded(entity, Lines.BINARY)
    encoding = written.transfer_encoding
    octets = b"".join(written.pieces())
    return written.content_type, "" if encoding == "7bit" else encoding, octets


def fields_for_cpm(entity: Entity) -> Pairs:
    """What describes an entity, besides its type and encoding, as fields of CPIM."""
    return _more(entity, Lines.BINARY)


def encoded(entity: Entity) -> Encoded:
    """Prepare an entity as the content of a mail, which ends in CRLF or is empty.

    Lines end in CRLF and have at most 998 octets, all ASCII. Text that can be carried
    stays as it is, else it is quoted-printable or base64; what is no text is base64.
    MimeError for signed content that cannot be carried as it is, nor be taken apart.
    """
    found = _encoded(entity, Lines.SEVEN_BIT)
    body = found.body
    if found.is_multipart or found.transfer_encoding == "base64":
        return found
    if not body or body.endswith(b"\r\n"):
        return found
    if entity.media_type.name in OPAQUE:  # what follows it is its epilogue
        return msgspec.structs.replace(found, body=body + b"\r\n")
    if found.transfer_encoding != "quoted-printable":
        body = quoted_printable(body)
    return msgspec.structs.replace(
        found, body=body + b"=\r\n", transfer_encoding="quoted-printable"
    )


def _encoded(entity: Entity, lines: Lines) -> Encoded:
    if entity.is_multipart:
        return _multipart(entity, lines)
    encoding = _encoding(entity, lines)
    if not encoding:
        return _multipart(opened(entity), lines)
    body = entity.body
    if encoding == "quoted-printable":
        body = quoted_printable(body)
    return Encoded(
        content_type=_field_value(_TYPE, entity.content_type, lines),
        transfer_encoding=encoding,
        head=_head(entity, entity.content_type, encoding, lines),
        more=_more(entity, lines),
        body=body,
    )


def _encoding(entity: Entity, lines: Lines) -> str:
    """Choose how a leaf is written; "" for what must not be, and cannot stay as is."""
    kind, body = entity.media_type, entity.body
    if lines is Lines.BINARY:
        return (
            ("7bit" if body.isascii() else "8bit") if is_line_safe(body) else "binary"
        )
    is_opaque = kind.name in OPAQUE
    if is_opaque or kind.main in ("text", "message") or _is_textual(kind.name):
        if body.isascii() and is_line_safe(body):
            return "7bit"
        if is_opaque:
            return ""
        if mostly_ascii(body):
            return "quoted-printable"
    return "base64"


def _is_textual(name: str) -> bool:
    return name in _TEXTUAL or name.endswith(("+xml", "+json"))


def _multipart(entity: Entity, lines: Lines) -> Encoded:
    parts = tuple(_encoded(each, lines) for each in entity.parts)
    encoding = max(
        ("7bit", *(each.transfer_encoding for each in parts)), key=_WIDTH.__getitem__
    )
    encoding = encoding if _WIDTH[encoding] else "7bit"
    boundary = _boundary(entity.media_type.parameter("boundary"), parts)
    content_type = _bounded(entity, boundary)
    return Encoded(
        content_type=_field_value(_TYPE, content_type, lines),
        transfer_encoding=encoding,
        head=_head(entity, content_type, encoding, lines),
        more=_more(entity, lines),
        boundary=boundary,
        parts=parts,
        is_multipart=True,
    )


def _boundary(own: str, parts: tuple[Encoded, ...]) -> str:
    """Keep the boundary if it is in none of the parts, else make one of their octets.

    Nobody can write into a part what comes of hashing it.
    """
    candidate = own
    count = 0
    while not _BOUNDARY.fullmatch(candidate) or any(
        part.contains(b"--" + candidate.encode()) for part in parts
    ):
        digest = blake2b(bytes((count,)), digest_size=12)
        for part in parts:
            part.digest(digest)
        candidate = f"=_{digest.hexdigest()}"
        count += 1
    return candidate


def _bounded(entity: Entity, boundary: str) -> str:
    """Give a multipart's type, as it was written if its boundary is still the same."""
    kind = entity.media_type
    if kind.parameter("boundary") == boundary:
        return entity.content_type
    parameters = {**kind.parameters, "boundary": boundary}
    return type_text(MediaType(kind.name, parameters))


def _head(entity: Entity, content_type: str, encoding: str, lines: Lines) -> bytes:
    """Write a part's fields, those of its type and encoding as they are now.

    What is no field is left out, and so is one that fits on no line.
    """
    now = {_TYPE.lower(): content_type, _CTE.lower(): encoding}
    written: dict[str, bytes] = {}
    for name, value in entity.headers:
        key = name.lower()
        if key not in now or key not in written:
            field = _field(name, now.get(key, value), lines)
            written[key] = written.get(key, b"") + field
    if _TYPE.lower() not in written and content_type != NO_TYPE:
        written = {_TYPE.lower(): _field(_TYPE, content_type, lines), **written}
    if _CTE.lower() not in written and encoding != "7bit":
        written[_CTE.lower()] = _field(_CTE, encoding, lines)
    return b"".join(written.values())


def _more(entity: Entity, lines: Lines) -> Pairs:
    return tuple(
        (name, _field_value(name, value, lines))
        for name, value in described(entity.headers)
        if _field(name, value, lines)
    )


def _field(name: str, value: str, lines: Lines) -> bytes:
    if not FIELD_NAME.fullmatch(name):
        return b""
    text = _field_value(name, value, lines)
    if lines is Lines.BINARY:
        return f"{name}: {text}\r\n".encode()
    try:
        return write_field(name, text)
    except Mm4Error:
        return b""


def _field_value(name: str, value: str, lines: Lines) -> str:
    """A part's field without control characters, and for SMTP in ASCII.

    Parameters are written as RFC 2231 has it, URIs with percent signs, and whatever
    else as encoded words.
    """
    text = without_surrogates(without_controls(value)).strip()
    key = name.lower()
    if key == _TYPE.lower() and len(text) > _MOST_TYPE:
        text = type_text(parse_media_type(text))
    if lines is Lines.BINARY or text.isascii():
        return text
    if key in _URIS:
        return quote(text, safe=_PRINTABLE)
    if key in (_TYPE.lower(), "content-disposition"):
        kind = parse_media_type(text)
        pieces = [quote(kind.name, safe=_PRINTABLE)]
        for each, content in kind.parameters.items():
            if not each.isascii():
                continue
            escaped = content.replace("\\", "\\\\").replace('"', '\\"')
            pieces.append(
                f'{each}="{escaped}"'
                if content.isascii()
                else f"{each}*=utf-8''{quote(content, safe='')}"
            )
        return "; ".join(pieces)
    return encode_words(text)
