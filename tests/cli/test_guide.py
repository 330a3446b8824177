"""What the guide says of `cpmgw explain` is what it does."""

from __future__ import annotations

import configparser
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec

from cpmgw.cli import document, main
from tests.cli.case import CommandCase

ROOT: Final = Path(__file__).parents[2]
FENCED: Final = re.compile(
    r"<!-- explain: (\w+) -->\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL
)
TITLE: Final = "## Why did it go that way?\n"


def section() -> str:
    """The guide's section about it."""
    guide = (ROOT / "docs" / "guide.md").read_text("utf-8")
    return guide.partition(TITLE)[2].partition("\n## ")[0]


def keys() -> set[str]:
    """The keys of the document, and of those within it."""
    kinds = [each for name, each in vars(document).items() if name.endswith("Document")]
    return {field.name for kind in kinds for field in msgspec.structs.fields(kind)}


class Guide(CommandCase):
    def setUp(self) -> None:
        parts = FENCED.findall(section())
        (addition,) = [text for kind, text in parts if kind == "configuration"]
        sample = (ROOT / "etc" / "cpmgw.toml").read_text("utf-8")
        self.config = self.written(f"{sample}\n{addition}")
        self.examples = [text for kind, text in parts if kind == "example"]

    def test_examples(self) -> None:
        """Each example's command prints what stands below it."""
        self.assertEqual(len(self.examples), 2)
        for example in self.examples:
            command, _, output = example.replace("\\\n", " ").partition("\n")
            prompt, name, *arguments = shlex.split(command)
            self.assertEqual((prompt, name), ("$", "cpmgw"))
            arguments[arguments.index("cpmgw.toml")] = self.config
            self.assertEqual(self.run_command(*arguments).stdout, output)

    def test_keys(self) -> None:
        """Each key of the JSON document is named."""
        text = section()
        words = set(re.findall(r"`(\w+)`|^\| (\w+) \|", text, re.MULTILINE))
        named = {one or other for one, other in words}
        self.assertGreater(len(keys()), 25)
        self.assertEqual(keys() - named, set())

    def test_options(self) -> None:
        """Each option is named, and each that is named exists."""
        command = main.commands["explain"]
        options = {name for each in command.params for name in each.opts}
        named = set(re.findall(r"--[a-z-]*[a-z]", section()))
        self.assertEqual(named - {"--check"}, options)

    def test_console_script(self) -> None:
        """The package installs `cpmgw`, and what that needs."""
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        script = setup["options.entry_points"]["console_scripts"].strip()
        name, _, target = script.partition(" = ")
        module, _, attribute = target.partition(":")
        self.assertEqual(name, "cpmgw")
        self.assertIs(getattr(import_module(module), attribute), main)
        needed = setup["options"]["install_requires"]
        self.assertIn("\nclick>=", needed)
        self.assertIn("\nrich>=", needed)
