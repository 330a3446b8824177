"""Messages that are too large for a SIP MESSAGE (TS 6.1.2, 6.2.2.2.3)."""

from __future__ import annotations

from typing import Final

from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.scenario.stage import ALICE, BOB, BY_SMS, DELIVERED, Stage

RECIPE: Final = (
    "Pancakes for ten, as my grandmother makes them: beat twelve eggs with a litre of "
    "milk and a pinch of salt, stir in 500 g of flour until nothing is lumpy, and let "
    "it stand for half an hour. "
)
LONG: Final = RECIPE * 7 + "Keep them warm until all are there."
TALE: Final = "Once upon a time there was a phone that had only SMS. " * 27


async def to_sms(stage: Stage) -> None:
    """TS 6.1.2 and 6.2.2.1.1: one message in a session of its own.

    It is long for SMS: that its address says so has it not go by MMS (TS App. D).
    """
    sent = stage.lab.cpm.send_large(
        PagerMessage(sender=ALICE, recipient=f"tel:{BOB};nccsid=SMS", text=LONG)
    )
    await stage.until(lambda: len(sent.notifications) >= 2 and sent.bye)
    stage.check(
        "The INVITE is answered 200, the SEND 200",
        (sent.status, sent.msrp_status),
        (200, 200),
    )
    context = sent.bye and sent.bye.headers.get("Message-Context")
    stage.check("The answer to BYE says: by SMS", context, "pager-message")
    stage.check("Bob's handset shows it whole", stage.handset.texts[-1:], [LONG])
    stage.check(
        "Alice is told: delivered, and delivered by SMS",
        sorted(sent.outcome),
        [DELIVERED, BY_SMS],
    )


async def to_cpm(stage: Stage) -> None:
    """TS 6.2.2.2.3 (Table 11): a long short message comes in a session of its own."""
    inbox = stage.lab.cpm.user(ALICE).inbox
    before = len(inbox)
    await stage.write(TALE, ALICE.partition(":")[2])
    await stage.until(lambda: not len(stage.lab.cpm.sessions))
    came = inbox[before:]
    stage.check("Alice reads it once, and whole", [m.text for m in came], [TALE])
    methods = [message.request.method for message in came]
    stage.check("It came in a session of its own", methods, ["INVITE"])
