"""The content of what goes out in a session (Tables 26, 29, 32 and 34)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cpmgw.cpm.charset import decoded
from cpmgw.cpm.chat_content import TEXT_TYPE, ChatContent
from cpmgw.cpm.errors import CannotBecomeText
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.smil import SMIL_TYPES, has_smil, with_smil

_PLAIN: Final = "text/plain"
_MIXED: Final = "multipart/mixed"


def notice(text: str, form: str) -> Entity:
    """What the IWF says itself, by policy key `mms.notice_form`."""
    said = _said(text)
    return with_smil(said) if form == "multipart" else said


def chat_content(
    entity: Entity, content: ChatContent, texts: Texts, added: str
) -> Entity:
    """A chat message as MMS takes it, with what is said beside it (Table 29, Content).

    In a group its author stands before it; behind it what is `added`. A plain text is
    one with both, before and behind all else there is a part of its own.
    """
    author = texts.authored(content, "")
    if not author and not added:
        return entity
    text = _text_of(entity)
    if text:
        authored = texts.authored(content, text)
        return _said(f"{authored}\n{added}" if added else authored)
    before = (_said(author),) if author else ()
    after = (_said(added),) if added else ()
    return multipart("mixed", (*before, *_parts(entity), *after))


def _text_of(entity: Entity) -> str:
    """The text of a plain text that can be read, otherwise nothing."""
    kind = entity.media_type
    if kind.name != _PLAIN:
        return ""
    try:
        return decoded(entity.body, kind.parameter("charset"))
    except CannotBecomeText:
        return ""


def presented(entity: Entity, smil: str) -> Entity:
    """It with SMIL, where a relay is to have that of what has several parts.

    `smil` is the key of [mmsc.media].
    """
    return with_smil(entity) if smil == "add" and entity.is_multipart else entity


def _parts(entity: Entity) -> Sequence[Entity]:
    """What stands beside what is added: SMIL that does not show that is left out."""
    if has_smil(entity):
        return [e for e in entity.leaves() if e.media_type.name not in SMIL_TYPES]
    return entity.parts if entity.media_type.name == _MIXED else (entity,)


def _said(text: str) -> Entity:
    return leaf(TEXT_TYPE, text.encode("utf-8", "replace"))
