"""docs/coverage.md says of each item of the specifications which tests prove it."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from pathlib import Path
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from tests.coverage.__main__ import main
from tests.coverage.chapters import CHAPTERS, ITEMS
from tests.coverage.item import Chapter, Item
from tests.coverage.page import PAGE, SHOWN, page
from tests.coverage.rcc_10 import RCC_10
from tests.coverage.references import (
    Reference,
    faults_of,
    references_below,
    references_of,
)
from tests.coverage.scr import SCR
from tests.coverage.ts_5 import TS_5

ROOT: Final = Path(__file__).parents[1]
SAMPLE: Final = '''
"""Of a module [TS 5.2 c]."""

class Steps(SynchronousTestCase):
    """Of a class. [SCR Isf-S-001-M]"""

    def setUp(self):
        """[TS 5.1 step 1] at a helper."""

    def test_one(self):
        """3, 7a. Of a test, several.

        [TS 5.1 step 3] [TS 5.1 step 7a.v] [RCC.10 5.1 step 6]
        [SCR
        Int-S-005-O]
        """
        """[TS 5.1 step 9] in no docstring"""

    async def test_two(self):
        """[RCC.10 4 unsupported 3], a [link](TS) and [[smsc]]."""
'''
ITEM: Final = Item("TS 1", "what it says")


class Page(SynchronousTestCase):
    def test_up_to_date(self) -> None:
        """The page is what scripts/coverage would write now."""
        said = io.StringIO()
        with redirect_stderr(said):
            status = main(["--check"])
        self.assertEqual((status, said.getvalue()), (0, ""))

    def test_links(self) -> None:
        """Each test that the page shows is there, under the name that it shows."""
        text = (ROOT / PAGE).read_text("utf-8")
        shown = re.findall(r"\[[^\]]+\]\(([^)]+)\)((?: `[^`]+`)*)", text)
        self.assertTrue(shown)
        for target, tests in shown:
            source = (ROOT / PAGE).parent.joinpath(target).read_text("utf-8")
            for name in re.findall(r"`([^`]+)`", tests):
                for part in name.split("."):
                    self.assertRegex(source, rf"(?m)^ *(class|(async )?def) {part}\b")

    def test_several_tests(self) -> None:
        """Tests stand with their file, in order, a module without a name."""
        text = self.row(
            [
                Reference("TS 1", "tests/a/test_a.py", 1, ""),
                Reference("TS 1", "tests/a/test_a.py", 9, "A.test_x"),
                Reference("TS 1", "tests/test_b.py", 9, "B"),
            ]
        )
        self.assertEqual(
            text,
            "[a/test_a](../tests/a/test_a.py) `A.test_x`, "
            "[test_b](../tests/test_b.py) `B`",
        )

    def test_many_tests(self) -> None:
        """Six tests are shown; of more it is said how many there are."""
        references = [
            Reference("TS 1", "tests/test_a.py", line, f"test_{line}")
            for line in range(SHOWN + 2)
        ]
        self.assertNotIn("more", self.row(references[:SHOWN]))
        self.assertIn("`test_5` and 2 more", self.row(references))
        self.assertNotIn("`test_6`", self.row(references))

    def test_item_named_twice_in_a_docstring(self) -> None:
        """A test is shown once, however often it names an item."""
        reference = Reference("TS 1", "tests/test_a.py", 1, "test_x")
        self.assertEqual(self.row([reference] * 2).count("test_x"), 1)

    def test_no_test(self) -> None:
        """An item without a test is not yet proven, unless it needs none."""
        self.assertEqual(self.row([]), "not yet")
        self.assertEqual(self.row([], Item("TS 1", "x", needs_test=False)), "—")

    def test_counts(self) -> None:
        """The top counts the items that need a test, and those that have one."""
        items = (ITEM, Item("TS 2", "x"), Item("TS 3", "x", needs_test=False))
        references = [
            Reference(name, "tests/test_a.py", 1, "") for name in ("TS 1", "TS 3")
        ]
        text = page([Chapter("One", "Its items.", items)], references)
        self.assertEqual(text.count("\n1 of 2 items are tested, 1 not yet.\n"), 1)
        self.assertIn("\nIts items. 1 of 2 items are tested, 1 not yet.\n", text)

    def row(self, references: list[Reference], item: Item = ITEM) -> str:
        """The last column of an item's row."""
        text = page([Chapter("One", "Its items.", (item,))], references)
        return text.splitlines()[-1].split(" | ")[2].removesuffix(" |")


class References(SynchronousTestCase):
    def test_each_kind(self) -> None:
        """References of modules, classes and tests are found, with their lines."""
        self.assertEqual(
            [
                (each.test, each.item, each.line)
                for each in references_of("tests/x/test_x.py", SAMPLE)
            ],
            [
                ("", "TS 5.2 c", 2),
                ("Steps", "SCR Isf-S-001-M", 5),
                (None, "TS 5.1 step 1", 8),
                ("Steps.test_one", "TS 5.1 step 3", 13),
                ("Steps.test_one", "TS 5.1 step 7a.v", 13),
                ("Steps.test_one", "RCC.10 5.1 step 6", 13),
                ("Steps.test_one", "SCR Int-S-005-O", 14),
                ("Steps.test_two", "RCC.10 4 unsupported 3", 20),
            ],
        )

    def test_module_that_holds_no_tests(self) -> None:
        """What is not called test_* has no tests, whatever stands in it."""
        found = references_of("tests/x/house.py", SAMPLE)
        self.assertEqual({each.test for each in found}, {None})

    def test_every_reference_exists(self) -> None:
        """Every reference in the tests names an item and stands at a test."""
        self.assertEqual(faults_of(references_below(ROOT, "tests"), ITEMS), [])

    def test_unknown(self) -> None:
        """A reference to no item is told with its file, its line and what is near."""
        source = 'class A:\n    """x\n\n    [TS 5.2 e] [TS 5.2]"""\n'
        (fault,) = faults_of(references_of("tests/test_a.py", source), ITEMS)
        self.assertTrue(fault.startswith("tests/test_a.py:4: [TS 5.2 e] is no item ("))
        for value in "abcd":
            self.assertIn(f"TS 5.2 {value}", fault)

    def test_unknown_section(self) -> None:
        """Where nothing is near, nothing is said of it."""
        faults = faults_of(references_of("test_a.py", '"""x [TS 6.1]"""'), ITEMS)
        self.assertEqual(faults, ["test_a.py:1: [TS 6.1] is no item"])

    def test_unknown_forms(self) -> None:
        """An item written otherwise is no item: it is told, not passed over."""
        for name in (
            "TS 5.1 step 3, 4",
            "TS step 3",
            "SCR CPM-TS-Int-S-005-O",
            "SCR Int-S-028-O",
            "RCC.10 5.1 step 3",
            "RCC.10 4 unsupported 10",
        ):
            with self.subTest(name=name):
                references = references_of("test_a.py", f'"""x [{name}]"""')
                self.assertEqual(len(faults_of(references, ITEMS)), 1)

    def test_at_a_helper(self) -> None:
        """A reference that stands at no test proves nothing and is told."""
        (fault,) = faults_of(references_of("tests/test_a.py", SAMPLE), ITEMS)
        self.assertEqual(fault, "tests/test_a.py:8: [TS 5.1 step 1] stands at no test")


class Items(SynchronousTestCase):
    def test_names(self) -> None:
        """No name is there twice, and each can be referred to."""
        names = [item.name for chapter in CHAPTERS for item in chapter.items]
        self.assertEqual(len(ITEMS), len(names))
        for name in names:
            found = references_of("test_a.py", f'"""[{name}]"""')
            self.assertEqual([each.item for each in found], [name])

    def test_words(self) -> None:
        """What an item says fits a cell of a table, and few words."""
        for item in ITEMS.values():
            self.assertNotIn("|", item.what)
            self.assertLess(len(item.what), 80, item.name)

    def test_scr(self) -> None:
        """Appendix B: Isf 001 is mandatory, Int 001 to 048 but for 028 as well."""
        names = sorted(item.name for item in SCR)
        numbers = [number for number in range(2, 49) if number != 28]
        self.assertEqual(
            names,
            [
                "SCR Int-S-001-M",
                *(f"SCR Int-S-{number:03}-O" for number in numbers),
                "SCR Isf-S-001-M",
            ],
        )

    def test_ts_5(self) -> None:
        """5.1 has steps 1 to 14 and 5.2 four values, in the order of the TS."""
        steps = [
            int(found[1])
            for item in TS_5
            if (found := re.fullmatch(r"TS 5\.1 step (\d+)", item.name))
        ]
        self.assertEqual(steps, list(range(1, 15)))
        values = [item.name[-1] for item in TS_5 if item.name.startswith("TS 5.2 ")]
        self.assertEqual(values, ["a", "b", "c", "d"])

    def test_rcc_10(self) -> None:
        """The lists of RCC.10 4 have 4, 9 and 8 points."""
        names = [item.name for item in RCC_10]
        for name, number in (("supported", 4), ("unsupported", 9), ("concepts", 8)):
            found = [each for each in names if re.match(rf"RCC\.10 4 {name} \d$", each)]
            self.assertEqual(
                found, [f"RCC.10 4 {name} {point + 1}" for point in range(number)]
            )


class Script(SynchronousTestCase):
    """scripts/coverage, in a repository of one test."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        (self.root / "tests").mkdir(parents=True)
        (self.root / "docs").mkdir()
        self.prove("TS 5.2 c")

    def prove(self, item: str) -> None:
        """Have the one test name this item."""
        (self.root / "tests" / "test_a.py").write_text(f'"""[{item}]"""\n', "utf-8")

    def run_script(self, *arguments: str) -> tuple[int, str]:
        """Its exit status, and what it complains of."""
        said = io.StringIO()
        with redirect_stderr(said):
            status = main(arguments, self.root)
        return status, said.getvalue()

    def test_writes(self) -> None:
        """The page is written, and is up to date then."""
        self.assertEqual(self.run_script(), (0, ""))
        text = (self.root / PAGE).read_text("utf-8")
        self.assertIn("[test_a](../tests/test_a.py)", text)
        self.assertEqual(self.run_script("--check"), (0, ""))

    def test_check(self) -> None:
        """`--check` writes nothing, and is 1 where there is no page or an old one."""
        self.assertEqual(self.run_script("--check")[0], 1)
        self.assertFalse((self.root / PAGE).exists())
        self.run_script()
        before = (self.root / PAGE).read_text("utf-8")
        self.prove("TS 5.2 d")
        status, said = self.run_script("--check")
        self.assertEqual(status, 1)
        self.assertIn("run scripts/coverage", said)
        self.assertEqual((self.root / PAGE).read_text("utf-8"), before)

    def test_unknown_item(self) -> None:
        """Nothing is written of a reference that names no item."""
        self.prove("TS 5.2 e")
        status, said = self.run_script()
        self.assertEqual(status, 1)
        self.assertIn("tests/test_a.py:1: [TS 5.2 e] is no item", said)
        self.assertFalse((self.root / PAGE).exists())
