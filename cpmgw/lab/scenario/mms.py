"""Pictures, texts and files to and from MMS handsets (TS 6.3.1, 6.3.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour
from cpmgw.lab.mms.handset import ReceivedMms
from cpmgw.lab.mms.sending import MmsOptions
from cpmgw.lab.pager import PagerMessage, carrying
from cpmgw.lab.pictures import landscape
from cpmgw.lab.scenario.chats import watched
from cpmgw.lab.scenario.stage import ALICE, BOB, DELIVERED, DISPLAYED, Stage
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.streams import MEDIA_CHAT
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import RequestStatus

WITHOUT_MMS: Final = "+15145550403"
BY_MMS: Final = f"tel:{BOB};nccsid=MMS"
CONTEXT: Final = "multimedia-message"
ASKED: Final = ("positive-delivery", "negative-delivery", "display")

LARGE: Final = (1600, 1200)
FITTING: Final = (640, 480)
SMALL: Final = (320, 240)

EVENING: Final = "The lake, this evening. Wish you were here!"
MORNING: Final = "And this is what it was in the morning"
SUBJECT: Final = "The lake"
SHORT: Final = "Bob, switch MMS on, there are pictures to come"
NAME: Final = "lake.jpg"
LOOK: Final = "Look where we are going to swim"
ANSWER: Final = "From here it looks colder"
QUESTION: Final = "Can you see pictures?"


def letter(text: str, size: tuple[int, int]) -> Entity:
    """A text with a photograph of so many pixels."""
    return multipart("mixed", (plain(text), photograph(size)))


def plain(text: str) -> Entity:
    """A text."""
    return leaf("text/plain;charset=UTF-8", text.encode())


def photograph(size: tuple[int, int]) -> Entity:
    """A photograph of so many pixels."""
    return leaf("image/jpeg", landscape(*size), content_location=NAME)


async def to_mms(stage: Stage) -> None:
    """TS 6.3.1.1.2 (Table 16), 6.3 (1b), 6.3.1.1.3 and 6.3.1.1.4 (Tables 17 and 20)."""
    message = PagerMessage(sender=ALICE, recipient=f"tel:{BOB}", imdn=ASKED)
    sent = stage.lab.cpm.send_large(carrying(message, letter(EVENING, LARGE)))
    await stage.until(lambda: len(sent.notifications) >= 2 and sent.bye)
    stage.check(
        "The INVITE is answered 200, the SEND 200",
        (sent.status, sent.msrp_status),
        (200, 200),
    )
    context = sent.bye and sent.bye.headers.get("Message-Context")
    stage.check("The answer to BYE says: by MMS", context, CONTEXT)
    shown = _newest(stage)
    stage.check("Bob's handset shows the text", shown and shown.text, EVENING)
    stage.check("It shows the photograph, made fit", _sizes(shown), [FITTING])
    stage.check("SMIL says how", bool(shown and shown.smil), True)
    stage.check(
        "Alice is told: delivered, and displayed",
        sorted(sent.outcome),
        [DELIVERED, DISPLAYED],
    )


async def to_cpm(stage: Stage) -> None:
    """TS 6.3.1.2.1 (Tables 39 and 40), and 6.3.1.2.4: IMDNs become reports."""
    inbox = stage.lab.cpm.user(ALICE).inbox
    before = len(inbox)
    photo = letter(MORNING, LARGE)
    stage.lab.cpm.behave(CpmBehaviour(display=True), ALICE)
    asked = MmsOptions(subject=SUBJECT, delivery_report=True, read_reply=True)
    sent = stage.lab.relay.send(BOB, ALICE.partition(":")[2], photo, asked)
    await stage.until(lambda: sent.results and len(sent.outcome) >= 2)
    stage.lab.cpm.behave(CpmBehaviour(), ALICE)
    came = inbox[before:]
    stage.check("Alice reads the text once", [m.text for m in came], [MORNING])
    methods = [message.request.method for message in came]
    stage.check("It came in a session of its own", methods, ["INVITE"])
    pictures = [each.octets for message in came for each in message.pictures]
    same = pictures == [photo.parts[1].body]
    stage.check("She sees the photograph as it was sent", same, True)
    sender = [BOB in message.sender for message in came]
    stage.check("It comes from Bob's number", sender, [True])
    stage.check("The MMS relay gets Ok", sent.statuses, ["Ok"])
    stage.check("It is told: retrieved, and read", sent.outcome, ["Retrieved", "Read"])


async def text(stage: Stage) -> None:
    """TS 6.3.1.1.1 (Tables 12 to 15); the service is chosen by Appendix D."""
    short_messages = len(stage.handset.inbox)
    sent = stage.lab.cpm.send_text(ALICE, BY_MMS, SHORT)
    await stage.until(lambda: sent.status and sent.notifications)
    context = sent.response and sent.response.headers.get("Message-Context")
    stage.check(
        "The message is answered 202, by MMS",
        (sent.status, context),
        (202, CONTEXT),
    )
    shown = _newest(stage)
    stage.check("Bob's handset shows the text", shown and shown.text, SHORT)
    more = len(stage.handset.inbox) - short_messages
    stage.check("It has not come by SMS", more, 0)


async def file(stage: Stage) -> None:
    """TS 6.1.3 and 6.3.1.1.5 (Tables 23 and 24)."""
    before = len(stage.mms_handset.inbox)
    message = PagerMessage(sender=ALICE, recipient=f"tel:{BOB}", imdn=ASKED)
    sent = stage.lab.cpm.send_file(carrying(message, photograph(SMALL)), NAME)
    await stage.until(lambda: sent.bye and len(stage.mms_handset.inbox) > before)
    stage.check(
        "The INVITE is answered 200, the SEND 200",
        (sent.status, sent.msrp_status),
        (200, 200),
    )
    shown = _newest(stage)
    stage.check("Bob's handset shows the picture", _sizes(shown), [SMALL])
    parts = [] if shown is None else [*shown.entity.leaves()]
    names = [each.get("Content-Location") for each in parts]
    stage.check("It has its name", NAME in names, True)


async def chat(stage: Stage) -> None:
    """TS 6.1.4 and 6.3.1.1.6 (Tables 25 to 32): a chat, one of whom has only MMS."""
    chat = stage.lab.cpm.chat(ALICE, BY_MMS, subject=SUBJECT, shape=MEDIA_CHAT)
    came = watched(chat.established)
    await stage.until(lambda: came)
    answer = chat.leg.answer
    stage.check("The INVITE is answered 200", answer and answer.status, 200)
    await _show(stage, chat)
    await _answer(stage, chat)
    chat.close()
    await stage.until(lambda: chat.leg.bye)
    bye = chat.leg.bye
    stage.check("Alice closes the chat", bye and bye.status, 200)


async def _show(stage: Stage, chat: Chat) -> None:
    before = len(stage.mms_handset.inbox)
    sent = chat.send(letter(LOOK, SMALL))
    await stage.until(
        lambda: sent.notifications and len(stage.mms_handset.inbox) > before
    )
    stage.check("Her message is answered 200", sent.status, 200)
    shown = _newest(stage)
    stage.check("Bob reads it", LOOK in (shown.text if shown else ""), True)
    stage.check("He sees the picture", _sizes(shown), [SMALL])


async def _answer(stage: Stage, chat: Chat) -> None:
    """What Bob sends to Alice by MMS comes in the session."""
    target = ALICE.partition(":")[2]
    sent = stage.lab.relay.send(BOB, target, letter(ANSWER, SMALL))
    await stage.until(lambda: chat.inbox and sent.results)
    stage.check("Alice reads Bob's answer in the session", chat.texts, [ANSWER])
    sizes = [(e.width, e.height) for m in chat.inbox for e in m.pictures]
    stage.check("She sees his picture", sizes, [SMALL])
    stage.check("The MMS relay gets Ok", sent.statuses, ["Ok"])


async def elsewhere(stage: Stage) -> None:
    """TS 5.1 step 14 d: what one service refuses another one carries."""
    refusal = MmsBehaviour(
        status=RequestStatus.SERVICE_DENIED, status_text="no MMS for this one"
    )
    stage.lab.relay.behave(refusal, WITHOUT_MMS)
    target = f"tel:{WITHOUT_MMS};nccsid=MMS"
    sent = stage.lab.cpm.send_text(ALICE, target, QUESTION)
    await stage.until(lambda: sent.status and sent.notifications)
    context = sent.response and sent.response.headers.get("Message-Context")
    stage.check(
        "The message is answered 202, by SMS",
        (sent.status, context),
        (202, "pager-message"),
    )
    texts = stage.lab.centre.handset(WITHOUT_MMS).texts
    stage.check("The handset shows it, by SMS", texts, [QUESTION])


async def refused(stage: Stage) -> None:
    """TS Table 14 and 6.3.1.1.2 step 6: why it was refused is told by MSRP and BYE."""
    refusal = MmsBehaviour(
        status=RequestStatus.CONTENT_NOT_ACCEPTED, status_text="no pictures here"
    )
    stage.lab.relay.behave(refusal, WITHOUT_MMS)
    target = f"tel:{WITHOUT_MMS}"
    message = PagerMessage(sender=ALICE, recipient=target, imdn=("display",))
    sent = stage.lab.cpm.send_large(carrying(message, letter(LOOK, SMALL)))
    await stage.until(lambda: sent.leg.end)
    stage.check("The INVITE is answered 200", sent.status, 200)
    stage.check("The SEND is answered 415", sent.msrp_status, 415)
    stage.check("There is no report of it", sent.outcome, [])


def _newest(stage: Stage) -> ReceivedMms | None:
    inbox = stage.mms_handset.inbox
    return inbox[-1] if inbox else None


def _sizes(shown: ReceivedMms | None) -> list[tuple[int, int]]:
    """The pictures of a message, by their pixels."""
    pictures = () if shown is None else shown.pictures
    return [(each.width, each.height) for each in pictures]
