"""Media types by the names that clients and handsets give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.cpm.mime import MediaType

# Names that were never registered, or that are not any more (RFC 6381, 4281; IANA).
ALIASES: Final[Mapping[str, str]] = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "audio/3gp": "audio/3gpp",
    "audio/amr-nb": "audio/amr",
    "audio/x-amr": "audio/amr",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-aac": "audio/aac",
    "audio/aacp": "audio/aac",
    "video/3gp": "video/3gpp",
    "video/x-msvideo": "video/avi",
    "video/x-m4v": "video/mp4",
}
# What shows other content, and is none itself.
SMIL: Final = frozenset(("application/smil", "application/smil+xml"))


def name_of(kind: MediaType) -> str:
    """The registered name of a media type."""
    return ALIASES.get(kind.name, kind.name)
