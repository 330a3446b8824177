"""What the documents say exists, and their examples run."""

from __future__ import annotations

import ast
import doctest
import io
import re
import typing
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import Config
from tests.support.network import MemoryNetwork

ROOT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
)
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# `[section] key`, the way the guide names keys.
KEY: Final = re.compile(r"\[{1,2}([a-z][a-z0-9_.]*)\]{1,2}\s+([a-z_]+)\b")
CODE: Final = re.compile(r"`([^`]+)`")
EXAMPLE: Final = re.compile(
    r"<!-- example: (\w+) -->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL
)
FRAGMENT: Final = re.compile(r"\d+\.(feature|bugfix|doc|removal|misc)(\.\d+)?")


def links(text: str) -> Iterator[str]:
    """The targets of links that leave the document or point into it."""
    for target in LINK.findall(FENCED.sub("", text)):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(text: str) -> set[str]:
    """What a document's headings are called in links."""
    found = set()
    for line in FENCED.sub("", text).splitlines():
        if line.startswith("#"):
            words = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def faults_of_links(document: Path, text: str) -> list[str]:
    """The links of a document that lead nowhere."""
    faults = []
    for target in links(text):
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists():
            faults.append(target)
        elif anchor and path.suffix == ".md":
            headings = text if path == document else path.read_text("utf-8")
            if anchor not in anchors(headings):
                faults.append(target)
    return faults


def keys_named(text: str) -> Iterator[tuple[str, str]]:
    """(section, key) of each `[section] key` in a document."""
    for code in CODE.findall(FENCED.sub("", text)):
        yield from KEY.findall(" ".join(code.split()))


def section(path: str) -> type[Any] | None:
    """The struct of a section ("smsc.text"), None if there is no such."""
    kind: Any = Config
    for name in path.split("."):
        hints = typing.get_type_hints(kind)
        if name not in hints:
            return None
        kind = hints[name]
        if typing.get_origin(kind) is tuple:
            kind = typing.get_args(kind)[0]
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return None
    return kind if isinstance(kind, type) else None


def is_key(path: str, name: str) -> bool:
    """Whether a section of the configuration has this key."""
    kind = section(path)
    return kind is not None and name in kind.__struct_fields__


class Links(SynchronousTestCase):
    def test_links(self) -> None:
        """Each relative link leads to a file, and each anchor to a heading."""
        for document in DOCUMENTS:
            faults = faults_of_links(document, document.read_text("utf-8"))
            self.assertEqual(faults, [], document.name)

    def test_broken_links_are_found(self) -> None:
        """A file and a heading that are not there are faults."""
        text = "# Here\n[a](nowhere.md) [b](#there) [c](#here) [d](https://e.org/x)"
        document = ROOT / "README.md"
        self.assertEqual(faults_of_links(document, text), ["nowhere.md", "#there"])

    def test_scripts(self) -> None:
        """What the README tells to run is there, and can be run."""
        text = (ROOT / "README.md").read_text("utf-8")
        scripts = set(re.findall(r"scripts/\w+", text))
        self.assertEqual(scripts, {"scripts/demo", "scripts/test", "scripts/bench"})
        for script in scripts:
            self.assertTrue((ROOT / script).stat().st_mode & 0o100, script)


class Keys(SynchronousTestCase):
    def test_keys(self) -> None:
        """Each `[section] key` in a document is a key of the configuration."""
        for document in DOCUMENTS:
            for path, name in keys_named(document.read_text("utf-8")):
                self.assertTrue(is_key(path, name), f"{document.name}: [{path}] {name}")

    def test_the_guide_names_keys(self) -> None:
        """They are found: the guide names many, of each depth."""
        guide = (ROOT / "docs" / "guide.md").read_text("utf-8")
        named = set(keys_named(guide))
        self.assertGreater(len(named), 50)
        wanted = (("gateway", "state"), ("smsc", "window"), ("mm4.tls", "require"))
        for key in wanted:
            self.assertIn(key, named)

    def test_unknown_keys_are_found(self) -> None:
        """A section or key that is not there is no key."""
        named = list(keys_named("`[smsc.text] colour` `[cellar]\nkey` `[[smsc]] name`"))
        self.assertEqual([is_key(*each) for each in named], [False, False, True])

    def test_samples(self) -> None:
        """TOML in the documents uses keys that exist."""
        for document in DOCUMENTS:
            blocks = re.findall(
                r"^```toml\n(.*?)^```", document.read_text("utf-8"), re.M | re.S
            )
            for block in blocks:
                at = ""
                for line in block.splitlines():
                    if head := re.fullmatch(r"\[+([a-z0-9_.]+)\]+", line.strip()):
                        at = head[1]
                    elif name := re.match(r"([a-z_]+) = ", line):
                        self.assertTrue(is_key(at, name[1]), f"[{at}] {name[1]}")


class Examples(SynchronousTestCase):
    """The library's examples talk to each other, in memory."""

    def run_examples(self, document: str) -> str:
        """What the server and the client of a document print."""
        text = (ROOT / document).read_text("utf-8")
        mains: dict[str, Any] = {}
        for name, code in EXAMPLE.findall(text):
            space: dict[str, Any] = {"__name__": f"example_{name}"}
            exec(compile(ast.parse(code), f"{document}: {name}", "exec"), space)
            mains[name] = space["main"]
        network = MemoryNetwork()
        said = io.StringIO()
        with redirect_stdout(said):
            server = Deferred.fromCoroutine(mains["server"](network))
            server.addErrback(lambda _: None)
            client = Deferred.fromCoroutine(mains["client"](network))
            network.result_of(client, seconds=60)
            network.settle()
        server.cancel()
        return said.getvalue()

    def test_readme(self) -> None:
        """The README's ESME sends a message to its SM-SC."""
        said = self.run_examples("README.md")
        self.assertIn("example 15145550002 b'Hello'", said)
        self.assertIn("0 1\n", said)

    def test_txsmpp(self) -> None:
        """The ones with text: an emoji arrives, and its receipt would."""
        said = self.run_examples("docs/txsmpp.md")
        self.assertIn("example to 15145550002: Grüße aus dem Zug 🚆", said)
        self.assertIn("ESME_ROK 1", said)

    def test_sessions(self) -> None:
        """Interactive examples print what they say."""
        for document in DOCUMENTS:
            failed, _ = doctest.testfile(str(document), module_relative=False)
            self.assertEqual(failed, 0, document.name)


class Fragments(SynchronousTestCase):
    def test_newsfragments(self) -> None:
        """Each has a name that towncrier takes, and whole sentences in one line."""
        for path in (ROOT / "newsfragments").iterdir():
            if path.name.startswith("."):
                continue
            self.assertTrue(FRAGMENT.fullmatch(path.name), path.name)
            text = path.read_text("utf-8")
            self.assertTrue(text.endswith(".\n"), path.name)
            self.assertEqual(text.count("\n"), 1, path.name)

    def test_changelog(self) -> None:
        """The line after which towncrier writes is there once."""
        text = (ROOT / "CHANGELOG.md").read_text("utf-8")
        self.assertEqual(text.count("<!-- newest release first -->\n"), 1)
