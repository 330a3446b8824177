"""Which IWF interworks a request (TS 5.1 steps 1 to 9, 11 b to 11 d).

A pure function of the request, the IWFs' capabilities, the policy and what is known:
the result says which IWF was chosen, which others were left, and of each that was ruled
out at which step, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cpmgw.isf.findings import Selection, Verdict
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.steps import STEPS, Known, Selecting
from cpmgw.iwf.capabilities import Capabilities
from cpmgw.policy import SelectionPolicy
from cpmgw.policy.file_transfer import Files

__all__ = ["NOTHING", "Known", "select"]

NOTHING: Final = Known()


def select(
    request: CpmRequest,
    iwfs: Sequence[Capabilities],
    policy: SelectionPolicy,
    known: Known = NOTHING,
    retry_after: int = 0,
    files: Files = "accept",
) -> Selection:
    """Choose the IWF for a request.

    `iwfs` stand in the order in which equals are taken; `retry_after` is what a
    temporary refusal tells, in seconds. `files` is what becomes of file transfers.
    """
    selecting = Selecting(request, iwfs, policy, known, retry_after, files)
    for step in STEPS:
        step(selecting)
        if selecting.settled or not selecting.remaining:
            break
    candidates = tuple([each.name for each in selecting.remaining])
    if candidates:
        selecting.note(
            "4" if selecting.settled else "9",
            candidates[0],
            Verdict.CHOSEN,
            _why_chosen(candidates),
        )
    return Selection(candidates, tuple(selecting.findings))


def _why_chosen(candidates: Sequence[str]) -> str:
    if len(candidates) == 1:
        return "the only one that is left"
    return f"before {', '.join(candidates[1:])}"
