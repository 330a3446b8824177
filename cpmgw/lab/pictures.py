"""What a person sees of content: its text and its pictures; and one to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image, ImageDraw

from cpmgw.cpm.charset import decoded
from cpmgw.cpm.errors import MimeError
from cpmgw.lab.arrow import quoted
from cpmgw.mm4.entity import Entity, read_entity
from cpmgw.mm4.smil import SMIL_TYPES

_KILO: Final = 1024
_SKY: Final = ((92, 148, 214), (246, 208, 160))
_HILLS: Final = (
    ((74, 96, 120), 0.52, 0.10, 3),
    ((58, 110, 84), 0.64, 0.08, 4),
    ((40, 84, 48), 0.78, 0.06, 5),
)


class Picture(msgspec.Struct, frozen=True):
    """A picture that could be decoded: its type and pixels, and its octets."""

    content_type: str
    width: int
    height: int
    octets: bytes = b""

    def __str__(self) -> str:
        size = max(1, round(len(self.octets) / _KILO))
        return f"▣ {self.content_type} {self.width}x{self.height}, {size} KB"


def picture_of(leaf: Entity) -> Picture | None:
    """The picture that a part is; None where it is none, or cannot be decoded."""
    kind = leaf.media_type
    if kind.main != "image":
        return None
    try:
        with Image.open(BytesIO(leaf.body)) as image:
            image.load()
            return Picture(kind.name, image.width, image.height, leaf.body)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def pictures_in(entity: Entity) -> tuple[Picture, ...]:
    """Its pictures, in their order."""
    found = map(picture_of, entity.leaves())
    return tuple(each for each in found if each is not None)


def text_in(entity: Entity) -> str:
    """Its plain texts, one after the other."""
    return "\n".join(
        decoded(each.body, each.media_type.parameter("charset"))
        for each in entity.leaves()
        if each.media_type.name == "text/plain"
    )


def smil_in(entity: Entity) -> str:
    """Its SMIL; empty where there is none."""
    found = (each for each in entity.leaves() if each.media_type.name in SMIL_TYPES)
    return next((each.body.decode("utf-8", "replace") for each in found), "")


def content_of(content_type: str, encoding: str, octets: bytes) -> Entity:
    """Content, taken apart; what cannot be is one part."""
    try:
        return read_entity(content_type, encoding, octets)
    except MimeError:
        return Entity(content_type="application/octet-stream", body=octets)


def content_details(entity: Entity) -> Iterator[str]:
    """What of content is worth showing: texts, shortened, and a line a clip."""
    for each in entity.leaves():
        kind = each.media_type
        if not each.body:
            continue
        if kind.main == "text":
            yield quoted(decoded(each.body, kind.parameter("charset")))
        elif (picture := picture_of(each)) is not None:
            yield str(picture)
        elif kind.name not in SMIL_TYPES:
            yield f"▣ {kind.name}, {max(1, round(len(each.body) / _KILO))} KB"


def landscape(width: int, height: int) -> bytes:
    """Hills under an evening sky, as a JPEG of these pixels; always the same."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    horizon = height * 7 // 10
    for row in range(horizon):
        shade = row / horizon
        colour = tuple(
            round(top + (low - top) * shade) for top, low in zip(*_SKY, strict=True)
        )
        draw.line(((0, row), (width, row)), fill=colour)
    radius = height // 12
    middle = (width * 7 // 10, height * 3 // 10)
    draw.ellipse(
        (
            (middle[0] - radius, middle[1] - radius),
            (middle[0] + radius, middle[1] + radius),
        ),
        fill=(255, 236, 190),
    )
    for colour, base, swing, waves in _HILLS:
        crest = [
            (width * step // 64, round(height * (base + swing * _wave(step * waves))))
            for step in range(65)
        ]
        draw.polygon([(0, height), *crest, (width, height)], fill=colour)
    octets = BytesIO()
    image.save(octets, "JPEG", quality=85)
    return octets.getvalue()


def _wave(step: int) -> float:
    """A smooth line up and down between -1 and 1, once in 64 steps."""
    place = (step % 64) / 32 - 1
    return 1 - 2 * place * place
