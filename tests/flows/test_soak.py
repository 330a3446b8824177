"""Much of everything at once, at random: nothing is lost, nothing is left behind.

Each seed is a play of its own that is the same each time; in those that are even
nothing is cut, stopped or silent, so that nothing may come twice. CPMGW_SOAK=N plays N
more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any, Final

from twisted.internet.defer import Deferred

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.pictures import text_in
from cpmgw.lab.sessions.chat import Chat
from cpmgw.lab.sessions.group import Group, Member
from cpmgw.lab.sessions.large import SentLarge
from cpmgw.lab.sessions.messages import SentChat
from cpmgw.msrp.node import MsrpNode
from cpmgw.policy.texts import ENGLISH
from tests.flows.chatting import POOL
from tests.flows.large import files_in
from tests.flows.machine import Mortal
from tests.flows.messages import HOST, spooled
from txsmpp.constants import MessageState
from txsmpp.pdu import SubmitSm
from txsmpp.status import CommandStatus

SEEDS: Final = (1, 2, 3, 12)
MORE: Final = int(os.environ.get("CPMGW_SOAK", "0"))
FIRST: Final = int(os.environ.get("CPMGW_SOAK_FIRST", "1000"))
STEPS: Final = int(os.environ.get("CPMGW_SOAK_STEPS", "200"))
CPM: Final = tuple([f"tel:+1514555000{each}" for each in (1, 3, 5)])
SMS: Final = tuple([f"tel:+1514555000{each}" for each in (2, 4, 6)])
IMDN: Final = ("positive-delivery", "negative-delivery", "interworking")
BAD: Final = frozenset({"failed", "forbidden", "error"})
REST: Final = 3 * 3_600.0
"""Seconds after which nothing may be left."""
STEP: Final = 2.0
"""Seconds that pass at once: less than anybody's patience."""
CHANCES: Final = {
    "pager": 6,
    "long": 2,
    "sms": 8,
    "long_sms": 3,
    "large": 3,
    "invite": 4,
    "say": 14,
    "compose": 3,
    "close": 2,
    "reinvite": 2,
    "group": 1,
    "group_say": 5,
    "group_answer": 4,
    "group_close": 0.4,
    "leave": 1,
    "sms_trouble": 2,
    "cpm_trouble": 2,
    "datagram": 4,
    "cut": 1,
    "stop": 0.5,
    "crash": 0.5,
    "wait": 12,
}
UPHEAVALS: Final = frozenset({"cut", "stop", "crash", "cpm_trouble", "sms_trouble"})


class Play:
    """What has been done so far, by one seed."""

    chances: Mapping[str, float] = CHANCES
    upheavals: Collection[str] = UPHEAVALS

    def __init__(self, house: Soak, seed: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.numbers = count(1)
        self.tokens: dict[str, tuple[str, Any]] = {}
        self.written: dict[str, tuple[str, str, Deferred[list[int]]]] = {}
        self.chats: list[Chat] = []
        self.groups: list[Group] = []
        self.log: list[str] = []
        self.may_repeat = seed % 2 == 1

    @property
    def sessions(self) -> list[Any]:
        """All that was begun from CPM."""
        return [*self.chats, *self.groups]

    def token(self) -> str:
        """A text that is like no other."""
        return f"<{next(self.numbers)}>"

    def pick(self) -> tuple[str, str]:
        """Somebody of each side."""
        return self.random.choice(CPM), self.random.choice(SMS)

    def step(self) -> None:
        """Do anything."""
        chances = {
            name: chance
            for name, chance in self.chances.items()
            if self.may_repeat or name not in self.upheavals
        }
        (what,) = self.random.choices(list(chances), list(chances.values()))
        self.log.append(f"{self.house.network.seconds():.1f} {what}")
        getattr(self, f"do_{what}")()
        if self.random.random() < 0.6:
            self.house.rest(self.random.choice((0.0, 0.1, 1.0)))

    # -- messages

    def do_pager(self, text: str = "Hello") -> None:
        """A message by MESSAGE."""
        sender, recipient = self.pick()
        token = self.token()
        message = PagerMessage(
            sender=sender, recipient=recipient, text=f"{text} {token}", imdn=IMDN
        )
        sent = self.house.cpm.send(message)
        sent.answered.addErrback(lambda _: None)
        self.tokens[token] = (recipient, sent)

    def do_long(self) -> None:
        """One that takes several short messages."""
        self.do_pager("Many words. " * 20)

    def do_large(self) -> None:
        """A message by MSRP."""
        sender, recipient = self.pick()
        token = self.token()
        text = f"{'Words without end. ' * 40} {token}"
        self.tokens[token] = (
            recipient,
            self.house.cpm.send_large(
                PagerMessage(sender=sender, recipient=recipient, text=text, imdn=IMDN)
            ),
        )

    def do_sms(self, text: str = "Hi", target: str = "", source: str = "") -> None:
        """A handset writes."""
        cpm, sms = self.pick()
        token = self.token()
        target = target or cpm[4:]
        source = source or sms[4:]
        done = self.house.centre.send_sms(source, target, f"{text} {token}")
        self.written[token] = (source, target, done)

    def do_long_sms(self) -> None:
        """A handset writes much."""
        self.do_sms("So much to say. " * self.random.randint(11, 120))

    # -- sessions

    @property
    def standing(self) -> list[Chat]:
        """The chats in which something can be said."""
        return [c for c in self.chats if c.leg._is_established and not c.ended]

    def do_invite(self) -> None:
        """A session of two, which may replace another."""
        chat = self.house.cpm.chat(*self.pick())
        chat.established.addErrback(lambda _: None)
        self.chats.append(chat)

    def do_say(self) -> None:
        """Something in a session."""
        if not self.standing:
            return
        chat = self.random.choice(self.standing)
        token = self.token()
        self.tokens[token] = (chat.peer, chat.send(f"Say {token}"))

    def do_compose(self) -> None:
        """Somebody types."""
        if self.standing:
            self.random.choice(self.standing).compose()

    def do_close(self) -> None:
        """A session is left, or an invitation taken back."""
        open_ = [each for each in self.chats if not each.ended]
        if open_:
            self.random.choice(open_).close()

    def do_reinvite(self) -> None:
        """The same is offered again."""
        if not self.standing:
            return
        leg = self.random.choice(self.standing).leg
        if leg._call is not None and leg.line.stream is not None:
            body = leg.line.stream.offer()
            leg._call.reinvite(body).addErrback(lambda _: None)

    def do_leave(self) -> None:
        """A handset leaves whatever session it has."""
        cpm, sms = self.pick()
        word = ENGLISH.leave[0]
        self.house.centre.send_sms(sms[4:], cpm[4:], word)

    # -- groups

    @property
    def standing_groups(self) -> list[Group]:
        """Those in which something can be said."""
        return [g for g in self.groups if g.leg._is_established and not g.ended]

    def do_group(self) -> None:
        """A group with one handset."""
        _, sms = self.pick()
        members = [Member(each, f"N{each[-1]}") for each in CPM[:2]]
        group = self.house.cpm.group(members, sms, subject="Chess")
        group.established.addErrback(lambda _: None)
        self.groups.append(group)

    def do_group_say(self) -> None:
        """A member says something."""
        if self.standing_groups:
            group = self.random.choice(self.standing_groups)
            token = self.token()
            sent = group.say(self.random.choice(CPM[:2]), f"All {token}")
            self.tokens[token] = (group.recipient, sent)

    def do_group_answer(self) -> None:
        """A handset writes to a number that a group has."""
        sms = self.random.choice(SMS)[4:]
        inbox = self.house.centre.handset(sms).inbox
        dialled = [each.dialled for each in inbox if "All <" in (each.text or "")]
        if dialled:
            self.do_sms("To all", dialled[-1], sms)

    def do_group_close(self) -> None:
        """A group ends."""
        if self.standing_groups:
            self.random.choice(self.standing_groups).close()

    # -- trouble

    def do_sms_trouble(self) -> None:
        """The SM-SC is as it likes towards a number."""
        status = CommandStatus
        which = self.random.choice(
            (
                SmsBehaviour(),
                SmsBehaviour(status=status.ESME_RINVDSTADR),
                SmsBehaviour(status=status.ESME_RSYSERR),
                SmsBehaviour(throttled=2),
                SmsBehaviour(delay=3.0),
                SmsBehaviour(silent=True),
                SmsBehaviour(drop=True),
                SmsBehaviour(receipt_delay=40.0),
                SmsBehaviour(receipt_first=True, receipt_copies=2),
                SmsBehaviour(state=MessageState.UNDELIVERABLE, receipt_delay=5.0),
            )
        )
        number = self.random.choice(SMS)[4:]
        self.log.append(f"   {number} {which}")
        self.house.centre.behave(which, number)
        self.later(lambda: self.house.centre.behave(SmsBehaviour(), number))

    def do_cpm_trouble(self) -> None:
        """A CPM user's client is as it likes."""
        which = self.random.choice(
            (
                CpmBehaviour(status=480),
                CpmBehaviour(status=603),
                CpmBehaviour(msrp_status=413),
                CpmBehaviour(imdn_status=500),
                CpmBehaviour(delay=4.0),
                CpmBehaviour(ringing=4.0, display=True),
                CpmBehaviour(silent=True),
            )
        )
        user = self.random.choice(CPM)
        self.log.append(f"   {user} {which}")
        self.house.cpm.behave(which, user)
        self.later(lambda: self.house.cpm.behave(CpmBehaviour(), user))

    def later(self, mend: Callable[[], object]) -> None:
        """Trouble does not last."""
        self.house.network.callLater(self.random.choice((5.0, 20.0)), mend)

    def do_datagram(self) -> None:
        """A datagram is lost, or comes twice, or late."""
        nth = self.random.randint(1, 4)
        network = self.house.network
        choice = (
            network.drop_datagram,
            network.repeat_datagram,
            lambda each: network.delay_datagram(each, 0.3),
        )
        self.random.choice(choice)(nth)

    def do_cut(self) -> None:
        """MSRP connections are lost."""
        self.house.network.cut(HOST, 2855)

    def do_stop(self) -> None:
        """The gateway stops, and starts."""
        self.house._stop(self.house.gateway)
        self.house.rest(self.random.choice((0.0, 5.0)))
        self.house.gateway = self.house.start_gateway()

    def do_crash(self) -> None:
        """The gateway dies, and another starts."""
        self.house.restart()

    def do_wait(self) -> None:
        """Time passes."""
        self.house.rest(self.random.choice((0.5, 2.0, 10.0, 70.0)))


class Soak(Mortal):
    """Several users of each side, and a gateway that crashes now and then."""

    policy = 'session.leave_instructions = "never"\n'
    player: type[Play] = Play

    def setUp(self) -> None:
        self.spool = self.mktemp()
        self.more = f"{spooled(self.spool)}\n{POOL}\n{self.more}"
        numbers = count(1)
        super().setUp()

        def identity() -> str:
            return f"id{next(numbers):030d}"

        self.cpm._clients.identity = identity
        self.cpm._identity = identity

    def rest(self, seconds: float, step: float = STEP) -> None:
        """Let time pass in small steps, the store's thread keeping up."""
        self.settle()
        left = seconds
        while left > 0:
            self.network.advance(min(left, step))
            self.settle()
            left -= step

    def play(self, seed: int) -> None:
        """Play one seed, and look at what came of it."""
        play = self.player(self, seed)
        try:
            for _ in range(STEPS):
                play.step()
            self.end(play)
            self.check_sent(play)
            self.check_written(play)
            self.check_order(play)
            self.check_nothing_left()
        except BaseException:
            print(f"seed {seed}:", *play.log, sep="\n  ")
            raise

    def end(self, play: Play) -> None:
        """All trouble is over, all hang up, and much time passes."""
        self.rest(300.0)
        for each in play.sessions:
            if not each.ended:
                each.close()
        for user in CPM:
            for chat in self.cpm.user(user).chats:
                if not chat.ended:
                    chat.close()
        self.rest(600.0)
        self.rest(REST, 300.0)

    def check_sent(self, play: Play) -> None:
        """Each message is on the handset once, or its sender was told."""
        faults = []
        for token, (recipient, sent) in play.tokens.items():
            inbox = self.centre.handset(recipient[4:]).texts
            there = sum([token in (text or "") for text in inbox])
            failed = told(sent)
            if there > 1 and not play.may_repeat:
                faults.append(f"{token} {there} times on {recipient}")
            if not there and not failed:
                faults.append(f"{token} for {recipient} lost: {sent.__dict__}")
        self.assertEqual(faults, [])

    def check_written(self, play: Play) -> None:
        """Each short message that was acknowledged is where it belongs, once."""
        faults = []
        places = [each.inbox for each in play.groups]
        # What comes when a group is over stands alone, and is for the group.
        places += [self.cpm.user(each.entity).inbox for each in play.groups]
        places += [self.cpm.user(each).inbox for each in CPM]
        for token, (source, target, done) in play.written.items():
            if not done.called:
                faults.append(f"{token} from {source} to {target} never answered")
                continue
            statuses = self.successResultOf(done)
            users = {
                (id(m.request), m.message_id)
                for inbox in places
                for m in inbox
                if token in m.text
            }
            if not any(statuses) and not users:
                faults.append(f"{token} from {source} to {target} lost")
            if len(users) > 1 and not play.may_repeat:
                faults.append(f"{token} from {source} to {target}: {users}")
        self.assertEqual(faults, [])

    def check_order(self, play: Play) -> None:
        """What is said in one session is submitted in that order."""
        for each in play.sessions:
            peer = each.peer if isinstance(each, Chat) else each.recipient
            texts = self.submitted(peer[5:])
            first = [
                found[0]
                for sent in each.sent
                if (found := places(texts, text_in(sent.entity).rpartition(" ")[2]))
            ]
            self.assertEqual(first, sorted(first))

    def submitted(self, number: str) -> list[str]:
        """The texts that the SM-SC has taken for a number, in their order.

        What is looked for in them is the same in GSM 03.38 and in Latin-1.
        """
        return [
            pdu.short_message.decode("latin-1")
            for pdu in self.centre.submitted
            if isinstance(pdu, SubmitSm) and pdu.destination_addr == number
        ]

    def check_nothing_left(self) -> None:
        """No call, no session, no file, no number, no timer; no error was logged."""
        (service,) = self.gateway._services
        over: Any = service._over_msrp  # type: ignore[attr-defined]
        node = self.gateway.msrp
        assert isinstance(node, MsrpNode)
        left = {
            "gateway MSRP": len(node),
            "gateway calls": len(over),
            "timers": over.calls.timers,
            "files": files_in(self.spool),
            "lab calls": len(self.cpm.sessions),
            "lab MSRP": len(self.lab.node),
        }
        self.assertEqual({name: each for name, each in left.items() if each}, {})
        self.assertEqual(self.flushLoggedErrors(), [])


def places(texts: list[str], token: str) -> list[int]:
    """Where a token stands among texts."""
    return [number for number, text in enumerate(texts) if token in text]


def told(sent: Any) -> bool:
    """Whether a sender knows that the message failed, or may have."""
    if [each for each in sent.notifications if each.status in BAD]:
        return True
    if isinstance(sent, SentMessage):
        return not 200 <= sent.status < 300
    if isinstance(sent, SentLarge):
        return sent.msrp_status != 200
    assert isinstance(sent, SentChat)
    return sent.status != 200


def _test(seed: int) -> Any:
    def test(self: Soak) -> None:
        self.play(seed)

    test.__doc__ = f"The play of seed {seed}."
    return test


for _seed in (*SEEDS, *range(FIRST, FIRST + MORE)):
    setattr(Soak, f"test_seed_{_seed}", _test(_seed))
