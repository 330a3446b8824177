"""The lab's MMS relay takes, shows, answers and reports as its numbers behave."""

from __future__ import annotations

from typing import Any

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.lab.behaviour import Cut, MmsBehaviour
from cpmgw.lab.mms.sending import MmsOptions, SentMms
from cpmgw.lab.pictures import landscape
from cpmgw.mm4.entity import Entity, leaf, multipart
from cpmgw.mm4.pdu import MmStatus, Priority, ReadStatus, RequestStatus
from cpmgw.smtp.errors import Refused
from cpmgw.smtp.interfaces import Envelope, Recipient, Reply
from tests.lab.mms.two_relays import ANN, BEN, CID, TwoRelays

ALL = MmsOptions(delivery_report=True, read_reply=True)


def letter(text: str = "Look!", size: tuple[int, int] = (64, 48)) -> Entity:
    """A text with a picture."""
    return multipart(
        "mixed",
        (
            leaf("text/plain; charset=utf-8", text.encode()),
            leaf("image/jpeg", landscape(*size), content_location="lake.jpg"),
        ),
    )


class Sending(TwoRelays):
    def send(
        self,
        of: Entity | str = "hello",
        targets: str | tuple[str, ...] = BEN,
        **options: Any,
    ) -> SentMms:
        """Have Ann send something; comes back when all rests."""
        sent = self.near.send(ANN, targets, of, MmsOptions(**options))
        self.network.settle()
        return sent


class ShownTests(Sending):
    def test_a_letter(self) -> None:
        """The handset has the text, the decoded picture, the SMIL and the subject."""
        sent = self.send(letter("Grüße"), subject="Der See ☀")
        (shown,) = self.far.handset(BEN).inbox
        self.assertEqual((shown.text, shown.subject), ("Grüße", "Der See ☀"))
        self.assertEqual(shown.sender, ANN)
        (picture,) = shown.pictures
        self.assertEqual(
            (picture.content_type, picture.width, picture.height),
            ("image/jpeg", 64, 48),
        )
        self.assertEqual(picture.octets, landscape(64, 48))
        self.assertIn('src="lake.jpg"', shown.smil)
        self.assertEqual(sent.statuses, ["Ok"])

    def test_a_text(self) -> None:
        """A text alone is one part, and has no SMIL."""
        self.send("hello")
        (shown,) = self.far.handset(BEN).inbox
        self.assertEqual((shown.text, shown.pictures, shown.smil), ("hello", (), ""))

    def test_options(self) -> None:
        """What the handset asks for is in the PDU."""
        self.send(
            letter(),
            priority=Priority.HIGH,
            expiry=60.0,
            hide=True,
            smil="leave",
            transaction_id="t1",
            message_id="m1",
            mail_from="other@near.test",
        )
        (came,) = self.far.mails
        pdu = self.far.forwards[0]
        self.assertEqual(pdu.priority, Priority.HIGH)
        self.assertEqual(pdu.expiry, self.network.seconds() + 60.0)
        self.assertEqual(pdu.transaction.transaction_id, "t1")
        self.assertEqual(pdu.transaction.message_id, "m1")
        self.assertEqual(pdu.originator_system, "system-user@near.test")
        self.assertEqual(came.envelope.sender, "other@near.test")
        (shown,) = self.far.handset(BEN).inbox
        self.assertEqual((shown.sender, shown.smil), ("", ""))

    def test_no_picture(self) -> None:
        """A part that says to be a picture and is none is not one."""
        self.send(leaf("image/jpeg", b"not at all"))
        (shown,) = self.far.handset(BEN).inbox
        self.assertEqual(shown.pictures, ())
        self.assertEqual(shown.entity.size, len(b"not at all"))

    def test_switched_off(self) -> None:
        """What comes to a handset that is off waits until it is on; then it is told."""
        self.far.handset(BEN).on = False
        sent = self.send(delivery_report=True)
        self.assertEqual((self.far.handset(BEN).inbox, sent.reports), ([], []))
        self.far.switch_on(BEN)
        self.network.settle()
        self.assertEqual(self.far.handset(BEN).texts, ["hello"])
        self.assertEqual(sent.outcome, ["Retrieved"])

    def test_repeated(self) -> None:
        """The very same can be sent again."""
        sent = self.send()
        self.near.repeat(sent)
        self.network.settle()
        one, two = self.far.forwards
        self.assertEqual(one, two)


class AnswerTests(Sending):
    def behave(self, number: str = BEN, **details: Any) -> None:
        """Have messages to a number treated so."""
        self.far.behave(MmsBehaviour(**details), number)

    def test_refused_by_response(self) -> None:
        """Any status can be said; what is refused is not shown."""
        for status in RequestStatus:
            self.behave(status=status, status_text="because")
            before = len(self.far.handset(BEN).inbox)
            sent = self.send()
            self.assertEqual(sent.statuses, [status.value])
            self.assertEqual(sent.results[0].status_text, "because")
            shown = len(self.far.handset(BEN).inbox) - before
            self.assertEqual(shown, int(status is RequestStatus.OK))

    def test_no_response(self) -> None:
        """With no status there is no response, though the message is shown."""
        self.behave(status=None)
        sent = self.send()
        self.network.advance(1_000.0)
        self.assertEqual(sent.results, [])
        self.assertEqual(len(self.far.handset(BEN).inbox), 1)

    def test_late_and_twice(self) -> None:
        """A response can be late, and come again."""
        self.behave(delay=7.0, copies=2)
        sent = self.send()
        self.network.advance(6.0)
        self.assertEqual(sent.statuses, [])
        self.network.advance(2.0)
        self.assertEqual(sent.statuses, ["Ok", "Ok"])

    def test_not_asked_for(self) -> None:
        """Without X-Mms-Ack-Request nothing is answered."""
        sent = self.send(acknowledge=False)
        self.assertEqual((sent.statuses, self.near.results), ([], []))

    def test_several_recipients(self) -> None:
        """One response where all fare alike; else one for each status, with names."""
        sent = self.send(targets=(BEN, CID))
        self.assertEqual([each.recipients for each in sent.results], [()])
        self.behave(CID, status=RequestStatus.ADDRESS_UNRESOLVED)
        sent = self.send(targets=(BEN,), cc=(CID,))
        self.assertEqual(
            {each.status: each.recipients for each in sent.results},
            {
                RequestStatus.OK: (f"{BEN}/TYPE=PLMN@far.test",),
                RequestStatus.ADDRESS_UNRESOLVED: (f"{CID}/TYPE=PLMN@far.test",),
            },
        )
        self.assertEqual(len(self.far.handset(CID).inbox), 1)

    def test_the_default(self) -> None:
        """Who was told nothing behaves as all others do."""
        self.far.behave(MmsBehaviour(status=RequestStatus.SERVICE_DENIED))
        self.behave(CID)
        self.assertEqual(self.send().statuses, ["Error-service-denied"])
        self.assertEqual(self.send(targets=CID).statuses, ["Ok"])

    def test_unreadable(self) -> None:
        """A mail that is no MM4 is refused, and kept to be looked at."""
        body = Spool(self.mktemp(), SpoolLimits()).body()
        body.write(0, b"Subject: hello\r\n\r\nhello\r\n")
        to = (Recipient(address="a@far.test"),)
        sent = self.near.link.send(Envelope(sender="", recipients=to), body)
        self.network.settle()
        failure = self.failureResultOf(sent, Refused)
        self.assertEqual((failure.value.reply.code, failure.value.stage), (554, "."))
        self.assertEqual(len(self.far.reception.unreadable), 1)


class SmtpTests(Sending):
    def test_refused_recipient(self) -> None:
        """Any reply can refuse the recipient; the mail does not come."""
        self.far.behave(MmsBehaviour(rcpt=Reply(550, "Who?", "5.1.1")), BEN)
        sent = self.send()
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.reply.text), (550, "Who?"))
        self.assertEqual(self.far.mails, [])
        self.assertEqual([reply.code for _, reply in self.near.failed], [550])

    def test_refused_mail(self) -> None:
        """Any reply can refuse the mail, which has come then."""
        self.far.behave(MmsBehaviour(reply=Reply(452, "Full")), BEN)
        sent = self.send()
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (452, []))
        self.assertEqual(len(self.far.mails), 1)
        self.assertEqual(self.far.handset(BEN).inbox, [])

    def test_another_yes(self) -> None:
        """A reply that takes the mail takes it."""
        self.far.behave(MmsBehaviour(reply=Reply(251, "On its way")), BEN)
        sent = self.send()
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (251, ["Ok"]))

    def test_cut_in_the_content(self) -> None:
        """The connection is closed each time that the content has begun to come."""
        self.far.behave(MmsBehaviour(cut=Cut.IN_CONTENT), BEN)
        sent = self.send(letter())
        self.network.advance(60.0)
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, self.far.mails), (0, []))
        self.assertGreater(self.far.connections.cuts, 0)

    def test_cut_before_the_reply(self) -> None:
        """The mail is there, and whoever sent it does not know."""
        self.far.behave(MmsBehaviour(cut=Cut.BEFORE_REPLY), BEN)
        sent = self.send()
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, len(self.far.mails)), (0, 1))
        self.assertEqual((self.far.connections.cuts, sent.statuses), (1, []))

    def test_silent(self) -> None:
        """The last reply never comes."""
        self.far.behave(MmsBehaviour(silent=True), BEN)
        sent = self.send()
        self.assertIsNone(sent.reply)
        self.network.advance(1_000.0)
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (0, []))

    def test_the_next_is_taken(self) -> None:
        """What cuts one connection leaves the next one alone."""
        self.far.behave(MmsBehaviour(cut=Cut.BEFORE_REPLY), BEN)
        self.send()
        self.far.behave(MmsBehaviour(), BEN)
        self.network.advance(60.0)
        self.assertEqual(self.send().statuses, ["Ok"])


class ReportTests(Sending):
    def test_delivered_and_read(self) -> None:
        """A report when it is shown, a read reply when its owner looks; both answered.

        The relay that they come to answers them with MM4_..._report.RES.
        """
        sent = self.near.send(ANN, BEN, letter(), ALL)
        self.network.settle()
        self.assertEqual(sent.outcome, ["Retrieved"])
        (report,) = sent.reports
        self.assertEqual(report.recipient, f"{BEN}/TYPE=PLMN@far.test")
        self.assertEqual(report.sender, f"{ANN}/TYPE=PLMN@near.test")
        self.assertEqual(self.far.look(BEN), 1)
        self.network.settle()
        self.assertEqual(sent.outcome, ["Retrieved", "Read"])
        self.assertEqual(self.far.look(BEN), 0)
        (shown,) = self.far.handset(BEN).inbox
        self.assertTrue(shown.seen)
        self.assertEqual(
            [(each.transaction.type.name, each.status) for each in shown.results],
            [
                ("DELIVERY_REPORT_RES", RequestStatus.OK),
                ("READ_REPLY_RES", RequestStatus.OK),
            ],
        )

    def test_every_fate(self) -> None:
        """Any status can be reported; only what is retrieved is shown."""
        for status in MmStatus:
            self.far.behave(MmsBehaviour(reports=(status,)), BEN)
            before = len(self.far.handset(BEN).inbox)
            sent = self.send(delivery_report=True)
            self.assertEqual(sent.outcome, [status.value])
            shown = len(self.far.handset(BEN).inbox) - before
            self.assertEqual(shown, int(status is MmStatus.RETRIEVED))

    def test_several_after_a_while(self) -> None:
        """Reports come one after the other, each so often, each after so long."""
        self.far.behave(
            MmsBehaviour(
                reports=(MmStatus.DEFERRED, MmStatus.RETRIEVED),
                report_delay=10.0,
                report_copies=2,
            ),
            BEN,
        )
        sent = self.send(delivery_report=True)
        self.assertEqual(sent.outcome, [])
        self.network.advance(11.0)
        self.assertEqual(sent.outcome, ["Deferred"] * 2)
        self.network.advance(11.0)
        self.assertEqual(sent.outcome, ["Deferred"] * 2 + ["Retrieved"] * 2)
        self.assertEqual(len(self.far.handset(BEN).inbox), 1)

    def test_none(self) -> None:
        """There can be no report at all; nothing is reported that nobody asked for."""
        self.far.behave(MmsBehaviour(reports=()), BEN)
        self.assertEqual(self.send(delivery_report=True).outcome, [])
        self.far.behave(MmsBehaviour(), BEN)
        sent = self.send()
        self.far.look(BEN)
        self.network.settle()
        self.assertEqual(sent.outcome, [])

    def test_looks_by_herself(self) -> None:
        """The owner can look after so many seconds, and delete it unread."""
        self.far.behave(MmsBehaviour(looks_after=30.0, read=ReadStatus.DELETED), BEN)
        sent = self.near.send(ANN, BEN, "hello", ALL)
        self.network.advance(29.0)
        self.assertEqual(sent.outcome, ["Retrieved"])
        self.network.advance(2.0)
        self.assertEqual(sent.outcome, ["Retrieved", "Deleted without being read"])

    def test_answers_to_reports(self) -> None:
        """What is reported to a handset is answered as its number behaves."""
        for status in (RequestStatus.NETWORK_PROBLEM, None):
            self.near.behave(MmsBehaviour(report_status=status), ANN)
            self.send(delivery_report=True)
            (*_, shown) = self.far.handset(BEN).inbox
            found = [each.status for each in shown.results]
            self.assertEqual(found, [] if status is None else [status])

    def test_of_nothing(self) -> None:
        """A report of a message that no handset sent is answered so."""
        sent = self.near.send(ANN, BEN, "hello", ALL)
        self.near.sent.remove(sent)
        self.network.settle()
        (shown,) = self.far.handset(BEN).inbox
        self.assertEqual(
            [each.status for each in shown.results], [RequestStatus.NOT_FOUND]
        )
