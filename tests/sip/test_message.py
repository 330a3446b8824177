"""Messages as values: views, encoding, and the answers of a UAS (RFC 3261 7, 8)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.errors import SipEncodeError, SipSyntaxError
from cpmgw.sip.headers import Headers, NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.parser import Limits, StreamParser, parse_datagram
from cpmgw.sip.status import REASONS, reason_for
from cpmgw.sip.uri import SipUri, TelUri, Uri
from tests.sip.test_uri import URIS

LIMITS = Limits()
ADA = NameAddr(SipUri("sip", "ada", "example.net"), "Ada", (("tag", "1"),))
BOB = NameAddr(TelUri("+15145550001"))


def sample(**changed: str) -> Request:
    """A MESSAGE with a Via, some headers of it replaced."""
    request = originate(
        "MESSAGE",
        TelUri("+15145550001"),
        from_=ADA,
        to=BOB,
        call_id="x@y",
        headers=[("Content-Type", "text/plain")],
        body=b"hello",
    )
    headers = request.headers.with_first("Via", "SIP/2.0/UDP h;branch=z9hG4bK1")
    for name, value in changed.items():
        headers = headers.with_replaced(name.replace("_", "-"), value)
    return request.replace(headers=headers)


class ViewTests(SynchronousTestCase):
    def test_views(self) -> None:
        """Each header that all need has a typed reading."""
        request = sample(Via="SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/TCP i")
        self.assertEqual(request.via.host, "h")
        self.assertEqual([via.host for via in request.vias], ["h", "i"])
        self.assertEqual(request.from_, ADA)
        self.assertEqual(request.to, BOB)
        self.assertEqual(request.call_id, "x@y")
        self.assertEqual((request.cseq.number, request.cseq.method), (1, "MESSAGE"))
        self.assertEqual(request.max_forwards, 70)
        self.assertEqual(request.content_type, "text/plain")

    def test_views_are_read_once(self) -> None:
        """The same object comes back."""
        request = sample()
        self.assertIs(request.from_, request.from_)
        self.assertIs(request.vias, request.vias)

    def test_content_type(self) -> None:
        """The media type is in lower case, without parameters (RFC 3261 20.15)."""
        for text, media in (
            ("Text/Plain;charset=utf-8", "text/plain"),
            ("message / cpim ; x=y", "message/cpim"),
        ):
            self.assertEqual(sample(Content_Type=text).content_type, media)
        bare = sample()
        bare = bare.replace(headers=bare.headers.without("c"))
        self.assertIsNone(bare.content_type)

    def test_missing_headers(self) -> None:
        """A view of what is not there names it."""
        empty = Response(200, "OK", Headers())
        for name, view in (
            ("Via", "via"),
            ("From", "from_"),
            ("To", "to"),
            ("Call-ID", "call_id"),
            ("CSeq", "cseq"),
        ):
            error = self.assertRaises(SipSyntaxError, getattr, empty, view)
            assert isinstance(error, SipSyntaxError)
            self.assertIn(f"Missing {name}", error.reason)
        self.assertIsNone(empty.max_forwards)
        self.assertEqual(empty.vias, ())

    def test_malformed_headers(self) -> None:
        """A view of what is malformed names the header in its reason phrase."""
        for name, view, value in (
            ("Via", "via", "x"),
            ("From", "from_", "<"),
            ("To", "to", "<"),
            ("Call-ID", "call_id", "a b"),
            ("Call-ID", "call_id", "é"),
            ("Call-ID", "call_id", ""),
            ("CSeq", "cseq", "x"),
            ("Max-Forwards", "max_forwards", "256"),
            ("Max-Forwards", "max_forwards", "-1"),
        ):
            request = sample(**{name: value})
            error = self.assertRaises(SipSyntaxError, getattr, request, view)
            assert isinstance(error, SipSyntaxError)
            self.assertIn(name, error.reason)

    def test_max_forwards_limits(self) -> None:
        """0 to 255 (RFC 3261 20.22)."""
        self.assertEqual(sample(Max_Forwards="0").max_forwards, 0)
        self.assertEqual(sample(Max_Forwards="255").max_forwards, 255)

    def test_repr_shows_no_text(self) -> None:
        """What users wrote stays out of logs."""
        self.assertEqual(repr(sample()), "<Request MESSAGE, 5 octets>")
        self.assertEqual(repr(respond(sample(), 200)), "<Response 200 'OK', 0 octets>")

    def test_replace(self) -> None:
        """A copy differs in what is named, and reads its own headers."""
        answer = respond(sample(), 200)
        self.assertEqual(answer.call_id, "x@y")
        other = answer.replace(headers=answer.headers.with_replaced("i", "z"))
        self.assertEqual((other.call_id, other.status), ("z", 200))
        self.assertEqual(answer.replace(body=b"b").body, b"b")
        self.assertEqual(answer.replace(), answer)

    def test_immutable(self) -> None:
        """A message does not change."""
        self.assertRaises(AttributeError, setattr, sample(), "body", b"")


class EncodeTests(SynchronousTestCase):
    def test_request(self) -> None:
        """The octets, Content-Length written last (RFC 3261 7)."""
        self.assertEqual(
            sample().encode(),
            b"MESSAGE tel:+15145550001 SIP/2.0\r\n"
            b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
            b"Max-Forwards: 70\r\n"
            b'From: "Ada" <sip:ada@example.net>;tag=1\r\n'
            b"To: <tel:+15145550001>\r\n"
            b"Call-ID: x@y\r\n"
            b"CSeq: 1 MESSAGE\r\n"
            b"Content-Type: text/plain\r\n"
            b"Content-Length: 5\r\n\r\nhello",
        )

    def test_given_content_length_is_replaced(self) -> None:
        """In any spelling; there is one, and it is right."""
        for name in ("Content-Length", "l", "L", "CONTENT-LENGTH"):
            request = sample()
            headers = request.headers.with_added(name, "99")
            octets = request.replace(headers=headers).encode()
            self.assertNotIn(b"99", octets)
            self.assertEqual(octets.count(b"Content-Length: 5\r\n"), 1)

    def test_a_line_break_cannot_get_out(self) -> None:
        """A value, reason or URI with CR or LF is refused, not sent."""
        for value in ("a\r\nEvil: 1", "a\nb", "a\rb", "a\r\n b"):
            self.assertRaises(SipEncodeError, sample(Subject=value).encode)
        response = Response(200, "OK\r\nEvil: 1", Headers())
        self.assertRaises(SipEncodeError, response.encode)
        evil = SipUri("sip", "a\r\nEvil: 1", "h")
        self.assertRaises(SipEncodeError, sample().replace(uri=evil).encode)

    def test_octets_that_are_no_utf8_leave_as_they_came(self) -> None:
        """Stray octets in a header survive (RFC 3261 7.3.1 is kind to extensions)."""
        octets = (
            sample().encode().replace(b"MESSAGE\r\n", b"MESSAGE\r\nX: \xff\xfe\xc3\r\n")
        )
        self.assertEqual(parse_datagram(octets, LIMITS).encode(), octets)

    @given(
        URIS,
        st.text(st.characters(blacklist_characters="\r\n"), max_size=20),
        st.binary(max_size=50),
        st.booleans(),
    )
    @settings(deadline=None, max_examples=100)
    def test_round_trip(self, uri: Uri, text: str, body: bytes, final: bool) -> None:
        """A request, and a response, come back equal from datagram and stream."""
        text = text.encode("utf-8", "ignore").decode().strip(" \t")
        if isinstance(uri, SipUri):
            uri = SipUri(uri.scheme, uri.user, uri.host, uri.port, None, uri.parameters)
        request = sample(Subject=text).replace(uri=uri, body=body)
        answer = respond(
            request, 200 if final else 180, text, headers=[("X-Y", text)], body=body
        )
        for message in (request, answer):
            read = parse_datagram(message.encode(), LIMITS)
            self.assertEqual(read.encode(), message.encode())
            self.assertEqual(read.headers.without("Content-Length"), message.headers)
            self.assertEqual(read.body, body)
            (streamed,) = StreamParser(LIMITS).feed(message.encode())
            self.assertEqual(streamed, read)


class RespondTests(SynchronousTestCase):
    def test_headers_are_copied(self) -> None:
        """Via (all), From, To, Call-ID and CSeq, in order (RFC 3261 8.2.6.2)."""
        request = sample()
        request = request.replace(
            headers=request.headers.with_added("v", "SIP/2.0/TCP i, SIP/2.0/TCP j")
        )
        answer = respond(
            request, 202, headers=[("Message-Context", "x")], body=b"b", to_tag="t9"
        )
        self.assertEqual(
            list(answer.headers),
            [
                ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
                ("Via", "SIP/2.0/TCP i, SIP/2.0/TCP j"),
                ("From", str(ADA)),
                ("To", f"{BOB};tag=t9"),
                ("Call-ID", "x@y"),
                ("CSeq", "1 MESSAGE"),
                ("Message-Context", "x"),
            ],
        )
        self.assertEqual((answer.status, answer.reason), (202, "Accepted"))
        self.assertTrue(answer.is_final)
        self.assertEqual(answer.to.tag, "t9")

    def test_a_tag_that_is_there_stays(self) -> None:
        """Within a dialog the To is the request's (RFC 3261 8.2.6.2)."""
        answer = respond(sample(To="<sip:b@h>;TAG = old"), 200, to_tag="new")
        self.assertEqual(answer.to.tag, "old")
        self.assertEqual(len(answer.headers.raw("To")), 1)

    def test_a_tag_in_the_uri_is_no_tag(self) -> None:
        """Only the header's parameter counts."""
        answer = respond(sample(To="<sip:b@h;tag=no>"), 200, to_tag="yes")
        self.assertEqual(answer.to.tag, "yes")

    def test_trying(self) -> None:
        """A 100 has the Timestamp and no tag of ours (RFC 3261 8.2.6.1)."""
        answer = respond(sample(Timestamp="54"), 100)
        self.assertEqual(answer.headers.get("Timestamp"), "54")
        self.assertIsNone(answer.to.tag)
        self.assertFalse(answer.is_final)
        self.assertNotIn("Timestamp", respond(sample(Timestamp="54"), 200).headers)

    def test_record_route_of_a_dialog(self) -> None:
        """101 to 2xx to an INVITE keep the Record-Route (RFC 3261 12.1.1)."""
        request = sample(Record_Route="<sip:p;lr>")
        invite = Request("INVITE", request.uri, request.headers)
        for status, kept in ((100, False), (180, True), (200, True), (486, False)):
            answer = respond(invite, status)
            self.assertEqual("Record-Route" in answer.headers, kept, status)
        self.assertNotIn("Record-Route", respond(request, 200).headers)

    def test_reasons(self) -> None:
        """A status that is not known has the phrase of its class (RFC 3261 8.1.3.2)."""
        self.assertEqual(respond(sample(), 499).reason, REASONS[400])
        self.assertEqual(respond(sample(), 199).reason, REASONS[199])
        self.assertEqual(reason_for(150), REASONS[183])
        self.assertEqual(reason_for(999), "")
        self.assertEqual(respond(sample(), 400, "Missing X").reason, "Missing X")
