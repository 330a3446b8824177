"""Mapping tables: rows of the specification that are data, and the walk over them.

The TS describes every translation as a numbered table, a row a parameter. Here a row
pairs the names of that parameter with a rule: a function of the procedure's source
value that gives what to write, or None to leave the parameter out. The modules under
`tables/` hold only such rows, in the order of the TS.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, Generic, TypeVar

Source = TypeVar("Source")
# Statuses of one protocol, and what another has for them.
Status = TypeVar("Status", bound=Hashable)
Meaning = TypeVar("Meaning")
# A rule that needs less of its source serves each source that has more.
Needed = TypeVar("Needed", contravariant=True)
Rule = Callable[[Source], Any]


class Presence(Enum):
    """The "status" column of a table: what the target protocol says of a parameter."""

    MANDATORY = "Mandatory"
    OPTIONAL = "Optional"
    CONDITIONAL = "Conditional"


MANDATORY: Final = Presence.MANDATORY
OPTIONAL: Final = Presence.OPTIONAL
CONDITIONAL: Final = Presence.CONDITIONAL


class Row(Generic[Needed]):
    """One row: the parameters it sets, their presence, and the rule that sets them.

    `names` is one name, or several separated by ", " where one row of the TS sets
    them together; then the rule gives a sequence of as many values.
    """

    __slots__ = ("names", "presence", "rule")

    def __init__(self, names: str, presence: Presence, rule: Rule[Needed]) -> None:
        self.names = tuple(names.split(", "))
        self.presence = presence
        self.rule = rule


class Table(Generic[Source]):
    """A numbered table of the TS."""

    def __init__(
        self, number: int, section: str, *, rows: Iterable[Row[Source]]
    ) -> None:
        self.number = number
        self.section = section
        self.rows = tuple(rows)
        self._walk = tuple(
            (row.names[0] if len(row.names) == 1 else row.names, row.rule)
            for row in self.rows
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every parameter that the table speaks of, in its order."""
        return tuple(name for row in self.rows for name in row.names)

    def apply(self, source: Source) -> dict[str, Any]:
        """Evaluate the rows in order; what is None is left out."""
        values: dict[str, Any] = {}
        for name, rule in self._walk:
            value = rule(source)
            if value is None:
                continue
            if isinstance(name, str):
                values[name] = value
            else:
                values.update(zip(name, value, strict=True))
        return values


class Correspondence(Generic[Status, Meaning]):
    """A table from one protocol's status values to another's, read by `of`.

    What no row names falls to the most general entry that matches: `families` maps a
    function's result (a class of codes) to a value; `default` is the last resort.
    """

    def __init__(
        self,
        number: int,
        section: str,
        *,
        rows: Mapping[Status, Meaning],
        family: Callable[[Status], Hashable] | None = None,
        families: Mapping[Any, Meaning] | None = None,
        default: Meaning,
    ) -> None:
        self.number = number
        self.section = section
        self.rows = rows
        self._family = family
        self._families = families or {}
        self._default = default

    def of(self, status: Status) -> Meaning:
        """The other protocol's status for this one."""
        exact = self.rows.get(status)
        if exact is not None:
            return exact
        if self._family is None:
            return self._default
        return self._families.get(self._family(status), self._default)


def response_class(status: int) -> int:
    """The class of a SIP status code: its hundreds (RFC 3261 7.2)."""
    return status // 100


# -- rules that every table can use ------------------------------------------------


def constant(value: Any) -> Rule[Any]:
    """The same value whatever the source."""

    def rule(_source: Any) -> Any:
        return value

    return rule


def null(_source: Any) -> str:
    """SMPP's NULL for a C-octet string: the empty string."""
    return ""


def zero(_source: Any) -> int:
    """SMPP's NULL for an integer: zero."""
    return 0


def nothing(_source: Any) -> None:
    """The parameter is written by a lower layer; the row stands for the reader."""
