"""The repository itself: sizes of rooms, links between pages, scripts."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

ROOT: Final = Path(__file__).parents[1]
MODULE_LINES: Final = 450
FUNCTION_LINES: Final = 60
PUBLIC_METHODS: Final = 12
CODE: Final = ("cpmgw", "txsmpp")
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|#)")
FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def sources() -> Iterator[tuple[Path, str]]:
    """Every module of the product, by its path within the repository."""
    for package in CODE:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), path.read_text("utf-8")


def pages() -> list[Path]:
    """README, CHANGELOG and what is in docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def scripts() -> list[Path]:
    """What a person or the CI runs."""
    found = [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
    return sorted(path for path in found if path.is_file())


def broken_links(page: Path, text: str) -> list[str]:
    """The links of a page to files that are not there."""
    targets = LINK.findall(FENCED.sub("", text))
    return [
        target
        for target in targets
        if not ELSEWHERE.match(target)
        and not (page.parent / target.partition("#")[0]).exists()
    ]


def long_functions(tree: ast.Module) -> list[tuple[str, int]]:
    """Functions that do not fit a screen, with their length in lines."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [
        (node.name, lines)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]


def crowded_classes(tree: ast.Module) -> list[tuple[str, int]]:
    """Classes with too many public methods (Twisted's camelCase does not count)."""
    crowded = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        methods = [
            each.name
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            and not each.name.startswith("_")
            and each.name == each.name.lower()
            and not each.decorator_list
        ]
        if len(methods) > PUBLIC_METHODS:
            crowded.append((node.name, len(methods)))
    return crowded


class Sizes(SynchronousTestCase):
    """docs/architecture.md: one idea a module, one step a function."""

    def test_modules(self) -> None:
        """No module is longer than its limit."""
        lengths = {str(path): text.count("\n") for path, text in sources()}
        self.assertEqual([p for p, n in lengths.items() if n > MODULE_LINES], [])

    def test_functions(self) -> None:
        """No function is longer than a screen."""
        found = [
            f"{path}: {name}"
            for path, text in sources()
            for name, _ in long_functions(ast.parse(text))
        ]
        self.assertEqual(found, [])

    def test_classes(self) -> None:
        """No class has more public methods than one can keep in mind."""
        found = [
            f"{path}: {name} has {number}"
            for path, text in sources()
            for name, number in crowded_classes(ast.parse(text))
        ]
        self.assertEqual(found, [])

    def test_limits_bite(self) -> None:
        """One line or method too many is found."""
        body = "    x = 1\n" * (FUNCTION_LINES - 1)
        self.assertEqual(long_functions(ast.parse(f"def f():\n{body}")), [])
        self.assertEqual(
            long_functions(ast.parse(f"def f():\n{body}    x = 1\n")),
            [("f", FUNCTION_LINES + 1)],
        )
        methods = "".join(f"    def m{n}(self): ...\n" for n in range(PUBLIC_METHODS))
        self.assertEqual(crowded_classes(ast.parse(f"class C:\n{methods}")), [])
        one_more = f"class C:\n{methods}    def more(self): ...\n"
        self.assertEqual(
            crowded_classes(ast.parse(one_more)), [("C", PUBLIC_METHODS + 1)]
        )


class Pages(SynchronousTestCase):
    def test_links(self) -> None:
        """Every link to a file leads somewhere."""
        found = {
            str(page.relative_to(ROOT)): links
            for page in pages()
            if (links := broken_links(page, page.read_text("utf-8")))
        }
        self.assertEqual(found, {})

    def test_broken(self) -> None:
        """A link to nothing is found; those elsewhere, and code, are not looked at."""
        text = "[a](nowhere.md#x) [b](https://example.net) [c](#here)\n"
        code = "```\n[d](no.md)\n```\n"
        self.assertEqual(
            broken_links(ROOT / "README.md", text + code), ["nowhere.md#x"]
        )


class Scripts(SynchronousTestCase):
    def test_executable(self) -> None:
        """Every script can be run as it is, and starts with what runs it."""
        for script in scripts():
            self.assertTrue(os.access(script, os.X_OK), script)
            self.assertTrue(script.read_text("utf-8").startswith("#!"), script)

    def test_syntax(self) -> None:
        """Every shell script can be read by sh."""
        for script in scripts():
            if script.read_text("utf-8").startswith("#!/bin/sh"):
                subprocess.run(["sh", "-n", str(script)], check=True, timeout=10)
