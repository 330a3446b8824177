"""The User Access Policy document of an XDMS: octets to rules (RFC 4745).

Sans-I/O. Names count without their namespace: OMA's extensions of common policy are
found in several. docs/decisions/0011-preferences.md says what is read and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

import msgspec
from lxml import etree

from cpmgw.cpm.markup import XmlLimits, children, content_of, local_name, parse_xml
from cpmgw.cpm.timestamp import parse_datetime
from cpmgw.isf.xdms.rules import (
    Many,
    One,
    Period,
    Periods,
    PreferenceDocument,
    PreferenceError,
    Rule,
)
from cpmgw.isf.xdms.xui import person_of

ROOT: Final = "ruleset"
ENABLER: Final = "CPM"
MOST_RULES: Final = 200
MOST_SERVICES: Final = 16
"""Services of one rule that are read; what stands behind them is not."""

# The actions that name a preferred delivery mechanism, unless others are configured.
ACTIONS: Final = (
    "preferred-delivery-mechanism",
    "preferred-delivery",
    "preferred-service",
)

# How a mechanism may be written: TS 5.1 step 7 says "SMS, MMS, e-mail", Appendix D has
# the identifiers. What is not here is an identifier of its own.
MECHANISMS: Final = {
    "sms": "SMS",
    "mms": "MMS",
    "email": "email",
    "e-mail": "email",
    "mail": "email",
}

# Where an element inside such an action may name one.
_ATTRIBUTES: Final = ("enabler", "name", "value", "id")
_BETWEEN: Final = re.compile(r"[\s,;]+")
# Appendix D: a token.
_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,32}")


def read_preferences(
    data: bytes, max_size: int = 65_536, actions: Collection[str] = ACTIONS
) -> PreferenceDocument:
    """Read a document; PreferenceError if it is none, or too large.

    `actions` are the names of the elements that say which services are preferred.
    """
    if len(data) > max_size:
        raise PreferenceError("too-large", f"document of {len(data)} octets")
    try:
        root = parse_xml(data, XmlLimits(max_size=max_size))
    except ValueError as error:
        raise PreferenceError("malformed", str(error)) from error
    if local_name(root) != ROOT:
        raise PreferenceError("wrong-root", "root element is not ruleset")
    elements = [each for name, each in children(root) if name == "rule"]
    if len(elements) > MOST_RULES:
        raise PreferenceError("too-large", f"more than {MOST_RULES} rules")
    names = frozenset(each.lower() for each in actions)
    read = (_rule(each, names) for each in elements)
    validity = [each for name, each in children(root) if name == "validity"]
    periods = tuple(period for each in validity for period in _periods(each))
    return PreferenceDocument(
        tuple(each for each in read if each is not None),
        periods if validity else None,
    )


def _rule(element: etree._Element, actions: Collection[str]) -> Rule | None:
    """A rule; None where one of its conditions can never be found true here."""
    conditions: dict[str, etree._Element] = {}
    services: list[str] = []
    for part, inside in children(element):
        for name, each in children(inside):
            if part == "conditions":
                if name in conditions or name not in _CONDITIONS:
                    return None
                conditions[name] = each
            elif part == "actions" and name in actions:
                services += _services(each)
    rule = Rule(services=tuple(dict.fromkeys(services))[:MOST_SERVICES])
    for name, each in conditions.items():
        narrowed = _CONDITIONS[name](rule, each)
        if narrowed is None:
            return None
        rule = narrowed
    return rule


# -- conditions ------------------------------------------------------------------------


def _identity(rule: Rule, element: etree._Element) -> Rule | None:
    """Who the originator must be: one of these (RFC 4745 7.1)."""
    found: list[One | Many] = []
    for name, each in children(element):
        if name == "one" and (key := person_of(each.get("id", "")).key):
            found.append(One(key))
        elif name == "many" and (many := _many(each)) is not None:
            found.append(many)
    return msgspec.structs.replace(rule, identities=tuple(found)) if found else None


def _many(element: etree._Element) -> Many | None:
    """Many, with exceptions; None, which is nobody, where one of them is unreadable."""
    domain = element.get("domain")
    but, but_domains = set(), set()
    for name, each in children(element):
        if name != "except":
            continue
        key, excepted = person_of(each.get("id", "")).key, each.get("domain")
        if key:
            but.add(key)
        elif excepted:
            but_domains.add(excepted.lower())
        else:
            return None
    return Many(
        None if domain is None else domain.lower(),
        frozenset(but),
        frozenset(but_domains),
    )


def _validity(rule: Rule, element: etree._Element) -> Rule | None:
    """When the rule holds: within one of these periods (RFC 4745 7.4)."""
    periods = _periods(element)
    return msgspec.structs.replace(rule, periods=periods) if periods else None


def _periods(element: etree._Element) -> Periods:
    """Pairs of from and until; one that is missing is open, one that is no time ends
    the pair it stands in.
    """
    found: list[tuple[str, str]] = []
    for name, each in children(element):
        text = content_of(each) or "?"
        if name == "from":
            found.append((text, ""))
        elif name == "until" and found and not found[-1][1]:
            found[-1] = (found[-1][0], text)
        elif name == "until":
            found.append(("", text))
    periods = (_period(*each) for each in found)
    return tuple(each for each in periods if each is not None)


def _period(begin: str, end: str) -> Period | None:
    start = parse_datetime(begin) if begin else -float("inf")
    stop = parse_datetime(end) if end else float("inf")
    return None if start is None or stop is None else Period(start, stop)


def _service_list(rule: Rule, element: etree._Element) -> Rule | None:
    """The rule is about CPM (conversation TS 8.3.1.1 step 4)."""
    enablers = [
        each.get("enabler", "").strip().upper()
        for name, each in children(element)
        if name == "service"
    ]
    return rule if ENABLER in enablers else None


def _media_list(rule: Rule, element: etree._Element) -> Rule | None:
    """What is carried: the Participating Function has looked at that already, and
    which service can carry it is asked in TS 5.1 step 5.
    """
    return rule


def _anonymous_request(rule: Rule, element: etree._Element) -> Rule | None:
    """The originator hides (OMA common policy)."""
    return msgspec.structs.replace(rule, is_anonymous=True)


def _other_identity(rule: Rule, element: etree._Element) -> Rule | None:
    """No other rule names the originator (OMA common policy)."""
    return msgspec.structs.replace(rule, is_for_others=True)


# A condition that is not here is not known to be true, and its rule does not hold
# (RFC 4745 7): sphere, external-list and upp-list among them.
_CONDITIONS: Final[Mapping[str, Callable[[Rule, etree._Element], Rule | None]]] = {
    "identity": _identity,
    "validity": _validity,
    "service-list": _service_list,
    "media-list": _media_list,
    "anonymous-request": _anonymous_request,
    "other-identity": _other_identity,
}


# -- actions ---------------------------------------------------------------------------


def _services(action: etree._Element) -> Iterator[str]:
    """The services that an action names, the best first.

    In its text, with blanks, commas or semicolons between them, and then in its
    elements: by an attribute, by their text, or, being empty, by their name.
    """
    for word in _BETWEEN.split(content_of(action)):
        yield from _service(word)
    for element in action:
        attributes = (element.get(name, "").strip() for name in _ATTRIBUTES)
        named = next(filter(None, attributes), "")
        tag = str(element.tag).rpartition("}")[2]
        yield from _service(named or content_of(element) or tag)


def _service(word: str) -> Iterator[str]:
    """The Non-CPM Communication Service Identifier that a word means, if it is one."""
    known = MECHANISMS.get(word.lower())
    if known is not None:
        yield known
    elif _TOKEN.fullmatch(word):
        yield word
