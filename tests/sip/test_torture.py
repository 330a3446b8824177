"""Every message class of RFC 4475, as far as the codec decides it.

Where the answer is given above the codec, the test shows what the codec hands up, and
its docstring says which answer is due.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.digest import parse_credentials
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import parse_name_addr
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Event, Invalid, Limits, StreamParser, parse_datagram
from cpmgw.sip.uri import AbsoluteUri, SipUri, unescape
from tests.sip.torture import invalid, semantic, valid

LIMITS = Limits()


class TortureCase(SynchronousTestCase):
    """Reads messages both as datagrams and from a stream."""

    def request(self, octets: bytes) -> Request:
        message = parse_datagram(octets, LIMITS)
        assert isinstance(message, Request)
        again = parse_datagram(message.encode(), LIMITS)
        self.assertEqual(
            again.headers.without("Content-Length"),
            message.headers.without("Content-Length"),
        )
        self.assertEqual(again.body, message.body)
        return message

    def response(self, octets: bytes) -> Response:
        message = parse_datagram(octets, LIMITS)
        assert isinstance(message, Response)
        self.assertEqual(parse_datagram(message.encode(), LIMITS).encode(), octets)
        return message

    def refused(self, octets: bytes, status: int = 400) -> SipSyntaxError:
        error = self.assertRaises(SipSyntaxError, parse_datagram, octets, LIMITS)
        assert isinstance(error, SipSyntaxError)
        self.assertEqual(error.status, status)
        return error

    def answered(self, octets: bytes, status: int = 400) -> Response:
        answer = self.refused(octets, status).answer
        assert answer is not None
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.encode().count(b"\r\n\r\n"), 1)
        self.assertEqual(answer.via.transport, "UDP")
        return answer

    def streamed(self, octets: bytes) -> list[Event]:
        return StreamParser(LIMITS).feed(octets)


class ValidTests(TortureCase):
    def test_3_1_1_1_short_tortuous_invite(self) -> None:
        """Folds, compact forms, LWS and escaped quotes are read (RFC 4475 3.1.1.1)."""
        request = self.request(valid.SHORT_TORTUOUS)
        self.assertEqual(request.cseq.number, 9)
        self.assertEqual(request.max_forwards, 68)
        self.assertEqual(request.to.tag, "77aa")
        self.assertEqual(request.from_.tag, "88bb")
        self.assertEqual(request.from_.display_name, 'A Quote \\"')
        self.assertEqual(
            [(via.transport, via.host, via.branch) for via in request.vias],
            [
                ("UDP", "192.0.2.9", "oldstyle9"),
                ("TCP", "hop.example.net", "z9hG4bK8kdi7"),
                ("UDP", "192.168.77.1", "z9hG4bK40340"),
            ],
        )
        self.assertEqual(request.headers.get("Subject"), "")
        self.assertEqual(request.headers.get("NovelHeader"), "novel value goes on here")
        self.assertEqual(request.headers.get("HeaderOfSeparators"), ";;,,;;,;")
        (contact,) = request.headers.addresses("Contact")
        self.assertEqual(contact.display_name, 'Quoted "" text')
        self.assertEqual(contact.parameter("newparam"), "newvalue")
        self.assertEqual(contact.parameter("q"), "0.33")
        self.assertEqual(request.body, valid.SDP)
        self.assertEqual(str(request.uri), "sip:bob@chair.example.org;strangeparam")

    def test_3_1_1_2_wide_range_of_valid_characters(self) -> None:
        """Every legal character stands where it may; answer 405 (RFC 4475 3.1.1.2)."""
        request = self.request(valid.WIDE_RANGE)
        assert isinstance(request.uri, SipUri)
        self.assertEqual(request.method, valid.WIDE_METHOD)
        self.assertEqual(request.uri.user, valid.WIDE_USER)
        self.assertEqual(request.uri.password, valid.WIDE_PASSWORD)
        self.assertEqual(request.to.display_name, "BEL:\x07 NUL:\x00 DEL:\x7f")
        self.assertEqual(request.from_.tag, "_word~1'+`*%!-.")
        self.assertEqual(request.from_.parameter("fromparam''~+*_!.-%"), "работающий")
        self.assertEqual(request.call_id, valid.WIDE_CALL_ID)
        self.assertEqual(request.headers.get("extensionheader-!.%*+_`'~"), "大停電")
        self.assertEqual(request.via.branch, "z9hG4bK-.!%66*_+`'~")
        self.assertEqual(parse_name_addr(str(request.to)), request.to)

    def test_3_1_1_3_valid_percent_escaping(self) -> None:
        """Escapes in user, parameter names and values (RFC 4475 3.1.1.3)."""
        request = self.request(valid.ESCAPING)
        assert isinstance(request.uri, SipUri)
        self.assertEqual(request.uri.scheme, "sip")
        self.assertEqual(unescape(request.uri.user or ""), "sips:ada@example.net")
        self.assertEqual(request.uri.host, "example.org")
        (contact,) = request.headers.addresses("Contact")
        assert isinstance(contact.uri, SipUri)
        self.assertTrue(contact.uri.has("lr"))
        self.assertEqual(contact.uri.parameter("name"), "value%41")
        assert isinstance(request.from_.uri, SipUri)
        self.assertEqual(unescape(request.from_.uri.user or ""), "I have spaces")

    def test_3_1_1_4_escaped_nulls(self) -> None:
        """%00 is a character like others and ends nothing (RFC 4475 3.1.1.4)."""
        request = self.request(valid.ESCAPED_NULLS)
        assert isinstance(request.to.uri, SipUri)
        self.assertEqual(unescape(request.to.uri.user or ""), "null-\0-null")
        users = [str(one.uri) for one in request.headers.addresses("Contact")]
        self.assertEqual(
            users, ["sip:%00@host7.example.org", "sip:%00%00@host7.example.org"]
        )

    def test_3_1_1_5_percent_that_is_no_escape(self) -> None:
        """The method is not REGISTER, nor is a name unescaped (RFC 4475 3.1.1.5)."""
        request = self.request(valid.PERCENT_IS_NO_ESCAPE)
        self.assertEqual(request.method, "RE%47IST%45R")
        self.assertEqual(request.to.display_name, "%Z%45")

    def test_3_1_1_6_no_lws_before_bracket(self) -> None:
        """A display name may touch its bracket (RFC 4475 3.1.1.6)."""
        request = self.request(valid.NO_LWS_BEFORE_BRACKET)
        self.assertEqual(request.from_.display_name, "caller")
        self.assertEqual(request.from_.tag, "324")

    def test_3_1_1_7_long_values(self) -> None:
        """Names, values and many Vias of great length are kept (RFC 4475 3.1.1.7)."""
        request = self.request(valid.LONG_VALUES)
        self.assertEqual(len(request.vias), 29)
        self.assertEqual(request.call_id, valid.LONG)
        self.assertEqual(request.from_.tag, valid.LONG)
        self.assertEqual(request.body, valid.SDP)

    def test_3_1_1_8_trailing_octets(self) -> None:
        """What follows the body in a datagram is dropped (RFC 4475 3.1.1.8)."""
        request = parse_datagram(valid.TRAILING_OCTETS, LIMITS)
        assert isinstance(request, Request)
        self.assertEqual(request.method, "MESSAGE")
        self.assertEqual(request.body, b"")

    def test_3_1_1_9_semicolons_in_user(self) -> None:
        """A parameter in the user part is the user's (RFC 4475 3.1.1.9)."""
        request = self.request(valid.SEMICOLONS_IN_USER)
        assert isinstance(request.uri, SipUri)
        self.assertEqual(unescape(request.uri.user or ""), "user;par=u@example.org")
        self.assertEqual(request.uri.parameters, ())

    def test_3_1_1_10_varied_transports(self) -> None:
        """Any transport is taken in a Via (RFC 4475 3.1.1.10)."""
        request = self.request(valid.TRANSPORTS)
        self.assertEqual(
            [via.transport for via in request.vias],
            ["UDP", "SCTP", "TLS", "CARRIERPIGEON", "TCP"],
        )

    def test_3_1_1_11_multipart_with_binary(self) -> None:
        """A body of any octets is kept to the octet (RFC 4475 3.1.1.11)."""
        request = self.request(valid.MULTIPART)
        self.assertEqual(request.body, valid.MULTIPART_BODY)
        self.assertEqual(request.content_type, "multipart/mixed")
        (streamed,) = self.streamed(valid.MULTIPART)
        self.assertEqual(streamed, request)

    def test_3_1_1_12_unusual_reason_phrase(self) -> None:
        """A reason phrase has any characters (RFC 4475 3.1.1.12)."""
        response = self.response(valid.UNUSUAL_REASON)
        self.assertTrue(response.reason.startswith("= 3**2 * 5**2 но"))

    def test_3_1_1_13_empty_reason_phrase(self) -> None:
        """A reason phrase may be empty (RFC 4475 3.1.1.13)."""
        response = self.response(valid.EMPTY_REASON)
        self.assertEqual((response.status, response.reason), (100, ""))


class InvalidTests(TortureCase):
    def test_3_1_2_1_extra_separators(self) -> None:
        """400; the answer's Via is what could be read (RFC 4475 3.1.2.1)."""
        answer = self.answered(invalid.EXTRA_SEPARATORS)
        self.assertEqual(answer.via.host, "192.0.2.15")
        self.assertEqual(answer.via.branch, "z9hG4bKsep")
        self.assertRaises(SipSyntaxError, parse_name_addr, "<sip:j@e.org>;;;;")

    def test_3_1_2_2_length_larger_than_message(self) -> None:
        """400 on a datagram; a stream waits for the rest (RFC 4475 3.1.2.2)."""
        self.answered(invalid.LENGTH_TOO_LARGE)
        self.assertEqual(self.streamed(invalid.LENGTH_TOO_LARGE), [])

    def test_3_1_2_3_negative_length(self) -> None:
        """400; a stream cannot go on and is closed (RFC 4475 3.1.2.3)."""
        self.answered(invalid.LENGTH_NEGATIVE)
        (event,) = self.streamed(invalid.LENGTH_NEGATIVE)
        assert isinstance(event, Invalid)
        self.assertTrue(event.fatal)
        self.assertIsNotNone(event.error.answer)

    def test_3_1_2_4_overlarge_scalars_in_a_request(self) -> None:
        """CSeq and Max-Forwards out of range: 400; Expires is text until somebody
        reads it as a number (RFC 4475 3.1.2.4).
        """
        answer = self.answered(invalid.CSEQ_OVERLARGE)
        self.assertIn("CSeq", answer.reason)
        answer = self.answered(invalid.MAX_FORWARDS_OVERLARGE)
        self.assertIn("Max-Forwards", answer.reason)
        self.request(invalid.EXPIRES_OVERLARGE)

    def test_3_1_2_5_overlarge_scalars_in_a_response(self) -> None:
        """The response is dropped: there is no answer (RFC 4475 3.1.2.5)."""
        self.assertIsNone(self.refused(invalid.RESPONSE_CSEQ_OVERLARGE).answer)

    def test_3_1_2_6_unterminated_quoted_string(self) -> None:
        """400, nothing is guessed (RFC 4475 3.1.2.6)."""
        answer = self.answered(invalid.UNTERMINATED_QUOTE)
        self.assertIn("Quoted String", answer.reason)
        self.assertIn("To", answer.reason)

    def test_3_1_2_7_bracketed_request_uri(self) -> None:
        """400 (RFC 4475 3.1.2.7)."""
        self.answered(invalid.BRACKETED_REQUEST_URI)

    def test_3_1_2_8_lws_in_request_uri(self) -> None:
        """400 (RFC 4475 3.1.2.8)."""
        self.answered(invalid.LWS_IN_REQUEST_URI)

    def test_3_1_2_9_many_spaces_in_request_line(self) -> None:
        """400 (RFC 4475 3.1.2.9)."""
        self.answered(invalid.MANY_SPACES)

    def test_3_1_2_10_spaces_at_end_of_request_line(self) -> None:
        """400 (RFC 4475 3.1.2.10)."""
        self.answered(invalid.TRAILING_SPACES)

    def test_3_1_2_11_headers_in_request_uri(self) -> None:
        """400 (RFC 4475 3.1.2.11)."""
        answer = self.answered(invalid.HEADERS_IN_REQUEST_URI)
        self.assertEqual(answer.reason, "Headers in Request-URI")

    def test_3_1_2_12_bad_time_zone(self) -> None:
        """The Date, which we do not use, is let be (RFC 4475 3.1.2.12)."""
        request = self.request(invalid.BAD_DATE)
        self.assertEqual(request.headers.get("Date"), "Fri, 01 Jan 2010 16:00:00 EST")

    def test_3_1_2_13_unbracketed_contact(self) -> None:
        """Whoever reads this Contact answers 400 (RFC 4475 3.1.2.13)."""
        request = self.request(invalid.UNBRACKETED_CONTACT)
        self.assertRaises(SipSyntaxError, request.headers.addresses, "Contact")

    def test_3_1_2_14_spaces_in_addr_spec(self) -> None:
        """Liberally ignored, and not written again (RFC 4475 3.1.2.14)."""
        request = self.request(invalid.SPACES_IN_BRACKETS)
        self.assertEqual(str(request.to), '"Watson, Thomas" <sip:t.watson@example.org>')

    def test_3_1_2_15_display_name_that_is_no_token(self) -> None:
        """400 (RFC 4475 3.1.2.15)."""
        self.answered(invalid.DISPLAY_NAME_NO_TOKEN)

    def test_3_1_2_16_unknown_protocol_version(self) -> None:
        """505 (RFC 4475 3.1.2.16)."""
        answer = self.answered(invalid.VERSION_SEVEN, 505)
        self.assertEqual(answer.reason, "Version Not Supported")

    def test_3_1_2_17_method_mismatch(self) -> None:
        """400 (RFC 4475 3.1.2.17)."""
        self.answered(invalid.METHOD_MISMATCH)

    def test_3_1_2_18_unknown_method_mismatch(self) -> None:
        """400, which may be given in place of 501 (RFC 4475 3.1.2.18)."""
        self.answered(invalid.UNKNOWN_METHOD_MISMATCH)

    def test_3_1_2_19_overlarge_status(self) -> None:
        """The response is dropped (RFC 4475 3.1.2.19)."""
        self.assertIsNone(self.refused(invalid.STATUS_OVERLARGE).answer)


class SemanticTests(TortureCase):
    def test_3_2_1_missing_transaction_identifier(self) -> None:
        """A bare cookie is told apart, for RFC 2543's matching (RFC 4475 3.2.1)."""
        request = self.request(semantic.BARE_COOKIE)
        self.assertEqual(request.via.branch, "z9hG4bK")
        self.assertFalse(request.via.has_cookie)

    def test_3_3_1_missing_required_headers(self) -> None:
        """400 with the headers that are there (RFC 4475 3.3.1)."""
        answer = self.refused(semantic.INSUFFICIENT).answer
        assert answer is not None
        self.assertIn("Missing", answer.reason)
        self.assertEqual([name for name, _ in answer.headers], ["Via", "CSeq"])

    def test_3_3_2_unknown_scheme(self) -> None:
        """The URI is opaque; answer 416 (RFC 4475 3.3.2)."""
        request = self.request(semantic.UNKNOWN_SCHEME)
        self.assertEqual(request.uri, AbsoluteUri("nobodyknowsthis", "opaquecontent"))

    def test_3_3_3_atypical_scheme(self) -> None:
        """The URI is opaque; answer 416 (RFC 4475 3.3.3)."""
        request = self.request(semantic.ATYPICAL_SCHEME)
        self.assertEqual(request.uri, AbsoluteUri("soap.beep", "//192.0.2.103:3002"))

    def test_3_3_4_unknown_schemes_in_headers(self) -> None:
        """From and To are not looked into; handled as usual (RFC 4475 3.3.4)."""
        request = self.request(semantic.SCHEMES_IN_HEADERS)
        self.assertEqual(request.to.uri, AbsoluteUri("isbn", "2983792873"))
        self.assertEqual(request.from_.uri, AbsoluteUri("http", "//www.example.net"))
        self.assertEqual(request.from_.tag, "3234233")

    def test_3_3_5_require(self) -> None:
        """Option tags come as a list; answer 420, Unsupported (RFC 4475 3.3.5)."""
        request = self.request(semantic.REQUIRED_EXTENSIONS)
        self.assertEqual(request.headers.all("Require"), ["noOneKnowsThis", "norThis"])
        self.assertEqual(
            request.headers.all("Proxy-Require"), ["noProxyKnowsThis", "norThisOne"]
        )

    def test_3_3_6_unknown_content_type(self) -> None:
        """The type is given; answer 415 with Accept (RFC 4475 3.3.6)."""
        request = self.request(semantic.UNKNOWN_CONTENT)
        self.assertEqual(request.content_type, "application/unknownformat")

    def test_3_3_7_unknown_authorization_scheme(self) -> None:
        """Not credentials that we know: as if absent (RFC 4475 3.3.7)."""
        request = self.request(semantic.UNKNOWN_AUTHORIZATION)
        value = request.headers.get("Authorization") or ""
        self.assertIsNone(parse_credentials(value))

    def test_3_3_8_multiple_single_headers(self) -> None:
        """400; the answer has one of each (RFC 4475 3.3.8)."""
        answer = self.answered(semantic.MULTIPLE_SINGLES)
        self.assertIn("Multiple", answer.reason)
        for name in ("From", "To", "Call-ID", "CSeq"):
            self.assertEqual(len(answer.headers.raw(name)), 1, name)

    def test_3_3_9_multiple_lengths(self) -> None:
        """400; a stream is closed (RFC 4475 3.3.9)."""
        self.answered(semantic.MULTIPLE_LENGTHS)
        (event,) = self.streamed(semantic.MULTIPLE_LENGTHS)
        assert isinstance(event, Invalid)
        self.assertTrue(event.fatal)

    def test_3_3_10_broadcast_via(self) -> None:
        """The second Via is there to be seen; who is no proxy drops the response
        (RFC 4475 3.3.10).
        """
        response = parse_datagram(semantic.BROADCAST_VIA, LIMITS)
        self.assertEqual(response.vias[1].host, "255.255.255.255")

    def test_3_3_11_max_forwards_zero(self) -> None:
        """Legal; a proxy answers 483, a UAS serves it (RFC 4475 3.3.11)."""
        self.assertEqual(self.request(semantic.NO_HOPS_LEFT).max_forwards, 0)

    def test_3_3_12_contact_header_parameter(self) -> None:
        """Without brackets the parameter is the header's (RFC 4475 3.3.12)."""
        request = self.request(semantic.CONTACT_HEADER_PARAMETER)
        (contact,) = request.headers.addresses("Contact")
        assert isinstance(contact.uri, SipUri)
        self.assertTrue(contact.has("odd"))
        self.assertFalse(contact.uri.has("odd"))

    def test_3_3_13_contact_uri_parameter(self) -> None:
        """Within brackets the parameter is the URI's (RFC 4475 3.3.13)."""
        request = self.request(semantic.CONTACT_URI_PARAMETER)
        (contact,) = request.headers.addresses("Contact")
        assert isinstance(contact.uri, SipUri)
        self.assertFalse(contact.has("odd"))
        self.assertTrue(contact.uri.has("odd"))

    def test_3_3_14_contact_uri_headers(self) -> None:
        """A Contact's URI may have headers (RFC 4475 3.3.14)."""
        request = self.request(semantic.CONTACT_URI_HEADERS)
        (contact,) = request.headers.addresses("Contact")
        assert isinstance(contact.uri, SipUri)
        ((name, value),) = contact.uri.headers
        self.assertEqual((name, unescape(value)), ("Route", "<sip:sip.example.org>"))

    def test_3_3_15_unacceptable_accept(self) -> None:
        """The Accept is there to be judged; answer 406 (RFC 4475 3.3.15)."""
        request = self.request(semantic.UNACCEPTABLE_OFFER)
        self.assertEqual(request.headers.all("Accept"), ["text/nobodyKnowsThis"])

    def test_3_4_1_rfc_2543(self) -> None:
        """No branch, tag, Max-Forwards or Content-Length: served (RFC 4475 3.4.1)."""
        request = self.request(semantic.RFC_2543)
        self.assertIsNone(request.via.branch)
        self.assertFalse(request.via.has_cookie)
        self.assertIsNone(request.from_.tag)
        self.assertIsNone(request.max_forwards)
        self.assertEqual(request.body, b"v=0\r\ns=-\r\n")
