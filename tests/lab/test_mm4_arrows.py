"""What the ladder says of MM4: one line a PDU, and what it carries."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.arrow import Kind, Lifeline
from cpmgw.lab.mm4_arrows import air_arrow, pdu_arrow, reply_arrow
from cpmgw.lab.pictures import landscape
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    MmStatus,
    ReadReply,
    ReadStatus,
    RequestStatus,
    Result,
    Transaction,
)
from cpmgw.smtp.interfaces import Reply

ANN = "+15145550002/TYPE=PLMN@mms.test"
BEN = "+15145550001/TYPE=PLMN@mm4.test"
PHOTO = landscape(64, 48)
LETTER = multipart("mixed", (leaf("text/plain", b"Look!"), leaf("image/jpeg", PHOTO)))


def transaction(kind: MessageType) -> Transaction:
    """One of this type."""
    return Transaction(
        type=kind, transaction_id="t", message_id="0123456789abcdef@mms.test"
    )


class ArrowTests(SynchronousTestCase):
    def test_forward(self) -> None:
        """A message: who, what it asks for, its text, its picture, its size."""
        pdu = Forward(
            transaction=transaction(MessageType.FORWARD_REQ),
            sender=ANN,
            to=(BEN,),
            cc=("carol@mail.test",),
            subject="The lake",
            acknowledge=True,
            read_reply=True,
        )
        arrow = pdu_arrow(pdu, LETTER, 5_000, 1.5, from_gateway=False)
        self.assertEqual(
            (arrow.source, arrow.target), (Lifeline.CENTRE, Lifeline.GATEWAY)
        )
        self.assertEqual((arrow.kind, arrow.name), (Kind.MM4, "MM4 forward.REQ"))
        self.assertEqual(
            arrow.details,
            (
                "…0002→…0001,carol",
                "Subject: The lake",
                "asks response, read reply",
                "id 0123456789ab",
                '"Look!"',
                "▣ image/jpeg 64x48, 1 KB",
                "5000 octets",
            ),
        )
        self.assertEqual((arrow.at, arrow.failed), (1.5, False))

    def test_result(self) -> None:
        """A response: its status, for whom, and whether it says no."""
        for status in RequestStatus:
            pdu = Result(
                transaction=transaction(MessageType.FORWARD_RES),
                status=status,
                status_text="because",
                recipients=(BEN,),
            )
            arrow = pdu_arrow(pdu, Entity(), 300, 0.0, from_gateway=True)
            self.assertEqual(arrow.failed, status is not RequestStatus.OK)
            self.assertEqual(
                arrow.details,
                (
                    status.value,
                    '"because"',
                    "for …0001",
                    "id 0123456789ab",
                    "300 octets",
                ),
            )
            self.assertEqual(arrow.target, Lifeline.CENTRE)

    def test_reports(self) -> None:
        """A report: of whom to whom, and what it says."""
        report = DeliveryReport(
            transaction=transaction(MessageType.DELIVERY_REPORT_REQ),
            recipient=BEN,
            sender=ANN,
            status=MmStatus.RETRIEVED,
            acknowledge=True,
        )
        arrow = pdu_arrow(report, Entity(), 300, 0.0, from_gateway=True)
        self.assertEqual(arrow.name, "MM4 delivery.REQ")
        self.assertEqual(
            arrow.details[:3], ("…0001→…0002", "Retrieved", "asks response")
        )
        read = ReadReply(
            transaction=transaction(MessageType.READ_REPLY_REQ),
            recipient=BEN,
            sender=ANN,
            status=ReadStatus.READ,
        )
        arrow = pdu_arrow(read, Entity(), 300, 0.0, from_gateway=True)
        self.assertEqual(arrow.name, "MM4 read.REQ")
        self.assertEqual(arrow.details[:2], ("…0001→…0002", "Read"))

    def test_names_fit(self) -> None:
        """Every PDU has a name that an arrow has room for."""
        for kind in MessageType:
            pdu = Result(transaction=transaction(kind), status=RequestStatus.OK)
            name = pdu_arrow(pdu, Entity(), 1, 0.0, from_gateway=True).name
            self.assertLessEqual(len(name), 16)

    def test_smtp_says_no(self) -> None:
        """A refusal of SMTP goes against the mail; no reply at all says why."""
        arrow = reply_arrow(Reply(550, "Who?"), 0.0, from_gateway=False)
        self.assertEqual((arrow.name, arrow.details), ("SMTP 550", ("Who?",)))
        self.assertEqual(arrow.source, Lifeline.CENTRE)
        self.assertTrue(arrow.failed)
        self.assertEqual(
            reply_arrow(Reply(0, "x"), 0.0, from_gateway=True).name, "SMTP"
        )

    def test_air(self) -> None:
        """Between handset and relay: its number, the subject, what is in it."""
        arrow = air_arrow("+15145550002", "Hi", LETTER, 0.0, out=True)
        self.assertEqual(
            (arrow.source, arrow.target), (Lifeline.HANDSET, Lifeline.CENTRE)
        )
        self.assertEqual(arrow.details[:3], ("…0002", '"Hi"', '"Look!"'))
