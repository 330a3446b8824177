"""The text of an MMS that is nothing but text (TS 6.3.1.1.6.1, 6.3.1.1.6.5)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm.charset import decoded
from cpmgw.cpm.errors import CannotBecomeText
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.smil import SMIL_TYPES

# Octets of text that are looked at: no word has as many.
MOST_TEXT: Final = 4_096

_PLAIN: Final = "text/plain"
_ALTERNATIVE: Final = "multipart/alternative"


def text_alone(entity: Entity) -> str:
    """Its text; empty where there is anything else in it, or too much for a word.

    SMIL shows what is there. Of alternatives the plain text says what all of them say.
    An attachment is no part of what is said.
    """
    leaves = _leaves(entity)
    if any(not _is_said(each) for each in leaves):
        return ""
    plain = [each for each in leaves if each.media_type.name == _PLAIN]
    if sum(len(each.body) for each in plain) > MOST_TEXT:
        return ""
    try:
        return "\n".join(_text(each) for each in plain).strip()
    except CannotBecomeText:
        return ""


def _leaves(entity: Entity) -> list[Entity]:
    """Its leaves in order, of alternatives the plain text if there is one."""
    if not entity.is_multipart:
        return [entity]
    parts = entity.parts
    if entity.media_type.name == _ALTERNATIVE:
        plain = [each for each in parts if each.media_type.name == _PLAIN]
        parts = tuple(plain[:1]) or parts
    return [leaf for part in parts for leaf in _leaves(part)]


def _is_said(leaf: Entity) -> bool:
    name = leaf.media_type.name
    is_attached = leaf.disposition.name == "attachment"
    return name in SMIL_TYPES or (name == _PLAIN and not is_attached)


def _text(leaf: Entity) -> str:
    text = decoded(leaf.body, leaf.media_type.parameter("charset"))
    return text.replace("\r\n", "\n")
