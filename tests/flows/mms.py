"""The whole gateway between an MMS relay and the CPM side: octets in, octets out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cpmgw.gateway import Gateway
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mms.service import MmsInterworkingFactory
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.conversation import Conversation, SentMessage
from cpmgw.lab.mms.handset import MmsHandset
from cpmgw.lab.mms.post import Parcel
from cpmgw.lab.mms.relay import MmsRelay
from cpmgw.lab.mms.sending import MmsOptions, SentMms
from cpmgw.lab.pager import PagerMessage, carrying, cpim_of
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    Pdu,
    ReadReply,
    Result,
)
from cpmgw.smtp.errors import Refused
from cpmgw.smtp.interfaces import Envelope, Recipient, Reply, Sent
from tests.flows.chatting import Chatting
from tests.flows.house import ALICE, BOB, House
from tests.flows.large import Large, LargeOutbound, files_in
from tests.flows.messages import Talk

OWN: Final = "mm4.ims.example.net"
THEIRS: Final = "mms.example.net"
SYSTEM: Final = f"system-user@{OWN}"
THEIR_SYSTEM: Final = f"system-user@{THEIRS}"
ALICE_MM4: Final = f"+15145550001/TYPE=PLMN@{OWN}"
BOB_MM4: Final = f"+15145550002/TYPE=PLMN@{THEIRS}"
MM4: Final = """
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
domain = "{own}"
spool = "{spool}"
{mm4}
[[mmsc]]
name = "home"
host = "127.0.0.1"
port = 2526
domain = "{theirs}"
{mmsc}
[mmsc.media]
{media}
"""
PICTURE: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002"
    "024401003b"
)
"""A GIF of one pixel."""

DELIVERED: Final = [("delivery-notification", "delivered")]
FAILED: Final = [("delivery-notification", "failed")]
NOTHING_COMES: Final = MmsBehaviour(reports=())
"""A relay that takes messages, and reports nothing by itself."""


class MmsHouse(House):
    """A gateway that has MMS, and no SMS unless `with_sms`.

    `mm4`, `mmsc` and `media` are lines that a test adds to those tables. After each
    test nothing may be left: no transaction, no mail in hand, no file, no thread at
    work; `leaves_mail` is set by a test that means to.
    """

    with_sms = False
    mm4 = ""
    mmsc = ""
    media = ""
    leaves_mail = False

    def setUp(self) -> None:
        self.mail_spool = self.mktemp()
        section = MM4.format(
            own=OWN,
            theirs=THEIRS,
            spool=self.mail_spool,
            mm4=self.mm4,
            mmsc=self.mmsc,
            media=self.media,
        )
        self.more = f"{section}\n{self.more}"
        super().setUp()

    def tearDown(self) -> None:
        if not self.leaves_mail:
            self.settle()
            self.assert_no_mail()
        super().tearDown()

    def factories(self) -> Sequence[Any]:
        """The services of this process."""
        mms = MmsInterworkingFactory()
        return (SmsInterworkingFactory(), mms) if self.with_sms else (mms,)

    def start_gateway(self) -> Gateway:
        """Start a gateway, and wait until it takes mail."""
        gateway = super().start_gateway()
        self.wait_until(lambda: gateway.mail.addresses)
        return gateway

    def settle(self) -> None:
        """Let all come to rest, what threads have in hand included."""
        workshop = self.gateway._workshop
        self.network.wait_until(
            lambda: not self.gateway.store_waiting and not workshop.waiting
        )

    def rest(self, seconds: float, step: float = 2.0) -> None:
        """Let time pass in steps, threads keeping up with all that is due in them."""
        self.settle()
        while seconds > 0:
            self.network.advance(min(seconds, step))
            self.settle()
            seconds -= step

    # -- the parts ---------------------------------------------------------------------

    @property
    def mms(self) -> Any:
        """The MMS IWF."""
        found = [s for s in self.gateway._services if s.capabilities.name == "MMS"]
        return found[0]

    @property
    def relay(self) -> MmsRelay:
        """The MMS relay."""
        return self.lab.relay

    @property
    def phone(self) -> MmsHandset:
        """The handset of the MMS user."""
        return self.relay.handset(BOB[4:])

    @property
    def alice(self) -> Conversation:
        """What the CPM user has sent and got."""
        return self.cpm.user(ALICE)

    @property
    def forwards(self) -> list[Forward]:
        """The MM4_forward.REQ that the relay has got."""
        return self.relay.forwards

    @property
    def delivery_reports(self) -> list[DeliveryReport]:
        """The MM4_delivery_report.REQ that the relay has got."""
        found = (each.pdu for each in self.relay.mails)
        return [each for each in found if isinstance(each, DeliveryReport)]

    @property
    def read_replies(self) -> list[ReadReply]:
        """The MM4_read_reply_report.REQ that the relay has got."""
        found = (each.pdu for each in self.relay.mails)
        return [each for each in found if isinstance(each, ReadReply)]

    @property
    def results(self) -> list[Result]:
        """The responses that the relay has got."""
        return self.relay.results

    def mail_files(self) -> list[str]:
        """The files with mail in them; that a directory is taken is no mail."""
        return [each for each in files_in(self.mail_spool) if not _is_lock(each)]

    @property
    def has_used_files(self) -> bool:
        """Whether there was mail in a file: the first one makes their directory."""
        return bool(files_in(self.mail_spool))

    def assert_no_mail(self) -> None:
        """Nothing is in hand, and nothing is kept that is to be done."""
        receiving = self.mms._receiving
        self.assertEqual(len(self.mms._outbound._forwarding.transactions), 0)
        self.assertEqual(len(receiving._inbox), 0, "mail worked on")
        self.assertEqual(len(receiving._outbox), 0, "mail on its way")
        self.assertEqual(self.mail_files(), [])
        self.assertEqual(self.gateway.mail.stored, 0, "octets of mail")
        self.assertEqual(self.gateway._workshop.waiting, 0, "work")

    # -- what tests do -----------------------------------------------------------------

    def behave(self, **behaviour: Any) -> None:
        """Have the relay treat messages so; it reports nothing unless told to."""
        behaviour.setdefault("reports", ())
        self.relay.behave(MmsBehaviour(**behaviour))

    def send_entity(self, entity: Entity, **details: Any) -> SentMessage:
        """Send content from Alice to Bob; comes back when all rests."""
        details.setdefault("sender", ALICE)
        details.setdefault("recipient", BOB)
        sent = self.cpm.send(carrying(PagerMessage(**details), entity))
        self.settle()
        return sent

    def write_mms(
        self,
        of: Entity | str = "Hello",
        targets: str | tuple[str, ...] = ALICE[4:],
        source: str = BOB[4:],
        **options: Any,
    ) -> SentMms:
        """Bob writes an MMS to Alice; comes back when all rests."""
        sent = self.relay.send(source, targets, of, MmsOptions(**options))
        self.settle()
        return sent

    def post(self, pdu: Pdu, entity: Entity | None = None, **envelope: Any) -> Reply:
        """The relay sends a PDU of the test's own; the last reply of the gateway.

        `envelope` may have a sender, and recipients: by default Alice.
        """
        envelope.setdefault("sender", THEIR_SYSTEM)
        envelope.setdefault("recipients", (ALICE_MM4,))
        parcel = Parcel(pdu=pdu, entity=entity, **envelope)
        return self._reply_to(self.relay._post.send(parcel))

    def post_octets(
        self,
        octets: bytes,
        *,
        sender: str = THEIR_SYSTEM,
        recipients: Sequence[str] = (ALICE_MM4,),
    ) -> Reply:
        """The relay sends any octets as a mail; the last reply of the gateway."""
        body = Octets(octets)
        envelope = Envelope(
            sender=sender,
            recipients=tuple(Recipient(address=each) for each in recipients),
            size=len(octets),
        )
        sent = self.relay.link.send(envelope, body)
        return self._reply_to(sent.addCallbacks(_taken, _not_taken))

    def _reply_to(self, sent: Deferred[Reply]) -> Reply:
        self.settle()
        self.wait_until(lambda: sent.called)
        self.settle()
        reply: Reply = self.successResultOf(sent)
        return reply


class MmsLarge(MmsHouse, Large):
    """One that has MSRP as well; `side` is the CPM user agent."""

    @property
    def over_msrp(self) -> Any:
        """What MMS has open."""
        return self.mms._over_msrp


class MmsLargeOutbound(MmsLarge, LargeOutbound):
    """One to which Alice sends large messages."""

    def say_entity(self, talk: Talk, entity: Entity, **details: Any) -> int:
        """Send content in message/cpim by MSRP; its status, once all rests."""
        sent = self.saying(talk, entity, **details)
        self.settle()
        status: int = self.successResultOf(sent)
        self.network.advance(ANSWER_FIRST)  # then the BYE, where there is one
        self.settle()
        return status

    def saying(self, talk: Talk, entity: Entity, **details: Any) -> Deferred[int]:
        """Send it; fires with the MSRP status."""
        details.setdefault("imdn", ())
        details.setdefault("message_id", "m-1")
        message = PagerMessage(sender=ALICE, recipient=BOB, **details)
        octets = cpim_of(carrying(message, entity), self.network.seconds()).encode()
        sent: Deferred[int] = talk.session.send("message/cpim", octets)
        return sent


class MmsChatting(MmsHouse, Chatting):
    """Alice has a CPM client and Bob a handset with MMS; see `Chatting`."""

    @property
    def over_msrp(self) -> Any:
        """What MMS has open."""
        return self.mms._over_msrp

    @property
    def bob(self) -> Any:
        """The handset of the MMS user."""
        return self.phone

    def write(
        self, text: Entity | str, target: str = ALICE[4:], source: str = BOB[4:]
    ) -> Any:
        """Bob writes; the status of MM4_forward.RES, "" without one."""
        return self.answered(self.writing(text, target, source))

    def writing(
        self, text: Entity | str, target: str = ALICE[4:], source: str = BOB[4:]
    ) -> Any:
        """Bob writes; what the relay has of it."""
        return self.write_mms(text, target, source)

    def answered(self, sent: SentMms) -> str:
        """The only status of an MMS, "" without one."""
        return sent.statuses[0] if len(sent.statuses) == 1 else ""


def picture(kind: str = "image/gif", name: str = "dot.gif") -> Entity:
    """A picture as a part."""
    return leaf(kind, PICTURE, content_location=name)


def text(of: str = "Hello") -> Entity:
    """A text as a part."""
    return leaf("text/plain; charset=utf-8", of.encode())


def mixed(*parts: Entity) -> Entity:
    """Parts side by side."""
    return multipart("mixed", parts)


def _taken(sent: Sent) -> Reply:
    return sent.refused[0][1] if sent.refused else sent.reply


def _not_taken(failure: Failure) -> Reply:
    failure.trap(Refused)
    assert isinstance(failure.value, Refused)
    return failure.value.reply


def _is_lock(path: str) -> bool:
    return path.endswith("/lock")
