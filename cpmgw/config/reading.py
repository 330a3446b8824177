"""From tables of TOML to structs, key by key, so that every fault is found at once."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from enum import Enum
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec

# What a field may not be beyond its type: gives what is wrong with a value.
Check = Callable[[Any], Iterable[str]]
# What the keys of one table may not be together: gives key and fault.
TableCheck = Callable[[Any], Iterable[tuple[str, str]]]

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MISSING: Final = object()
MOST_SECRET_OCTETS: Final = 4096
# Of a number that is shown.
_MOST_BITS: Final = 64
# Keys that may be read from a file of their own.
_SECRETS: Final = ("password", "token")


class Fault(NamedTuple):
    """One thing wrong with a configuration: the key's path, and what."""

    path: str
    text: str


class _Verbatim(str):
    """A string from elsewhere than the TOML, in which ${ has no meaning."""


class Rules(NamedTuple):
    """The checks beyond types: by struct and field, and by struct."""

    fields: Mapping[tuple[type, str], Check]
    tables: Mapping[type, TableCheck]


class Reader:
    """Reads the tables of one file; what is wrong gathers in `faults`."""

    def __init__(self, rules: Rules, environment: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self._rules = rules
        self._environment = environment

    def struct(self, kind: type[Any], table: Any, path: str) -> Any:
        """The struct of a table, or None if anything in it is wrong."""
        if not isinstance(table, dict):
            self._fault(path, "must be a table")
            return None
        before = len(self.faults)
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        self._unknown(table, fields, path)
        for name in _SECRETS:
            if f"{name}_file" in fields:
                table = self._with_secret(table, path, name)
        values = {}
        for name, field in fields.items():
            at = _join(path, name)
            if name in table:
                value = self._value(field.type, table[name], at)
                check = self._rules.fields.get((kind, name))
                if check is not None and value is not _MISSING:
                    self.faults += [Fault(at, text) for text in check(value)]
                values[field.name] = value
            elif field.required:
                self._fault(at, "is missing")
        if len(self.faults) > before:
            return None
        return self._built(kind, values, path)

    def _built(self, kind: type[Any], values: dict[str, Any], path: str) -> Any:
        try:
            made = kind(**values)
        except ValueError as error:
            # A struct of another package that refuses values says "key: why".
            name, _, text = str(error).partition(": ")
            self._fault(_join(path, name), text or "is refused")
            return None
        together = self._rules.tables.get(kind)
        faults = list(together(made)) if together is not None else []
        self.faults += [Fault(_join(path, name), text) for name, text in faults]
        return None if faults else made

    def _fault(self, path: str, text: str) -> None:
        self.faults.append(Fault(path, text))

    def _unknown(
        self, table: Mapping[str, Any], known: Iterable[str], path: str
    ) -> None:
        known = list(known)
        for name in table:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f", did you mean {near[0]}?" if near else ""
                self._fault(_join(path, name), f"unknown key{hint}")

    # -- values ------------------------------------------------------------------------

    def _value(self, kind: Any, value: Any, path: str) -> Any:
        """A value of a field's type, or _MISSING if it is not one."""
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            made = self.struct(kind, value, path)
            return _MISSING if made is None else made
        if get_origin(kind) is tuple:
            return self._items(get_args(kind)[0], value, path)
        if get_origin(kind) is dict:
            key_kind, value_kind = get_args(kind)
            return self._entries(key_kind, value_kind, value, path)
        return self._scalar(kind, value, path)

    def _items(self, kind: Any, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            self._fault(path, "must be a list")
            return _MISSING
        items = tuple(
            self._value(kind, item, f"{path}[{number}]")
            for number, item in enumerate(value)
        )
        return _MISSING if _MISSING in items else items

    def _entries(self, key_kind: Any, kind: Any, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            self._fault(path, "must be a table")
            return _MISSING
        self._unknown(value, get_args(key_kind), path)
        entries = {
            name: self._value(kind, each, _join(path, name))
            for name, each in value.items()
        }
        return _MISSING if _MISSING in entries.values() else entries

    def _scalar(self, kind: Any, value: Any, path: str) -> Any:
        if isinstance(value, _Verbatim):
            value = str(value)
        elif isinstance(value, str):
            value = self.expanded(value, path)
            if value is _MISSING:
                return _MISSING
        if isinstance(value, float) and not math.isfinite(value):
            self._fault(path, "must be a finite number")
            return _MISSING
        if isinstance(value, int | float) and value < 0:
            self._fault(path, "must not be negative")
            return _MISSING
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._fault(path, _wanted(kind, value, str(error)))
            return _MISSING

    # -- secrets -----------------------------------------------------------------------

    def expanded(self, text: str, path: str) -> Any:
        """A string with ${NAME} replaced from the environment, where that has all."""
        missing = [n for n in _VARIABLE.findall(text) if n not in self._environment]
        for name in missing:
            self._fault(path, f"the environment has no {name}")
        if missing:
            return _MISSING
        return _VARIABLE.sub(lambda found: self._environment[found[1]], text)

    def _with_secret(
        self, table: dict[str, Any], path: str, key: str
    ) -> dict[str, Any]:
        """The table with a secret read from the file that `key`_file names, if any."""
        at = _join(path, f"{key}_file")
        name = table.get(f"{key}_file", "")
        if not isinstance(name, str) or not name:
            return table
        if table.get(key):
            self._fault(at, f"stands beside {key}: only one of them counts")
            return table
        name = self.expanded(name, at)
        if name is _MISSING:
            return {**table, f"{key}_file": ""}
        try:
            secret = _secret(name)
        except (OSError, ValueError) as error:
            self._fault(at, _cause(error))
            return table
        return {**table, key: _Verbatim(secret)}


def _secret(path: str) -> str:
    with open(path, "rb") as file:
        octets = file.read(MOST_SECRET_OCTETS + 1)
    if len(octets) > MOST_SECRET_OCTETS:
        raise ValueError(f"more than {MOST_SECRET_OCTETS} octets")
    return octets.decode().rstrip("\r\n")


def unreadable(path: str) -> str:
    """Why a file cannot be read, or nothing."""
    try:
        with open(path, "rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        return _cause(error)
    return ""


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{os.fspath(error.filename or '')}: {error.strerror}"
    return str(error)


def _wanted(kind: Any, value: Any, fallback: str) -> str:
    """What a value should have been, in the words of a person."""
    meta: Any = None
    if get_origin(kind) is Annotated:
        kind, meta, *_ = get_args(kind)
    if get_origin(kind) is Literal:
        return f"must be one of {_choices(get_args(kind))}, not {_shown(value)}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"must be one of {_choices(e.value for e in kind)}, not {_shown(value)}"
    if meta is not None and meta.description:
        return f"must be {meta.description}, not {_shown(value)}"
    return fallback.replace("`", "").replace("Expected", "must be")


def _shown(value: Any) -> str:
    """A value for a person; of what may have no end, only its kind."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "such a large number"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(value)


def _choices(values: Iterable[Any]) -> str:
    return ", ".join(
        f'"{value}"' if isinstance(value, str) else str(value) for value in values
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
