"""A group, one of whom has only SMS (TS 5.2, 6.1.4, 6.1.7, 6.2.2.1.5)."""

from __future__ import annotations

from functools import partial
from typing import Final

from cpmgw.lab.conversation import outcome_of
from cpmgw.lab.scenario.stage import (
    ALICE,
    BOB,
    BY_SMS,
    CAROL,
    DAVE,
    DELIVERED,
    Stage,
)
from cpmgw.lab.sessions.conference import Member
from cpmgw.lab.sessions.group import Group
from cpmgw.lab.sessions.messages import SentChat

GROUP: Final = "Picnic"
MEMBERS: Final = (Member(ALICE, "Alice"), Member(CAROL, "Carol"))
QUESTION: Final = "Who brings the bread?"
OFFER: Final = "I can, and cheese as well"
ANSWER: Final = "Then I bring the cake"
LEAVE: Final = "leave"
HOW_TO_LEAVE: Final = "Send leave"


async def group(stage: Stage) -> None:
    """Bob is invited, reads who says what, answers, and leaves."""
    group = stage.lab.cpm.group(MEMBERS, f"tel:{BOB}", subject=GROUP)
    came: list[object] = []
    group.established.addBoth(lambda result: came.append(result))
    shown = len(stage.handset.inbox)
    await stage.until(lambda: came and len(stage.handset.inbox) > shown)
    answer = group.leg.answer
    stage.check("The INVITE is answered 200", answer and answer.status, 200)
    await _told(stage, shown)
    await _speak(stage, group)
    await _answer(stage, group)
    await _leave(stage, group)


async def _told(stage: Stage, shown: int) -> None:
    """TS 6.2.2.1.3 and 6.2.2.1.6: of which group it is, and who is in it."""
    await stage.until(lambda: len(stage.handset.inbox) > shown + 1)
    texts = [text or "" for text in stage.handset.texts[shown:]]
    stage.check(
        "Bob is told of the group and its members",
        [any(word in text for text in texts) for word in (GROUP, "Carol")],
        [True, True],
    )


async def _speak(stage: Stage, group: Group) -> None:
    """TS 6.2.2.1.5 (Table 7): the text says who wrote it."""
    for member, name, text in (
        (ALICE, "Alice", QUESTION),
        (CAROL, "Carol", OFFER),
    ):
        sent = group.say(member, text)
        await stage.until(partial(_reported, sent))
        stage.check_shown(f"Bob reads what {name} says, and her name", name, text)
        stage.check(
            f"{name} is told: delivered, and delivered by SMS",
            sorted(outcome_of(sent.notifications)),
            [DELIVERED, BY_SMS],
        )
    first = stage.handset.texts[-2:-1]
    told = [HOW_TO_LEAVE in (text or "") for text in first]
    stage.check("The first message says how to leave", told, [True])


def _reported(sent: SentChat) -> bool:
    """Whether both notifications of a message are here."""
    return len(sent.notifications) >= 2


async def _answer(stage: Stage, group: Group) -> None:
    """TS 6.2.2.2.2 and 5.2: Bob answers the group's number; then somebody joins."""
    await stage.answer(ANSWER)
    await stage.until(lambda: group.texts)
    stage.check("What Bob answers is there for all", group.texts, [ANSWER])
    stage.check(
        "It is in Carol's inbox", stage.lab.cpm.user(CAROL).texts[-1:], [ANSWER]
    )
    shown = len(stage.handset.inbox)
    group.join(Member(DAVE, "Dave"))
    await stage.until(lambda: len(stage.handset.inbox) > shown)
    stage.check_shown("Bob is told that Dave has come", "Dave")


async def _leave(stage: Stage, group: Group) -> None:
    """TS 6.2.2.2.4: a word that leaves."""
    await stage.answer(LEAVE)
    await stage.until(lambda: group.ended)
    stage.check("Bob leaves by a word", group.ended, True)
