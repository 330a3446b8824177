"""Where the parts of the demo are played: the lab, its people, and the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from cpmgw.lab.handset import Handset
from cpmgw.lab.laboratory import Laboratory
from cpmgw.lab.mms.handset import MmsHandset

ALICE: Final = "tel:+15145550001"
BOB: Final = "+15145550002"
CAROL: Final = "tel:+15145550003"
DAVE: Final = "tel:+15145550004"

DELIVERED: Final = ("delivery-notification", "delivered")
FAILED: Final = ("delivery-notification", "failed")
DISPLAYED: Final = ("display-notification", "displayed")
BY_SMS: Final = ("interworking-notification", "legacy-sms")

TRAVEL: Final = 0.25
"""Seconds that a short message takes to its handset."""
STEP: Final = 0.02
QUIET: Final = 0.4
"""Seconds in which nothing more may come before a part of the scenario is over."""


class Check(msgspec.Struct, frozen=True):
    """One expectation: what must be, whether it was, and what was found if not."""

    text: str
    passed: bool
    found: str = ""


class Stage:
    """The lab of a gateway that is up, and what was found there.

    `checked` is called with each check as it is made; `checks` keeps all of them.
    `patience` is how many seconds a step may take.
    """

    def __init__(
        self,
        lab: Laboratory,
        clock: IReactorTime,
        checked: Callable[[Check], object],
        patience: float,
    ) -> None:
        self.lab = lab
        self.checks: list[Check] = []
        self._clock = clock
        self._checked = checked
        self._patience = patience

    @property
    def handset(self) -> Handset:
        """Bob's."""
        return self.lab.centre.handset(BOB)

    @property
    def mms_handset(self) -> MmsHandset:
        """Bob's, as the MMS relay knows it."""
        return self.lab.relay.handset(BOB)

    def check(self, text: str, found: object, wanted: object) -> None:
        """Expect something, and note what there is in its stead."""
        check = Check(text, found == wanted, "" if found == wanted else repr(found))
        self.checks.append(check)
        self._checked(check)

    def check_shown(self, text: str, *words: str) -> None:
        """Expect that the newest message on Bob's handset has these words in it."""
        newest = self.handset.texts[-1] if self.handset.texts else None
        shown = newest or ""
        missing = [word for word in words if word not in shown]
        self.check(text, newest if missing else True, True)

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until it is so, or patience ends: the checks will tell."""
        end = self._clock.seconds() + self._patience
        while not done() and self._clock.seconds() < end:
            await deferLater(self._clock, STEP)

    async def rest(self) -> None:
        """Wait for what may come, and must not."""
        await deferLater(self._clock, QUIET)

    async def answer(self, text: str) -> None:
        """Have Bob answer the newest message on his handset, if there is one."""
        if self.handset.inbox:
            await self.write(text, self.handset.inbox[-1].dialled)

    async def write(self, text: str, target: str) -> list[Any]:
        """Have Bob write to a number; the command_status of each segment."""
        answered: list[Any] = []
        self.lab.centre.send_sms(BOB, target, text).addCallback(answered.append)
        await self.until(lambda: answered)
        return answered
