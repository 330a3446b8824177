"""The invitation of an MMS user (TS 6.1.4, 6.3.1.1.6.1, 6.3.1.1.7)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.mm4.entity import leaf, multipart
from cpmgw.mm4.pdu import MessageType
from cpmgw.mm4.smil import has_smil
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Response
from tests.flows.dialog import IDS, invite, offer
from tests.iwf.mms.chat.room import ALICE, BOB, OURS, THEIRS, MmsRoom
from tests.iwf.mms.chat.stand_ins import refused, text_of
from tests.iwf.sessions.invites import NUMBER, here

QUESTION = (
    "+15145550001 would like to chat with you. Answer yes to accept or no to decline."
)
OK = "Ok"


class Accepting(MmsRoom):
    """The session is accepted for the user, who is not told."""

    session = {"inform_invited": "never", "inform_closed": "never"}

    def test_answer(self) -> None:
        """The 200 says that MMS is used, and for whom. [TS 6.3.1.1.7 session]"""
        answer = self.establish().headers
        self.assertIn("IWF-MMS-serv/OMA2.1", answer.get("Server") or "")
        self.assertEqual(answer.get("P-Asserted-Identity"), f"<{BOB}>")
        self.assertEqual(answer.get("Message-Context"), "multimedia-message")
        for name, value in IDS:
            self.assertEqual(answer.get(name), value)
        self.assertIsNone(answer.get("IW-Number"))
        self.assertEqual(self.forwarding.parcels, [])

    def test_media(self) -> None:
        """What MMS takes of what is offered, and no other, by policy."""
        answer = self.invite(body=offer("image/png text/plain application/x-game"))
        (stream,) = streams(parse_sdp(answer.body))
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("image/png", "text/plain"))
        self.assertEqual(stream.max_size, 90_000)

    def test_pictures_alone(self) -> None:
        """A session without text has a form in MMS; one of what it has not is 488."""
        answer = self.invite(invite(ALICE, BOB, body=offer("model/x"), call_id="2"))
        self.assertEqual(answer.status, 488)
        self.assertEqual(self.invite(body=offer("image/jpeg")).status, 200)

    def test_no_relay(self) -> None:
        """A user whom no relay serves is not found."""
        self.relays.replace([])
        self.assertEqual(self.invite().status, 404)
        self.assertEqual((len(self.chats), self.node.sessions), (0, []))

    def test_no_store(self) -> None:
        """Where nothing can be remembered there is no session."""
        self.store.healthy = False
        self.assertEqual(self.invite().status, 503)

    def test_no_number(self) -> None:
        """An inviter without a number has no address in MM4."""
        self.assertEqual(self.invite(invite("sip:ann@example.net", BOB)).status, 488)


class AllTypes(MmsRoom):
    """Policy keeps what MMS does not take in the answer."""

    session = {"inform_invited": "never", "inform_closed": "never"}
    mms = {"unsupported_types": "keep"}

    def test_media(self) -> None:
        """All that was offered is named."""
        answer = self.invite(body=offer("image/png application/x-game"))
        (stream,) = streams(parse_sdp(answer.body))
        self.assertEqual(
            stream.accept_wrapped_types, ("image/png", "application/x-game")
        )


class Asking(MmsRoom):
    """The user is asked."""

    session = {"accept": "ask", "inform_closed": "never", "ask_again": 0}

    def ring(self, **details: object) -> Deferred[Response]:
        """An invitation whose answer is awaited."""
        self.first = invite(ALICE, BOB, **details)  # type: ignore[arg-type]
        return self.ask(self.first)

    def test_question(self) -> None:
        """It goes from the inviter's number to the user's. [TS 6.3.1.1.6.1 step 4]

        [TS 6.3.1.1.6.1 step 2a] [SCR Int-S-039-O]
        """
        self.ring()
        self.assertEqual(self.forwarding.texts, [QUESTION])
        (parcel,) = self.forwarding.parcels
        sender = f"+15145550001/TYPE=PLMN@{OURS}"
        recipient = f"+15145550002/TYPE=PLMN@{THEIRS}"
        self.assertEqual(parcel.mail_from, sender)
        self.assertEqual(parcel.recipients, (recipient,))
        self.assertEqual((self.sent.sender, self.sent.to), (sender, (recipient,)))
        transaction = self.sent.transaction
        self.assertIs(transaction.type, MessageType.FORWARD_REQ)
        self.assertTrue(self.sent.acknowledge)
        self.assertIsNone(parcel.sent)

    def test_accept(self) -> None:
        """A word that accepts makes a 200, and is answered. [TS 6.3.1.1.6.1 forward 2]

        [TS 6.3.1.1.6.1 forward 4]
        """
        ringing = self.ring()
        self.assertNoResult(ringing)
        self.assertEqual(self.taken("Yes!"), OK)
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 200)

    def test_accept_in_many_parts(self) -> None:
        """A word in a text part counts, with the SMIL that shows it."""
        ringing = self.ring()
        word = multipart(
            "related",
            (leaf("application/smil", b"<smil/>"), leaf("text/plain", b"yes")),
        )
        self.assertEqual(self.taken(word), OK)
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 200)

    def test_reject(self) -> None:
        """A word that rejects makes a 603. [TS 6.3.1.1.6.1 forward 2]"""
        ringing = self.ring()
        self.assertEqual(self.taken("no"), OK)
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 603)
        self.assertEqual(len(self.chats), 0)

    def test_no_answer(self) -> None:
        """What is no answer is a message to the inviter. [TS 6.3.1.1.6.1 forward 1]"""
        ringing = self.ring()
        self.assertEqual(self.passed_on("Who are you?"), ALICE)
        picture = multipart(
            "mixed", (leaf("text/plain", b"yes"), leaf("image/png", b"\x89PNG"))
        )
        self.assertEqual(self.passed_on(picture), ALICE)
        self.assertNoResult(ringing)
        self.taken("no")

    def test_refused_by_the_relay(self) -> None:
        """A negative MM4_forward.RES makes a 4xx. [TS 6.3.1.1.6.1 step 5]"""
        self.forwarding.faults = [refused(403, "mmsc-refused")]
        ringing = self.ring()
        self.assertEqual(self.successResultOf(ringing).status, 403)
        self.assertEqual(len(self.chats), 0)

    def test_silent_relay(self) -> None:
        """No MM4_forward.RES is no negative one: the user's answer counts.

        [TS 6.3.1.1.6.1 step 5]
        """
        self.forwarding.faults = [refused(408, "mmsc-silent", may_have_left=True)]
        ringing = self.ring()
        self.assertNoResult(ringing)
        self.assertEqual(self.taken("yes"), OK)
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 200)

    def test_silent_relay_and_user(self) -> None:
        """Nor is an answer that comes too late a message then."""
        self.forwarding.faults = [refused(408, "mmsc-silent", may_have_left=True)]
        ringing = self.ring()
        self.network.advance(181)
        self.assertEqual(self.successResultOf(ringing).status, 408)
        self.assertEqual(self.taken("yes"), OK)

    def test_content_refused(self) -> None:
        """415 would be of the INVITE's own body (RFC 3261 21.4.13): 488."""
        self.forwarding.faults = [refused(415, "content")]
        self.assertEqual(self.successResultOf(self.ring()).status, 488)
        self.assertEqual(self.refusal.cause, "content")

    def test_answer_before_the_relay(self) -> None:
        """An answer that is here before MM4_forward.RES counts."""
        self.forwarding.held = []
        ringing = self.ring()
        self.assertEqual(self.taken("yes"), OK)
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 200)
        self.forwarding.held[0].callback(None)

    def test_silence(self) -> None:
        """Nobody answers: 408; one that comes then is too late, and is told."""
        ringing = self.ring()
        self.network.advance(181)
        self.assertEqual(self.successResultOf(ringing).status, 408)
        self.assertEqual(self.taken("yes"), OK)
        self.network.settle()
        self.assertIn("too late", self.forwarding.texts[-1])
        self.assertEqual(self.passed_on("yes"), ALICE)


class Informing(MmsRoom):
    """The user is told of what was accepted."""

    session = {"inform_invited": "always"}

    def test_silent_relay(self) -> None:
        """Where nobody knows whether the user was told the session goes on."""
        self.forwarding.faults = [refused(408, "mmsc-silent", may_have_left=True)]
        self.assertEqual(self.invite().status, 200)

    def test_refused(self) -> None:
        """Where the user was not told nobody is told of an end."""
        self.forwarding.faults = [refused(415, "content")]
        self.assertEqual(self.invite().status, 488)
        self.assertEqual(len(self.forwarding.parcels), 1)

    def test_cancelled_meanwhile(self) -> None:
        """Who was told of a session is told that it comes to nothing."""
        held: list[Deferred[None]] = []
        self.forwarding.held = held
        pending = self.ask(invite(ALICE, BOB))
        self.forwarding.held = None
        self.network.advance(0.3)
        self.peer.cancel(pending)
        self.network.settle()
        held[0].callback(None)
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(
            self.forwarding.texts[1:], ["The chat with +15145550001 has been closed."]
        )

    def test_cannot_replace(self) -> None:
        """One that goes on all the same is not said to be closed."""
        self.establish()
        body = offer("model/x")
        self.assertEqual(
            self.invite(invite(ALICE, BOB, call_id="2", body=body)).status, 488
        )
        self.assertEqual(len(self.forwarding.parcels), 1)


class OwnNumber(MmsRoom):
    """Each session has a number of its own."""

    session = {"accept": "ask", "sender": "number", "inform_closed": "never"}

    def test_number(self) -> None:
        """The question comes from it, and names the inviter.

        [TS 6.3.1.1.6.1 step 2a]
        """
        self.first = invite(ALICE, BOB)
        ringing = self.ask(self.first)
        number = "+15145559000"
        self.assertEqual(self.sent.sender, f"{number}/TYPE=PLMN@{OURS}")
        self.assertIn("+15145550001", self.forwarding.texts[0])
        self.assertEqual(self.taken("yes", target=number), OK)
        self.network.settle()
        self.ack(self.successResultOf(ringing))
        ((_, allocation),) = self.store.allocations.items()
        self.assertEqual(allocation.service, "MMS")

    def test_hidden(self) -> None:
        """Who is hidden is behind it, and can be answered all the same."""
        self.first = invite(ALICE, BOB, headers=(*IDS, ("Privacy", "id")))
        ringing = self.ask(self.first)
        self.assertIsNone(self.sent.hide)
        self.assertNotIn("+15145550001", self.forwarding.texts[0])
        self.assertEqual(self.taken("yes", target="+15145559000"), OK)
        self.network.settle()
        self.ack(self.successResultOf(ringing))

    def test_nobody(self) -> None:
        """A message to a number of ours that stands for nobody is refused."""
        self.assertEqual(
            self.taken("Hi", target="+15145559042"),
            "Error-sending-address-unresolved",
        )


class Groups(MmsRoom):
    session = {"inform_closed": "never", "participant_information": False}

    def test_informed(self) -> None:
        """The user is told who invites, and of which group, from its number.

        [TS 6.3.1.1.6.1 step 2b] [TS 6.3.1.1.7 session]
        """
        answer = self.invite(here(("Subject", "Chess")))
        self.assertEqual(
            self.forwarding.texts, ['+15145550001 has added you to the group "Chess".']
        )
        self.assertEqual(self.sent.sender, f"{NUMBER}/TYPE=PLMN@{OURS}")
        self.assertEqual(self.sent.subject, "Chess")
        self.assertEqual(answer.headers.get("IW-Number"), f"tel:{NUMBER}")


class Multipart(MmsRoom):
    session = {"accept": "ask", "ask_again": 0}
    mms = {"notice_form": "multipart"}

    def test_form(self) -> None:
        """By policy what the IWF says is a multipart with SMIL."""
        ringing = self.ask(invite(ALICE, BOB))
        self.assertTrue(has_smil(self.sent_entity))
        self.assertEqual(text_of(self.sent_entity), QUESTION)
        self.taken("no")
        self.network.settle()
        self.assertEqual(self.successResultOf(ringing).status, 603)


class Standalone(MmsRoom):
    def test_no_session(self) -> None:
        """Without any session a message goes on as it came."""
        message = self.mms_of("Hi")
        taken = Deferred.fromCoroutine(self.chats.take(message))
        self.assertIs(self.successResultOf(taken), message)
