"""kill -9 at any moment: what was answered is not lost (TS 6.1.1 step 2)."""

from __future__ import annotations

from typing import Any

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.conversation import SentMessage
from tests.flows.house import ALICE, BOB
from tests.flows.machine import Mortal
from tests.flows.receipts import receipt_of, send_receipt
from txsmpp.constants import MessageState

DELIVERED = [("delivery-notification", "delivered")]
FAILED = [("delivery-notification", "failed")]


class Restart(Mortal):
    def sent(self, text: str = "Hello", **behaviour: Any) -> SentMessage:
        """A message that was answered 202 and has no receipt yet."""
        behaviour.setdefault("receipt_delay", 60.0)
        self.centre.behave(SmsBehaviour(**behaviour))
        sent = self.send(text=text, imdn=("positive-delivery", "negative-delivery"))
        self.assertEqual(sent.status, 202)
        return sent

    def test_receipt_after_the_crash(self) -> None:
        """A message answered 202 before the crash gets its IMDN afterwards."""
        sent = self.sent()
        self.restart()
        self.pass_time(65)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_receipt_while_the_gateway_is_away(self) -> None:
        """The SM-SC keeps its receipt; the next process relays it."""
        sent = self.sent()
        self.crash()
        self.network.advance(120)
        self.gateway = self.start_gateway()
        self.pass_time(20)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_failure_after_the_crash(self) -> None:
        """So does a failure."""
        sent = self.sent(state=MessageState.UNDELIVERABLE)
        self.restart()
        self.pass_time(65)
        self.assertEqual(sent.outcome, FAILED)

    def test_some_reports_before_the_crash(self) -> None:
        """Reports of segments are kept: the last one decides, whoever gets it."""
        self.centre.behave(SmsBehaviour(receipt_delay=60.0))
        sent = self.send(text="x" * 400, imdn=("positive-delivery",))
        messages = list(self.centre.messages.values())
        self.assertEqual(len(messages), 3)
        first = send_receipt(self.centre, messages[1].message_id)
        self.network.wait_until(lambda: first)
        self.assertEqual((first, sent.outcome), ([0], []))
        self.restart()
        self.pass_time(65)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_crash_while_the_notification_is_under_way(self) -> None:
        """The receipt comes again, and so does the IMDN, with the same identity."""
        sent = self.sent(receipt_delay=0.0, state=MessageState.ENROUTE)
        self.cpm.behave(CpmBehaviour(delay=10.0))
        (message,) = self.centre.messages.values()
        self.centre.outbox.send(receipt_of(message.message_id))
        self.settle()
        self.restart()
        self.pass_time(30)
        # The first was taken by the CPM side, though nobody lived to hear of it.
        self.assertEqual(set(sent.outcome), set(DELIVERED))
        identities = {each.cpim.imdn("Message-ID") for each in sent.notifications}
        self.assertEqual(len(identities), 1)

    def test_notification_sent_before_the_crash(self) -> None:
        """A receipt repeated after the crash makes no second IMDN."""
        sent = self.sent(receipt_delay=0.0)
        self.settle()
        self.assertEqual(sent.outcome, DELIVERED)
        self.restart()
        (message,) = self.centre.messages.values()
        statuses = send_receipt(self.centre, message.message_id)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [0])
        self.assertEqual(sent.outcome, DELIVERED)

    def test_unanswered_at_the_crash(self) -> None:
        """Who was not answered tries again, and is served."""
        self.centre.behave(SmsBehaviour(delay=3.0))
        first = self.send(text="Hello", message_id="m-1")
        self.restart()
        self.centre.behave(SmsBehaviour())
        again = self.send(text="Hello", message_id="m-1")
        self.assertEqual(again.status, 202)
        self.assertEqual(again.message_id, first.message_id)
        self.assertEqual(self.centre.handset(BOB[4:]).texts[-1], "Hello")

    def test_many_at_once(self) -> None:
        """A crash in the midst of much traffic loses nothing that was answered."""
        self.centre.behave(SmsBehaviour(receipt_delay=30.0))
        sent = [
            self.cpm.send_text(ALICE, BOB, f"number {number}") for number in range(40)
        ]
        self.network.wait_until(lambda: [each for each in sent if each.status])
        self.restart()
        self.pass_time(60)
        answered = [each for each in sent if each.status == 202]
        self.assertTrue(answered)
        outcome = ("delivery-notification", "delivered")
        for each in answered:
            self.assertIn(outcome, each.outcome)
        texts = self.centre.handset(BOB[4:]).texts
        for each in answered:
            self.assertIn(each.message.text, texts)

    def test_crash_and_crash_again(self) -> None:
        """Several crashes in a row are no worse than one."""
        sent = self.sent()
        for _ in range(3):
            self.restart()
            self.network.advance(1)
        self.pass_time(65)
        self.assertEqual(sent.outcome, DELIVERED)
