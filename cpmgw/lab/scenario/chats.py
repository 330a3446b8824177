"""A session of two, one of whom has only SMS (TS 6.1.4, 6.1.5.1, 6.1.6)."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred

from cpmgw.lab.scenario.stage import ALICE, BOB, BY_SMS, DELIVERED, Stage
from cpmgw.lab.sessions.chat import Chat
from txsmpp.status import CommandStatus

SUBJECT: Final = "Saturday"
QUESTION: Final = "Bob, is the lake warm enough? 🏊"
ANSWER: Final = "Just about. Bring a towel!"


async def chat(stage: Stage) -> None:
    """An invitation that is accepted for Bob, texts both ways, and an end."""
    chat = stage.lab.cpm.chat(ALICE, f"tel:{BOB}", subject=SUBJECT)
    came = watched(chat.established)
    await stage.until(lambda: came)
    answer = chat.leg.answer
    stage.check("The INVITE is answered 200", answer and answer.status, 200)
    context = answer and answer.headers.get("Message-Context")
    stage.check("The answer says: by SMS", context, "pager-message")
    await _ask(stage, chat)
    await _answer(stage, chat)
    chat.close()
    await stage.until(lambda: chat.leg.bye)
    bye = chat.leg.bye
    stage.check("Alice closes the chat", bye and bye.status, 200)
    shown = len(stage.handset.texts)
    await stage.until(lambda: len(stage.handset.texts) > shown)
    stage.check_shown("Bob is told that it is closed", "closed")


async def _ask(stage: Stage, chat: Chat) -> None:
    """TS 6.2.2.1.5 (Table 7), and 6.2.4: reports come in the session."""
    sent = chat.send(QUESTION)
    await stage.until(lambda: len(sent.notifications) >= 2)
    stage.check("Her message is answered 200", sent.status, 200)
    stage.check_shown("Bob reads it, and how to leave", QUESTION, "leave")
    stage.check(
        "Alice is told: delivered, and delivered by SMS",
        sorted(sent.outcome),
        [DELIVERED, BY_SMS],
    )
    within = {each.in_session for each in sent.notifications}
    stage.check("She is told so in the session", within, {True})


async def _answer(stage: Stage, chat: Chat) -> None:
    """TS 6.2.2.2.2: what Bob writes to Alice comes in the session."""
    statuses = await stage.write(ANSWER, ALICE.partition(":")[2])
    await stage.until(lambda: chat.texts)
    stage.check("Alice reads Bob's answer in the session", chat.texts, [ANSWER])
    stage.check("The SM-SC gets ESME_ROK", statuses, [[CommandStatus.ESME_ROK]])


def watched(established: Deferred[Chat]) -> list[object]:
    """Fills as soon as it is known whether there is a session."""
    found: list[object] = []
    established.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found
