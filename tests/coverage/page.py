"""The page docs/coverage.md: a table for each specification."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from tests.coverage.item import Chapter, Item
from tests.coverage.references import Reference

PAGE: Final = "docs/coverage.md"
SHOWN: Final = 6

HEAD: Final = """\
# What the tests prove

{total}

`scripts/coverage` writes this page from the docstrings of the tests: one that proves an
item names it in square brackets, as in `[TS 5.1 step 3]`. A test's name stands for that
test, a class or a module for all that is in it. Items from which no behaviour follows
need no test (—).
"""
TABLE: Final = """\

## {title}

{source} {count}

| item | what | tested by |
|---|---|---|
"""


def page(chapters: Sequence[Chapter], references: Iterable[Reference]) -> str:
    """The page as it has to be."""
    named: dict[str, list[Reference]] = {}
    for reference in references:
        named.setdefault(reference.item, []).append(reference)
    items = [item for chapter in chapters for item in chapter.items]
    return HEAD.format(total=_count(items, named)) + "".join(
        TABLE.format(
            title=chapter.title,
            source=chapter.source,
            count=_count(chapter.items, named),
        )
        + "".join(_row(item, named.get(item.name, ())) for item in chapter.items)
        for chapter in chapters
    )


def _count(items: Iterable[Item], named: Mapping[str, Sequence[Reference]]) -> str:
    """How many items have the test that they need."""
    needed = [item.name for item in items if item.needs_test]
    tested = sum(name in named for name in needed)
    return (
        f"{tested} of {len(needed)} items are tested, {len(needed) - tested} not yet."
    )


def _row(item: Item, references: Sequence[Reference]) -> str:
    """An item's line of the table."""
    return f"| {item.name} | {item.what} | {_where(item, references)} |\n"


def _where(item: Item, references: Sequence[Reference]) -> str:
    """The tests of an item, by file, or that there is none."""
    if not references:
        return "not yet" if item.needs_test else "—"
    # a docstring may name an item twice
    tests = list(dict.fromkeys((each.path, each.test or "") for each in references))
    files = [
        " ".join([_link(path), *(f"`{test}`" for _, test in of_path if test)])
        for path, of_path in groupby(tests[:SHOWN], key=lambda test: test[0])
    ]
    more = len(tests) - SHOWN
    return ", ".join(files) + (f" and {more} more" if more > 0 else "")


def _link(path: str) -> str:
    """A link from the page to a file, without what all names have in common."""
    name = path.removeprefix("tests/").removesuffix(".py")
    return f"[{name}]({posixpath.relpath(path, posixpath.dirname(PAGE))})"
