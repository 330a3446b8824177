"""What the ladder says of SIP and MSRP: enough to follow, short enough to read."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status, notification_body
from cpmgw.lab.arrow import Arrow, Lifeline
from cpmgw.lab.arrow import Kind as Step
from cpmgw.lab.msrp_arrows import answer_arrow, report_arrow, send_arrow
from cpmgw.lab.pager import PagerMessage, cpim_of
from cpmgw.lab.sip_arrows import cancel_arrow, request_arrow, response_arrow
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.lab.two_sides import ALICE, BOB

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=message 9 TCP/MSRP *\r\na=recvonly\r\na=setup:passive\r\n"
    b"a=file-selector:size:1400\r\n"
)


def request(
    method: str,
    *headers: tuple[str, str],
    kind: str = "",
    body: bytes = b"",
    tag: str = "",
) -> Request:
    """A request from Alice to Bob."""
    to = NameAddr(parse_uri(BOB))
    content = [("Content-Type", kind)] if kind else []
    return originate(
        method,
        parse_uri(BOB),
        from_=NameAddr(parse_uri(ALICE)).with_parameter("tag", "a"),
        to=to.with_parameter("tag", tag) if tag else to,
        call_id="c",
        headers=[*headers, *content],
        body=body,
    )


def sip(message: Request) -> Arrow:
    """Its arrow towards the gateway."""
    return request_arrow(message, 0.0, outgoing=True)


class SipArrows(SynchronousTestCase):
    def test_ends(self) -> None:
        """What is sent goes from the CPM side to the gateway, what comes goes back."""
        message = request("OPTIONS")
        for outgoing, ends in (
            (True, (Lifeline.CPM, Lifeline.GATEWAY)),
            (False, (Lifeline.GATEWAY, Lifeline.CPM)),
        ):
            arrow = request_arrow(message, 1.0, outgoing=outgoing)
            self.assertEqual((arrow.source, arrow.target), ends)

    def test_invite(self) -> None:
        """Of a session description: direction, role and size."""
        arrow = sip(request("INVITE", kind="application/sdp", body=SDP))
        self.assertEqual(
            arrow.details, ("…0001→…0002", "SDP recvonly passive", "1400 octets")
        )

    def test_descriptions_of_no_use(self) -> None:
        """One that cannot be read, or has no media, is said to be so."""
        for body, said in (
            (b"v=1", "SDP that cannot be read"),
            (SDP.partition(b"m=")[0], "SDP without media"),
            (SDP.replace(b"setup:passive", b"setup:x"), "SDP that cannot be read"),
        ):
            message = request("INVITE", kind="application/sdp", body=body)
            self.assertEqual(sip(message).details[1:], (said,))

    def test_within_a_dialog(self) -> None:
        """Who they are is not said again; why a call ends is (RFC 3326)."""
        arrow = sip(request("BYE", ("Reason", "SIP;cause=200"), tag="b"))
        self.assertEqual(arrow.details, ("Reason: SIP;cause=200",))

    def test_participants(self) -> None:
        """Of who takes part, the names; or the type, where it cannot be read."""
        kind = "application/conference-info+xml"
        told = (
            b'<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" '
            b'entity="sip:x@y" state="full"><users><user entity="tel:+15145550002"/>'
            b'<user entity="tel:+1"><display-text>Zo\xc3\xab</display-text></user>'
            b"</users></conference-info>"
        )
        for body, said in ((told, "full: …0002, Zoë"), (b"<x/>", kind)):
            arrow = sip(request("NOTIFY", kind=kind, body=body, tag="b"))
            self.assertEqual(arrow.details, (said,))

    def test_other_bodies(self) -> None:
        """Of any other body, its type."""
        arrow = sip(request("INFO", kind="application/x", body=b"x", tag="b"))
        self.assertEqual(arrow.details, ("application/x",))

    def test_responses(self) -> None:
        """A response says its status, what it is about, and whether it says no."""
        invite = request("INVITE")
        for status, failed in ((180, False), (200, False), (486, True)):
            headers = [("Message-Context", "pager-message")]
            response = respond(invite, status, headers=headers)
            arrow = response_arrow(response, 0.0, invite, outgoing=False)
            self.assertEqual(arrow.name.partition(" ")[0], str(status))
            self.assertEqual(arrow.failed, failed)
            self.assertEqual(arrow.details, ("Message-Context: pager-message",))

    def test_cancel(self) -> None:
        """A CANCEL says why."""
        arrow = cancel_arrow(0.0, ("SIP;cause=408",))
        self.assertEqual((arrow.name, arrow.details), ("CANCEL", ("SIP;cause=408",)))


class MsrpArrows(SynchronousTestCase):
    def test_text(self) -> None:
        """Of a message its text, shortened, with what it asks for."""
        message = PagerMessage(
            sender=ALICE, recipient=BOB, text="long " * 50, message_id="m1"
        )
        content = cpim_of(message, 0.0).encode()
        arrow = send_arrow("message/cpim", content, 0.0, outgoing=True)
        self.assertEqual((arrow.kind, arrow.name), (Step.MSRP, "SEND"))
        self.assertEqual(arrow.details[0], "from …0001")
        self.assertEqual(arrow.details[1], '"' + ("long " * 50)[:39] + '…"')
        self.assertEqual(arrow.details[-2:], ("id m1", f"{len(content)} octets"))

    def test_anonymous(self) -> None:
        """In a session of two nobody says who he is (RCC.10 6.1.5.1)."""
        message = PagerMessage(
            sender="sip:anonymous@anonymous.invalid", recipient=BOB, text="x", imdn=()
        )
        content = cpim_of(message, 0.0).encode()
        arrow = send_arrow("message/cpim", content, 0.0, outgoing=False)
        self.assertEqual(arrow.details, ('"x"', f"{len(content)} octets"))

    def test_notification(self) -> None:
        """A notification is drawn as one, with what it says and of what."""
        content = notification_body(
            Imdn(
                message_id="m1",
                datetime="2026-01-01T00:00:00Z",
                notifications=(Notification(Kind.DELIVERY, Status.DELIVERED),),
            ),
            sender=ALICE,
            to=BOB,
            datetime="2026-01-01T00:00:00Z",
            message_id="n1",
        )
        arrow = send_arrow("message/cpim", content, 0.0, outgoing=False)
        self.assertEqual((arrow.kind, arrow.name), (Step.IMDN, "SEND IMDN"))
        self.assertEqual(arrow.details, ("delivery-notification: delivered", "of m1"))

    def test_anything(self) -> None:
        """Of what is no CPIM, the type and how it begins."""
        arrow = send_arrow("application/x", b"\xff" * 500, 0.0, outgoing=True)
        self.assertEqual(arrow.details[0], "application/x")
        self.assertLess(len(arrow.details[1]), 50)

    def test_answers_and_reports(self) -> None:
        """Anything but a 200 says no; so does no answer."""
        for status, name, failed in (
            (200, "200", False),
            (413, "413", True),
            (0, "no answer", True),
        ):
            arrow = answer_arrow(status, 0.0, outgoing=False)
            self.assertEqual((arrow.name, arrow.failed), (name, failed))
            report = report_arrow("m1", status, 0.0)
            self.assertEqual((report.name, report.failed), ("REPORT", failed))
            self.assertEqual(report.details, (f"{status} of m1",))
