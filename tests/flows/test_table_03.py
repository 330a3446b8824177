"""TS 6.2.2.1.2 and Table 3: SMS status report to CPM delivery notification.

[SCR Int-S-006-O]
"""

from __future__ import annotations

from typing import Any

from cpmgw.cpm.imdn import parse_imdn
from cpmgw.iwf.sms.tables.table_03 import TABLE_3_NOTIFICATION
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.conversation import Notification, SentMessage
from tests.flows.house import ALICE, BOB, House
from txsmpp.address import Npi, Ton
from txsmpp.constants import MessageState
from txsmpp.pdu import DeliverSm
from txsmpp.status import CommandStatus

DELIVERED = ("delivery-notification", "delivered")
FAILED = ("delivery-notification", "failed")
BY_SMS = ("interworking-notification", "legacy-sms")
NOT_BY_SMS = ("interworking-notification", "error")


class Steps(House):
    def receipt(self, message_id: str) -> int:
        """What the gateway answers to a receipt of this message id."""
        statuses = self.deliver(message_id)
        self.network.wait_until(lambda: statuses)
        return statuses[0]

    def deliver(self, message_id: str) -> list[int]:
        """Send a receipt; the answer's command_status will be in the list."""
        pdu = DeliverSm(
            source_addr_ton=Ton.INTERNATIONAL,
            source_addr_npi=Npi.ISDN,
            source_addr=BOB[5:],
            dest_addr_ton=Ton.INTERNATIONAL,
            dest_addr_npi=Npi.ISDN,
            destination_addr=ALICE[5:],
            esm_class=0x04,
            short_message=f"id:{message_id} stat:DELIVRD err:000 text:".encode(),
        )
        statuses: list[int] = []
        self.centre.sessions[0].deliver(pdu).addCallback(
            lambda response: statuses.append(response.command_status)
        )
        return statuses

    def test_step_1a_unknown_message_id(self) -> None:
        """1a. If there is no matching message_id: ESME_RINVMSGID."""
        self.assertEqual(self.receipt("nobody"), CommandStatus.ESME_RINVMSGID)

    def test_step_2a_not_requested(self) -> None:
        """2a. If the notification was not requested: deliver_sm_resp, nothing else."""
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.assertEqual(sent.notifications, [])
        message_id = next(iter(self.centre.messages.values())).message_id
        self.assertEqual(self.receipt(message_id), CommandStatus.ESME_ROK)
        self.assertEqual(sent.notifications, [])
        self.assertEqual(self.cpm.events, [])

    def test_steps_3_and_4_notification(self) -> None:
        """3, 4. A SIP MESSAGE with a CPIM body that carries message/imdn+xml."""
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [DELIVERED])
        cpim = sent.notifications[0].cpim
        self.assertEqual(cpim.content_type, "message/imdn+xml")

    def test_step_5_response_after_the_notification(self) -> None:
        """5. deliver_sm_resp comes once the notification has been answered."""
        self.centre.behave(SmsBehaviour(state=MessageState.ENROUTE))
        self.send(text="Hello")
        message_id = next(iter(self.centre.messages.values())).message_id
        self.cpm.behave(CpmBehaviour(delay=2.0))
        statuses = self.deliver(message_id)
        self.settle()
        self.network.advance(1.9)
        self.assertEqual(statuses, [])
        self.network.advance(0.2)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [CommandStatus.ESME_ROK])

    def test_repeated_receipt_makes_no_second_notification(self) -> None:
        """A receipt that comes twice is answered twice and told once."""
        self.centre.behave(SmsBehaviour(receipt_copies=3))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [DELIVERED])

    def test_receipt_before_the_response(self) -> None:
        """A receipt that overtakes its submit_sm_resp finds its message."""
        self.centre.behave(SmsBehaviour(receipt_first=True))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [DELIVERED])

    def test_notification_that_cannot_be_sent_now(self) -> None:
        """The SM-SC is asked to bring the receipt again; then it arrives."""
        self.cpm.behave(CpmBehaviour(imdn_status=503))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        self.cpm.behave(CpmBehaviour())
        self.network.advance(60)
        self.settle()
        self.assertEqual(sent.outcome, [DELIVERED])


class Rows(House):
    def notified(self, **details: Any) -> tuple[SentMessage, Notification]:
        """The notification of a delivered message."""
        details.setdefault("text", "Hello")
        sent = self.send(**details)
        self.assertTrue(sent.notifications)
        return sent, sent.notifications[0]

    def test_rows_are_those_of_the_table(self) -> None:
        """The rows are those of Table 3, in its order."""
        self.assertEqual(
            TABLE_3_NOTIFICATION.names,
            (
                "SIP P-Asserted-Identity",
                "SIP From",
                "CPIM From",
                "SIP Request-URI",
                "SIP To",
                "CPIM To",
                "SIP Conversation-ID",
                "SIP Contribution-ID",
                "SIP User-Agent",
                "CPIM imdn.Message-ID",
                "CPIM Content-Disposition",
                "XML delivery-notification",
                "XML interworking-notification",
                "XML datetime",
                "XML message-id",
                "CPIM IMDN-Route",
                "XML original-recipient-uri",
                "XML recipient-uri",
                "SIP Call-ID",
                "SIP CSeq",
                "SIP Content-Type",
            ),
        )

    def test_from(self) -> None:
        """P-Asserted-Identity, From and CPIM From: the To of the original."""
        _, notification = self.notified()
        request = notification.request
        self.assertEqual(request.headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(str(request.from_.uri), BOB)
        self.assertEqual(notification.cpim.get("From"), f"<{BOB}>")

    def test_request_uri_and_to(self) -> None:
        """Request-URI, To, CPIM To: the MSISDN of the P-Asserted-Identity."""
        asserted = "sip:+15145550001@ims.example.net;user=phone"
        _, notification = self.notified(asserted=asserted)
        request = notification.request
        self.assertEqual(str(request.uri), ALICE)
        self.assertEqual(str(request.to.uri), ALICE)
        self.assertEqual(notification.cpim.get("To"), f"<{ALICE}>")

    def test_conversation_and_contribution_id(self) -> None:
        """Conversation-ID and Contribution-ID: those of the original request."""
        sent, notification = self.notified()
        for name in ("Conversation-ID", "Contribution-ID"):
            self.assertEqual(
                notification.request.headers.get(name), sent.request.headers.get(name)
            )

    def test_user_agent(self) -> None:
        """User-Agent: the release version of the IWF (Appendix C)."""
        _, notification = self.notified()
        value = notification.request.headers.get("User-Agent") or ""
        self.assertTrue(value.startswith("IWF-SMS-client/OMA2.1 cpmgw/"), value)

    def test_feature_and_service(self) -> None:
        """Accept-Contact and P-Asserted-Service: the original's (conv. TS 5.4.1)."""
        sent, notification = self.notified()
        for name in ("Accept-Contact", "P-Asserted-Service"):
            self.assertEqual(
                notification.request.headers.get(name), sent.request.headers.get(name)
            )

    def test_new_message_id(self) -> None:
        """imdn.Message-ID: newly generated by the IWF."""
        sent, notification = self.notified()
        new = notification.cpim.imdn("Message-ID")
        self.assertTrue(new)
        self.assertNotEqual(new, sent.message_id)

    def test_content_disposition(self) -> None:
        """Content-Disposition: notification."""
        _, notification = self.notified()
        self.assertEqual(
            notification.cpim.content_header("Content-Disposition"), "notification"
        )

    def test_statuses(self) -> None:
        """<delivery-notification> and <interworking-notification> by message_state."""
        for state, expected in (
            (MessageState.DELIVERED, [DELIVERED, BY_SMS]),
            (
                MessageState.REJECTED,
                [("delivery-notification", "forbidden"), NOT_BY_SMS],
            ),
            (MessageState.UNKNOWN, [("delivery-notification", "error"), NOT_BY_SMS]),
            (MessageState.UNDELIVERABLE, [FAILED, NOT_BY_SMS]),
            (MessageState.EXPIRED, [FAILED, NOT_BY_SMS]),
            (MessageState.DELETED, [FAILED, NOT_BY_SMS]),
        ):
            with self.subTest(state=state):
                self.centre.behave(SmsBehaviour(state=state))
                self.assertEqual(self.send(text="Hello").outcome, expected)

    def test_only_what_was_requested(self) -> None:
        """The notifications are those that were requested."""
        for requested, expected in (
            (("positive-delivery",), [DELIVERED]),
            (("interworking",), [BY_SMS]),
            (("positive-delivery", "display"), [DELIVERED]),
        ):
            with self.subTest(requested=requested):
                sent = self.send(text="Hello", imdn=requested)
                self.assertEqual(sent.outcome, expected)

    def test_datetime(self) -> None:
        """<datetime>: the CPIM DateTime of the original."""
        _, notification = self.notified()
        document = parse_imdn(notification.cpim.content)
        self.assertEqual(document.datetime, "1970-01-01T00:00:00Z")

    def test_datetime_without_one_in_the_original(self) -> None:
        """<datetime>: otherwise the time at which the original was received."""
        self.network.advance(86_400)
        _, notification = self.notified(
            body=b"From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n"
            b"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n"
            b"imdn.Disposition-Notification: positive-delivery\r\n\r\n"
            b"Content-Type: text/plain\r\n\r\nHello",
            message_id="m1",
        )
        document = parse_imdn(notification.cpim.content)
        self.assertEqual(document.datetime, "1970-01-02T00:00:00Z")

    def test_message_id(self) -> None:
        """<message-id>: the imdn.Message-ID of the original."""
        sent, notification = self.notified()
        document = parse_imdn(notification.cpim.content)
        self.assertEqual(document.message_id, sent.message_id)

    def test_imdn_route(self) -> None:
        """IMDN-Route: the IMDN-Record-Routes, the first being the Request-URI."""
        self.send(
            text="Hello",
            cpim_headers=(
                ("imdn.IMDN-Record-Route", "<sip:one@ims.example.net>"),
                ("imdn.IMDN-Record-Route", "<sip:two@ims.example.net>"),
            ),
        )
        (notification,) = self.cpm.user("sip:one@ims.example.net").notifications[:1]
        self.assertEqual(str(notification.request.uri), "sip:one@ims.example.net")
        routes = notification.cpim.imdn_headers()["imdn-route"]
        self.assertEqual(
            routes, ["<sip:one@ims.example.net>", "<sip:two@ims.example.net>"]
        )

    def test_original_recipient_uri(self) -> None:
        """<original-recipient-uri>: the Original-To of the original."""
        _, notification = self.notified(
            cpim_headers=(("imdn.Original-To", "<tel:+15145550003>"),)
        )
        document = parse_imdn(notification.cpim.content)
        self.assertEqual(document.original_recipient_uri, "tel:+15145550003")

    def test_recipient_uri(self) -> None:
        """<recipient-uri>: the CPIM To of the original."""
        _, notification = self.notified()
        document = parse_imdn(notification.cpim.content)
        self.assertEqual(document.recipient_uri, BOB)

    def test_content_type(self) -> None:
        """Content-Type: message/cpim."""
        _, notification = self.notified()
        self.assertEqual(notification.request.content_type, "message/cpim")

    def test_call_id_and_cseq(self) -> None:
        """Call-ID and CSeq: of the IWF's own, not the original's."""
        sent, notification = self.notified()
        self.assertNotEqual(notification.request.call_id, sent.request.call_id)
        self.assertEqual(str(notification.request.cseq), "1 MESSAGE")


class SeveralSegments(House):
    def test_one_notification_for_all_segments(self) -> None:
        """A message of several segments gives one IMDN."""
        sent = self.send(text="x" * 500)
        self.assertGreater(len(self.centre.submitted), 2)
        self.assertEqual(sent.outcome, [DELIVERED, BY_SMS])

    def test_failure_of_one_is_the_failure_of_all(self) -> None:
        """A message of several segments has one meaning: failed if one of them is."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        sent = self.send(text="x" * 500)
        self.assertEqual(sent.outcome, [FAILED, NOT_BY_SMS])

    def test_receipts_in_any_order(self) -> None:
        """Receipts that come newest first mean the same."""
        self.centre.behave(SmsBehaviour(hold_receipts=4))
        sent = self.send(text="x" * 500)
        self.assertEqual(sent.outcome, [DELIVERED, BY_SMS])
