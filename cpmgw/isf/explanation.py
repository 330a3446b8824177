"""What a selection found, told step by step to a person (TS 5.1).

Values with lines of text in them, for whoever shows them: a terminal, a page. The text
is printable ASCII whatever the request had in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from cpmgw.cpm.warning import NAME, warning
from cpmgw.errors import CannotInterwork
from cpmgw.isf.carriage import NAMES
from cpmgw.isf.findings import Finding, Selection, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import ANY_TYPE

# What each step asks, in the order in which they are taken.
QUESTIONS: Final = {
    "11b": "Has it been tried already?",
    "1": "Does the provider interwork it, and by which service?",
    "2": "By which service may this user be reached?",
    "3": "Has the originator an address there?",
    "4": "Does a notification name its service?",
    "5": "Can the service carry it, and reach the target?",
    "6": "Does the destination address name a service?",
    "7": "What does the target user prefer?",
    "8": "Are there interworking numbers for a group?",
    "9": "Which service fits best?",
}
_ORDER: Final = tuple(QUESTIONS)
# Only of interest where it found something: the first selection of a request has none.
_RETRY: Final = "11b"


class Progress(Enum):
    """Whether a step was taken at all."""

    TAKEN = "taken"
    BYPASSED = "bypassed"
    NOT_REACHED = "not reached"


class ExplainedStep(msgspec.Struct, frozen=True):
    """One step, what it asks, and what it found."""

    step: str
    question: str
    progress: Progress
    findings: tuple[Finding, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What it found, a line each; nothing where it had nothing to say."""
        if self.progress is not Progress.TAKEN:
            return (self.progress.value,)
        return tuple([line_of(each) for each in self.findings])


def steps_of(selection: Selection) -> tuple[ExplainedStep, ...]:
    """Each step of a selection in the order of the TS, those not taken too."""
    last = _last_taken(selection)
    beyond = Progress.BYPASSED if selection.chosen else Progress.NOT_REACHED
    steps = []
    for place, (step, question) in enumerate(QUESTIONS.items()):
        found = tuple([each for each in selection.findings if each.step == step])
        if step == _RETRY and not found:
            continue
        progress = Progress.TAKEN if place <= last else beyond
        steps.append(ExplainedStep(step, question, progress, found))
    return tuple(steps)


def _last_taken(selection: Selection) -> int:
    """The place of the step that a selection ended with."""
    ends = [
        _ORDER.index(each.step)
        for each in selection.findings
        if each.verdict in (Verdict.CHOSEN, Verdict.EXCLUDED)
    ]
    return ends[-1] if ends else -1


def line_of(finding: Finding) -> str:
    """A finding in a line; the status is that of the refusal, were it the last word."""
    who = f"{finding.iwf} {finding.verdict.value}: " if finding.iwf else ""
    status = f" ({finding.refusal.status})" if finding.refusal else ""
    return plain(f"{who}{finding.text}{status}")


def request_lines(
    request: CpmRequest, originator_uri: str, target_uri: str
) -> tuple[str, ...]:
    """What is interworked, from whom to whom, and what is in it."""
    side = "terminating" if request.terminating else "originating"
    sender = request.originator or f"{originator_uri} (no number)"
    target = request.target or f"{target_uri} (no number)"
    content = request.characteristics
    parts = [_types(content.content_types)]
    if content.size is not None:
        parts.append(f"{content.size} octets")
    if content.streams != 1:
        parts.append(f"{content.streams} media streams")
    if request.nccsid:
        parts.append(f"nccsid={request.nccsid}")
    return (
        plain(f"{NAMES[request.kind]} from {sender} to {target}"),
        plain(f"in the {side} network; {', '.join(parts)}"),
    )


def refusal_lines(refusal: CannotInterwork, domain: str) -> tuple[str, ...]:
    """The answer of a refusal as `domain` gives it, and what asks for it."""
    lines = [f"{refusal.status} {refusal.reason}"]
    if refusal.warning:
        value = warning(domain, refusal.warning_code, refusal.warning)
        lines.append(f"{NAME}: {value}")
    lines += [f"{name}: {value}" for name, value in refusal.headers]
    lines.append(f"asked for by {refusal.section}")
    if refusal.cause:
        lines.append(f"counted as {refusal.cause}")
    return tuple([plain(line) for line in lines])


def plain(text: str) -> str:
    """The text in printable ASCII, all else escaped: it may come from a request."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        [
            each if " " <= each <= "~" else each.encode("unicode_escape").decode()
            for each in text
        ]
    )


def _types(content_types: Sequence[str]) -> str:
    named = ["anything" if each == ANY_TYPE else each for each in content_types]
    return " ".join(named) or "no content"
