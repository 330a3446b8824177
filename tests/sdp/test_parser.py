"""Tests of cpmgw.sdp.parser and cpmgw.sdp.description."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.description import (
    Connection,
    Line,
    Media,
    Origin,
    SessionDescription,
    attribute,
    connection_in,
    parse_connection,
    parse_origin,
)
from cpmgw.sdp.errors import (
    SdpEncodeError,
    SdpError,
    SdpNotAcceptable,
    SdpSyntaxError,
)
from cpmgw.sdp.parser import SdpLimits, parse_sdp
from tests.sdp.samples import FILE, LARGE_MESSAGE, SESSION, octets


class Reading(SynchronousTestCase):
    """Descriptions as they come (RFC 8866 5)."""

    def test_parts(self) -> None:
        """The lines before the first m= are the session's, the others a media's."""
        description = parse_sdp(octets(SESSION))
        self.assertEqual([each.letter for each in description.lines], list("vosct"))
        audio, chat, gone = description.media
        self.assertEqual(
            (audio.kind, audio.port, audio.protocol, audio.formats),
            ("audio", 49170, "RTP/AVP", ("0", "8")),
        )
        self.assertEqual(audio.lines, (Line("a", "rtpmap:0 PCMU/8000"),))
        self.assertEqual((chat.port, chat.protocol), (7654, "TCP/TLS/MSRP"))
        self.assertEqual(gone.port, 0)

    def test_kept(self) -> None:
        """What is written again is what came, in order, known or not."""
        odd = "v=0\nx=what\na=y\na=z:1\nm=message 9 TCP/MSRP *\nZ=\na=odd: b \na=odd\n"
        for text in (LARGE_MESSAGE, SESSION, FILE, odd):
            self.assertEqual(parse_sdp(octets(text)).encode(), octets(text))

    def test_line_ends(self) -> None:
        """Lines end in CRLF, in LF, or the last one not at all; empty ones fall out."""
        wanted = parse_sdp(octets(LARGE_MESSAGE))
        for text in (
            LARGE_MESSAGE,
            LARGE_MESSAGE.rstrip(),
            LARGE_MESSAGE + "\n\n",
            LARGE_MESSAGE.replace("\nm=", "\r\n\nm="),
        ):
            self.assertEqual(parse_sdp(text.encode()), wanted)

    def test_missing_lines(self) -> None:
        """Only the version has to be there."""
        description = parse_sdp(b"v=0")
        self.assertEqual((description.origin, description.media), (None, ()))

    def test_not_utf8(self) -> None:
        """Octets that are no UTF-8 leave as they came."""
        written = b"v=0\r\ns=\xff\xc3\xbc\r\n"
        description = parse_sdp(written)
        self.assertEqual(description.lines[1].value, "\udcffü")
        self.assertEqual(description.encode(), written)

    def test_media(self) -> None:
        """A number of ports is kept, and any blanks separate (RFC 8866 5.14)."""
        description = parse_sdp(b"v=0\nm=video  49170/2 \tRTP/AVP 31 32 \n")
        (media,) = description.media
        self.assertEqual(media, Media("video", 49170, "RTP/AVP", ("31", "32"), ports=2))
        self.assertIn(b"m=video 49170/2 RTP/AVP 31 32\r\n", description.encode())

    def test_origin(self) -> None:
        """o= tells the session and its version (RFC 8866 5.2)."""
        connection = Connection("2001:db8::1", "IP6")
        wanted = Origin(2890844526, 2890844527, connection, "alice")
        self.assertEqual(parse_sdp(octets(SESSION)).origin, wanted)
        self.assertEqual(parse_origin(wanted.line.value), wanted)

    def test_connection(self) -> None:
        """c= tells an address; of a multicast one the TTL is left out (5.7)."""
        self.assertEqual(
            parse_connection("IN IP4 224.2.1.1/127/3").address, "224.2.1.1"
        )
        wanted = Connection("::1", "IP6")
        self.assertEqual(connection_in([Line("v", "0"), wanted.line]), wanted)
        self.assertIsNone(connection_in([]))


class Refusing(SynchronousTestCase):
    """What is no description gets a 400, what is too much a 488."""

    def test_syntax(self) -> None:
        """What breaks the grammar is a SdpSyntaxError, answered 400."""
        for text in (
            "",
            "\n",
            "s=-",
            "v=1",
            "v=",
            "v =0",
            "v=0\nnonsense",
            "v=0\n1=x",
            "v=0\n=x",
            "v=0\nü=x",
            "v=0\nss=x",
            "v=0\ns=a\rb",
            "v=0\ns=a\0b",
            "v=0\n\r\r\n",
            "v=0\no=- 1 IN IP4 a",
            "v=0\no=- x 1 IN IP4 a",
            "v=0\no=- 1 18446744073709551616 IN IP4 a",
            "v=0\no=- 1 1 IN IP5 a",
            "v=0\nc=IN IP4",
            "v=0\nc=IN IP4 /127",
            "v=0\nc=TN IP4 a",
            "v=0\nm=",
            "v=0\nm=message",
            "v=0\nm=message 9 TCP/MSRP",
            "v=0\nm=message -1 TCP/MSRP *",
            "v=0\nm=message 65536 TCP/MSRP *",
            "v=0\nm=message 9/65536 TCP/MSRP *",
            "v=0\nm=message 9/ TCP/MSRP *",
            "v=0\nm=message 9 TCP/ *",
            "v=0\nm=(x) 9 TCP/MSRP *",
            "v=0\nm=message 9 TCP/MSRP *\nc=x",
        ):
            error = self.assertRaises(SdpSyntaxError, parse_sdp, text.encode())
            self.assertEqual((error.status, error.reason), (400, "Bad Request"), text)

    def test_numbers_at_their_limits(self) -> None:
        """The largest port and version are read, whatever zeros precede them."""
        text = "v=0\no=- 0 0018446744073709551615 IN IP4 a\nm=a 065535/65535 b c"
        description = parse_sdp(text.encode())
        self.assertEqual(description.media[0].port, 65_535)
        assert description.origin is not None
        self.assertEqual(description.origin.version, 2**64 - 1)

    def too_much(self, at: bytes, past: bytes, limits: SdpLimits) -> None:
        """The first is read, the second refused with 488."""
        parse_sdp(at, limits)
        error = self.assertRaises(SdpNotAcceptable, parse_sdp, past, limits)
        self.assertEqual((error.status, error.reason), (488, "Not Acceptable Here"))

    def test_limit_of_octets(self) -> None:
        """The octets are counted as they came."""
        self.too_much(b"v=0\ns=12\n", b"v=0\ns=123\n", SdpLimits(max_octets=9))

    def test_limit_of_lines(self) -> None:
        """Empty lines count too."""
        self.too_much(b"v=0\ns=\n\n", b"v=0\ns=\n\n\n", SdpLimits(max_lines=3))

    def test_limit_of_a_line(self) -> None:
        """A line is counted in octets, without its end."""
        self.too_much(
            "v=0\r\ns=ü1\r\n".encode(),
            "v=0\r\ns=ü12\r\n".encode(),
            SdpLimits(max_line=5),
        )

    def test_limit_of_media(self) -> None:
        """Media descriptions are counted."""
        media = b"m=a 9 b c\n"
        self.too_much(
            b"v=0\n" + 2 * media, b"v=0\n" + 3 * media, SdpLimits(max_media=2)
        )

    def test_limit_of_attributes(self) -> None:
        """Attributes are counted in the session and in each media description."""
        limits = SdpLimits(max_attributes=2)
        two = b"a=x\na=y\n"
        media = b"m=a 9 b c\n"
        at = b"v=0\n" + two + media + two + media + two
        self.too_much(at, at + b"a=z\n", limits)
        self.too_much(at, b"v=0\na=z\n" + at.removeprefix(b"v=0\n"), limits)

    def test_defaults(self) -> None:
        """The limits that hold where none are told."""

        def of(octets: int) -> bytes:
            rows, rest = divmod(octets - 4, 1_024)
            long = (b"s=" + b"x" * 1_021 + b"\n") * rows
            return b"v=0\n" + long + b"s=" + b"x" * (rest - 2)

        self.too_much(of(32_768), of(32_769), SdpLimits())
        self.too_much(b"v=0" + b"\n" * 1_024, b"v=0" + b"\n" * 1_025, SdpLimits())
        line = b"v=0\ns=" + b"x" * 4_094
        self.too_much(line, line + b"x", SdpLimits())
        media = b"v=0\n" + b"m=a 9 b c\n" * 64
        self.too_much(media, media + b"m=a 9 b c\n", SdpLimits())
        attributes = b"v=0\n" + b"a=x\n" * 128
        self.too_much(attributes, attributes + b"a=x\n", SdpLimits())


class Writing(SynchronousTestCase):
    """What is composed here is checked when it is written."""

    def test_no_line(self) -> None:
        """No value begins a line of its own, and a letter is one letter."""
        for line in (
            Line("s", "a\r\nb=c"),
            Line("s", "a\nb"),
            Line("s", "a\0"),
            Line("", "x"),
            Line("ab", "x"),
            Line("ü", "x"),
            Line("1", "x"),
            Line("s", "\ud83d"),
        ):
            error = self.assertRaises(SdpEncodeError, line.encode)
            self.assertEqual(
                (error.status, error.reason), (500, "Server Internal Error")
            )
        media = Media("message\r\nx", 9, "TCP/MSRP", ("*",))
        self.assertRaises(SdpEncodeError, SessionDescription((), (media,)).encode)

    def test_attribute(self) -> None:
        """An attribute is a property or has a value (RFC 8866 5.13)."""
        self.assertEqual(attribute("sendonly").encode(), b"a=sendonly\r\n")
        self.assertEqual(attribute("setup", "active").encode(), b"a=setup:active\r\n")


TEXT = some.text(
    some.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"]),
    max_size=20,
)
LINES = some.lists(
    some.one_of(
        some.builds(Line, some.sampled_from("sibktauepz"), TEXT),
        some.builds(attribute, TEXT, some.none() | TEXT),
        some.builds(Connection, some.just("192.0.2.1")).map(lambda each: each.line),
    ),
    max_size=6,
).map(tuple)
TOKENS = some.text("abcABC019-+*", min_size=1, max_size=6)
MEDIA = some.builds(
    Media,
    TOKENS,
    some.integers(0, 65_535),
    some.lists(TOKENS, min_size=1, max_size=3).map("/".join),
    some.lists(TOKENS, min_size=1, max_size=3).map(tuple),
    LINES,
    some.integers(0, 9),
)


class Any(SynchronousTestCase):
    """Descriptions and octets of any kind."""

    @settings(deadline=None, max_examples=150)
    @given(LINES, some.lists(MEDIA, max_size=4).map(tuple))
    def test_round_trip(
        self, lines: tuple[Line, ...], media: tuple[Media, ...]
    ) -> None:
        """What is composed is read as the same."""
        description = SessionDescription((Line("v", "0"), *lines), media)
        self.assertEqual(parse_sdp(description.encode()), description)

    def test_truncations(self) -> None:
        """Every truncation is read or refused."""
        for text in (LARGE_MESSAGE, SESSION, FILE):
            whole = octets(text)
            for end in range(len(whole)):
                try:
                    description = parse_sdp(whole[:end])
                except SdpError:
                    continue
                self.assertEqual(parse_sdp(description.encode()), description)

    @settings(deadline=None, max_examples=200)
    @given(some.binary(max_size=120))
    def test_octets(self, tail: bytes) -> None:
        """Any octets are read or refused, and what is read can be written."""
        for written in (tail, b"v=0\r\n" + tail, b"v=0\nm=" + tail):
            try:
                description = parse_sdp(written)
            except SdpError:
                continue
            self.assertEqual(parse_sdp(description.encode()), description)
