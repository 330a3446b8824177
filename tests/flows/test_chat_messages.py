"""TS 6.1.5.1, 6.2.2.1.5, 6.2.2.2.2, 6.2.3 B, 6.2.4: messages in a session with SMS."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.behaviour import SmsBehaviour
from tests.flows.chatting import Chatting
from tests.flows.dialog import IDS
from tests.flows.house import ALICE, BOB
from tests.flows.messages import Talk
from tests.flows.test_directory import NameServer
from txsmpp.status import CommandStatus

FAILURE = 0xFE  # RDELIVERYFAILURE, of Table 2
LONG = "Good morning to you. " * 40


class Messages(Chatting):
    policy = """
    session.inform_closed = "never"
    session.leave_instructions = "never"
    """

    def setUp(self) -> None:
        super().setUp()
        self.talk = self.established()


class ToTheHandset(Messages):
    def test_text(self) -> None:
        """A chat message is on the handset, from the CPM user; MSRP 200.

        [TS 6.1.5.1 CPM 2] [SCR Int-S-032-O]
        """
        self.assertEqual(self.say(self.talk, "Hello"), 200)
        self.assertEqual(self.bob.texts, ["Hello"])
        self.assertEqual(self.bob.inbox[0].sender, ALICE[5:])

    def test_long(self) -> None:
        """A long one comes in segments and is one on the handset.

        [TS 6.2.2.1.5 step 3] [TS 6.1.5.1 CPM 1]
        """
        self.assertEqual(self.say(self.talk, LONG), 200)
        self.assertEqual(self.bob.texts, [LONG])
        self.assertGreater(self.bob.inbox[0].segments, 1)

    def test_order(self) -> None:
        """Several at once arrive in the order in which they were sent."""
        self.centre.behave(SmsBehaviour(delay=0.2))
        sent = [self.talk.say(str(n), message_id=f"m-{n}") for n in range(5)]
        for _ in sent:
            self.network.advance(0.25)
            self.settle()
        self.assertEqual([self.successResultOf(each) for each in sent], [200] * 5)
        self.assertEqual(self.bob.texts, ["0", "1", "2", "3", "4"])

    def test_failure(self) -> None:
        """What SMS does not take: 413, and BYE with cause 480. [TS 6.2.3 B]"""
        self.centre.behave(SmsBehaviour(status=FAILURE))
        self.assertEqual(self.say(self.talk, "Hello"), 413)
        self.assertEqual(self.talk.byes, [])  # the answer is on its way first
        self.network.advance(ANSWER_FIRST)
        self.settle()
        self.assertEqual(self.talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])

    def test_no_text(self) -> None:
        """What is no text: 413, and the session goes on. [TS 6.2.2.1.5 step 2]"""
        sent = self.talk.session.send("image/jpeg", b"\xff\xd8\xff")
        self.settle()
        self.assertEqual(self.successResultOf(sent), 413)
        self.assertEqual(self.say(self.talk, "Hello"), 200)

    def test_composing(self) -> None:
        """That the CPM user is composing is taken, and shown to nobody."""
        sent = self.talk.session.send(
            "application/im-iscomposing+xml", b"<isComposing/>"
        )
        self.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.bob.texts, [])


class Receipts(Messages):
    def delivered(self, talk: Talk) -> list[str]:
        """What the notifications in a session say."""
        documents = [parse_cpim(octets) for _, octets in talk.came]
        return [
            f"{each.status.value} {parse_imdn(document.content).message_id}"
            for document in documents
            for each in parse_imdn(document.content).notifications
        ]

    def test_in_the_session(self) -> None:
        """The IMDN of a message comes by MSRP in its session.

        [TS 6.2.4 2a] [TS 6.2.2.1.5 report]
        """
        self.centre.behave(SmsBehaviour(receipt_delay=5.0))
        self.say(self.talk, "Hello", imdn=("positive-delivery", "interworking"))
        self.assertEqual(self.talk.came, [])
        self.pass_time(6)
        self.assertEqual(self.delivered(self.talk), ["delivered m-1", "legacy-sms m-1"])
        cpim = parse_cpim(self.talk.came[0][1])
        self.assertEqual(cpim.get("From"), "<sip:anonymous@anonymous.invalid>")
        self.assertEqual(self.alice.notifications, [])

    def test_after_the_session(self) -> None:
        """After its end it comes by SIP MESSAGE. [TS 6.2.4 2b]"""
        self.centre.behave(SmsBehaviour(receipt_delay=5.0))
        self.say(self.talk, "Hello", imdn=("positive-delivery",))
        self.talk.bye()
        self.pass_time(6)
        self.assertEqual(self.talk.came, [])
        (notification,) = self.alice.notifications
        self.assertEqual(
            (notification.status, notification.message_id), ("delivered", "m-1")
        )
        headers = notification.request.headers
        self.assertIn("cpm.session", headers.get("Accept-Contact") or "")
        self.assertEqual(headers.get("Contribution-ID"), "part-1")

    def test_refused_in_the_session(self) -> None:
        """What the session does not take comes by SIP MESSAGE."""
        self.talk.status = 415
        self.say(self.talk, "Hello", imdn=("positive-delivery",))
        self.pass_time(6)
        self.assertEqual(len(self.alice.notifications), 1)


class FromTheHandset(Messages):
    def test_text(self) -> None:
        """A short message to the CPM user goes into the session.

        [TS 6.2.2.2.2 step 2] [SCR Int-S-009-O]
        """
        self.assertEqual(self.write("Hi Alice"), CommandStatus.ESME_ROK)
        self.assertEqual(self.talk.texts, ["Hi Alice"])
        self.assertEqual(self.alice.texts, [])

    def test_long(self) -> None:
        """Segments are waited for, and are one message. [TS 6.1.5.1 Non-CPM 1]"""
        self.write(LONG)
        self.assertEqual(self.talk.texts, [LONG])

    def test_answered(self) -> None:
        """The SM-SC is answered when MSRP is. [TS 6.2.2.2.2 response]"""
        self.talk.status = Deferred()
        writing = self.writing("Hi")
        self.settle()
        self.assertNoResult(writing)
        self.talk.status.callback(200)
        self.settle()
        self.assertEqual(self.successResultOf(writing), [CommandStatus.ESME_ROK])

    def test_refused(self) -> None:
        """What MSRP refuses is refused. [RCC.10 6.2.2.2.2 clarification 1]"""
        self.talk.status = 415
        self.assertEqual(self.write("Hi"), CommandStatus.ESME_RX_P_APPN)

    def test_session_ends_meanwhile(self) -> None:
        """The session ends before the answer: the SM-SC tries again, by MESSAGE."""
        self.talk.status = Deferred()
        writing = self.writing("Hi")
        self.settle()
        self.talk.bye()
        self.talk.status.callback(200)
        for _ in range(8):  # the store keeps up with what the SM-SC waits for
            self.pass_time(15)
        self.assertEqual(self.alice.texts, ["Hi"])
        self.assertEqual(self.successResultOf(writing), [CommandStatus.ESME_ROK])

    def test_repeat(self) -> None:
        """The same words twice are two messages."""
        self.write("Hi")
        self.write("Hi")
        self.assertEqual(self.talk.texts, ["Hi", "Hi"])

    def test_leave(self) -> None:
        """The word to leave sends a BYE (6.2.2.2.4). [TS 6.2.2.2.4]"""
        self.assertEqual(self.write("Leave"), CommandStatus.ESME_ROK)
        self.assertEqual(self.talk.reasons, ['SIP;cause=200;text="Call completed"'])
        self.assertEqual(self.talk.texts, [])
        self.write("Still there?")
        self.assertEqual(self.alice.texts, ["Still there?"])

    def test_somebody_else(self) -> None:
        """Who has no session sends a message as ever."""
        self.write("Hi", source="+15145550003")
        self.assertEqual((self.talk.texts, self.alice.texts), ([], ["Hi"]))


class AcknowledgedAtOnce(Chatting):
    policy = 'session.acknowledge = "sent"'

    def test_refused_later(self) -> None:
        """What the session refuses after the SM-SC was answered comes as a message."""
        talk = self.established()
        talk.status = Deferred()
        self.assertEqual(self.write("Hi"), CommandStatus.ESME_ROK)
        talk.status.callback(415)
        self.settle()
        self.assertEqual(self.alice.texts, ["Hi"])


class Directory(Chatting):
    """A gateway with a DNS that says nothing."""

    more = '[enum]\nsuffix = "e164.arpa"\nservers = ["127.0.0.1:5353"]'

    def test_nothing_is_looked_up(self) -> None:
        """What goes into a session asks no directory, and is in order therefore."""
        names = NameServer({})
        names.silent = True
        self.network.listenUDP(5353, names, "127.0.0.1")
        talk = self.established()
        for text in ("one", "two", "three"):
            self.assertEqual(self.write(text), CommandStatus.ESME_ROK)
        self.assertEqual(talk.texts, ["one", "two", "three"])
        self.assertEqual(names.asked, [])


class NotAsked(Chatting):
    """Ends that nobody with a handset asked for."""

    policy = 'session.inform_closed = "never"'

    def test_stop(self) -> None:
        """A gateway that stops says that the user has not left.

        (Conversation TS 8.2.2.3 A, 9.2.7: without a Reason, or with 200, he has.)
        """
        talk = self.established()
        self._stop(self.gateway)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Temporarily Unavailable"'])
        self.gateway = self.start_gateway()

    def test_expired(self) -> None:
        """Neither has the user of a session whose timer has expired (RFC 4028 10)."""
        timer = (("Session-Expires", "90;refresher=uac"), ("Supported", "timer"))
        talk = self.established(headers=(*IDS, *timer))
        self.network.advance(91)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Temporarily Unavailable"'])


class Closing(Chatting):
    policy = 'session.leave_instructions = "first"'

    def test_closed(self) -> None:
        """A BYE is told on the handset (6.1.6.1). [TS 6.1.6.1] [TS 6.2.2.1.4]"""
        talk = self.established()
        self.say(talk, "Hello")
        self.assertEqual(talk.bye().status, 200)
        self.settle()
        self.assertEqual(
            self.bob.texts,
            [
                "Hello\nSend leave to leave.",
                "The chat with +15145550001 has been closed.",
            ],
        )
        self.write("Hi")
        self.assertEqual(self.alice.texts, ["Hi"])


class Profile(Chatting):
    """RCS: nobody is asked or told, and there is no word to leave."""

    profile = "rcs"

    def test_technical(self) -> None:
        """A session is only a technical event.

        [RCC.10 4 supported 3] [RCC.10 4 concepts 4] [RCC.10 4 concepts 5]
        [RCC.10 4 concepts 7]
        """
        talk = self.established()
        self.assertEqual(self.write("leave"), CommandStatus.ESME_ROK)
        self.assertEqual(talk.texts, ["leave"])
        self.say(talk, "Hello")
        talk.bye()
        self.settle()
        self.assertEqual(self.bob.texts, ["Hello"])
        self.assertIn(b"a=accept-types:message/cpim\r\n", _body(talk))


class Several(Chatting):
    policy = 'session.inform_closed = "never"\nsession.leave_instructions = "never"'

    def test_several(self) -> None:
        """Two CPM users with one handset, and one with two handsets."""
        carol = "tel:+15145550003"
        first = self.established()
        second = self.established(sender=carol)
        third = self.established(recipient=carol)
        self.write("to Alice")
        self.write("to Carol", target=carol[4:])
        self.write("of Carol", source=carol[4:])
        self.assertEqual(first.texts, ["to Alice"])
        self.assertEqual(second.texts, ["to Carol"])
        self.assertEqual(third.texts, ["of Carol"])
        self.say(second, "Hi Bob")
        self.assertEqual(self.bob.inbox[-1].sender, carol[5:])
        self.assertEqual(self.centre.handset(BOB[4:]).texts, ["Hi Bob"])


def _body(talk: Talk) -> bytes:
    assert talk.answer is not None
    return talk.answer.body
