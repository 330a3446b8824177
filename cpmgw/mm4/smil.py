"""SMIL: what shows a multimedia message part after part (3GPP TS 26.140 4.13)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

import msgspec

from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.limits import MAX_TEXT
from cpmgw.mm4.words import without_controls

SMIL_TYPES: Final = frozenset(("application/smil", "application/smil+xml"))

_ALTERNATIVE: Final = "multipart/alternative"
_TAGS: Final = {"image": "img", "audio": "audio", "video": "video"}
_SUFFIXES: Final = {
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "image/jpeg": "jpg",
    "image/svg+xml": "svg",
    "image/vnd.wap.wbmp": "wbmp",
    "text/plain": "txt",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
# What is the same in a header field, in XML and as part of a URI.
_REFERENCE: Final = re.compile(r"[A-Za-z0-9!$&'()*+,./:;=@_~-]{1,100}")
_SUFFIX: Final = re.compile(r"[a-z0-9]{1,8}")
_STILL: Final = "5000ms"

_LAYOUT: Final = """<layout>
<root-layout width="320" height="480"/>
<region id="Image" left="0" top="0" width="320" height="320" fit="meet"/>
<region id="Text" left="0" top="320" width="320" height="160" fit="scroll"/>
</layout>"""


class _Slide(msgspec.Struct):
    """What is seen and heard at a time."""

    media: Entity | None = None
    text: Entity | None = None


def has_smil(entity: Entity) -> bool:
    """Whether SMIL is in an entity, wherever: it says how the entity is shown."""
    return any(each.media_type.name in SMIL_TYPES for each in entity.leaves())


def with_smil(entity: Entity, title: str = "") -> Entity:
    """Give an entity a SMIL that shows its parts; one that has SMIL stays as it is.

    It becomes a multipart/related of the SMIL and its leaves, octet for octet. There is
    a <par> for each picture, sound and video, with the text next to it; a picture
    stays for five seconds, a sound or video as long as it takes. What is an attachment
    or of another kind is not shown. Of alternatives the plain text is taken, or the
    last of them; where one is a picture, sound or video, who shows them chooses, and
    the entity stays as it is.
    """
    if has_smil(entity) or _has_a_choice(entity):
        return entity
    parts = _named(_flat(entity))
    document = _document([each for each in parts if _is_shown(each)], title)
    root = leaf(
        'application/smil; charset="utf-8"; name="smil.xml"',
        _octets(document),
        content_id="<smil>",
        content_location="smil.xml",
    )
    return multipart("related", (root, *parts), type="application/smil", start="<smil>")


def _has_a_choice(entity: Entity) -> bool:
    """Whether there are alternatives that are more than text."""
    if entity.media_type.name == _ALTERNATIVE:
        return any(each.media_type.main in _TAGS for each in entity.leaves())
    return any(map(_has_a_choice, entity.parts))


def _flat(entity: Entity) -> list[Entity]:
    """The leaves in order, one of each multipart/alternative."""
    if not entity.is_multipart:
        return [entity]
    if entity.media_type.name == _ALTERNATIVE and entity.parts:
        plain = (p for p in entity.parts if p.media_type.name == "text/plain")
        return _flat(next(plain, entity.parts[-1]))
    return [each for part in entity.parts for each in _flat(part)]


def _is_shown(entity: Entity) -> bool:
    kind = entity.media_type
    shown = kind.main in _TAGS or kind.name == "text/plain"
    return shown and entity.disposition.name != "attachment"


def _named(parts: Sequence[Entity]) -> list[Entity]:
    """Give each a name that no other has, where its own is none, or odd."""
    taken = {"smil.xml", "smil"}
    named: list[Entity] = []
    for number, part in enumerate(parts, 1):
        location = part.get("Content-Location").strip()
        content_id = part.get("Content-ID").strip('"<> ')
        names = {each for each in (location, content_id) if each}
        if names and not names & taken and all(map(_REFERENCE.fullmatch, names)):
            taken |= names
            named.append(part)
            continue
        name = _name(part, number, taken)
        taken.add(name)
        named.append(part.with_fields(content_id=f"<{name}>", content_location=name))
    return named


def _name(part: Entity, number: int, taken: set[str]) -> str:
    """Its own file name if that is a plain one, else one of its kind and number."""
    kind = part.media_type
    for own in (kind.parameter("name"), part.disposition.parameter("filename")):
        if _NAME.fullmatch(own) and own not in taken:
            return own
    suffix = _SUFFIXES.get(kind.name, kind.name.rpartition("/")[2])
    suffix = suffix if _SUFFIX.fullmatch(suffix) else "bin"
    main = kind.main if kind.main in (*_TAGS, "text") else "part"
    name = f"{main}{number}.{suffix}"
    while name in taken:
        name = f"_{name}"
    return name


def _slides(parts: Sequence[Entity]) -> list[_Slide]:
    slides: list[_Slide] = []
    for part in parts:
        is_text = part.media_type.main == "text"
        last = slides[-1] if slides else None
        if last is None or (last.text if is_text else last.media) is not None:
            last = _Slide()
            slides.append(last)
        if is_text:
            last.text = part
        else:
            last.media = part
    return slides


def _octets(document: str) -> bytes:
    """Octets that mail carries as they are: encoded, some handsets show no slide."""
    return document.replace("\n", "\r\n").encode("ascii", "xmlcharrefreplace")


def _document(parts: Sequence[Entity], title: str) -> str:
    text = without_controls(title).strip()[:MAX_TEXT]
    meta = f'<meta name="title" content={quoteattr(text)}/>\n' if text else ""
    pars = "\n".join(_par(each) for each in _slides(parts))
    return (
        f"<smil>\n<head>\n{meta}{_LAYOUT}\n</head>\n<body>\n{pars}\n</body>\n</smil>\n"
    )


def _par(slide: _Slide) -> str:
    lines = []
    is_still = True
    if slide.media is not None:
        main = slide.media.media_type.main
        is_still = main == "image"
        region = "" if main == "audio" else ' region="Image"'
        lines.append(f"<{_TAGS[main]} src={_source(slide.media)}{region}/>")
    if slide.text is not None:
        lines.append(f'<text src={_source(slide.text)} region="Text"/>')
    duration = f' dur="{_STILL}"' if is_still else ""
    return "\n".join((f"<par{duration}>", *lines, "</par>"))


def _source(part: Entity) -> str:
    """Refer to a part by its Content-Location, else by its Content-ID (RFC 2392)."""
    location = part.get("Content-Location").strip()
    content_id = part.get("Content-ID").strip('"<> ')
    return quoteattr(location or f"cid:{content_id}")
