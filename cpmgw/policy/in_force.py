"""Which keys of [policy] have no effect yet, so that no key pretends.

A key is in force as soon as anything outside this package reads it; it leaves the list
below with that change (tests/policy/test_in_force.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_BY_TABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "pager_early_answer",
        "pager_early_after",
        "end_to_end_protection",
        "language_indicator",
    ),
    "email": (
        "address_form",
        "address_domain",
        "deliver_by",
        "deliver_by_mode",
        "session_priority",
        "longest_expiry",
    ),
    "simple_im": (
        "interwork",
        "first_message",
    ),
}

# Keys as the configuration names them below [policy]: "mms.relay".
NOT_IN_FORCE: Final = frozenset(
    f"{table}.{name}" if table else name
    for table, names in _BY_TABLE.items()
    for name in names
)


def without_effect(configuration: Mapping[str, object]) -> list[str]:
    """A remark for each key in a configuration's [policy] that nothing reads yet.

    The configuration is the table of its TOML, without a profile: what a profile says
    is not the operator's choice. What is no table in it is left to the reader.
    """
    return [
        f"policy.{path}: has no effect in this release"
        for path in _paths(configuration.get("policy"))
        if path in NOT_IN_FORCE
    ]


def _paths(policy: object) -> Iterator[str]:
    if not isinstance(policy, dict):
        return
    for name, value in policy.items():
        if value == {}:
            continue  # a head with nothing below it sets nothing
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{each}" for each in value if value[each] != {})
