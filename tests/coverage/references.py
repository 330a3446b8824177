"""The references in the docstrings of tests: which item a test says it proves.

A reference is an item's name in square brackets. It stands in the docstring of a
test, of a class of tests or of a module of tests, and counts for what the docstring
is about.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

REFERENCE: Final = re.compile(r"\[((?:TS|SCR|RCC\.10)\s[^\[\]]*)\]")
Described: TypeAlias = (
    ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
)


class Reference(msgspec.Struct, frozen=True):
    """An item named in a docstring.

    `path` is relative to the repository. `test` is the test's name within its module,
    "" for the module as a whole, and None at a helper, where a reference has no place.
    """

    item: str
    path: str
    line: int
    test: str | None


def references_of(path: str, source: str) -> list[Reference]:
    """The references in a module, in the order of its lines."""
    if not REFERENCE.search(source):
        return []
    is_of_tests = Path(path).name.startswith("test_")
    return [
        Reference(
            item=" ".join(match[1].split()),
            path=path,
            line=line + text[: match.start()].count("\n"),
            test=name if is_of_tests else None,
        )
        for name, line, text in _docstrings(ast.parse(source), "")
        for match in REFERENCE.finditer(text)
    ]


def references_below(root: Path, folder: str) -> list[Reference]:
    """The references in every module of a folder, in the order of their paths."""
    paths = {
        path.relative_to(root).as_posix() for path in (root / folder).rglob("*.py")
    }
    return [
        reference
        for path in sorted(paths)
        for reference in references_of(path, (root / path).read_text("utf-8"))
    ]


def faults_of(references: Iterable[Reference], items: Collection[str]) -> list[str]:
    """What is wrong with references: no such item, or no test that one stands at."""
    faults = []
    for each in references:
        place = f"{each.path}:{each.line}"
        if each.item not in items:
            near = ", ".join(_like(each.item, items))
            faults.append(
                f"{place}: [{each.item}] is no item" + (f" ({near})" if near else "")
            )
        elif each.test is None:
            faults.append(f"{place}: [{each.item}] stands at no test")
    return faults


def _docstrings(
    node: Described, name: str | None
) -> Iterator[tuple[str | None, int, str]]:
    """(test, line, text) of the docstrings of a node and of what it defines."""
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str(text), lineno=line)), *_]:
            yield name, line, text
    for child in node.body:
        if isinstance(child, Described):
            yield from _docstrings(child, _name_of(child, name))


def _name_of(node: Described, within: str | None) -> str | None:
    """The name of a class or a test, None for a helper and what is in it."""
    if isinstance(node, ast.Module) or within is None:
        return None
    if not isinstance(node, ast.ClassDef) and not node.name.startswith("test"):
        return None
    return f"{within}.{node.name}" if within else node.name


def _like(name: str, items: Iterable[str]) -> list[str]:
    """The few items of the same section that are written most alike."""
    section = name.split()[:2]
    same = [item for item in items if item.split()[:2] == section]
    return get_close_matches(name, same, n=4, cutoff=0)
