"""What a selection found, as values that JSON has; docs/guide.md tells of the keys."""

from __future__ import annotations

import msgspec

from cpmgw.isf.explanation import ExplainedStep, plain, steps_of
from cpmgw.isf.findings import Finding, Selection


class FindingDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a step found; status and cause are 0 and empty unless it excludes an IWF."""

    iwf: str
    verdict: str
    text: str
    status: int
    cause: str


class StepDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A step of TS 5.1; `progress` is taken, bypassed or not reached."""

    step: str
    question: str
    progress: str
    findings: tuple[FindingDocument, ...]


def step_documents(selection: Selection) -> tuple[StepDocument, ...]:
    """All steps of TS 5.1, those that were not reached too."""
    return tuple([_step(each) for each in steps_of(selection)])


def _step(step: ExplainedStep) -> StepDocument:
    return StepDocument(
        step=step.step,
        question=step.question,
        progress=step.progress.value,
        findings=tuple([_finding(each) for each in step.findings]),
    )


def _finding(finding: Finding) -> FindingDocument:
    refusal = finding.refusal
    return FindingDocument(
        iwf=finding.iwf,
        verdict=finding.verdict.value,
        text=plain(finding.text),
        status=refusal.status if refusal else 0,
        cause=refusal.cause if refusal else "",
    )
