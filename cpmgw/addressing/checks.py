"""What types cannot say of [dial_plan], [[directory]] and [enum]."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Final, TypeVar

from cpmgw.addressing.emergency import is_emergency
from cpmgw.addressing.names import (
    FOREIGN,
    MOST_CHARACTERS,
    is_name,
    user_key,
    user_uri,
)
from cpmgw.addressing.originator import display_text
from cpmgw.addressing.servers import parse_server
from cpmgw.addressing.settings import (
    MOST_ENTRIES,
    MOST_NAMES,
    MOST_RULES,
    MOST_SHORT_NUMBERS,
    DialPlanSettings,
    DialRule,
    DirectoryEntry,
    NamedUser,
)
from cpmgw.addressing.table import NUMBER, entry_uri
from cpmgw.cpm.identity import is_e164

# Of whom [[directory]] has the beginning.
_SOMEBODY: Final = "+15145550001"

PairFault = tuple[str, str]
T = TypeVar("T", bound=Hashable)


def faults_of_rules(rules: tuple[DialRule, ...]) -> Iterator[str]:
    """Of [[dial_plan.rules]]: how many they are, and those that say the same."""
    yield from _too_many(len(rules), MOST_RULES)
    for prefix, digits in _repeated((each.prefix, each.digits) for each in rules):
        which = f" of {digits} digits" if digits else ""
        yield f"the prefix {prefix!r}{which} stands there twice"


def faults_of_rule(rule: DialRule) -> Iterator[PairFault]:
    """Of one rule: lengths that no number can have."""
    if rule.digits and rule.digits < len(rule.prefix):
        yield "digits", "is less than the prefix has"
    if rule.digits and rule.strip > rule.digits:
        yield "strip", "is more than the digits"


def faults_of_short_numbers(numbers: tuple[str, ...]) -> Iterator[str]:
    """Of short_numbers: how many they are, and repetitions."""
    yield from _too_many(len(numbers), MOST_SHORT_NUMBERS)
    for number in _repeated(numbers):
        yield f"{number!r} stands there twice"


def faults_of_names(users: tuple[NamedUser, ...]) -> Iterator[str]:
    """Of [[dial_plan.names]]: each name has one user, and each user one name."""
    yield from _too_many(len(users), MOST_NAMES)
    for name in _repeated(each.name.casefold() for each in users):
        yield f"the name {name!r} stands there twice"
    uris = [uri for each in users if (uri := user_uri(each.uri)) is not None]
    for key in _repeated(user_key(each) for each in uris):
        if key is not None:
            yield f"the user {'@'.join(key)!r} stands there twice"


def faults_of_name(user: NamedUser) -> Iterator[PairFault]:
    """Of one name: what SMS has no room or character for, and whose URI it is."""
    if not is_name(user.name):
        yield (
            "name",
            f"{user.name!r} is not 1 to {MOST_CHARACTERS} characters of GSM and ASCII"
            " with a letter among them, nor is it who is hidden",
        )
    if user_uri(user.uri) is None:
        yield "uri", f"{user.uri!r} is no SIP URI of a user"
    if display_text(user.display) != user.display:
        yield "display", f"{user.display!r} is shown as {display_text(user.display)!r}"


def faults_of_directory(entries: tuple[DirectoryEntry, ...]) -> Iterator[str]:
    """Of [[directory]]: how many entries there are, and those for the same numbers."""
    yield from _too_many(len(entries), MOST_ENTRIES)
    for number, _ in _repeated((each.number, NUMBER in each.uri) for each in entries):
        yield f"{number!r} stands there twice"


def faults_of_entry(entry: DirectoryEntry) -> Iterator[PairFault]:
    """Of one entry: a URI that is none, or another's; a number that is a beginning."""
    is_whole = is_e164(entry.number)
    number = entry.number if is_whole else _SOMEBODY
    uri = user_uri(entry.uri.replace(NUMBER, number))
    if uri is None:
        yield "uri", f"{entry.uri!r} is no SIP URI of a user"
    elif (is_whole or NUMBER in entry.uri) and entry_uri(entry, number) is None:
        yield "uri", f"{entry.uri!r} is another's, or that of an emergency number"
    for name in FOREIGN:
        if uri is not None and uri.has(name):
            yield "uri", f"{entry.uri!r} holds {name}, which says nothing of a user"
    if NUMBER not in entry.uri and not is_whole:
        yield "number", f'is a whole number where the URI has no "{NUMBER}"'


def faults_of_servers(servers: tuple[str, ...]) -> Iterator[str]:
    """Of [enum] servers: what is no address."""
    for server in servers:
        try:
            parse_server(server)
        except ValueError as error:
            yield str(error)


def emergencies(settings: DialPlanSettings, country: str) -> Iterator[PairFault]:
    """What the dial plan would route and never does: emergency numbers by key."""
    for number in settings.short_numbers:
        if is_emergency(number, country):
            yield "short_numbers", f"{number!r} is an emergency number"
    for place, rule in enumerate(settings.rules):
        whole = rule.digits in (0, len(rule.prefix))
        if whole and is_emergency(rule.prefix, country):
            yield f"rules[{place}].prefix", f"{rule.prefix!r} is an emergency number"


def _too_many(count: int, limit: int) -> Iterator[str]:
    if count > limit:
        yield f"holds {count}, at most {limit} are allowed"


def _repeated(values: Iterable[T]) -> list[T]:
    return [value for value, count in Counter(values).items() if count > 1]
