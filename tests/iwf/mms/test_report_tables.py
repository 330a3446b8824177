"""Tables 17 to 22: reports of MMS to CPM notifications (TS 6.3.1.1.3, 6.3.1.1.4)."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from cpmgw.cpm.imdn import STATUSES, Disposition, Kind
from cpmgw.iwf.mms.tables.table_17 import (
    DELIVERY,
    INTERWORKING,
    PROCESSING,
    TABLE_17_NOTIFICATION,
)
from cpmgw.iwf.mms.tables.table_19 import TABLE_19_RESPONSE
from cpmgw.iwf.mms.tables.table_20 import DISPLAY, TABLE_20_NOTIFICATION
from cpmgw.iwf.mms.tables.table_22 import TABLE_22_RESPONSE
from cpmgw.mm4.pdu import MmStatus, ReadStatus, RequestStatus
from cpmgw.sip.message import Request
from tests.addressing.plans import sip
from tests.iwf.mms.gateway import DOMAIN
from tests.iwf.mms.mailroom import (
    BOB,
    NOW,
    SYSTEM,
    ReportRoom,
    delivery_of,
    read_of,
)

S = RequestStatus
POSITIVE = Disposition.POSITIVE_DELIVERY.value
NEGATIVE = Disposition.NEGATIVE_DELIVERY.value
INTERWORKED = Disposition.INTERWORKING.value
PROCESSED = Disposition.PROCESSING.value
DISPLAYED = Disposition.DISPLAY.value


class Rows:
    """What Tables 17 and 20 have in common; `told` has a report come."""

    def told(self, **details: Any) -> Request:
        """The MESSAGE of a report."""
        raise NotImplementedError

    def test_user_agent(self: Any) -> None:
        """User-Agent: the IWF's release."""
        agent = self.told().headers.get("User-Agent") or ""
        self.assertTrue(agent.startswith("IWF-MMS-client/OMA2.1"), agent)

    def test_recipient(self: Any) -> None:
        """P-Asserted-Identity, From, CPIM From: the MMS user's tel URI."""
        request = self.told()
        bob = "<tel:+15145550002>"
        self.assertEqual(request.headers.all("P-Asserted-Identity"), [bob])
        self.assertEqual(str(request.from_.uri), "tel:+15145550002")
        self.assertEqual(self.cpim(request).get("From"), bob)

    def test_recipient_with_sip_uri(self: Any) -> None:
        """P-Asserted-Identity, From: a SIP URI, and the tel URI beside it."""
        self.house.directory.known["+15145550002"] = sip("sip:bob@ims.example.net")
        request = self.told()
        self.assertEqual(
            request.headers.all("P-Asserted-Identity"),
            ["<sip:bob@ims.example.net>", "<tel:+15145550002>"],
        )
        self.assertEqual(str(request.from_.uri), "sip:bob@ims.example.net")
        self.assertEqual(self.cpim(request).get("From"), "<sip:bob@ims.example.net>")

    def test_sender(self: Any) -> None:
        """To, Request-URI, CPIM To: the sender's tel URI."""
        request = self.told()
        self.assertEqual(str(request.uri), "tel:+15145550001")
        self.assertEqual(str(request.to.uri), "tel:+15145550001")
        self.assertEqual(self.cpim(request).get("To"), "<tel:+15145550001>")

    def test_sender_with_sip_uri(self: Any) -> None:
        """To, Request-URI, CPIM To: the sender's SIP URI if available."""
        self.house.directory.known["+15145550001"] = sip("sip:alice@ims.example.net")
        request = self.told()
        for uri in (request.uri, request.to.uri):
            self.assertEqual(str(uri), "sip:alice@ims.example.net")
        self.assertEqual(self.cpim(request).get("To"), "<sip:alice@ims.example.net>")

    def test_referred_by(self: Any) -> None:
        """CPIM To: the Referred-By of the message if it had one."""
        request = self.told(context={"referred_by": "sip:group@ims.example.net"})
        self.assertEqual(self.cpim(request).get("To"), "<sip:group@ims.example.net>")
        self.assertEqual(str(request.to.uri), "tel:+15145550001")

    def test_identifiers(self: Any) -> None:
        """Conversation-ID, Contribution-ID: those of the message."""
        headers = self.told().headers
        self.assertEqual(headers.get("Conversation-ID"), "conversation")
        self.assertEqual(headers.get("Contribution-ID"), "contribution")

    def test_content_disposition(self: Any) -> None:
        """CPIM Content-Disposition: notification; Content-Type: message/cpim."""
        request = self.told()
        disposition = self.cpim(request).content_header("Content-Disposition")
        self.assertEqual(disposition, "notification")
        self.assertEqual(request.headers.get("Content-Type"), "message/cpim")

    def test_message_id(self: Any) -> None:
        """imdn.Message-ID: a new one; <message-id>: that of the message."""
        request = self.told()
        new = self.cpim(request).imdn("Message-ID")
        self.assertNotIn(new, (None, "imdn-1"))
        self.assertEqual(self.imdn(request).message_id, "imdn-1")

    def test_route(self: Any) -> None:
        """IMDN-Route: the IMDN-Record-Route of the message; it is sent there."""
        routes = ("sip:one.test", "sip:two.test")
        request = self.told(context={"record_route": routes})
        found = self.cpim(request).imdn_headers()["imdn-route"]
        self.assertEqual(found, ["<sip:one.test>", "<sip:two.test>"])
        self.assertEqual(str(request.uri), "sip:one.test")

    def test_original_recipient(self: Any) -> None:
        """<original-recipient-uri>: Original-To; <recipient-uri>: the CPIM To."""
        imdn = self.imdn(self.told(context={"original_to": "sip:group@x.test"}))
        self.assertEqual(imdn.original_recipient_uri, "sip:group@x.test")
        self.assertEqual(imdn.recipient_uri, "sip:bob@ims.example.net")

    def test_date(self: Any) -> None:
        """Date: that of MM4; without one, none."""
        request = self.told(date=NOW - 60)
        self.assertEqual(request.headers.get("Date"), formatdate(NOW - 60, usegmt=True))

    def test_no_date(self: Any) -> None:
        """Date: without one of MM4, none of ours."""
        self.assertIsNone(self.told().headers.get("Date"))

    def test_datetime(self: Any) -> None:
        """<datetime>: the CPIM DateTime of the message."""
        self.assertEqual(self.imdn(self.told()).datetime, "2026-11-24T12:00:00Z")

    def test_call_id(self: Any) -> None:
        """Call-ID, CSeq: by RFC 3261."""
        request = self.told()
        self.assertTrue(request.call_id)
        self.assertEqual(request.headers.get("CSeq"), "1 MESSAGE")


class Table17(Rows, ReportRoom):
    def told(self, **details: Any) -> Request:
        """The MESSAGE of a delivery report."""
        return self.delivered(**details)

    def test_referred_by_in_rcs(self) -> None:
        """CPIM To is the sender by policy. [RCC.10 6.3.1.1.3 difference 1]"""
        self.choose({"report_to": "sender"})
        request = self.told(context={"referred_by": "sip:group@ims.example.net"})
        self.assertEqual(self.cpim(request).get("To"), "<tel:+15145550001>")

    def test_interworking(self) -> None:
        """<interworking-notification>: Retrieved is legacy-mms.

        [TS 6.3.1.1.3 step 2]
        """
        self.assertEqual(
            self.said(self.delivered(INTERWORKED)), [("interworking", "legacy-mms")]
        )

    def test_failed_interworking(self) -> None:
        """<interworking-notification>: Rejected and its like are a failure.

        Its word is that of conversation TS O.2, which has no "failed".
        """
        for place, status in enumerate(
            (MmStatus.REJECTED, MmStatus.EXPIRED, MmStatus.UNRECOGNISED)
        ):
            request = self.delivered(
                INTERWORKED, status=status, identifier=f"t-{place}"
            )
            self.assertEqual(self.said(request), [("interworking", "error")])

    def test_delivery(self) -> None:
        """<delivery-notification>: Retrieved is delivered. [TS 6.3.1.1.3 step 1]"""
        self.assertEqual(
            self.said(self.delivered(POSITIVE)), [("delivery", "delivered")]
        )

    def test_failed_delivery(self) -> None:
        """<delivery-notification>: Rejected, Expired, Unrecognised are failed."""
        for place, status in enumerate(
            (MmStatus.REJECTED, MmStatus.EXPIRED, MmStatus.UNRECOGNISED)
        ):
            request = self.delivered(NEGATIVE, status=status, identifier=f"t-{place}")
            self.assertEqual(self.said(request), [("delivery", "failed")])

    def test_both(self) -> None:
        """Both stand in one document where both were asked for."""
        self.assertEqual(
            self.said(self.delivered(POSITIVE, INTERWORKED)),
            [("delivery", "delivered"), ("interworking", "legacy-mms")],
        )

    def test_processing(self) -> None:
        """<processing-notification>: what was asked for of what is no end."""
        expected = {
            MmStatus.INDETERMINATE: "processed",
            MmStatus.FORWARDED: "processed",
            MmStatus.DEFERRED: "stored",
        }
        for status, word in expected.items():
            request = self.delivered(PROCESSED, status=status, identifier=status.value)
            self.assertEqual(self.said(request), [("processing", word)])

    def test_every_status(self) -> None:
        """Each status of MM4 has a word, one that its notification can have."""
        ends = set(DELIVERY)
        self.assertEqual(set(INTERWORKING), ends)
        self.assertEqual(ends | set(PROCESSING), set(MmStatus))
        self.assertFalse(ends & set(PROCESSING))
        for kind, words in (
            (Kind.DELIVERY, DELIVERY),
            (Kind.INTERWORKING, INTERWORKING),
            (Kind.PROCESSING, PROCESSING),
        ):
            self.assertLessEqual(set(words.values()), STATUSES[kind])

    def test_rows(self) -> None:
        """Its rows are those of the TS."""
        self.assertEqual(
            TABLE_17_NOTIFICATION.names,
            (
                "SIP User-Agent",
                "SIP P-Asserted-Identity",
                "SIP From",
                "CPIM From",
                "SIP To",
                "SIP Request-URI",
                "CPIM To",
                "SIP Conversation-ID",
                "SIP Contribution-ID",
                "CPIM Content-Disposition",
                "XML interworking-notification",
                "XML delivery-notification",
                "XML processing-notification",
                "CPIM imdn.Message-ID",
                "CPIM IMDN-Route",
                "XML original-recipient-uri",
                "XML message-id",
                "XML recipient-uri",
                "SIP Date",
                "XML datetime",
                "SIP Call-ID",
                "SIP CSeq",
                "SIP Content-Type",
            ),
        )


class Table20(Rows, ReportRoom):
    def told(self, **details: Any) -> Request:
        """The MESSAGE of a read reply."""
        return self.read(**details)

    def test_referred_by_in_rcs(self) -> None:
        """CPIM To is the sender by policy. [RCC.10 6.3.1.1.4 difference 1]"""
        self.choose({"report_to": "sender"})
        request = self.told(context={"referred_by": "sip:group@ims.example.net"})
        self.assertEqual(self.cpim(request).get("To"), "<tel:+15145550001>")

    def test_read(self) -> None:
        """<display-notification>: Read is displayed. [TS 6.3.1.1.4 step 1]"""
        self.assertEqual(self.said(self.read()), [("display", "displayed")])

    def test_deleted(self) -> None:
        """<display-notification>: Deleted without being read is error."""
        request = self.read(ReadStatus.DELETED)
        self.assertEqual(self.said(request), [("display", "error")])
        self.assertEqual(set(DISPLAY), set(ReadStatus))

    def test_rows(self) -> None:
        """Its rows are those of the TS."""
        names = TABLE_20_NOTIFICATION.names
        self.assertEqual(
            set(names),
            set(TABLE_17_NOTIFICATION.names)
            - {
                "XML interworking-notification",
                "XML delivery-notification",
                "XML processing-notification",
            }
            | {"XML display-notification"},
        )


class Responding:
    """What Tables 18 and 19, and 21 and 22, have in common."""

    def told(self, **details: Any) -> Request:
        """The MESSAGE of a report."""
        raise NotImplementedError

    def test_mail_from(self: Any) -> None:
        """MAIL From: our own address; RCPT To: the MAIL From of the report."""
        self.told()
        [(envelope, _)] = self.link.sent
        self.assertEqual(envelope.sender, f"system-user@{DOMAIN}")
        self.assertEqual(envelope.recipients[0].address, BOB)

    def test_identifiers(self: Any) -> None:
        """Version ours; Transaction ID and Message ID those of the report."""
        self.told()
        known = self.answers[0].transaction
        self.assertEqual(known.version, "6.3.0")
        self.assertEqual((known.transaction_id, known.message_id), ("t-1", "m-1"))
        self.assertEqual(known.type, self.response)

    def test_status(self: Any) -> None:
        """Request Status: Ok."""
        self.told()
        self.assertEqual(self.answers[0].status, S.OK)

    def test_handled_by(self: Any) -> None:
        """Originator-Recipient-Address: our own after the one received."""
        self.told(handled_by=(SYSTEM,))
        self.assertEqual(self.answers[0].handled_by, (SYSTEM, f"system-user@{DOMAIN}"))

    def test_return_route(self: Any) -> None:
        """Return-Route: the Forward-Route of the report."""
        self.told(forward_route=(SYSTEM,))
        self.assertEqual(self.answers[0].return_route, (SYSTEM,))

    def test_not_asked_for(self: Any) -> None:
        """No response where none was asked for."""
        self.told(acknowledge=False)
        self.assertEqual(self.answers, [])


class Tables18And19(Responding, ReportRoom):
    """MM4_delivery_report.RES. [TS 6.3.1.1.3 step 4]"""

    response = delivery_of().transaction.type.response

    def told(self, **details: Any) -> Request:
        """The MESSAGE of a delivery report."""
        return self.delivered(**details)

    def test_rows(self) -> None:
        """The rows of Tables 19 and 22 are the same."""
        self.assertEqual(TABLE_19_RESPONSE.names, TABLE_22_RESPONSE.names)
        self.assertEqual(
            list(TABLE_19_RESPONSE.names),
            [
                *("version", "type", "transaction_id", "message_id", "status"),
                *("recipients", "handled_by", "return_route"),
            ],
        )


class Tables21And22(Responding, ReportRoom):
    """MM4_read_reply_report.RES. [TS 6.3.1.1.4 step 3]"""

    response = read_of().transaction.type.response

    def told(self, **details: Any) -> Request:
        """The MESSAGE of a read reply."""
        return self.read(**details)
