"""TS 6.3.1.1.3, 6.3.1.1.4, Tables 17 to 22: reports of MMS to the CPM side."""

from __future__ import annotations

from typing import Any

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour, MmscQuirks
from cpmgw.lab.conversation import Notification, SentMessage
from cpmgw.mm4.pdu import (
    DeliveryReport,
    MessageType,
    MmStatus,
    ReadReply,
    ReadStatus,
    RequestStatus,
    Transaction,
)
from tests.flows.house import ALICE, BOB
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    DELIVERED,
    FAILED,
    SYSTEM,
    THEIR_SYSTEM,
    MmsHouse,
)

EVERYTHING = (
    "positive-delivery",
    "negative-delivery",
    "interworking",
    "processing",
    "display",
)
PROCESSED = [("processing-notification", "processed")]
STORED = [("processing-notification", "stored")]


def delivery(message_id: str, status: MmStatus, **details: Any) -> DeliveryReport:
    """A delivery report of a message to Bob."""
    details.setdefault("acknowledge", True)
    details.setdefault("originator_system", THEIR_SYSTEM)
    return DeliveryReport(
        transaction=Transaction(
            type=MessageType.DELIVERY_REPORT_REQ,
            transaction_id=details.pop("transaction_id", "t-1"),
            message_id=message_id,
            version="6.3.0",
        ),
        recipient=BOB_MM4,
        sender=ALICE_MM4,
        status=status,
        **details,
    )


def read(message_id: str, status: ReadStatus, **details: Any) -> ReadReply:
    """A read reply to a message to Bob."""
    details.setdefault("acknowledge", True)
    details.setdefault("originator_system", THEIR_SYSTEM)
    return ReadReply(
        transaction=Transaction(
            type=MessageType.READ_REPLY_REQ,
            transaction_id=details.pop("transaction_id", "t-2"),
            message_id=message_id,
            version="6.3.0",
        ),
        recipient=BOB_MM4,
        sender=ALICE_MM4,
        status=status,
        **details,
    )


class Reports(MmsHouse):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def sent(self, *asked: str, **details: Any) -> SentMessage:
        """A message that the relay has taken, and reports nothing of."""
        sent = self.send(text="Hello", imdn=asked, **details)
        self.assertEqual(sent.status, 202)
        return sent

    @property
    def message_id(self) -> str:
        """The X-Mms-Message-ID of the last message."""
        return self.forwards[-1].transaction.message_id

    def statuses(self) -> list[str]:
        """What the gateway has answered to reports."""
        return [each.status.value for each in self.results]

    def notification(self, sent: SentMessage) -> Notification:
        """The only notification of a message."""
        (only,) = sent.notifications
        return only


class Delivery(Reports):
    def test_each_status(self) -> None:
        """Each X-Mms-MM-Status-Code, where all was asked for (Table 17).

        [TS 6.3.1.1.3 step 1] [TS 6.3.1.1.3 step 2] [SCR Int-S-016-O]
        [SCR Int-S-013-O]
        """
        good = [*DELIVERED, ("interworking-notification", "legacy-mms")]
        bad = [*FAILED, ("interworking-notification", "error")]
        expected = {
            MmStatus.RETRIEVED: good,
            MmStatus.EXPIRED: bad,
            MmStatus.REJECTED: bad,
            MmStatus.UNRECOGNISED: bad,
            MmStatus.DEFERRED: STORED,
            MmStatus.INDETERMINATE: PROCESSED,
            MmStatus.FORWARDED: PROCESSED,
        }
        found = {}
        for status in MmStatus:
            sent = self.sent(*EVERYTHING)
            self.post(delivery(self.message_id, status, transaction_id=status.value))
            found[status] = sent.outcome
        self.assertEqual(found, expected)
        self.assertEqual(self.statuses(), ["Ok"] * len(expected))

    def test_only_what_was_asked_for(self) -> None:
        """What was not asked for is not told, and the report is answered (step 1)."""
        cases: tuple[tuple[tuple[str, ...], MmStatus, list[Any]], ...] = (
            (("positive-delivery",), MmStatus.RETRIEVED, DELIVERED),
            (("positive-delivery",), MmStatus.REJECTED, []),
            (("negative-delivery",), MmStatus.RETRIEVED, []),
            (("negative-delivery",), MmStatus.EXPIRED, FAILED),
            (
                ("interworking",),
                MmStatus.RETRIEVED,
                [("interworking-notification", "legacy-mms")],
            ),
            (("positive-delivery",), MmStatus.DEFERRED, []),
        )
        for number, (asked, status, outcome) in enumerate(cases):
            sent = self.sent(*asked)
            self.post(delivery(self.message_id, status, transaction_id=str(number)))
            self.assertEqual(sent.outcome, outcome, (asked, status))
        self.assertEqual(self.statuses(), ["Ok"] * len(cases))

    def test_notification(self) -> None:
        """The fields of the notification (Table 17). [TS 6.3.1.1.3 step 3b]"""
        sent = self.sent(
            "positive-delivery",
            conversation_id="c-1",
            contribution_id="k-1",
            cpim_headers=(("imdn.IMDN-Record-Route", "<sip:b2bua@example.net>"),),
        )
        self.network.advance(5)
        self.post(delivery(self.message_id, MmStatus.RETRIEVED, date=3.0))
        (notification,) = self.cpm.user("sip:b2bua@example.net").notifications
        request, cpim = notification.request, notification.cpim
        self.assertEqual(request.method, "MESSAGE")
        self.assertEqual(str(request.to.uri), ALICE)
        self.assertEqual(str(request.from_.uri), BOB)
        self.assertEqual(request.headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(request.headers.get("Conversation-ID"), "c-1")
        self.assertEqual(request.headers.get("Contribution-ID"), "k-1")
        self.assertIn("IWF-MMS-client/", request.headers.get("User-Agent") or "")
        self.assertEqual(request.headers.get("Date"), "Thu, 01 Jan 1970 00:00:03 GMT")
        self.assertEqual(cpim.imdn("IMDN-Route"), "<sip:b2bua@example.net>")
        self.assertEqual(cpim.content_header("Content-Disposition"), "notification")
        self.assertEqual(notification.message_id, sent.message_id)
        self.assertNotEqual(cpim.imdn("Message-ID"), sent.message_id)

    def test_referred_by(self) -> None:
        """CPIM To is the Referred-By of the message (Table 17)."""
        sent = self.sent(
            "positive-delivery", headers=(("Referred-By", "<tel:+15145559999>"),)
        )
        self.post(delivery(self.message_id, MmStatus.RETRIEVED))
        cpim = self.notification(sent).cpim
        self.assertIn("tel:+15145559999", cpim.get("To") or "")

    def test_response(self) -> None:
        """MM4_delivery_report.RES, to the MAIL From (Tables 18 and 19).

        [TS 6.3.1.1.3 step 4]
        """
        self.sent("positive-delivery")
        self.post(
            delivery(
                self.message_id,
                MmStatus.RETRIEVED,
                forward_route=(THEIR_SYSTEM,),
                handled_by=(THEIR_SYSTEM,),
            ),
            sender="reports@mms.example.net",
        )
        (result,) = self.results
        mail = self.relay.mails[-1]
        self.assertEqual(mail.envelope.sender, SYSTEM)
        recipients = [each.address for each in mail.envelope.recipients]
        self.assertEqual(recipients, ["reports@mms.example.net"])
        asked = result.transaction
        self.assertEqual(asked.type, MessageType.DELIVERY_REPORT_RES)
        self.assertEqual(asked.transaction_id, "t-1")
        self.assertEqual(asked.message_id, self.message_id)
        self.assertEqual(asked.version, "6.3.0")
        self.assertIs(result.status, RequestStatus.OK)
        self.assertIn(b"system-user@mms.example.net", mail.octets)

    def test_response_is_not_asked_for(self) -> None:
        """A report that wants no answer gets none; it is told all the same."""
        sent = self.sent("positive-delivery")
        self.post(delivery(self.message_id, MmStatus.RETRIEVED, acknowledge=False))
        self.assertEqual((sent.outcome, self.results), (DELIVERED, []))

    def test_unknown_message(self) -> None:
        """Of a message that nobody knows: Error-message-not-found, asked or not."""
        for number, asks in enumerate((True, False)):
            report = delivery(
                "who@knows",
                MmStatus.RETRIEVED,
                acknowledge=asks,
                transaction_id=str(number),
            )
            self.assertEqual(self.post(report).code, 250)
        self.assertEqual(self.statuses(), ["Error-message-not-found"] * 2)

    def test_quirks(self) -> None:
        """An MMSC that writes identifiers and codes its own way is understood."""
        for quirks in (
            MmscQuirks(unquoted=True),
            MmscQuirks(bracketed=True),
            MmscQuirks(numeric=True),
            MmscQuirks(null_sender=True),
            MmscQuirks(version_field="X-Mms-3GPP-MMS-Version-Number"),
        ):
            self.relay.behave(MmsBehaviour(quirks=quirks))
            self.assertEqual(self.sent("positive-delivery").outcome, DELIVERED, quirks)

    def test_stages(self) -> None:
        """Stored, then delivered, then displayed: each is told, in its order."""
        self.relay.behave(
            MmsBehaviour(
                reports=(MmStatus.DEFERRED, MmStatus.RETRIEVED),
                report_delay=10.0,
                looks_after=10.0,
            )
        )
        sent = self.sent("positive-delivery", "processing", "display")
        for _ in range(5):
            self.network.advance(10)
            self.settle()
        self.assertEqual(
            sent.outcome,
            [*STORED, *DELIVERED, ("display-notification", "displayed")],
        )

    def test_processing_after_the_end(self) -> None:
        """What is known to be delivered is not "stored" afterwards."""
        sent = self.sent("positive-delivery", "processing")
        self.post(delivery(self.message_id, MmStatus.RETRIEVED, transaction_id="1"))
        self.post(delivery(self.message_id, MmStatus.DEFERRED, transaction_id="2"))
        self.assertEqual(sent.outcome, DELIVERED)
        self.assertEqual(self.statuses(), ["Ok", "Ok"])

    def test_several_of_one_message(self) -> None:
        """Of all that says that it arrived, only the first makes a notification."""
        self.relay.behave(MmsBehaviour(report_copies=3))
        sent = self.sent("positive-delivery")
        self.assertEqual(sent.outcome, DELIVERED)

    def test_cpm_side_away(self) -> None:
        """The report is answered when the CPM side has it, which may be later."""
        self.cpm.behave(CpmBehaviour(imdn_status=503))
        sent = self.sent("positive-delivery")
        reply = self.post(delivery(self.message_id, MmStatus.RETRIEVED))
        self.assertEqual((reply.code, self.statuses()), (250, []))
        self.cpm.behave(CpmBehaviour())
        self.pass_time(30)
        self.assertEqual((sent.outcome, self.statuses()), (DELIVERED, ["Ok"]))

    def test_cpm_side_refuses(self) -> None:
        """A client that does not want to know has been told."""
        self.cpm.behave(CpmBehaviour(imdn_status=404))
        sent = self.sent("positive-delivery")
        self.post(delivery(self.message_id, MmStatus.RETRIEVED))
        self.assertEqual((sent.outcome, self.statuses()), ([], ["Ok"]))


class Read(Reports):
    def test_each_status(self) -> None:
        """Read is "displayed", deleted unread is "error" (Table 20).

        [TS 6.3.1.1.4 step 1] [SCR Int-S-017-O] [SCR Int-S-014-O]
        """
        for status, word in (
            (ReadStatus.READ, "displayed"),
            (ReadStatus.DELETED, "error"),
        ):
            sent = self.sent("display")
            self.post(read(self.message_id, status, transaction_id=word))
            self.assertEqual(sent.outcome, [("display-notification", word)])
        self.assertEqual(self.statuses(), ["Ok", "Ok"])

    def test_response(self) -> None:
        """MM4_read_reply_report.RES (Tables 21 and 22). [TS 6.3.1.1.4 step 3]"""
        self.sent("display")
        self.post(read(self.message_id, ReadStatus.READ, handled_by=("r@h.test",)))
        (result,) = self.results
        self.assertEqual(result.transaction.type, MessageType.READ_REPLY_RES)
        self.assertEqual(result.transaction.transaction_id, "t-2")
        self.assertEqual(result.transaction.message_id, self.message_id)
        mail = self.relay.mails[-1]
        self.assertEqual(mail.envelope.sender, SYSTEM)
        recipients = [each.address for each in mail.envelope.recipients]
        self.assertEqual(recipients, [THEIR_SYSTEM])

    def test_not_asked_for(self) -> None:
        """A read reply that nobody asked for is answered, and told to nobody."""
        sent = self.sent("positive-delivery")
        self.post(read(self.message_id, ReadStatus.READ))
        self.assertEqual((sent.outcome, self.statuses()), ([], ["Ok"]))

    def test_unknown_message(self) -> None:
        """Of a message that nobody knows: Error-message-not-found."""
        self.assertEqual(self.post(read("who@knows", ReadStatus.READ)).code, 250)
        self.assertEqual(self.statuses(), ["Error-message-not-found"])

    def test_read_before_delivered(self) -> None:
        """After it was displayed nothing is told of the delivery."""
        sent = self.sent("positive-delivery", "display")
        self.post(read(self.message_id, ReadStatus.READ))
        self.post(delivery(self.message_id, MmStatus.RETRIEVED))
        self.assertEqual(sent.outcome, [("display-notification", "displayed")])
        self.assertEqual(self.statuses(), ["Ok", "Ok"])


class ToTheSystem(Reports):
    mmsc = 'responses_to = "originator_system"'

    def test_response(self) -> None:
        """By configuration the response goes to X-Mms-Originator-System."""
        self.sent("positive-delivery")
        self.post(
            delivery(self.message_id, MmStatus.RETRIEVED), sender="x@mms.example.net"
        )
        (recipient,) = self.relay.mails[-1].envelope.recipients
        self.assertEqual(recipient.address, THEIR_SYSTEM)


class Events(Reports):
    policy = "failed_iw_events = true"

    def test_failure_that_nobody_asked_for(self) -> None:
        """By policy a failure without an IMDN is an event (TS 6.2.3.2)."""
        self.sent("positive-delivery")
        self.post(delivery(self.message_id, MmStatus.REJECTED))
        self.assertEqual(len(self.cpm.events), 1)


class Rcs(Reports):
    profile = "rcs"

    def test_cpim_to(self) -> None:
        """CPIM To is the sender, whoever referred.

        [RCC.10 6.3.1.1.3 difference 1] [RCC.10 6.3.1.1.4 difference 1]
        """
        for report in (
            lambda known: delivery(known, MmStatus.RETRIEVED),
            lambda known: read(known, ReadStatus.READ),
        ):
            sent = self.sent(
                "positive-delivery",
                "display",
                headers=(("Referred-By", "<tel:+15145559999>"),),
            )
            self.post(report(self.message_id))
            self.assertIn(ALICE, self.notification(sent).cpim.get("To") or "")
