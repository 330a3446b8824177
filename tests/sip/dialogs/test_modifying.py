"""Changes of a call: re-INVITE and UPDATE, and where two meet (14, RFC 3311)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.interfaces import CallFailed, CallSettings, Ending
from cpmgw.sip.dialogs.modifying import TRIES
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import (
    ALICE,
    ANSWER,
    BOB,
    SDP,
    CallTestCase,
    is_request,
    is_response,
)

NEW = b"v=0 new"


class ModifyTestCase(CallTestCase):
    settings = CallSettings(modify_timeout=20.0)

    def setUp(self) -> None:
        super().setUp()
        self.hers, self.his = self.connect()

    def ask(self, method: str, body: bytes = b"") -> Deferred[Response]:
        """A request of Alice's by hand."""
        fields = (("Contact", "<sip:new@127.0.0.1:5070>"), SDP)
        request = self.hers.dialog.request(method, fields, body)
        answer = self.alice.endpoint.request(request)
        self.settle()
        return answer

    def reinvited(self) -> list[Request]:
        """Alice's re-INVITEs, as they were sent."""
        return [each for each in self.requests(BOB, "INVITE") if each.to.tag]


class Reinviting(ModifyTestCase):
    def test_reinvite(self) -> None:
        """Another offer is answered by the user, and acknowledged (14)."""
        answer = self.hers.reinvite(NEW)
        self.settle()
        response = self.successResultOf(answer)
        self.assertEqual((response.status, response.body), (200, b"v=0 changed"))
        (request,) = self.bob.person.changes
        self.assertEqual(request.body, NEW)
        self.assertEqual(request.content_type, "application/sdp")
        self.assertEqual([each.cseq.number for each in self.bob.person.acks], [1, 2])
        self.assertEqual(self.hers.description, NEW)
        self.assertEqual(self.his.description, b"v=0 changed")
        self.hang_up()

    def test_refused(self) -> None:
        """What is refused leaves all as it was (14.1, 14.2)."""
        self.bob.person.change = lambda request: respond(request, 488)
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 488)
        self.assertEqual(self.his.description, ANSWER)
        self.assertFalse(self.hers.over)
        self.hang_up()

    def test_target(self) -> None:
        """The Contact of a change, and of its answer, is where to send to (12.2)."""
        self.alice.contact = self.hers.contact = "<sip:moved@127.0.0.1:5070>"
        self.his.contact = "<sip:away@127.0.0.1:5080>"
        self.hers.reinvite(NEW)
        self.settle()
        self.assertEqual(str(self.hers.dialog.target), "sip:away@127.0.0.1:5080")
        self.assertEqual(str(self.his.dialog.target), "sip:moved@127.0.0.1:5070")
        self.hang_up()

    def test_target_of_a_refused_change(self) -> None:
        """A change that is refused leaves the target too."""
        self.bob.person.change = lambda request: respond(request, 488)
        self.ask("INVITE", NEW)
        self.assertEqual(str(self.his.dialog.target), "sip:party@127.0.0.1:5070")
        self.hang_up()

    def test_without_an_offer(self) -> None:
        """Who is asked for an offer offers what holds (14.2)."""
        answer = self.successResultOf(self.ask("INVITE"))
        self.assertEqual((answer.status, answer.body), (200, ANSWER))
        update = self.successResultOf(self.ask("UPDATE", NEW))
        self.assertEqual(update.status, 491)  # our offer has no answer yet
        ack = self.hers.dialog.ack(answer.cseq.number)
        self.alice.endpoint.acknowledge(ack)
        self.settle()
        self.assertEqual(len(self.bob.person.acks), 2)
        self.assertEqual(self.bob.person.changes, [])
        self.hang_up()

    def test_lost_ack(self) -> None:
        """The 200 of a re-INVITE is repeated until its ACK, in the same octets."""
        self.network.lose = is_request("ACK")
        self.hers.reinvite(NEW)
        self.network.advance(1)
        self.network.lose = lambda _: False
        self.network.advance(1)
        self.assertEqual(len(self.bob.person.acks), 2)
        first, *again = self.octets_of(ALICE, 200)[1:]
        self.assertEqual(again, [first, first])
        self.hang_up()

    def test_never_acknowledged(self) -> None:
        """Without its ACK the call ends (14.2)."""
        self.network.lose = is_request("ACK")
        self.hers.reinvite(NEW)
        self.network.advance(32)
        self.assertEqual(self.bob.person.how, [Ending.NOT_ACKNOWLEDGED])
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_cancelled(self) -> None:
        """A CANCEL ends what the user has under way: 487, and the call goes on."""
        stopped: list[object] = []
        self.bob.person.change = lambda _: Deferred(stopped.append)
        answer = self.ask("INVITE", NEW)
        self.network.advance(0.3)
        self.alice.endpoint.cancel(answer)
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertEqual(len(stopped), 1)
        self.bob.person.change = lambda request: respond(request, 200, body=NEW)
        again = self.hers.reinvite(NEW)
        self.settle()
        self.assertEqual(self.successResultOf(again).status, 200)
        self.hang_up()

    def test_too_slow(self) -> None:
        """A re-INVITE without an answer is cancelled after `modify_timeout`."""
        self.bob.person.change = lambda _: Deferred()
        answer = self.hers.reinvite(NEW)
        self.network.advance(19.9)
        self.assertNoResult(answer)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertFalse(self.hers.over)
        self.hang_up()

    def test_thinking(self) -> None:
        """Who takes his time to answer lets it ring: 180, and again (13.3.1.1)."""
        waiting: Deferred[Response] = Deferred()
        self.bob.person.change = lambda _: waiting
        answer = self.ask("INVITE", NEW)
        self.assertEqual(self.statuses(), [180])
        self.network.advance(121)
        self.assertEqual(self.statuses(), [180] * 3)
        waiting.callback(respond(self.bob.person.changes[0], 488))
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 488)
        self.network.advance(121)
        self.assertEqual(self.statuses(), [180, 180, 180, 488])
        self.hang_up()

    def statuses(self) -> list[int]:
        """What Bob has answered to re-INVITEs, but for 100."""
        found = [each.status for each in self.responses(ALICE)[1:]]
        return [each for each in found if each > 100]

    def test_after_the_end(self) -> None:
        """A call that is over cannot be changed."""
        self.hang_up()
        self.failureResultOf(self.hers.reinvite(NEW), CallFailed)

    def test_duplicate_200(self) -> None:
        """A 200 of a re-INVITE that comes twice has two ACKs."""
        self.network.repeat_datagram(2)
        self.hers.reinvite(NEW)
        self.settle()
        self.assertEqual(len(self.requests(BOB, "ACK")), 3)
        self.hang_up()

    def test_one_after_the_other(self) -> None:
        """A second change waits for the first (14.1)."""
        answers = [self.hers.reinvite(b"v=0 1"), self.hers.reinvite(b"v=0 2")]
        self.settle()
        self.assertEqual(len(self.reinvited()), 1)
        self.network.advance(3.1)
        for answer in answers:
            self.assertEqual(self.successResultOf(answer).status, 200)
        self.assertEqual(self.hers.description, b"v=0 2")
        self.hang_up()


class Glare(ModifyTestCase):
    def test_both(self) -> None:
        """Each is 491 to the other; the callee tries again first (14.1)."""
        hers, his = self.hers.reinvite(b"v=0 hers"), self.his.reinvite(b"v=0 his")
        self.settle()
        self.assertEqual([r.status for r in self.responses(ALICE)[1:]], [491])
        self.assertEqual([r.status for r in self.responses(BOB)], [491])
        self.network.advance(0.9)
        self.assertNoResult(his)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(his).status, 200)
        self.assertNoResult(hers)
        self.network.advance(2)
        self.assertEqual(self.successResultOf(hers).status, 200)
        self.hang_up()

    def test_for_ever(self) -> None:
        """After some tries the 491 is the answer."""
        self.bob.person.change = lambda request: respond(request, 491)
        answer = self.hers.reinvite(NEW)
        self.network.advance(20)
        self.assertEqual(self.successResultOf(answer).status, 491)
        self.assertEqual(len(self.reinvited()), TRIES)
        self.assertFalse(self.hers.over)
        self.hang_up()

    def test_end_while_waiting(self) -> None:
        """Who waits for his turn is told when the call ends."""
        self.bob.person.change = lambda request: respond(request, 491)
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.hang_up()
        self.failureResultOf(answer, CallFailed)

    def test_behind_an_open_one(self) -> None:
        """A second re-INVITE while the first is open: 500 with Retry-After (14.2)."""
        waiting: Deferred[Response] = Deferred()
        self.bob.person.change = lambda _: waiting
        first = self.ask("INVITE", NEW)
        second = self.successResultOf(self.ask("INVITE", NEW))
        self.assertEqual(second.status, 500)
        self.assertEqual(second.headers.raw("Retry-After"), ["5"])
        update = self.successResultOf(self.ask("UPDATE", NEW))
        self.assertEqual(update.status, 500)
        bare = self.successResultOf(self.ask("UPDATE"))
        self.assertEqual(bare.status, 200)
        waiting.callback(respond(self.bob.person.changes[0], 488))
        self.settle()
        self.assertEqual(self.successResultOf(first).status, 488)
        self.hang_up()

    def test_retry_after(self) -> None:
        """A 500 that says when is asked again then; another one is the answer."""
        self.bob.person.change = lambda request: respond(
            request, 500, headers=(("Retry-After", "7"),)
        )
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.bob.person.change = lambda request: respond(
            request, 500, headers=(("Retry-After", "11"),)
        )
        self.network.advance(6.9)
        self.assertEqual(len(self.reinvited()), 1)
        self.network.advance(0.2)
        self.assertEqual(len(self.reinvited()), 2)
        self.assertEqual(self.successResultOf(answer).status, 500)
        self.hang_up()

    def test_before_the_ack(self) -> None:
        """Our 2xx lacks its ACK: what would change the call meanwhile is 491."""
        self.network.lose = is_request("ACK")
        self.hers.reinvite(NEW)
        self.settle()
        again = self.successResultOf(self.ask("INVITE", NEW))
        self.assertEqual(again.status, 491)
        self.network.lose = lambda _: False
        self.network.advance(1)
        self.hang_up()


class Updating(ModifyTestCase):
    def test_offer(self) -> None:
        """The user answers an offer in an UPDATE (RFC 3311 5.2)."""
        answer = self.successResultOf(self.ask("UPDATE", NEW))
        self.assertEqual((answer.status, answer.body), (200, b"v=0 changed"))
        self.assertEqual(answer.content_type, "application/sdp")
        self.assertEqual(str(self.his.dialog.target), "sip:new@127.0.0.1:5070")
        self.assertEqual(self.bob.person.acks[1:], [])
        self.hang_up()

    def test_without_an_offer(self) -> None:
        """Without one it is answered here."""
        answer = self.successResultOf(self.ask("UPDATE"))
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.content_type, None)
        self.assertEqual(self.bob.person.changes, [])
        self.hang_up()

    def test_against_our_reinvite(self) -> None:
        """An offer that meets our own is 491 (RFC 3311 5.2)."""
        self.bob.person.change = lambda _: Deferred()
        self.hers.reinvite(NEW)
        self.settle()
        request = self.his.dialog.request("UPDATE", (SDP,), NEW)
        answer = self.bob.endpoint.request(request)
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 491)
        self.hang_up()

    def test_reinvite_against_our_reinvite(self) -> None:
        """A re-INVITE that meets our own is 491, with an offer or without (14.2)."""
        self.bob.person.change = lambda _: Deferred()
        self.hers.reinvite(NEW)
        self.settle()
        for body in (b"", NEW):
            request = self.his.dialog.request("INVITE", (SDP,), body)
            answer = self.bob.endpoint.request(request)
            self.settle()
            self.assertEqual(self.successResultOf(answer).status, 491)
        self.hang_up()


class AgainstBye(ModifyTestCase):
    def test_user_that_hangs_up(self) -> None:
        """A user that hangs up instead of an answer has given one: 487."""

        def change(request: Request) -> Response:
            self.his.bye()
            return respond(request, 200, body=NEW)

        self.bob.person.change = change
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])

    def test_our_open_reinvite(self) -> None:
        """A re-INVITE that is open when we hang up is cancelled."""
        self.bob.person.change = lambda _: Deferred()
        self.network.lose = is_request("BYE")
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.hers.bye()
        self.settle()
        self.assertEqual(len(self.requests(BOB, "CANCEL")), 1)
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.network.lose = lambda _: False
        self.network.advance(1)

    def test_bye_while_the_user_answers(self) -> None:
        """BYE ends what is under way: 487 to the re-INVITE, 200 to it (15.1.2)."""
        stopped: list[object] = []
        self.bob.person.change = lambda _: Deferred(stopped.append)
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.hang_up()
        self.assertEqual(len(stopped), 1)
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])

    def test_our_bye_while_the_user_answers(self) -> None:
        """Our BYE too ends what is under way."""
        self.bob.person.change = lambda _: Deferred()
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.his.bye()
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 487)
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])

    def test_bye_against_reinvite(self) -> None:
        """They cross: the re-INVITE is 481, and the BYE ends the call."""
        self.network.latency = 0.1
        answer = self.hers.reinvite(NEW)
        gone = self.his.bye()
        self.network.advance(1)
        self.successResultOf(gone)
        self.assertEqual(self.successResultOf(answer).status, 481)
        self.assertEqual(self.alice.person.how, [Ending.BYE_RECEIVED])
        self.assertEqual(self.bob.person.how, [Ending.BYE_SENT])

    def test_200_after_our_bye(self) -> None:
        """A 2xx that comes when all is over has its ACK all the same (13.2.2.4)."""
        self.network.lose = is_response(200)
        answer = self.hers.reinvite(NEW)
        self.settle()
        self.network.lose = is_request("BYE")
        gone = self.hers.bye()
        self.network.advance(0.5)
        self.failureResultOf(answer, CallFailed)
        self.assertEqual(len(self.bob.person.acks), 2)
        self.network.lose = lambda _: False
        self.network.advance(1)
        self.successResultOf(gone)
