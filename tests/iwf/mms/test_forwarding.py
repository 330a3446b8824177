"""Tests of cpmgw.iwf.mms.forwarding (TS 6.3.1.1.1 steps 4 and 5, 6.3.1.1.2 step 6)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.mms.forward_outcome import RefusedByRelay
from cpmgw.iwf.mms.forwarding import Parcel
from cpmgw.mail_records import SentMms
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.pdu import Forward, MessageType, RequestStatus, Result, Transaction
from cpmgw.records import Answer, ImdnContext
from cpmgw.smtp.errors import (
    CannotCarry,
    NotSent,
    Refused,
    SmtpError,
    SmtpSyntaxError,
    TooLarge,
    Unanswered,
)
from cpmgw.smtp.interfaces import Reply, Sent
from tests.iwf.mms.gateway import Sending, result_of

FORWARD = Forward(
    transaction=Transaction(
        type=MessageType.FORWARD_REQ,
        transaction_id="t-1",
        message_id="m-1@mm4.example.net",
        version="6.3.0",
    ),
    sender="+15145550001/TYPE=PLMN@mm4.example.net",
    to=("+15145550002/TYPE=PLMN@mms.test",),
    acknowledge=True,
)
SENT = SentMms(
    message_id="m-1@mm4.example.net",
    context=ImdnContext(
        originator="tel:+15145550001",
        recipient="tel:+15145550002",
        datetime="now",
        requested=("negative-delivery",),
    ),
    relay="home",
    recipient="+15145550002",
    expires=9e9,
)
LEFT = msgspec.structs.replace(SENT, transaction_id="t-1")
"""What is kept of it once it may have left."""
ANSWER = Answer(key=b"k", status=202, reason="Accepted")
HELLO = leaf("text/plain; charset=utf-8", b"Hello")


class ForwardingCase(SynchronousTestCase):
    mmsc: dict[str, Any] = {}

    def setUp(self) -> None:
        self.sending = Sending(self.mktemp(), mmsc=self.mmsc)
        self.store = self.sending.house.store
        self.link = self.sending.link

    def forward(self, *, acknowledge: bool = True) -> Deferred[Result | None]:
        """Have a message forwarded."""
        sending = self.sending
        parcel = Parcel(
            relay=sending.relay,
            pdu=msgspec.structs.replace(FORWARD, acknowledge=acknowledge),
            mail_from=FORWARD.sender,
            recipients=FORWARD.to,
            entity=HELLO,
            sent=SENT,
            answer=ANSWER,
        )
        return Deferred.fromCoroutine(sending.forwarding.forward(parcel))

    def refused(self, pending: Deferred[Result | None]) -> CannotInterwork:
        """Why it is not; nothing is left of it."""
        failure = self.failureResultOf(pending, CannotInterwork)
        error = failure.value
        assert isinstance(error, CannotInterwork)
        self.assertTrue(self.sending.is_clean)
        return error

    def counted(self) -> dict[tuple[str, str | None], int]:
        """What was counted."""
        return dict(self.sending.house.traffic.forwarded)


class Forwarded(ForwardingCase):
    def test_answered(self) -> None:
        """Kept, sent, answered by MM4_forward.RES, remembered: in this order.

        [TS 6.3.1.1.1 step 4] [TS 6.3.1.1.1 step 5] [TS 6.3.1]
        """
        self.link.outcome = Deferred()
        pending = self.forward()
        self.assertEqual(self.store.done, ["keep_sent"])
        self.link.outcome.callback(Sent(reply=Reply(250)))
        self.assertEqual(len(self.sending.house.spool), 0, "the mail is let go of")
        self.assertNoResult(pending)
        self.assertEqual(self.store.answers, [])
        self.assertTrue(self.sending.answer())
        self.assertEqual(self.successResultOf(pending), result_of("t-1"))
        self.assertEqual(self.store.done, ["keep_sent", "told_of_sent", "remember"])
        self.assertEqual(self.store.answers, [ANSWER])
        taken = msgspec.structs.replace(LEFT, told=("taken",))
        self.assertEqual(self.store.kept, {SENT.message_id: taken})
        self.assertTrue(self.sending.is_clean)
        self.assertEqual(self.counted(), {("home", "Ok"): 1})

    def test_envelope(self) -> None:
        """The mail has the size that is said, and an identifier of its own."""
        self.successResultOf(self.forward(acknowledge=False))
        ((envelope, octets),) = self.link.mails
        self.assertEqual(envelope.sender, FORWARD.sender)
        self.assertEqual([each.address for each in envelope.recipients], [*FORWARD.to])
        self.assertEqual(envelope.size, len(octets))
        self.assertIn(b"\r\nMessage-ID: <m-1@mm4.example.net>\r\n", octets)
        self.assertEqual(self.link.entity.body, b"Hello")

    def test_not_asked_for(self) -> None:
        """Without Acknowledgement Request SMTP's answer is enough."""
        self.assertIsNone(self.successResultOf(self.forward(acknowledge=False)))
        self.assertEqual(self.store.answers, [ANSWER])
        self.assertEqual(self.counted(), {("home", "accepted"): 1})
        self.assertTrue(self.sending.is_clean)

    def test_answer_before_smtp(self) -> None:
        """MM4_forward.RES may come before SMTP's own answer."""
        self.link.outcome = Deferred()
        pending = self.forward()
        self.sending.answer()
        self.assertNoResult(pending)
        self.link.outcome.callback(Sent(reply=Reply(250)))
        self.assertEqual(self.successResultOf(pending), result_of("t-1"))

    def test_answer_instead_of_smtp(self) -> None:
        """Who answers the message has it, though SMTP was lost before or after."""
        for early in (True, False):
            self.link.outcome = Deferred()
            pending = self.forward()
            if early:
                self.sending.answer()
            self.link.outcome.errback(Unanswered("lost"))
            if not early:
                self.assertNoResult(pending)
                self.assertEqual(len(self.sending.house.spool), 0)
                self.sending.answer()
            self.assertEqual(self.successResultOf(pending), result_of("t-1"))
        self.assertEqual(self.store.answers, [ANSWER] * 2)

    def test_a_mail_made_before(self) -> None:
        """A mail that is made already is sent as it is, and closed."""
        mail = self.sending.forwarding.compose(FORWARD, HELLO)
        parcel = Parcel(
            relay=self.sending.relay,
            pdu=msgspec.structs.replace(FORWARD, acknowledge=False),
            mail_from=FORWARD.sender,
            recipients=FORWARD.to,
            mail=mail,
        )
        Deferred.fromCoroutine(self.sending.forwarding.forward(parcel))
        self.assertEqual(self.link.entity.body, b"Hello")
        self.assertTrue(self.sending.is_clean)
        self.assertEqual(self.store.done, [])


class NotWritten(ForwardingCase):
    def test_content(self) -> None:
        """Signed content that mail cannot carry as it is: 488 [TS 6.3 1]."""
        entity = leaf("multipart/signed; boundary=b", b"\xff")
        compose = self.sending.forwarding.compose
        error = self.assertRaises(CannotInterwork, compose, FORWARD, entity)
        self.assertEqual((error.status, error.cause), (488, "content"))
        self.assertTrue(self.sending.is_clean)

    def test_octets_of_no_charset(self) -> None:
        """A type with octets that are no UTF-8, as SIP lets them through, goes out."""
        entity = leaf('image/png; name="\udce9.png"', b"x")
        body = self.sending.forwarding.compose(FORWARD, entity)
        self.assertIn(b"%EF%BF%BD.png", body.read())
        body.close()


class NotTaken(ForwardingCase):
    def test_smtp(self) -> None:
        """What SMTP says instead; nobody keeps what did not leave.

        [TS 6.3.1.1.1 step 5]
        """
        for error, status, cause in (
            (NotSent("no connection"), 503, "mmsc-unreachable"),
            (TooLarge("too large"), 488, "too-large"),
            (CannotCarry("no SMTPUTF8"), 500, "mmsc-refused"),
            (Refused(Reply(421), "EHLO"), 503, "mmsc-refused"),
            (Refused(Reply(450), "RCPT"), 503, "mmsc-refused"),
            (Refused(Reply(550), "RCPT"), 404, "mmsc-refused"),
            (Refused(Reply(551), "RCPT"), 404, "mmsc-refused"),
            (Refused(Reply(553), "RCPT"), 404, "mmsc-refused"),
            (Refused(Reply(554), "RCPT"), 403, "mmsc-refused"),
            (Refused(Reply(550), "MAIL"), 403, "mmsc-refused"),
            (Refused(Reply(553), "MAIL"), 403, "mmsc-refused"),
            (Refused(Reply(552), "RCPT"), 488, "too-large"),
            (Refused(Reply(552), "."), 488, "too-large"),
            (Refused(Reply(554), "."), 403, "mmsc-refused"),
            (Refused(Reply(300), "DATA"), 503, "mmsc-refused"),
        ):
            self.link.outcome = error
            refusal = self.refused(self.forward())
            self.assertEqual((refusal.status, refusal.cause), (status, cause), error)
            self.assertFalse(refusal.may_have_left)
            retry = [value for name, value in refusal.headers if name == "Retry-After"]
            self.assertEqual(retry, ["5"] if status == 503 else [])
        self.assertEqual((self.store.kept, self.store.answers), ({}, []))
        self.assertEqual(
            self.counted(), {("home", "not-sent"): 1, ("home", "refused"): 14}
        )

    def test_unanswered(self) -> None:
        """408 for what may have left, once nothing was said of it by MM4 either.

        What its reports need stays.
        """
        self.link.outcome = Unanswered("no answer to the last dot")
        pending = self.forward()
        self.sending.house.clock.advance(19.9)
        self.assertNoResult(pending)
        self.sending.house.clock.advance(0.1)
        refusal = self.refused(pending)
        self.assertEqual((refusal.status, refusal.cause), (408, "mmsc-silent"))
        self.assertTrue(refusal.may_have_left)
        self.assertEqual(self.store.kept, {SENT.message_id: LEFT})
        self.assertEqual(self.counted(), {("home", None): 1})

    def test_unanswered_and_nothing_to_come(self) -> None:
        """408 at once where no MM4_forward.RES was asked for."""
        self.link.outcome = Unanswered("no answer to the last dot")
        refusal = self.refused(self.forward(acknowledge=False))
        self.assertEqual((refusal.status, refusal.may_have_left), (408, True))
        self.assertEqual(self.counted(), {("home", None): 1})

    def test_no_envelope(self) -> None:
        """500 for an envelope that no relay could be given: it has not left."""
        self.link.outcome = SmtpSyntaxError("a space in an address")
        refusal = self.refused(self.forward())
        self.assertEqual((refusal.status, refusal.may_have_left), (500, False))
        self.assertEqual(self.store.kept, {})

    def test_status(self) -> None:
        """The status of MM4_forward.RES decides (Table 14). [TS 6.3.1.1.1 step 5]"""
        for status, answer, cause in (
            (RequestStatus.UNSPECIFIED, 400, "mmsc-refused"),
            (RequestStatus.NETWORK_PROBLEM, 400, "mmsc-refused"),
            (RequestStatus.SERVICE_DENIED, 403, "mmsc-refused"),
            (RequestStatus.CONTENT_NOT_ACCEPTED, 415, "content"),
            (RequestStatus.FORMAT_CORRUPT, 415, "content"),
            (RequestStatus.ADDRESS_UNRESOLVED, 404, "mmsc-refused"),
            (RequestStatus.NOT_FOUND, 400, "mmsc-refused"),
            (RequestStatus.UNSUPPORTED_MESSAGE, 415, "content"),
        ):
            pending = self.forward()
            self.sending.answer(status)
            refusal = self.refused(pending)
            assert isinstance(refusal, RefusedByRelay)
            self.assertEqual((refusal.status, refusal.cause), (answer, cause))
            self.assertIs(refusal.request_status, status)
            self.assertFalse(refusal.may_have_left)
            self.assertEqual(self.counted()["home", status.value], 1)
        self.assertEqual((self.store.kept, self.store.answers), ({}, []))

    def test_bounced(self) -> None:
        """A mail that comes back is a refusal."""
        pending = self.forward()
        self.assertTrue(self.sending.bounce(SENT.message_id))
        self.assertEqual(self.refused(pending).status, 400)

    def test_bounced_by_another(self) -> None:
        """What another relay says of it is nothing to it."""
        pending = self.forward()
        self.assertFalse(self.sending.bounce(SENT.message_id, "stranger"))
        forged = self.sending.answering(result_of("t-1"), "stranger")
        self.assertFalse(self.sending.took(forged))
        self.assertNoResult(pending)
        self.sending.answer()
        self.successResultOf(pending)

    def test_store_before(self) -> None:
        """503 and nothing is sent where it could not be kept. (TS 6.1.1 step 2)"""
        self.store.broken.add("keep_sent")
        refusal = self.refused(self.forward())
        self.assertEqual((refusal.status, refusal.cause), (503, "store"))
        self.assertFalse(refusal.may_have_left)
        self.assertEqual(self.link.mails, [])

    def test_store_after(self) -> None:
        """500 where its answer could not be remembered: it has left."""
        self.store.broken.add("remember")
        pending = self.forward()
        self.sending.answer()
        refusal = self.refused(pending)
        self.assertEqual(refusal.status, 500)
        self.assertTrue(refusal.may_have_left)

    def test_an_earlier_try(self) -> None:
        """What an earlier try left behind stays: that one may have arrived.

        What was told of it meanwhile stays as well.
        """
        early = msgspec.structs.replace(SENT, told=("display",), transaction_id="t-0")
        self.store.kept[SENT.message_id] = early
        self.link.outcome = Deferred()
        pending = self.forward()
        self.assertEqual(self.store.kept, {SENT.message_id: LEFT})
        self.store.told_of_sent(SENT.message_id, "delivery")
        self.link.outcome.errback(NotSent("no connection"))
        self.refused(pending)
        kept = msgspec.structs.replace(early, told=("delivery", "display"))
        self.assertEqual(self.store.kept, {SENT.message_id: kept})

    def test_store_cannot_be_read(self) -> None:
        """503 where it cannot be seen whether there was an earlier try."""
        self.store.broken.add("sent")
        self.assertEqual(self.refused(self.forward()).cause, "store")
        self.assertEqual(self.link.mails, [])

    def test_cannot_be_forgotten(self) -> None:
        """What cannot be forgotten changes nothing in the answer."""
        self.store.broken.add("drop_sent")
        self.link.outcome = NotSent("no connection")
        self.assertEqual(self.refused(self.forward()).status, 503)

    def test_no_room(self) -> None:
        """503 where no mail can be kept at all."""
        self.sending.house.full = True
        refusal = self.refused(self.forward())
        self.assertEqual((refusal.status, refusal.cause), (503, "no-room"))
        self.assertEqual(self.store.done, [])

    def test_room_ends_within(self) -> None:
        """The same where it ends within the mail, of which nothing stays."""
        limits = self.sending.house.spool._limits
        self.sending.house.spool._limits = msgspec.structs.replace(limits, storage=100)
        self.assertEqual(self.refused(self.forward()).cause, "no-room")

    def test_cannot_be_written(self) -> None:
        """500 for what MM4 has no form for: no line may end in a value."""
        compose = self.sending.forwarding.compose
        transaction = msgspec.structs.replace(FORWARD.transaction, message_id="a\r\nb")
        pdu = msgspec.structs.replace(FORWARD, transaction=transaction)
        error = self.assertRaises(CannotInterwork, compose, pdu, HELLO)
        self.assertEqual((error.status, error.cause), (500, "unwritable"))
        self.assertTrue(self.sending.is_clean)

    def test_any_other_failure(self) -> None:
        """After a failure of SMTP that has no name, nobody knows."""
        self.link.outcome = SmtpError("something")
        refusal = self.refused(self.forward())
        self.assertEqual((refusal.status, refusal.may_have_left), (408, True))


class Silent(ForwardingCase):
    def test_in_time(self) -> None:
        """408 once response_timeout is over, and not before."""
        pending = self.forward()
        self.sending.house.clock.advance(19.9)
        self.assertNoResult(pending)
        self.sending.house.clock.advance(0.1)
        refusal = self.refused(pending)
        self.assertEqual((refusal.status, refusal.may_have_left), (408, True))
        self.assertEqual(list(self.store.kept), [SENT.message_id])
        self.assertEqual(self.counted(), {("home", None): 1})

    def late(self, status: RequestStatus, **kept: Any) -> None:
        """Have a message answered too late, of which this was kept."""
        pending = self.forward()
        self.sending.house.clock.advance(20)
        self.refused(pending)
        self.store.kept[SENT.message_id] = msgspec.structs.replace(LEFT, **kept)
        self.assertTrue(self.sending.answer(status))

    def test_bad_one_is_told(self) -> None:
        """A bad answer that comes too late is told. [TS 6.3.1.1.2 step 6]"""
        self.late(RequestStatus.SERVICE_DENIED)
        self.assertEqual(self.sending.told, [(LEFT, RequestStatus.SERVICE_DENIED)])

    def test_good_one(self) -> None:
        """A good one is told nobody, and a repeat hears of it: it has arrived."""
        self.late(RequestStatus.OK)
        self.assertEqual(self.sending.told, [])
        self.assertEqual(self.store.answers, [ANSWER])
        self.assertEqual(self.store.kept[SENT.message_id].told, ("taken",))
        again = self.sending.repeats.once(ANSWER.key, -1.0, self.not_again)
        self.assertEqual(self.successResultOf(again), ANSWER)

    async def not_again(self) -> Answer:
        """What must not be done."""
        raise AssertionError("sent again")

    def test_good_one_that_cannot_be_kept(self) -> None:
        """Where that cannot be kept the relay is to bring it again."""
        self.store.broken.add("remember")
        self.assertRaises(StoreError, self.late, RequestStatus.OK)
        self.store.broken.clear()
        self.assertTrue(self.sending.answer())
        self.assertEqual(self.store.answers, [ANSWER])

    def test_who_wants_it(self) -> None:
        """Whether anybody is told is not asked here: also an event may be due."""
        context = msgspec.structs.replace(SENT.context, requested=())
        self.late(RequestStatus.UNSPECIFIED, context=context)
        self.assertEqual(len(self.sending.told), 1)

    def test_told_before(self) -> None:
        """What was told of its delivery, or that it was taken, stands."""
        for told in ("delivery", "taken"):
            self.late(RequestStatus.UNSPECIFIED, told=(told,))
        self.assertEqual(self.sending.told, [])

    def test_forgotten(self) -> None:
        """It is told also when all but the store has forgotten it, in any process."""
        for identifier in ("t-1", ""):
            self.store.kept[SENT.message_id] = LEFT
            bad = result_of(identifier, RequestStatus.UNSPECIFIED, SENT.message_id)
            self.assertTrue(self.sending.took(self.sending.answering(bad)))
        self.assertEqual(len(self.sending.told), 2)

    def test_forgotten_and_good(self) -> None:
        """A good one is noted then as well; a bad one after it says nothing."""
        self.store.kept[SENT.message_id] = LEFT
        for status in (RequestStatus.OK, RequestStatus.UNSPECIFIED):
            answer = result_of("t-1", status, SENT.message_id)
            self.assertTrue(self.sending.took(self.sending.answering(answer)))
        self.assertEqual(self.store.kept[SENT.message_id].told, ("taken",))
        self.assertEqual(self.sending.told, [])

    def test_of_an_earlier_try(self) -> None:
        """A refusal of a try before the last says nothing: the last one decides."""
        self.store.kept[SENT.message_id] = LEFT
        bad = result_of("t-0", RequestStatus.UNSPECIFIED, SENT.message_id)
        self.assertTrue(self.sending.took(self.sending.answering(bad)))
        self.assertEqual(self.sending.told, [])

    def test_of_another_relay(self) -> None:
        """Another relay cannot have a message fail."""
        self.store.kept[SENT.message_id] = LEFT
        bad = result_of("t-1", RequestStatus.UNSPECIFIED, SENT.message_id)
        self.assertFalse(
            self.sending.took(self.sending.answering(bad, peer="stranger"))
        )
        self.assertFalse(self.sending.bounce(SENT.message_id, "stranger"))
        self.assertEqual(self.sending.told, [])

    def test_unknown(self) -> None:
        """A bounce of what nobody knows tells nobody."""
        self.assertFalse(self.sending.bounce("other@mm4.example.net"))
        self.assertEqual(self.sending.told, [])

    def test_trouble(self) -> None:
        """Where it cannot be told the relay is to bring it again."""
        self.sending.trouble = StoreError("the disk is full")
        self.assertRaises(StoreError, self.late, RequestStatus.UNSPECIFIED)
        self.sending.trouble = None
        self.assertTrue(self.sending.answer(RequestStatus.UNSPECIFIED))
        self.assertEqual(len(self.sending.told), 1)


class SilenceIsFine(ForwardingCase):
    mmsc = {"no_response": "accept", "response_timeout": 5.0}

    def test_accept(self) -> None:
        """By configuration SMTP's answer is enough where no other comes."""
        pending = self.forward()
        self.sending.house.clock.advance(5)
        self.assertIsNone(self.successResultOf(pending))
        self.assertEqual(self.store.answers, [ANSWER])
        self.assertEqual(self.counted(), {("home", None): 1})
        self.assertTrue(self.sending.is_clean)

    def test_bad_after_all(self) -> None:
        """A bad one that comes after that is told."""
        pending = self.forward()
        self.sending.house.clock.advance(5)
        self.successResultOf(pending)
        self.sending.answer(RequestStatus.UNSPECIFIED)
        self.assertEqual(self.sending.told, [(LEFT, RequestStatus.UNSPECIFIED)])

    def test_smtp_is_lost_too(self) -> None:
        """What SMTP has not confirmed is not accepted by silence."""
        self.link.outcome = Unanswered("no answer to the last dot")
        pending = self.forward()
        self.sending.house.clock.advance(5)
        self.assertEqual(self.refused(pending).status, 408)


class InTime(ForwardingCase):
    """What has an end because somebody waits, or because the gateway stops."""

    def within(self, seconds: float) -> Deferred[Result | None]:
        """Have a message forwarded that is to be answered in so many seconds."""
        until = self.sending.house.now() + seconds
        parcel = Parcel(
            relay=self.sending.relay,
            pdu=FORWARD,
            mail_from=FORWARD.sender,
            recipients=FORWARD.to,
            entity=HELLO,
            sent=SENT,
            answer=ANSWER,
            until=until,
        )
        return Deferred.fromCoroutine(self.sending.forwarding.forward(parcel))

    def test_not_handed_over(self) -> None:
        """503 for what the relay has not got by then: it is taken back."""
        self.link.outcome = Deferred()
        pending = self.within(7)
        self.sending.house.clock.advance(6.9)
        self.assertNoResult(pending)
        self.sending.house.clock.advance(0.1)
        refusal = self.refused(pending)
        self.assertEqual((refusal.status, refusal.may_have_left), (503, False))
        self.assertEqual(self.store.kept, {})
        self.assertEqual(self.counted(), {("home", "not-sent"): 1})

    def test_handed_over(self) -> None:
        """408 for what has left whole, and for what is not answered by then."""
        left: Deferred[Sent] = Deferred(
            lambda sent: sent.errback(Unanswered("not waited for"))
        )
        for outcome in (left, None):
            self.link.outcome = outcome
            pending = self.within(7)
            self.sending.house.clock.advance(7)
            refusal = self.refused(pending)
            self.assertEqual((refusal.status, refusal.may_have_left), (408, True))

    def test_leaving(self) -> None:
        """When the gateway stops, what has not left does not; the rest may wait."""
        answered = self.forward()
        self.link.outcome = Deferred()
        pending = self.forward()
        waits = self.sending.forwarding.waits
        waits.leave()
        failure = self.failureResultOf(pending, CannotInterwork)
        assert isinstance(failure.value, CannotInterwork)
        self.assertEqual(failure.value.status, 503)
        self.assertNoResult(answered)
        waits.cut()
        self.assertEqual(self.refused(answered).status, 408)

    def test_after_the_end(self) -> None:
        """What begins when all is over ends at once, until there is a new start."""
        waits = self.sending.forwarding.waits
        waits.cut()
        self.assertEqual(self.refused(self.forward()).status, 408)
        self.link.outcome = Deferred()
        self.assertEqual(self.refused(self.forward()).status, 503)
        waits.start()
        self.link.outcome = None
        pending = self.forward()
        self.sending.answer()
        self.successResultOf(pending)
