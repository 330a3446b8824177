"""What is said of a session, and what the other side answers to it (RFC 3264)."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.dialogs.descriptions import MOST_PARTS, description_of
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Message, Request, Response
from cpmgw.sip.uri import parse_uri
from tests.sip.dialogs.parties import (
    ALICE,
    ANSWER,
    BOB,
    OFFER,
    SDP,
    CallTestCase,
)

MULTIPART = ("Content-Type", 'multipart/mixed;boundary="x"')
LISTED = (
    b"--x\r\nContent-Type: application/resource-lists+xml\r\n\r\n<l/>\r\n"
    b"--x\r\ncontent-type : Application/SDP;charset=utf-8\r\n\r\n" + OFFER + b"\r\n"
    b"--x--\r\n"
)


def message(content_type: str, body: bytes) -> Message:
    """A message with a body."""
    headers = Headers([("Content-Type", content_type)]) if content_type else Headers()
    return Request("INVITE", parse_uri("sip:a@example.com"), headers, body)


class Reading(SynchronousTestCase):
    def test_alone(self) -> None:
        """A description is the body."""
        self.assertEqual(description_of(message(SDP[1], OFFER)), OFFER)

    def test_among_others(self) -> None:
        """Or a part of it, whatever the case and the parameters of its type."""
        self.assertEqual(description_of(message(MULTIPART[1], LISTED)), OFFER)

    def test_none(self) -> None:
        """Or there is none."""
        for content_type, body in (
            ("", OFFER),
            ("text/plain", OFFER),
            ("multipart/mixed", LISTED),
            ("multipart/mixed;boundary=y", LISTED),
            ("multipart/mixed;boundary", LISTED),
            (MULTIPART[1], b""),
            (MULTIPART[1], b"--x\r\nContent-Type: application/sdp"),
            (MULTIPART[1], b"--x\r\n\r\nContent-Type: application/sdp\r\n\r\nv=0"),
            (MULTIPART[1], b"--xy\r\nContent-Type: application/sdp\r\n\r\nv=0"),
        ):
            self.assertEqual(description_of(message(content_type, body)), b"", body)

    def test_most_parts(self) -> None:
        """So many parts are looked at, and no more."""
        other, sdp = b"--x\r\n\r\n\r\n", LISTED[LISTED.index(b"--x\r\ncontent") :]
        for number, found in ((MOST_PARTS - 1, OFFER), (MOST_PARTS, b"")):
            body = other * number + sdp
            self.assertEqual(description_of(message(MULTIPART[1], body)), found)


class Answers(CallTestCase):
    def test_answer_in_the_ack(self) -> None:
        """A re-INVITE without an offer has its answer in the ACK (RFC 3261 14.2)."""
        hers, his = self.connect()
        request = hers.dialog.request("INVITE", (("Contact", self.alice.contact),))
        answer = self.alice.endpoint.request(request)
        self.settle()
        self.assertEqual(self.successResultOf(answer).body, ANSWER)
        self.assertEqual(self.bob.person.answers, [])
        ack = hers.dialog.ack(request.cseq.number)
        ack = ack.replace(headers=ack.headers.with_added(*SDP), body=b"v=0 hers")
        self.alice.endpoint.acknowledge(ack)
        self.settle()
        self.assertEqual(self.bob.person.answers, [b"v=0 hers"])
        self.assertTrue(his.acknowledged)
        self.hang_up()

    def test_ack_of_an_answer(self) -> None:
        """The ACK of what was an answer itself has none (13.2.2.4)."""
        hers, _ = self.connect()
        self.successful(hers.reinvite(b"v=0 new"))
        self.assertEqual(self.bob.person.answers, [])
        self.hang_up()

    def test_answer_in_the_2xx(self) -> None:
        """What a re-INVITE of ours is answered, its user is told (14.1)."""
        hers, _ = self.connect()
        self.successful(hers.reinvite(b"v=0 new"))
        self.assertEqual(self.alice.person.answers, [b"v=0 changed"])
        self.hang_up()

    def test_answer_of_a_refresh(self) -> None:
        """Also of one that refreshes the session."""
        self.connect(headers=(("Session-Expires", "600;refresher=uac"),))
        assert self.alice.call is not None
        self.alice.call.updates = False
        self.network.advance(300.1)
        self.assertEqual(self.alice.person.answers, [b"v=0 changed"])
        self.hang_up()

    def test_user_that_fails(self) -> None:
        """One that cannot take it is logged, and the call goes on."""
        hers, _ = self.connect()

        def answered(description: bytes) -> None:
            raise ValueError(description)

        self.patch(self.alice.person, "answered", answered)
        self.successful(hers.reinvite(b"v=0 new"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertFalse(hers.over)
        self.hang_up()

    def successful(self, answer: Deferred[Response]) -> None:
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 200)


class Offers(CallTestCase):
    def test_no_description(self) -> None:
        """A body that is none is no offer: 415, and nobody is asked (8.2.3)."""
        hers, _ = self.connect()
        for method in ("INVITE", "UPDATE"):
            plain = ("Content-Type", "text/plain")
            request = hers.dialog.request(method, (plain,), b"hello")
            answer = self.alice.endpoint.request(request)
            self.settle()
            response = self.successResultOf(answer)
            self.assertEqual(response.status, 415)
            self.assertEqual(response.headers.raw("Accept"), ["application/sdp"])
        self.assertEqual(self.bob.person.changes, [])
        self.hang_up()

    def test_among_others(self) -> None:
        """One that has it among other parts is for the user."""
        hers, _ = self.connect()
        fields = (("Contact", self.alice.contact), MULTIPART)
        answer = self.alice.endpoint.request(
            hers.dialog.request("UPDATE", fields, LISTED)
        )
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 200)
        self.assertEqual(len(self.bob.person.changes), 1)
        self.hang_up()

    def invite(self, content_type: str, body: bytes) -> None:
        """A call that Alice refreshes, by an INVITE with this body."""
        refreshed = ("Session-Expires", "600;refresher=uac")
        invite = self.alice.invitation(BOB, headers=(refreshed,), body=body)
        headers = invite.headers.with_replaced("Content-Type", content_type)
        outgoing = self.alice.calls.invite(
            invite.replace(headers=headers), self.alice.person
        )
        self.settle()
        self.alice.call = self.successResultOf(outgoing.answered)
        self.alice.call.updates = False

    def test_refresh_of_a_multipart(self) -> None:
        """What an INVITE has offered among other parts is what refreshes it."""
        self.invite(MULTIPART[1], LISTED)
        self.network.advance(300.1)
        _, again = self.requests(BOB, "INVITE")
        self.assertEqual((again.content_type, again.body), (SDP[1], OFFER))
        self.hang_up()

    def test_refresh_without_description(self) -> None:
        """Where nothing was described an INVITE would ask for an offer: by UPDATE."""
        self.invite("text/plain", b"hello")
        self.network.advance(300.1)
        self.assertEqual(len(self.requests(BOB, "INVITE")), 1)
        self.assertEqual(len(self.requests(BOB, "UPDATE")), 1)
        self.hang_up()
        self.assertEqual(self.responses(ALICE, "UPDATE")[0].status, 200)
