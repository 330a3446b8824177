"""The lab's users send and take large messages (conversation TS 7.2.1.2, 7.2.2.2)."""

from __future__ import annotations

from typing import Any

from cpmgw.lab.arrow import Arrow, Kind
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.sessions.large import SentLarge
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import MediaStream, streams
from cpmgw.sip.message import Request, Response
from tests.lab.two_sides import ALICE, BOB, TwoSides

LONG = "Grüße aus dem langen Text. " * 200


def stream(message: Request | Response | None) -> MediaStream:
    """The one stream that a message describes."""
    assert message is not None
    (found,) = streams(parse_sdp(message.body))
    return found


class LargeTests(TwoSides):
    def send(self, **options: Any) -> SentLarge:
        """Send a large message from Alice to Bob; comes back when all rests."""
        message = PagerMessage(
            **{"sender": ALICE, "recipient": BOB, "text": LONG, **options}
        )
        sent = self.near.send_large(message)
        self.settle()
        return sent

    def test_arrives(self) -> None:
        """It is there whole, and its sender knows how it went."""
        sent = self.send()
        (received,) = self.far.user(BOB).inbox
        self.assertEqual(received.text, LONG)
        self.assertEqual(received.sender, f"<{ALICE}>")
        self.assertEqual(received.message_id, sent.message_id)
        self.assertEqual(received.request.method, "INVITE")
        self.assertEqual((sent.status, sent.msrp_status), (200, 200))
        self.assertIs(self.successResultOf(sent.done), sent)
        self.assertEqual(self.near.user(ALICE).large, [sent])

    def test_invite(self) -> None:
        """The INVITE has what 7.2.1.2 asks for, asserted rather than preferred."""
        sent = self.send(expires=60)
        headers = sent.request.headers
        ours = stream(sent.request)
        for name, value in (
            (
                "P-Asserted-Service",
                "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.largemsg",
            ),
            ("Message-Expires", "60"),
            ("Supported", "timer"),
            ("Session-Expires", None),
            ("Conversation-ID", sent.message.conversation_id),
            ("Contribution-ID", sent.message.contribution_id),
        ):
            self.assertEqual(headers.get(name), value, name)
        for name in ("Contact", "Accept-Contact"):
            self.assertIn("oma.cpm.largemsg", headers.get(name) or "")
        self.assertEqual(ours.direction, Direction.SENDONLY)
        self.assertEqual(ours.setup, Setup.ACTPASS)
        self.assertEqual(ours.accept_types, ("message/cpim",))
        self.assertTrue(ours.has_cema)
        selector = ours.file.selector
        assert selector is not None
        self.assertGreater(selector.size or 0, len(LONG.encode()))

    def test_answer(self) -> None:
        """It is answered recvonly and passive, with the identifiers (7.2.2.2)."""
        sent = self.send()
        theirs = stream(sent.response)
        self.assertEqual(theirs.direction, Direction.RECVONLY)
        self.assertEqual(theirs.setup, Setup.PASSIVE)
        assert sent.response is not None
        self.assertEqual(
            sent.response.headers.get("Conversation-ID"),
            sent.message.conversation_id,
        )

    def test_bye(self) -> None:
        """The sender hangs up, and keeps the answer to that (7.2.1.2)."""
        sent = self.send()
        assert sent.bye is not None
        self.assertEqual(sent.bye.cseq.method, "BYE")
        self.assertEqual(sent.bye.status, 200)
        self.assertEqual(
            sent.bye.headers.get("Contribution-ID"), sent.message.contribution_id
        )

    def test_notification(self) -> None:
        """What was asked for comes by MESSAGE, tagged as the message was (5.4.1)."""
        sent = self.send()
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])
        (notification,) = sent.notifications
        self.assertFalse(notification.in_session)
        self.assertEqual(notification.request.method, "MESSAGE")
        self.assertIn(
            "largemsg", notification.request.headers.get("P-Asserted-Service") or ""
        )

    def test_refused(self) -> None:
        """A user can refuse the INVITE."""
        self.far.behave(CpmBehaviour(status=480), BOB)
        sent = self.send()
        self.assertEqual((sent.status, sent.msrp_status), (480, 0))
        self.assertIsNone(sent.bye)
        self.assertIs(self.successResultOf(sent.done), sent)
        self.assertEqual(self.far.user(BOB).inbox, [])

    def test_refused_by_msrp(self) -> None:
        """Or what comes in the session: then nothing is filed (7.2.1.2)."""
        self.far.behave(CpmBehaviour(msrp_status=413), BOB)
        seen: list[Arrow] = []
        self.near.tap = seen.append
        sent = self.send()
        self.assertEqual((sent.status, sent.msrp_status), (200, 413))
        self.assertEqual(self.far.user(BOB).inbox, [])
        (bye,) = [arrow for arrow in seen if arrow.name == "BYE"]
        self.assertIn('Reason: SIP;cause=480;text="Transmission Failed"', bye.details)

    def test_nobody_there(self) -> None:
        """Where nobody answers, the sender gives up (RFC 3261 9.1)."""
        self.far.behave(CpmBehaviour(silent=True))
        sent = self.send()
        self.assertNoResult(sent.done)
        self.network.advance(400)
        self.assertIs(self.successResultOf(sent.done), sent)
        self.assertEqual((sent.status, sent.msrp_status), (487, 0))

    def test_taps(self) -> None:
        """Each step is told, the text of the SEND shortened."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        self.send(imdn=())
        self.assertEqual(
            [(arrow.kind, arrow.name) for arrow in seen],
            [
                (Kind.SIP, "INVITE"),
                (Kind.SIP, "200 OK"),
                (Kind.SIP, "ACK"),
                (Kind.MSRP, "SEND"),
                (Kind.MSRP, "200"),
                (Kind.SIP, "BYE"),
                (Kind.SIP, "200 OK"),
            ],
        )
        self.assertIn("SDP sendonly actpass", seen[0].details)
        self.assertIn("…0001→…0002", seen[0].details)
        self.assertLess(max(map(len, seen[3].details)), 60)
