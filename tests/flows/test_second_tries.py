"""Messages that are tried again, by whoever has to (docs/decisions/0003, 0005)."""

from __future__ import annotations

from cpmgw.cpm.events import parse_event
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.laboratory import LabSettings
from cpmgw.lab.outbox import Patience
from tests.flows.house import ALICE, BOB, House
from tests.flows.receipts import send_receipt
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus


class Deferred(House):
    def test_message_that_failed_may_be_sent_again(self) -> None:
        """A Participating Function that was told of a failure tries later (6.2.3)."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        asked = ("positive-delivery",)
        first = self.send(text="Hello", message_id="m1", imdn=asked)
        self.assertEqual((first.status, len(self.cpm.events)), (202, 1))
        self.centre.behave(SmsBehaviour())
        self.network.advance(60)
        second = self.send(text="Hello", message_id="m1", imdn=asked)
        self.assertEqual(second.status, 202)
        self.assertEqual(len(self.centre.submitted), 2)
        self.assertEqual(second.outcome, [("delivery-notification", "delivered")])

    def test_so_after_a_restart(self) -> None:
        """That the first try failed is remembered over a restart."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        self.send(text="Hello", message_id="m1")
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        self.send(text="Hello", message_id="m1")
        self.assertEqual(len(self.centre.submitted), 2)


class TriedAgainAtOnce(House):
    def test_while_its_failure_is_being_told(self) -> None:
        """Who is told of a failure may send the message again before it answers."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        self.cpm.behave(CpmBehaviour(delay=1.0))
        for _ in range(2):
            self.send(text="Hello", message_id="m1")
        self.assertEqual(len(self.centre.submitted), 2)


class LateResponse(House):
    smsc = "response_timeout = 60.0"

    def test_answer_after_the_transaction_is_over(self) -> None:
        """A message that was taken late is remembered: its report and its repeat."""
        self.centre.behave(SmsBehaviour(delay=31.0, receipt_delay=40.0))
        sent = self.send(text="Hello", message_id="m1")
        self.network.advance(30.5)
        self.settle()
        self.assertEqual(sent.status, 504)
        self.network.advance(1)
        self.settle()
        again = self.send(text="Hello", message_id="m1")
        self.assertEqual(again.status, 202)
        self.assertEqual(len(self.centre.submitted), 1)
        self.network.advance(40)
        self.settle()
        self.assertTrue(again.outcome)

    def test_stop_waits_for_what_has_left(self) -> None:
        """A submission under way at the stop is remembered by the next process."""
        self.centre.behave(SmsBehaviour(delay=20.0, receipt_delay=60.0))
        self.send(text="Hello", message_id="m1")
        self._stop(self.gateway)
        self.gateway = self.start_gateway()
        again = self.send(text="Hello", message_id="m1")
        self.assertEqual((again.status, len(self.centre.submitted)), (202, 1))


class ReceiptOnce(House):
    """An SM-SC that brings a receipt once and takes no for an answer."""

    settings = LabSettings(patience=Patience(attempts=1))

    def test_report_is_told_later_all_the_same(self) -> None:
        """A notification that could not be sent is tried again by the gateway."""
        self.cpm.behave(CpmBehaviour(imdn_status=480))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.outcome, [])
        self.cpm.behave(CpmBehaviour())
        for _ in range(10):
            self.network.advance(5)
            self.settle()
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_so_after_a_restart(self) -> None:
        """What was reported and not told is told by the next process."""
        self.cpm.behave(CpmBehaviour(imdn_status=480))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self._stop(self.gateway)
        self.cpm.behave(CpmBehaviour())
        self.gateway = self.start_gateway()
        for _ in range(10):
            self.network.advance(5)
            self.settle()
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_beside_many_that_are_not_decided(self) -> None:
        """Messages that wait for further reports keep nobody from being told."""
        self.centre.behave(SmsBehaviour(state=MessageState.ENROUTE))
        for _ in range(110):
            self.send(text="Hello")
        for each in list(self.centre.messages.values()):
            send_receipt(self.centre, each.message_id, "ACCEPTD")
        self.settle()
        self.centre.behave(SmsBehaviour())
        self.cpm.behave(CpmBehaviour(imdn_status=480))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self._stop(self.gateway)
        self.cpm.behave(CpmBehaviour())
        self.gateway = self.start_gateway()
        self.pass_time(15)
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])


class Receipts(House):
    def test_second_segment_long_after_a_failure(self) -> None:
        """Reports that come after the outcome was told still have their message."""
        self.centre.behave(SmsBehaviour(state=MessageState.ENROUTE))
        self.send(text="x" * 300)
        first, second = (each.message_id for each in self.centre.messages.values())
        send_receipt(self.centre, first, "UNDELIV")
        self.settle()
        self.network.advance(3_600)
        self.settle()
        statuses = send_receipt(self.centre, second, "DELIVRD")
        self.settle()
        self.assertEqual(statuses, [CommandStatus.ESME_ROK])

    def test_receipt_of_nobody_waits_no_longer_than_it_must(self) -> None:
        """An unknown receipt beside a slow submission is to come again (0005)."""
        self.centre.behave(SmsBehaviour(silent=True))
        self.send(text="Hello")
        statuses = send_receipt(self.centre, "nobody")
        self.settle()
        self.network.advance(2.5)
        self.settle()
        self.assertEqual(statuses, [CommandStatus.ESME_RX_T_APPN])

    def test_failure_without_a_message_id_makes_no_event(self) -> None:
        """<failed-iw> names a message; where there is no name there is no event."""
        self.centre.behave(SmsBehaviour(state=MessageState.UNDELIVERABLE))
        body = b"From: <%s>\r\nTo: <%s>\r\n\r\nContent-Type: text/plain\r\n\r\nHello"
        self.send(body=body % (ALICE.encode(), BOB.encode()))
        self.assertEqual([parse_event(each.content) for each in self.cpm.events], [])


class AssertedNumber(House):
    def test_notification_comes_from_the_target(self) -> None:
        """A To that does not name the target gives no identity to assert (Table 3)."""
        sent = self.send(
            text="Hello", recipient="sip:police@gov.example", request_uri=BOB
        )
        request = sent.notifications[0].request
        self.assertEqual(request.headers.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(str(request.from_.uri), BOB)


class EqualTexts(House):
    smsc = "binds = 2"

    def setUp(self) -> None:
        super().setUp()
        self.wait_until(lambda: len(self.centre.sessions) == 2)

    def test_over_two_binds_that_are_up(self) -> None:
        """Equal messages over two sessions, both of them up, are two messages."""
        for _ in range(2):
            statuses: list[list[int]] = []
            sending = self.centre.send_sms(BOB[4:], ALICE[4:], "ok")
            sending.addCallback(statuses.append)
            self.wait_until(lambda found=statuses: found)  # type: ignore[misc]
            self.centre.sessions.reverse()
            self.network.advance(60)
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok", "ok"])


class Unhealthy(House):
    def test_store_that_fails_takes_no_new_message(self) -> None:
        """While nothing can be remembered nothing is sent: 503 before the SM-SC."""
        self.gateway._store_service.store._writer._failing = True  # type: ignore
        sent = self.send(text="Hello")
        self.assertEqual((sent.status, self.centre.submitted), (503, []))

    def test_headers_that_are_not_utf_8(self) -> None:
        """Values that could not be kept are refused before anything is sent."""
        sent = self.send(text="Hello", conversation_id="\udcff\udcfe")
        self.assertEqual((sent.status, self.centre.submitted), (400, []))
