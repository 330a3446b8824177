"""What a user prefers, as rules, and which of them hold for a request (RFC 4745).

Pure: who asks and when are values. docs/decisions/0011-preferences.md says which
document these rules are read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from cpmgw.errors import CpmgwError
from cpmgw.isf.xdms.xui import Person, person_of


class PreferenceError(CpmgwError):
    """A document that says nothing now; `reason` is a word for it.

    One of "malformed", "wrong-root", "too-large" and "expired".
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(text or reason)
        self.reason = reason


class Period(msgspec.Struct, frozen=True):
    """From when until before when, in seconds since 1970 (RFC 4745 7.4)."""

    begin: float = -inf
    end: float = inf

    def holds(self, now: float) -> bool:
        """Whether this moment is in it."""
        return self.begin <= now < self.end


Periods = tuple[Period, ...]


class One(msgspec.Struct, frozen=True):
    """A single user (RFC 4745 7.1.1)."""

    key: str

    def matches(self, person: Person) -> bool:
        """Whether this is the user."""
        return bool(person.key) and person.key == self.key


class Many(msgspec.Struct, frozen=True):
    """All users, or those of a domain, with exceptions (RFC 4745 7.1.2, 7.1.3)."""

    domain: str | None = None
    but: frozenset[str] = frozenset()
    but_domains: frozenset[str] = frozenset()

    def matches(self, person: Person) -> bool:
        """Whether the user is one of them; who is not known is none of them."""
        return (
            bool(person.key)
            and (self.domain is None or person.domain == self.domain)
            and person.key not in self.but
            and person.domain not in self.but_domains
        )


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Which services are preferred, the best first, and on which conditions.

    `identities` and `periods` are None where there is no such condition. `is_anonymous`
    is for originators who hide, `is_for_others` for those whom no rule names.
    """

    services: tuple[str, ...] = ()
    identities: tuple[One | Many, ...] | None = None
    periods: Periods | None = None
    is_anonymous: bool = False
    is_for_others: bool = False

    def concerns(self, person: Person) -> bool:
        """Whether the rule is about this originator."""
        if self.is_anonymous and not person.is_anonymous:
            return False
        if self.identities is None:
            return True
        return any(each.matches(person) for each in self.identities)


class PreferenceDocument(msgspec.Struct, frozen=True):
    """The rules of a user, in the order in which they stand, and how long they hold."""

    rules: tuple[Rule, ...] = ()
    periods: Periods | None = None


def preferred(
    document: PreferenceDocument, originator: str, now: float
) -> tuple[str, ...]:
    """The services that the user prefers for messages from this originator.

    All rules that hold count (RFC 4745 10.1): those that name the originator first,
    then those for everybody, each in the order of the document; a rule for others only
    where none names the originator. PreferenceError ("expired") where what would have
    been preferred is not valid any more.
    """
    if _is_over(document.periods, now):
        raise PreferenceError("expired")
    if not _holds(document.periods, now):
        return ()
    person = person_of(originator)
    rules = [each for each in document.rules if each.concerns(person)]
    named = any(
        each.identities is not None and _holds(each.periods, now) for each in rules
    )
    rules = [each for each in rules if not (named and each.is_for_others)]
    services = _joined([each for each in rules if _holds(each.periods, now)])
    if not services and any(r.services and _is_over(r.periods, now) for r in rules):
        raise PreferenceError("expired")
    return services


def _holds(periods: Periods | None, now: float) -> bool:
    return periods is None or any(each.holds(now) for each in periods)


def _is_over(periods: Periods | None, now: float) -> bool:
    return bool(periods) and all(each.end <= now for each in periods or ())


def _joined(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The services of all rules, the narrower rules first, each service once."""
    found: dict[str, str] = {}
    for rule in sorted(rules, key=lambda each: each.identities is None):
        for service in rule.services:
            found.setdefault(service.lower(), service)
    return tuple(found.values())
