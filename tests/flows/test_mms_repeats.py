"""docs/decisions/0003, 0021, 0022: what comes again makes no second message."""

from __future__ import annotations

from typing import Any

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.mm4.pdu import MmStatus, RequestStatus
from cpmgw.smtp.interfaces import Reply
from tests.flows.house import ALICE, BOB
from tests.flows.mms import DELIVERED, FAILED, MmsHouse
from tests.flows.test_mms_reports import delivery


class FromCpm(MmsHouse):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def sent(self, **details: Any) -> SentMessage:
        """A message, which is the same each time."""
        ids = {
            "message_id": "m-1",
            "conversation_id": "c-1",
            "contribution_id": "k-1",
        }
        return self.send(text="Hello", **ids | details)

    def test_after_the_answer(self) -> None:
        """The same Message-ID gets the same answer, and MMS no second message."""
        first, again = self.sent(), self.sent()
        assert first.response is not None and again.response is not None
        self.assertEqual((first.status, again.status), (202, 202))
        for name in ("Conversation-ID", "Message-Correlator", "Message-Context"):
            self.assertEqual(
                first.response.headers.get(name), again.response.headers.get(name)
            )
        self.assertEqual(len(self.forwards), 1)

    def test_while_in_flight(self) -> None:
        """What comes while the first is being worked on waits for its answer."""
        self.behave(delay=3.0)
        sent = [self.sent() for _ in range(3)]
        self.assertEqual([each.status for each in sent], [0, 0, 0])
        self.network.advance(3.1)
        self.settle()
        self.assertEqual([each.status for each in sent], [202, 202, 202])
        self.assertEqual(len(self.forwards), 1)

    def test_refusal_may_be_tried_again(self) -> None:
        """Refusals are not kept: who was refused is meant to try again."""
        self.behave(reply=Reply(451, "later"))
        self.assertEqual(self.sent().status, 503)
        self.behave(status=RequestStatus.SERVICE_DENIED)
        self.assertEqual(self.sent().status, 403)
        self.behave()
        self.assertEqual(self.sent().status, 202)
        self.assertEqual(len(self.forwards), 3)

    def test_after_silence(self) -> None:
        """Who was told that it may have left tries again under the same identity."""
        self.behave(status=None)
        first = self.sent()
        self.pass_time(25)
        self.behave()
        again = self.sent()
        self.assertEqual((first.status, again.status), (408, 202))
        known = {each.transaction.message_id for each in self.forwards}
        self.assertEqual((len(self.forwards), len(known)), (2, 1))

    def test_after_a_failure_that_was_told(self) -> None:
        """After a failed notification the same message is a new try."""
        sent = self.sent(imdn=("negative-delivery",))
        known = self.forwards[0].transaction.message_id
        self.post(delivery(known, MmStatus.REJECTED))
        self.assertEqual(sent.outcome, FAILED)
        self.sent(imdn=("negative-delivery",))
        self.assertEqual(len(self.forwards), 2)

    def test_after_a_success_that_was_told(self) -> None:
        """After a delivery it is a repeat."""
        self.behave(reports=(MmStatus.RETRIEVED,))
        sent = self.sent(imdn=("positive-delivery",))
        self.sent(imdn=("positive-delivery",))
        self.assertEqual((sent.outcome, len(self.forwards)), (DELIVERED, 1))

    def test_after_the_window(self) -> None:
        """What comes after `duplicate_window` is a new message."""
        self.sent()
        self.pass_time(self.gateway.config.policy.duplicate_window + 60)
        self.sent()
        self.assertEqual(len(self.forwards), 2)

    def test_others(self) -> None:
        """Another user, or another Message-ID, is another message."""
        self.sent()
        self.sent(sender="tel:+15145550005")
        self.sent(message_id="m-2")
        self.assertEqual(len(self.forwards), 3)


class FromMms(MmsHouse):
    def test_report(self) -> None:
        """The same report again is answered again, and told once."""
        self.behave()
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        report = delivery(self.forwards[0].transaction.message_id, MmStatus.RETRIEVED)
        for _ in range(3):
            self.assertEqual(self.post(report).code, 250)
        self.assertEqual(sent.outcome, DELIVERED)
        statuses = [each.status for each in self.results]
        self.assertEqual(statuses, [RequestStatus.OK] * 3)

    def test_message_in_many_mails(self) -> None:
        """The same mail many times at once is one message."""
        self.cpm.behave(CpmBehaviour(delay=1.0))
        sent = self.relay.send(BOB[4:], ALICE[4:], "Hi")
        for _ in range(5):
            self.relay.repeat(sent)
        self.settle()
        for _ in range(4):
            self.network.advance(1)
            self.settle()
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(set(sent.statuses), {"Ok"})

    def test_message_after_the_window(self) -> None:
        """A mail that comes after `duplicate_window` is a new one."""
        sent = self.write_mms("Hi")
        self.pass_time(self.gateway.config.policy.duplicate_window + 60)
        self.relay.repeat(sent)
        self.pass_time(10)
        self.assertEqual(self.alice.texts, ["Hi", "Hi"])

    def test_after_an_error(self) -> None:
        """A relay that was told of an error asks again in a new transaction."""
        self.cpm.behave(CpmBehaviour(status=480))
        first = self.write_mms("Hi", message_id="m-1@mms")
        self.cpm.behave(CpmBehaviour())
        second = self.write_mms("Hi", message_id="m-1@mms")
        self.assertEqual(first.statuses, ["Error-network-problem"])
        self.assertEqual(second.statuses, ["Ok"])
        self.assertEqual(self.alice.texts, ["Hi"])

    def test_lost_reply(self) -> None:
        """A relay whose connection is lost before the 250 sends again: one message."""
        sent = self.relay.send(BOB[4:], ALICE[4:], "Hi")
        self.network.cut("127.0.0.1", 2525)
        self.settle()
        self.pass_time(15)
        self.relay.repeat(sent)
        self.pass_time(10)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.relay.behave(MmsBehaviour())
