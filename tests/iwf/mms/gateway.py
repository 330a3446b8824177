"""A gateway around what sends MMS, in memory: its relay, its store, its clock."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.config import Config, GatewayConfig, Mm4Config, MmscConfig, MmscMedia
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.mms.content import Contents
from cpmgw.iwf.mms.forwarding import Forwarding
from cpmgw.iwf.mms.outbound import Outbound
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.mail_records import SentMms
from cpmgw.mm4.entity import Entity, read_entity
from cpmgw.mm4.fields import read_fields
from cpmgw.mm4.mail import read_mail
from cpmgw.mm4.pdu import (
    Forward,
    MessageType,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.smtp.interfaces import Envelope, IMailRelay, Reply, Sent
from cpmgw.traffic import Traffic
from tests.iwf.requests import NOW, PLAN

DOMAIN = "mm4.example.net"


@implementer(IMailRelay)
class FakeRelay:
    """A relay that keeps what it is sent; `outcome` is what it makes of it."""

    def __init__(self, name: str = "home") -> None:
        self.name = name
        self.is_up = True
        self.waiting = 0
        self.outcome: Deferred[Sent] | Exception | None = None
        self.mails: list[tuple[Envelope, bytes]] = []

    def send(self, envelope: Envelope, content: IBody) -> Deferred[Sent]:
        """Take it or not."""
        self.mails.append((envelope, content.read()))
        outcome = self.outcome
        if isinstance(outcome, Exception):
            return fail(outcome)
        return outcome or succeed(Sent(reply=Reply(250)))

    @property
    def forward(self) -> Forward:
        """The MM4_forward.REQ of the last mail."""
        pdu = read_mail(self.mails[-1][1], now=NOW).pdu
        assert isinstance(pdu, Forward)
        return pdu

    @property
    def entity(self) -> Entity:
        """The content of the last mail."""
        octets = self.mails[-1][1]
        _, end = read_fields(octets)
        pdu = self.forward
        return read_entity(pdu.content_type, pdu.transfer_encoding, octets[end:])


class FakeStore:
    """What is kept, with the order of it all; `broken` names calls that fail."""

    healthy = True

    def __init__(self) -> None:
        self.sent = self
        self.multimedia = FakeMultimedia(self)
        self.broken: set[str] = set()
        self.done: list[str] = []
        self.kept: dict[str, SentMms] = {}
        self.answers: list[Answer | None] = []
        self.stuck: Deferred[None] | None = None

    def secret(self, name: str) -> Deferred[bytes]:
        """A key."""
        return succeed(f"the secret {name}".encode())

    def _do(self, name: str) -> Deferred[Any]:
        self.done.append(name)
        if name in self.broken:
            return fail(StoreError("the disk is full"))
        return succeed(None)

    def remember(self, answer: Answer | None, message: None) -> Deferred[None]:
        """Keep an answer."""
        if self.stuck is not None:
            return self.stuck
        done = self._do("remember")
        if "remember" not in self.broken:
            self.answers.append(answer)
        return done

    def keep_sent(self, message: SentMms) -> Deferred[None]:
        """Keep a message."""
        if "keep_sent" not in self.broken:
            self.kept[message.message_id] = message
        return self._do("keep_sent")

    def told_of_sent(self, message_id: str, kind: str) -> Deferred[None]:
        """Note what was told of one."""
        message = self.kept.get(message_id)
        if "told_of_sent" not in self.broken and message is not None:
            told = (*message.told, kind)
            self.kept[message_id] = msgspec.structs.replace(message, told=told)
        return self._do("told_of_sent")

    def drop_sent(self, message_id: str) -> Deferred[None]:
        """Forget it."""
        if "drop_sent" not in self.broken:
            self.kept.pop(message_id, None)
        return self._do("drop_sent")


class FakeMultimedia:
    """The part of the store that is for MMS."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.keep_sent = store.keep_sent
        self.told_of_sent = store.told_of_sent
        self.drop_sent = store.drop_sent

    def sent(self, message_id: str) -> Deferred[SentMms | None]:
        """One that is kept."""
        if "sent" in self._store.broken:
            return fail(StoreError("the disk is full"))
        return succeed(self._store.kept.get(message_id))


class FakeHouse:
    """What a service needs of the gateway to send MMS."""

    def __init__(self, directory: str, **settings: Any) -> None:
        self.config = configured(**settings)
        self.store = FakeStore()
        self.clock = Clock()
        self.dial_plan = PLAN
        self.traffic = Traffic()
        self.spool = Spool(directory, SpoolLimits(spill=1_000))
        self.full = False

    def now(self) -> float:
        """The time."""
        return NOW + self.clock.seconds()

    def compose(self, size: int = 0) -> Body:
        """A body, where there is room."""
        if self.full:
            raise NoRoom("too much is stored")
        return self.spool.body()


class FakeAdaptation:
    """Takes all content as it comes; `refusal` is what it says instead."""

    def __init__(self) -> None:
        self.asked: list[tuple[Entity, MmscMedia, int]] = []
        self.refusal: CannotInterwork | None = None
        self.waits: Deferred[None] | None = None

    async def adapt(self, entity: Entity, media: MmscMedia, max_size: int) -> Entity:
        """Give it back."""
        self.asked.append((entity, media, max_size))
        if self.waits is not None:
            await self.waits
        if self.refusal is not None:
            raise self.refusal
        return entity


def configured(
    mmsc: dict[str, Any] | None = None,
    mm4: dict[str, Any] | None = None,
    policy: Policy | None = None,
) -> Config:
    """A configuration with one relay, its keys and those of [mm4]."""
    details: dict[str, Any] = {
        "name": "home",
        "domain": "mms.test",
        "media": MmscMedia(smil="leave"),
        **(mmsc or {}),
    }
    return Config(
        gateway=GatewayConfig(domain="ims.example.net"),
        mmsc=(MmscConfig(**details),),
        mm4=Mm4Config(domain=DOMAIN, **(mm4 or {})),
        policy=policy or Policy(),
    )


class Sending:
    """What sends MMS, with its relay; `told` are the failures that are told."""

    def __init__(self, directory: str, **settings: Any) -> None:
        self.house = FakeHouse(directory, **settings)
        house: Any = self.house
        self.link = FakeRelay()
        self.relay = Relay(self.link, self.house.config.mmsc[0])
        self.relays = Relays((self.relay,), self.policy)
        self.told: list[tuple[SentMms, RequestStatus]] = []
        self.trouble: Exception | None = None
        self.written: list[Ends] = []
        self.repeats = RepeatGuard(100)
        self.forwarding = Forwarding(
            house,
            self.policy,
            self.relays.speaks_for,
            self.failed,
            lambda answer: self.repeats.load((answer,)),
        )
        self.adaptation = FakeAdaptation()
        self.contents = Contents(house, self.adaptation)
        self.outbound = Outbound(
            house,
            self.relays,
            self.forwarding,
            self.repeats,
            self.contents,
            self.failed,
            self.written.append,
        )

    def policy(self) -> Policy:
        """The policy in force."""
        return self.house.config.policy

    async def failed(self, sent: SentMms, status: RequestStatus) -> None:
        """Note who is told."""
        if self.trouble is not None:
            raise self.trouble
        self.told.append((sent, status))

    def answer(
        self, status: RequestStatus = RequestStatus.OK, transaction_id: str = ""
    ) -> bool:
        """Have MM4_forward.RES come for the last mail, or for another transaction."""
        known = transaction_id or self.link.forward.transaction.transaction_id
        return self.took(self.answering(result_of(known, status)))

    def answering(self, result: Result, peer: str = "home") -> Deferred[bool]:
        """Have a relay answer so; fires when its mail is acknowledged."""
        answered = self.forwarding.transactions.answered(result, peer)
        return Deferred.fromCoroutine(answered)

    def bounce(self, message_id: str, peer: str = "home", identifier: str = "") -> bool:
        """Have a mail of ours come back."""
        bounced = self.forwarding.transactions.bounced(message_id, peer, identifier)
        return self.took(Deferred.fromCoroutine(bounced))

    def took(self, answered: Deferred[bool]) -> bool:
        """Whether it was for anything known."""
        outcome: list[Any] = []
        answered.addBoth(outcome.append)
        (found,) = outcome
        if isinstance(found, Failure):
            found.raiseException()
        return bool(found)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left behind: no mail, no timer, no transaction."""
        return not (
            len(self.house.spool)
            or self.house.clock.getDelayedCalls()
            or len(self.forwarding.transactions)
        )


def result_of(
    transaction_id: str, status: RequestStatus = RequestStatus.OK, message_id: str = ""
) -> Result:
    """An MM4_forward.RES."""
    return Result(
        transaction=Transaction(
            type=MessageType.FORWARD_RES,
            transaction_id=transaction_id,
            message_id=message_id,
        ),
        status=status,
    )
