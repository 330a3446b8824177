"""The conversation of the demo, and what must come of each step of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.laboratory import Laboratory
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus

ALICE: Final = "tel:+15145550001"
BOB: Final = "+15145550002"
TRAVEL: Final = 0.25
"""Seconds that a short message takes to its handset."""
NOBODY: Final = "+15145550404"
UNREACHED: Final = "+15145550480"

GREETING: Final = "Hello Bob, this comes from RCS"
REPLY: Final = "Hi Alice! I only have SMS, and it works."
LONG: Final = (
    "Bob, are you coming on Saturday? 🎂 We start at six 🕕, bring something "
    "to drink 🍹 and your swimming things 🩳, because Zoë says that the lake is "
    "warm enough. 🏊 "
    "Jérôme brings his guitar 🎸 and I make pancakes 🥞 for all of us!"
)

DELIVERED: Final = ("delivery-notification", "delivered")
FAILED: Final = ("delivery-notification", "failed")
BY_SMS: Final = ("interworking-notification", "legacy-sms")

STEP: Final = 0.02
QUIET: Final = 0.4
"""Seconds in which nothing more may come before a part of the scenario is over."""


class Check(msgspec.Struct, frozen=True):
    """One expectation: what must be, whether it was, and what was found if not."""

    text: str
    passed: bool
    found: str = ""


class Scenario:
    """Plays the parts of the demo through a gateway that is up, and checks each.

    `begin` is called with the title of each part, `checked` with each check as it is
    made; `checks` keeps all of them. `patience` is how many seconds a step may take.
    """

    def __init__(
        self,
        lab: Laboratory,
        clock: IReactorTime,
        begin: Callable[[str], object],
        checked: Callable[[Check], object],
        patience: float = 10.0,
    ) -> None:
        self.checks: list[Check] = []
        self._lab = lab
        self._clock = clock
        self._begin = begin
        self._checked = checked
        self._patience = patience

    @property
    def passed(self) -> bool:
        """Whether there were checks, and all went as they must."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    async def run(self) -> bool:
        """Play all parts; tells whether all went as it must."""
        self._lab.centre.behave(SmsBehaviour(receipt_delay=TRAVEL))
        parts: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("CPM to SMS, with delivery report and interworking notice", self.to_sms),
            ("SMS to CPM", self.to_cpm),
            ("A long message with emoji: several segments, one report", self.long),
            ("A refusal: the SM-SC does not know the number", self.refused),
            ("A failure: the message is accepted, but never delivered", self.failed),
        )
        for title, part in parts:
            self._begin(title)
            await part()
            await deferLater(self._clock, QUIET)
        return self.passed

    async def to_sms(self) -> None:
        """TS 6.2.2.1.1 (Tables 1 and 2) and 6.2.2.1.2 (Table 3)."""
        handset = self._lab.centre.handset(BOB)
        sent = self._lab.cpm.send_text(ALICE, f"tel:{BOB}", GREETING)
        await self._until(lambda: len(sent.notifications) >= 2)
        self._accepted(sent)
        self._check("Bob's handset shows the text", handset.texts[-1:], [GREETING])
        self._check(
            "Alice is told: delivered, and delivered by SMS",
            sorted(sent.outcome),
            [DELIVERED, BY_SMS],
        )

    async def to_cpm(self) -> None:
        """TS 6.2.2.2.1 (Tables 9 and 10)."""
        inbox = self._lab.cpm.user(ALICE).inbox
        answered: list[Any] = []
        before = len(inbox)
        sending = self._lab.centre.send_sms(BOB, ALICE.partition(":")[2], REPLY)
        sending.addCallback(answered.append)
        await self._until(lambda: answered)
        came = inbox[before:]
        self._check("Alice reads the text once", [m.text for m in came], [REPLY])
        sender = [message.sender for message in came]
        self._check("It comes from Bob's number", [BOB in s for s in sender], [True])
        self._check("The SM-SC gets ESME_ROK", answered, [[CommandStatus.ESME_ROK]])

    async def long(self) -> None:
        """TS 6.1.1 and 6.2.2.1.1: concatenation; one IMDN with one meaning."""
        centre = self._lab.centre
        handset = centre.handset(BOB)
        before = len(centre.submitted)
        sent = self._lab.cpm.send_text(ALICE, f"tel:{BOB}", LONG)
        await self._until(lambda: len(sent.notifications) >= 2)
        await deferLater(self._clock, QUIET)
        segments = len(centre.submitted) - before
        self._accepted(sent)
        self._check("It goes as several short messages", segments > 1, True)
        self._check("Bob's handset shows it whole", handset.texts[-1:], [LONG])
        self._check(
            "Alice gets one report for all of them",
            sorted(sent.outcome),
            [DELIVERED, BY_SMS],
        )

    async def refused(self) -> None:
        """TS Table 2: an invalid destination address is a 404."""
        refusal = SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR)
        self._lab.centre.behave(refusal, NOBODY)
        sent = self._lab.cpm.send_text(ALICE, f"tel:{NOBODY}", "Anybody there?")
        await self._until(lambda: sent.status)
        self._check("The message is answered 404", sent.status, 404)
        self._check("There is no report of it", sent.outcome, [])

    async def failed(self) -> None:
        """TS 6.2.3 step 1: a negative delivery notification."""
        failure = SmsBehaviour(
            state=MessageState.UNDELIVERABLE, error=27, receipt_delay=TRAVEL
        )
        self._lab.centre.behave(failure, UNREACHED)
        sent = self._lab.cpm.send_text(ALICE, f"tel:{UNREACHED}", "Are you there?")
        await self._until(lambda: FAILED in sent.outcome)
        self._accepted(sent)
        self._check("Alice is told: failed", FAILED in sent.outcome, True)
        self._check("She is not told: delivered", DELIVERED in sent.outcome, False)

    # -- checking

    def _accepted(self, sent: SentMessage) -> None:
        """TS Table 2 and 6.2.4: 202 with Message-Context."""
        context = sent.response and sent.response.headers.get("Message-Context")
        self._check(
            "The message is answered 202, by SMS",
            (sent.status, context),
            (202, "pager-message"),
        )

    def _check(self, text: str, found: object, wanted: object) -> None:
        check = Check(text, found == wanted, "" if found == wanted else repr(found))
        self.checks.append(check)
        self._checked(check)

    async def _until(self, done: Callable[[], object]) -> None:
        """Wait until it is so, or patience ends: the checks will tell."""
        end = self._clock.seconds() + self._patience
        while not done() and self._clock.seconds() < end:
            await deferLater(self._clock, STEP)
