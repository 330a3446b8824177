"""Short messages of an SMS user into a session (TS 6.2.2.2.2, 6.2.2.2.4, 6.2.4)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import read_chat
from cpmgw.cpm.cpim import parse_cpim
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.msrp.errors import SessionLost
from cpmgw.msrp.interfaces import FailureReport
from tests.flows.dialog import invite, offer
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.constants import EsmClass
from txsmpp.status import CommandStatus

QUIET = {"inform_invited": "never", "inform_closed": "never"}
OK = CommandStatus.ESME_ROK


class IntoTheSession(Room):
    session = QUIET

    def test_send(self) -> None:
        """2 a to e: a text in a CPIM wrapper. [TS 6.2.2.2.2 step 2]"""
        self.establish()
        self.assertEqual(self.taken("Hi Alice"), OK)
        ((content_type, octets, failure, success),) = self.stream.sent
        self.assertEqual(content_type, "message/cpim")
        content = read_chat(content_type, octets)
        self.assertEqual(content.text, "Hi Alice")
        self.assertEqual(content.content_type, "text/plain;charset=UTF-8")
        self.assertEqual((failure, success), (FailureReport.YES, False))

    def test_names_nobody(self) -> None:
        """In a session of two the CPIM addresses say nothing.

        [RCC.10 6.1.5.1 difference 3]
        """
        self.establish()
        self.taken("Hi")
        cpim = parse_cpim(self.stream.sent[0][1])
        for name in ("From", "To"):
            self.assertEqual(cpim.get(name), "<sip:anonymous@anonymous.invalid>")
        self.assertEqual(cpim.get("DateTime"), "2025-10-09T08:53:20Z")

    def test_known_for_a_repeat(self) -> None:
        """The identifier of a message is the one it was stored under."""
        self.establish()
        self.taken("Hi")
        content = read_chat("message/cpim", self.stream.sent[0][1])
        self.assertEqual(content.requested.message_id, "0" * 31 + "1")
        self.assertEqual(content.requested.dispositions, frozenset())

    def test_answered(self) -> None:
        """The SM-SC is answered when MSRP is. [RCC.10 6.1.5.1 difference 1]

        [TS 6.2.2.2.2 response]
        """
        self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.assertNoResult(taken)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.successResultOf(taken), OK)

    def test_statuses(self) -> None:
        """Each status makes a command_status. [RCC.10 6.2.2.2.2 clarification 1]"""
        self.establish()
        for status, expected in (
            (413, CommandStatus.ESME_RX_P_APPN),
            (408, CommandStatus.ESME_RX_T_APPN),
        ):
            self.stream.status = status
            self.assertEqual(self.taken("Hi"), expected)

    def test_session_ends_meanwhile(self) -> None:
        """A session that ends before the answer is a negative one.

        The SM-SC comes again, and then it is a standalone message.
        """
        answer = self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.within("BYE", answer)
        self.assertEqual(self.successResultOf(taken), CommandStatus.ESME_RX_T_APPN)
        self.assertEqual(self.passed_on("Hi"), ALICE)

    def test_lost_already(self) -> None:
        """A session that MSRP has closed takes nothing."""
        self.establish()
        self.stream.closed = True
        self.assertEqual(self.taken("Hi"), CommandStatus.ESME_RX_T_APPN)

    def test_no_answer(self) -> None:
        """Nobody waits longer than an SM-SC does; what is not sent by then never is."""
        self.establish()
        self.stream.status = None
        taken = self.write("Hi")
        self.network.advance(49.9)
        self.assertNoResult(taken)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(taken), CommandStatus.ESME_RX_T_APPN)
        self.assertTrue(self.stream.answers[0].called)

    def test_too_large(self) -> None:
        """What is more than the other side takes is refused for good."""
        self.establish()
        self.stream.most = 100
        self.assertEqual(self.taken("x" * 100), CommandStatus.ESME_RX_P_APPN)

    def test_before_the_ack(self) -> None:
        """Once the 200 is given messages go into the session; MSRP holds them."""
        response = self.invite()
        self.stream.status = None
        taken = self.write("Hi")
        self.ack(response)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.successResultOf(taken), OK)

    def test_others(self) -> None:
        """Who has no session, or writes to another number, sends a message."""
        self.establish()
        self.assertEqual(self.passed_on("Hi", source="+15145550009"), ALICE)
        self.assertEqual(
            self.passed_on("Hi", target="+15145550009"), "tel:+15145550009"
        )
        self.assertEqual(self.stream.sent, [])

    def test_several_users(self) -> None:
        """Each user writes into the own session."""
        self.establish()
        bobs = self.stream
        self.establish(invite(ALICE, "tel:+15145550003", call_id="2"))
        carols = self.stream
        self.taken("of Bob")
        self.taken("of Carol", source="+15145550003")
        self.assertEqual([len(bobs.sent), len(carols.sent)], [1, 1])

    def test_one_way(self) -> None:
        """Into a session that only sends to us nothing goes."""
        self.establish(body=offer() + b"a=sendonly\r\n")
        self.assertEqual(self.passed_on("Hi"), ALICE)
        self.assertEqual(self.stream.sent, [])

    def test_acknowledgement(self) -> None:
        """A user's acknowledgement that answers nothing is no chat message."""
        self.establish()
        kind = int(EsmClass.MANUAL_ACKNOWLEDGEMENT)
        self.assertEqual(self.taken("", esm_class=kind), CommandStatus.ESME_RINVDSTADR)
        self.assertEqual(self.stream.sent, [])


class Early(Room):
    session = {**QUIET, "acknowledge": "sent", "failure_report": "partial"}

    def setUp(self) -> None:
        super().setUp()
        self.alone: list[str] = []
        self.status: int = OK
        self.chats.fall_back_on(self._standalone)

    async def _standalone(self, message: InboundMessage) -> int:
        self.alone.append(str(message.recipient))
        return self.status

    def test_sent(self) -> None:
        """By policy the SM-SC is answered when the message is sent."""
        self.establish()
        self.stream.status = None
        self.assertEqual(self.taken("Hi"), OK)
        self.assertIs(self.stream.sent[0][2], FailureReport.PARTIAL)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.alone, [])

    def test_fails_later(self) -> None:
        """What was acknowledged and fails goes to the inviter as a message."""
        for failure in (SessionLost("gone"), 415):
            self.establish(call_id=str(failure))
            self.stream.status = None
            self.assertEqual(self.taken("Hi"), OK)
            (answer,) = self.stream.answers
            if isinstance(failure, int):
                answer.callback(failure)
            else:
                answer.errback(failure)
        self.assertEqual(self.alone, [ALICE, ALICE])

    def test_is_lost(self) -> None:
        """Where that fails too it is an error in the log."""
        self.status = CommandStatus.ESME_RX_T_APPN
        self.establish()
        self.stream.status = None
        self.taken("Hi")
        self.stream.answers[0].callback(481)
        self.assertEqual(self.alone, [ALICE])

    def test_not_on_its_way(self) -> None:
        """What waits for a connection, or is refused, is not acknowledged at once."""
        self.establish()
        self.stream.most = 1
        self.assertEqual(self.taken("Hi"), CommandStatus.ESME_RX_P_APPN)
        self.stream.most, self.stream.status = 100_000, None
        self.stream.is_connected = False
        taken = self.write("Hi")
        self.assertNoResult(taken)
        self.stream.answers[0].callback(200)
        self.assertEqual(self.successResultOf(taken), OK)


class Reporting(Room):
    session = {
        **QUIET,
        "success_report": True,
        "failure_report": "no",
        "acknowledge": "sent",
    }

    def test_reports(self) -> None:
        """By policy a success report is asked for, and no answer (2 d)."""
        self.establish()
        self.taken("Hi")
        self.assertEqual(self.stream.sent[0][2:], (FailureReport.NO, True))
        self.stream.user.report("x", 200)


class Leaving(Room):
    session = QUIET

    def test_leave(self) -> None:
        """The word to leave sends a BYE; all is released at its answer.

        [TS 6.2.2.2.4] [TS 6.1.6.2]
        """
        self.establish()
        self.assertEqual(self.taken("Leave."), OK)
        (bye,) = self.byes
        self.assertEqual(
            bye.headers.get("Reason"), 'SIP;cause=200;text="Call completed"'
        )
        self.assertTrue(self.stream.closed)
        self.assertEqual(self.stream.sent, [])
        self.assertEqual(self.passed_on("Hi"), ALICE)

    def test_waits_for_the_answer(self) -> None:
        """Until the BYE has its answer the user has not left (step 4)."""
        self.establish()
        self.network.partition("127.0.0.1", 5070)
        taken = self.write("leave")
        self.assertNoResult(taken)
        self.assertFalse(self.stream.closed)
        self.network.heal("127.0.0.1", 5070)
        self.network.advance(1)
        self.assertEqual(self.successResultOf(taken), OK)
        self.assertTrue(self.stream.closed)

    def test_never_answered(self) -> None:
        """A BYE that nobody answers ends it all the same, in its time."""
        self.establish()
        self.network.partition("127.0.0.1", 5070)
        taken = self.write("leave")
        self.network.advance(40)
        self.assertEqual(self.successResultOf(taken), OK)
        self.assertEqual(len(self.chats), 0)

    def test_twice(self) -> None:
        """Who says it twice is answered twice, with one BYE."""
        self.establish()
        self.network.partition("127.0.0.1", 5070)
        first = self.write("leave")
        self.assertEqual(self.taken("leave"), OK)
        self.network.heal("127.0.0.1", 5070)
        self.network.advance(1)
        self.successResultOf(first)

    def test_refused_bye(self) -> None:
        """A BYE that is refused ends it too."""
        self.establish()
        self.bye_status = 481
        self.assertEqual(self.taken("leave"), OK)
        self.assertEqual(len(self.chats), 0)

    def test_part_of_a_text(self) -> None:
        """The word within a text is a message."""
        self.establish()
        self.taken("I leave now")
        self.assertEqual(len(self.stream.sent), 1)


class NoLeaving(Room):
    session = {**QUIET, "leave_by_text": False, "leave_instructions": "never"}

    def test_is_a_message(self) -> None:
        """By policy there is no word to leave. [RCC.10 4 concepts 4]"""
        self.establish()
        self.taken("leave")
        self.assertEqual((len(self.stream.sent), self.byes), (1, []))


class NoLeavingWhileAsked(Room):
    session = {
        "accept": "ask",
        "leave_by_text": False,
        "leave_instructions": "never",
    }

    def test_is_no_answer(self) -> None:
        """Where no word leaves, it declines nothing either."""
        pending = self.ask(invite(ALICE, BOB))
        self.assertEqual(self.passed_on("leave"), ALICE)
        self.assertNoResult(pending)
        self.taken("no")


class Notifications(Room):
    session = QUIET

    def notify(self, key: str) -> Deferred[bool] | None:
        """Send a notification into a session."""
        return self.chats.notify(key, b"<imdn/>")

    def test_live(self) -> None:
        """While the session lasts the IMDN goes in it. [TS 6.2.4 2a]

        [TS 6.2.2.1.5 report]
        """
        self.establish()
        (session,) = self.chats._house.register
        for status, expected in ((200, True), (415, False)):
            self.stream.status = status
            taken = self.notify(session.key)
            assert taken is not None
            self.assertEqual(self.successResultOf(taken), expected)
        self.assertEqual(self.stream.sent[0][:2], ("message/cpim", b"<imdn/>"))

    def test_lost_meanwhile(self) -> None:
        """What the session did not take goes another way."""
        answer = self.establish()
        (session,) = self.chats._house.register
        self.stream.status = None
        taken = self.notify(session.key)
        assert taken is not None
        self.within("BYE", answer)
        self.assertFalse(self.successResultOf(taken))

    def test_over(self) -> None:
        """After its end a session takes nothing. [TS 6.2.4 2b]"""
        answer = self.establish()
        (session,) = self.chats._house.register
        self.within("BYE", answer)
        self.assertIsNone(self.notify(session.key))
        self.assertIsNone(self.notify("unknown"))


class Standalone(Room):
    def test_passed_on_as_it_was(self) -> None:
        """Without a session a message is what it was."""
        message = self.short_message("Hi")
        taken = self.successResultOf(Deferred.fromCoroutine(self.chats.take(message)))
        self.assertIsInstance(taken, InboundMessage)
        self.assertIs(taken, message)
        self.assertEqual(str(message.recipient), ALICE)
        self.assertEqual(message.ends.originator.text, BOB.removeprefix("tel:"))
