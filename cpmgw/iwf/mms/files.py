"""A file of a CPM user as the content of an MMS (TS 6.1.3, 6.3.1.1.5)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cpmgw.cpm.mime import parse_media_type
from cpmgw.iwf.held import File
from cpmgw.mm4.entity import Entity, leaf

OPAQUE: Final = "application/octet-stream"
# Characters of a file's name.
MOST_NAME: Final = 100

# What a name has no need of: ways, and what ends a quoted string.
_UNFIT: Final = frozenset('"\\<>:|?*;')
# Nor of characters that are not seen: controls, what turns the direction of writing,
# and ends of lines and paragraphs (Unicode 4.5).
_UNSEEN: Final = frozenset(("Cc", "Cf", "Zl", "Zp"))
_SHOWN: Final = frozenset(("text", "image", "audio", "video"))


def is_multipart(file: File) -> bool:
    """Whether a file is a multipart itself, and can be taken apart."""
    return parse_media_type(file.content_type).main == "multipart"


def entity_of_file(file: File) -> Entity:
    """A file with its name; what MMS cannot show is an attachment."""
    content_type = file.content_type or OPAQUE
    main = parse_media_type(content_type).main
    way = "inline" if main in _SHOWN else "attachment"
    name = name_of(file.name)
    if not name:
        return leaf(content_type, file.content, content_disposition=way)
    return leaf(
        content_type,
        file.content,
        content_location=name,
        content_disposition=f'{way}; filename="{name}"',
    )


def name_of(text: str) -> str:
    """The name of a file without the way to it, empty where none is left of it.

    One that is too long loses its middle: what is behind the last dot says what it is.
    """
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    last = re.split(r"[/\\]", shown)[-1]
    name = "".join(filter(_is_fit, last)).strip(" .")
    if len(name) <= MOST_NAME:
        return name
    stem, dot, kind = name.rpartition(".")
    if not dot or len(kind) > MOST_NAME // 4:
        return name[:MOST_NAME]
    return f"{stem[: MOST_NAME - len(kind) - 1]}.{kind}"


def _is_fit(character: str) -> bool:
    return character not in _UNFIT and unicodedata.category(character) not in _UNSEEN
