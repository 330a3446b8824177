"""A gateway around what receives MMS, in memory: relay, store, CPM side, clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.cpm.cpim import CpimMessage, parse_cpim
from cpmgw.cpm.imdn import Disposition, Imdn, parse_imdn
from cpmgw.cpm.mime import split_multipart
from cpmgw.errors import StoreError
from cpmgw.iwf.mail.inbox import KEPT
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mms.multimedia import Replies
from cpmgw.iwf.mms.receiving import Receiving
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.mms.transactions import Awaited, Transactions
from cpmgw.iwf.notifier import NoSessions
from cpmgw.mail_records import OutboxMail, ReceivedMms, SentMms
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.mail import read_mail, write_mail
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    MmStatus,
    Pdu,
    ReadReply,
    ReadStatus,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.policy import Policy
from cpmgw.records import ImdnContext
from cpmgw.sip.errors import TransactionTimeout
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.uri import SipUri
from cpmgw.smtp.interfaces import Envelope, Peer, ReceivedMail, Recipient, Reply
from cpmgw.traffic import Traffic
from tests.addressing.plans import plan, sip
from tests.iwf.mail.stand_ins import Link, Mailbox
from tests.iwf.mms.gateway import DOMAIN, configured

NOW = 1_790_000_000.0
ALICE = f"+15145550001/TYPE=PLMN@{DOMAIN}"
CAROL = f"+15145550003/TYPE=PLMN@{DOMAIN}"
BOB = "+15145550002/TYPE=PLMN@mms.test"
SYSTEM = "system-user@mms.test"
PEER = Peer(host="127.0.0.1", name="mms.test")


class Multimedia:
    """What reports need, in memory."""

    def __init__(self) -> None:
        self.messages: dict[str, SentMms] = {}
        self.receipts: dict[str, ReceivedMms] = {}
        self.posted: list[OutboxMail] = []
        self.out: dict[str, OutboxMail] = {}
        self.forgotten: list[bytes] = []
        self.fault: Exception | None = None

    def _do(self, result: Any = None) -> Deferred[Any]:
        return succeed(result) if self.fault is None else fail(self.fault)

    def sent(self, message_id: str) -> Deferred[SentMms | None]:
        """One that went out."""
        return self._do(self.messages.get(message_id))

    def told_of_sent(
        self, message_id: str, kind: str, forget: bytes = b"", until: float = 0.0
    ) -> Deferred[None]:
        """The CPM side was told."""
        message = self.messages[message_id]
        self.messages[message_id] = msgspec.structs.replace(
            message, told=(*message.told, kind)
        )
        self.forgotten += [forget] if forget else []
        return self._do()

    def keep_received(self, message: ReceivedMms) -> Deferred[None]:
        """Keep it, once."""
        if self.fault is None:
            self.receipts.setdefault(message.imdn_id, message)
        return self._do()

    def received(self, imdn_id: str) -> Deferred[ReceivedMms | None]:
        """One that came."""
        return self._do(self.receipts.get(imdn_id))

    def report(
        self, imdn_id: str, reports: Mapping[str, OutboxMail]
    ) -> Deferred[tuple[str, ...]]:
        """Those not told before."""
        known = self.receipts[imdn_id]
        kinds = tuple(kind for kind in reports if kind not in known.told)
        self.receipts[imdn_id] = msgspec.structs.replace(
            known, told=(*known.told, *kinds)
        )
        self.posted += [reports[kind] for kind in kinds]
        self.out.update((reports[kind].key, reports[kind]) for kind in kinds)
        return self._do(kinds)


class Store:
    """What is kept."""

    healthy = True

    def __init__(self) -> None:
        self.mail = Mailbox()
        self.multimedia = Multimedia()
        self.multimedia.out = self.mail.out


class Network:
    """The CPM side: `requests` it got, `statuses` it answers; None answers nothing."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int | None] = []
        self.held: list[Deferred[None]] | None = None

    def request(self, request: Request, **details: Any) -> Deferred[Response]:
        """Answer by the next status, 200 without one."""
        self.requests.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            return fail(TransactionTimeout("silence"))
        answer = respond(request, status)
        if self.held is None:
            return succeed(answer)
        turn: Deferred[None] = Deferred()
        self.held.append(turn)
        return turn.addCallback(lambda _: answer)

    def contact(self, transport: str = "") -> SipUri:
        """Us."""
        return sip("sip:10.0.0.1:5060")


class Directory:
    """SIP URIs of numbers."""

    def __init__(self) -> None:
        self.known: dict[str, SipUri] = {}

    def sip_uri(self, number: str) -> Deferred[SipUri | None]:
        """One that is known."""
        return succeed(self.known.get(number))


class House:
    """What the gateway offers."""

    def __init__(self, directory: str) -> None:
        self.config = configured()
        self.store = Store()
        self.network = Network()
        self.directory = Directory()
        self.dial_plan = plan()
        self.clock = Clock()
        self.traffic = Traffic()
        self.spool = Spool(directory, SpoolLimits(spill=1_000))

    def now(self) -> float:
        """The time."""
        return NOW + self.clock.seconds()

    def compose(self, size: int = 0) -> Body:
        """An empty body."""
        return self.spool.body()


class Room(SynchronousTestCase):
    """Bob with MMS, and Alice and Carol on the CPM side."""

    replies: Replies | None = None
    large: Any = None

    def setUp(self) -> None:
        self.house = House(self.mktemp())
        self.link = Link()
        self.late: list[tuple[str, Result]] = []
        self.late_fault: Exception | None = None
        self.transactions = Transactions(
            self.house.clock, self.note_late, lambda one, other: one == other
        )
        self.sessions: Any = NoSessions()
        self.forgotten: list[bytes] = []
        self.build()

    async def note_late(self, result: Result, peer: str, known: Awaited | None) -> bool:
        """Note an answer that nobody waits for."""
        if self.late_fault is not None:
            raise self.late_fault
        self.late.append((peer, result))
        return True

    def build(self) -> None:
        """Join what receives; by the configuration, replies and sessions of now."""
        house: Any = self.house
        config = self.house.config
        self.relays = Relays(
            [Relay(self.link, config.mmsc[0])], lambda: self.house.config.policy
        )
        self.receiving = Receiving(
            house,
            self.relays,
            self.transactions,
            self.sessions,
            large=self.large,
            replies=self.replies,
            forget=self.forgotten.append,
        )
        self.receiving.start()

    def choose(self, mms: Mapping[str, Any] | None = None, **policy: Any) -> None:
        """Have this policy in force."""
        chosen = msgspec.convert({**policy, "mms": dict(mms or {})}, Policy)
        self.house.config = msgspec.structs.replace(self.house.config, policy=chosen)

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.house.store

    @property
    def requests(self) -> list[Request]:
        """What the CPM side got."""
        return self.house.network.requests

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and take up what is due then."""
        self.house.clock.advance(seconds)
        self.receiving.sweep()

    # -- the MMS side ------------------------------------------------------------------

    def bring(
        self,
        octets: bytes,
        *recipients: str,
        sender: str = BOB,
        peer: Peer = PEER,
    ) -> Reply:
        """Have a mail come; what is answered to it."""
        envelope = Envelope(
            sender=sender,
            recipients=tuple(
                Recipient(address=each) for each in recipients or (ALICE,)
            ),
        )
        mail = ReceivedMail(
            peer=peer,
            envelope=envelope,
            content=Octets(octets),
            received=self.house.now(),
        )
        took = Deferred.fromCoroutine(self.receiving.reception.mail(mail))
        reply: Reply = self.successResultOf(took)
        return reply

    def forward(
        self,
        *recipients: str,
        entity: Entity | None = None,
        mail_from: str = BOB,
        **details: Any,
    ) -> Reply:
        """Have an MM4_forward.REQ come."""
        octets = write_mail(
            forward_of(**details), entity or leaf("text/plain", b"Hello")
        )
        return self.bring(octets, *recipients, sender=mail_from)

    @property
    def answers(self) -> list[Result]:
        """The responses that went out."""
        found = [read_mail(content).pdu for _, content in self.link.sent]
        return [each for each in found if isinstance(each, Result)]

    @property
    def reports(self) -> list[DeliveryReport | ReadReply]:
        """The reports that went out."""
        found = [read_mail(content).pdu for _, content in self.link.sent]
        return [each for each in found if isinstance(each, DeliveryReport | ReadReply)]

    def sent(self, *requested: str, **details: Any) -> SentMms:
        """A message of Alice's that went out to Bob."""
        message = sent_mms(*requested, **details)
        self.store.multimedia.messages[message.message_id] = message
        return message


class InboundRoom(Room):
    """What becomes of MMS that come."""

    def came(self, *recipients: str, **details: Any) -> Request:
        """Have an MMS come; the MESSAGE that it makes."""
        self.assertEqual(self.forward(*recipients, **details), KEPT)
        request = self.requests[-1]
        self.assertEqual(request.method, "MESSAGE")
        return request

    def cpim(self, request: Request) -> CpimMessage:
        """The wrapper in a MESSAGE."""
        content_type = request.headers.get("Content-Type") or ""
        if content_type == "message/cpim":
            return parse_cpim(request.body)
        boundary = content_type.partition('boundary="')[2].partition('"')[0]
        return parse_cpim(split_multipart(request.body, boundary)[0].body)

    def statuses(self) -> list[RequestStatus]:
        """Those of the responses."""
        return [each.status for each in self.answers]


class ReportRoom(Room):
    """What becomes of reports that come."""

    def delivered(
        self,
        *requested: str,
        status: MmStatus = MmStatus.RETRIEVED,
        context: dict[str, Any] | None = None,
        **report: Any,
    ) -> Request:
        """Have a delivery report come for a message that asked so; the MESSAGE."""
        self.sent(
            *(requested or (Disposition.POSITIVE_DELIVERY.value,)), **(context or {})
        )
        self.bring(written(delivery_of(status, **report)))
        return self.requests[-1]

    def read(
        self,
        status: ReadStatus = ReadStatus.READ,
        context: dict[str, Any] | None = None,
        **report: Any,
    ) -> Request:
        """Have a read reply come; the MESSAGE."""
        self.sent(Disposition.DISPLAY.value, **(context or {}))
        self.bring(written(read_of(status, **report)))
        return self.requests[-1]

    def cpim(self, request: Request) -> CpimMessage:
        """The wrapper in a MESSAGE."""
        return parse_cpim(request.body)

    def imdn(self, request: Request) -> Imdn:
        """The IMDN in a MESSAGE."""
        return parse_imdn(self.cpim(request).content)

    def said(self, request: Request) -> list[tuple[str, str]]:
        """What a notification says."""
        return [
            (each.kind.value.removesuffix("-notification"), each.status.value)
            for each in self.imdn(request).notifications
        ]

    def statuses(self) -> list[RequestStatus]:
        """Those of the responses."""
        return [each.status for each in self.answers]


def transaction(kind: MessageType, identifier: str = "t-1") -> Transaction:
    """What a PDU begins with."""
    return Transaction(
        type=kind, transaction_id=identifier, message_id="m-1", version="6.3.0"
    )


def forward_of(identifier: str = "t-1", **details: Any) -> Forward:
    """An MM4_forward.REQ of Bob's."""
    values: dict[str, Any] = {"sender": BOB, "to": (ALICE,), "acknowledge": True}
    return Forward(
        transaction=transaction(MessageType.FORWARD_REQ, identifier),
        **{**values, **details},
    )


def delivery_of(
    status: MmStatus = MmStatus.RETRIEVED, identifier: str = "t-1", **details: Any
) -> DeliveryReport:
    """An MM4_delivery_report.REQ of Bob's relay."""
    values: dict[str, Any] = {"recipient": BOB, "sender": ALICE, "acknowledge": True}
    return DeliveryReport(
        transaction=transaction(MessageType.DELIVERY_REPORT_REQ, identifier),
        status=status,
        **{**values, **details},
    )


def read_of(
    status: ReadStatus = ReadStatus.READ, identifier: str = "t-1", **details: Any
) -> ReadReply:
    """An MM4_read_reply_report.REQ of Bob's relay."""
    values: dict[str, Any] = {"recipient": BOB, "sender": ALICE, "acknowledge": True}
    return ReadReply(
        transaction=transaction(MessageType.READ_REPLY_REQ, identifier),
        status=status,
        **{**values, **details},
    )


def sent_mms(*requested: str, told: tuple[str, ...] = (), **context: Any) -> SentMms:
    """What is kept of a message of Alice's."""
    values: dict[str, Any] = {
        "originator": "tel:+15145550001",
        "recipient": "tel:+15145550002",
        "cpim_to": "sip:bob@ims.example.net",
        "message_id": "imdn-1",
        "datetime": "2026-11-24T12:00:00Z",
        "requested": requested,
        "conversation_id": "conversation",
        "contribution_id": "contribution",
    }
    return SentMms(
        message_id="m-1",
        context=ImdnContext(**{**values, **context}),
        relay="home",
        recipient="+15145550002",
        expires=NOW + 1_000,
        told=told,
        answer=b"answer",
    )


def written(pdu: Pdu) -> bytes:
    """A mail without content."""
    return write_mail(pdu)


BROKEN = StoreError("the disk is full")
