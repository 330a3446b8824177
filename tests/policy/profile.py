"""The profiles as their files say them: each key with its comment and sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from cpmgw.config import loads
from cpmgw.policy import Policy, profile_text
from tests.test_config import least

SECTIONS: Final = re.compile(
    r"\s*\[((?:\d|Tables? \d|RFC|RCC|TS|SMPP|3GPP|Appendix|steps? \d)[^\]]*)\]"
)
HEAD: Final = re.compile(r"\[\[?([a-z_.]+)\]\]?")
DIVIDER: Final = re.compile(r"# ---- (.*) ----")
EXAMPLE: Final = re.compile(r"# (\[\[|\w+ = )")


class Meaning(msgspec.Struct, frozen=True):
    """What a profile's file says of a key: its comment and the sections in it."""

    text: str
    sections: tuple[str, ...]


def profile(name: str) -> Policy:
    """A profile as the configuration builds it."""
    return loads(least(gateway=f'profile = "{name}"'), {}).policy


def meanings(name: str) -> dict[str, Meaning]:
    """What a profile's file says of each key and table, by its path."""
    return dict(_meanings(profile_text(name).splitlines()))


def _meanings(lines: list[str]) -> Iterator[tuple[str, Meaning]]:
    table, base, used = "", "", False
    comment: list[str] = []
    for line in lines:
        if divider := DIVIDER.fullmatch(line):
            base = " ".join(SECTIONS.findall(divider[1]))
        elif not line:
            comment = []
        elif line.startswith("#"):
            comment = [*([] if used else comment), line]
            used = False
        elif head := HEAD.fullmatch(line):
            table = head[1]
            yield table, _meaning(comment, base)
        else:
            name = line.partition(" = ")[0]
            yield f"{table}.{name}".lstrip("."), _meaning(comment, base)
            used = True


def _meaning(comment: list[str], base: str) -> Meaning:
    text = " ".join(
        line.removeprefix("#").strip() for line in comment if not EXAMPLE.match(line)
    )
    sections = tuple(
        f"{base} {each}" if each.startswith("step") else each
        for each in SECTIONS.findall(text)
    )
    return Meaning(SECTIONS.sub("", text), sections)
