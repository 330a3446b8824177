"""Pictures made smaller, or into another kind of picture. For a thread: it takes time.

Nothing is decoded before its size in pixels, and what that takes, is known and bounded.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from PIL import Image

from cpmgw.iwf.mms.adaptation.errors import CannotConvert

# Pillow's name of what can be made, and what can be read.
_FORMATS: Final[Mapping[str, str]] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
}
SOURCES: Final = frozenset(
    (
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/bmp",
        "image/avif",
    )
)
# JPEG qualities that are tried before a picture gets smaller.
_QUALITIES: Final = (85, 70, 55, 40)
# By how much a picture gets smaller when that was not enough, and where that ends.
_STEP: Final = 0.75
_SMALLEST: Final = 32
_WHITE: Final = (255, 255, 255)
# Octets for each pixel while a picture of a format is decoded: the picture itself (four
# at the most) and what its reader holds beside it. As much as that, times the pixels
# that there may be, may be in memory.
_OCTETS: Final[Mapping[str, int]] = {"WEBP": 16, "AVIF": 16}
_MOST_OCTETS: Final = 10
# How often a JPEG may go over its pixels: cameras need one scan, editors ten or so. Of
# a large one there may be less: so many times the pixels that there may be.
_MOST_SCANS: Final = 100
_MOST_PASSES: Final = 20
# Sections of a JPEG file; a profile of colours takes up to 255.
_MOST_SEGMENTS: Final = 10_000
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_END, _SCAN, _ALONE = 0xD9, 0xDA, (0x01, 0xD8)
# Rows that are looked at together when a large picture is made smaller.
_STRIP: Final = 64
# How a camera was held (EXIF 2.3, 4.6.4).
_ORIENTATION: Final = 0x0112
_TURNS: Final[Mapping[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    struct.error,
)

# Ours is the limit: each picture is measured before it is decoded, by the setting.
Image.MAX_IMAGE_PIXELS = None

# Those of the readers we want that this Pillow was built with.
Image.init()
_READABLE: Final = tuple(
    [
        name
        for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
        if name in Image.OPEN
    ]
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture has to become: its type, its box in pixels, its octets at most.

    Nothing of more than `pixels` is looked at.
    """

    content_type: str
    widest: int
    highest: int
    most: int
    pixels: int


def fits(octets: bytes, frame: Frame) -> bool:
    """Whether a picture is within its box; CannotConvert if it is none."""
    with _opened(octets, frame.pixels) as picture:
        return picture.width <= frame.widest and picture.height <= frame.highest


def convert(octets: bytes, frame: Frame) -> bytes:
    """Make the picture; CannotConvert where it is none, or cannot be so small.

    It is turned as its camera was held (EXIF), and what else the file tells, of place
    and owner, is left out. Of a moving picture the first frame remains.
    """
    smallest = b""
    try:
        picture = _decoded(octets, frame)
        for smaller in _smaller(picture):
            for made in _written(smaller, frame.content_type):
                if len(made) <= frame.most:
                    return made
                smallest = made
    except _BROKEN as error:
        raise CannotConvert(f"picture: {error}") from error
    raise CannotConvert(f"no picture of {frame.most} octets", smallest=smallest)


def _opened(octets: bytes, pixels: int) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(octets), formats=_READABLE)
    except _BROKEN as error:
        raise CannotConvert(f"no picture: {error}") from error
    size = picture.width * picture.height
    most = (
        pixels * _MOST_OCTETS // max(_OCTETS.get(picture.format or "", 0), _MOST_OCTETS)
    )
    if size > most:
        raise CannotConvert(f"more than {most} pixels", bomb=True)
    if picture.format in ("JPEG", "MPO"):
        scans = _scans(octets)
        if scans > _MOST_SCANS or scans * size > pixels * _MOST_PASSES:
            raise CannotConvert(f"{scans} scans of {size} pixels", bomb=True)
    return picture


def _scans(octets: bytes) -> int:
    """The scans of a JPEG (ITU-T T.81 B.1); of too many, as many as were counted."""
    scans = position = 0
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(octets, position)
        if found is None or found[1][0] == _END or scans > _MOST_SCANS:
            return scans
        position = found.end()
        if found[1][0] not in _ALONE:
            scans += found[1][0] == _SCAN
            position += int.from_bytes(octets[position : position + 2], "big")
    raise CannotConvert(f"more than {_MOST_SEGMENTS} segments", bomb=True)


def _decoded(octets: bytes, frame: Frame) -> Image.Image:
    box = (frame.widest, frame.highest)
    with _opened(octets, frame.pixels) as source:
        source.draft("RGB", box)  # JPEG decodes to less at once
        picture = _plain(source, _times(source.size, box))
        turn = _turn(source)
    if turn is not None:
        picture = picture.transpose(turn)
    picture.thumbnail(box, Image.Resampling.LANCZOS)
    return _opaque(picture) if frame.content_type == "image/jpeg" else picture


def _times(size: tuple[int, int], box: tuple[int, int]) -> int:
    """By how much a picture is too large for its box, turned or not; one or more."""
    (width, height), (widest, highest) = size, box
    upright = max(width / widest, height / highest)
    turned = max(height / widest, width / highest)
    return max(1, int(min(upright, turned)))


def _plain(source: Image.Image, times: int) -> Image.Image:
    """A picture so many times smaller, in grey or in colours; with nothing beside.

    It is gone over in strips: a copy of a large picture as a whole is never made.
    """
    mode = "RGBA" if source.has_transparency_data else "RGB"
    mode = "L" if source.mode == "L" and mode == "RGB" else mode
    width, height = source.size
    size = (-(-width // times), -(-height // times))
    plain = Image.new(mode, size)
    for row in range(0, height, _STRIP * times):
        end = min(row + _STRIP * times, height)
        strip = source.crop((0, row, width, end)).convert(mode)
        plain.paste(strip.reduce(times) if times > 1 else strip, (0, row // times))
    return plain


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """How a picture is to be turned; what cannot be read turns nothing."""
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except (*_BROKEN, KeyError, TypeError):
        return None


def _opaque(picture: Image.Image) -> Image.Image:
    """A picture without transparency, on white."""
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, _WHITE)
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _smaller(picture: Image.Image) -> Iterator[Image.Image]:
    """A picture, and smaller and smaller ones."""
    scale = 1.0
    while min(picture.size) * scale >= _SMALLEST or scale == 1.0:
        width, height = picture.size
        size = max(1, round(width * scale)), max(1, round(height * scale))
        yield (
            picture if scale == 1.0 else picture.resize(size, Image.Resampling.BILINEAR)
        )
        scale *= _STEP


def _written(picture: Image.Image, content_type: str) -> Iterator[bytes]:
    """The octets of a picture, the best first."""
    form = _FORMATS[content_type]
    if form == "JPEG":
        for quality in _QUALITIES:
            yield _saved(picture, form, quality=quality, optimize=True)
    else:
        yield _saved(picture, form, optimize=True)


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, form, **options)
    return made.getvalue()
