"""The lab's users chat: sessions of two, from both ends (conversation TS 7.3)."""

from __future__ import annotations

from cpmgw.lab.arrow import Arrow, Kind
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.sessions.chat import COMPOSES, Chat
from cpmgw.lab.sessions.streams import COMPOSING
from cpmgw.sip.dialogs.interfaces import CallFailed, Ending
from tests.lab.two_sides import ALICE, BOB, TwoSides

DELIVERED = ("delivery-notification", "delivered")


class ChatTests(TwoSides):
    def chat(self, subject: str = "") -> Chat:
        """Have Alice begin a chat with Bob; comes back when all rests."""
        chat = self.near.chat(ALICE, BOB, subject=subject)
        self.settle()
        return chat

    def close(self, chat: Chat) -> None:
        """Hang up, and wait until that is done."""
        gone = chat.close()
        self.settle()
        self.successResultOf(gone)

    @property
    def theirs(self) -> Chat:
        """Bob's end of the newest one."""
        return self.far.user(BOB).chats[-1]

    def test_messages_go_both_ways(self) -> None:
        """What one says is in the other's inbox, in order, and answered 200."""
        chat = self.chat()
        self.assertIs(self.successResultOf(chat.established), chat)
        sent = [chat.send("One"), chat.send("Two 😀")]
        back = self.theirs.send("Three")
        self.settle()
        self.assertEqual(self.theirs.texts, ["One", "Two 😀"])
        self.assertEqual(chat.texts, ["Three"])
        self.assertEqual([each.status for each in (*sent, back)], [200] * 3)
        self.assertEqual(self.far.user(BOB).texts, ["One", "Two 😀"])
        self.assertEqual(chat.inbox[0].sender, BOB)
        self.close(chat)

    def test_invite(self) -> None:
        """The INVITE has what 7.3.1.1 asks for, asserted rather than preferred."""
        chat = self.chat("Saturday")
        headers = chat.request.headers
        for name, value in (
            ("P-Asserted-Service", "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session"),
            ("Subject", "Saturday"),
            ("Supported", "timer"),
            ("Session-Expires", None),
            ("Min-SE", None),
        ):
            self.assertEqual(headers.get(name), value, name)
        for name in ("Contact", "Accept-Contact"):
            self.assertIn("oma.cpm.session", headers.get(name) or "")
        body = chat.request.body.decode()
        self.assertIn("application/im-iscomposing+xml", body)
        self.assertIn("a=accept-wrapped-types:text/plain message/imdn+xml", body)
        self.close(chat)

    def test_notifications_in_the_session(self) -> None:
        """While it lasts notifications come by MSRP (5.4)."""
        chat = self.chat()
        sent = chat.send("One")
        self.settle()
        self.assertEqual(sent.outcome, [DELIVERED])
        self.assertTrue(sent.notifications[0].in_session)
        self.assertEqual(sent.notifications[0].request, chat.request)
        self.close(chat)

    def test_notifications_after_the_session(self) -> None:
        """After its end they come by MESSAGE, to whoever wrote (5.4)."""
        self.far.behave(CpmBehaviour(imdn_delay=5.0), BOB)
        self.near.behave(CpmBehaviour(imdn_delay=5.0), ALICE)
        chat = self.chat()
        sent, back = chat.send("One"), self.theirs.send("Two")
        self.settle()
        self.close(chat)
        self.network.advance(5.0)
        for each, who in ((sent, ALICE), (back, BOB)):
            self.assertEqual(each.outcome, [DELIVERED])
            request = each.notifications[0].request
            self.assertEqual((request.method, str(request.uri)), ("MESSAGE", who))
            self.assertEqual(
                request.headers.get("Contribution-ID"),
                chat.request.headers.get("Contribution-ID"),
            )

    def test_closing(self) -> None:
        """Who is hung up upon is told why (7.3.4)."""
        chat = self.chat()
        theirs = self.theirs
        self.close(chat)
        self.assertTrue(chat.ended and theirs.ended)
        self.assertEqual(theirs.reasons, ['SIP;cause=200;text="Call completed"'])
        assert chat.leg.end is not None and theirs.leg.end is not None
        self.assertIs(chat.leg.end.how, Ending.BYE_SENT)
        self.assertIs(theirs.leg.end.how, Ending.BYE_RECEIVED)

    def test_nothing_is_sent_after_the_end(self) -> None:
        """What is said too late gets no answer."""
        chat = self.chat()
        self.close(chat)
        sent = chat.send("Too late")
        self.assertEqual(self.successResultOf(sent.answered), 0)

    def test_reports(self) -> None:
        """A REPORT of what was taken is kept, and told (RFC 4975 7.1.2)."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        chat = self.chat()
        stream = chat.leg.line.stream
        assert stream is not None
        for kind, content, name in (
            ("application/pdf", b"%PDF", "is-refused"),
            (COMPOSING, COMPOSES, "is-taken"),
        ):
            stream.session.send(kind, content, success_report=True, message_id=name)
        self.settle()
        self.assertEqual(chat.leg.line.reports, [("is-taken", 200)])
        self.assertEqual(seen[-1].name, "REPORT")
        self.close(chat)

    def test_composing(self) -> None:
        """isComposing goes without CPIM and is no message (5.5)."""
        chat = self.chat()
        answered = chat.compose()
        self.settle()
        self.assertEqual(self.successResultOf(answered), 200)
        self.assertEqual((self.theirs.composing, self.theirs.texts), (1, []))
        self.close(chat)

    def test_what_is_no_message(self) -> None:
        """A type that nobody takes is answered 415, a CPIM that is none 400."""
        chat = self.chat()
        answers = [
            chat.send_content("application/pdf", b"%PDF"),
            chat.send_content("message/cpim", b"\xff"),
        ]
        self.settle()
        self.assertEqual([self.successResultOf(each) for each in answers], [415, 400])
        self.close(chat)

    def test_refused_messages(self) -> None:
        """A user can refuse what comes in a session; nothing is filed then."""
        self.far.behave(CpmBehaviour(msrp_status=413), BOB)
        chat = self.chat()
        sent = chat.send("One")
        self.settle()
        self.assertEqual((sent.status, self.theirs.texts), (413, []))
        self.close(chat)

    def test_answers_that_cross_a_bye(self) -> None:
        """What answers a SEND may come a little after the BYE that it overtook."""
        chat = self.chat()
        self.far.behave(CpmBehaviour(delay=0.07, msrp_status=413), BOB)
        self.network.latency = 0.05
        sent = chat.send("One")
        self.network.advance(0.06)
        self.theirs.close()
        self.network.advance(0.06)
        self.assertTrue(chat.ended)
        self.assertEqual(sent.status, 0)
        self.network.advance(1.0)
        self.assertEqual(sent.status, 413)

    def test_answers_that_never_come(self) -> None:
        """What has no answer soon after a BYE will have none."""
        chat = self.chat()
        self.far.behave(CpmBehaviour(silent=True), BOB)
        sent = chat.send("One")
        self.settle()
        self.theirs.close()
        self.network.advance(1.0)
        self.assertEqual(self.successResultOf(sent.answered), 0)

    def test_ringing(self) -> None:
        """Who is asked lets it ring before he accepts."""
        self.far.behave(CpmBehaviour(ringing=3.0), BOB)
        chat = self.chat()
        self.assertEqual(chat.leg.ringing, 1)
        self.assertNoResult(chat.established)
        self.network.advance(3.0)
        self.successResultOf(chat.established)
        self.close(chat)

    def test_declined(self) -> None:
        """Who is asked may decline."""
        self.far.behave(CpmBehaviour(ringing=3.0, status=603), BOB)
        chat = self.chat()
        self.network.advance(3.0)
        failure = self.failureResultOf(chat.established, CallFailed)
        self.assertEqual(failure.value.status, 603)
        assert chat.leg.answer is not None
        self.assertEqual(chat.leg.answer.status, 603)
        self.assertEqual(self.far.user(BOB).chats, [])

    def test_given_up(self) -> None:
        """Who asks may give up while it rings (9.1)."""
        self.far.behave(CpmBehaviour(ringing=30.0), BOB)
        chat = self.chat()
        seen: list[Arrow] = []
        self.near.tap = seen.append
        chat.close()
        self.settle()
        failure = self.failureResultOf(chat.established, CallFailed)
        self.assertEqual(failure.value.status, 487)
        self.assertEqual(seen[0].name, "CANCEL")
        self.network.advance(40.0)
        self.assertEqual(self.far.user(BOB).chats, [])

    def test_again(self) -> None:
        """A further session goes on with the Contribution-ID of the last (7.3.1.1)."""
        first = self.chat()
        self.close(first)
        second = self.chat()
        ids = [
            [chat.request.headers.get(name) for chat in (first, second)]
            for name in ("Contribution-ID", "Conversation-ID")
        ]
        self.assertEqual(ids[0][0], ids[0][1])
        self.assertNotEqual(ids[1][0], ids[1][1])
        self.close(second)

    def test_lost(self) -> None:
        """A session whose MSRP is lost is hung up (7.2.1.2)."""
        chat = self.chat()
        self.sides[1].node.stopService()
        self.settle()
        self.assertTrue(chat.ended and self.theirs.ended)

    def test_never_connected(self) -> None:
        """One that is accepted but never connected is given up, by both."""
        _, host, port = self.sides[1].node.addresses[0]
        self.network.partition(host, port)
        chat = self.chat()
        self.assertEqual(len(self.far.user(BOB).chats), 1)
        self.network.advance(60.0)
        self.failureResultOf(chat.established, CallFailed)
        self.assertTrue(self.theirs.ended)
        self.assertFalse(chat.texts or self.theirs.texts)

    def test_stop(self) -> None:
        """Whoever stops hangs up."""
        chat = self.chat()
        stopped = self.near.stop()
        self.settle()
        self.successResultOf(stopped)
        self.assertTrue(chat.ended and self.theirs.ended)

    def test_taps(self) -> None:
        """Each step is told: MSRP beside SIP, notifications as such."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        chat = self.chat("Saturday")
        chat.send("Hello Bob")
        self.settle()
        self.close(chat)
        self.assertEqual(
            [(arrow.kind, arrow.name) for arrow in seen],
            [
                (Kind.SIP, "INVITE"),
                (Kind.SIP, "200 OK"),
                (Kind.SIP, "ACK"),
                (Kind.MSRP, "SEND"),
                (Kind.MSRP, "200"),
                (Kind.IMDN, "SEND IMDN"),
                (Kind.MSRP, "200"),
                (Kind.SIP, "BYE"),
                (Kind.SIP, "200 OK"),
            ],
        )
        self.assertIn("Subject: Saturday", seen[0].details)
        self.assertIn('"Hello Bob"', seen[3].details)
        self.assertIn("delivery-notification: delivered", seen[5].details)
        self.assertIn('Reason: SIP;cause=200;text="Call completed"', seen[7].details)
