"""TS 6.3.1.1.6, Tables 25 to 34: sessions with MMS users."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.headers import MESSAGE_CONTEXT
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.iwf.sessions.numbering import REST
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.pager import PagerMessage, carrying, cpim_of
from cpmgw.mm4.entity import Entity, leaf
from cpmgw.mm4.pdu import Forward, MmStatus, Priority, RequestStatus
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.smtp.interfaces import Reply
from tests.flows.chatting import NUMBER, POOL
from tests.flows.dialog import IDS
from tests.flows.house import ALICE, BOB
from tests.flows.machine import Mortal
from tests.flows.messages import Talk, describe
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    OWN,
    PICTURE,
    SYSTEM,
    MmsChatting,
    mixed,
    picture,
    text,
)
from tests.flows.test_chat_groups import CAROL, GROUP, INVITED, Groups
from tests.iwf.sms.chat.test_groups import users

NUMBER_MM4 = f"{NUMBER}/TYPE=PLMN@{OWN}"
CLOSED = 'SIP;cause=200;text="Call completed"'
LONG = "Good morning to you. " * 100


def everything(session: IMsrpSession) -> bytes:
    """An offer of texts and pictures."""
    return describe(session, wrapped="text/plain image/gif multipart/mixed")


class Accepted(MmsChatting):
    policy = 'session.inform_invited = "always"\nsession.inform_closed = "never"'

    def test_accepted(self) -> None:
        """Accepted for the user, who is told. [TS 6.3.1.1.7 session]

        [SCR Int-S-039-O] [SCR Int-S-034-O]
        """
        talk = self.established()
        assert talk.answer is not None
        context = talk.answer.headers.get(MESSAGE_CONTEXT)
        self.assertEqual(context, "multimedia-message")
        self.assertEqual(self.bob.texts, ["+15145550001 has started a chat with you."])
        self.assertEqual(self.bob.inbox[0].sender, ALICE[4:])

    def test_relay_refuses(self) -> None:
        """Whose handset cannot be told is not in the session: a 4xx of Table 14.

        But 488 for its 415, which would be of the INVITE's own body.

        [TS 6.3.1.1.6.1 step 5]
        """
        expected = {
            RequestStatus.UNSPECIFIED: 400,
            RequestStatus.SERVICE_DENIED: 403,
            RequestStatus.ADDRESS_UNRESOLVED: 404,
            RequestStatus.CONTENT_NOT_ACCEPTED: 488,
        }
        found = {}
        for status in expected:
            self.behave(status=status)
            talk = self.side.call()
            assert talk.answer is not None
            found[status] = talk.answer.status
        self.assertEqual(found, expected)

    def test_smtp_refuses(self) -> None:
        """What SMTP refuses fails it as well."""
        self.behave(rcpt=Reply(550, "no"))
        talk = self.side.call()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 404)

    def test_ends_with_msrp(self) -> None:
        """An MSRP connection that is lost ends the session."""
        talk = self.established()
        self.network.cut("127.0.0.1", 2855)
        self.network.advance(1)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="MSRP session lost"'])


class Asked(MmsChatting):
    policy = (
        'session.accept = "ask"\nsession.inform_closed = "never"\n'
        "session.answer_timeout = 60\nsession.ask_again = 0"
    )

    def test_question(self) -> None:
        """The MMS that asks (Tables 25 and 26). [TS 6.3.1.1.6.1 step 4]

        [TS 6.3.1.1.6.1 step 2a]
        """
        headers = (*IDS, ("Subject", "Tea"), ("Priority", "urgent"))
        talk, pending = self.side.invite(headers=headers)
        self.assertNoResult(pending)
        self.assertEqual([each.status for each in talk.ringing][-1], 180)
        (mail,) = self.relay.mails
        self.assertEqual(mail.envelope.sender, ALICE_MM4)
        self.assertEqual(mail.numbers, ["+15145550002"])
        (forward,) = self.forwards
        self.assertEqual((forward.sender, forward.to), (ALICE_MM4, (BOB_MM4,)))
        self.assertIs(forward.priority, Priority.HIGH)
        self.assertEqual(forward.subject, "Tea")
        self.assertFalse(forward.delivery_report)
        self.assertFalse(forward.read_reply)
        self.assertTrue(forward.acknowledge)
        self.assertEqual(forward.expiry, 3_600.0)
        self.assertEqual(forward.originator_system, SYSTEM)
        self.assertIn("yes", self.bob.texts[0])
        self.write("no")
        self.assertEqual(self.final(pending), 603)

    def test_yes(self) -> None:
        """200 when the user answers yes (Table 27), and the MMS is answered.

        [TS 6.3.1.1.6.1 forward 2] [TS 6.3.1.1.6.1 forward 4]
        """
        talk, pending = self.side.invite()
        self.assertEqual(self.write("YES"), "Ok")
        self.assertEqual(self.final(pending), 200)
        talk.establish()
        self.assertEqual(self.say(talk, "Hello"), 200)
        self.assertEqual(self.alice.texts, [])

    def test_yes_with_smil(self) -> None:
        """The word may stand in a multipart with SMIL, as handsets write it."""
        talk, pending = self.side.invite()
        self.write(mixed(text("yes")))
        self.assertEqual(self.final(pending), 200)
        talk.establish()

    def test_yes_with_a_picture(self) -> None:
        """What has more in it is no answer."""
        talk, pending = self.side.invite()
        self.write(mixed(text("yes"), picture()))
        self.assertNoResult(pending)
        self.assertEqual(len(self.alice.inbox), 1)
        self.write("yes")
        self.assertEqual(self.final(pending), 200)
        talk.establish()

    def test_other_words(self) -> None:
        """What is no answer is a message as ever. [TS 6.3.1.1.6.1 forward 1]"""
        _, pending = self.side.invite()
        self.assertEqual(self.write("Who is this?"), "Ok")
        self.assertEqual(self.alice.texts, ["Who is this?"])
        self.assertNoResult(pending)
        self.write("no")
        self.assertEqual(self.final(pending), 603)

    def test_no_answer_and_then_late(self) -> None:
        """408 without an answer; a late one is told so."""
        _, pending = self.side.invite()
        self.network.advance(61)
        self.assertEqual(self.final(pending), 408)
        self.assertEqual(self.write("yes"), "Ok")
        self.assertIn("too late", self.bob.texts[-1])

    def test_cancel(self) -> None:
        """The inviter gives up: 487."""
        _, pending = self.side.invite()
        self.side.endpoint.cancel(pending)
        self.assertEqual(self.final(pending), 487)

    def test_relay_refuses(self) -> None:
        """A relay that does not take the question: Table 27."""
        self.behave(status=RequestStatus.SERVICE_DENIED)
        _, pending = self.side.invite()
        self.assertEqual(self.final(pending), 403)

    def test_restart(self) -> None:
        """A stop while the user is asked leaves no question behind."""
        _, pending = self.side.invite()
        self._stop(self.gateway)
        self.assertIn(self.final(pending), (480, 487, 503))
        self.gateway = self.start_gateway()
        self.write("yes")
        self.assertEqual(self.alice.texts, ["yes"])


class Rejected(MmsChatting):
    policy = 'session.accept = "reject"'

    def test_rejected(self) -> None:
        """480 by policy; nobody is told."""
        talk = self.side.call()
        assert talk.answer is not None
        self.assertEqual((talk.answer.status, self.forwards), (480, []))


class Messages(MmsChatting):
    policy = """
    session.inform_closed = "never"
    session.leave_instructions = "never"
    """

    def setUp(self) -> None:
        super().setUp()
        self.behave(reports=(MmStatus.RETRIEVED,))
        self.talk = self.established(body=everything)

    def saying(self, entity: Entity, **details: Any) -> Deferred[int]:
        """Alice sends content in the session."""
        details.setdefault("imdn", ())
        details.setdefault("message_id", "m-1")
        message = PagerMessage(sender=ALICE, recipient=BOB, **details)
        octets = cpim_of(carrying(message, entity), 0.0).encode()
        sent: Deferred[int] = self.talk.session.send("message/cpim", octets)
        self.settle()
        return sent


class ToTheHandset(Messages):
    def test_text(self) -> None:
        """A chat message is an MMS (Tables 28 and 29); MSRP 200.

        [TS 6.3.1.1.6.2 step 3] [TS 6.3.1.1.6.2 step 4] [SCR Int-S-040-O]
        """
        self.assertEqual(self.say(self.talk, "Hello"), 200)
        self.assertEqual(self.bob.texts, ["Hello"])
        (mail,) = self.relay.mails
        self.assertEqual(mail.envelope.sender, ALICE_MM4)
        (forward,) = self.forwards
        self.assertEqual((forward.sender, forward.to), (ALICE_MM4, (BOB_MM4,)))
        self.assertFalse(forward.acknowledge)

    def test_picture(self) -> None:
        """So is a picture with a text."""
        sent = self.saying(mixed(text("Look"), picture()))
        self.assertEqual(self.successResultOf(sent), 200)
        (shown,) = self.bob.inbox
        self.assertEqual((shown.text, shown.pictures[0].octets), ("Look", PICTURE))

    def test_order(self) -> None:
        """Several at once arrive in the order in which they were sent."""
        sent = [self.talk.say(str(n), message_id=f"m-{n}") for n in range(5)]
        self.settle()
        self.assertEqual([self.successResultOf(each) for each in sent], [200] * 5)
        self.assertEqual(self.bob.texts, ["0", "1", "2", "3", "4"])

    def test_unsupported(self) -> None:
        """Only content that MMS does not take: 415; the session goes on.

        [TS 6.3 1c]
        """
        sent = self.saying(leaf("application/pdf", b"%PDF-1.4"))
        self.assertEqual(self.successResultOf(sent), 415)
        self.assertEqual(self.say(self.talk, "Hello"), 200)

    def test_part_is_left_out(self) -> None:
        """What MMS does not take of more is left out. [TS 6.3 1e]"""
        pdf = leaf("application/pdf", b"%PDF-1.4")
        sent = self.saying(mixed(text("Read"), pdf))
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.bob.texts, ["Read"])

    def test_not_taken(self) -> None:
        """What the relay does not take: 413, and BYE with cause 480."""
        self.behave(reply=Reply(451, "later"))
        self.assertEqual(self.say(self.talk, "Hello"), 413)
        self.network.advance(ANSWER_FIRST)
        self.settle()
        self.assertEqual(self.talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])

    def test_composing(self) -> None:
        """That the CPM user is composing is taken, and shown to nobody."""
        sent = self.talk.session.send(
            "application/im-iscomposing+xml", b"<isComposing/>"
        )
        self.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.forwards, [])


class Reports(Messages):
    def said(self) -> list[str]:
        """What notifications in the session say."""
        documents = [parse_cpim(octets) for _, octets in self.talk.came]
        return [
            f"{each.status.value} {parse_imdn(document.content).message_id}"
            for document in documents
            for each in parse_imdn(document.content).notifications
        ]

    def test_in_the_session(self) -> None:
        """The IMDN comes by MSRP in its session. [TS 6.3.1.1.3 step 3a]"""
        self.behave(reports=(MmStatus.RETRIEVED,), report_delay=5.0)
        self.say(self.talk, "Hello", imdn=("positive-delivery", "interworking"))
        self.assertEqual(self.talk.came, [])
        self.pass_time(6)
        self.assertEqual(self.said(), ["delivered m-1", "legacy-mms m-1"])
        self.assertEqual(self.alice.notifications, [])

    def test_after_the_session(self) -> None:
        """After its end it comes by SIP MESSAGE. [TS 6.3.1.1.3 step 3b]"""
        self.behave(reports=(MmStatus.RETRIEVED,), report_delay=5.0)
        self.say(self.talk, "Hello", imdn=("positive-delivery",))
        self.talk.bye()
        self.pass_time(6)
        self.assertEqual(self.talk.came, [])
        (notification,) = self.alice.notifications
        self.assertEqual(
            (notification.status, notification.message_id), ("delivered", "m-1")
        )

    def test_refused_in_the_session(self) -> None:
        """What the session does not take comes by SIP MESSAGE."""
        self.talk.status = 415
        self.say(self.talk, "Hello", imdn=("positive-delivery",))
        self.pass_time(6)
        self.assertEqual(len(self.alice.notifications), 1)

    def test_read(self) -> None:
        """A read reply is told in the session too."""
        self.relay.behave(MmsBehaviour(looks_after=5.0))
        self.say(self.talk, "Hello", imdn=("display",))
        self.pass_time(6)
        self.assertEqual(self.said(), ["displayed m-1"])


class FromTheHandset(Messages):
    def test_text(self) -> None:
        """An MMS to the CPM user goes into the session (Table 30).

        [TS 6.3.1.1.6.3] [SCR Int-S-035-O]
        """
        self.assertEqual(self.write("Hi Alice"), "Ok")
        self.assertEqual(self.talk.texts, ["Hi Alice"])
        self.assertEqual(self.alice.texts, [])
        cpim = parse_cpim(self.talk.came[0][1])
        self.assertEqual(cpim.get("From"), "<sip:anonymous@anonymous.invalid>")

    def test_picture(self) -> None:
        """With all of its content."""
        self.assertEqual(self.write(mixed(text("Look"), picture())), "Ok")
        self.assertIn(PICTURE, self.talk.came[0][1])

    def test_long(self) -> None:
        """However long it is."""
        self.assertEqual(self.write(LONG), "Ok")
        self.assertEqual(self.talk.texts, [LONG])

    def test_refused(self) -> None:
        """What the session does not take comes as a standalone message."""
        self.talk.status = 415
        self.assertEqual(self.write("Hi"), "Ok")
        self.assertEqual(self.alice.texts, ["Hi"])

    def test_session_ends_meanwhile(self) -> None:
        """So does what it has not taken when it ends."""
        self.talk.status = Deferred()
        sent = self.writing("Hi")
        self.talk.bye()
        self.pass_time(30)
        self.assertEqual((self.alice.texts, sent.statuses), (["Hi"], ["Ok"]))
        self.talk.status.callback(200)

    def test_report(self) -> None:
        """A delivery report that was asked for is made of what the session says."""
        sent = self.write_mms("Hi", delivery_report=True)
        cpim = parse_cpim(self.talk.came[0][1])
        self.assertIn("positive-delivery", cpim.imdn("Disposition-Notification") or "")
        self.settle()
        self.assertEqual(sent.outcome, ["Retrieved"])

    def test_leave(self) -> None:
        """The word to leave sends a BYE. [TS 6.3.1.1.6.5] [SCR Int-S-036-O]"""
        self.assertEqual(self.write("Leave"), "Ok")
        self.assertEqual(self.talk.reasons, [CLOSED])
        self.assertEqual(self.talk.texts, [])
        self.write("Still there?")
        self.assertEqual(self.alice.texts, ["Still there?"])

    def test_somebody_else(self) -> None:
        """Who has no session sends a message as ever."""
        self.write("Hi", source="+15145550003")
        self.assertEqual((self.talk.texts, self.alice.texts), ([], ["Hi"]))

    def test_repeat(self) -> None:
        """The very same mail again is no second message."""
        sent = self.writing("Hi")
        self.relay.repeat(sent)
        self.settle()
        self.assertEqual(self.talk.texts, ["Hi"])


class Closing(MmsChatting):
    policy = 'session.leave_instructions = "first"'

    def test_closed(self) -> None:
        """A BYE is told on the handset (Tables 31 and 32).

        [TS 6.3.1.1.6.4] [SCR Int-S-041-O]
        """
        talk = self.established()
        self.say(talk, "Hello")
        self.assertEqual(talk.bye().status, 200)
        self.settle()
        first, last = self.bob.texts
        self.assertIn("Send leave to leave.", first)
        self.assertEqual(last, "The chat with +15145550001 has been closed.")
        forward = self.forwards[-1]
        self.assertEqual((forward.sender, forward.to), (ALICE_MM4, (BOB_MM4,)))
        self.assertFalse(forward.delivery_report)
        self.write("Hi")
        self.assertEqual(self.alice.texts, ["Hi"])

    def test_relay_away(self) -> None:
        """A relay that is not there does not hold the end."""
        talk = self.established()
        self.behave(reply=Reply(451, "later"))
        self.assertEqual(talk.bye().status, 200)


class OwnNumber(MmsChatting, Mortal):
    """A number that stands for a session of two."""

    policy = 'session.sender = "number"\nsession.inform_invited = "always"'
    more = POOL

    def test_number(self) -> None:
        """All goes by that number; it is free when the session has ended.

        [TS 6.3.1.1.6.1 step 2a]
        """
        talk = self.established()
        self.assertEqual(self.forwards[0].sender, NUMBER_MM4)
        self.assertIn("+15145550001", self.bob.texts[0])
        self.assertEqual(self.write("Hi", target=NUMBER), "Ok")
        self.assertEqual(talk.texts, ["Hi"])
        talk.bye()
        self.settle()
        self.network.advance(REST)
        self.settle()
        self.assertEqual(
            self.write("Hi", target=NUMBER), "Error-sending-address-unresolved"
        )

    def test_after_a_restart(self) -> None:
        """The session is lost with the process; its number still leads to Alice."""
        talk = self.established()
        self.restart()
        self.assertEqual(talk.send("BYE").status, 481)
        self.assertEqual(self.write("Hi", target=NUMBER), "Ok")
        self.assertEqual(self.alice.texts, ["Hi"])


class MmsGroups(MmsChatting, Groups):
    """A group whose focus is at the CPM side."""

    @property
    def bob(self) -> Any:
        """The handset of the MMS user."""
        return self.phone

    def last(self) -> Forward:
        """The last MMS."""
        return self.forwards[-1]


class Group(MmsGroups):
    def test_both_ways(self) -> None:
        """The group has a number; messages name who wrote them.

        [TS 6.3.1.1.6.1 step 2b] [TS 6.3.1.1.7 session]
        """
        talk = self.joined()
        assert talk.answer is not None
        self.assertEqual(talk.answer.headers.get("IW-Number"), f"tel:{NUMBER}")
        self.assertEqual(self.say(talk, "Hello", sender=CAROL), 200)
        self.assertEqual(self.bob.texts, ["+15145550003: Hello"])
        self.assertEqual(self.last().sender, NUMBER_MM4)
        self.assertEqual(self.write("Hi all", target=NUMBER), "Ok")
        cpim = parse_cpim(talk.came[0][1])
        self.assertEqual((cpim.get("From"), talk.texts), (f"<{BOB}>", ["Hi all"]))

    def test_leave(self) -> None:
        """The user leaves the group. [TS 6.3.1.1.6.5]"""
        talk = self.joined()
        self.write("leave", target=NUMBER)
        self.assertEqual(talk.reasons, [CLOSED])

    def test_without_session(self) -> None:
        """After its end the group's number still leads to the group."""
        talk = self.joined()
        talk.bye()
        self.settle()
        self.write("Hi", target=NUMBER)
        self.assertEqual(self.cpm.user(GROUP).texts, ["Hi"])

    def test_participants(self) -> None:
        """The members are told (Tables 33 and 34).

        [TS 6.3.1.1.6.6] [SCR Int-S-042-O]
        """
        self.joined()
        answer = self.successResultOf(self.notify(users(ALICE, BOB, CAROL)))
        self.assertEqual(answer.status, 200)
        self.settle()
        self.assertEqual(
            self.bob.texts, ['In the group "Chess": +15145550001, +15145550003.']
        )
        self.assertEqual(self.last().sender, NUMBER_MM4)
        self.assertEqual(self.last().to, (BOB_MM4,))


class AskedOfAGroup(MmsGroups):
    policy = """
    session.accept_group = "ask"
    session.inform_closed = "group"
    session.leave_instructions = "every"
    session.participant_information = false
    """

    def test_asked(self) -> None:
        """Asked, accepted, told how to leave, told of the end."""
        talk, pending = self.side.invite(
            sender=GROUP, contact=f"<{GROUP}>", group=True, headers=INVITED
        )
        self.assertEqual(self.last().sender, NUMBER_MM4)
        self.write("yes", target=NUMBER)
        self.assertEqual(self.final(pending), 200)
        talk.establish()
        self.say(talk, "Hello", sender=CAROL)
        talk.bye()
        self.settle()
        self.assertEqual(
            self.bob.texts,
            [
                '+15145550001 invites you to the group "Chess". '
                "Answer yes to accept or no to decline.",
                "+15145550003: Hello\nSend leave to leave.",
                'The group "Chess" has been closed.',
            ],
        )


class RestartedGroup(MmsGroups, Mortal):
    def test_restart(self) -> None:
        """A group whose session is lost has its number still: it leads to the group."""
        talk = self.joined()
        self.restart()
        self.assertEqual(talk.send("BYE").status, 481)
        self.write("Hi", target=NUMBER)
        self.assertEqual(self.cpm.user(GROUP).texts, ["Hi"])


class Rcs(MmsChatting):
    profile = "rcs"

    def test_not_used(self) -> None:
        """There are no sessions with MMS. [RCC.10 6.3.1.1.6]"""
        talk = self.side.call()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)

    def test_words_are_words(self) -> None:
        """Nobody answers or leaves by a word. [RCC.10 6.1.6.2]"""
        self.assertEqual(self.write("leave"), "Ok")
        self.assertEqual(self.alice.texts, ["leave"])


def _answer(talk: Talk) -> int:
    assert talk.answer is not None
    return talk.answer.status
