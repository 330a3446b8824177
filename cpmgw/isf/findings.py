"""What the selection found, step by step, as values (TS 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from cpmgw.cpm.warning import FUNCTION_NOT_ALLOWED
from cpmgw.errors import CannotInterwork
from cpmgw.sip.status import reason_for

SECTION: Final = "TS 5.1"


class Verdict(Enum):
    """What a step says of an IWF."""

    EXCLUDED = "excluded"
    PREFERRED = "preferred"
    LAST_RESORT = "last resort"
    CHOSEN = "chosen"
    NOTED = "noted"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to give if no other IWF is left; `retry_after` in seconds, 0: none.

    `progress` tells how far the IWF came within its step.
    """

    status: int
    cause: str
    section: str
    warning: str
    warning_code: int = FUNCTION_NOT_ALLOWED
    retry_after: int = 0
    progress: int = 0

    def error(self) -> CannotInterwork:
        """The refusal as what is raised."""
        headers: tuple[tuple[str, str], ...] = ()
        if self.retry_after:
            headers = (("Retry-After", str(self.retry_after)),)
        return CannotInterwork(
            self.status,
            reason_for(self.status),
            cause=self.cause,
            section=self.section,
            warning=self.warning,
            warning_code=self.warning_code,
            headers=headers,
        )


class Finding(msgspec.Struct, frozen=True):
    """One thing that a step found: of an IWF, by its name, or of the request ("")."""

    step: str
    iwf: str
    verdict: Verdict
    text: str
    refusal: Refusal | None = None

    def __str__(self) -> str:
        who = f"{self.iwf} " if self.iwf else ""
        return f"step {self.step}: {who}{self.verdict.value}: {self.text}"


class Selection(msgspec.Struct, frozen=True):
    """The decision: the IWF chosen ("" for none), and those it was chosen from.

    `candidates` are what was left, the chosen one first.
    """

    candidates: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def chosen(self) -> str:
        """The name of the IWF that takes the request, empty if none does."""
        return self.candidates[0] if self.candidates else ""

    @property
    def excluded(self) -> Mapping[str, Finding]:
        """What ruled each of the others out."""
        return {
            each.iwf: each
            for each in self.findings
            if each.verdict is Verdict.EXCLUDED and each.iwf
        }

    @property
    def refusal(self) -> Refusal:
        """The answer where none was chosen.

        It is the refusal of those IWFs that came furthest, where they agree on its
        status; otherwise 488, which says why of each (steps 3 and 11 d).
        """
        excluded = [e for e in self.findings if e.verdict is Verdict.EXCLUDED]
        last = excluded[-1].step if excluded else ""
        refusals = [e.refusal for e in excluded if e.step == last and e.refusal]
        furthest = max((each.progress for each in refusals), default=0)
        refusals = [each for each in refusals if each.progress == furthest]
        if refusals and len({each.status for each in refusals}) == 1:
            return refusals[0]
        reasons = dict.fromkeys(each.warning for each in refusals)
        return Refusal(
            status=488,
            cause="no-service",
            section=f"{SECTION} step 11 d",
            warning="; ".join(reasons) or "no service is left to interwork it",
        )
