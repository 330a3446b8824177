"""Tests of cpmgw.sdp.stream."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.description import Connection, Line, Media
from cpmgw.sdp.errors import SdpError, SdpSyntaxError
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import MediaStream, address_of, streams
from tests.sdp.samples import LARGE_MESSAGE, SESSION, octets, stream_with

VIEWS = [name for name, each in vars(MediaStream).items() if isinstance(each, property)]


class Streams(SynchronousTestCase):
    """What kind of stream it is (RFC 4975 8.1)."""

    def test_kinds(self) -> None:
        """MSRP with and without TLS, other media, and port 0."""
        audio, chat, gone = streams(parse_sdp(octets(SESSION)))
        self.assertEqual(
            [(each.is_msrp, each.is_secure, each.is_offered) for each in (audio, chat)],
            [(False, False, True), (True, True, True)],
        )
        self.assertEqual(
            (gone.is_msrp, gone.is_secure, gone.is_offered), (True, False, False)
        )

    def test_large_message(self) -> None:
        """Each attribute of a large message's offer."""
        (stream,) = streams(parse_sdp(octets(LARGE_MESSAGE)))
        self.assertIs(stream.direction, Direction.SENDONLY)
        self.assertIs(stream.setup, Setup.ACTPASS)
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("text/plain", "image/jpeg"))
        self.assertEqual(stream.path, ("msrp://a.example.com:7654/s1;tcp",))
        self.assertTrue(stream.has_cema)
        self.assertEqual(stream.max_chunk_size, 1024)
        self.assertIsNone(stream.max_size)
        self.assertIsNone(stream.chatroom)
        self.assertFalse(stream.reuses_connection)
        self.assertEqual(stream.connection, Connection("a.example.com"))

    def test_nothing_said(self) -> None:
        """Without attributes there are defaults, and no failure."""
        stream = stream_with()
        self.assertIs(stream.direction, Direction.SENDRECV)
        for name in ("setup", "max_size", "max_chunk_size", "chatroom", "connect_to"):
            self.assertIsNone(getattr(stream, name), name)
        self.assertEqual((stream.path, stream.accept_types), ((), ()))


class Inherited(SynchronousTestCase):
    """What the session says holds for media that say nothing else (RFC 8866 5.13)."""

    def test_direction(self) -> None:
        """Each direction, of the stream or of the session; the stream's prevails."""
        for each in Direction:
            own = stream_with(each.value, session="a=inactive\n")
            self.assertIs(own.direction, each)
            session = stream_with(session=f"a={each.value}\n")
            self.assertIs(session.direction, each)

    def test_setup(self) -> None:
        """setup and connection are session or media level (RFC 4145 4, 5)."""
        session = "a=setup:active\na=connection:existing\n"
        stream = stream_with(session=session)
        self.assertIs(stream.setup, Setup.ACTIVE)
        self.assertTrue(stream.reuses_connection)
        stream = stream_with("setup:passive", "connection:new", session=session)
        self.assertIs(stream.setup, Setup.PASSIVE)
        self.assertFalse(stream.reuses_connection)

    def test_connection(self) -> None:
        """A stream's own c= prevails (RFC 8866 5.7)."""
        session = "c=IN IP4 192.0.2.1\n"
        own = stream_with(session=session, media="c=IN IP4 192.0.2.2\n")
        self.assertEqual(own.connection, Connection("192.0.2.2"))
        self.assertEqual(
            stream_with(session=session).connection, Connection("192.0.2.1")
        )

    def test_not_inherited(self) -> None:
        """path, accept-types and msrp-cema are the media's alone (RFC 4975 8)."""
        session = "a=path:msrp://h:1/s;tcp\na=accept-types:*\na=msrp-cema\n"
        stream = stream_with(session=session)
        self.assertEqual(
            (stream.path, stream.accept_types, stream.has_cema), ((), (), False)
        )


class Attributes(SynchronousTestCase):
    """Single attributes, and what breaks their grammar."""

    def test_setup(self) -> None:
        """The four roles (RFC 4145 4)."""
        for each in Setup:
            self.assertIs(stream_with(f"setup: {each.value.title()} ").setup, each)
        for value in ("", "both"):
            stream = stream_with(f"setup:{value}")
            self.assertRaises(SdpSyntaxError, getattr, stream, "setup")

    def test_formats(self) -> None:
        """Media types, with parameters, and wildcards (RFC 4975 8.6)."""
        stream = stream_with(
            'accept-types:Text/Plain;charset="a b"  text/*\t* application/x-y+z',
            "accept-wrapped-types:*",
        )
        self.assertEqual(
            stream.accept_types,
            ('Text/Plain;charset="a b"', "text/*", "*", "application/x-y+z"),
        )
        self.assertEqual(stream.accept_wrapped_types, ("*",))

    def test_formats_refused(self) -> None:
        """What is no media type."""
        for value in ("text", "text/", "/plain", "a/b/c", "*;x", 'a/b;c="d', "a,b/c"):
            stream = stream_with(f"accept-types:{value}")
            self.assertRaises(SdpSyntaxError, getattr, stream, "accept_types")

    def test_numbers(self) -> None:
        """max-size and max-chunk-size, blanks around them or not (RFC 4975 8.5)."""
        stream = stream_with("max-size:9223372036854775807", "max-chunk-size : 100 ")
        self.assertEqual((stream.max_size, stream.max_chunk_size), (2**63 - 1, 100))
        for value in ("", "x", "-1", "9223372036854775808"):
            stream = stream_with(f"max-size:{value}", f"max-chunk-size:{value}")
            self.assertRaises(SdpSyntaxError, getattr, stream, "max_size")
            self.assertRaises(SdpSyntaxError, getattr, stream, "max_chunk_size")

    def test_chatroom(self) -> None:
        """A chat room's tokens, or none (RFC 7701 8)."""
        closed = "org.openmobilealliance.groupchat.closed"
        for written, wanted in (
            ("chatroom", ()),
            (
                f"chatroom:nickname private-messages {closed}",
                ("nickname", "private-messages", closed),
            ),
        ):
            self.assertEqual(stream_with(written).chatroom, wanted)
        self.assertRaises(
            SdpSyntaxError, getattr, stream_with("chatroom:@"), "chatroom"
        )

    def test_fingerprints(self) -> None:
        """All of the stream, or all of the session (RFC 8122 5)."""
        self.assertEqual(stream_with().fingerprints, ())
        session = "a=fingerprint:sha-1 4a:AD:00\n"
        inherited = stream_with(session=session)
        self.assertEqual(inherited.fingerprints, ("sha-1 4A:AD:00",))
        own = ("fingerprint:SHA-256 0f", "fingerprint:sha-512  AA:BB")
        several = stream_with(*own, session=session)
        self.assertEqual(several.fingerprints, ("sha-256 0F", "sha-512 AA:BB"))

    def test_fingerprints_refused(self) -> None:
        """A name of the hash and pairs of digits, nothing else."""
        for value in ("", "sha-1", "sha-1 4", "sha-1 4A:", "sha-1 4A4A", "sha-1 4G"):
            stream = stream_with(f"fingerprint:{value}")
            self.assertRaises(SdpSyntaxError, getattr, stream, "fingerprints")

    def test_first_counts(self) -> None:
        """Of a repeated attribute the first counts."""
        stream = stream_with(
            "max-size:1", "max-size:2", "setup:active", "setup:passive"
        )
        self.assertEqual((stream.max_size, stream.setup), (1, Setup.ACTIVE))


class Paths(SynchronousTestCase):
    """Where it is reached (RFC 4975 6 and 8.2)."""

    def test_uris(self) -> None:
        """Host and port of MSRP URIs."""
        for uri, wanted in (
            ("msrp://a.example.com:7654/s1;tcp", ("a.example.com", 7654)),
            ("MSRPS://user@192.0.2.1/s1;tcp;x=y", ("192.0.2.1", 2855)),
            ("msrp://[2001:db8::1]:65535/iau39;tcp", ("2001:db8::1", 65_535)),
            ("msrp://relay.example.com;tcp", ("relay.example.com", 2855)),
        ):
            self.assertEqual(address_of(uri), wanted)

    def test_refused(self) -> None:
        """What is no MSRP URI."""
        for uri in (
            "msrp://a/s1",
            "msrp:a/s1;tcp",
            "sip://a/s1;tcp",
            "msrp:///s1;tcp",
            "msrp://a:65536/s1;tcp",
            "msrp://a:/s1;tcp",
            "msrp://[x]/s1;tcp",
            "msrp://a/s1;",
            'msrp://a/"s1;tcp',
            "x",
        ):
            self.assertRaises(SdpSyntaxError, address_of, uri)
            stream = stream_with(f"path:msrp://a/b;tcp {uri}")
            self.assertRaises(SdpSyntaxError, getattr, stream, "path")

    def test_several(self) -> None:
        """Relays come first, and the first one is connected to (RFC 4975 5.4)."""
        stream = stream_with("path:msrp://relay:1/r;tcp  msrp://b:2/s;tcp")
        self.assertEqual(stream.path, ("msrp://relay:1/r;tcp", "msrp://b:2/s;tcp"))
        self.assertEqual(stream.connect_to, ("relay", 1))

    def test_cema(self) -> None:
        """With msrp-cema the c and m lines say where to connect (RFC 6714 4)."""
        path = "path:msrp://inside:1/s;tcp"
        connection = "c=IN IP4 192.0.2.1\n"
        cema = stream_with(path, "msrp-cema", media=connection)
        self.assertEqual(cema.connect_to, ("192.0.2.1", 9))
        plain = stream_with(path, media=connection)
        self.assertEqual(plain.connect_to, ("inside", 1))
        self.assertEqual(stream_with(path, "msrp-cema").connect_to, ("inside", 1))


class Any(SynchronousTestCase):
    """Attributes with any value."""

    @settings(deadline=None, max_examples=150)
    @given(
        some.sampled_from(
            [
                "accept-types",
                "accept-wrapped-types",
                "chatroom",
                "connection",
                "file-date",
                "file-range",
                "file-selector",
                "file-transfer-id",
                "max-chunk-size",
                "max-size",
                "path",
                "setup",
            ]
        ),
        some.text(max_size=40),
    )
    def test_any_value(self, name: str, value: str) -> None:
        """Any value is understood or a SdpError."""
        line = Line("a", f"{name}:{value}")
        stream = MediaStream(Media("message", 9, "TCP/MSRP", ("*",), (line,)))
        for view in VIEWS:
            try:
                getattr(stream, view)
            except SdpError:
                continue
