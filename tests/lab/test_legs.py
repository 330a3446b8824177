"""Sessions of the lab with peers that do what clients and gateways do not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred

from cpmgw.cpm.headers import Identification
from cpmgw.lab.sessions.invitation import Invitation, invite
from cpmgw.sip.dialogs.interfaces import CallFailed
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.flows.dialog import offer, within
from tests.lab.two_sides import ALICE, BOB, TwoSides

INVITATION = Invitation(
    sender=ALICE, recipient=BOB, ids=Identification("conversation", "part")
)
AUDIO = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\n"
)


class ComingTests(TwoSides):
    """An INVITE of the far side's making."""

    def setUp(self) -> None:
        super().setUp()
        self.contact = "sip:peer@127.0.0.1:5060"
        self.endpoint = self.sides[1].endpoint
        self.calls = 0

    def invited(self, body: bytes, *headers: tuple[str, str]) -> Response:
        """What Alice's side answers to an INVITE with this body."""
        self.calls += 1
        self.first = invite(
            Invitation(
                sender=BOB, recipient=ALICE, ids=INVITATION.ids, headers=headers
            ),
            call_id=f"call-{self.calls}",
            contact=self.contact,
            body=body,
        )
        return self.answer(self.first)

    def answer(self, request: Request) -> Response:
        """What a request is answered with."""
        pending = self.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response

    def test_offers_of_no_use(self) -> None:
        """No description, a broken one and one without messages are refused."""
        for body in (b"", b"v=0\r\nnonsense", AUDIO):
            self.assertEqual(self.invited(body).status, 488)
        self.assertEqual(len(self.near.sessions), 0)

    def test_no_feature(self) -> None:
        """An INVITE of no CPM feature is nobody's."""
        request = invite(INVITATION, call_id="x", contact=self.contact, body=offer())
        headers = request.headers
        for name in ("Accept-Contact", "Contact"):
            headers = headers.without(name)
        headers = headers.with_added("Contact", f"<{self.contact}>")
        self.assertEqual(self.answer(request.replace(headers=headers)).status, 488)

    def test_interval_too_short(self) -> None:
        """A session interval below ours is refused, and ours told (RFC 4028 9)."""
        response = self.invited(offer(), ("Session-Expires", "30"))
        self.assertEqual(response.status, 422)
        self.assertEqual(response.headers.get("Min-SE"), "90")

    def test_never_acknowledged(self) -> None:
        """Without an ACK the call ends, and the MSRP session with it (13.3.1.4)."""
        self.assertEqual(self.invited(offer()).status, 200)
        self.assertEqual(len(self.sides[0].node), 1)
        self.network.advance(70.0)
        self.assertEqual((len(self.near.sessions), len(self.sides[0].node)), (0, 0))

    def test_modified(self) -> None:
        """Another offer of the same is answered with the same stream (14.2)."""
        answer = self.invited(offer())
        self.endpoint.acknowledge(within("ACK", self.first, answer, 1))
        self.settle()
        for cseq, body, status in ((2, offer(), 200), (3, AUDIO, 488)):
            request = within("INVITE", self.first, answer, cseq)
            headers = request.headers.with_added("Contact", f"<{self.contact}>")
            headers = headers.with_added("Content-Type", "application/sdp")
            again = self.answer(request.replace(headers=headers, body=body))
            self.assertEqual(again.status, status)
            if status == 200:
                self.endpoint.acknowledge(within("ACK", self.first, answer, cseq))
                self.assertEqual(_paths(again), _paths(answer))
        self.assertEqual(self.answer(within("BYE", self.first, answer, 4)).status, 200)

    def test_strangers(self) -> None:
        """What is of no dialog is answered 481."""
        answer = self.invited(offer())
        self.endpoint.acknowledge(within("ACK", self.first, answer, 1))
        self.assertEqual(self.answer(within("BYE", self.first, answer, 2)).status, 200)
        for method in ("BYE", "INVITE", "UPDATE", "SUBSCRIBE", "INFO"):
            request = within(method, self.first, answer, 9)
            headers = request.headers.with_added("Contact", f"<{self.contact}>")
            response = self.answer(request.replace(headers=headers))
            self.assertEqual(response.status, 481, method)


class GoingTests(TwoSides):
    """An INVITE of ours, and a far side that answers as it likes."""

    def answering(self, make: Callable[[Request], Response]) -> Deferred[object]:
        """Begin a chat with somebody who answers so."""

        async def handler(incoming: Incoming) -> Response:
            return make(incoming.request)

        async def done(incoming: Incoming) -> Response:
            return respond(incoming.request, 200)

        endpoint = self.sides[1].endpoint
        endpoint.serve("INVITE", handler)
        endpoint.serve("BYE", done, in_dialog=True)
        chat = self.near.chat(ALICE, BOB)
        self.settle()
        return chat.established.addCallback(lambda _: None)

    def accepted(self, request: Request, body: bytes) -> Response:
        """A 200 with this for a description."""
        fields = (
            ("Contact", "<sip:peer@127.0.0.1:5060>"),
            ("Content-Type", "application/sdp"),
        )
        return respond(request, 200, headers=fields, body=body, to_tag="b")

    def test_answers_of_no_use(self) -> None:
        """One that takes no message stream ends the call at once."""
        for body in (b"", b"nonsense", AUDIO):
            established = self.answering(partial(self.accepted, body=body))
            failure = self.failureResultOf(established, CallFailed)
            self.assertEqual(failure.value.status, 200)
            self.settle()
            self.assertEqual((len(self.near.sessions), len(self.sides[0].node)), (0, 0))

    def test_no_answer(self) -> None:
        """A refusal says which."""
        established = self.answering(lambda request: respond(request, 486))
        failure = self.failureResultOf(established, CallFailed)
        self.assertEqual(failure.value.status, 486)

    def test_nobody_listens(self) -> None:
        """A stream that cannot be reached ends the call."""
        body = offer().replace(b"actpass", b"passive")
        established = self.answering(partial(self.accepted, body=body))
        self.failureResultOf(established, CallFailed)
        self.settle()
        self.assertEqual(len(self.near.sessions), 0)


def _paths(response: Response) -> list[bytes]:
    """The MSRP paths of a description."""
    return [line for line in response.body.split(b"\r\n") if b"a=path:" in line]
