"""A MIME entity as a value (RFC 2045, RFC 2046)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from cpmgw.cpm.mime import MediaType, parse_media_type
from cpmgw.mm4.fields import Pairs

OPAQUE: Final = frozenset(("multipart/signed", "multipart/encrypted"))
"""What is not taken apart: another encoding of its parts would be another content."""

NO_TYPE: Final = "text/plain"

_DESCRIBING: Final = frozenset(
    (
        "content-base",
        "content-description",
        "content-disposition",
        "content-duration",
        "content-id",
        "content-language",
        "content-location",
    )
)


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf with its decoded `body`, or a multipart with its `parts`.

    `content_type` is its Content-Type with the parameters; `headers` are its fields as
    written, in order. Where they say something else of the type or the encoding, as
    after a change of the body, `content_type` and what the body needs is written.
    """

    content_type: str = NO_TYPE
    headers: Pairs = ()
    body: bytes = b""
    parts: tuple[Entity, ...] = ()

    @property
    def media_type(self) -> MediaType:
        """Its Content-Type, taken apart."""
        return parse_media_type(self.content_type)

    @property
    def is_multipart(self) -> bool:
        """Whether it has parts rather than a body."""
        kind = self.media_type
        return kind.main == "multipart" and kind.name not in OPAQUE

    @property
    def disposition(self) -> MediaType:
        """Its Content-Disposition, of an empty name if it has none (RFC 2183)."""
        return parse_media_type(self.get("Content-Disposition"))

    @property
    def size(self) -> int:
        """How many octets its leaves have, decoded."""
        return sum(len(each.body) for each in self.leaves())

    def get(self, name: str) -> str:
        """Give the first value of a header field, "" when it is not there."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), "")

    def leaves(self) -> Iterator[Entity]:
        """Give whatever in it, or it itself, is no multipart; in order."""
        if not self.is_multipart:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def with_fields(self, **fields: str) -> Entity:
        """Give it with header fields set, named as in `leaf`."""
        pairs = _named(fields)
        names = {name.lower() for name, _ in pairs}
        kept = (each for each in self.headers if each[0].lower() not in names)
        return msgspec.structs.replace(self, headers=(*kept, *pairs))


def described(pairs: Pairs) -> Pairs:
    """Of header fields, the first of each that says more of the content."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        key = name.lower()
        if key in _DESCRIBING and value:
            found.setdefault(key, (name, value))
    return tuple(found.values())


def leaf(content_type: str, body: bytes, **fields: str) -> Entity:
    """Make a leaf; fields are named `content_id="<a@b>"`, `content_location=...`."""
    return Entity(content_type=content_type, body=body, headers=_named(fields))


def multipart(subtype: str, parts: Iterable[Entity], **parameters: str) -> Entity:
    """Make a multipart with the parameters of its type: `type="application/smil"`."""
    kind = MediaType(f"multipart/{subtype}", parameters)
    return Entity(content_type=type_text(kind), parts=tuple(parts))


def type_text(kind: MediaType) -> str:
    """Write a media type, its parameters quoted (RFC 2045 5.1)."""
    pieces = [kind.name]
    for name, value in kind.parameters.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        pieces.append(f'{name}="{escaped}"')
    return "; ".join(pieces)


def _named(fields: dict[str, str]) -> Pairs:
    return tuple((_name(key), value) for key, value in fields.items())


def _name(key: str) -> str:
    words = (word.capitalize() for word in key.split("_"))
    return "-".join("ID" if word == "Id" else word for word in words)
