"""Tests of cpmgw.iwf.mms.outbound (TS 6.3, 6.3.1.1.1, 6.1.1)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import Feature
from cpmgw.cpm.resource_lists import CopyControl, Entry, build_resource_lists
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.mms.outbound import Told
from cpmgw.iwf.standalone import StandaloneMessage, read_large, read_standalone
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.smtp.errors import NotSent
from cpmgw.smtp.interfaces import Reply, Sent
from tests.addressing.plans import e164
from tests.iwf.mms.gateway import DOMAIN, Sending, configured
from tests.iwf.requests import NOW, PLAN, message_of, request_of

IDS = {"conversation_id": "c-1", "contribution_id": "b-1"}


class OutboundCase(SynchronousTestCase):
    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.sending = Sending(self.mktemp(), **self.settings)
        self.store = self.sending.house.store
        self.link = self.sending.link

    def tearDown(self) -> None:
        self.assertTrue(self.sending.is_clean)

    def deliver(self, message: StandaloneMessage) -> Deferred[Answer]:
        """Have a message delivered."""
        return Deferred.fromCoroutine(self.sending.outbound.deliver(message))

    def answered(
        self, message: StandaloneMessage, status: RequestStatus = RequestStatus.OK
    ) -> Deferred[Answer]:
        """The same, with MM4_forward.RES."""
        pending = self.deliver(message)
        self.sending.answer(status)
        return pending

    def refusal(self, pending: Deferred[Any]) -> CannotInterwork:
        """Why it is refused."""
        error = self.failureResultOf(pending, CannotInterwork).value
        assert isinstance(error, CannotInterwork)
        return error


class Pager(OutboundCase):
    def test_message(self) -> None:
        """SIP MESSAGE, MM4_forward.REQ, MM4_forward.RES, 202.

        [TS 6.3.1.1.1 step 4] [TS 6.3.1.1.1 step 5] [TS 6.3.1.1.7 A] [SCR Int-S-010-O]
        [SCR Int-S-011-O] [SCR Int-S-012-O] [RCC.10 4 supported 2]
        """
        message = message_of(**IDS)
        pending = Deferred.fromCoroutine(self.sending.outbound.message(message))
        self.assertNoResult(pending)
        forward = self.link.forward
        self.assertEqual(forward.sender, f"+15145550001/TYPE=PLMN@{DOMAIN}")
        self.assertTrue(forward.acknowledge)
        self.assertEqual(self.link.entity.body, b"Hello")
        self.sending.answer()
        response = self.successResultOf(pending)
        self.assertEqual(response.status, 202)
        headers = response.headers
        self.assertEqual(headers.get("Message-Context"), "multimedia-message")
        self.assertEqual(
            headers.get("Message-Correlator"), forward.transaction.message_id
        )
        self.assertEqual(headers.get("Conversation-ID"), "c-1")
        self.assertEqual(self.sending.written, [message.parties.ends()])

    def test_kept_for_reports(self) -> None:
        """What reports need is kept before it is sent. (TS 6.1.1 step 2)"""
        self.successResultOf(self.answered(message_of(**IDS, expires=600)))
        (sent,) = self.store.kept.values()
        self.assertEqual(sent.message_id, self.link.forward.transaction.message_id)
        self.assertEqual((sent.relay, sent.recipient), ("home", "+15145550002"))
        self.assertEqual(sent.context.conversation_id, "c-1")
        self.assertEqual(sent.context.message_id, "m-1")
        self.assertEqual(sent.expires, NOW + 600 + Policy().report_grace)
        self.assertEqual(sent.answer, message_of(**IDS).repeat_key())
        self.assertEqual(self.store.done, ["keep_sent", "told_of_sent", "remember"])

    def test_no_reports_wanted(self) -> None:
        """Nothing is kept of what nobody wants to hear of."""
        self.successResultOf(self.answered(message_of(imdn=())))
        self.assertEqual(self.store.done, ["remember"])

    def test_repeat(self) -> None:
        """A repeat makes no second MMS, and has the same answer."""
        first = self.deliver(message_of())
        meanwhile = self.deliver(message_of())
        self.sending.answer()
        after = self.deliver(message_of())
        answers = [self.successResultOf(each) for each in (first, meanwhile, after)]
        self.assertEqual(len(self.link.mails), 1)
        self.assertEqual(answers[1:], [answers[0]] * 2)
        self.assertEqual(answers[0].expires, NOW + Policy().duplicate_window)

    def test_second_try(self) -> None:
        """Who was refused may try again; the MMSC sees the same message then."""
        self.link.outcome = NotSent("no connection")
        self.assertEqual(self.refusal(self.deliver(message_of())).status, 503)
        self.assertEqual(self.store.kept, {})
        first = self.link.forward.transaction
        self.link.outcome = None
        self.successResultOf(self.answered(message_of()))
        second = self.link.forward.transaction
        self.assertEqual(first.message_id, second.message_id)
        self.assertNotEqual(first.transaction_id, second.transaction_id)

    def test_identifier(self) -> None:
        """Message ID is made of both identifiers, the sender's, and who it is for.

        And with a key of this gateway: nobody else can tell which one a message has.
        """
        whole = b"c-1\0b-1\0+15145550001\0m-1\0+15145550002"
        key = b"the secret mms"
        digest = hashlib.blake2b(whole, digest_size=16, key=key).hexdigest()
        found = []
        for details in (
            {},
            {"conversation_id": "c-2"},
            {"contribution_id": "b-2"},
            {"message_id": "m-2"},
            {"recipient": "tel:+15145550003"},
            {"sender": "tel:+15145550004"},
            {"imdn": (), "body": b"Hello", "body_type": "text/plain"},
        ):
            sending = Sending(self.mktemp())
            self.successResultOf(Deferred.fromCoroutine(sending.outbound.start()))
            message = message_of(**{**IDS, **details})
            pending = Deferred.fromCoroutine(sending.outbound.deliver(message))
            sending.answer()
            self.successResultOf(pending)
            found.append(sending.link.forward.transaction.message_id)
        self.assertEqual(found[0], f"{digest}@{DOMAIN}")
        self.assertEqual(len(set(found)), len(found))

    def test_refused(self) -> None:
        """A bad MM4_forward.RES is a SIP answer, and no notification besides."""
        pending = self.answered(message_of(), RequestStatus.SERVICE_DENIED)
        refusal = self.refusal(pending)
        self.assertEqual(refusal.status, 403)
        self.assertNotIsInstance(refusal, Told)
        self.assertEqual((self.sending.told, self.sending.written), ([], []))
        self.assertEqual(self.store.kept, {})

    def test_history(self) -> None:
        """recipient-list-history says who else gets it (RFC 5365)."""
        entries = (
            Entry("tel:+15145550002", CopyControl.TO),
            Entry("tel:+15145550003", CopyControl.CC),
        )
        message = self.listed(build_resource_lists(entries))
        self.successResultOf(self.answered(message))
        forward = self.link.forward
        self.assertEqual(forward.cc, ("+15145550003/TYPE=PLMN@mms.test",))
        ((envelope, _),) = self.link.mails
        self.assertEqual(len(envelope.recipients), 1)

    def test_unreadable_history(self) -> None:
        """A list that cannot be read tells nothing, and holds nothing up."""
        self.successResultOf(self.answered(self.listed(b"<no")))
        self.assertEqual(self.link.forward.to, ("+15145550002/TYPE=PLMN@mms.test",))

    def listed(self, entries: bytes) -> StandaloneMessage:
        """A message with a list beside it."""
        wrapped = request_of().body
        body = (
            b"--b\r\nContent-Type: message/cpim\r\n\r\n"
            + wrapped
            + b"\r\n--b\r\nContent-Type: application/resource-lists+xml\r\n"
            + b"Content-Disposition: recipient-list-history\r\n\r\n"
            + entries
            + b"\r\n--b--\r\n"
        )
        request = request_of(body=body, body_type="multipart/mixed; boundary=b")
        return read_standalone(request, NOW, PLAN)


class Refused(OutboundCase):
    def test_no_relay(self) -> None:
        """404 where no relay serves the number; nothing is looked at."""
        config = msgspec.structs.replace(self.sending.relay.config, prefixes=("+44",))
        relay = msgspec.structs.replace(self.sending.relay, config=config)
        self.sending.relays.replace((relay,))
        self.assertEqual(self.refusal(self.deliver(message_of())).status, 404)
        self.assertEqual(self.sending.adaptation.asked, [])

    def test_store_broken(self) -> None:
        """503 where nothing could be remembered."""
        self.store.healthy = False
        refusal = self.refusal(self.deliver(message_of()))
        self.assertEqual((refusal.status, refusal.cause), (503, "store"))

    def test_nobody_it_is_from(self) -> None:
        """488 where the originator has no number."""
        message = message_of(sender="sip:alice@elsewhere.example")
        self.assertEqual(self.refusal(self.deliver(message)).status, 488)

    def test_content(self) -> None:
        """488 for content that MMS does not take, as adaptation finds.

        [TS 6.3 1a] [TS 6.3 1b]
        """
        for cause in ("content", "too-large"):
            self.sending.adaptation.refusal = CannotInterwork(
                488, "Not Acceptable Here", cause=cause, section="TS 6.3 1"
            )
            refusal = self.refusal(self.deliver(message_of()))
            self.assertEqual((refusal.status, refusal.cause), (488, cause))
        self.assertEqual((self.link.mails, self.store.done), ([], []))

    def test_no_room(self) -> None:
        """503 where no mail can be kept."""
        self.sending.house.full = True
        self.assertEqual(self.refusal(self.deliver(message_of())).cause, "no-room")


class ByMsrp(OutboundCase):
    """What is not a SIP MESSAGE, and may be told of by a notification instead."""

    def large(self, **details: Any) -> StandaloneMessage:
        """A message that came by MSRP."""
        message = message_of(**details)
        return msgspec.structs.replace(message, feature=Feature.LARGE)

    def test_refused_and_told(self) -> None:
        """A bad answer is told by a notification where that was asked for.

        [TS 6.3.1.1.2 step 6]
        """
        pending = self.answered(self.large(), RequestStatus.NETWORK_PROBLEM)
        self.assertIsInstance(self.refusal(pending), Told)
        ((sent, status),) = self.sending.told
        self.assertIs(status, RequestStatus.NETWORK_PROBLEM)
        self.assertEqual(self.store.kept, {sent.message_id: sent})

    def test_policy_tells_nobody(self) -> None:
        """Where policy sends no such notification it is an error of MSRP."""
        policy = msgspec.structs.replace(Policy(), negative_delivery=False)
        config = self.sending.house.config
        self.sending.house.config = msgspec.structs.replace(config, policy=policy)
        pending = self.answered(self.large(), RequestStatus.NETWORK_PROBLEM)
        self.assertNotIsInstance(self.refusal(pending), Told)
        self.assertEqual((self.sending.told, self.store.kept), ([], {}))

    def test_told_once(self) -> None:
        """Repeats meanwhile do not have it told again."""
        first, second = self.deliver(self.large()), self.deliver(self.large())
        self.sending.answer(RequestStatus.UNSPECIFIED)
        self.assertIsInstance(self.refusal(first), Told)
        self.assertIsInstance(self.refusal(second), Told)
        self.assertEqual(len(self.sending.told), 1)

    def test_not_asked_for(self) -> None:
        """Otherwise it is an error of MSRP, and nothing else."""
        message = self.large(imdn=("positive-delivery",))
        pending = self.answered(message, RequestStatus.UNSPECIFIED)
        self.assertNotIsInstance(self.refusal(pending), Told)
        self.assertEqual((self.sending.told, self.store.kept), ([], {}))

    def test_cannot_be_told(self) -> None:
        """So it is where the notification cannot be kept."""
        self.sending.trouble = StoreError("the disk is full")
        pending = self.answered(self.large(), RequestStatus.UNSPECIFIED)
        self.assertNotIsInstance(self.refusal(pending), Told)

    def test_undelivered(self) -> None:
        """What came to nothing after all is told, by whatever was asked for."""
        undelivered = self.sending.outbound.undelivered
        for number, imdn in enumerate((("positive-delivery",), ("negative-delivery",))):
            message = self.large(imdn=imdn, message_id=f"m-{number}")
            Deferred.fromCoroutine(undelivered(message))
            sent, status = self.sending.told[-1]
            self.assertIs(status, RequestStatus.UNSPECIFIED)
            self.assertEqual(sent.recipient, e164("+15145550002").text)
        self.assertEqual(len(self.sending.told), 2)

    def test_undelivered_and_tried_before(self) -> None:
        """Not where an earlier try may have arrived, of which all stays as it is."""
        silent = self.deliver(self.large())
        self.sending.house.clock.advance(20)
        self.assertEqual(self.refusal(silent).status, 408)
        kept = dict(self.store.kept)
        Deferred.fromCoroutine(self.sending.outbound.undelivered(self.large()))
        self.assertEqual((self.sending.told, self.store.kept), ([], kept))

    def test_undelivered_and_nameless(self) -> None:
        """Nor where it has no identifier that anything could be told by."""
        message = self.large(imdn=(), body=b"Hello", body_type="text/plain")
        Deferred.fromCoroutine(self.sending.outbound.undelivered(message))
        self.assertEqual((self.sending.told, self.store.kept), ([], {}))

    def test_content_is_let_go(self) -> None:
        """Once its mail is made, nothing of the content is held any more."""
        body = self.sending.house.spool.body()
        body.write(0, request_of().body)
        body.finish()
        self.sending.house.config = configured(mm4={"in_memory": 1_000_000})
        message = read_large(
            request_of(), NOW, PLAN, content_type="message/cpim", body=body
        )
        self.assertEqual(message.content, b"Hello")
        pending = self.deliver(message)
        self.assertEqual(len(self.sending.house.spool), 0)
        self.assertEqual(self.link.entity.body, b"Hello")
        self.sending.answer()
        self.successResultOf(pending)


class Ending(OutboundCase):
    """A pager message whose sender waits no longer than SIP does, and the stop."""

    def test_content_takes_too_long(self) -> None:
        """503 where the mail is not made in time: nothing has left."""
        self.sending.adaptation.waits = Deferred()
        pending = self.deliver(message_of())
        self.sending.house.clock.advance(26.9)
        self.assertNoResult(pending)
        self.sending.house.clock.advance(0.1)
        refusal = self.refusal(pending)
        self.assertEqual((refusal.status, refusal.cause), (503, "busy"))
        self.assertEqual(self.link.mails, [])

    def test_relay_takes_too_long(self) -> None:
        """408 when SMTP and MM4 together take longer than there is."""
        self.link.outcome = Deferred()
        pending = self.deliver(message_of())
        self.sending.house.clock.advance(12)
        self.link.outcome.callback(Sent(reply=Reply(250)))
        self.sending.house.clock.advance(14.9)
        self.assertNoResult(pending)
        self.sending.house.clock.advance(0.1)
        refusal = self.refusal(pending)
        self.assertEqual((refusal.status, refusal.may_have_left), (408, True))
        self.assertTrue(self.sending.answer())
        repeat = self.successResultOf(self.deliver(message_of()))
        self.assertEqual((repeat.status, len(self.link.mails)), (202, 1))

    def leave(self) -> Deferred[None]:
        """Have it stop, in five seconds."""
        return Deferred.fromCoroutine(self.sending.outbound.leave(5.0))

    def test_at_rest(self) -> None:
        """With nothing under way it is over at once, and takes no more."""
        self.successResultOf(self.leave())
        self.assertEqual(self.refusal(self.deliver(message_of())).cause, "stopping")
        self.successResultOf(Deferred.fromCoroutine(self.sending.outbound.start()))
        self.successResultOf(self.answered(message_of()))

    def test_not_yet_left(self) -> None:
        """503 at once for what is still being made: another may send it."""
        self.sending.adaptation.waits = Deferred()
        pending = self.deliver(message_of())
        self.successResultOf(self.leave())
        self.assertEqual(self.refusal(pending).cause, "stopping")
        self.assertEqual(self.link.mails, [])

    def test_left_and_answered(self) -> None:
        """What has left is answered as ever, if that comes in time."""
        pending = self.deliver(message_of())
        leaving = self.leave()
        self.assertNoResult(leaving)
        self.sending.answer()
        self.assertEqual(self.successResultOf(pending).status, 202)
        self.successResultOf(leaving)

    def test_left_and_silent(self) -> None:
        """Else 408: it may have arrived, and no 503 says that it has not."""
        pending = self.deliver(message_of())
        leaving = self.leave()
        self.sending.house.clock.advance(4.9)
        self.assertNoResult(leaving)
        self.sending.house.clock.advance(0.1)
        refusal = self.refusal(pending)
        self.assertEqual((refusal.status, refusal.may_have_left), (408, True))
        self.successResultOf(leaving)

    def test_store_does_not_come_back(self) -> None:
        """It does not wait for ever for what nobody can cancel."""
        self.store.stuck = Deferred()
        self.deliver(message_of())
        self.sending.answer()
        stopping = Deferred.fromCoroutine(self.sending.outbound.stop(5.0))
        self.assertNoResult(stopping)
        self.sending.house.clock.advance(5)
        self.successResultOf(stopping)
        self.store.stuck.callback(None)


class Large(OutboundCase):
    settings = {"mm4": {"in_memory": 4}}

    def test_few_at_once(self) -> None:
        """Two large contents at most are in memory; the others wait for them."""
        adaptation = self.sending.adaptation
        adaptation.waits = Deferred()
        pending = [self.deliver(message_of(message_id=f"m-{n}")) for n in range(3)]
        self.assertEqual(len(adaptation.asked), 2)
        waits, adaptation.waits = adaptation.waits, None
        waits.callback(None)
        self.assertEqual(len(self.link.mails), 3)
        for envelope in pending:
            self.assertNoResult(envelope)
        self.sending.house.clock.advance(20)
        for each in pending:
            self.assertEqual(self.refusal(each).status, 408)

    def test_room_is_given_back(self) -> None:
        """A content that is refused makes room for the next one."""
        self.sending.adaptation.refusal = CannotInterwork(
            488, "Not Acceptable Here", cause="content", section="TS 6.3 1a"
        )
        for _ in range(3):
            self.assertEqual(self.refusal(self.deliver(message_of())).status, 488)


class Small(OutboundCase):
    settings = {"mm4": {"in_memory": 5}}

    def test_small_need_not_wait(self) -> None:
        """Content up to in_memory waits for nobody."""
        waits: Deferred[None] = Deferred()
        self.sending.adaptation.waits = waits
        pending = [self.deliver(message_of(message_id=f"m-{n}")) for n in range(3)]
        self.assertEqual(len(self.sending.adaptation.asked), 3)
        waits.callback(None)
        self.sending.house.clock.advance(20)
        for each in pending:
            self.assertEqual(self.refusal(each).status, 408)
