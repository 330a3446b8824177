"""The page docs/policies.md: what a provider may choose, and where it stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from cpmgw.policy import profile_text
from tests.policy.keys import Key, keys
from tests.policy.places import PLACES
from tests.policy.profile import Meaning, meanings

PAGE: Final = "docs/policies.md"

HEAD: Final = """\
# Policies

Each "service provider policy" of OMA-TS-CPM_Interworking_Function V2.2, and each choice
that GSMA RCC.10 8.0 makes for RCS, is a key of `[policy]` or of a table in it.
{force} of {all} keys are in force. `twistd cpmgw --check` remarks upon one that is not:
it is read and checked, and has no effect in this release.

`scripts/policies` writes this page from the structs in `cpmgw/policy/`, from the
[profiles](../etc/profiles/oma.toml), and from what the sources read. A section is the
TS's unless RCC.10 or a standard is named; rcs is shown where it differs from oma.
"""
TABLE: Final = """\

## {title}

| key | oma | rcs | section | meaning | in force |
|---|---|---|---|---|---|
"""
BY_PLACE: Final = """\

## By section of the TS

Each place that leaves a choice to the service provider, and the key that answers it.

| place | key |
|---|---|
"""
ELSEWHERE: Final = """\

## What is chosen elsewhere

These choices of the TS belong to one peer or to the node, and stand there.

| choice | section | where |
|---|---|---|
| protocol_id, by the type of network | Tables 1, 4, 6 to 8 | `[[smsc]] protocol_id` |
| the mode in esm_class | Tables 1, 4, 6 to 8 | `[[smsc]] messaging_mode` |
| data_coding | Tables 1, 4, 6 and 7 | `[smsc.text] alphabets` |
| how long text is cut | Tables 1, 7 and 8 | `[smsc.text] segmentation` |
| which SM-SC a number goes to | 6.2.2 | `[[smsc]] prefixes` |
| the addresses in events | 6.2.3.2 | `[sip] address`, `[sip] participating_function` |
| who may assert identities | RFC 3325 | `[sip] trusted` |
| the conversion for other services | 6.1.5.1 | the IWF of the service: `[[iwf]]` |
| delivery of SMS over CS, PS or IP | 6.2.1 Note 2 | the SM-SC and its IP-SM-GW |
"""


def page(in_force: set[str]) -> str:
    """The page as it has to be, where these keys are in force."""
    known = keys()
    oma, rcs = _table("oma"), _table("rcs")
    notes = meanings("oma"), meanings("rcs")
    head = HEAD.format(force=len(in_force), all=len(known))
    tables = groupby(
        sorted(known, key=lambda key: key.table), key=lambda key: key.table
    )
    return (
        head
        + "".join(
            TABLE.format(title=f"`[policy.{table}]`" if table else "`[policy]`")
            + "".join(_row(key, oma, rcs, notes, key.path in in_force) for key in rows)
            for table, rows in tables
        )
        + BY_PLACE
        + "".join(
            f"| {_cell(place)} | {_listed(names)} |\n"
            for place, names in PLACES.items()
        )
        + ELSEWHERE
    )


def _table(name: str) -> Mapping[str, object]:
    return tomllib.loads(profile_text(name))


def _row(
    key: Key,
    oma: Mapping[str, object],
    rcs: Mapping[str, object],
    notes: tuple[Mapping[str, Meaning], Mapping[str, Meaning]],
    in_force: bool,
) -> str:
    standard, changed = _value(oma, key), _value(rcs, key)
    shown = changed if changed not in ("", standard) else ""
    ours, theirs = (each.get(key.path) for each in notes)
    sections = [
        *(ours.sections if ours else ()),
        *(f"RCC.10 {section}" for section in (theirs.sections if theirs else ())),
    ]
    cells = (
        f"`{key.name}`",
        standard,
        shown,
        "; ".join(dict.fromkeys(sections)),
        ours.text if ours else "",
        "yes" if in_force else "no",
    )
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _value(profile: Mapping[str, object], key: Key) -> str:
    """A key's value in a profile's file as TOML would have it, "" if not there."""
    table = profile.get(key.table, {}) if key.table else profile
    if not isinstance(table, dict) or key.name not in table:
        return ""
    value = table[key.name]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _listed(f"[{each['language']}]" for each in value)
    if isinstance(value, dict):
        return _listed(f"{name} = {_plain(each)}" for name, each in value.items())
    return f"`{_plain(value)}`"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(_plain(each) for each in value)}]"
    return str(value)


def _cell(text: str) -> str:
    for sign in "|<":
        text = text.replace(sign, f"\\{sign}")
    return text
