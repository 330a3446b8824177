"""TS 6.1.2, 6.3.1.1.2, Tables 15 and 16: large messages to MMS."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.headers import MESSAGE_CONTEXT, MESSAGE_CORRELATOR
from cpmgw.lab.behaviour import Cut, MmsBehaviour
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.pdu import MmStatus, Priority, RequestStatus
from cpmgw.smtp.interfaces import Reply
from tests.flows.dialog import IDS
from tests.flows.large import TEXT, SendByHand, wrapping
from tests.flows.messages import Talk
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    DELIVERED,
    FAILED,
    PICTURE,
    SYSTEM,
    MmsLargeOutbound,
    mixed,
    picture,
    text,
)

NEGATIVE = ("negative-delivery",)
ANY = wrapping("text/plain image/* multipart/mixed application/pdf")


class LargeToMms(MmsLargeOutbound):
    def setUp(self) -> None:
        super().setUp()
        self.behave()

    def outcome(self, message_id: str = "m-1") -> list[tuple[str, str]]:
        """What Alice was told of a message."""
        return [
            (each.kind, each.status)
            for each in self.alice.notifications
            if each.message_id == message_id
        ]


class Tables(LargeToMms):
    mm4 = "in_memory = 65_536"

    def test_forward(self) -> None:
        """The envelope and the PDU (Tables 15 and 16).

        [TS 6.3.1.1.2 step 5] [SCR Int-S-018-O]
        """
        talk = self.established(
            headers=(*IDS, ("Subject", "Tea"), ("Message-Expires", "3600"))
        )
        asked = ("positive-delivery", "display")
        self.assertEqual(self.say(talk, imdn=asked), 200)
        (mail,) = self.relay.mails
        self.assertEqual(mail.envelope.sender, ALICE_MM4)
        self.assertEqual(mail.numbers, ["+15145550002"])
        (forward,) = self.forwards
        self.assertEqual((forward.sender, forward.to), (ALICE_MM4, (BOB_MM4,)))
        self.assertEqual(forward.subject, "Tea")
        self.assertEqual(forward.expiry, 3_600.0)
        self.assertIs(forward.priority, Priority.NORMAL)
        self.assertTrue(forward.delivery_report)
        self.assertTrue(forward.read_reply)
        self.assertTrue(forward.acknowledge)
        self.assertEqual(forward.originator_system, SYSTEM)
        self.assertEqual(forward.forward_route, (SYSTEM,))
        self.assertEqual(talk.bye().status, 200)

    def test_bye(self) -> None:
        """The 200 to the BYE tells what it became. [TS 6.3.1.1.7 B]"""
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        headers = talk.bye().headers
        self.assertEqual(headers.get(MESSAGE_CONTEXT), "multimedia-message")
        known = self.forwards[0].transaction.message_id
        self.assertEqual(headers.get(MESSAGE_CORRELATOR), known)

    def test_whole_way(self) -> None:
        """Text and picture to the handset, and the report back."""
        self.relay.behave(MmsBehaviour())
        talk = self.established(body=ANY)
        asked = ("positive-delivery",)
        content = mixed(text("Look"), picture())
        self.assertEqual(self.say_entity(talk, content, imdn=asked), 200)
        (shown,) = self.phone.inbox
        self.assertEqual((shown.text, shown.pictures[0].octets), ("Look", PICTURE))
        self.assertEqual(self.outcome(), DELIVERED)
        talk.bye()

    def test_all_chunks(self) -> None:
        """Nothing is sent before the last chunk is here. [TS 6.3.1.1.2 step 2]"""
        talk = self.side.large()
        talk.acknowledge()
        raw = self.raw(SendByHand(talk, "hand-1", 1, 700).encode())
        self.assertIn(b"MSRP hand-1 200", raw.came)
        self.assertEqual(self.forwards, [])
        raw.send(SendByHand(talk, "hand-2", 701).encode())
        self.settle()
        self.assertIn(b"MSRP hand-2 200", raw.came)
        self.assertEqual(self.phone.texts, [])  # it reports, and shows, nothing
        (forward,) = self.forwards
        self.assertTrue(forward.acknowledge)
        talk.bye()
        raw.close()

    def test_last_chunk_waits(self) -> None:
        """The last chunk is answered when MM4_forward.RES is here (step 6).

        [TS 6.3.1.1.2 step 6]
        """
        self.behave(delay=3.0)
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        self.network.advance(2.9)
        self.settle()
        self.assertNoResult(sent)
        self.network.advance(0.2)
        self.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        talk.bye()

    def test_out_of_a_file(self) -> None:
        """What is large goes out of a file, octet for octet; then that is gone."""
        self.relay.behave(MmsBehaviour())
        octets = PICTURE + bytes(range(256)) * 800
        talk = self.established(body=ANY, size=300_000)
        self.assertEqual(self.say_entity(talk, leaf("image/gif", octets)), 200)
        shown = [each.body for each in self.phone.inbox[0].entity.leaves()]
        self.assertIn(octets, shown)
        talk.bye()
        self.assertTrue(self.has_used_files)
        self.assertEqual(self.mail_files(), [])


class Negative(LargeToMms):
    """Step 6: what the relay refuses, told one way and never two."""

    def refused(self, imdn: tuple[str, ...], **behaviour: Any) -> Talk:
        """A message that the relay refuses."""
        self.behave(**behaviour)
        talk = self.established()
        self.status = self.say(talk, imdn=imdn)
        return talk

    def test_notification(self) -> None:
        """Where it was asked for: 200, and a notification. [TS 6.3.1.1.2 step 6]"""
        for status in RequestStatus:
            if status is RequestStatus.OK:
                continue
            talk = self.refused(NEGATIVE, status=status)
            self.assertEqual((self.status, talk.byes), (200, []))
            self.assertEqual(talk.bye().status, 200)
        told = [(each.kind, each.status) for each in self.alice.notifications]
        self.assertEqual(told, FAILED * (len(RequestStatus) - 1))

    def test_no_notification(self) -> None:
        """Where it was not: an error by MSRP, and a BYE that says why."""
        talk = self.refused((), status=RequestStatus.SERVICE_DENIED)
        self.assertEqual(self.status, 413)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])
        self.assertEqual(self.outcome(), [])

    def test_content(self) -> None:
        """A relay that does not want the content: 415, which BYE says too."""
        talk = self.refused((), status=RequestStatus.CONTENT_NOT_ACCEPTED)
        self.assertEqual(self.status, 415)
        self.assertEqual(talk.reasons, ['SIP;cause=415;text="Unsupported Media Type"'])

    def test_not_taken(self) -> None:
        """What SMTP refuses never is a notification: it surely did not leave."""
        for asked in ((), NEGATIVE):
            talk = self.refused(asked, reply=Reply(451, "later"))
            self.assertEqual(self.status, 413)
            self.assertEqual(len(talk.byes), 1)
        self.assertEqual(self.outcome(), [])

    def test_silent(self) -> None:
        """No MM4_forward.RES: 408; one that is late and bad is notified."""
        self.behave(delay=25.0, status=RequestStatus.UNSPECIFIED)
        for asked, outcome in ((NEGATIVE, FAILED), ((), [])):
            talk = self.established()
            message_id = f"m-{len(asked)}"
            sent = talk.say(TEXT, imdn=asked, message_id=message_id)
            self.settle()
            self.network.advance(20.1)
            self.settle()
            self.assertEqual(self.successResultOf(sent), 408)
            self.pass_time(15)
            self.assertEqual(self.outcome(message_id), outcome)
            talk.bye()

    def test_interworking_is_asked_for(self) -> None:
        """Asking only for interworking is not asking for negative-delivery."""
        self.refused(("interworking",), status=RequestStatus.UNSPECIFIED)
        self.assertEqual(self.status, 413)
        self.assertEqual(self.outcome(), [])

    def test_report_of_what_was_refused(self) -> None:
        """A relay that refuses and then reports tells nothing more."""
        self.refused(NEGATIVE, status=RequestStatus.UNSPECIFIED)
        self.assertEqual(self.outcome(), FAILED)
        forward = self.forwards[0]
        self.assertTrue(forward.delivery_report)

    def test_connection_lost_in_the_mail(self) -> None:
        """A connection lost before the end of a large mail: it did not arrive."""
        self.network.segment_size = 65_536
        self.behave(cut=Cut.IN_CONTENT)
        talk = self.established(body=ANY, size=1_000_000)
        sent = self.saying(talk, leaf("image/gif", PICTURE + bytes(250_000)))
        self.pass_time(30)
        self.assertIn(self.successResultOf(sent), (408, 413))
        talk.bye()


class PolicyIsSilent(LargeToMms):
    policy = "negative_delivery = false\nfailed_iw_events = false"

    def test_nobody_would_hear(self) -> None:
        """What policy keeps a notification from telling, MSRP tells: 413, and a BYE."""
        self.behave(status=RequestStatus.SERVICE_DENIED)
        talk = self.established()
        self.assertEqual(self.say(talk, imdn=NEGATIVE), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])


class Waiting(LargeToMms):
    mm4 = "in_memory = 1000000"

    def test_nothing_is_held(self) -> None:
        """While MM4_forward.RES is waited for nothing of the content is here."""
        self.behave(status=None)
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        self.assertEqual(len(self.forwards), 1)
        assert self.gateway.msrp is not None
        self.assertEqual(self.gateway._msrp.spool.used, 0)
        self.assertEqual(self.gateway.mail.stored, 0)
        self.pass_time(21)
        self.assertEqual(self.successResultOf(sent), 408)
        talk.bye()


class AfterABye(LargeToMms):
    def left(self, imdn: tuple[str, ...]) -> None:
        """A session that its sender has left before the relay says no."""
        self.behave(delay=5.0, status=RequestStatus.UNSPECIFIED)
        talk = self.established()
        talk.say(TEXT, imdn=imdn).addErrback(lambda _: None)
        self.settle()
        self.assertEqual(talk.bye().status, 200)
        self.pass_time(20.0)

    def test_notification(self) -> None:
        """Who hung up meanwhile hears it by the notification that was asked for."""
        self.left(NEGATIVE)
        self.assertEqual(self.outcome(), FAILED)

    def test_silence(self) -> None:
        """Otherwise the Participating Function hears it, by the event (TS 6.2.3)."""
        self.left(())
        self.assertEqual(self.outcome(), [])
        self.assertEqual(self.gateway.traffic.notified["failed-iw", 200], 1)


class Content(LargeToMms):
    mmsc = "max_size = 3000"
    media = "adapt = false"

    def test_announced(self) -> None:
        """More than MM4 takes, announced: 488 to the INVITE. [TS 6.3 1b]"""
        talk = self.side.large(size=3_000 + 65_536 + 1)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)

    def test_too_large(self) -> None:
        """More than MM4 takes, not announced: 413. [TS 6.3 1d]"""
        talk = self.established(size=100)
        self.assertEqual(self.say(talk, "x" * 3_100), 413)
        self.assertIn("cause=413", talk.reasons[0])
        self.assertEqual(self.forwards, [])

    def test_unsupported(self) -> None:
        """Only what MMS does not take, offered: 488 to the INVITE. [TS 6.3 1a]"""
        talk = self.side.large(body=wrapping("application/pdf"))
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)

    def test_unsupported_that_comes(self) -> None:
        """What comes though it was not offered: 415, as TS 6.3 1c has it."""
        talk = self.established()
        content = leaf("application/pdf", b"%PDF-1.4" * 300)
        self.assertEqual(self.say_entity(talk, content), 415)
        self.assertEqual(self.forwards, [])


class Early(LargeToMms):
    policy = "large.early_timeout = 3"

    def test_early(self) -> None:
        """By policy the last chunk does not wait for ever; a failure is told."""
        self.behave(delay=10.0, status=RequestStatus.UNSPECIFIED)
        talk = self.established()
        sent: Deferred[int] = talk.say(TEXT, imdn=NEGATIVE)
        self.pass_time(4.0)
        self.assertEqual(self.successResultOf(sent), 408)
        talk.bye()
        self.pass_time(20.0)
        self.assertEqual(self.outcome(), FAILED)


class Unacknowledged(LargeToMms):
    policy = "mms.acknowledgement_request = false"

    def test_not_asked_for(self) -> None:
        """By policy no response is asked for: SMTP's 250 is the answer."""
        self.behave(status=None)
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        self.assertFalse(self.forwards[0].acknowledge)
        talk.bye()


class Repeated(LargeToMms):
    def test_second_try(self) -> None:
        """The same message in another session gets the answer of the first."""
        first = self.established()
        self.assertEqual(self.say(first), 200)
        first.bye()
        second = self.established()
        self.assertEqual(self.say(second), 200)
        self.assertIn(MESSAGE_CORRELATOR, second.bye().headers)
        self.assertEqual(len(self.forwards), 1)

    def test_after_a_failure(self) -> None:
        """What has failed may be tried again."""
        self.behave(status=RequestStatus.UNSPECIFIED)
        self.assertEqual(self.say(self.established()), 413)
        self.behave()
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        talk.bye()
        known = {each.transaction.message_id for each in self.forwards}
        self.assertEqual((len(self.forwards), len(known)), (2, 1))

    def test_after_a_notified_failure(self) -> None:
        """Also what was told by a notification."""
        self.behave(status=RequestStatus.UNSPECIFIED)
        talk = self.established()
        self.assertEqual(self.say(talk, imdn=NEGATIVE), 200)
        talk.bye()
        self.behave()
        again = self.established()
        self.assertEqual(self.say(again, imdn=NEGATIVE), 200)
        again.bye()
        self.assertEqual((len(self.forwards), self.outcome()), (2, FAILED))


class Rcs(LargeToMms):
    profile = "rcs"

    def test_acknowledgement(self) -> None:
        """A response is asked for, and the last SEND waits for it.

        [RCC.10 6.3.1.1.2 difference 2] [RCC.10 6.1.2 difference 2]
        """
        self.behave(delay=2.0)
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        self.assertTrue(self.forwards[0].acknowledge)
        self.assertNoResult(sent)
        self.pass_time(3.0)
        self.assertEqual(self.successResultOf(sent), 200)
        talk.bye()

    def test_unsupported_types(self) -> None:
        """Unsupported types stay in the SDP; what comes in them is left out.

        [RCC.10 6.3.1.1.2 difference 1] [RCC.10 6.1.2 difference 1a]
        """
        self.relay.behave(MmsBehaviour())
        talk = self.established(
            body=wrapping("text/plain application/pdf multipart/mixed")
        )
        assert talk.answer is not None
        self.assertIn(b"application/pdf", talk.answer.body)
        pdf = leaf("application/pdf", b"%PDF-1.4" * 300)
        self.assertEqual(self.say_entity(talk, mixed(text("Read"), pdf)), 200)
        kinds = {e.media_type.name for e in self.phone.inbox[0].entity.leaves()}
        self.assertEqual(kinds, {"text/plain", "application/smil"})
        talk.bye()


class Types(LargeToMms):
    def test_unsupported_types(self) -> None:
        """In the profile of the TS they are left out of the answer."""
        talk = self.established(body=wrapping("text/plain application/pdf"))
        assert talk.answer is not None
        self.assertNotIn(b"application/pdf", talk.answer.body)
        talk.bye()

    def test_report(self) -> None:
        """A report of a large message is told by SIP MESSAGE."""
        self.behave(reports=(MmStatus.RETRIEVED,))
        talk = self.established()
        self.assertEqual(self.say(talk, imdn=("positive-delivery",)), 200)
        self.assertEqual(self.outcome(), DELIVERED)
        talk.bye()
