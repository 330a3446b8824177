"""The keys of [policy], and which of them the gateway reads.

A policy is called `policy` where it is used, or has the name of its table: code reads
`policy.retry_after`, `self._policy.mms.relay`, `self._policy().retry_after` or
`session_policy.accept`. Methods of a policy's struct read keys for those who call them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from cpmgw.policy import Policy

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ROOT / "cpmgw"
POLICY: Final = SOURCES / "policy"


class Key(msgspec.Struct, frozen=True):
    """A key of [policy] or of a table in it, whose struct it belongs to."""

    table: str
    name: str
    struct: str

    @property
    def path(self) -> str:
        """The key as the configuration names it below [policy]."""
        return f"{self.table}.{self.name}" if self.table else self.name


def keys() -> list[Key]:
    """Every key there is, in the order of the structs."""
    return list(_keys(Policy, ""))


def _keys(struct: type[msgspec.Struct], table: str) -> Iterator[Key]:
    for field in msgspec.structs.fields(struct):
        if _is_table(field.type):
            yield from _keys(field.type, field.name)
        else:
            yield Key(table, field.name, struct.__name__)


def _is_table(kind: object) -> bool:
    # A struct of another package, such as MimeLimits, is the value of one key.
    return (
        isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__.startswith("cpmgw.policy.")
    )


def keys_read(
    modules: Iterable[ast.Module], policy_modules: Iterable[ast.Module]
) -> set[str]:
    """The paths of the keys that modules read, themselves or by a policy's methods."""
    known = keys()
    behind = {
        (struct, method): names
        for module in policy_modules
        for struct, methods in _methods(module).items()
        for method, names in methods.items()
    }
    found: set[str] = set()
    for module in modules:
        named = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
        for table, name in _reads(module):
            for key in _meant(known, behind, table, name, named):
                found.add(key.path)
    return found


def in_force() -> set[str]:
    """The paths of the keys that the sources of the gateway read today."""
    inside = [_parsed(path) for path in sorted(POLICY.rglob("*.py"))]
    outside = [
        _parsed(path)
        for path in sorted(SOURCES.rglob("*.py"))
        if POLICY not in path.parents
    ]
    return keys_read(outside, inside)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _reads(module: ast.Module) -> Iterator[tuple[str | None, str]]:
    """(table, attribute) of all that is read of something called a policy.

    The table is None where the expression does not name it.
    """
    for node in ast.walk(module):
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        below = node.value
        if _is_policy(_last(below)):
            yield None, node.attr
        elif isinstance(below, ast.Attribute) and _is_policy(_last(below.value)):
            yield below.attr, node.attr


def _last(node: ast.expr) -> str:
    """The last identifier of a chain of attributes, or of what is called for one."""
    if isinstance(node, ast.Call):
        return _last(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_policy(name: str) -> bool:
    return name.endswith("policy")


def _meant(
    known: Iterable[Key],
    behind: Mapping[tuple[str, str], set[str]],
    table: str | None,
    name: str,
    named: set[str],
) -> list[Key]:
    """The keys that a read means; of several structs, those that the module names."""
    meant = [
        key
        for key in known
        if (table is None or key.table == table)
        and (key.name == name or key.name in behind.get((key.struct, name), ()))
    ]
    if len({key.struct for key in meant}) > 1:
        return [key for key in meant if key.struct in named]
    return meant


def _methods(module: ast.Module) -> dict[str, dict[str, set[str]]]:
    """The attributes of itself that each method of each class reads."""
    return {
        node.name: {
            each.name: {
                part.attr
                for part in ast.walk(each)
                if isinstance(part, ast.Attribute) and _last(part.value) == "self"
            }
            for each in node.body
            if isinstance(each, ast.FunctionDef)
        }
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
