"""The profiles, from end to end: what GSMA RCC.10 changes of the TS."""

from __future__ import annotations

from cpmgw.cpm.events import FailedIw, parse_event
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.handset import SmsOptions
from cpmgw.sip.headers import Headers
from tests.flows.house import ALICE, BOB, House
from tests.flows.receipts import send_receipt
from txsmpp.constants import MessageState


class Rcs(House):
    """profile = "rcs"."""

    profile = "rcs"

    def test_message_and_its_report(self) -> None:
        """6.2.2.1: a message and its delivery report, as in the TS.

        [RCC.10 4 supported 4] [RCC.10 6.2.2.1.1] [RCC.10 6.2.2.1.2]
        """
        sent = self.send(text="Hello 😀", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        self.assertEqual(self.centre.handset(BOB[4:]).texts, ["Hello 😀"])
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_priority_is_ignored(self) -> None:
        """6.2.2.2.1: the priority of a short message is ignored.

        [RCC.10 6.2.2.2.1 difference 2]
        """
        done: list[list[int]] = []
        self.centre.send_sms(
            BOB[4:], ALICE[4:], "Hi", SmsOptions(priority_flag=2)
        ).addCallback(done.append)
        self.settle()
        self.assertEqual(done, [[0]])
        (message,) = self.cpm.user(ALICE).inbox
        self.assertNotIn("Priority", message.request.headers)

    def test_failure_is_an_event(self) -> None:
        """6.2.3: negative-delivery is not used; failures are events.

        [RCC.10 4 concepts 8] [RCC.10 6.2.3]
        """
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        sent = self.send(text="Hello", imdn=("positive-delivery", "negative-delivery"))
        self.assertEqual(sent.notifications, [])
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, sent.message_id))

    def test_message_correlator(self) -> None:
        """Appendix F: the TS's fingerprint is not used; Message-Context is there."""
        headers = self.answered()
        self.assertEqual(headers.get("Message-Context"), "pager-message")
        self.assertNotIn("Message-Correlator", headers)

    def answered(self) -> Headers:
        """The header fields of the answer to a message."""
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 202)
        return response.headers

    def test_no_anonymous_messages(self) -> None:
        """4: there are no anonymous messages. [RCC.10 4 concepts 1]"""
        self.assertEqual(self.send(text="Hello", privacy="id").status, 403)


class Oma(Rcs):
    """profile = "oma": what differs."""

    profile = "oma"

    def test_priority_is_ignored(self) -> None:
        """Table 9: the priority of a short message is kept."""
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi", SmsOptions(priority_flag=2))
        self.settle()
        (message,) = self.cpm.user(ALICE).inbox
        self.assertEqual(message.request.headers.get("Priority"), "urgent")

    def test_message_correlator(self) -> None:
        """Appendix F: the fingerprint is that of the TS."""
        headers = self.answered()
        self.assertEqual(headers.get("Message-Context"), "pager-message")
        self.assertEqual(headers.get("Message-Correlator"), "Hello")

    def test_failure_is_an_event(self) -> None:
        """6.2.3: negative-delivery is used where it was asked for; no event."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        sent = self.send(text="Hello", imdn=("positive-delivery", "negative-delivery"))
        self.assertEqual(sent.outcome, [("delivery-notification", "failed")])
        self.assertEqual(self.cpm.events, [])


class WithoutCorrelation(House):
    policy = "correlation_headers = false"

    def test_headers_are_left_out(self) -> None:
        """6.2.4: policy may leave Message-Context and Message-Correlator out."""
        response = self.send(text="Hello").response
        assert response is not None
        self.assertEqual(response.status, 202)
        self.assertNotIn("Message-Context", response.headers)
        self.assertNotIn("Message-Correlator", response.headers)


class UnknownReceipts(House):
    policy = 'unknown_receipt = "accept"'

    def test_accepted(self) -> None:
        """6.2.2.1.2 1a: policy may spare the SM-SC what belongs to nothing."""
        statuses = send_receipt(self.centre, "nobody")
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [0])


class DataSm(House):
    policy = 'submit_with = "data_sm"'

    def test_delivery_failure(self) -> None:
        """Table 2: ESME_RDELIVERYFAILURE in data_sm_resp is 480 (6.2.3 A)."""
        self.centre.behave(SmsBehaviour(status=0xFE))
        self.assertEqual(self.send(text="Hello").status, 480)

    def test_long_text(self) -> None:
        """6.2.2 note 3: segments in data_sm have their sar_* parameters."""
        text = "Zwölf Boxkämpfer " * 20
        sent = self.send(text=text)
        self.assertEqual(sent.status, 202)
        self.assertEqual(self.centre.handset(BOB[4:]).texts, [text])
        self.assertEqual(len(sent.notifications), 2)
