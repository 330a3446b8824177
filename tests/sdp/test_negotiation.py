"""Tests of cpmgw.sdp.negotiation."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.description import Media, SessionDescription, attribute
from cpmgw.sdp.errors import SdpEncodeError, SdpNotAcceptable
from cpmgw.sdp.files import FileDescription, FileSelector
from cpmgw.sdp.negotiation import MsrpEndpoint, answer, offer
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.roles import Direction, Setup
from cpmgw.sdp.stream import MediaStream, streams
from tests.sdp.samples import (
    ENDPOINT,
    FILE,
    LARGE_MESSAGE,
    ORIGIN,
    SESSION,
    octets,
    stream_with,
)

LARGE_MESSAGE_ANSWER = """\
v=0
o=- 7 1 IN IP4 iwf.example.com
s=-
c=IN IP4 iwf.example.com
t=0 0
m=message 7655 TCP/MSRP *
a=recvonly
a=accept-types:message/cpim
a=accept-wrapped-types:text/plain image/jpeg
a=path:msrp://iwf.example.com:7655/s2;tcp
a=setup:passive
a=msrp-cema
a=file-selector:size:24711
"""


def accept(stream: MediaStream) -> MsrpEndpoint | None:
    """Take part in every stream."""
    return ENDPOINT


def reject(stream: MediaStream) -> MsrpEndpoint | None:
    """Take part in none."""
    return None


class Answers(SynchronousTestCase):
    """Answers to offers of MSRP (RFC 3264 6, TS 6.1.2 to 6.1.4)."""

    def answered(
        self, stream: MediaStream, endpoint: MsrpEndpoint = ENDPOINT
    ) -> MediaStream:
        """The answer to an offer of one stream."""
        offered = SessionDescription(stream.session, (stream.media,))
        written = answer(offered, ORIGIN, lambda _: endpoint).encode()
        (result,) = streams(parse_sdp(written))
        return result

    def test_large_message(self) -> None:
        """Own path, recvonly and passive, and the offer's lines. (TS 6.1.2 step 4d)"""
        answered = answer(parse_sdp(octets(LARGE_MESSAGE)), ORIGIN, accept)
        self.assertEqual(answered.encode(), octets(LARGE_MESSAGE_ANSWER))

    def test_file(self) -> None:
        """The selector, the transfer and its range are said again (RFC 5547 8.3).

        Own path, recvonly, passive. (TS 6.1.3 step 5c)
        """
        (offered,) = streams(parse_sdp(octets(FILE)))
        answered = self.answered(offered)
        self.assertIs(answered.direction, Direction.RECVONLY)
        self.assertIs(answered.setup, Setup.PASSIVE)
        self.assertEqual(answered.path, ENDPOINT.path)
        self.assertEqual(
            answered.file,
            msgspec.structs.replace(
                FileDescription(),
                selector=offered.file.selector,
                transfer_id=offered.file.transfer_id,
                range=offered.file.range,
            ),
        )
        self.assertFalse(answered.has_cema)

    def test_order(self) -> None:
        """As many streams in the same order, those rejected with port 0.

        Each stream that is accepted is described. (TS 6.1.4 step 6h)
        """
        asked = []

        def choose(stream: MediaStream) -> MsrpEndpoint:
            asked.append(stream.media.port)
            return ENDPOINT

        offered = parse_sdp(octets(SESSION))
        answered = answer(offered, ORIGIN, choose)
        audio, chat, gone = answered.media
        self.assertEqual(audio, Media("audio", 0, "RTP/AVP", ("0", "8")))
        self.assertEqual(gone, Media("message", 0, "TCP/MSRP", ("*",)))
        self.assertEqual((chat.port, chat.protocol), (7655, "TCP/TLS/MSRP"))
        self.assertEqual(asked, [7654])

    def test_nothing_acceptable(self) -> None:
        """If none of what is offered is accepted, 488.

        (TS 6.1.2 step 1) (TS 6.1.3 step 1) (TS 6.1.4 step 1)
        """
        audio = b"v=0\nm=audio 9 RTP/AVP 0\n"
        for written in (octets(LARGE_MESSAGE), octets(SESSION), audio):
            offered = parse_sdp(written)
            error = self.assertRaises(SdpNotAcceptable, answer, offered, ORIGIN, reject)
            self.assertEqual(error.status, 488)

    def test_nothing_offered(self) -> None:
        """An offer that ends its only stream, or has none, is answered as it is."""
        gone = octets(LARGE_MESSAGE).replace(b" 7654 ", b" 0 ")
        (media,) = answer(parse_sdp(gone), ORIGIN, accept).media
        self.assertEqual(media.port, 0)
        self.assertEqual(answer(parse_sdp(b"v=0"), ORIGIN, accept).media, ())

    def test_directions(self) -> None:
        """The answer's direction is what the offer leaves of ours (RFC 3264 6.1)."""
        for offered in Direction:
            for ready in Direction:
                endpoint = msgspec.structs.replace(ENDPOINT, direction=ready)
                answered = self.answered(stream_with(offered.value), endpoint)
                wanted = ready.within(offered.mirrored)
                self.assertIs(answered.direction, wanted)

    def test_roles(self) -> None:
        """Active, actpass and none are answered passive (conversation TS 5.2.1.4).

        (TS 6.1.4 step 6i)
        """
        for each in ("x", "setup:active", "setup:actpass"):
            self.assertIs(self.answered(stream_with(each)).setup, Setup.PASSIVE)
        passive = self.answered(stream_with("setup:passive"))
        self.assertIs(passive.setup, Setup.ACTIVE)
        held = self.answered(stream_with("setup:holdconn"))
        self.assertIs(held.setup, Setup.HOLDCONN)

    def test_connection(self) -> None:
        """Where the offer speaks of it, a new connection is made (RFC 4145 5.1)."""
        self.assertIsNone(self.answered(stream_with()).get("connection"))
        for each in ("new", "existing"):
            answered = self.answered(stream_with(f"connection:{each}"))
            self.assertEqual(answered.get("connection"), "new")

    def test_connection_that_stays(self) -> None:
        """One that may stay does where the offer keeps it too (RFC 4145 5.1)."""
        endpoint = msgspec.structs.replace(ENDPOINT, reuses_connection=True)
        for offered, wanted in (
            ("connection:new", "new"),
            ("connection:existing", "existing"),
            ("x", None),
        ):
            answered = self.answered(stream_with(offered), endpoint)
            self.assertEqual(answered.get("connection"), wanted)

    def test_cema(self) -> None:
        """msrp-cema is said if the offer said it (RFC 6714 4.3)."""
        self.assertTrue(self.answered(stream_with("msrp-cema")).has_cema)
        self.assertFalse(self.answered(stream_with()).has_cema)

    def test_chunks(self) -> None:
        """The lower of both chunk sizes, where both say one (5.2.1.3)."""
        for offered, own, wanted in (
            ("max-chunk-size:1024", 500, 500),
            ("max-chunk-size:1024", 1024, 1024),
            ("max-chunk-size:400", 500, 400),
            ("max-chunk-size:400", 0, None),
            ("x", 500, None),
        ):
            endpoint = msgspec.structs.replace(ENDPOINT, max_chunk_size=own)
            answered = self.answered(stream_with(offered), endpoint)
            self.assertEqual(answered.max_chunk_size, wanted)

    def test_own_lists(self) -> None:
        """The types, the largest message and further attributes are ours."""
        endpoint = MsrpEndpoint(
            port=1,
            path=("msrp://relay:1/r;tcp", "msrp://b:2/s;tcp"),
            accept_types=("message/cpim", "text/*"),
            max_size=2_000,
            attributes=(attribute("fingerprint", "SHA-1 4A:AD"),),
        )
        answered = self.answered(stream_with("accept-wrapped-types:*"), endpoint)
        self.assertEqual(answered.accept_types, endpoint.accept_types)
        self.assertEqual(answered.accept_wrapped_types, ())
        self.assertEqual(answered.path, endpoint.path)
        self.assertEqual(answered.max_size, 2_000)
        self.assertEqual(answered.get("fingerprint"), "SHA-1 4A:AD")

    def test_times(self) -> None:
        """The times are those of the offer (RFC 3264 6)."""
        offered = parse_sdp(b"v=0\nt=1 2\nt=3 4\n")
        written = answer(offered, ORIGIN, accept).encode()
        self.assertIn(b"\r\nt=1 2\r\nt=3 4\r\n", written)
        written = answer(parse_sdp(b"v=0"), ORIGIN, accept).encode()
        self.assertIn(b"\r\nt=0 0\r\n", written)

    def test_incomplete(self) -> None:
        """Nothing is written without a path or without types (RFC 4975 8.2, 8.6)."""
        pathless = msgspec.structs.replace(ENDPOINT, path=())
        typeless = msgspec.structs.replace(ENDPOINT, accept_types=())
        for endpoint in (pathless, typeless):
            self.assertRaises(SdpEncodeError, offer, ORIGIN, [endpoint])
            self.assertRaises(SdpEncodeError, self.answered, stream_with(), endpoint)


class Offers(SynchronousTestCase):
    """Offers of MSRP (conversation TS 5.2.1.1)."""

    def test_large_message(self) -> None:
        """The offer of a large message (conversation TS 7.2.1.2 step 18)."""
        endpoint = MsrpEndpoint(
            port=7654,
            path=("msrp://a.example.com:7654/s1;tcp",),
            accept_types=("message/cpim",),
            accept_wrapped_types=("text/plain",),
            direction=Direction.SENDONLY,
            max_chunk_size=1024,
            attributes=FileDescription(FileSelector(size=24711)).lines,
        )
        written = offer(ORIGIN, [endpoint]).encode().decode().split("\r\n")
        self.assertEqual(
            written,
            [
                "v=0",
                "o=- 7 1 IN IP4 iwf.example.com",
                "s=-",
                "c=IN IP4 iwf.example.com",
                "t=0 0",
                "m=message 7654 TCP/MSRP *",
                "a=sendonly",
                "a=accept-types:message/cpim",
                "a=accept-wrapped-types:text/plain",
                "a=path:msrp://a.example.com:7654/s1;tcp",
                "a=setup:actpass",
                "a=msrp-cema",
                "a=max-chunk-size:1024",
                "a=file-selector:size:24711",
                "",
            ],
        )

    def test_tls(self) -> None:
        """A path with msrps is offered over TLS (RFC 4975 8.1); several streams too."""
        secure = msgspec.structs.replace(ENDPOINT, path=("msrps://b:1/s;tcp",))
        protocols = [each.protocol for each in offer(ORIGIN, [ENDPOINT, secure]).media]
        self.assertEqual(protocols, ["TCP/MSRP", "TCP/TLS/MSRP"])

    @settings(deadline=None, max_examples=100)
    @given(
        some.lists(
            some.builds(
                MsrpEndpoint,
                port=some.integers(1, 65_535),
                path=some.just(ENDPOINT.path),
                accept_types=some.just(("message/cpim", "text/*")),
                accept_wrapped_types=some.sampled_from([(), ("*",)]),
                direction=some.sampled_from(Direction),
                max_size=some.integers(0, 2**40),
                max_chunk_size=some.integers(0, 4_096),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_offer_and_answer(self, endpoints: list[MsrpEndpoint]) -> None:
        """What is offered is read as such, and answered stream by stream."""
        offered = offer(ORIGIN, endpoints)
        self.assertEqual(parse_sdp(offered.encode()), offered)
        answered = answer(offered, ORIGIN, lambda _: ENDPOINT)
        self.assertEqual(parse_sdp(answered.encode()), answered)
        for ours, theirs in zip(streams(offered), streams(answered), strict=True):
            self.assertIs(
                theirs.direction.within(ours.direction.mirrored), theirs.direction
            )
            self.assertIs(theirs.setup, Setup.PASSIVE)
