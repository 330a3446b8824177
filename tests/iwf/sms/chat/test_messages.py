"""Chat messages of a CPM user to an SMS user (TS 6.1.5.1, 6.2.2.1.5, 6.2.3 B)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import COMPOSING_TYPE, GROUP_DATA_TYPE
from cpmgw.cpm.cpim import CpimMessage
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.mime import MimeLimits
from cpmgw.errors import StoreError
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.policy.sms import SmsPolicy
from cpmgw.records import ImdnContext
from tests.flows.dialog import IDS
from tests.iwf.sessions.stand_ins import Body
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.constants import RegisteredDelivery
from txsmpp.errors import ResponseTimeout
from txsmpp.status import CommandStatus

IMDN = (
    b'<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>1</message-id>'
    b"<datetime>2026-11-24T23:00:00Z</datetime><delivery-notification><status>"
    b"<delivered/></status></delivery-notification></imdn>"
)


def cpim(content_type: str, content: bytes) -> bytes:
    """Content in a CPIM wrapper."""
    return CpimMessage(
        headers=(("From", f"<{ALICE}>"), ("To", f"<{BOB}>")),
        content_headers=(("Content-Type", content_type),),
        content=content,
    ).encode()


class Messages(Room):
    session = {"inform_invited": "never", "leave_instructions": "never"}

    def setUp(self) -> None:
        super().setUp()
        self.establish()

    def test_text(self) -> None:
        """A text goes from the inviter's number (Table 7); 200 when it is taken.

        [TS 6.1.5.1 CPM 2] [TS 6.1.5.1 CPM 4] [TS 6.2.2.1.5 step 3]
        [TS 6.2.2.1.5 step 5]
        """
        self.assertEqual(self.say("Hello"), 200)
        self.assertEqual(self.link.texts, ["Hello"])
        (sent,) = self.link.submitted
        self.assertEqual(
            (sent.source_addr, sent.destination_addr), ("15145550001", "15145550002")
        )
        self.assertEqual(self.body.closed, 1)

    def test_waits_for_the_service(self) -> None:
        """The answer waits for that of the SM-SC. [TS 6.1.5.1 CPM 4]"""
        self.link.statuses = [None]
        answer = self.arrive(cpim("text/plain", b"Hello"))
        self.assertNoResult(answer)
        self.link.held[0].callback(self.link.answer())
        self.assertEqual(self.successResultOf(answer), 200)

    def test_segments(self) -> None:
        """A long text goes in segments, and is answered when all are taken.

        [TS 6.2.2.1.5 step 3]
        """
        self.link.statuses = [0, None]
        answer = self.arrive(cpim("text/plain", b"x" * 200))
        self.assertEqual(len(self.link.submitted), 2)
        self.assertNoResult(answer)
        self.link.held[0].callback(self.link.answer())
        self.assertEqual(self.successResultOf(answer), 200)

    def test_order(self) -> None:
        """What came first is submitted first, however slow the SM-SC is."""
        self.link.statuses = [None, None, None]
        answers = [self.arrive(cpim("text/plain", text)) for text in (b"1", b"2", b"3")]
        for number, answer in enumerate(answers, 1):
            self.assertEqual(len(self.link.submitted), number)
            self.link.held[-1].callback(self.link.answer())
            self.network.settle()
            self.assertEqual(self.successResultOf(answer), 200)
        self.assertEqual(self.link.texts, ["1", "2", "3"])

    def test_dispositions(self) -> None:
        """What is asked for makes registered_delivery, and is remembered (Table 7)."""
        self.say("Hello", Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY)
        (sent,) = self.link.submitted
        self.assertEqual(sent.registered_delivery, RegisteredDelivery.RECEIPT.value)
        (message,) = self.store.messages
        (key,) = self.chats._house.register
        self.assertEqual(
            message.context,
            ImdnContext(
                originator=ALICE,
                recipient=BOB,
                cpim_from="sip:anonymous@anonymous.invalid",
                cpim_to="sip:anonymous@anonymous.invalid",
                message_id="m-1",
                datetime="2026-11-24T23:00:00Z",
                requested=("display", "positive-delivery"),
                conversation_id="conversation-1",
                contribution_id="part-1",
                feature="session",
                service="urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session",
                session=key.key,
                anonymous=True,
            ),
        )

    def test_failure_only(self) -> None:
        """A message that asks for failures only has those reported."""
        self.say("Hello", Disposition.NEGATIVE_DELIVERY)
        (sent,) = self.link.submitted
        wanted = RegisteredDelivery.RECEIPT_ON_FAILURE.value
        self.assertEqual(sent.registered_delivery, wanted)

    def test_nothing_asked_for(self) -> None:
        """Where nothing is asked for nothing is remembered of it."""
        self.say("Hello")
        self.assertEqual(self.link.submitted[0].registered_delivery, 0)
        self.assertEqual(self.store.messages, [])

    def test_repeat(self) -> None:
        """A message that comes again is answered again, and not sent again."""
        self.assertEqual(self.say("Hello"), 200)
        self.assertEqual(self.say("Hello"), 200)
        self.assertEqual(self.say("Hello", message_id="m-2"), 200)
        self.assertEqual(self.link.texts, ["Hello", "Hello"])
        self.assertEqual([each.status for each in self.store.answered], [200, 200])

    def test_repeat_in_another_session(self) -> None:
        """After the session was lost it may come again in the next one."""
        self.say("Hello")
        self.establish(call_id="2")
        self.assertEqual(self.say("Hello"), 200)
        self.assertEqual(self.link.texts, ["Hello"])

    def test_without_identifier(self) -> None:
        """What has no identifier cannot be known again."""
        for _ in range(2):
            self.successResultOf(self.arrive(cpim("text/plain", b"Hello")))
        self.assertEqual(self.link.texts, ["Hello", "Hello"])

    def test_without_wrapper(self) -> None:
        """Text that comes bare is text all the same."""
        answer = self.arrive(b"Hello", "text/plain")
        self.assertEqual(self.successResultOf(answer), 200)
        self.assertEqual(self.link.texts, ["Hello"])

    def test_what_ends_here(self) -> None:
        """Composing, notifications and group data are taken and go no further."""
        for octets, kind in (
            (b"<isComposing/>", COMPOSING_TYPE),
            (cpim(IMDN_TYPE, IMDN), "message/cpim"),
            (b"<groupdata/>", GROUP_DATA_TYPE),
        ):
            self.assertEqual(self.successResultOf(self.arrive(octets, kind)), 200, kind)
            self.assertEqual(self.body.closed, 1)
        self.assertEqual(self.link.submitted, [])
        self.assertEqual(self.house.traffic.ended_notifications, 1)

    def test_no_text(self) -> None:
        """What is no text is refused, and the session goes on.

        [TS 6.2.2.1.5 step 2]
        """
        answer = self.arrive(cpim("image/jpeg", b"\xff\xd8"))
        self.assertEqual(self.successResultOf(answer), 413)
        self.assertEqual(self.say("Hello"), 200)
        self.network.settle()
        self.assertEqual(self.byes, [])

    def test_protected(self) -> None:
        """What may not be opened is no text (TS 6.6)."""
        answer = self.arrive(cpim("application/pkcs7-mime", b"x"))
        self.assertEqual(self.successResultOf(answer), 413)

    def test_unreadable(self) -> None:
        """What cannot be read is a bad request."""
        for octets in (b"no cpim", cpim(IMDN_TYPE, b"<imdn")):
            self.assertEqual(self.successResultOf(self.arrive(octets)), 400)
            self.assertEqual(self.body.closed, 1)

    def test_nothing_in_it(self) -> None:
        """An empty message is none."""
        for content in (b"", b" \r\n "):
            answer = self.arrive(cpim("text/plain", content))
            self.assertEqual(self.successResultOf(answer), 413)
        self.assertEqual((self.link.submitted, self.byes), ([], []))

    def test_no_way_to_write_it(self) -> None:
        """Longer than all segments of a short message: 413, and no BYE."""
        self.assertEqual(self.say("x" * 50_000), 413)
        self.network.settle()
        self.assertEqual((self.link.submitted, self.byes), ([], []))


class Large(Room):
    policy = {"text_limits": MimeLimits(max_size=1_000)}

    def test_limit(self) -> None:
        """Beyond any text it is not even read; the limit is told in the answer."""
        self.assertIn(b"a=max-size:1000", self.establish().body)
        for size, status in ((66_536, 400), (66_537, 413)):
            self.assertEqual(self.successResultOf(self.claim(size)), status)
            self.assertEqual(self.body.closed, 1)

    def claim(self, size: int) -> Deferred[int]:
        """A body comes that is said to have this size."""
        self.body = Body(b"x", size)
        return self.take(self.body)


class Instructions(Room):
    def test_first(self) -> None:
        """The first message that arrives says how to leave (Table 7)."""
        self.establish()
        self.link.statuses = [CommandStatus.ESME_ROK]
        self.say("Hello")
        self.say("again", message_id="m-2")
        self.assertEqual(self.link.texts, ["Hello\nSend leave to leave.", "again"])


class AddedTooMuch(Room):
    """What we add to a message is not worth more than the message."""

    session = {"inform_invited": "never", "leave_instructions": "every"}

    def test_bare(self) -> None:
        """A text that has room without it goes without it."""
        self.establish()
        longest = 20 * 153
        self.assertEqual(self.say("x" * longest), 200)
        self.assertEqual(len(self.link.submitted), 20)
        self.assertNotIn("leave", self.link.texts[-1] or "")
        self.assertEqual(self.say("x" * (longest + 1), message_id="m-2"), 413)


class Failing(Room):
    """6.2.3 B: the SM-SC does not take a message."""

    policy = {"sms": SmsPolicy(bye_reason="Bearer unavailable")}

    def setUp(self) -> None:
        super().setUp()
        self.establish()

    def test_failed(self) -> None:
        """413, then BYE with cause 480, then all is released. [TS 6.2.3 B]"""
        self.link.statuses = [CommandStatus.ESME_RDELIVERYFAILURE]
        self.assertEqual(self.say("Hello"), 413)
        self.network.advance(ANSWER_FIRST)
        (bye,) = self.byes
        self.assertEqual(
            bye.headers.get("Reason"), 'SIP;cause=480;text="Bearer unavailable"'
        )
        self.assertEqual(len(self.chats), 0)
        self.assertTrue(self.stream.closed)
        self.assertEqual(len(self.link.submitted), 1)

    def test_no_more_after_it(self) -> None:
        """What waits behind a message that failed is not sent."""
        self.link.statuses = [None]
        first = self.arrive(cpim("text/plain", b"1"))
        second = self.arrive(cpim("text/plain", b"2"))
        self.link.held[0].callback(
            self.link.answer(CommandStatus.ESME_RDELIVERYFAILURE)
        )
        self.network.settle()
        self.assertEqual(self.successResultOf(first), 413)
        self.assertEqual(self.successResultOf(second), 413)
        self.assertEqual(len(self.link.submitted), 1)
        self.assertEqual(self.byes, [])  # the answer is on its way first
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(len(self.byes), 1)

    def test_comes_again(self) -> None:
        """What was not taken is tried when it comes in the next session."""
        self.link.statuses = [CommandStatus.ESME_RDELIVERYFAILURE]
        self.say("Hello")
        self.network.advance(ANSWER_FIRST)
        self.establish(call_id="2", headers=IDS)
        self.assertEqual(self.say("Hello"), 200)

    def test_store(self) -> None:
        """Where nothing can be remembered nothing is sent."""
        self.store.healthy = False
        self.assertEqual(self.say("Hello"), 413)
        self.assertEqual(self.link.submitted, [])

    def test_unsure(self) -> None:
        """What may have left is no failure: 408, and the session goes on.

        A BYE with cause 480 would have it delivered a second time.
        """
        self.link.statuses = [None]
        answer = self.arrive(cpim("text/plain", b"Hello"))
        self.link.held[0].errback(ResponseTimeout("no answer"))
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), 408)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes, [])
        self.assertEqual(self.say("again"), 200)

    def test_store_fails_after_sending(self) -> None:
        """What has left and could not be remembered is not said to have failed."""
        self.store.memory = StoreError("broken")
        self.assertEqual(self.say("Hello"), 408)
        self.network.advance(ANSWER_FIRST)
        self.assertEqual((self.byes, len(self.link.texts)), ([], 1))

    def test_ends_while_under_way(self) -> None:
        """The session ends while the SM-SC has a message: the rest is quiet."""
        self.link.statuses = [None]
        answer = self.arrive(cpim("text/plain", b"1"))
        self.assertEqual(self.within("BYE", self.answered).status, 200)
        self.link.held[0].callback(
            self.link.answer(CommandStatus.ESME_RDELIVERYFAILURE)
        )
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), 413)
        self.assertEqual(self.byes, [])


class FailingSilently(Room):
    policy = {"sms": SmsPolicy(bye_reason="")}

    def test_no_text(self) -> None:
        """Without a text in the policy the Reason has none."""
        self.establish()
        self.link.statuses = [CommandStatus.ESME_RSYSERR]
        self.say("Hello")
        self.network.advance(ANSWER_FIRST)
        self.assertEqual(self.byes[0].headers.get("Reason"), "SIP;cause=480")
