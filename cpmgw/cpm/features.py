"""CPM feature tags: which feature a request uses (conversation TS App. H, A1).

3GPP TS 24.229 7.2A.8.2 writes the colons of the URN as %3A inside a feature tag.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import unquote

ACCEPT_CONTACT: Final = "Accept-Contact"
P_ASSERTED_SERVICE: Final = "P-Asserted-Service"
P_PREFERRED_SERVICE: Final = "P-Preferred-Service"

_URN: Final = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm."
_TAG: Final = "+g.3gpp.icsi-ref"
# Header lines up to this length are read once, in characters.
_MOST_REMEMBERED: Final = 4_096


class Feature(Enum):
    """The CPM features, by the last word of their ICSI (H.3 Table 6)."""

    PAGER = "msg"
    LARGE = "largemsg"
    FILE = "filetransfer"
    SESSION = "session"
    DEFERRED = "deferred"
    SYSTEM = "systemmsg"


_FEATURES: Final = {feature.value: feature for feature in Feature}
_NONE: Final[frozenset[Feature]] = frozenset()

# Only these have a .group service (H.3 Table 6).
GROUP_FEATURES: Final = frozenset(
    (Feature.PAGER, Feature.LARGE, Feature.FILE, Feature.SESSION)
)


class HeaderSource(Protocol):
    """What is needed of a message's headers."""

    def raw(self, name: str) -> list[str]:
        """Give the value of each header line of that name."""


def icsi(feature: Feature, group: bool = False) -> str:
    """Give a feature's ICSI, the value of P-Asserted-Service (H.3).

    `group` is the service towards several users; Accept-Contact never has it.
    """
    if group and feature in GROUP_FEATURES:
        return f"{_URN}{feature.value}.group"
    return f"{_URN}{feature.value}"


def tag(feature: Feature) -> str:
    """Give a feature's tag with its value, for Contact (H.3)."""
    return _TAGS[feature]


def accept_contact(feature: Feature) -> str:
    """Give the Accept-Contact value that asks for a feature (H.2, RFC 3841)."""
    return _ACCEPT_CONTACTS[feature]


_TAGS: Final = {f: f'{_TAG}="{icsi(f).replace(":", "%3A")}"' for f in Feature}
_ACCEPT_CONTACTS: Final = {f: f"*;{text}" for f, text in _TAGS.items()}


def features_of(headers: HeaderSource) -> frozenset[Feature]:
    """Give the CPM features a request names in Accept-Contact, else in Contact (H.2).

    A Contact may name all that its user agent can do (RFC 3840); one that names
    features, but none of those that are asked for, has its own beside them.

    Tags are taken in any case, with ":" or "%3A", quoted or not, and in lists.
    """
    lines = headers.raw(ACCEPT_CONTACT)
    if len(lines) == 1:
        found = _in_line(lines[0])
    else:
        found = _in_lines(lines)
    able = _in_lines(headers.raw("Contact"))
    return found | able if found.isdisjoint(able) else found


def service_of(headers: HeaderSource) -> tuple[Feature, bool] | None:
    """Give the first CPM service of `services_of`."""
    services = services_of(headers)
    return services[0] if services else None


def services_of(headers: HeaderSource) -> list[tuple[Feature, bool]]:
    """Give the CPM services of P-Asserted-Service, else of P-Preferred-Service (H.1).

    The second value of each tells whether it is the group's.
    """
    for name in (P_ASSERTED_SERVICE, P_PREFERRED_SERVICE):
        found = [
            service
            for line in headers.raw(name)
            for value in line.split(",")
            if (service := _service(value))
        ]
        if found:
            return found
    return []


def _in_lines(lines: list[str]) -> frozenset[Feature]:
    found = _NONE
    for line in lines:
        found |= _in_line(line)
    return found


def _in_line(line: str) -> frozenset[Feature]:
    return _remembered(line) if len(line) <= _MOST_REMEMBERED else _parsed(line)


def _parsed(line: str) -> frozenset[Feature]:
    """Find the features in one header line."""
    found = set()
    for name, value in _parameters(line):
        if name != _TAG:
            continue
        # A list inside one quoted string (RFC 3840 9); <> would make it a string.
        for item in value.split(","):
            if service := _service(item.strip().strip("<>")):
                found.add(service[0])
    return frozenset(found)


_remembered = lru_cache(maxsize=256)(_parsed)


def _service(text: str) -> tuple[Feature, bool] | None:
    """Read an ICSI; anything after the feature beside .group is another service."""
    urn = unquote(text).strip().lower()
    if not urn.startswith(_URN):
        return None
    name = urn[len(_URN) :]
    bare = name.removesuffix(".group")
    feature = _FEATURES.get(bare)
    return None if feature is None else (feature, bare != name)


def _parameters(line: str) -> list[tuple[str, str]]:
    """Give the header parameters of every value, those inside <uri> left out."""
    found = []
    for piece in _pieces(line):
        name, _, value = piece.partition("=")
        found.append((name.strip().lower(), value.strip().strip('"')))
    return found


def _pieces(line: str) -> list[str]:
    """Split at ; and , outside of quotes and angle brackets."""
    pieces = []
    start = 0
    closing = ""
    for position, character in enumerate(line):
        if closing:
            if character == closing and line[position - 1] != "\\":
                closing = ""
        elif character == '"':
            closing = '"'
        elif character == "<":
            closing = ">"
        elif character in ";,":
            pieces.append(line[start:position])
            start = position + 1
    pieces.append(line[start:])
    return pieces
