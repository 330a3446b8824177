"""Another offer in a session with an SMS user (TS 6.1.5)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Response
from tests.flows.dialog import invite, offer, within
from tests.iwf.sms.chat.room import ALICE, Room
from txsmpp.status import CommandStatus

MOVED = offer().replace(b"127.0.0.1:9/abc", b"127.0.0.1:9/moved")
SOUND = offer().replace(b"m=message 9 TCP/MSRP *", b"m=audio 9 RTP/AVP 0")


class Changing(Room):
    session = {"inform_invited": "never", "inform_closed": "never"}

    def setUp(self) -> None:
        super().setUp()
        self.answered = self.establish()

    def modify(self, body: bytes = MOVED, method: str = "INVITE") -> Deferred[Response]:
        """Send another offer; its ACK follows where it is accepted."""
        request = self.in_dialog(method, self.answered, body=body)
        answer = self.ask(request)
        answer.addCallback(self.acknowledged, request.cseq.number)
        self.network.settle()
        return answer

    def acknowledged(self, response: Response, cseq: int) -> Response:
        """ACK a 2xx to a re-INVITE."""
        if response.status == 200 and response.cseq.method == "INVITE":
            ack = within("ACK", self.first, self.answered, cseq)
            self.peer.acknowledge(ack, "sip:127.0.0.1:5060")
        return response

    def modified(self, body: bytes = MOVED, method: str = "INVITE") -> Response:
        """The answer to another offer that is answered at once."""
        response: Response = self.successResultOf(self.modify(body, method))
        return response


class Accepting(Changing):
    def test_accepted(self) -> None:
        """5. It is accepted: 200 with an SDP answer; the media go by it.

        [TS 6.1.5 step 5] [TS 6.1.5 step 1]
        """
        for method in ("INVITE", "UPDATE"):
            response = self.modified(method=method)
            self.assertEqual(response.status, 200, method)
            self.assertIn("IWF-SMS-serv", response.headers.get("Server") or "")
            (stream,) = streams(parse_sdp(response.body))
            self.assertEqual(stream.path, self.stream.path)
        self.assertEqual(
            self.stream.remotes[-1].path, ("msrp://127.0.0.1:9/moved;tcp",)
        )
        self.assertEqual(self.say("Hello"), 200)

    def test_nothing_acceptable(self) -> None:
        """2. What is not acceptable is refused, and all goes on as it was.

        [TS 6.1.5 step 2]
        """
        self.assertEqual(self.modified(SOUND).status, 488)
        self.assertEqual(len(self.stream.remotes), 1)
        self.assertEqual(self.say("Hello"), 200)

    def test_hold(self) -> None:
        """While the CPM user holds the session nothing is sent into it."""
        self.modified(offer() + b"a=inactive\r\n")
        self.assertEqual(self.passed_on("Hi"), ALICE)
        self.modified(offer())
        self.assertEqual(self.taken("Hi"), CommandStatus.ESME_ROK)

    def test_refresh(self) -> None:
        """What changes nothing is answered as before (RFC 4028)."""
        self.assertEqual(self.modified(offer()).status, 200)
        self.assertEqual(len(self.stream.remotes), 1)

    def test_unknown_session(self) -> None:
        """In a dialog that is not there: 481."""
        self.within("BYE", self.answered)
        self.assertEqual(self.modified().status, 481)


class Rejecting(Changing):
    session = {**Changing.session, "modification": "reject"}

    def test_rejected(self) -> None:
        """By policy the media are not changed: 488. [RCC.10 4 concepts 6]"""
        self.assertEqual(self.modified().status, 488)
        self.assertEqual(len(self.stream.remotes), 1)

    def test_refresh(self) -> None:
        """A refresh is no change, and nobody's choice."""
        self.assertEqual(self.modified(offer()).status, 200)


class LeavingMeanwhile(Changing):
    session = {**Changing.session, "modification": "ask", "answer_timeout": 60}

    def test_leave(self) -> None:
        """Who is asked of a change and says to leave has left. [TS 6.2.2.2.4]"""
        pending = self.modify()
        self.assertEqual(self.taken("leave"), CommandStatus.ESME_ROK)
        (bye,) = self.byes
        self.assertIn("cause=200", bye.headers.get("Reason") or "")
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(len(self.chats), 0)


class Asking(Changing):
    """6. The user is asked."""

    session = {**Changing.session, "modification": "ask", "answer_timeout": 60}

    def test_yes(self) -> None:
        """6 a to c: a question, and 200 when it is answered with yes.

        [TS 6.1.5 step 6]
        """
        pending = self.modify()
        self.assertNoResult(pending)
        self.assertEqual(len(self.link.texts), 1)
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(self.successResultOf(pending).status, 200)
        self.assertEqual(self.stream.sent, [])

    def test_no(self) -> None:
        """6 c: declined; the session goes on."""
        pending = self.modify()
        self.taken("no")
        self.assertEqual(self.successResultOf(pending).status, 603)
        self.assertEqual(len(self.stream.remotes), 1)

    def test_other_words(self) -> None:
        """What is no answer is a chat message."""
        pending = self.modify()
        self.taken("Hi")
        self.assertEqual(len(self.stream.sent), 1)
        self.taken("no")
        self.successResultOf(pending)

    def test_no_question(self) -> None:
        """Where nothing is asked yes is a chat message."""
        self.taken("yes")
        self.assertEqual(len(self.stream.sent), 1)

    def test_silence(self) -> None:
        """Without an answer in time: 408, and the session goes on."""
        pending = self.modify()
        self.network.advance(59)
        self.assertNoResult(pending)
        self.assertEqual([each.status for each in self.provisional], [180])
        self.network.advance(2)
        self.assertEqual(self.successResultOf(pending).status, 408)
        self.assertEqual(self.say("Hello"), 200)

    def test_cancel(self) -> None:
        """The CPM user gives the change up: 487, and the session goes on."""
        pending = self.modify()
        self.peer.cancel(pending)
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(len(self.stream.sent), 1)

    def test_not_delivered(self) -> None:
        """The question cannot be delivered: Table 2."""
        self.link.statuses = [CommandStatus.ESME_RINVDSTADR]
        self.assertEqual(self.modified().status, 404)
        self.assertEqual(self.say("Hello"), 200)

    def test_ends_meanwhile(self) -> None:
        """The session ends while the user is asked."""
        pending = self.modify()
        self.within("BYE", self.answered)
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(self.passed_on("yes"), ALICE)

    def test_refresh(self) -> None:
        """A refresh asks nobody."""
        self.assertEqual(self.modified(offer()).status, 200)
        self.assertEqual(self.link.texts, [])


class AskingLong(Changing):
    session = {**Changing.session, "modification": "ask", "answer_timeout": 600}

    def test_long(self) -> None:
        """A user may take as long as policy lets; the caller hears of it meanwhile."""
        pending = self.modify()
        self.network.advance(590)
        self.assertNoResult(pending)
        self.assertGreaterEqual(len(self.provisional), 9)
        self.taken("yes")
        self.assertEqual(self.successResultOf(pending).status, 200)

    def test_update(self) -> None:
        """An UPDATE does not wait so long: re-INVITE it is (RFC 3311 5.2)."""
        self.assertEqual(self.modified(method="UPDATE").status, 504)
        self.assertEqual(self.link.texts, [])
        self.assertEqual(self.say("Hello"), 200)


class AskedAlready(Changing):
    session = {**Changing.session, "modification": "ask", "accept": "accept"}

    def test_second_offer(self) -> None:
        """A second change while the first is open is told to wait (RFC 3261 14.2)."""
        pending = self.modify()
        again = self.modified()
        self.assertIn(again.status, (491, 500))
        self.taken("no")
        self.successResultOf(pending)

    def test_invitations_beside_it(self) -> None:
        """A question of another session has an answer of its own."""
        pending = self.modify()
        self.change(accept="ask")
        other = self.ask(invite("tel:+15145550003", "tel:+15145550002", call_id="2"))
        self.taken("yes", target="+15145550003")
        self.assertEqual(self.successResultOf(other).status, 200)
        self.assertNoResult(pending)
        self.taken("no")
        self.assertEqual(self.successResultOf(pending).status, 603)
