"""Datagrams and streams: framing, limits, truncation (RFC 3261 7.5, 18.3, 20.14)."""

from __future__ import annotations

from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import (
    Event,
    Invalid,
    KeepAlive,
    Limits,
    StreamParser,
    is_keep_alive,
    parse_datagram,
)
from tests.sip.torture.compose import message, response, text

LIMITS = Limits()
START = "MESSAGE sip:bob@example.org SIP/2.0"
BODY = b"From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\n\xff\x00hi"
SAMPLE = message(
    START,
    "Content-Type: message/cpim",
    "Subject: one",
    "  two",
    body=BODY,
)


def refusal(octets: bytes, limits: Limits = LIMITS) -> SipSyntaxError:
    """The error that a datagram gives."""
    try:
        parse_datagram(octets, limits)
    except SipSyntaxError as error:
        return error
    raise AssertionError("was not refused")


def only(events: list[Event]) -> Event:
    """The one event of a list."""
    (event,) = events
    return event


def fatal(octets: bytes, limits: Limits = LIMITS) -> SipSyntaxError:
    """The error of a stream that has to be closed."""
    event = only(StreamParser(limits).feed(octets))
    assert isinstance(event, Invalid)
    assert event.fatal
    return event.error


class DatagramTests(SynchronousTestCase):
    def test_body_is_what_content_length_says(self) -> None:
        """Octets after it are dropped (RFC 3261 18.3)."""
        read = parse_datagram(SAMPLE + b"more", LIMITS)
        self.assertEqual(read.body, BODY)
        self.assertEqual(read.headers.get("Subject"), "one two")

    def test_without_content_length_the_body_is_the_rest(self) -> None:
        """In a datagram the length may be missing (RFC 3261 18.3)."""
        octets = message(START, body=b"abc", without=("Content-Length",))
        self.assertEqual(parse_datagram(octets, LIMITS).body, b"abc")

    def test_leading_line_breaks_are_skipped(self) -> None:
        """CRLFs before the start line mean nothing (RFC 3261 7.5)."""
        self.assertIsInstance(parse_datagram(b"\r\n\r\n" + SAMPLE, LIMITS), Request)

    def test_keep_alives(self) -> None:
        """A datagram without any text only keeps a binding open (RFC 5626 4.4)."""
        for data in (b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"  \r\n"):
            self.assertTrue(is_keep_alive(data))
        self.assertFalse(is_keep_alive(SAMPLE))

    def test_content_length_values(self) -> None:
        """What is no number of octets is a 400 (RFC 3261 20.14, RFC 4475 3.1.2.3)."""
        for value in ("-1", "+1", "1.5", "x", "", "0x1", "1 2", "१", "9" * 5000):
            error = refusal(message(START, Content_Length=value))
            self.assertEqual(error.status, 400, value)
            self.assertIn("Content-Length", error.reason)
        octets = message(START, Content_Length="0003", body=b"abcd")
        self.assertEqual(parse_datagram(octets, LIMITS).body, b"abc")

    def test_content_length_twice(self) -> None:
        """The same twice is odd but clear; two meanings are a 400."""
        octets = message(START, "l: 3", body=b"abc")
        self.assertEqual(parse_datagram(octets, LIMITS).body, b"abc")
        self.assertEqual(refusal(message(START, "l: 2", body=b"abc")).status, 400)

    def test_single_headers_with_two_meanings(self) -> None:
        """A conflict is a 400; a harmless repeat is not (RFC 3261 7.3.1)."""
        for name in ("Content-Type", "Expires", "Subject", "Date", "Event"):
            error = refusal(message(START, f"{name}: 1", f"{name}: 2"))
            self.assertEqual(error.reason, f"Conflicting {name.lower()} Header Fields")
            parse_datagram(message(START, f"{name}: 1", f"{name}: 1"), LIMITS)

    def test_each_required_header(self) -> None:
        """Without it: 400 naming it; without Via there is no answer (8.1.1, 8.2.6)."""
        for name in ("From", "To", "Call-ID", "CSeq"):
            error = refusal(message(START, without=(name,)))
            self.assertEqual(error.reason, f"Missing {name} Header Field")
            assert error.answer is not None
            self.assertNotIn(name, error.answer.headers)
        self.assertIsNone(refusal(message(START, without=("Via",))).answer)
        parse_datagram(message(START, without=("Max-Forwards",)), LIMITS)

    def test_each_required_header_twice(self) -> None:
        """Even the same value twice is a 400 (RFC 4475 3.3.8)."""
        for name, value in (
            ("From", '"Ada" <sip:ada@example.net>;tag=from1'),
            ("To", "<sip:bob@example.org>"),
            ("Call-ID", "torture.1@edge.example.net"),
            ("CSeq", "7 MESSAGE"),
            ("Max-Forwards", "70"),
        ):
            error = refusal(message(START, f"{name}: {value}"))
            self.assertEqual(error.reason, f"Multiple {name} Header Fields")

    def test_malformed_header_lines(self) -> None:
        """A line without colon or with a bad name is a 400 (RFC 3261 7.3)."""
        for line in ("Nonsense", "Bad Name: x", ": x", "Näme: x", "", 'A"b: c'):
            octets = message(START, "Subject: x").replace(
                b"Subject: x", line.encode() or b"\x01:"
            )
            self.assertEqual(refusal(octets).reason, "Malformed Header Field", line)

    def test_line_breaks_that_are_not_crlf(self) -> None:
        """A bare CR or LF is never a line's end: elements disagree on it (7)."""
        for value in (b"a\nEvil: b", b"a\rb", b"a\n b"):
            octets = message(START, "Subject: x").replace(b"Subject: x", b"S: " + value)
            error = refusal(octets)
            self.assertEqual(error.reason, "Line Break in Header Field")
            self.assertIsNotNone(error.answer)
            self.assertEqual(fatal(octets).reason, error.reason)

    def test_start_lines(self) -> None:
        """Single spaces, a token, a URI, a version (RFC 3261 7.1, 7.2)."""
        for line, status in (
            ("MESSAGE", 400),
            ("MESSAGE sip:a@b", 400),
            ("MESSAGE  SIP/2.0", 400),
            (" MESSAGE sip:a@b SIP/2.0", 400),
            ("MESSAGE\tsip:a@b\tSIP/2.0", 400),
            ("MESSAGE sip:a@b SIP/2.0 x", 400),
            ("M(SSAGE sip:a@b SIP/2.0", 400),
            ("MESSAGE sip:a@b HTTP/1.1", 400),
            ("MESSAGE sip:a@b SIP/2", 400),
            ("MESSAGE sip:a@b SIP/2.1", 505),
            ("MESSAGE sip:a@b SIP/10.0", 505),
            ("SIP/2.0", 400),
            ("SIP/2.0 20 OK", 400),
            ("SIP/2.0 2000 OK", 400),
            ("SIP/2.0 2x0 OK", 400),
            ("SIP/2.0 099 OK", 400),
            ("SIP/2.0 700 OK", 400),
            ("SIP/2.0  200 OK", 400),
            ("SIP/3.0 200 OK", 505),
        ):
            octets = message(START).replace(START.encode(), line.encode())
            self.assertEqual(refusal(octets).status, status, line)
        self.assertIsNone(refusal(response("SIP/2.0 700 OK")).answer)

    def test_version_has_no_case(self) -> None:
        """SIP-Version is read in any case (RFC 3261 7.1)."""
        parse_datagram(message("MESSAGE sip:a@b sip/2.0"), LIMITS)
        parse_datagram(response("sip/2.0 200 OK"), LIMITS)

    def test_methods_have_case(self) -> None:
        """ "message" is another method than "MESSAGE" (RFC 3261 7.1)."""
        read = parse_datagram(message("message sip:a@b SIP/2.0"), LIMITS)
        assert isinstance(read, Request)
        self.assertEqual(read.method, "message")

    def test_no_answer_to_an_ack(self) -> None:
        """An ACK is never answered (RFC 3261 17.1.1.3)."""
        octets = message("ACK sip:a@b SIP/2.0", CSeq="x")
        self.assertIsNone(refusal(octets).answer)

    def test_no_answer_to_a_response(self) -> None:
        """A broken response is dropped (RFC 3261 18.1.2)."""
        self.assertIsNone(refusal(response("SIP/2.0 200 OK", CSeq="x")).answer)

    def test_responses_need_no_max_forwards(self) -> None:
        """A response is read with its own rules (RFC 3261 8.2.6)."""
        read = parse_datagram(response("SIP/2.0 202 Accepted"), LIMITS)
        assert isinstance(read, Response)
        self.assertEqual((read.status, read.reason), (202, "Accepted"))

    def test_what_is_left_of_a_via(self) -> None:
        """A bounded number of its parameters is looked at, however many there are."""
        via = "SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKx" + ";;a" * 5000
        answer = refusal(message(START, Via=via)).answer
        assert answer is not None
        self.assertEqual(answer.via.branch, "z9hG4bKx")
        self.assertLess(len(answer.via.parameters), 16)

    def test_no_empty_line(self) -> None:
        """A message has its empty line, body or not (RFC 3261 7)."""
        error = refusal(SAMPLE.partition(b"\r\n\r\n")[0] + b"\r\n")
        self.assertIsNotNone(error.answer)

    def test_answer_to_a_broken_request(self) -> None:
        """It has the request's headers and a To tag that repeats (RFC 3261 8.2.7)."""
        octets = message(START, CSeq="x")
        answer = refusal(octets).answer
        assert answer is not None
        self.assertEqual(answer.reason, "Malformed CSeq")
        self.assertEqual(answer.via.branch, "z9hG4bKfine1")
        self.assertEqual(answer.from_.tag, "from1")
        self.assertTrue(answer.to.tag)
        self.assertEqual(refusal(octets).answer, answer)
        other = refusal(message(START, CSeq="x", Call_ID="other")).answer
        assert other is not None
        self.assertNotEqual(other.to.tag, answer.to.tag)
        tagged = refusal(message(START, CSeq="x", To="<sip:b@c>;tag=old")).answer
        assert tagged is not None
        self.assertEqual(tagged.to.tag, "old")

    def test_answer_with_an_unreadable_via(self) -> None:
        """Where the Via cannot be read at all there is no answer."""
        for via in ("", "x", "SIP/2.0/UDP", "SIP/2.0/UDP [::z]", ", ,"):
            self.assertIsNone(refusal(message(START, Via=via)).answer, via)


class LimitTests(SynchronousTestCase):
    def check(self, name: str, at: bytes, past: bytes, value: int, status: int) -> None:
        limits = Limits(**{name: value})
        self.assertIsInstance(parse_datagram(at, limits), Request)
        self.assertIsInstance(only(StreamParser(limits).feed(at)), Request)
        self.assertEqual(refusal(past, limits).status, status)
        event = only(StreamParser(limits).feed(past))
        assert isinstance(event, Invalid)
        self.assertEqual(event.error.status, status)

    def test_max_body(self) -> None:
        """The body's limit, at it and one past it: 513 (RFC 3261 21.5.7)."""
        at, past = message(START, body=b"x" * 9), message(START, body=b"x" * 10)
        self.check("max_body", at, past, 9, 513)

    def test_max_message(self) -> None:
        """The whole message's limit: 513."""
        at, past = message(START, body=b"x" * 8), message(START, body=b"x" * 9)
        self.check("max_message", at, past, len(at), 513)

    def test_max_head(self) -> None:
        """The limit of start line and headers: 513, to where the Via within it says."""
        at, past = message(START), message(START, "x:")
        self.check("max_head", at, past, len(at) - 4, 513)
        limits = Limits(max_head=len(at) - 4)
        for octets in (past, past.removesuffix(b"\r\n\r\n")):
            event = only(StreamParser(limits).feed(octets))
            assert isinstance(event, Invalid)
            assert event.error.answer is not None
            self.assertEqual(event.error.answer.status, 513)

    def test_max_headers(self) -> None:
        """The number of header fields: 513."""
        self.check("max_headers", message(START), message(START, "x:"), 7, 513)

    def test_max_header_line(self) -> None:
        """The length of one header field, folds joined: 513."""
        at, past = message(START, "x:" + "y" * 98), message(START, "x:" + "y" * 99)
        self.check("max_header_line", at, past, 100, 513)
        folded = message(START, "x: " + "y" * 60, " " + "y" * 60)
        self.check("max_header_line", at, folded, 100, 513)

    def test_max_vias(self) -> None:
        """The number of Vias, on lines and between commas: 400."""
        at = message(START, "v: SIP/2.0/UDP a, SIP/2.0/UDP b")
        past = message(START, "v: SIP/2.0/UDP a, SIP/2.0/UDP b, SIP/2.0/UDP c")
        self.check("max_vias", at, past, 3, 400)

    def test_a_stream_without_end_is_cut(self) -> None:
        """Octets that never become a header are not collected for ever."""
        limits = Limits(max_head=100)
        parser = StreamParser(limits)
        self.assertEqual(parser.feed(b"x" * 100), [])
        event = only(parser.feed(b"x"))
        assert isinstance(event, Invalid)
        self.assertTrue(event.fatal)
        self.assertEqual(parser.feed(SAMPLE), [])


class StreamTests(SynchronousTestCase):
    def test_messages_in_a_row(self) -> None:
        """Each is found, in order, whatever the cuts (RFC 3261 18.3)."""
        row = SAMPLE + response("SIP/2.0 200 OK") + SAMPLE
        whole = StreamParser(LIMITS).feed(row)
        self.assertEqual([type(event) for event in whole], [Request, Response, Request])
        for size in (1, 2, 3, 7, 100):
            parser = StreamParser(LIMITS)
            events: list[Event] = []
            for at in range(0, len(row), size):
                events += parser.feed(row[at : at + size])
            self.assertEqual(events, whole)
            self.assertFalse(parser.in_message)

    def test_missing_content_length(self) -> None:
        """On a stream it must be there (RFC 3261 20.14): 400 and the end."""
        error = fatal(message(START, without=("Content-Length",)))
        self.assertEqual(error.reason, "Missing Content-Length Header Field")
        self.assertIsNotNone(error.answer)

    def test_bad_content_length(self) -> None:
        """Where the next message begins is unknown: 400 and the end."""
        for value in ("-1", "x", ""):
            error = fatal(message(START, Content_Length=value) + SAMPLE)
            self.assertEqual(error.status, 400)
            self.assertIsNotNone(error.answer)

    def test_an_invalid_message_does_not_spoil_the_next(self) -> None:
        """With a good Content-Length the stream goes on."""
        for broken in (
            message(START, CSeq="x", body=b"abc"),
            message("MESSAGE nonsense SIP/2.0", body=b"abc"),
            message(START.replace("2.0", "9.0"), body=b"abc"),
            message(START, "No colon", body=b"abc"),
        ):
            first, second = StreamParser(LIMITS).feed(broken + SAMPLE)
            assert isinstance(first, Invalid)
            self.assertFalse(first.fatal)
            self.assertIsNotNone(first.error.answer)
            self.assertIsInstance(second, Request)

    def test_what_is_not_sip(self) -> None:
        """Another protocol's octets end the connection without an answer."""
        for octets in (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\r\n\r\n",
            b"\rx",
            b"\n",
        ):
            self.assertIsNone(fatal(octets).answer)

    def test_ping(self) -> None:
        """A double CRLF is a ping (RFC 5626 3.5.1)."""
        parser = StreamParser(LIMITS)
        self.assertEqual(parser.feed(b"\r\n\r\n"), [KeepAlive.PING])
        self.assertEqual(parser.feed(b"\r\n\r\n\r\n\r\n"), [KeepAlive.PING] * 2)
        self.assertIsInstance(only(parser.feed(SAMPLE)), Request)

    def test_pong(self) -> None:
        """A single CRLF is a pong, known at once (RFC 5626 3.5.1)."""
        parser = StreamParser(LIMITS)
        self.assertEqual(parser.feed(b"\r"), [])
        self.assertEqual(parser.feed(b"\n"), [KeepAlive.PONG])
        self.assertIsInstance(only(parser.feed(SAMPLE)), Request)
        self.assertEqual(parser.feed(b"\r\n"), [KeepAlive.PONG])

    def test_ping_in_two_halves(self) -> None:
        """The second half completes the ping (RFC 5626 4.4.1)."""
        parser = StreamParser(LIMITS)
        self.assertEqual(parser.feed(b"\r\n"), [KeepAlive.PONG])
        self.assertEqual(parser.feed(b"\r\n"), [KeepAlive.PING])
        self.assertFalse(parser.in_message)

    def test_line_break_before_a_message(self) -> None:
        """CRLFs before a start line do not hurt (RFC 3261 7.5)."""
        *before, last = StreamParser(LIMITS).feed(b"\r\n" + SAMPLE)
        self.assertEqual(before, [KeepAlive.PONG])
        self.assertIsInstance(last, Request)

    def test_in_message(self) -> None:
        """Who counts the seconds can tell a message begun from a quiet line."""
        parser = StreamParser(LIMITS)
        self.assertFalse(parser.in_message)
        parser.feed(SAMPLE[:30])
        self.assertTrue(parser.in_message)
        parser.feed(SAMPLE[30:-1])
        self.assertTrue(parser.in_message)
        parser.feed(SAMPLE[-1:])
        self.assertFalse(parser.in_message)

    def test_a_slow_message_is_read_once(self) -> None:
        """Octet by octet, twice the length takes twice the time, not four times."""
        limits = Limits(max_header_line=10**6, max_head=10**6)

        def cost(size: int) -> float:
            octets = text(START, "X: " + "y" * size)
            parser = StreamParser(limits)
            begin = process_time()
            for at in range(len(octets)):
                parser.feed(octets[at : at + 1])
            return process_time() - begin

        cost(10_000)
        small = min(cost(20_000) for _ in range(3))
        large = min(cost(80_000) for _ in range(2))
        self.assertLess(large, small * 9)


class TruncationTests(SynchronousTestCase):
    def test_every_truncated_datagram(self) -> None:
        """Each beginning of a message is refused, and nothing else is raised."""
        for length in range(len(SAMPLE)):
            error = refusal(SAMPLE[:length])
            if error.answer is not None:
                error.answer.encode()

    def test_every_truncated_stream(self) -> None:
        """Each beginning of a message waits, and the rest completes it."""
        for length in range(len(SAMPLE)):
            parser = StreamParser(LIMITS)
            self.assertEqual(parser.feed(SAMPLE[:length]), [], length)
            read = only(parser.feed(SAMPLE[length:]))
            assert isinstance(read, Request)
            self.assertEqual(read.body, BODY)

    @given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=3))))
    @settings(deadline=None, max_examples=100)
    def test_damaged_messages(self, damages: list[tuple[int, bytes]]) -> None:
        """Any octets give a message, a refusal that can be answered, or a wait."""
        octets = bytearray(SAMPLE)
        for at, piece in damages:
            octets[at : at + 1] = piece
        try:
            parse_datagram(bytes(octets), LIMITS)
        except SipSyntaxError as error:
            if error.answer is not None:
                error.answer.encode()
                self.assertTrue(error.answer.via.host)
        for event in StreamParser(LIMITS).feed(bytes(octets)):
            if isinstance(event, Invalid) and event.error.answer is not None:
                event.error.answer.encode()

    @given(st.binary(max_size=200))
    @settings(deadline=None, max_examples=100)
    def test_noise(self, octets: bytes) -> None:
        """Octets of any kind raise nothing but SipSyntaxError."""
        self.assertRaises(SipSyntaxError, parse_datagram, octets, LIMITS)
        StreamParser(LIMITS).feed(octets)
