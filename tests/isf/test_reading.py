"""From a SIP request to what the selection looks at (TS 5.1, 6.1)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import Feature, icsi, tag
from cpmgw.errors import CannotInterwork
from cpmgw.isf.reading import (
    Reading,
    is_terminating,
    read_invite,
    read_message,
)
from cpmgw.iwf.capabilities import Kind
from cpmgw.policy import Policy, SelectionPolicy
from cpmgw.sip.message import Request
from tests.flows.dialog import invite, offer
from tests.isf.reading import PLAN
from tests.iwf.requests import ALICE, BOB, NOW, request_of

MIXED = (
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    b"--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
)
FILE = offer("*").replace(
    b"a=setup",
    b'a=file-selector:name:"a.jpg" type:image/jpeg size:4092\r\na=setup',
)


def message(policy: Policy | None = None, **details: Any) -> Reading:
    """A MESSAGE, read."""
    return read_message(request_of(**details), NOW, PLAN, policy or Policy())


def invitation(**details: Any) -> Reading:
    """An INVITE, read."""
    return read_invite(invite(ALICE, BOB, **details), PLAN, Policy())


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with one more header field."""
    return request.replace(headers=request.headers.with_added(name, value))


class Messages(SynchronousTestCase):
    def test_text(self) -> None:
        """Text is as large as its octets of UTF-8."""
        request = message(text="Grüße").request
        self.assertIs(request.kind, Kind.PAGER)
        content = request.characteristics
        self.assertEqual((content.content_types, content.size), (("text/plain",), 7))
        self.assertTrue(content.text_only)

    def test_charset(self) -> None:
        """That of another charset counts as UTF-8 too (RCC.10 5.1 step 5)."""
        content = message(
            content_type="text/plain;charset=iso-8859-1",
            content="Grüße".encode("latin-1"),
        ).request.characteristics
        self.assertEqual(content.size, 7)

    def test_picture(self) -> None:
        """A picture has no text, and says why."""
        content = message(content_type="image/png", content=b"PNG").request
        self.assertEqual(content.characteristics.content_types, ("image/png",))
        self.assertFalse(content.characteristics.has_text)
        self.assertIn("no text", content.characteristics.no_text)

    def test_mixed(self) -> None:
        """Of a multipart each type counts, and the size of its text."""
        content = message(
            content_type="multipart/mixed;boundary=b", content=MIXED
        ).request.characteristics
        self.assertEqual(content.content_types, ("text/plain", "image/png"))
        self.assertEqual((content.has_text, content.text_only), (True, False))
        self.assertEqual(content.size, 5)

    def test_broken_multipart(self) -> None:
        """A multipart that cannot be taken apart has no text."""
        content = message(
            content_type="multipart/mixed;boundary=x", content=b"nothing"
        ).request.characteristics
        self.assertFalse(content.has_text)

    def test_notification(self) -> None:
        """A disposition notification is one, with whatever feature tag or none."""
        cases: tuple[dict[str, Any], ...] = ({}, {"feature": Feature.SESSION})
        for details in cases:
            reading = message(content_type="message/imdn+xml", **details)
            self.assertIs(reading.request.kind, Kind.NOTIFICATION)

    def test_parties(self) -> None:
        """Originator and target are those of the message."""
        request = message().request
        self.assertEqual((request.originator, request.target), (ALICE[4:], BOB[4:]))

    def test_identifier(self) -> None:
        """nccsid counts in the Request-URI, and in To (Appendix D)."""
        self.assertEqual(message(recipient=f"{BOB};nccsid=MMS").request.nccsid, "MMS")
        reading = message(recipient=f"{BOB};nccsid=email", request_uri=BOB)
        self.assertEqual(reading.request.nccsid, "email")


class Invitations(SynchronousTestCase):
    def test_kinds(self) -> None:
        """6.1: the feature tag tells what is invited to."""
        for feature, kind in (
            (Feature.LARGE, Kind.LARGE),
            (Feature.FILE, Kind.FILE),
            (Feature.SESSION, Kind.SESSION),
        ):
            self.assertIs(invitation(feature=feature).request.kind, kind)

    def test_group(self) -> None:
        """A focus in Contact, or the service of groups, makes it a group's."""
        self.assertIs(invitation(group=True).request.kind, Kind.GROUP)
        plain = invite(ALICE, BOB)
        headers = plain.headers.with_replaced(
            "P-Asserted-Service", icsi(Feature.SESSION, True)
        )
        reading = read_invite(plain.replace(headers=headers), PLAN, Policy())
        self.assertIs(reading.request.kind, Kind.GROUP)

    def test_service_of_another_feature(self) -> None:
        """A group service of messages makes no group, but a contradiction.

        So does a second service beside the right one, and a Contact of another feature.
        """
        plain, session = invite(ALICE, BOB), icsi(Feature.SESSION)
        for name, value in (
            ("P-Asserted-Service", icsi(Feature.PAGER, True)),
            ("P-Asserted-Service", f"{session}, {icsi(Feature.PAGER)}"),
            ("Contact", f"<sip:pf@127.0.0.1>;{tag(Feature.FILE)}"),
        ):
            with self.subTest(value):
                headers = plain.headers.with_replaced(name, value)
                error = self.assertRaises(
                    CannotInterwork,
                    read_invite,
                    plain.replace(headers=headers),
                    PLAN,
                    Policy(),
                )
                self.assertEqual(
                    (error.status, error.cause), (403, "contradictory-features")
                )

    def test_other_features(self) -> None:
        """What is no message, file or session is 488."""
        for feature in (Feature.PAGER, Feature.DEFERRED, Feature.SYSTEM):
            with self.subTest(feature):
                error = self.assertRaises(CannotInterwork, invitation, feature=feature)
                self.assertEqual((error.status, error.cause), (488, "no-feature"))

    def test_offer(self) -> None:
        """The types are those wrapped in CPIM; a session has a stream."""
        content = invitation(body=offer("text/plain image/png")).request.characteristics
        self.assertEqual(content.content_types, ("text/plain", "image/png"))
        self.assertEqual((content.streams, content.size), (1, None))

    def test_streams(self) -> None:
        """Media that are offered are counted, those with port 0 are not."""
        more = offer() + b"m=audio 9 RTP/AVP 0\r\nm=message 0 TCP/MSRP *\r\n"
        self.assertEqual(invitation(body=more).request.characteristics.streams, 2)

    def test_file(self) -> None:
        """A file has the type and size that its selector says (RFC 5547 6)."""
        content = invitation(feature=Feature.FILE, body=FILE).request.characteristics
        self.assertEqual(content.content_types, ("image/jpeg",))
        self.assertEqual(content.size, 4092)

    def test_large_message(self) -> None:
        """A large message says its size by the selector (conversation TS 7.2.1.2)."""
        content = invitation(feature=Feature.LARGE, body=FILE).request.characteristics
        self.assertEqual(content.size, 4092)

    def test_beside_a_recipient_list(self) -> None:
        """The offer may stand in a multipart (RFC 5366 4)."""
        parts = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + offer() + b"\r\n--b--"
        plain = invite(ALICE, BOB, body=parts)
        headers = plain.headers.with_replaced(
            "Content-Type", "multipart/mixed;boundary=b"
        )
        reading = read_invite(plain.replace(headers=headers), PLAN, Policy())
        self.assertEqual(reading.request.characteristics.content_types, ("text/plain",))

    def test_no_offer(self) -> None:
        """Without an offer, or with one that cannot be read, it is refused."""
        for body, content_type, status, cause in (
            (b"", "", 488, "no-offer"),
            (b"Hello", "text/plain", 488, "no-offer"),
            (b"--b--", "multipart/mixed;boundary=b", 488, "no-offer"),
            (b"x", "multipart/mixed", 400, "unreadable"),
            (b"nonsense", "application/sdp", 400, "offer"),
        ):
            with self.subTest(content_type):
                plain = invite(ALICE, BOB, body=body)
                headers = plain.headers.without("Content-Type")
                if content_type:
                    headers = headers.with_added("Content-Type", content_type)
                error = self.assertRaises(
                    CannotInterwork,
                    read_invite,
                    plain.replace(headers=headers),
                    PLAN,
                    Policy(),
                )
                self.assertEqual((error.status, error.cause), (status, cause))

    def test_identity_that_cannot_be_read(self) -> None:
        """A malformed P-Asserted-Identity is 400, as in a message."""
        plain = invite(ALICE, BOB)
        headers = plain.headers.with_replaced("P-Asserted-Identity", "<<")
        error = self.assertRaises(
            CannotInterwork, read_invite, plain.replace(headers=headers), PLAN, Policy()
        )
        self.assertEqual((error.status, error.cause), (400, "unreadable"))


class Users(SynchronousTestCase):
    """7: whose preferences count."""

    def target(self, **details: Any) -> str:
        """The target user of a message, for the XDMS."""
        return message(**details).target_uri

    def test_request_uri(self) -> None:
        """The user of the Request-URI. [TS 5.1 step 7]"""
        self.assertEqual(self.target(), BOB)
        uri = "sip:+15145550002@example.net;user=phone"
        self.assertEqual(self.target(recipient=uri), uri)

    def test_to(self) -> None:
        """That of To, where the Request-URI names this gateway, and nobody else."""
        self.assertEqual(self.target(request_uri="sip:ims.example.net"), BOB)
        carol = "sip:carol@ims.example.net"
        self.assertEqual(self.target(request_uri=carol), carol)

    def test_originator(self) -> None:
        """Who wrote is who is asserted, otherwise who is in From."""
        carol = "sip:carol@example.net"
        for headers, expected in (
            ((("p-asserted-identity", f"<{carol}>"),), carol),
            ((("p-asserted-identity", ""),), ""),
            ((), ALICE),
        ):
            found = message(without=frozenset({"P-Asserted-Identity"}), headers=headers)
            self.assertEqual(found.originator_uri, expected)

    def test_identifier(self) -> None:
        """The service that the address names is no part of the user."""
        self.assertEqual(self.target(recipient=f"{BOB};nccsid=SMS"), BOB)


class Networks(SynchronousTestCase):
    def terminating(self, request: Request, **policy: Any) -> bool:
        """Whether interworking occurs in the terminating network."""
        chosen = msgspec.structs.replace(SelectionPolicy(), **policy)
        return is_terminating(request, BOB[4:], chosen)

    def test_policy(self) -> None:
        """Where the request says nothing, policy does (TS 5.1 step 2)."""
        request = request_of()
        self.assertTrue(self.terminating(request))
        self.assertFalse(self.terminating(request, network="originating"))

    def test_served(self) -> None:
        """A target whose number is one of ours is in the terminating network."""
        request = request_of()
        self.assertTrue(
            self.terminating(request, served=("+44", "+1514"), network="originating")
        )
        self.assertFalse(self.terminating(request, served=("+44",)))

    def test_served_user(self) -> None:
        """P-Served-User says the session case (RFC 5502)."""
        for case, expected in (("orig", False), ("term", True), ("ORIG", False)):
            value = f"<sip:alice@example.net>;sescase={case};regstate=reg"
            request = with_header(request_of(), "P-Served-User", value)
            self.assertEqual(
                self.terminating(request, served=("+44", "+1514")), expected
            )

    def test_route(self) -> None:
        """So does the Route that led here (3GPP TS 24.229 5.4.3.2)."""
        request = with_header(request_of(), "Route", "<sip:isf.example.net;lr;orig>")
        self.assertFalse(self.terminating(request))
        request = with_header(request_of(), "Route", "<sip:isf.example.net;lr>")
        self.assertTrue(self.terminating(request))

    def test_what_cannot_be_read(self) -> None:
        """A header that cannot be read says nothing."""
        for name in ("P-Served-User", "Route"):
            request = with_header(request_of(), name, "<<;orig")
            self.assertTrue(self.terminating(request))
