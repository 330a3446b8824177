"""The SIP of the load's sessions, read by the gateway's own parsers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import Feature, features_of
from cpmgw.iwf.sessions.invitation import read_invitation
from cpmgw.lab.bench.invitations import Invitation, read_answer
from cpmgw.lab.bench.messages import cut, people
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Request, respond
from cpmgw.sip.parser import Limits, parse_datagram
from tests.addressing.plans import plan

PATH = "msrp://127.0.0.1:2855/abcd;tcp"
ROUTES = ("<sip:127.0.0.1:5060;lr;x=1>", "<sip:127.0.0.1:5061;lr>")


def parsed(octets: bytes) -> Request:
    """The request that some octets are."""
    message = parse_datagram(octets, Limits())
    assert isinstance(message, Request)
    return message


def success(request: Request, path: str = PATH) -> bytes:
    """A 200 to an INVITE, with an answer."""
    headers = (
        *(("Record-Route", each) for each in ROUTES),
        ("Contact", "<sip:gateway@127.0.0.1:5060;transport=tcp>;+x"),
    )
    body = f"v=0\r\nm=message 2855 TCP/MSRP *\r\na=path:{path}\r\n".encode()
    return respond(request, 200, headers=headers, to_tag="theirs", body=body).encode()


class Inviting(SynchronousTestCase):
    def setUp(self) -> None:
        self.session = Invitation(41, 5070)
        self.request = parsed(self.session.invite())

    def test_is_an_invitation_to_a_chat(self) -> None:
        """It has the feature tag, and numbers on both sides."""
        self.assertEqual(
            features_of(self.request.headers), frozenset({Feature.SESSION})
        )
        invitation = read_invitation(self.request, plan())
        self.assertFalse(invitation.is_group)
        self.assertEqual(invitation.user.text, "+15145550041")
        self.assertEqual(invitation.initiator, "+15145560041")

    def test_offers_a_stream_that_it_connects(self) -> None:
        """One MSRP stream, both ways, with text in CPIM, and we connect."""
        (stream,) = streams(parse_sdp(self.request.body))
        self.assertTrue(stream.is_msrp and stream.is_offered)
        self.assertEqual(stream.path, (self.session.own,))
        self.assertEqual(stream.setup, Setup.ACTIVE)
        self.assertEqual(stream.direction, Direction.SENDRECV)

    def test_length_is_right(self) -> None:
        """Content-Length holds for the first and the last number there is."""
        for number in (0, 99_999_999):
            octets = Invitation(number, 5070).invite()
            self.assertEqual(cut(bytearray(octets)), [octets])

    def test_no_two_sessions_have_the_same_ends(self) -> None:
        """Else the second would take the place of the first (TS 6.1.4)."""
        ends = {tuple(people(number).values()) for number in range(20_000)}
        self.assertEqual(len(ends), 20_000)


class Within(SynchronousTestCase):
    def setUp(self) -> None:
        self.session = Invitation(7, 5070)
        self.request = parsed(self.session.invite())

    def test_ack_and_bye_belong_to_the_dialog(self) -> None:
        """Contact is the target, the routes are reversed, the tags those of the 200."""
        ack = parsed(self.session.answered(success(self.request)))
        bye = parsed(self.session.bye())
        self.assertEqual(self.session.path, PATH)
        for request, cseq in ((ack, "1 ACK"), (bye, "2 BYE")):
            headers = request.headers
            self.assertEqual(
                str(request.uri), "sip:gateway@127.0.0.1:5060;transport=tcp"
            )
            self.assertEqual(headers.raw("Route"), list(reversed(ROUTES)))
            self.assertEqual(headers.get("CSeq"), cseq)
            self.assertIn("tag=theirs", headers.get("To") or "")
            self.assertEqual(headers.get("From"), self.request.headers.get("From"))
            self.assertEqual(request.call_id, self.request.call_id)
        self.assertNotEqual(ack.via.branch, self.request.via.branch)
        self.assertNotEqual(ack.via.branch, bye.via.branch)

    def test_answer_without_a_session(self) -> None:
        """A 200 that says nothing of MSRP makes none."""
        bare = respond(self.request, 200, to_tag="theirs").encode()
        self.assertRaises(ValueError, self.session.answered, bare)

    def test_which_request_an_answer_is_to(self) -> None:
        """By Call-ID and CSeq; one to somebody else is none of ours."""
        answer = read_answer(success(self.request))
        assert answer is not None
        self.assertEqual((answer.number, answer.status), (7, 200))
        self.assertEqual(answer.method, "INVITE")
        self.session.answered(answer.data)
        answer = read_answer(respond(parsed(self.session.bye()), 481).encode())
        assert answer is not None
        self.assertEqual((answer.status, answer.method), (481, "BYE"))
        stranger = success(self.request).replace(b"bench-", b"other-")
        self.assertIsNone(read_answer(stranger))
