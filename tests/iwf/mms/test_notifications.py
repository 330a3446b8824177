"""CPM notifications to reports of MMS (TS 6.3.1.2.3, 6.3.1.2.4)."""

from __future__ import annotations

import os
import time
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, build_imdn
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.tables.report_statuses import MM_STATUSES, READ_STATUSES
from cpmgw.iwf.mms.tables.table_41 import TABLE_41_SMTP
from cpmgw.iwf.mms.tables.table_42 import TABLE_42_DELIVERY_REPORT
from cpmgw.iwf.mms.tables.table_43 import TABLE_43_SMTP
from cpmgw.iwf.mms.tables.table_44 import TABLE_44_READ_REPLY
from cpmgw.iwf.standalone import read_standalone
from cpmgw.mail_records import ReceivedMms
from cpmgw.mm4.mail import read_mail
from cpmgw.mm4.pdu import DeliveryReport, MmStatus, ReadReply, ReadStatus
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate
from tests.addressing.plans import plan, uri
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import ALICE, BOB, BROKEN, NOW, SYSTEM, Room

DELIVERED = Notification(Kind.DELIVERY, Status.DELIVERED)
SHOWN = Notification(Kind.DISPLAY, Status.DISPLAYED)


def document(*notifications: Notification, message_id: str = "i-1") -> bytes:
    """An IMDN."""
    return build_imdn(
        Imdn(
            message_id=message_id,
            datetime="2026-11-24T12:00:00Z",
            notifications=notifications,
        )
    )


def request_of(content: bytes, date: str = "") -> Request:
    """The MESSAGE that Alice's client tells with."""
    head = (
        "From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n"
        "DateTime: 2026-11-24T12:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
        "imdn.Message-ID: n-1\r\n\r\nContent-Type: message/imdn+xml\r\n"
        "Content-Disposition: notification\r\n\r\n"
    )
    alice, bob = uri("tel:+15145550001"), uri("tel:+15145550002")
    return originate(
        "MESSAGE",
        bob,
        from_=NameAddr(alice).with_parameter("tag", "a"),
        to=NameAddr(bob),
        call_id="c",
        headers=(
            ("Conversation-ID", "conversation"),
            ("Content-Type", "message/cpim"),
            *((("Date", date),) if date else ()),
        ),
        body=head.encode() + content,
    )


def in_zone(name: str | None) -> None:
    """Have the machine be in this time zone."""
    if name is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = name
    time.tzset()


class Case(Room):
    def keep(self, *wanted: str, **details: Any) -> None:
        """Have an MMS be known that asked for these reports."""
        values: dict[str, Any] = {
            "imdn_id": "i-1",
            "message_id": "m-1",
            "relay": "home",
            "sender": BOB,
            "recipient": ALICE,
            "mail_from": "relay@mms.test",
            "system": SYSTEM,
            "wanted": wanted,
            "expires": NOW + 1_000,
        }
        kept = ReceivedMms(**{**values, **details})
        self.store.multimedia.receipts[kept.imdn_id] = kept

    def tell(
        self, *notifications: Notification, date: str = "", message_id: str = "i-1"
    ) -> Response:
        """Have a client tell of it; what it is answered."""
        content = document(*notifications, message_id=message_id)
        message = read_standalone(request_of(content, date), NOW, plan())
        answer = self.receiving.notifications.message(message)
        response: Response = self.successResultOf(Deferred.fromCoroutine(answer))
        return response

    @property
    def posted(self) -> list[DeliveryReport | ReadReply]:
        """The reports that were posted, in order."""
        found = [read_mail(each.content).pdu for each in self.store.multimedia.posted]
        return [each for each in found if isinstance(each, DeliveryReport | ReadReply)]

    def delivery(self) -> DeliveryReport:
        """The one that was posted."""
        [report] = self.posted
        assert isinstance(report, DeliveryReport)
        return report

    def read(self) -> ReadReply:
        """The one that was posted."""
        [report] = self.posted
        assert isinstance(report, ReadReply)
        return report


class Envelopes(Case):
    def test_mail_from(self) -> None:
        """MAIL From: our own address (Tables 41 and 43)."""
        self.keep("delivery", "read")
        self.tell(SHOWN)
        senders = {each.sender for each in self.store.multimedia.posted}
        self.assertEqual(senders, {f"system-user@{DOMAIN}"})

    def test_rcpt_to(self) -> None:
        """RCPT To: who has sent the MMS (Tables 41 and 43)."""
        self.keep("delivery", "read")
        self.tell(SHOWN)
        recipients = {each.recipient for each in self.store.multimedia.posted}
        self.assertEqual(recipients, {BOB})

    def test_rcpt_to_without_a_domain(self) -> None:
        """RCPT To: whoever sent the mail, or its system, where that is no address."""
        bare = "+15145550002/TYPE=PLMN"
        for mail_from, expected in (("relay@mms.test", "relay@mms.test"), ("", SYSTEM)):
            self.keep("delivery", sender=bare, mail_from=mail_from)
            self.tell(DELIVERED)
            self.assertEqual(self.store.multimedia.posted[-1].recipient, expected)

    def test_nobody(self) -> None:
        """Where nobody can be told, nobody is; it is no failure."""
        self.keep("delivery", sender="+1555/TYPE=PLMN", mail_from="", system="")
        self.assertEqual(self.tell(DELIVERED).status, 200)
        self.assertEqual(self.posted, [])

    def test_rows(self) -> None:
        """The rows of both tables are the same."""
        self.assertEqual(TABLE_41_SMTP.names, ("sender", "recipient", "content"))
        self.assertEqual(TABLE_43_SMTP.names, TABLE_41_SMTP.names)


class Table42(Case):
    def setUp(self) -> None:
        super().setUp()
        self.keep("delivery")

    def test_head(self) -> None:
        """3GPP MMS Version, Message Type, Transaction ID, Message ID.

        [TS 6.3.1.2.3 step 1]
        """
        self.tell(DELIVERED)
        known = self.delivery().transaction
        self.assertEqual(known.version, "6.3.0")
        self.assertEqual(known.type.value, "MM4_delivery_report.REQ")
        self.assertEqual(len(known.transaction_id), 32)
        self.assertEqual(known.message_id, "m-1")

    def test_addresses(self) -> None:
        """Recipient Address, Sender Address: those of the MMS."""
        self.tell(DELIVERED)
        report = self.delivery()
        self.assertEqual((report.recipient, report.sender), (ALICE, BOB))

    def test_date(self) -> None:
        """Date and time: the Date of the notification."""
        self.tell(DELIVERED, date="Tue, 24 Nov 2026 12:00:00 GMT")
        self.assertEqual(self.delivery().date, 1_795_521_600.0)

    def test_no_date(self) -> None:
        """Date and time: now, where none is said or it is none."""
        self.tell(DELIVERED, date="yesterday")
        self.assertEqual(self.delivery().date, NOW)

    def test_acknowledgement(self) -> None:
        """Acknowledgement Request: by policy; then the response is awaited."""
        self.tell(DELIVERED)
        report, [mail] = self.delivery(), self.store.multimedia.posted
        self.assertTrue(report.acknowledge)
        self.assertEqual(mail.transaction, report.transaction.transaction_id)

    def test_no_acknowledgement(self) -> None:
        """Acknowledgement Request: not set in RCS.

        [RCC.10 6.3.1.2.3 difference 1]
        """
        self.choose({"report_acknowledgement": False})
        self.tell(DELIVERED)
        self.assertFalse(self.delivery().acknowledge)
        self.assertEqual(self.store.multimedia.posted[0].transaction, "")
        counted = self.house.traffic.reported_back["home", "delivery", "accepted"]
        self.assertEqual(counted, 1)

    def test_status(self) -> None:
        """MM Status: by the status of the delivery notification."""
        expected = {
            Status.DELIVERED: MmStatus.RETRIEVED,
            Status.FAILED: MmStatus.REJECTED,
            Status.FORBIDDEN: MmStatus.REJECTED,
            Status.ERROR: MmStatus.INDETERMINATE,
        }
        for status, expected_status in expected.items():
            self.keep("delivery")
            self.store.multimedia.posted.clear()
            self.tell(Notification(Kind.DELIVERY, status))
            self.assertEqual(self.delivery().status, expected_status)
        self.assertEqual(set(MM_STATUSES), {*expected, Status.DISPLAYED})

    def test_processing(self) -> None:
        """MM Status NOTE: processing notifications are discarded."""
        for each in (
            Notification(Kind.PROCESSING, Status.PROCESSED),
            Notification(Kind.INTERWORKING, Status.LEGACY_SMS),
        ):
            self.assertEqual(self.tell(each).status, 200)
        self.assertEqual(self.posted, [])

    def test_forward_route(self) -> None:
        """Forward-Route: our own address."""
        self.tell(DELIVERED)
        self.assertEqual(self.delivery().forward_route, (f"system-user@{DOMAIN}",))

    def test_rows(self) -> None:
        """Its rows are those of the TS."""
        self.assertEqual(
            TABLE_42_DELIVERY_REPORT.names,
            (
                *("version", "type", "transaction_id", "message_id", "recipient"),
                *("sender", "date", "acknowledge", "status", "forward_route"),
            ),
        )
        self.assertEqual(TABLE_44_READ_REPLY.names, TABLE_42_DELIVERY_REPORT.names)


class Table44(Case):
    def setUp(self) -> None:
        super().setUp()
        self.keep("read")

    def test_head(self) -> None:
        """3GPP MMS Version, Message Type, Transaction ID; Message ID of the MMS.

        [TS 6.3.1.2.4 step 1]
        """
        self.tell(SHOWN)
        known = self.read().transaction
        self.assertEqual(known.version, "6.3.0")
        self.assertEqual(known.type.value, "MM4_read_reply_report.REQ")
        self.assertEqual(known.message_id, "m-1")

    def test_addresses(self) -> None:
        """Recipient Address, Sender Address: those of the MMS; Forward-Route ours."""
        self.tell(SHOWN)
        report = self.read()
        self.assertEqual((report.recipient, report.sender), (ALICE, BOB))
        self.assertEqual(report.forward_route, (f"system-user@{DOMAIN}",))

    def test_date(self) -> None:
        """Date and time: the Date of the notification, otherwise now."""
        self.tell(SHOWN, date="Tue, 24 Nov 2026 12:00:00 GMT")
        self.assertEqual(self.read().date, 1_795_521_600.0)

    def test_acknowledgement(self) -> None:
        """Acknowledgement Request: by policy; not set in RCS.

        [RCC.10 6.3.1.2.4 difference 2]
        """
        self.choose({"report_acknowledgement": False})
        self.tell(SHOWN)
        self.assertFalse(self.read().acknowledge)

    def test_status(self) -> None:
        """Read Status: displayed is Read; error what Table 20 makes it of."""
        self.tell(SHOWN)
        self.assertEqual(self.read().status, ReadStatus.READ)
        self.keep("read")
        self.store.multimedia.posted.clear()
        self.tell(Notification(Kind.DISPLAY, Status.ERROR))
        self.assertEqual(self.read().status, ReadStatus.DELETED)
        self.assertEqual(set(READ_STATUSES), {Status.DISPLAYED, Status.ERROR})

    def test_forbidden(self) -> None:
        """Read Status: there is none for a client that does not tell."""
        self.tell(Notification(Kind.DISPLAY, Status.FORBIDDEN))
        self.assertEqual(self.posted, [])


class Reporting(Case):
    def test_answered(self) -> None:
        """It is answered with 200, other than a message. [TS 6.3.1.2.3 step 3]"""
        self.choose(pager_success_status=202)
        self.keep("delivery")
        response = self.tell(DELIVERED)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers.get("Conversation-ID"), "conversation")
        server = response.headers.get("Server") or ""
        self.assertTrue(server.startswith("IWF-MMS"), server)

    def test_kept_first(self) -> None:
        """The answer is given when the report is kept; 503 where it cannot be."""
        self.keep("delivery")
        self.store.multimedia.fault = BROKEN
        message = read_standalone(request_of(document(DELIVERED)), NOW, plan())
        answer = self.receiving.notifications.message(message)
        failure = self.failureResultOf(Deferred.fromCoroutine(answer), CannotInterwork)
        self.assertEqual(failure.value.status, 503)

    def test_no_imdn(self) -> None:
        """What is no IMDN is answered 400 (RFC 5438 7.2)."""
        message = read_standalone(request_of(b"<x/>"), NOW, plan())
        answer = self.receiving.notifications.message(message)
        failure = self.failureResultOf(Deferred.fromCoroutine(answer), CannotInterwork)
        self.assertEqual(failure.value.status, 400)

    def test_display_is_a_delivery(self) -> None:
        """A display makes a delivery report as well. [TS 6.3.1.2.4 step 3]"""
        self.keep("delivery", "read")
        self.tell(SHOWN)
        read, delivery = self.posted
        assert isinstance(read, ReadReply) and isinstance(delivery, DeliveryReport)
        self.assertEqual(delivery.status, MmStatus.RETRIEVED)

    def test_not_twice(self) -> None:
        """Not where the delivery was reported before."""
        self.keep("delivery", "read")
        self.tell(DELIVERED)
        self.tell(SHOWN)
        self.tell(SHOWN)
        self.assertEqual(len(self.posted), 2)

    def test_failed_display(self) -> None:
        """That a display has failed says nothing of the delivery."""
        self.keep("delivery", "read")
        self.tell(Notification(Kind.DISPLAY, Status.ERROR))
        self.assertIsInstance(self.read(), ReadReply)

    def test_both_in_one(self) -> None:
        """Of a document that says both each is reported once."""
        self.keep("delivery", "read")
        self.tell(DELIVERED, SHOWN)
        kinds = sorted(type(each).__name__ for each in self.posted)
        self.assertEqual(kinds, ["DeliveryReport", "ReadReply"])

    def test_not_wanted(self) -> None:
        """What the sender has not asked for is not reported."""
        self.keep("read")
        self.tell(DELIVERED)
        self.assertEqual(self.posted, [])
        self.assertEqual(self.house.traffic.ended_notifications, 1)

    def test_unknown(self) -> None:
        """What is of no MMS that is known ends here, with a success."""
        self.assertEqual(self.tell(DELIVERED, message_id="other").status, 200)
        self.assertEqual(self.posted, [])
        self.assertEqual(self.house.traffic.ended_notifications, 1)

    def test_expired(self) -> None:
        """A read report of what has expired is dropped by policy, and no other report.

        [RCC.10 6.3.1.2.4 difference 1]
        """
        for policy, kinds in (
            ("drop", {DeliveryReport}),
            ("forward", {DeliveryReport, ReadReply}),
        ):
            self.choose({"expired_read_reports": policy})
            self.store.multimedia.posted.clear()
            self.keep("read", "delivery", expiry=self.house.now() + 10)
            self.house.clock.advance(10.0)
            self.assertEqual(self.tell(SHOWN).status, 200)
            self.assertEqual({type(each) for each in self.posted}, kinds, policy)

    def test_never_expires(self) -> None:
        """What has no Time of Expiry has not expired, however late it is read."""
        self.choose({"expired_read_reports": "drop", "longest_expiry": 1_000})
        self.forward(read_reply=True)
        [kept] = self.store.multimedia.receipts.values()
        self.house.clock.advance(1_500.0)
        self.tell(SHOWN, message_id=kept.imdn_id)
        self.assertEqual(len(self.posted), 1)

    def test_of_no_use(self) -> None:
        """Nothing is told for ever: it is known until its expiry, and for as long."""
        self.choose({"longest_expiry": 1_000})
        self.forward(read_reply=True, expiry=NOW + 100)
        [kept] = self.store.multimedia.receipts.values()
        self.assertEqual(kept.expires, NOW + 1_100)
        self.house.clock.advance(1_100.0)
        self.tell(SHOWN, message_id=kept.imdn_id)
        self.assertEqual(self.posted, [])

    def test_indeterminate(self) -> None:
        """An error is no end: it is told once, and then what became of it."""
        self.keep("delivery")
        for said in (Status.ERROR, Status.ERROR, Status.DELIVERED, Status.ERROR):
            self.tell(Notification(Kind.DELIVERY, said))
        statuses = [each.status for each in self.posted]
        self.assertEqual(statuses, [MmStatus.INDETERMINATE, MmStatus.RETRIEVED])
        keys = {each.key for each in self.store.multimedia.posted}
        self.assertEqual(len(keys), 2)

    def test_odd_dates(self) -> None:
        """A date that cannot be written is none; one without a zone is of UTC."""
        self.addCleanup(in_zone, os.environ.get("TZ"))
        in_zone("EST5EDT")
        for date, expected in (
            ("Fri, 31 Dec 9999 23:59:59 -2359", NOW),
            ("Tue, 24 Nov 2026 12:00:00", 1_795_521_600.0),
        ):
            self.keep("delivery")
            self.store.multimedia.posted.clear()
            self.assertEqual(self.tell(DELIVERED, date=date).status, 200)
            self.assertEqual(self.delivery().date, expected, date)

    def test_sent(self) -> None:
        """The report goes out in an SMTP transaction."""
        self.keep("delivery")
        self.tell(DELIVERED)
        [(envelope, content)] = self.link.sent
        self.assertEqual(envelope.recipients[0].address, BOB)
        self.assertIn(f"Sender: system-user@{DOMAIN}\r\n".encode(), content)
        [posted] = self.store.multimedia.posted
        self.assertIn(f"Message-ID: <{posted.key}@{DOMAIN}>".encode(), content)
        self.assertEqual(len(self.reports), 1)

    def test_in_a_session(self) -> None:
        """One that came by MSRP is taken alike."""
        self.keep("delivery")
        took = self.receiving.notifications.take(document(DELIVERED), NOW - 5)
        self.successResultOf(Deferred.fromCoroutine(took))
        self.assertEqual(self.delivery().date, NOW - 5)
