"""The lab's CPM side speaks SIP, CPIM and IMDN as a CPM network does.

Two of them face each other over the network in memory: what one sends, the other gets.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.features import Feature
from cpmgw.lab.arrow import Arrow, Kind
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.pager import PagerMessage, pager_request
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from cpmgw.sip.errors import SipError
from tests.support.network import MemoryNetwork

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"


def side(network: MemoryNetwork, port: int, other: int, name: str) -> CpmSide:
    """A CPM side on a port, its next hop on another."""
    where = f"{port}:interface=127.0.0.1"
    settings = EndpointSettings(
        listen=(f"udp:{where}", f"tcp:{where}"),
        next_hop=f"sip:127.0.0.1:{other};lr",
        trusted=("127.0.0.0/8",),
        handler_timeout=1000.0,
    )
    endpoint = Endpoint(network, settings)
    endpoint.startService()
    numbers = count(1)
    return CpmSide(endpoint, network, lambda: f"{name}{next(numbers):020d}")


class CpmSideTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.near = side(self.network, 5070, 5060, "near")
        self.far = side(self.network, 5060, 5070, "far")

    def send(self, **options: Any) -> Any:
        message = PagerMessage(**{"sender": ALICE, "recipient": BOB, **options})
        sent = self.near.send(message)
        self.network.settle()
        return sent

    def test_text_arrives(self) -> None:
        """A text is answered 200 and lies in the recipient's inbox (7.2.2.1)."""
        sent = self.send(text="Grüße 😀")
        self.assertEqual(sent.status, 200)
        self.assertEqual(self.successResultOf(sent.answered), sent.response)
        (received,) = self.far.user(BOB).inbox
        self.assertEqual(received.text, "Grüße 😀")
        self.assertEqual(received.sender, f"<{ALICE}>")
        self.assertEqual(received.message_id, sent.message_id)
        self.assertEqual(received.conversation_id, sent.message.conversation_id)

    def test_answer_echoes_the_ids(self) -> None:
        """Conversation-ID and Contribution-ID come back in the answer (7.2.2.1)."""
        sent = self.send(text="x", in_reply_to="abc")
        for name in ("Conversation-ID", "Contribution-ID", "InReplyTo-Contribution-ID"):
            self.assertEqual(
                sent.response.headers.get(name), sent.request.headers.get(name)
            )

    def test_delivery_notification(self) -> None:
        """Who asked for a delivery notification gets one (5.4.1)."""
        sent = self.send(text="x")
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])
        request = sent.notifications[0].request
        for name in ("Conversation-ID", "Contribution-ID", "P-Asserted-Service"):
            self.assertEqual(
                request.headers.get(name), sent.request.headers.get(name), name
            )

    def test_notifications_by_behaviour(self) -> None:
        """Delivery and display are said when asked for, allowed, and due."""
        self.far.behave(CpmBehaviour(delivery=False, display=True, imdn_delay=2.0), BOB)
        sent = self.send(text="x", imdn=("positive-delivery", "display"))
        self.assertEqual(sent.outcome, [])
        self.network.advance(2.0)
        self.assertEqual(sent.outcome, [("display-notification", "displayed")])

    def test_nothing_asked_nothing_said(self) -> None:
        """Without a request there is no notification (RFC 5438 6.2)."""
        sent = self.send(text="x", imdn=())
        self.network.advance(10)
        self.assertEqual(sent.outcome, [])

    def test_record_route(self) -> None:
        """IMDN-Record-Route becomes the Request-URI and IMDN-Route (5.4.1 step 2)."""
        routes = ("sip:one@relay.example.net", "sip:two@relay.example.net")
        self.send(
            text="x",
            cpim_headers=tuple(("imdn.IMDN-Record-Route", f"<{u}>") for u in routes),
        )
        one = self.near.user(routes[0]).notifications
        self.assertEqual(len(one), 1)
        self.assertEqual(str(one[0].request.uri), routes[0])
        self.assertEqual(one[0].cpim.imdn("IMDN-Route"), f"<{routes[1]}>")

    def test_refusal(self) -> None:
        """A user can be told to refuse; nothing is filed then."""
        self.far.behave(CpmBehaviour(status=480, headers=(("Retry-After", "60"),)), BOB)
        sent = self.send(text="x")
        self.assertEqual(sent.status, 480)
        self.assertEqual(sent.response.headers.get("Retry-After"), "60")
        self.assertEqual(self.far.user(BOB).inbox, [])
        other = self.near.send_text(ALICE, "tel:+15145550003", "x")
        self.network.settle()
        self.assertEqual(other.status, 200)

    def test_delay(self) -> None:
        """An answer can be late."""
        self.far.behave(CpmBehaviour(delay=3.0))
        sent = self.send(text="x")
        self.assertEqual(sent.status, 0)
        self.network.advance(3.0)
        self.assertEqual(sent.status, 200)

    def test_silence(self) -> None:
        """A silent user never answers: the transaction's own time ends it (17.1.2)."""
        self.far.behave(CpmBehaviour(silent=True))
        sent = self.send(text="x")
        self.network.advance(40.0)
        self.failureResultOf(sent.answered, SipError)

    def test_options(self) -> None:
        """OPTIONS is asked and answered (RFC 3261 11)."""
        answered = self.near.options("sip:127.0.0.1:5060")
        self.network.settle()
        self.assertEqual(self.successResultOf(answered).status, 200)

    def test_event(self) -> None:
        """A system message to the network is an event (6.7.3.2)."""
        self.send(
            recipient="sip:CPM-PF@ims.example.net",
            feature=Feature.SYSTEM,
            body=b"<cpm-evfw/>",
            body_type="application/vnd.oma.cpm-event-iw+xml",
        )
        (event,) = self.far.events
        self.assertEqual(event.content_type, "application/vnd.oma.cpm-event-iw+xml")
        self.assertEqual(event.content, b"<cpm-evfw/>")

    def test_long_message_goes_by_tcp(self) -> None:
        """A request over 1300 octets leaves by TCP (RFC 3261 18.1.1)."""
        before = len(self.network.datagrams)
        sent = self.send(text="x" * 1200, imdn=())
        self.assertEqual(sent.status, 200)
        self.assertEqual(len(self.network.datagrams), before)
        self.assertEqual(self.far.user(BOB).texts, ["x" * 1200])

    def test_broken_body(self) -> None:
        """A CPIM that makes no sense is no reason to fall over."""
        self.send(body=b"\xff\xfe", body_type="message/cpim")
        self.assertEqual(len(self.far.user(BOB).inbox), 1)

    def test_taps(self) -> None:
        """Each request and final answer is told to both taps, IMDNs as such."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        self.send(text="hello")
        self.assertEqual(
            [(arrow.kind, arrow.name) for arrow in seen],
            [
                (Kind.SIP, "MESSAGE"),
                (Kind.SIP, "200 OK"),
                (Kind.IMDN, "MESSAGE IMDN"),
                (Kind.IMDN, "200 OK"),
            ],
        )
        self.assertIn('"hello"', seen[0].details)
        self.assertIn("+cpm.msg", seen[0].details)


class PagerRequestTests(SynchronousTestCase):
    def request(self, **options: Any) -> Any:
        message = PagerMessage(
            sender=ALICE,
            recipient=BOB,
            message_id="m1",
            conversation_id="c1",
            **options,
        )
        return pager_request(message, call_id="abc", now=0.0)

    def test_headers(self) -> None:
        """A message has what 7.2.1.1 asks for, asserted rather than preferred."""
        headers = self.request(text="x").headers
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{ALICE}>")
        self.assertEqual(
            headers.get("P-Asserted-Service"),
            "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg",
        )
        self.assertIn(
            'g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg"',
            headers.get("Accept-Contact"),
        )
        self.assertEqual(headers.get("Conversation-ID"), "c1")

    def test_options(self) -> None:
        """Expires, Priority, Privacy and Content-Language are there when given."""
        headers = self.request(
            expires=60, priority="urgent", privacy="id", content_language="fr"
        ).headers
        for name, value in (
            ("Expires", "60"),
            ("Priority", "urgent"),
            ("Privacy", "id"),
            ("Content-Language", "fr"),
        ):
            self.assertEqual(headers.get(name), value)
        self.assertNotIn("Expires", self.request().headers)

    def test_left_out(self) -> None:
        """A test can leave out what must be there."""
        self.assertNotIn(
            "P-Asserted-Identity",
            self.request(without=frozenset({"P-Asserted-Identity"})).headers,
        )

    def test_content(self) -> None:
        """Content of any type goes into the CPIM, a body in its stead."""
        cpim = parse_cpim(self.request(content=b"<p>", content_type="text/html").body)
        self.assertEqual((cpim.content, cpim.content_type), (b"<p>", "text/html"))
        raw = self.request(body=b"raw", body_type="text/plain")
        self.assertEqual((raw.body, raw.content_type), (b"raw", "text/plain"))
