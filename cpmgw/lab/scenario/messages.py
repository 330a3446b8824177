"""Messages that stand alone, in both directions (TS 6.2.2.1.1, 6.2.2.2.1, 6.2.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.lab.behaviour import MmsBehaviour, SmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.scenario.stage import (
    ALICE,
    BOB,
    BY_SMS,
    DELIVERED,
    FAILED,
    TRAVEL,
    Stage,
)
from cpmgw.mm4.pdu import RequestStatus
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus

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


async def to_sms(stage: Stage) -> None:
    """TS 6.2.2.1.1 (Tables 1 and 2) and 6.2.2.1.2 (Table 3)."""
    sent = stage.lab.cpm.send_text(ALICE, f"tel:{BOB}", GREETING)
    await stage.until(lambda: len(sent.notifications) >= 2)
    _accepted(stage, sent)
    stage.check("Bob's handset shows the text", stage.handset.texts[-1:], [GREETING])
    stage.check(
        "Alice is told: delivered, and delivered by SMS",
        sorted(sent.outcome),
        [DELIVERED, BY_SMS],
    )


async def to_cpm(stage: Stage) -> None:
    """TS 6.2.2.2.1 (Tables 9 and 10)."""
    inbox = stage.lab.cpm.user(ALICE).inbox
    before = len(inbox)
    answered = await stage.write(REPLY, ALICE.partition(":")[2])
    came = inbox[before:]
    stage.check("Alice reads the text once", [m.text for m in came], [REPLY])
    sender = [message.sender for message in came]
    stage.check("It comes from Bob's number", [BOB in s for s in sender], [True])
    stage.check("The SM-SC gets ESME_ROK", answered, [[CommandStatus.ESME_ROK]])


async def long(stage: Stage) -> None:
    """TS 6.1.1 and 6.2.2.1.1: concatenation; one IMDN with one meaning."""
    centre = stage.lab.centre
    before = len(centre.submitted)
    sent = stage.lab.cpm.send_text(ALICE, f"tel:{BOB}", LONG)
    await stage.until(lambda: len(sent.notifications) >= 2)
    await stage.rest()
    segments = len(centre.submitted) - before
    _accepted(stage, sent)
    stage.check("It goes as several short messages", segments > 1, True)
    stage.check("Bob's handset shows it whole", stage.handset.texts[-1:], [LONG])
    stage.check(
        "Alice gets one report for all of them",
        sorted(sent.outcome),
        [DELIVERED, BY_SMS],
    )


async def refused(stage: Stage) -> None:
    """TS 5.1 step 11 d: 488 where no service is left that could carry it."""
    stage.lab.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR), NOBODY)
    stage.lab.relay.behave(
        MmsBehaviour(status=RequestStatus.ADDRESS_UNRESOLVED), NOBODY
    )
    sent = stage.lab.cpm.send_text(ALICE, f"tel:{NOBODY}", "Anybody there?")
    await stage.until(lambda: sent.status)
    stage.check("The message is answered 488", sent.status, 488)
    warning = (sent.response and sent.response.headers.get("Warning")) or ""
    stage.check("It says: every service was tried", "tried" in warning, True)
    stage.check("There is no report of it", sent.outcome, [])


async def failed(stage: Stage) -> None:
    """TS 6.2.3 step 1: a negative delivery notification."""
    failure = SmsBehaviour(
        state=MessageState.UNDELIVERABLE, error=27, receipt_delay=TRAVEL
    )
    stage.lab.centre.behave(failure, UNREACHED)
    sent = stage.lab.cpm.send_text(ALICE, f"tel:{UNREACHED}", "Are you there?")
    await stage.until(lambda: FAILED in sent.outcome)
    _accepted(stage, sent)
    stage.check("Alice is told: failed", FAILED in sent.outcome, True)
    stage.check("She is not told: delivered", DELIVERED in sent.outcome, False)


def _accepted(stage: Stage, sent: SentMessage) -> None:
    """TS Table 2 and 6.2.4: 202 with Message-Context."""
    context = sent.response and sent.response.headers.get("Message-Context")
    stage.check(
        "The message is answered 202, by SMS",
        (sent.status, context),
        (202, "pager-message"),
    )
