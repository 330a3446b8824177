"""TS 6.3.1.2.3, 6.3.1.2.4, Tables 41 to 44: notifications of CPM to MMS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.mms.sending import SentMms
from cpmgw.lab.pager import PagerMessage
from cpmgw.mm4.pdu import MessageType, MmStatus, ReadStatus, RequestStatus
from cpmgw.smtp.interfaces import Reply
from tests.flows.house import ALICE, BOB
from tests.flows.mms import ALICE_MM4, BOB_MM4, SYSTEM, MmsHouse, MmsLarge

IMDN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<imdn xmlns="urn:ietf:params:xml:ns:imdn">'
    "<message-id>{message_id}</message-id>"
    "<datetime>2026-01-01T00:00:00Z</datetime>"
    "<{kind}-notification><status><{status}/></status></{kind}-notification>"
    "</imdn>"
)


class Notifications(MmsHouse):
    """Alice's client says nothing by itself; tests say it for her."""

    def setUp(self) -> None:
        super().setUp()
        self.cpm.behave(CpmBehaviour(delivery=False, display=False))

    def received(self, **options: Any) -> SentMms:
        """An MMS that Alice has got, of which Bob wants to hear."""
        options.setdefault("delivery_report", True)
        options.setdefault("read_reply", True)
        sent = self.write_mms("Hi", **options)
        self.assertEqual(sent.statuses, ["Ok"])
        return sent

    @property
    def identity(self) -> str:
        """The imdn.Message-ID of the last message that Alice has got."""
        return self.alice.inbox[-1].message_id

    def say(
        self,
        status: str,
        *,
        kind: str = "delivery",
        message_id: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> SentMessage:
        """Alice's client says what has become of a message."""
        imdn = IMDN.format(
            message_id=message_id or self.identity, kind=kind, status=status
        )
        sent = self.cpm.send(
            PagerMessage(
                sender=ALICE,
                recipient=BOB,
                imdn=(),
                content_type="message/imdn+xml",
                content=imdn.encode(),
                headers=tuple(headers),
            )
        )
        self.settle()
        return sent


class Delivery(Notifications):
    def test_each_status(self) -> None:
        """Each status of a delivery notification (Table 42).

        [TS 6.3.1.2.3 step 1] [TS 6.3.1.2.3 step 3] [SCR Int-S-020-O]
        [SCR Int-S-013-O]
        """
        expected = {
            "delivered": ["Retrieved"],
            "failed": ["Rejected"],
            "forbidden": ["Rejected"],
            "error": ["Indeterminate"],
        }
        found = {}
        for status in expected:
            sent = self.received()
            self.assertEqual(self.say(status).status, 200)
            found[status] = sent.outcome
        self.assertEqual(found, expected)

    def test_tables(self) -> None:
        """The envelope and the PDU (Tables 41 and 42)."""
        sent = self.received()
        self.say("delivered", headers=(("Date", "Thu, 01 Jan 1970 00:00:03 GMT"),))
        (report,) = sent.reports
        mail = self.relay.mails[-1]
        self.assertEqual(mail.envelope.sender, SYSTEM)
        (recipient,) = mail.envelope.recipients
        self.assertEqual(recipient.address, BOB_MM4)
        known = report.transaction
        self.assertEqual(known.type, MessageType.DELIVERY_REPORT_REQ)
        self.assertEqual(known.message_id, sent.message_id)
        self.assertEqual(known.version, "6.3.0")
        self.assertNotEqual(known.transaction_id, sent.pdu.transaction.transaction_id)
        self.assertEqual((report.recipient, report.sender), (ALICE_MM4, BOB_MM4))
        self.assertEqual(report.date, 3.0)
        self.assertEqual(report.forward_route, (SYSTEM,))
        self.assertTrue(report.acknowledge)

    def test_once(self) -> None:
        """The same again, or something else of the same, tells nothing new."""
        sent = self.received()
        for status in ("delivered", "delivered", "failed"):
            self.assertEqual(self.say(status).status, 200)
        self.assertEqual(sent.outcome, ["Retrieved"])

    def test_not_asked_for(self) -> None:
        """What Bob did not ask for ends here."""
        sent = self.received(delivery_report=False)
        self.assertEqual(self.say("delivered").status, 200)
        self.assertEqual(sent.outcome, [])

    def test_unknown_message(self) -> None:
        """Of a message that nobody knows: a success, and it ends here."""
        self.assertEqual(self.say("delivered", message_id="who").status, 200)
        self.assertEqual(self.delivery_reports, [])

    def test_processing(self) -> None:
        """Processing notifications are discarded (Table 42 NOTE)."""
        sent = self.received()
        self.assertEqual(self.say("processed", kind="processing").status, 200)
        self.assertEqual(sent.outcome, [])

    def test_no_notification(self) -> None:
        """What is no IMDN is 400."""
        self.received()
        sent = self.cpm.send(
            PagerMessage(
                sender=ALICE,
                recipient=BOB,
                imdn=(),
                content_type="message/imdn+xml",
                content=b"<imdn",
            )
        )
        self.settle()
        self.assertEqual(sent.status, 400)

    def test_each_recipient(self) -> None:
        """Of several recipients each says it for herself."""
        sent = self.received(cc=("+15145550003",))
        carol = self.cpm.user("tel:+15145550003").inbox[-1]
        self.say("delivered", message_id=carol.message_id)
        self.assertEqual(
            [each.recipient for each in sent.reports],
            ["+15145550003/TYPE=PLMN@mm4.ims.example.net"],
        )

    def test_client_that_says_it_itself(self) -> None:
        """The lab's client says both by itself; Bob hears both."""
        self.cpm.behave(CpmBehaviour(delivery=True, display=True))
        sent = self.received()
        self.settle()
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])


class Read(Notifications):
    def test_displayed(self) -> None:
        """A display notification is a read reply, and a delivery report as well.

        [TS 6.3.1.2.4 step 1] [TS 6.3.1.2.4 step 3] [SCR Int-S-021-O]
        [SCR Int-S-014-O]
        """
        sent = self.received()
        self.assertEqual(self.say("displayed", kind="display").status, 200)
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])
        (reply,) = sent.read_replies
        self.assertIs(reply.status, ReadStatus.READ)
        self.assertEqual(reply.transaction.type, MessageType.READ_REPLY_REQ)
        self.assertEqual(reply.transaction.message_id, sent.message_id)
        self.assertEqual((reply.recipient, reply.sender), (ALICE_MM4, BOB_MM4))
        self.assertEqual(reply.forward_route, (SYSTEM,))

    def test_after_the_delivery(self) -> None:
        """Once the delivery is told, a display tells only of itself."""
        sent = self.received()
        self.say("delivered")
        self.say("displayed", kind="display")
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])

    def test_before_the_delivery(self) -> None:
        """What was displayed is not delivered once more."""
        sent = self.received()
        self.say("displayed", kind="display")
        self.say("delivered")
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])

    def test_only_one_was_asked_for(self) -> None:
        """Each only where it was asked for."""
        sent = self.received(delivery_report=False)
        self.say("displayed", kind="display")
        self.assertEqual(sent.outcome, ["Read"])
        sent = self.received(read_reply=False)
        self.say("displayed", kind="display")
        self.assertEqual(sent.outcome, ["Retrieved"])

    def test_anonymous_sender(self) -> None:
        """Who has hidden is told all the same (6.3.1.2.4 NOTE)."""
        sent = self.received(hide=True)
        self.say("displayed", kind="display")
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])


class Unreliable(Notifications):
    """A relay that does not take or answer a report."""

    def test_relay_away(self) -> None:
        """The report waits for the relay, however long that is away."""
        sent = self.received()
        self.relay.behave(MmsBehaviour(reply=Reply(451, "later")))
        self.assertEqual(self.say("delivered").status, 200)
        self.pass_time(60)
        taken = len(sent.results)
        self.relay.behave(MmsBehaviour())
        self.pass_time(600)
        self.assertEqual(set(sent.outcome), {"Retrieved"})
        self.assertEqual(taken, 1)

    def test_no_response(self) -> None:
        """Without the response that was asked for it comes again, and not for ever."""
        sent = self.received()
        self.relay.behave(MmsBehaviour(report_status=None))
        self.say("delivered")
        for _ in range(50):
            self.pass_time(60)
        self.assertEqual(len(sent.reports), 4)
        identities = {each.transaction.transaction_id for each in sent.reports}
        self.assertEqual(len(identities), 1)

    def test_bad_response(self) -> None:
        """A relay that does not want to know is not told again."""
        sent = self.received()
        self.relay.behave(MmsBehaviour(report_status=RequestStatus.NOT_FOUND))
        self.say("delivered")
        for _ in range(12):
            self.pass_time(60)
        self.assertEqual(len(sent.reports), 1)


class Large(MmsLarge):
    def test_of_a_large_message(self) -> None:
        """Notifications of what came by MSRP are reports just the same."""
        sent = self.write_mms("x" * 2_000, delivery_report=True)
        ((_, octets),) = self.side.last.came
        lines = octets.decode().split("\r\n")
        (known,) = [
            line.partition(": ")[2]
            for line in lines
            if line.startswith("imdn.Message-ID")
        ]
        imdn = IMDN.format(message_id=known, kind="delivery", status="delivered")
        said = self.cpm.send(
            PagerMessage(
                sender=ALICE,
                recipient=BOB,
                imdn=(),
                content_type="message/imdn+xml",
                content=imdn.encode(),
            )
        )
        self.settle()
        self.assertEqual((said.status, sent.outcome), (200, ["Retrieved"]))


class Rcs(Notifications):
    profile = "rcs"

    def test_no_response_is_asked_for(self) -> None:
        """Acknowledgement Request is set in neither report.

        [RCC.10 6.3.1.2.3 difference 1] [RCC.10 6.3.1.2.4 difference 2]
        """
        sent = self.received()
        self.say("displayed", kind="display")
        asks = [each.acknowledge for each in sent.reports]
        asks += [each.acknowledge for each in sent.read_replies]
        self.assertEqual(asks, [False, False])

    def test_expired(self) -> None:
        """A read report after the expiry is dropped. [RCC.10 6.3.1.2.4 difference 1]"""
        sent = self.received(expiry=60.0)
        late = self.received(expiry=600.0)
        first, second = [each.message_id for each in self.alice.inbox]
        self.pass_time(120)
        self.say("displayed", kind="display", message_id=first)
        self.say("displayed", kind="display", message_id=second)
        self.assertEqual(
            (sent.outcome, late.outcome), (["Retrieved"], ["Retrieved", "Read"])
        )


class Kept(Notifications):
    def test_expired(self) -> None:
        """In the profile of the TS it is told all the same."""
        sent = self.received(expiry=60.0)
        self.pass_time(120)
        self.say("displayed", kind="display")
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])
        self.assertIs(sent.reports[0].status, MmStatus.RETRIEVED)
