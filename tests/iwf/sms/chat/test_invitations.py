"""The invitation of an SMS user (TS 6.1.4, 6.2.2.1.3)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature, tag
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.policy.sms import SmsPolicy
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Response
from tests.flows.dialog import IDS, invite, offer
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.constants import EsmClass, RegisteredDelivery
from txsmpp.errors import ResponseTimeout
from txsmpp.status import CommandStatus
from txsmpp.tlv import Tag, Tlv

TOO_LATE = "It is too late to answer the invitation of +15145550001."
QUESTION = (
    "+15145550001 would like to chat with you. Answer yes to accept or no to decline."
)
AUDIO = offer().replace(b"m=message 9 TCP/MSRP *", b"m=audio 9 RTP/AVP 0")


class Accepting(Room):
    """Steps 1 to 6: the session is accepted for the user, who is not told."""

    session = {"inform_invited": "never"}

    def test_step_6_headers(self) -> None:
        """6 a to g: what the 200 says of the session.

        [TS 6.1.4 step 6a] [TS 6.1.4 step 6b] [TS 6.1.4 step 6c] [TS 6.1.4 step 6f]
        [TS 6.1.4 step 6g] [TS 6.1.4 step 4] [TS 6.2.4 session]
        """
        headers = (*IDS, ("InReplyTo-Contribution-ID", "part-0"))
        answer = self.establish(headers=headers).headers
        self.assertIn("IWF-SMS-serv/OMA2.1", answer.get("Server") or "")
        self.assertIn(tag(Feature.SESSION), answer.get("Contact") or "")
        self.assertIn("BYE", answer.all("Allow"))
        self.assertEqual(answer.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(answer.get("Message-Context"), "pager-message")
        for name, value in headers:
            self.assertEqual(answer.get(name), value)
        self.assertIsNone(answer.get("IW-Number"))
        self.assertEqual(self.link.texts, [])

    def test_step_6_session_timer(self) -> None:
        """6 d, e: the refresher that was asked for; timer is required of it.

        [TS 6.1.4 step 6d] [TS 6.1.4 step 6e]
        """
        timer = (("Session-Expires", "600;refresher=uac"), ("Supported", "timer"))
        answer = self.establish(headers=(*IDS, *timer)).headers
        self.assertEqual(answer.get("Session-Expires"), "600;refresher=uac")
        self.assertIn("timer", answer.get("Supported") or "")
        self.assertEqual(answer.get("Require"), "timer")

    def test_step_6_description(self) -> None:
        """6 h, i: our own path, and passive. [TS 6.1.4 step 6h] [TS 6.1.4 step 6i]"""
        (stream,) = streams(parse_sdp(self.establish().body))
        self.assertEqual(stream.path, self.stream.path)
        self.assertIs(stream.setup, Setup.PASSIVE)
        self.assertIs(stream.direction, Direction.SENDRECV)
        self.assertEqual(stream.accept_types, ("message/cpim",))

    def test_step_1_nothing_acceptable(self) -> None:
        """1. A session of sound alone is not acceptable. [TS 6.1.4 step 1]"""
        answer = self.invite(body=AUDIO)
        self.assertEqual(answer.status, 488)
        self.assertEqual(len(self.node.sessions), 0)

    def test_step_1_no_text(self) -> None:
        """1. Nor is one whose wrapped types have no text.

        [RCC.10 6.1.4 clarification 1]
        """
        self.assertEqual(self.invite(body=offer("image/jpeg")).status, 488)

    def test_media_begin_at_the_ack(self) -> None:
        """MSRP begins when the ACK has come, as was negotiated. [TS 6.1.4 MSRP 2]"""
        answer = self.invite()
        self.assertEqual(self.stream.remotes, [])
        self.ack(answer)
        (remote,) = self.stream.remotes
        self.assertFalse(remote.active)
        self.assertEqual(remote.path, ("msrp://127.0.0.1:9/abc;tcp",))

    def test_never_acknowledged(self) -> None:
        """Without an ACK the session ends with a BYE, and nobody is told."""
        self.invite()
        self.network.advance(40)
        self.assertEqual(len(self.byes), 1)
        self.assertEqual(len(self.chats), 0)
        self.assertEqual(self.link.texts, [])

    def test_no_room(self) -> None:
        """As many sessions as there may be: come again later."""
        self.node.room = False
        answer = self.invite()
        self.assertEqual(answer.status, 480)
        self.assertEqual(answer.headers.get("Retry-After"), "5")
        self.assertEqual(len(self.chats), 0)

    def test_no_centre(self) -> None:
        """Where nothing could be sent to the user there is no session (6.2.3 A)."""
        self.link.bound = False
        self.assertEqual(self.invite().status, 503)
        self.link.bound = True
        self.store.healthy = False
        self.assertEqual(self.invite(call_id="2").status, 503)
        self.assertEqual((len(self.chats), self.node.sessions), (0, []))

    def test_too_short_an_interval(self) -> None:
        """RFC 4028: a session interval below ours is refused, and nothing is left."""
        headers = (*IDS, ("Session-Expires", "60"), ("Supported", "timer"))
        answer = self.invite(headers=headers)
        self.assertEqual(answer.status, 422)
        self.assertTrue(self.stream.closed)

    def test_nobody(self) -> None:
        """Who has no number has no SMS."""
        answer = self.invite(invite(ALICE, "sip:somebody@elsewhere.example"))
        self.assertEqual(answer.status, 404)

    def test_stopping(self) -> None:
        """A gateway that stops takes no session."""
        Deferred.fromCoroutine(self.chats.stop())
        self.assertEqual(self.invite().status, 480)
        self.chats.start()
        self.assertEqual(self.invite(call_id="2").status, 200)


class TextOnly(Room):
    """By policy the answer names what SMS takes, and no more."""

    policy = {"sms": SmsPolicy(session_types="text")}

    def test_types(self) -> None:
        """Types that are no text are left out. [RCC.10 6.1.4 difference 1]"""
        body = offer("text/plain message/imdn+xml image/jpeg").replace(
            b"a=accept-types:message/cpim", b"a=accept-types:message/cpim image/png"
        )
        (stream,) = streams(parse_sdp(self.establish(body=body).body))
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(
            stream.accept_wrapped_types, ("text/plain", "message/imdn+xml")
        )


class Rejecting(Room):
    """Step 7: by policy sessions are refused."""

    session = {"accept": "reject", "accept_group": "reject"}

    def test_step_7(self) -> None:
        """7. It is refused for now. [TS 6.1.4 step 7]"""
        self.assertEqual(self.invite().status, 480)
        self.assertEqual(len(self.node.sessions), 0)

    def test_step_1_goes_first(self) -> None:
        """1. What is not acceptable anyway is refused as that."""
        self.assertEqual(self.invite(body=AUDIO).status, 488)


class Informing(Room):
    """6.2.2.1.3: the user is told of what was accepted."""

    session = {"inform_invited": "always"}

    def test_informed(self) -> None:
        """The user is told, from the inviter's number (Table 4)."""
        self.establish()
        self.assertEqual(self.link.texts, ["+15145550001 has started a chat with you."])
        (sent,) = self.link.submitted
        self.assertEqual(
            (sent.source_addr, sent.destination_addr), ("15145550001", "15145550002")
        )
        self.assertEqual(sent.registered_delivery, 0)

    def test_not_told_in_vain(self) -> None:
        """Where the user cannot be told the invitation is answered by Table 2.

        [TS 6.2.2.1.3 submit_sm_resp]
        """
        self.link.statuses = [CommandStatus.ESME_RINVDSTADR]
        self.assertEqual(self.invite().status, 404)
        self.assertEqual(len(self.chats), 0)
        self.assertEqual(len(self.link.submitted), 1)
        self.assertTrue(self.stream.closed)

    def test_perhaps_told(self) -> None:
        """Where nobody knows whether the user was told the session goes on."""
        self.link.statuses = [None]
        pending = self.ask(invite(ALICE, BOB))
        self.link.held[0].errback(ResponseTimeout("no answer"))
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_cancelled_meanwhile(self) -> None:
        """A CANCEL while the SM-SC is asked: 487, and the user hears of the end."""
        self.link.statuses = [None]
        pending = self.ask(invite(ALICE, BOB))
        self.network.advance(0.3)
        self.peer.cancel(pending)
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(len(self.chats), 0)
        self.assertEqual(
            self.link.texts[1:], ["The chat with +15145550001 has been closed."]
        )


class Asking(Room):
    """Step 8: the user is asked."""

    session = {"accept": "ask"}

    def setUp(self) -> None:
        super().setUp()
        self.first = invite(ALICE, BOB)
        self.pending = self.ask(self.first)

    @property
    def final(self) -> Response:
        """The answer to the invitation."""
        response: Response = self.successResultOf(self.pending)
        return response

    def test_question(self) -> None:
        """8 a to c: 180, and a message with the keywords.

        [TS 6.1.4 step 8a] [TS 6.1.4 step 8b] [TS 6.1.4 step 8c]
        [TS 6.2.2.1.3 step 3] [TS 6.2.2.1.3 step 1]
        """
        self.assertEqual([each.status for each in self.provisional], [180])
        self.assertNoResult(self.pending)
        self.assertEqual(self.link.texts, [QUESTION])
        (sent,) = self.link.submitted
        self.assertEqual(sent.source_addr, "15145550001")
        self.taken("no")

    def test_yes(self) -> None:
        """8 d: the user accepts. [TS 6.1.4 step 8d] [TS 6.2.2.1.3 deliver_sm 4]"""
        self.assertEqual(self.taken(" Yes! "), CommandStatus.ESME_ROK)
        answer = self.final
        self.assertEqual(answer.status, 200)
        self.ack(answer)
        self.assertEqual(len(self.stream.remotes), 1)

    def test_no(self) -> None:
        """8 d: the user declines. [TS 6.1.4 step 8d]"""
        self.assertEqual(self.taken("no"), CommandStatus.ESME_ROK)
        self.assertEqual(self.final.status, 603)
        self.assertEqual(len(self.chats), 0)
        self.assertTrue(self.stream.closed)

    def test_leave_declines(self) -> None:
        """Who would leave what is only asked of declines it."""
        self.taken("leave")
        self.assertEqual(self.final.status, 603)

    def test_declined_otherwise(self) -> None:
        """8 d: by policy a refusal is a 480."""
        self.taken("no")
        self.change(declined_status=480, ask_again=0)
        again = self.ask(invite(ALICE, BOB, call_id="2"))
        self.taken("no")
        self.assertEqual(self.successResultOf(again).status, 480)

    def test_silence(self) -> None:
        """Without an answer in time: 408. [TS 6.1.4 408]"""
        self.network.advance(179)
        self.assertNoResult(self.pending)
        self.network.advance(1.1)
        self.assertEqual(self.final.status, 408)
        self.assertEqual(len(self.chats), 0)

    def test_rings_on(self) -> None:
        """The caller hears 180 again while it takes its time (RFC 3261 13.3.1.1)."""
        self.network.advance(130)
        self.assertEqual({each.status for each in self.provisional}, {180})
        self.assertGreaterEqual(len(self.provisional), 3)
        self.taken("no")

    def test_cancel(self) -> None:
        """The inviter gives up while the user is asked."""
        self.peer.cancel(self.pending)
        self.network.settle()
        self.assertEqual(self.final.status, 487)
        self.assertEqual(len(self.chats), 0)

    def test_cancelled_before_the_answer(self) -> None:
        """Who accepts what was taken back is told so."""
        self.peer.cancel(self.pending)
        self.network.settle()
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(self.link.texts[1:], [TOO_LATE])

    def test_other_words(self) -> None:
        """What is no answer is a message. [TS 6.2.2.1.3 deliver_sm 3]"""
        self.assertEqual(self.passed_on("Who is this?"), ALICE)
        self.assertNoResult(self.pending)
        self.taken("no")

    def test_other_number(self) -> None:
        """An answer to another number is none. [TS 6.2.2.1.3 deliver_sm 1]"""
        self.assertEqual(
            self.passed_on("yes", target="+15145550009"), "tel:+15145550009"
        )
        self.assertNoResult(self.pending)
        self.taken("no")

    def test_other_user(self) -> None:
        """Who was not invited cannot answer. [TS 6.2.2.1.3 deliver_sm 2]"""
        self.assertEqual(self.passed_on("yes", source="+15145550009"), ALICE)
        self.assertNoResult(self.pending)
        self.taken("no")

    def test_second_invitation_while_asking(self) -> None:
        """Two questions of one inviter have one answer: 600."""
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="2")).status, 600)
        self.taken("no")

    def test_several(self) -> None:
        """Each inviter has a question and an answer of their own."""
        carol = "tel:+15145550003"
        other = self.ask(invite(carol, BOB, call_id="2"))
        self.taken("yes", target="+15145550003")
        self.assertEqual(self.successResultOf(other).status, 200)
        self.assertNoResult(self.pending)
        self.taken("no")
        self.assertEqual(self.final.status, 603)

    def test_stop(self) -> None:
        """A gateway that stops lets nobody wait."""
        Deferred.fromCoroutine(self.chats.stop())
        self.network.settle()
        self.assertEqual(self.final.status, 480)

    def test_msrp_lost_meanwhile(self) -> None:
        """Where the media are lost while the user is asked: 480."""
        self.stream.user.lost(Exception("gone"))
        self.network.settle()
        self.assertEqual(self.final.status, 480)

    def test_failed_question(self) -> None:
        """8 d, last sentence: what becomes of the message is no answer."""
        self.assertEqual(self.store.messages, [])
        self.assertEqual(self.link.submitted[0].registered_delivery, 0)
        self.taken("no")


class AskingInVain(Room):
    session = {"accept": "ask"}

    def test_refused(self) -> None:
        """The SM-SC does not take the question: Table 2.

        [TS 6.2.2.1.3 submit_sm_resp]
        """
        self.link.statuses = [CommandStatus.ESME_RDELIVERYFAILURE]
        answer = self.invite()
        self.assertEqual(answer.status, 480)
        self.assertEqual(len(self.chats), 0)

    def test_silent(self) -> None:
        """No submit_sm_resp is no refusal: the user's answer counts.

        (6.1.4 step 8d: any other response is ignored.)
        """
        self.link.statuses = [None]
        pending = self.ask(invite(ALICE, BOB))
        self.link.held[0].errback(ResponseTimeout("no answer"))
        self.network.settle()
        self.assertNoResult(pending)
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_refused_after_the_answer(self) -> None:
        """An error after the final answer changes nothing."""
        self.link.statuses = [None]
        pending = self.ask(invite(ALICE, BOB))
        self.taken("no")
        self.assertEqual(self.successResultOf(pending).status, 603)
        self.link.held[0].callback(
            self.link.answer(CommandStatus.ESME_RDELIVERYFAILURE)
        )
        self.network.settle()
        self.assertEqual(len(self.chats), 0)


class ResponseCodes(Room):
    """CDMA: the user answers with a code (Tables 4 and 5)."""

    session = {"accept": "ask"}
    policy = {"sms": SmsPolicy(user_answer="response_code", accept_code=3)}
    ack_class = int(EsmClass.MANUAL_ACKNOWLEDGEMENT)

    def setUp(self) -> None:
        super().setUp()
        self.pending = self.ask(invite(ALICE, BOB))

    def respond(self, code: int) -> int | InboundMessage:
        """The user's acknowledgement comes, with a code."""
        tlvs = (Tlv(Tag.USER_RESPONSE_CODE, bytes([code])),)
        return self.taken("", tlvs=tlvs, esm_class=self.ack_class)

    def test_asked_for(self) -> None:
        """Table 4: the user's acknowledgement is asked for."""
        (sent,) = self.link.submitted
        wanted = RegisteredDelivery.SME_MANUAL_ACKNOWLEDGEMENT.value
        self.assertEqual(sent.registered_delivery, wanted)
        self.respond(1)

    def test_accepted(self) -> None:
        """Table 5: the code of policy accepts."""
        self.assertEqual(self.respond(3), CommandStatus.ESME_ROK)
        self.assertEqual(self.successResultOf(self.pending).status, 200)

    def test_declined(self) -> None:
        """Table 5: every other code declines."""
        self.assertEqual(self.respond(1), CommandStatus.ESME_ROK)
        self.assertEqual(self.successResultOf(self.pending).status, 603)

    def test_of_nothing(self) -> None:
        """An acknowledgement that answers nothing is never a message."""
        self.respond(1)
        self.assertEqual(self.respond(1), CommandStatus.ESME_RINVDSTADR)
