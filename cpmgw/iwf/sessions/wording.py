"""What the IWF itself says in a session, in its user's language (TS 6.2.2.1.3 to .6).

What may be missing (a subject, a group's name, its members) stands best within
brackets or quotation marks: they go with it, and with all else that is in them.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.addressing.originator import (
    ANONYMOUS_NAME,
    Originator,
    display_text,
    is_anonymous,
)
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.texts import SessionTexts
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import AbsoluteUri, SipUri, Uri, parse_uri, unescape

Names = Literal["number", "name", "both"]

# -- languages -------------------------------------------------------------------------


class Wording:
    """The texts of each user, by the number (TS 6.2.2.1.3)."""

    def __init__(self, policy: SessionPolicy) -> None:
        texts = {each.language: each for each in policy.texts}
        self._otherwise = policy.texts[0]
        self._by_prefix = [
            (rule.prefix, texts[rule.language])
            for rule in sorted(policy.languages, key=lambda each: -len(each.prefix))
        ]

    def of(self, number: str) -> SessionTexts:
        """The texts of the longest prefix, otherwise of the first language.

        `number` is in E.164 form, or any other address.
        """
        for prefix, texts in self._by_prefix:
            if number.startswith(prefix):
                return texts
        return self._otherwise


# -- people ----------------------------------------------------------------------------


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A CPM user as a text can name one.

    `number` is in international form, `address` what names one who has no number:
    "alice@example.net", a short number or a name. Of one who is `hidden` only the
    `name` is shown, which is a pseudonym.
    """

    number: str = ""
    name: str = ""
    address: str = ""
    hidden: bool = False


def person_of(originator: Originator) -> Person:
    """The person that a request is from."""
    if originator.hidden:
        return Person(name=originator.display_name, hidden=True)
    address = originator.address
    if address is not None:
        return _addressed(address, originator.display_name)
    return Person(
        name=originator.display_name,
        address="" if originator.sip is None else _mailbox(originator.sip),
    )


def person_at(uri: str, name: str, plan: DialPlan) -> Person:
    """The person with a URI, as CPIM From and participant information name one.

    A URI that cannot be read names nobody.
    """
    try:
        parsed = parse_uri(uri)
    except SipSyntaxError:
        return Person(name=name)
    if is_anonymous(parsed):
        return Person(name=name, hidden=True)
    address = plan.address_of(parsed)
    if address is None:
        return Person(name=name, address=_mailbox(parsed))
    return _addressed(address, name or plan.display_name(address))


def shown(person: Person, names: Names) -> str:
    """A person by number, name or both (Table 8); what there is where one is missing.

    One line of bounded length, and never empty.
    """
    name = display_text(person.name)
    if person.hidden:
        return name or ANONYMOUS_NAME
    number = person.number
    if names == "both" and name and number and name != number:
        return f"{name} ({number})"
    best = name or number if names == "name" else number or name
    return best or display_text(person.address) or ANONYMOUS_NAME


def _addressed(address: PhoneAddress, name: str) -> Person:
    number = address.number
    if number is None:
        return Person(name=name, address=address.text)
    return Person(number=number, name=name)


def _mailbox(uri: Uri) -> str:
    """What a URI without a telephone number looks like to a reader."""
    if isinstance(uri, SipUri):
        return f"{unescape(uri.user)}@{uri.host}" if uri.user else uri.host
    return uri.opaque if isinstance(uri, AbsoluteUri) else uri.number


# -- texts -----------------------------------------------------------------------------
#
# `sender` and `participants` are as `shown` and `participants.listed` give them.
# Subjects and names of groups are cut and freed of control characters here.


def invitation(texts: SessionTexts, *, sender: str, subject: str = "") -> str:
    """An invitation to a session of two that asks for an answer (Table 4)."""
    return _filled(texts, texts.invitation, sender=sender, subject=subject)


def group_invitation(
    texts: SessionTexts,
    *,
    sender: str,
    group: str = "",
    subject: str = "",
    participants: str = "",
) -> str:
    """An invitation to a group that asks for an answer (6.2.2.1.3 step 2)."""
    return _filled(
        texts,
        texts.group_invitation,
        sender=sender,
        group=group,
        subject=subject,
        participants=participants,
    )


def invited(texts: SessionTexts, *, sender: str, subject: str = "") -> str:
    """That a session of two was accepted for the user (6.2.2.1.3)."""
    return _filled(texts, texts.invited, sender=sender, subject=subject)


def group_invited(
    texts: SessionTexts,
    *,
    sender: str,
    group: str = "",
    subject: str = "",
    participants: str = "",
) -> str:
    """That a group's session was accepted for the user (6.2.2.1.3 step 2)."""
    return _filled(
        texts,
        texts.group_invited,
        sender=sender,
        group=group,
        subject=subject,
        participants=participants,
    )


def late(
    texts: SessionTexts, *, sender: str, group: str = "", subject: str = ""
) -> str:
    """That an acceptance came too late (6.1.4 step 8e)."""
    return _filled(texts, texts.late, sender=sender, group=group, subject=subject)


def closed(texts: SessionTexts, *, sender: str, subject: str = "") -> str:
    """That a session of two was closed (Table 6)."""
    return _filled(texts, texts.closed, sender=sender, subject=subject)


def group_closed(texts: SessionTexts, *, group: str = "", subject: str = "") -> str:
    """That a group was left or closed (Table 6)."""
    return _filled(texts, texts.group_closed, group=group, subject=subject)


def how_to_leave(texts: SessionTexts, *, group: str = "") -> str:
    """How to leave a session (Table 7, 6.2.2.2.4 NOTE)."""
    return _filled(texts, texts.how_to_leave, group=group)


def participants(
    texts: SessionTexts, *, participants: str = "", group: str = ""
) -> str:
    """Who takes part in a group (Table 8)."""
    return _filled(texts, texts.participants, participants=participants, group=group)


def group_message(texts: SessionTexts, *, sender: str, text: str) -> str:
    """A message of a group with who wrote it (Table 7, CPIM From); `text` unchanged."""
    return _filled(texts, texts.group_message, sender=sender, text=text)


def _filled(
    texts: SessionTexts,
    template: str,
    *,
    sender: str = "",
    subject: str = "",
    group: str = "",
    participants: str = "",
    text: str = "",
) -> str:
    """A template with its places filled; what is filled in is not looked into again."""
    values = {
        "sender": sender,
        "subject": display_text(subject),
        "group": display_text(group),
        "participants": participants,
        "text": text,
        "accept": texts.accept[0],
        "reject": texts.reject[0],
        "leave": texts.leave[0],
    }
    empty = frozenset(name for name, value in values.items() if not value)
    return _without(template, empty).format_map(values)


_ENCLOSED: Final = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|\u201c[^\u201c\u201d]*\u201d"
    r"|\u201e[^\u201c\u201d\u201e]*[\u201c\u201d]|\u00ab[^\u00ab\u00bb]*\u00bb"
)
_PLACE: Final = re.compile(r"(?<!\{)\{([a-z]+)\}(?!\})")
# A place at the end of a sentence takes with it what announces it.
_AT_END: Final = re.compile(r"[ \t]*[:;,]?[ \t]*\0(?=[.!?]|\s*\Z)")
_WITHIN: Final = re.compile(r"[ \t]*\0")
_SEPARATORS: Final = " \t,:;-\u2013\u2014"


def _without(template: str, empty: frozenset[str]) -> str:
    """A template without the places that are empty, and without what encloses them.

    Blanks before a place go with it, and so does a separator that would begin the text
    or end a sentence.
    """
    if empty.isdisjoint(_PLACE.findall(template)):
        return template

    def dropped(match: re.Match[str]) -> str:
        names = _PLACE.findall(match[0])
        return "\0" if names and empty.issuperset(names) else match[0]

    marked = _PLACE.sub(dropped, _ENCLOSED.sub(dropped, template))
    kept = _WITHIN.sub("", _AT_END.sub("", marked))
    return kept.lstrip(_SEPARATORS) if marked.startswith("\0") else kept
