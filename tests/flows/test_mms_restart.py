"""kill -9 at any moment: what was acknowledged is not lost, nor is it another."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour
from cpmgw.lab.conversation import SentMessage
from cpmgw.lab.mms.fates import Taken
from cpmgw.lab.mms.sending import SentMms
from cpmgw.lab.pager import PagerMessage
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import Forward, MmStatus, RequestStatus
from cpmgw.sip.message import Response
from cpmgw.smtp.interfaces import Reply
from tests.flows.house import ALICE, BOB
from tests.flows.large import LargeOutbound
from tests.flows.messages import Talk
from tests.flows.mms import DELIVERED, FAILED, PICTURE, MmsLarge, mixed, text
from tests.flows.mms_machine import MmsMortal
from tests.flows.test_mms_notifications import IMDN


class FromCpm(MmsMortal):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def ids(self, number: int = 1) -> dict[str, str]:
        """Identifiers, which a second try has as well."""
        return {
            "message_id": f"m-{number}",
            "conversation_id": f"c-{number}",
            "contribution_id": f"k-{number}",
        }

    def identities(self) -> set[str]:
        """The X-Mms-Message-IDs that came."""
        return {each.transaction.message_id for each in self.forwards}

    def test_report_after_the_crash(self) -> None:
        """A message answered before the crash gets its IMDN afterwards."""
        self.behave(reports=(MmStatus.RETRIEVED,), report_delay=60.0)
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        self.restart()
        self.rest(65)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_report_while_the_gateway_is_away(self) -> None:
        """A relay that does not reach us tries again; the next process takes it."""
        self.behave(reports=(MmStatus.RETRIEVED,), report_delay=5.0)
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.crash()
        self.network.advance(8)
        self.gateway = self.start_gateway()
        self.rest(20)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_before_the_mail_is_taken(self) -> None:
        """Who was not answered tries again, under the same X-Mms-Message-ID."""
        self.behave(silent=True)
        self.send(text="Hello", **self.ids())
        self.restart()
        self.behave(reports=(MmStatus.RETRIEVED,))
        again = self.send(text="Hello", **self.ids())
        self.assertEqual((again.status, len(self.identities())), (202, 1))
        self.assertEqual(again.outcome[:1], DELIVERED)

    def test_before_the_response(self) -> None:
        """So does who was waiting for MM4_forward.RES, which then answers nobody."""
        self.behave(delay=5.0)
        self.send(text="Hello", **self.ids())
        self.restart()
        self.rest(10)
        self.assertEqual(self.relay.failed, [])
        again = self.send(text="Hello", **self.ids())
        self.rest(10)
        self.assertEqual((again.status, len(self.identities())), (202, 1))

    def test_report_of_what_was_not_answered(self) -> None:
        """What had left and was not answered is reported all the same."""
        self.behave(delay=5.0, reports=(MmStatus.RETRIEVED,), report_delay=8.0)
        sent = self.send(text="Hello", imdn=("positive-delivery",), **self.ids())
        self.restart()
        self.rest(20)
        self.assertEqual(sent.outcome, DELIVERED)

    def test_repeat_after_the_crash(self) -> None:
        """A repeat of what was answered gets that answer, and makes no second MMS."""
        first = self.send(text="Hello", **self.ids())
        self.restart()
        again = self.send(text="Hello", **self.ids())
        assert first.response is not None and again.response is not None
        self.assertEqual((first.status, again.status), (202, 202))
        for name in ("Message-Correlator", "Message-Context", "Conversation-ID"):
            self.assertEqual(
                first.response.headers.get(name), again.response.headers.get(name)
            )
        self.assertEqual(len(self.forwards), 1)

    def test_late_bad_news(self) -> None:
        """A bounce that comes after the crash is told, if that was asked for."""
        self.behave(status=None)
        sent = self.send(text="Hello", imdn=("negative-delivery",))
        self.rest(25)
        self.assertEqual(sent.status, 408)
        known = self.forwards[0].transaction
        self.restart()
        octets = _bounce(known.message_id, known.transaction_id)
        self.assertEqual(self.post_octets(octets, sender="").code, 250)
        self.rest(5)
        self.assertEqual(sent.outcome, FAILED)

    def test_each_step(self) -> None:
        """A crash after each commit on the way to the relay.

        Whoever was answered is served; whoever was not, is when it tries again.
        """
        self.relay.behave(MmsBehaviour())

        def way(step: int) -> Callable[[], None]:
            asked = ("positive-delivery",)
            sent = self.send(text=f"n {step}", imdn=asked, **self.ids(step))

            def look() -> None:
                last: SentMessage = sent
                if sent.status != 202:
                    last = self.send(text=f"n {step}", imdn=asked, **self.ids(step))
                self.rest(30)
                self.assertEqual(last.status, 202)
                told = {*sent.outcome, *last.outcome}
                self.assertEqual(told, set(DELIVERED), step)
                came = [
                    each.pdu.transaction.message_id
                    for each in self.phone.inbox
                    if each.text == f"n {step}"
                ]
                self.assertGreaterEqual(len(came), 1)
                self.assertEqual(len(set(came)), 1)

            return look

        self.each_step(way)


class FromMms(MmsMortal):
    def again(self, sent: SentMms) -> None:
        """The relay tries again what was not acknowledged, as relays do."""
        if sent.reply is None or sent.reply.code != 250:
            self.relay.repeat(sent)
            self.rest(20)

    def assert_one(self, sent: SentMms, said: str, user: str = ALICE) -> None:
        """Whatever came is one message for its client, and was answered."""
        came = [each for each in self.cpm.user(user).inbox if each.text == said]
        self.assertGreaterEqual(len(came), 1)
        self.assertEqual(len({each.message_id for each in came}), 1)
        self.assertEqual(len({each.contribution_id for each in came}), 1)
        self.assertEqual(set(sent.statuses), {"Ok"})

    def test_while_it_goes_to_the_client(self) -> None:
        """What was acknowledged goes out again, as the same message."""
        self.cpm.behave(CpmBehaviour(delay=5.0))
        sent = self.write_mms("Hi")
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (250, []))
        self.restart()
        self.cpm.behave(CpmBehaviour())
        self.rest(30)
        self.assert_one(sent, "Hi")

    def test_while_the_relay_does_not_take_the_answer(self) -> None:
        """Nothing goes to the client again; the answer goes to the relay."""
        self.relay.behave(MmsBehaviour(reply=Reply(451, "later")))
        sent = self.write_mms("Hi")
        self.assertEqual((self.alice.texts, sent.statuses), (["Hi"], []))
        self.restart()
        self.relay.behave(MmsBehaviour())
        self.rest(60)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(sent.statuses, ["Ok"])

    def test_one_of_several(self) -> None:
        """Who had it before the crash has it once, who had not has it afterwards."""
        carol = "tel:+15145550003"
        self.cpm.behave(CpmBehaviour(delay=5.0), carol)
        sent = self.write_mms("Hi", (ALICE[4:], carol[4:]))
        self.assertEqual(len(self.alice.inbox), 1)
        self.restart()
        self.cpm.behave(CpmBehaviour(), carol)
        self.rest(30)
        self.assertEqual(len(self.alice.inbox), 1)
        self.assertGreaterEqual(len(self.cpm.user(carol).inbox), 1)
        self.assertEqual(sent.statuses, ["Ok"])

    def test_repeat_after_the_crash(self) -> None:
        """The same mail again is known: its answer comes once more."""
        sent = self.write_mms("Hi")
        self.restart()
        self.relay.repeat(sent)
        self.rest(10)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(sent.statuses, ["Ok", "Ok"])

    def test_report_back(self) -> None:
        """A notification that was answered is reported, though the relay was away."""
        self.cpm.behave(CpmBehaviour(delivery=True, imdn_delay=1.0))
        self.write_mms("warm up")
        self.relay.behave(MmsBehaviour(reply=Reply(451, "later")))
        sent = self.write_mms("Hi", delivery_report=True)
        self.rest(3)
        self.restart()
        self.relay.behave(MmsBehaviour())
        self.rest(120)
        self.assertEqual((sent.statuses, sent.outcome), (["Ok"], ["Retrieved"]))

    def test_report_that_waits_for_its_response(self) -> None:
        """A report without its response goes again, under the same transaction."""
        self.relay.behave(MmsBehaviour(report_status=None))
        sent = self.write_mms("Hi", delivery_report=True)
        self.settle()
        self.assertEqual(sent.outcome, ["Retrieved"])
        self.restart()
        self.rest(1_800, 10.0)
        known = {each.transaction.transaction_id for each in sent.reports}
        self.assertEqual((len(sent.reports), len(known)), (4, 1))

    def test_each_step(self) -> None:
        """A crash after each commit from the relay to the client and back."""
        self.cpm.behave(CpmBehaviour(imdn_delay=60.0))

        def way(step: int) -> Callable[[], None]:
            sent = self.write_mms(f"n {step}", delivery_report=True)

            def look() -> None:
                self.again(sent)
                self.rest(120)
                self.assert_one(sent, f"n {step}")
                self.assertEqual(set(sent.outcome), {"Retrieved"})
                identities = {e.transaction.transaction_id for e in sent.reports}
                self.assertEqual(len(identities), 1)

            return look

        self.each_step(way)

    def test_each_step_of_a_report(self) -> None:
        """A crash after each commit of what the client says, to the relay and back."""
        self.cpm.behave(CpmBehaviour(delivery=False))

        def way(step: int) -> Callable[[], None]:
            left, self.machine.left = self.machine.left, 0
            sent = self.write_mms("Hi", delivery_report=True, read_reply=True)
            message = _says(self.alice.inbox[-1].message_id, "displayed", "display")
            self.machine.left = left
            said = self.cpm.send(message)
            self.settle()

            def look() -> None:
                last = said
                if said.status != 200:
                    last = self.cpm.send(message)
                self.rest(700, 10.0)
                self.assertEqual(last.status, 200)
                self.assertEqual(set(sent.outcome), {"Retrieved", "Read"})
                for reports in (sent.reports, sent.read_replies):
                    ids = {each.transaction.transaction_id for each in reports}
                    self.assertEqual(len(ids), 1)

            return look

        self.each_step(way)


class Reports(MmsMortal):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def test_while_the_client_is_away(self) -> None:
        """A report that was acknowledged is told by the next process."""
        self.cpm.behave(CpmBehaviour(imdn_status=503))
        self.behave(reports=(MmStatus.RETRIEVED,))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual((sent.outcome, self.results), ([], []))
        self.restart()
        self.cpm.behave(CpmBehaviour())
        self.rest(60)
        self.assertEqual(sent.outcome, DELIVERED)
        self.assertEqual([each.status for each in self.results], [RequestStatus.OK])

    def test_repeat_after_the_crash(self) -> None:
        """The same report again makes no second notification."""
        self.behave(reports=(MmStatus.RETRIEVED,), report_copies=1)
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.restart()
        forward: Forward = self.forwards[0]
        self.relay._fates._report(
            _taken(forward, self.relay.mails[0].entity), MmStatus.RETRIEVED, []
        )
        self.rest(10)
        self.assertEqual(sent.outcome, DELIVERED)


class LargeMms(MmsMortal, MmsLarge):
    """What goes by MSRP, and is kept in a file."""

    mm4 = "in_memory = 65_536"

    def test_large_from_mms(self) -> None:
        """A large mail whose INVITE was under way goes again, as the same message."""
        octets = PICTURE + bytes(range(256)) * 500
        self.cpm.behave(CpmBehaviour())
        self.side.answer = _never
        sent = self.write_mms(mixed(text("Look"), leaf("image/gif", octets)))
        assert sent.reply is not None
        self.assertEqual((sent.reply.code, sent.statuses), (250, []))
        self.assertNotEqual(self.mail_files(), [])
        self.crash()
        self.side.answer = 200
        self.gateway = self.start_gateway()
        self.rest(30)
        self.assertEqual(sent.statuses, ["Ok"])
        talk = self.side.last
        self.assertIn(octets, talk.came[0][1])
        contributions = {
            each.first.headers.get("Contribution-ID")
            for each in self.side.talks
            if each.first is not None
        }
        self.assertEqual((len(contributions), len(self.side.talks) > 1), (1, True))
        self.side.talks[0].session.close()


class NotifiedFailure(MmsMortal, MmsLarge, LargeOutbound):
    def test_told_afterwards(self) -> None:
        """A failure that MSRP was told to be well is told, though we crash before."""
        self.cpm.behave(CpmBehaviour(imdn_status=503))
        self.behave(status=RequestStatus.SERVICE_DENIED)
        talk = self.established()
        self.assertEqual(self.say(talk, imdn=("negative-delivery",)), 200)
        self.restart()
        self.cpm.behave(CpmBehaviour())
        self.rest(60)
        told = [(n.kind, n.status) for n in self.alice.notifications]
        self.assertEqual(told, FAILED)
        talk.session.close()


class Files(MmsMortal, MmsLarge):
    mm4 = "in_memory = 65_536"

    def test_no_orphans(self) -> None:
        """What a crash has left of mail under way is gone with the next process."""
        self.side.answer = _never
        octets = PICTURE + bytes(range(256)) * 500
        sent = self.write_mms(mixed(text("Look"), leaf("image/gif", octets)))
        assert sent.reply is not None
        self.assertEqual(sent.reply.code, 250)
        self.assertGreaterEqual(len(self.mail_files()), 1)
        self.crash()
        self.assertGreaterEqual(len(self.mail_files()), 1)
        self.side.answer = 200
        self.gateway = self.start_gateway()
        self.rest(30)
        self.assertEqual((sent.statuses, self.mail_files()), (["Ok"], []))
        self.side.talks[0].session.close()


def _bounce(message_id: str, transaction_id: str) -> bytes:
    """A mail of ours that comes back (RFC 3464)."""
    return (
        b"From: MAILER-DAEMON@mms.example.net\r\nSubject: Undelivered\r\n"
        b"Content-Type: multipart/report;report-type=delivery-status;boundary=b\r\n"
        b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns;mms.example.net\r\n\r\n"
        b"Final-Recipient: rfc822;x@mms.example.net\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        b"X-Mms-Message-Type: MM4_forward.REQ\r\n"
        b'X-Mms-Transaction-ID: "' + transaction_id.encode() + b'"\r\n'
        b'X-Mms-Message-ID: "' + message_id.encode() + b'"\r\n'
        b"Message-ID: <" + message_id.encode() + b">\r\n\r\n--b--\r\n"
    )


def _says(message_id: str, status: str, kind: str) -> PagerMessage:
    """What Alice's client says of a message."""
    imdn = IMDN.format(message_id=message_id, kind=kind, status=status)
    return PagerMessage(
        sender=ALICE,
        recipient=BOB,
        imdn=(),
        content_type="message/imdn+xml",
        content=imdn.encode(),
    )


def _taken(forward: Forward, entity: Entity) -> Taken:
    return Taken(
        number=BOB[4:],
        address=forward.to[0],
        pdu=forward,
        entity=entity,
        behaviour=MmsBehaviour(),
    )


def _never(_talk: Talk) -> Deferred[Response]:
    return Deferred()
