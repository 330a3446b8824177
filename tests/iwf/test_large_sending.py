"""Large messages towards CPM users (TS 6.2.2.2.3, 6.3.1.2.2)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.interfaces import IBody
from cpmgw.cpm.reason import COMPLETED, TRANSMISSION_FAILED
from cpmgw.iwf.large_sending import LargeLetter, LargeSending, Outcome, Said
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.media import Media
from cpmgw.msrp.errors import MsrpError, SessionLost, TooLarge
from cpmgw.msrp.interfaces import IMsrpUser
from cpmgw.policy import Policy
from cpmgw.sip.dialogs.interfaces import CallFailed, End, Ending
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from tests.addressing.plans import uri
from tests.iwf import msrp_node

BODY = b"From: <tel:+1>\r\n\r\nContent-Type: image/jpeg\r\n\r\n" + bytes(2_000)


class Session(msrp_node.Session):
    """Our end of a session: `sent` is what was sent, `outcome` what became of it."""

    def __init__(self, user: IMsrpUser, name: str) -> None:
        super().__init__(user, name, secure=False)
        self.sent: list[bytes | IBody] = []
        self.outcome: int | MsrpError | None = 200
        self.answer: Deferred[int] = Deferred()

    def send(
        self, content_type: str, content: bytes | IBody, **details: Any
    ) -> Deferred[int]:
        """Note it; None waits for the test."""
        self.sent.append(content)
        if self.outcome is None:
            return self.answer
        if isinstance(self.outcome, MsrpError):
            return fail(self.outcome)
        return succeed(self.outcome)

    def close(self) -> None:
        """What is still waited for is lost."""
        super().close()
        waits = self.sent and self.outcome is None
        if waits and not self.answer.called:
            self.answer.errback(SessionLost("closed"))


class Node(msrp_node.Node):
    """A node with such sessions."""

    outcome: int | MsrpError | None = 200

    def open(self, user: IMsrpUser, max_size: int = 0) -> Deferred[Any]:
        """Make a session."""
        session = Session(user, f"s{len(self.sessions) + 1}")
        session.outcome = self.outcome
        self.sessions.append(session)
        return succeed(session)


class Call:
    """A call that stands: `byes` are the reasons it was hung up for."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.byes: list[str] = []

    def bye(self, reasons: tuple[str, ...]) -> Deferred[None]:
        """Hang up."""
        self.byes += reasons
        return succeed(None)


class Asked:
    """An INVITE under way."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self.answered: Deferred[Any] = Deferred(self._cancel)

    def _cancel(self, _answer: object) -> None:
        self.is_cancelled = True


class Calls:
    """Calls: `asked` are those that were begun, with their INVITE and user."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Any, Asked]] = []

    def invite(self, request: Request, user: Any) -> Asked:
        """Begin one."""
        self.asked.append((request, user, Asked()))
        return self.asked[-1][2]


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.node: Any = Node()
        self.calls = Calls()
        self.policy = Policy()
        calls: Any = self.calls
        self.sending = LargeSending(
            calls,
            Media(self.node, lambda: self.policy),
            lambda request, service: request,
            lambda: self.policy,
            self.clock,
        )

    def send(self, **details: Any) -> Deferred[Outcome]:
        """Send a message."""
        values: dict[str, Any] = {
            "service": "MMS",
            "section": "TS 6.3.1.2.2",
            "types": ("multipart/related", "image/jpeg"),
            "body": BODY,
            "request": self.request,
            "patience": 100.0,
        }
        letter = LargeLetter(**{**values, **details})
        return Deferred.fromCoroutine(self.sending.send(letter))

    def request(self, offer: bytes) -> Request:
        """An INVITE."""
        alice = uri("tel:+15145550001")
        return originate(
            "INVITE",
            alice,
            from_=NameAddr(alice),
            to=NameAddr(alice),
            call_id="c",
            body=offer,
        )

    def accept(self, direction: str = "recvonly", **changes: str) -> Call:
        """Have the client take the call."""
        request, _, asked = self.calls.asked[-1]
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
            "m=message 2855 TCP/MSRP *\r\n"
            "a=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\n"
            f"a=setup:active\r\na={direction}\r\na=msrp-cema\r\n"
            "a=path:msrp://10.0.0.9:2855/x;tcp\r\n"
        )
        headers = (("Content-Type", "application/sdp"),)
        call = Call(respond(request, 200, headers=headers, body=sdp.encode()))
        asked.answered.callback(call)
        return call

    @property
    def session(self) -> Session:
        """Our end of the session."""
        session: Session = self.node.sessions[-1]
        return session


class Sending(Case):
    def test_taken(self) -> None:
        """The content by SEND, then BYE, and the media are released.

        [TS 6.3.1.2.2 step 5] [TS 6.3.1.2.2 step 6]
        """
        sent = self.send()
        self.assertEqual(self.session.sent, [])
        call = self.accept()
        self.assertEqual(self.successResultOf(sent), Outcome(Said.MSRP, 200))
        self.assertEqual(self.session.sent, [BODY])
        self.assertEqual(call.byes, [COMPLETED])
        self.calls.asked[0][1].ended(End(Ending.BYE_SENT))
        self.assertTrue(self.session.closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(len(self.sending), 0)

    def test_offer(self) -> None:
        """The types of the message, and its size. [TS 6.3.1.2.2 step 2a]"""
        self.send()
        offer = self.calls.asked[0][0].body.decode()
        self.assertIn("a=accept-wrapped-types:multipart/related image/jpeg", offer)
        self.assertIn("a=accept-types:message/cpim", offer)
        self.assertIn(f"a=file-selector:size:{len(BODY)}", offer)
        self.assertIn("a=sendonly", offer)

    def test_body_in_a_file(self) -> None:
        """A body that is none of bytes goes as it is, and its size is announced."""
        body = Octets(BODY)
        sent = self.send(body=body)
        self.assertIn(f"size:{len(BODY)}", self.calls.asked[0][0].body.decode())
        self.accept()
        self.assertTrue(self.successResultOf(sent).is_ok)
        self.assertIs(self.session.sent[0], body)


class Failing(Case):
    def test_refused(self) -> None:
        """What SIP says of the INVITE; the session is closed."""
        sent = self.send()
        request, _, asked = self.calls.asked[0]
        failure = CallFailed("no", response=respond(request, 404))
        asked.answered.errback(failure)
        self.assertEqual(self.successResultOf(sent), Outcome(Said.SIP, 404))
        self.assertTrue(self.session.closed)

    def test_no_session(self) -> None:
        """Where there is no MSRP session to be had: 480, and no INVITE."""

        def open_(user: IMsrpUser, max_size: int = 0) -> Deferred[Any]:
            return fail(MsrpError("too many"))

        self.patch(self.node, "open", open_)
        self.assertEqual(self.successResultOf(self.send()), Outcome(Said.SIP, 480))
        self.assertEqual(self.calls.asked, [])

    def outcome(self, what: int | MsrpError) -> tuple[Outcome, list[str]]:
        """What becomes of a message, and the reason of the BYE."""
        self.node.outcome = what
        sent = self.send()
        call = self.accept()
        return self.successResultOf(sent), call.byes

    def test_answer_of_msrp(self) -> None:
        """An error of MSRP is the outcome; no further data. [TS 6.3.1.2.2 step 6]"""
        self.assertEqual(
            self.outcome(403), (Outcome(Said.MSRP, 403), [TRANSMISSION_FAILED])
        )

    def test_lost(self) -> None:
        """A lost connection ends it. [RCC.10 6.3.1.2.2 difference 3]"""
        self.assertEqual(
            self.outcome(SessionLost("x")),
            (Outcome(Said.MSRP, 481), [TRANSMISSION_FAILED]),
        )

    def test_too_large(self) -> None:
        """A client that takes less than the message does not take it."""
        self.assertEqual(self.outcome(TooLarge("x"))[0], Outcome(Said.MSRP, 413))

    def test_early_bye(self) -> None:
        """A BYE before the last answer: no more is sent, and the media are released.

        [RCC.10 6.3.1.2.2 difference 2]
        """
        self.node.outcome = None
        sent = self.send()
        self.accept()
        self.assertNoResult(sent)
        user = self.calls.asked[0][1]
        self.assertEqual(user.closing(self.request(b""))[0][0], "Server")
        user.ended(End(Ending.BYE_RECEIVED))
        expected = Outcome(Said.MSRP, 481, was_hung_up=True)
        self.assertEqual(self.successResultOf(sent), expected)
        self.assertTrue(self.session.closed)

    def test_on_hold(self) -> None:
        """A client that takes the call and nothing by it: 488, and BYE."""
        sent = self.send()
        call = self.accept("inactive")
        self.assertEqual(self.successResultOf(sent), Outcome(Said.SIP, 488))
        self.assertEqual(len(call.byes), 1)
        self.assertEqual(self.session.sent, [])

    def test_patience_before_the_answer(self) -> None:
        """What nobody answers in time is cancelled: 408, one second before is not."""
        sent = self.send()
        self.clock.advance(99.0)
        self.assertNoResult(sent)
        self.clock.advance(1.0)
        self.assertEqual(self.successResultOf(sent), Outcome(Said.SIP, 408))
        self.assertTrue(self.calls.asked[0][2].is_cancelled)
        self.assertTrue(self.session.closed)

    def test_patience_after_the_answer(self) -> None:
        """What MSRP does not take in time ends with a BYE."""
        self.node.outcome = None
        sent = self.send()
        call = self.accept()
        self.clock.advance(100.0)
        self.assertEqual(self.successResultOf(sent), Outcome(Said.MSRP, 408))
        self.assertEqual(call.byes, [TRANSMISSION_FAILED])
