"""Much of everything with MMS at random: nothing is lost, doubled, or left behind.

As `test_soak`: those seeds that are even have no upheavals, and nothing may come twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cpmgw.lab.behaviour import Cut, MmsBehaviour
from cpmgw.lab.mms.sending import MmsOptions, SentMms
from cpmgw.lab.pager import PagerMessage, carrying
from cpmgw.lab.pictures import text_in
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.messages import SentChat
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import Forward, MmStatus, RequestStatus
from cpmgw.policy.texts import ENGLISH
from cpmgw.smtp.interfaces import Reply
from tests.flows import test_soak
from tests.flows.mms import PICTURE, THEIR_SYSTEM, mixed, picture, text
from tests.flows.mms_machine import MmsMortal

CPM: Final = test_soak.CPM
MMS: Final = test_soak.SMS
IMDN: Final = (*test_soak.IMDN, "display")
CHANCES: Final = {
    **{name: n for name, n in test_soak.CHANCES.items() if name != "sms_trouble"},
    "picture": 4,
    "file": 2,
    "mms_picture": 3,
    "mms_to_many": 2,
    "look": 4,
    "mms_trouble": 2,
    "repeat": 1,
}
UPHEAVALS: Final = {*test_soak.UPHEAVALS, "mms_trouble", "repeat"}
LATER: Final = Reply(451, "later")


class MmsPlay(test_soak.Play):
    """A play with handsets that have MMS."""

    house: Any
    chances = CHANCES
    upheavals = UPHEAVALS

    def __init__(self, house: Any, seed: int) -> None:
        super().__init__(house, seed)
        self.mms: dict[str, SentMms] = {}

    def send_entity(self, of: Callable[[str], Entity]) -> None:
        """Content from CPM by MESSAGE."""
        sender, recipient = self.pick()
        token = self.token()
        message = PagerMessage(sender=sender, recipient=recipient, imdn=IMDN)
        sent = self.house.cpm.send(carrying(message, of(token)))
        sent.answered.addErrback(lambda _: None)
        self.tokens[token] = (recipient, sent)

    def do_picture(self) -> None:
        """A text and a picture, by MESSAGE."""
        self.send_entity(lambda token: mixed(text(f"Look {token}"), picture()))

    def do_file(self) -> None:
        """A file by MSRP."""
        sender, recipient = self.pick()
        token = self.token()
        content = f"{'All of a file. ' * 100}{token}".encode()
        message = PagerMessage(
            sender=sender,
            recipient=recipient,
            content=content,
            content_type="text/plain",
            imdn=IMDN,
        )
        self.tokens[token] = (recipient, self.house.cpm.send_file(message, "a.txt"))

    def write(self, of: Entity | str, token: str, targets: Any, source: str) -> None:
        """A handset writes."""
        options = MmsOptions(
            # How its number is treated is not for the answers to it.
            mail_from=THEIR_SYSTEM,
            delivery_report=self.random.random() < 0.5,
            read_reply=self.random.random() < 0.3,
        )
        self.mms[token] = self.house.relay.send(source, targets, of, options)

    def do_sms(self, said: str = "Hi", target: str = "", source: str = "") -> None:
        """A handset writes a text."""
        cpm, mms = self.pick()
        token = self.token()
        self.write(f"{said} {token}", token, target or cpm[4:], source or mms[4:])

    def do_mms_picture(self) -> None:
        """It writes a text and a picture, small or large."""
        cpm, mms = self.pick()
        token = self.token()
        octets = PICTURE + bytes(self.random.choice((0, 3_000, 90_000)))
        of = mixed(text(f"See {token}"), leaf("image/gif", octets))
        self.write(of, token, cpm[4:], mms[4:])

    def do_mms_to_many(self) -> None:
        """It writes to all."""
        token = self.token()
        targets = tuple(each[4:] for each in CPM)
        self.write(f"To all {token}", token, targets, self.random.choice(MMS)[4:])

    def do_repeat(self) -> None:
        """The relay sends again what it has sent."""
        if self.mms:
            sent = self.random.choice(list(self.mms.values()))
            self.house.relay.repeat(sent)

    def do_look(self) -> None:
        """Somebody looks at what has come."""
        self.house.relay.look(self.random.choice(MMS)[4:])

    def do_leave(self) -> None:
        """A handset leaves whatever session it has."""
        cpm, mms = self.pick()
        self.house.relay.send(mms[4:], cpm[4:], ENGLISH.leave[0])

    def do_group_answer(self) -> None:
        """A handset writes to a number that a group has."""
        mms = self.random.choice(MMS)[4:]
        inbox = self.house.relay.handset(mms).inbox
        numbers = [each.sender for each in inbox if "All <" in each.text]
        if numbers:
            self.do_sms("To all", numbers[-1], mms)

    def do_mms_trouble(self) -> None:
        """The relay is as it likes towards a number."""
        which = self.random.choice(
            (
                MmsBehaviour(reply=LATER),
                MmsBehaviour(rcpt=Reply(550, "no")),
                MmsBehaviour(cut=Cut.BEFORE_REPLY),
                MmsBehaviour(cut=Cut.IN_CONTENT),
                MmsBehaviour(silent=True),
                MmsBehaviour(status=None),
                MmsBehaviour(delay=25.0),
                MmsBehaviour(copies=2, report_copies=2),
                MmsBehaviour(status=RequestStatus.SERVICE_DENIED),
                MmsBehaviour(status=RequestStatus.SERVICE_DENIED, delay=25.0),
                MmsBehaviour(report_delay=40.0),
                MmsBehaviour(reports=(MmStatus.DEFERRED, MmStatus.RETRIEVED)),
                MmsBehaviour(reports=(MmStatus.EXPIRED,), report_delay=5.0),
                MmsBehaviour(looks_after=3.0),
                MmsBehaviour(report_status=None),
            )
        )
        number = self.random.choice(MMS)[4:]
        self.log.append(f"   {number} {which}")
        self.house.relay.behave(which, number)
        self.later(lambda: self.house.relay.behave(MmsBehaviour(), number))

    def do_cut(self) -> None:
        """Connections are lost."""
        self.house.network.cut("127.0.0.1", self.random.choice((2855, 2525, 2526)))


class MmsSoak(MmsMortal, test_soak.Soak):
    """Several users of each side, and a gateway that crashes now and then."""

    mm4 = "in_memory = 65_536"
    player = MmsPlay
    leaves_mail = True

    def rest(self, seconds: float, step: float = test_soak.STEP) -> None:
        """Let time pass in small steps."""
        test_soak.Soak.rest(self, seconds, step)

    def check_sent(self, play: Any) -> None:
        """Each message is on the handset once, or its sender was told.

        A chat message that the relay has is the relay's: nobody asks what became of it
        (Table 29).
        """
        faults = []
        for token, (recipient, sent) in play.tokens.items():
            inbox = self.relay.handset(recipient[4:]).texts
            there = sum([token in each for each in inbox])
            if there > 1 and not play.may_repeat:
                faults.append(f"{token} {there} times on {recipient}")
            if isinstance(sent, SentChat):
                there = there or token in "".join(self.forwarded(recipient[4:]))
            if not there and not test_soak.told(sent):
                faults.append(f"{token} for {recipient} lost: {sent.__dict__}")
        self.assertEqual(faults, [])

    def check_written(self, play: Any) -> None:
        """Each MMS that was acknowledged is answered, and where it belongs."""
        faults = []
        places = [each.inbox for each in play.groups]
        places += [self.cpm.user(each.entity).inbox for each in play.groups]
        places += [self.cpm.user(each).inbox for each in CPM]
        for token, sent in play.mms.items():
            if sent.reply is None:
                faults.append(f"{token} never taken, nor refused")
                continue
            found = {m.message_id for inbox in places for m in inbox if token in m.text}
            if sent.reply.code == 250 and not sent.results:
                faults.append(f"{token} never answered: {sent.pdu}")
            if "Ok" in sent.statuses and not found:
                faults.append(f"{token} lost: {sent.pdu}")
            wanted = len(sent.pdu.to)
            if len(found) > wanted and not play.may_repeat:
                faults.append(f"{token} is {found}")
        self.assertEqual(faults, [])

    def check_order(self, play: Any) -> None:
        """What is said in one session is forwarded in that order."""
        for each in play.sessions:
            peer = each.peer if isinstance(each, Chat) else each.recipient
            texts = self.forwarded(peer[4:])
            first = [
                found[0]
                for sent in each.sent
                if (
                    found := test_soak.places(
                        texts, text_in(sent.entity).rpartition(" ")[2]
                    )
                )
            ]
            self.assertEqual(first, sorted(first))

    def forwarded(self, number: str) -> list[str]:
        """The texts that the relay has got for a number, in their order."""
        return [
            text_in(mail.entity)
            for mail in self.relay.mails
            if isinstance(mail.pdu, Forward) and number in mail.numbers
        ]

    def check_nothing_left(self) -> None:
        """Neither mail nor anything else."""
        super().check_nothing_left()
        self.assert_no_mail()
        self.assertEqual(self.gateway.store.mail.stored(), 0)
        self.assertEqual(len(self.gateway.mail.spool), 0)
