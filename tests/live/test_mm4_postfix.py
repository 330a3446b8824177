"""MM4 between two MMS relays with Postfix in between: nothing is lost on the way."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from cpmgw.cpm.mime import MimeLimits
from cpmgw.mm4.addresses import plmn, system_address
from cpmgw.mm4.dsn import Fate, bounced
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.mail import read_content, read_mail, write_mail
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    MmStatus,
    Pdu,
    Priority,
    ReadReply,
    ReadStatus,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.mm4.smil import with_smil
from cpmgw.smtp.interfaces import Envelope, Recipient
from tests.live import postfix
from tests.live.case import until
from tests.live.mail_nodes import HOST, STRANGER, Kept, MailTestCase
from tests.live.postfix import Postfix, start_postfix

MMSC: Final = "mmsc.test"
OURS: Final = plmn("+15550100", HOST)
THEIRS: Final = plmn("+15145550002", MMSC)
LIMITS: Final = MimeLimits(max_size=4_000_000)
RECEIVED: Final = re.compile(rb"(?:Received: .*\r\n(?:[ \t].*\r\n)*)+")
PICTURE: Final = bytes(range(256)) * 2_000
TEXT: Final = "Zażółć gęślą jaźń 😀\r\n.a line with a dot\r\n.\r\nFrom here\r\n"
CONTENT: Final = with_smil(
    multipart(
        "mixed",
        (
            leaf("text/plain; charset=utf-8", TEXT.encode()),
            leaf("image/jpeg", PICTURE, content_location="picture.jpg"),
            leaf("text/plain; charset=us-ascii", b"x" * 5_000),
        ),
    ),
    "Of pictures",
)


def transaction(kind: MessageType, number: int = 1) -> Transaction:
    """Whatever every PDU has."""
    return Transaction(
        type=kind,
        transaction_id=f"txn-{number}@{HOST}",
        message_id=f"msg-{number}@{HOST}",
        version="6.3.0",
    )


FORWARD: Final = Forward(
    transaction=transaction(MessageType.FORWARD_REQ),
    sender=OURS,
    to=(THEIRS, plmn("+15145550003", MMSC)),
    cc=("someone@example.com",),
    date=1_700_000_000.0,
    expiry=1_700_086_400.0,
    delivery_report=True,
    read_reply=True,
    priority=Priority.HIGH,
    hide=True,
    subject="Grüße 😀, and a subject that is so long that it has to be folded" * 3,
    acknowledge=True,
    forward_counter=1,
    originator_system=system_address(HOST),
    message_class="Personal",
)
REPORTS: Final[tuple[Pdu, ...]] = (
    DeliveryReport(
        transaction=transaction(MessageType.DELIVERY_REPORT_REQ, 2),
        recipient=OURS,
        sender=THEIRS,
        status=MmStatus.RETRIEVED,
        date=1_700_000_000.0,
        acknowledge=True,
        status_text="Zażółć",
    ),
    ReadReply(
        transaction=transaction(MessageType.READ_REPLY_REQ, 3),
        recipient=OURS,
        sender=THEIRS,
        status=ReadStatus.READ,
        date=1_700_000_000.0,
    ),
    Result(
        transaction=transaction(MessageType.FORWARD_RES, 4),
        status=RequestStatus.ADDRESS_UNRESOLVED,
        recipients=(THEIRS,),
    ),
)


def addressed(sender: str, *recipients: str) -> Envelope:
    """An envelope that asks for DSNs of what fails."""
    return Envelope(
        sender=sender,
        recipients=tuple(
            Recipient(address=each, notify=("FAILURE",), original=f"rfc822;{each}")
            for each in recipients
        ),
        returns="HDRS",
        envelope_id="txn-1",
    )


class Mm4ByPostfix(MailTestCase):
    needs = postfix.NEEDS

    peer: Postfix

    async def pass_on(self, envelope: Envelope, octets: bytes, mails: int = 1) -> Kept:
        """Send a mail through Postfix; what comes of it, the latest."""
        if not self.keeper.mails:
            back = self.open_port()
            self.peer = await start_postfix(self, {HOST: back, MMSC: back})
            self.link = self.relay(self.peer.port)
        wanted = len(self.keeper.mails) + mails
        sent = await self.send(self.link, envelope, octets)
        self.assertEqual((sent.reply.code, sent.refused), (250, ()))
        await until(lambda: len(self.keeper.mails) == wanted, what="the mails")
        return self.keeper.mails[-1]

    async def test_forward(self) -> None:
        """A MM4_forward.REQ passes octet for octet, and so do its addresses.

        Postfix adds its own Received, and no other field of the header.
        """
        octets = write_mail(FORWARD, CONTENT, (("Message-ID", f"<msg-1@{HOST}>"),))
        envelope = addressed(system_address(HOST), *FORWARD.to)
        kept = await self.pass_on(envelope, octets)
        self.assertEqual(RECEIVED.sub(b"", kept.octets, count=1), octets)
        self.assertEqual(kept.envelope.sender, system_address(HOST))
        came = tuple(each.address for each in kept.envelope.recipients)
        self.assertEqual(came, FORWARD.to)
        mail = read_mail(kept.octets)
        kind = {"content_type": "", "transfer_encoding": ""}
        self.assertEqual(msgspec.structs.replace(mail.pdu, **kind), FORWARD)
        content = read_content(mail, LIMITS)
        self.assertEqual(bodies(content), bodies(CONTENT))

    async def test_no_domain(self) -> None:
        """An envelope sender without a domain, as some relays write it, is carried."""
        envelope = Envelope(
            sender="+15145550002/TYPE=PLMN", recipients=(Recipient(address=OURS),)
        )
        kept = await self.pass_on(envelope, write_mail(FORWARD, CONTENT))
        self.assertEqual(kept.envelope.sender.partition("@")[0], envelope.sender)

    async def test_reports(self) -> None:
        """Reports and responses, which have no content, pass octet for octet."""
        for pdu in REPORTS:
            octets = write_mail(pdu, None, (("To", OURS),) if is_result(pdu) else ())
            kept = await self.pass_on(addressed(system_address(MMSC), OURS), octets)
            self.assertEqual(RECEIVED.sub(b"", kept.octets, count=1), octets)
            self.assertEqual(read_mail(kept.octets).pdu, pdu)

    async def test_bounce(self) -> None:
        """What the far end refuses comes back as a DSN that says which message."""
        octets = write_mail(FORWARD, CONTENT)
        stranger = f"{STRANGER}@{MMSC}"
        kept = await self.pass_on(addressed(system_address(HOST), stranger), octets)
        self.assertEqual(kept.envelope.sender, "")
        (recipient,) = kept.envelope.recipients
        self.assertEqual(recipient.address, system_address(HOST))
        bounce = bounced(kept.octets)
        assert bounce is not None
        self.assertEqual(bounce.fate, Fate.FAILED)
        self.assertEqual(bounce.type, MessageType.FORWARD_REQ)
        self.assertEqual(bounce.message_id, FORWARD.transaction.message_id)
        self.assertEqual(bounce.transaction_id, FORWARD.transaction.transaction_id)

    async def test_whole_bounce(self) -> None:
        """A DSN with the whole mail in it is read as well; others get the mail."""
        octets = write_mail(FORWARD, CONTENT)
        stranger = f"{STRANGER}@{MMSC}"
        envelope = msgspec.structs.replace(
            addressed(system_address(HOST), stranger, THEIRS), returns="FULL"
        )
        await self.pass_on(envelope, octets, 2)
        bounces = [bounced(each.octets) for each in self.keeper.mails]
        (bounce,) = (each for each in bounces if each is not None)
        self.assertEqual(bounce.message_id, FORWARD.transaction.message_id)
        self.assertEqual(bounce.fate, Fate.FAILED)

    async def test_delivered(self) -> None:
        """A DSN of success, where one was asked for, is no failure."""
        recipient = Recipient(address=THEIRS, notify=("SUCCESS",))
        envelope = Envelope(sender=system_address(HOST), recipients=(recipient,))
        await self.pass_on(envelope, write_mail(FORWARD, CONTENT), 2)
        notices = [bounced(each.octets) for each in self.keeper.mails]
        (notice,) = (each for each in notices if each is not None)
        self.assertEqual(notice.fate, Fate.DELIVERED)
        self.assertEqual(notice.message_id, FORWARD.transaction.message_id)


def bodies(entity: Entity) -> list[tuple[str, bytes]]:
    """The leaves of a content: what they are, and their decoded octets."""
    return [(each.media_type.name, each.body) for each in entity.leaves()]


def is_result(pdu: Pdu) -> bool:
    """Whether it is a response."""
    return isinstance(pdu, Result)
