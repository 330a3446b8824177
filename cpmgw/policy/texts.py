"""The words that the IWF itself says in a session (TS 6.2.2.1.3 to 6.2.2.1.6).

A text has places to fill, such as {sender}. The same texts serve SMS, MMS and e-mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Annotated, Final, NamedTuple

import msgspec

from cpmgw.policy.keywords import plain
from cpmgw.policy.kinds import LanguageTag
from cpmgw.policy.selection import NumberPrefix

Text = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=1000, description="a text of 1 to 1000 characters"
    ),
]
Keyword = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A\S(.{0,30}\S)?\Z",
        description="1 to 32 characters without spaces around them",
    ),
]


class LanguageRule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The language of the users whose numbers begin so."""

    prefix: NumberPrefix
    language: LanguageTag


class SessionTexts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What is said, and the answers that are understood, in one language."""

    language: LanguageTag
    accept: tuple[Keyword, ...]
    reject: tuple[Keyword, ...]
    leave: tuple[Keyword, ...]
    invitation: Text
    group_invitation: Text
    invited: Text
    group_invited: Text
    late: Text
    closed: Text
    group_closed: Text
    how_to_leave: Text
    participants: Text
    group_message: Text


class Places(NamedTuple):
    """What may be filled into a text, and what it must have."""

    allowed: frozenset[str]
    needed: frozenset[str] = frozenset()


def _places(allowed: str, needed: str = "") -> Places:
    return Places(
        frozenset((allowed + " " + needed).split()), frozenset(needed.split())
    )


# An invitation that asks carries a keyword for each answer (Table 4, NOTE); a group's
# tells who invites, and of which group it is (6.2.2.1.3 step 2).
PLACES: Final = {
    "invitation": _places("sender subject leave", "accept reject"),
    "group_invitation": _places(
        "subject participants leave", "sender group accept reject"
    ),
    "invited": _places("sender subject leave"),
    "group_invited": _places("subject participants leave", "sender group"),
    "late": _places("sender group subject"),
    "closed": _places("sender subject"),
    "group_closed": _places("group subject"),
    "how_to_leave": _places("group", "leave"),
    "participants": _places("group", "participants"),
    "group_message": _places("", "sender text"),
}

ENGLISH: Final = SessionTexts(
    language="en",
    accept=("yes", "accept"),
    reject=("no", "reject"),
    leave=("leave",),
    invitation="{sender} would like to chat with you ({subject}). "
    "Answer {accept} to accept or {reject} to decline.",
    group_invitation='{sender} invites you to the group "{group}" ({participants}). '
    "Answer {accept} to accept or {reject} to decline.",
    invited="{sender} has started a chat with you ({subject}).",
    group_invited='{sender} has added you to the group "{group}".',
    late="It is too late to answer the invitation of {sender}.",
    closed="The chat with {sender} has been closed.",
    group_closed='The group "{group}" has been closed.',
    how_to_leave="Send {leave} to leave.",
    participants='In the group "{group}": {participants}.',
    group_message="{sender}: {text}",
)


def places_of(text: str) -> frozenset[str]:
    """The places to fill in a text; ValueError where it cannot be read as one."""
    found = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is no place to fill")
        found.add(name)
    return frozenset(found)


def faults_of(texts: SessionTexts) -> Iterator[tuple[str, str]]:
    """What is wrong with the texts of a language: the key, and why."""
    for key, places in PLACES.items():
        fault = _fault(getattr(texts, key), places)
        if fault:
            yield key, fault
    seen: set[str] = set()
    for key in ("accept", "reject", "leave"):
        words = [plain(word) for word in getattr(texts, key)]
        if not words:
            yield key, "must name at least one word"
        if seen & set(words) or len(set(words)) != len(words):
            yield key, "has a word that stands there already"
        seen |= set(words)


def _fault(text: str, places: Places) -> str:
    try:
        found = places_of(text)
    except ValueError as error:
        return f"cannot be filled: {error}"
    unknown, missing = found - places.allowed, places.needed - found
    if unknown:
        return f"knows no {_listed(unknown)}"
    return f"lacks {_listed(missing)}" if missing else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
