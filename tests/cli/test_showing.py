"""How an explanation looks: on a terminal, in a pipe, and as JSON."""

from __future__ import annotations

import os
import re
from io import StringIO
from typing import Any, Final

import msgspec

from cpmgw.cli.asking import Wanted, composed, uri_of
from cpmgw.cli.document import ExplanationDocument, document_of, json_of
from cpmgw.cli.explaining import Explanation, Supposed, explain
from cpmgw.cli.services import iwfs_of
from cpmgw.cli.showing import show
from cpmgw.config import loads
from cpmgw.iwf.capabilities import Kind
from tests.cli.case import ALICE, ALL, BOB, EMAIL, PARTIES, CommandCase

ESCAPE: Final = "\x1b"
CODES: Final = re.compile(r"\x1b\[[0-9;]*m")


class ExplanationCase(CommandCase):
    """Has explanations to show."""

    def explanation(self, **details: Any) -> Explanation:
        """Of a message from Alice to Bob."""
        config = loads(ALL, {})
        details = {"target": uri_of(BOB)} | details
        wanted = Wanted(sender=uri_of(ALICE), **details)
        return explain(
            lambda: composed(wanted, config), iwfs_of(config), config, Supposed()
        )


class Showing(ExplanationCase):
    def shown(self, terminal: bool, **environment: str) -> str:
        """What is written, with this in the environment."""
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
            self.patch_variable(name, environment.get(name))
        file = StringIO()
        show(self.explanation(size=600), "ims.example.net", file, terminal)
        return file.getvalue()

    def patch_variable(self, name: str, value: str | None) -> None:
        """Set it, or take it away, until the test is over."""
        before = os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value

        def restore() -> None:
            os.environ.pop(name, None)
            if before is not None:
                os.environ[name] = before

        self.addCleanup(restore)

    def test_colours_on_a_terminal(self) -> None:
        """There are colours on a terminal, and nowhere else."""
        self.assertIn(f"{ESCAPE}[1;32m", self.shown(True, TERM="xterm"))
        self.assertNotIn(ESCAPE, self.shown(False, TERM="xterm"))

    def test_no_colour(self) -> None:
        """NO_COLOR has its way."""
        shown = self.shown(True, TERM="xterm", NO_COLOR="1")
        self.assertNotIn("[1;32m", shown)
        self.assertNotIn("[31m", shown)

    def test_width(self) -> None:
        """A terminal breaks lines at its width; a pipe has none."""
        narrow = CODES.sub("", self.shown(True, TERM="xterm", COLUMNS="60"))
        self.assertLessEqual(max(map(len, narrow.splitlines())), 60)
        piped = [self.shown(False, COLUMNS=width) for width in ("20", "400")]
        self.assertEqual(piped[0], piped[1])
        self.assertIn(
            "SMS last resort: 600 octets of text make many segments", piped[0]
        )

    def test_no_spaces_at_ends(self) -> None:
        """No line of a pipe ends in spaces."""
        for line in self.shown(False).splitlines():
            self.assertEqual(line, line.rstrip())

    def test_every_step_is_there(self) -> None:
        """Steps 1 to 9 stand there in their order; 11b only where it was taken."""
        for options, first in (((), "1"), (("--tried", "SMS"), "11b")):
            lines = self.explained(*PARTIES, *options).stdout.splitlines()
            begin = lines.index(next(e for e in lines if e.startswith("step ")))
            numbers = [each.split(" ")[0] for each in lines[begin + 1 : begin + 20]]
            steps = [each for each in numbers if each[:1].isdigit()]
            expected = [first, *"123456789"] if first != "1" else [*"123456789"]
            self.assertEqual(steps, expected)

    def test_text_of_a_request_is_escaped(self) -> None:
        """What a request or an option says cannot write to the terminal."""
        evil = "S\x1b[31m\u202e[bold]\nx"
        result = self.explained(*PARTIES, "--nccsid", evil)
        self.assertIn(r"nccsid=S\x1b[31m\u202e[bold]\nx", result.stdout)
        self.assertNotIn(ESCAPE, result.stdout)
        document = self.document(*PARTIES, "--nccsid", evil)
        self.assertEqual(document["request"]["nccsid"], r"S\x1b[31m\u202e[bold]\nx")


class Documents(ExplanationCase):
    def test_keys(self) -> None:
        """The keys are these, whatever is found."""
        document = self.document(*PARTIES, "--size", "600")
        self.assertEqual(
            list(document),
            ["chosen", "request", "iwfs", "steps", "next", "refusal", "unreached"],
        )
        self.assertEqual(
            list(document["request"]),
            [
                *("kind", "network", "originator", "originator_uri", "target"),
                *("target_uri", "mailbox", "nccsid", "content_types", "size"),
                "streams",
            ],
        )
        self.assertEqual(list(document["iwfs"][0]), ["name", "service", "uri"])
        self.assertEqual(
            list(document["steps"][0]), ["step", "question", "progress", "findings"]
        )
        (finding,) = document["steps"][8]["findings"]
        self.assertEqual(list(finding), ["iwf", "verdict", "text", "status", "cause"])
        self.assertEqual(
            list(document["next"]),
            [
                *("iwf", "uri", "preferences", "number_pools", "reselects"),
                *("others", "final_errors"),
            ],
        )
        self.assertIsNone(document["refusal"])

    def test_refusal(self) -> None:
        """A refusal has all that its answer has."""
        config = ALL.replace(EMAIL, "") + (
            '[policy.selection]\npreferences_unavailable = "refuse"\n'
        )
        away = ("--preferences-unavailable", "timeout")
        document = self.document(*PARTIES, *away, config=config)
        self.assertEqual(
            document["refusal"],
            {
                "status": 480,
                "reason": "Temporarily Unavailable",
                "warning_code": 122,
                "warning": "no preferences of the target user: timeout",
                "headers": {"Retry-After": "5"},
                "section": "TS 5.1 step 7",
                "cause": "preferences-unavailable",
            },
        )
        self.assertEqual((document["chosen"], document["next"]), ("", None))

    def test_the_form_is_the_value(self) -> None:
        """What is printed reads back as the document."""
        for kind in Kind:
            explanation = self.explanation(kind=kind)
            read = msgspec.json.decode(json_of(explanation), type=ExplanationDocument)
            self.assertEqual(read, document_of(explanation))
