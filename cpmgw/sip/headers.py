"""The header fields of a message, in order, and the values in them (RFC 3261 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cpmgw.sip import grammar
from cpmgw.sip.fields import (
    CSeq,
    NameAddr,
    Valued,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_valued,
    parse_via,
)
from cpmgw.sip.grammar import Parameters, parse_parameters
from cpmgw.sip.names import KEYS, LISTS, key_of

__all__ = [
    "CSeq",
    "Headers",
    "NameAddr",
    "Parameters",
    "Valued",
    "Via",
    "parse_cseq",
    "parse_name_addr",
    "parse_parameters",
    "parse_valued",
    "parse_via",
]

Fields = tuple[tuple[str, str], ...]
Index = dict[str, list[str]]


class Headers:
    """Header fields as they stand in the message: an immutable, ordered multimap.

    Names are found in any case and in their compact forms; each (name, value) pair is
    one line of the message, unfolded. No Struct, as its index is made once and late.
    """

    __slots__ = ("_fields", "_index")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: Fields = tuple(fields)
        self._index: Index | None = None

    @classmethod
    def indexed(cls, fields: Fields, index: Index) -> Headers:
        """Headers whose index the parser has made on its way."""
        headers = cls.__new__(cls)
        headers._fields = fields
        headers._index = index
        return headers

    def _lines(self, name: str) -> list[str]:
        index = self._index
        if index is None:
            index = self._indexed()
        return index.get(KEYS.get(name) or name.lower()) or []

    def _indexed(self) -> Index:
        index: Index = {}
        for key, value in self._fields:
            index.setdefault(KEYS.get(key) or key_of(key), []).append(value)
        self._index = index
        return index

    def raw(self, name: str) -> list[str]:
        """The value of each line of this name."""
        return list(self._lines(name))

    def all(self, name: str) -> list[str]:
        """Every value; those of a list header are split at their commas."""
        lines = self._lines(name)
        if key_of(name) not in LISTS:
            return list(lines)
        if len(lines) == 1:
            return grammar.split_list(lines[0])
        return [value for line in lines for value in grammar.split_list(line)]

    def get(self, name: str) -> str | None:
        """The first value, None if there is none."""
        lines = self._lines(name)
        if not lines:
            return None
        if key_of(name) not in LISTS:
            return lines[0]
        for line in lines:
            for value in grammar.split_list(line):
                return value
        return None

    def addresses(self, name: str) -> list[NameAddr]:
        """Every value as an address: Contact, Route, P-Asserted-Identity, ..."""
        return [parse_name_addr(value) for value in self.all(name)]

    @property
    def repeats(self) -> bool:
        """Whether some name has more than one line."""
        self._lines("")
        return len(self._index or ()) != len(self._fields)

    def __contains__(self, name: str) -> bool:
        index = self._index
        if index is None:
            index = self._indexed()
        return (KEYS.get(name) or name.lower()) in index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._comparable() == other._comparable()

    def __hash__(self) -> int:
        return hash(self._comparable())

    def _comparable(self) -> Fields:
        return tuple([(key_of(name), value) for name, value in self._fields])

    def __repr__(self) -> str:
        return f"Headers({', '.join([name for name, _ in self._fields])})"

    def with_added(self, name: str, value: str) -> Headers:
        """One more line at the end."""
        return Headers((*self._fields, (name, value)))

    def with_first(self, name: str, value: str) -> Headers:
        """One more line before all others: a new topmost Via or Route."""
        return Headers(((name, value), *self._fields))

    def with_first_replaced(self, name: str, value: str) -> Headers:
        """The first value of a list header replaced: the topmost Via, with `rport`."""
        return self._spliced(name, [value])

    def without_first(self, name: str) -> Headers:
        """Without the first value of a list header: the topmost Via or Route."""
        return self._spliced(name, [])

    def _spliced(self, name: str, values: list[str]) -> Headers:
        key, fields = key_of(name), list(self._fields)
        for at, (spelling, line) in enumerate(fields):
            if key_of(spelling) == key:
                rest = grammar.split_list(line)[1:]
                joined = ", ".join(values + rest)
                fields[at : at + 1] = [(spelling, joined)] if joined else []
                return Headers(fields)
        return Headers(fields + [(name, value) for value in values])

    def with_replaced(self, name: str, value: str) -> Headers:
        """One line of this name, where the first of them was, or at the end."""
        key, fields, placed = key_of(name), [], False
        for field in self._fields:
            if key_of(field[0]) != key:
                fields.append(field)
            elif not placed:
                fields.append((name, value))
                placed = True
        if not placed:
            fields.append((name, value))
        return Headers(fields)

    def without(self, name: str) -> Headers:
        """Without any line of this name."""
        key = key_of(name)
        return Headers([field for field in self._fields if key_of(field[0]) != key])
