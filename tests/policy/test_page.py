"""docs/policies.md: up to date, and true."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.policy.__main__ import main
from tests.policy.keys import ROOT, in_force, keys
from tests.policy.page import PAGE, page
from tests.policy.profile import Meaning, meanings


class Page(SynchronousTestCase):
    def test_up_to_date(self) -> None:
        """The page is what scripts/policies would write now."""
        self.assertEqual(page(in_force()), (ROOT / PAGE).read_text("utf-8"))

    def test_every_key(self) -> None:
        """Each key has a line: value, section, meaning, and whether it is in force."""
        text = page({"retry_after"})
        for key in keys():
            rows = [
                line
                for line in text.splitlines()
                if line.startswith(f"| `{key.name}` |")
            ]
            self.assertTrue(rows, key.path)
        self.assertIn(
            "| `retry_after` | `5` |  | RFC 3261 20.33 | "
            "Retry-After of 480 and 503. | yes |\n",
            text,
        )
        self.assertIn(f"1 of {len(keys())} keys are in force.", text)

    def test_difference_of_rcs(self) -> None:
        """Where rcs differs, its value and the section of RCC.10 are shown."""
        row = next(
            line
            for line in page(set()).splitlines()
            if line.startswith("| `report_to` |")
        )
        self.assertIn('| `"referred_by"` | `"sender"` |', row)
        self.assertIn("Tables 17 and 20; RCC.10 6.3.1.1.3, 6.3.1.1.4", row)
        self.assertTrue(row.endswith("| no |"), row)

    def test_rows_are_whole(self) -> None:
        """Nothing in a cell ends it early."""
        for line in page(set()).splitlines():
            if line.startswith("| `"):
                self.assertIn(line.count(" | "), (5, 1), line)


class Script(SynchronousTestCase):
    def setUp(self) -> None:
        self.errors = StringIO()
        self.patch(sys, "stderr", self.errors)
        self.root = Path(self.mktemp())
        (self.root / "docs").mkdir(parents=True)

    def test_writes(self) -> None:
        """Without --check the page is written; then it is up to date."""
        self.assertEqual(0, main([], self.root))
        self.assertEqual(0, main(["--check"], self.root))
        self.assertEqual("", self.errors.getvalue())

    def test_check(self) -> None:
        """--check writes nothing, and tells of a page that is old or not there."""
        self.assertEqual(1, main(["--check"], self.root))
        self.assertFalse((self.root / PAGE).exists())
        (self.root / PAGE).write_text("old")
        self.assertEqual(1, main(["--check"], self.root))
        self.assertEqual("old", (self.root / PAGE).read_text())
        self.assertIn("run scripts/policies", self.errors.getvalue())


class Meanings(SynchronousTestCase):
    def test_shared_comment(self) -> None:
        """Keys that stand together share the comment above them."""
        said = meanings("oma")
        self.assertEqual(said["validity_default"], said["validity_max"])
        self.assertNotEqual(said["session.accept"], said["session.accept_group"])

    def test_steps(self) -> None:
        """A step is one of the section that the keys stand under."""
        said = meanings("oma")["selection.identifier"]
        self.assertEqual(("5.1 step 6, Appendix D",), said.sections)

    def test_examples_are_left_out(self) -> None:
        """An example of a table is no part of the meaning."""
        said = meanings("oma")["session.languages"]
        self.assertNotIn("prefix =", said.text)
        self.assertEqual(("6.2.2.1.3, 6.2.2.1.4",), said.sections)

    def test_tables(self) -> None:
        """A table that is one key has the comment above its head."""
        said = meanings("oma")["sms.levels"]
        self.assertEqual(
            Meaning(
                "priority_flag of what goes out in a session.",
                ("Tables 4, 6, 7 and 8",),
            ),
            said,
        )
