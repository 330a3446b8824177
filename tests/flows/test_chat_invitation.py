"""TS 6.1.4, 6.2.2.1.3: the invitation of an SMS user, through the whole gateway."""

from __future__ import annotations

from cpmgw.cpm.headers import MESSAGE_CONTEXT
from cpmgw.iwf.sessions.numbering import REST
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.msrp.node import MsrpNode
from cpmgw.sdp.roles import Setup
from tests.flows.chatting import NUMBER, POOL, Chatting
from tests.flows.house import ALICE, BOB
from tests.flows.machine import Mortal
from tests.flows.messages import describe
from txsmpp.status import CommandStatus

FAILURE = 0xFE  # RDELIVERYFAILURE, of Table 2


class Accepted(Chatting):
    policy = 'session.inform_invited = "always"\nsession.inform_closed = "never"'

    def test_accepted(self) -> None:
        """Accepted for the user, who is told; MSRP connects (step 6).

        [TS 6.1.4 step 6a] [SCR Int-S-033-O]
        """
        talk = self.established()
        assert talk.answer is not None
        self.assertEqual(talk.answer.headers.get(MESSAGE_CONTEXT), "pager-message")
        self.assertEqual(self.bob.texts, ["+15145550001 has started a chat with you."])
        self.assertEqual(self.bob.inbox[0].sender, ALICE[5:])

    def test_active(self) -> None:
        """Where the offer is passive the IWF connects, and binds with an empty SEND.

        [TS 6.1.4 MSRP 2] [TS 6.1.4 MSRP 4]
        """

        def offer(session: IMsrpSession) -> bytes:
            return describe(session, setup="passive")

        talk = self.side.call(body=offer)
        self.assertIs(talk.stream.setup, Setup.ACTIVE)
        talk.connect(active=False)
        self.assertFalse(talk.is_connected)
        talk.acknowledge()
        self.assertTrue(talk.is_connected)
        self.assertEqual(talk.came, [])
        self.assertEqual(self.write("Hi"), CommandStatus.ESME_ROK)
        self.assertEqual(talk.texts, ["Hi"])

    def test_unreachable(self) -> None:
        """Whose handset cannot be told is not in the session: Table 2.

        [TS 6.2.2.1.3 submit_sm_resp]
        """
        self.centre.behave(SmsBehaviour(status=FAILURE))
        talk = self.side.call()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 480)

    def test_never_connects(self) -> None:
        """An MSRP connection that never comes ends the session: BYE, cause 480."""
        talk = self.side.call()
        talk.acknowledge()
        node = self.gateway.msrp
        assert isinstance(node, MsrpNode)
        self.network.advance(node.settings.setup_timeout + 1)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="MSRP session lost"'])

    def test_connection_lost(self) -> None:
        """An MSRP connection that is lost ends it too."""
        talk = self.established()
        self.network.cut("127.0.0.1", 2855)
        self.network.advance(1)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="MSRP session lost"'])

    def test_second(self) -> None:
        """A second invitation replaces the first once its ACK has come.

        [RCC.10 6.1.4 clarification 2] [RCC.10 6.1.4 clarification 3]
        """
        first = self.side.call()
        early = self.side.call()
        assert early.answer is not None
        self.assertEqual(early.answer.status, 600)
        first.establish()
        second = self.established()
        self.assertEqual(len(first.byes), 1)
        self.assertEqual(self.write("Hi"), CommandStatus.ESME_ROK)
        self.assertEqual((first.texts, second.texts), ([], ["Hi"]))


class Asked(Chatting):
    policy = (
        'session.accept = "ask"\nsession.inform_closed = "never"\n'
        "session.answer_timeout = 60"
    )

    def test_yes(self) -> None:
        """180, a question, and 200 when the handset answers yes (step 8).

        [TS 6.1.4 step 8b] [TS 6.1.4 step 8d] [SCR Int-S-033-O]
        """
        talk, pending = self.side.invite()
        self.assertNoResult(pending)
        self.assertEqual([each.status for each in talk.ringing][-1], 180)
        (question,) = self.bob.texts
        self.assertIn("yes", question or "")
        self.assertEqual(self.write("YES"), CommandStatus.ESME_ROK)
        self.assertEqual(self.final(pending), 200)
        talk.establish()
        self.assertEqual(self.say(talk, "Hello"), 200)

    def test_no(self) -> None:
        """603 when it answers no. [TS 6.2.2.1.3 deliver_sm 4]"""
        _, pending = self.side.invite()
        self.write("no")
        self.assertEqual(self.final(pending), 603)
        self.assertEqual(self.alice.texts, [])

    def test_no_answer_and_then_late(self) -> None:
        """408 without an answer; a late one is told so. [TS 6.1.4 step 8e]"""
        _, pending = self.side.invite()
        self.network.advance(61)
        self.assertEqual(self.final(pending), 408)
        self.write("yes")
        self.assertIn("too late", self.bob.texts[-1] or "")

    def test_something_else_since(self) -> None:
        """What answers a message that came since the invitation is for its sender."""
        _, pending = self.side.invite()
        self.network.advance(61)
        self.assertEqual(self.final(pending), 408)
        self.send(text="Shall we meet?")
        self.write("yes")
        self.assertEqual(self.alice.texts, ["yes"])

    def test_other_words(self) -> None:
        """What is no answer reaches the inviter as a message."""
        _, pending = self.side.invite()
        self.write("Who is this?")
        self.assertEqual(self.alice.texts, ["Who is this?"])
        self.assertNoResult(pending)
        self.write("no")
        self.assertEqual(self.final(pending), 603)

    def test_cancel(self) -> None:
        """The inviter gives up: 487."""
        _, pending = self.side.invite()
        self.side.endpoint.cancel(pending)
        self.assertEqual(self.final(pending), 487)

    def test_restart(self) -> None:
        """A restart while the user is asked leaves no question behind."""
        _, pending = self.side.invite()
        self._stop(self.gateway)
        self.assertIn(self.final(pending), (480, 487, 503))
        self.gateway = self.start_gateway()
        self.write("yes")
        self.assertEqual(self.alice.texts, ["yes"])


class Rejected(Chatting):
    policy = 'session.accept = "reject"'

    def test_rejected(self) -> None:
        """480 by policy. [TS 6.1.4 step 7]"""
        talk = self.side.call()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 480)


class OwnNumber(Chatting, Mortal):
    """A number that stands for a session of two (6.2.2.1.3 step 1)."""

    policy = 'session.sender = "number"\nsession.inform_invited = "always"'
    more = POOL

    def test_number(self) -> None:
        """All goes by that number; it is free when the session has ended.

        [TS 6.2.2.1.3 step 1]
        """
        talk = self.established()
        self.assertEqual(self.bob.inbox[0].sender, NUMBER[1:])
        self.write("Hi", target=NUMBER)
        self.assertEqual(talk.texts, ["Hi"])
        talk.bye()
        self.settle()
        self.network.advance(REST)
        self.settle()
        self.assertEqual(self.write("Hi", target=NUMBER), CommandStatus.ESME_RINVDSTADR)

    def test_for_a_while(self) -> None:
        """What is answered just after the end is for Alice still."""
        self.established().bye()
        self.settle()
        self.assertEqual(self.write("Hi", target=NUMBER), CommandStatus.ESME_ROK)
        self.assertEqual(self.cpm.user(ALICE).texts, ["Hi"])

    def test_shutdown(self) -> None:
        """A gateway that stops hangs up first, and gives the number back."""
        talk = self.established()
        self._stop(self.gateway)
        self.assertEqual(len(talk.byes), 1)
        self.gateway = self.start_gateway()
        self.assertEqual(self.write("Hi", target=NUMBER), CommandStatus.ESME_RINVDSTADR)

    def test_after_a_restart(self) -> None:
        """The session is lost with the process; its number still leads to Alice.

        What comes in its dialog is answered 481. [TS 6.2.2.2.2 NOTE 1]
        """
        talk = self.established()
        self.restart()
        self.assertEqual(talk.send("BYE").status, 481)
        self.assertEqual(self.write("Hi", target=NUMBER), CommandStatus.ESME_ROK)
        self.assertEqual(self.alice.texts, ["Hi"])


class BobsOnly(Chatting):
    def test_not_offered(self) -> None:
        """Sound alone is not acceptable. [TS 6.1.4 step 1]"""
        talk = self.side.call(
            body=b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
            b"t=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
        )
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)
        self.assertEqual(self.centre.handset(BOB).texts, [])
