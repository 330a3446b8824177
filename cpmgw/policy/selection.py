"""What a service provider may choose of the selection of a service (TS 5.1)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.policy.fixed_table import fix_tables

# A Non-CPM Communication Service Identifier (TS Appendix D): SMS, MMS, email or another
# token.
ServiceName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[A-Za-z0-9.!%*_+`'~-]{1,32}\Z",
        description='the name of a service ("SMS", "MMS", "email" or another)',
    ),
]
# What is interworked: the request by its feature tag, a session with a group apart.
KindName = Literal["pager", "large", "file", "session", "group", "notification"]
NumberPrefix = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A\+[0-9]{0,15}\Z",
        description="+ and the digits that numbers begin with",
    ),
]
# What a user's address may be, as `AddressKind` has it.
OriginatorKind = Literal["e164", "short", "name"]
ErrorStatus = Annotated[int, msgspec.Meta(ge=400, le=699)]

ALL_SERVICES: tuple[str, ...] = ("SMS", "MMS", "email")


def _services() -> dict[KindName, tuple[ServiceName, ...]]:
    return {
        "pager": ALL_SERVICES,
        "large": ALL_SERVICES,
        "file": ("MMS", "email"),
        "session": ALL_SERVICES,
        "group": ALL_SERVICES,
        "notification": ALL_SERVICES,
    }


class TargetRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which services may reach the users whose numbers begin so (TS 5.1 step 2)."""

    prefix: NumberPrefix
    services: tuple[ServiceName, ...]


class SelectionPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.selection]: steps 1 to 13 of TS 5.1; sizes in octets.

    etc/profiles/oma.toml says of each key what it does and which step asks for it.
    """

    services: dict[KindName, tuple[ServiceName, ...]] = msgspec.field(
        default_factory=_services
    )
    targets: tuple[TargetRule, ...] = ()
    network: Literal["terminating", "originating"] = "terminating"
    served: tuple[NumberPrefix, ...] = ()
    originating: tuple[KindName, ...] = (
        "pager",
        "large",
        "file",
        "session",
        "group",
        "notification",
    )
    originators: tuple[OriginatorKind, ...] = ("e164", "short", "name")
    text_size_limit: Annotated[int, msgspec.Meta(ge=0)] = 0
    large_text: Annotated[int, msgspec.Meta(ge=0)] = 560
    mixed_content: Literal["last", "refuse"] = "last"
    most_streams: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    identifier: Literal["ignore", "prefer", "require"] = "prefer"
    preferences: Literal["ignore", "prefer", "require"] = "prefer"
    preferences_unavailable: Literal["ignore", "refuse"] = "ignore"
    reselection: Literal["never", "alternatives", "always"] = "alternatives"
    no_reselection: tuple[ErrorStatus, ...] = (
        400,
        408,
        487,
        500,
        504,
        600,
        603,
        604,
        606,
    )
    release_number: Literal["timeout", "failure"] = "timeout"

    def __post_init__(self) -> None:
        fix_tables(self)

    def services_for(self, kind: str) -> tuple[str, ...]:
        """The services that may carry this kind of request, the best first (step 1)."""
        allowed: dict[str, tuple[str, ...]] = self.services  # type: ignore[assignment]
        return allowed.get(kind, ())

    def rule_for(self, number: str) -> TargetRule | None:
        """The rule of the longest prefix that a target's number has (step 2)."""
        fitting = [each for each in self.targets if number.startswith(each.prefix)]
        return max(fitting, key=lambda each: len(each.prefix), default=None)


def contradictions(policy: SelectionPolicy) -> dict[str, str]:
    """What cannot be meant together: the key, and why."""
    faults = {}
    missing = [kind for kind in _services() if kind not in policy.services]
    if missing:
        faults["services"] = f"lacks {', '.join(missing)}"
    for kind, names in policy.services.items():
        folded = [name.lower() for name in names]
        if len(set(folded)) != len(folded):
            faults[f"services.{kind}"] = "names a service twice"
    prefixes = [each.prefix for each in policy.targets]
    if len(set(prefixes)) != len(prefixes):
        faults["targets"] = "has a prefix twice"
    return faults
