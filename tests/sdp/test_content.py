"""Tests of cpmgw.sdp.content."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sdp.content import (
    common,
    content_size,
    content_types,
    msrp_streams,
    takes,
)
from cpmgw.sdp.errors import SdpSyntaxError
from cpmgw.sdp.parser import parse_sdp
from tests.sdp.samples import FILE, LARGE_MESSAGE, SESSION, octets


def offer(*streams: str) -> bytes:
    """An offer of MSRP streams, by what each says below its m= line."""
    media = [f"m=message 9 TCP/MSRP *\n{each}\n" for each in streams]
    return "".join(["v=0\n", *media]).encode()


class ContentTypes(SynchronousTestCase):
    """The media types that an offer is to carry."""

    def types(self, *lists: str) -> tuple[str, ...]:
        """Those of one stream with these attributes."""
        return content_types(parse_sdp(offer("\n".join(f"a={each}" for each in lists))))

    def test_large_message(self) -> None:
        """The wrapped types are carried by message/cpim. (TS 6.1.2 step 1)"""
        offered = parse_sdp(octets(LARGE_MESSAGE))
        self.assertEqual(content_types(offered), ("text/plain", "image/jpeg"))

    def test_session(self) -> None:
        """What goes without message/cpim is carried too; other streams do not count."""
        offered = parse_sdp(octets(SESSION))
        self.assertEqual(len(msrp_streams(offered)), 1)
        self.assertEqual(
            content_types(offered),
            ("text/plain", "message/imdn+xml", "application/im-iscomposing+xml"),
        )

    def test_wildcards(self) -> None:
        """`*` and `type/*` stay, and let message/cpim in."""
        self.assertEqual(content_types(parse_sdp(octets(FILE))), ("*",))
        wrapped = "accept-wrapped-types:image/*"
        self.assertEqual(self.types("accept-types:*", wrapped), ("image/*", "*"))
        self.assertEqual(
            self.types("accept-types:message/*", wrapped), ("image/*", "message/*")
        )

    def test_without_wrapper(self) -> None:
        """Wrapped types without anything that wraps are not carried."""
        types = self.types("accept-types:text/plain", "accept-wrapped-types:image/jpeg")
        self.assertEqual(types, ("text/plain",))

    def test_nothing(self) -> None:
        """Nothing is told to be carried."""
        self.assertEqual(self.types("accept-types:message/cpim"), ())
        self.assertEqual(self.types(), ())
        self.assertEqual(content_types(parse_sdp(b"v=0")), ())

    def test_names(self) -> None:
        """Names are in lower case, without parameters, and each is there once."""
        types = self.types(
            "accept-types:Message/CPIM;x=y Text/HTML text/plain",
            "accept-wrapped-types:TEXT/PLAIN;charset=utf-8 text/plain",
        )
        self.assertEqual(types, ("text/plain", "text/html"))

    def test_refused(self) -> None:
        """A list that is none is refused."""
        self.assertRaises(SdpSyntaxError, self.types, "accept-types:x")

    def test_takes(self) -> None:
        """A media type fits its name or a wildcard, whatever its case."""
        for formats in ("Text/Plain;x=y", "text/*", "*"):
            self.assertTrue(takes([formats, "a/b"], "TEXT/plain; charset=utf-8"))
        self.assertFalse(takes(["text/html", "image/*"], "text/plain"))
        self.assertFalse(takes([], "text/plain"))


class ContentSize(SynchronousTestCase):
    """The octets that an offer announces."""

    def test_size(self) -> None:
        """A large message's size, a file's, or the sum of several files'."""
        self.assertEqual(content_size(parse_sdp(octets(LARGE_MESSAGE))), 24711)
        self.assertEqual(content_size(parse_sdp(octets(FILE))), 32349)
        several = offer("a=file-selector:size:1", "a=file-selector:size:2", "a=x")
        self.assertEqual(content_size(parse_sdp(several)), 3)

    def test_untold(self) -> None:
        """No stream says a size, or only one that is not offered."""
        self.assertIsNone(content_size(parse_sdp(octets(SESSION))))
        self.assertIsNone(content_size(parse_sdp(offer("a=file-selector"))))
        gone = offer("a=file-selector:size:1").replace(b" 9 ", b" 0 ")
        self.assertIsNone(content_size(parse_sdp(gone)))


class Common(SynchronousTestCase):
    """What two lists of media types have in common."""

    def test_narrower(self) -> None:
        """Of a type and a wildcard the type is common, of two wildcards the smaller."""
        for one, other, wanted in (
            (("text/plain",), ("text/*",), ("text/plain",)),
            (("*",), ("text/*", "message/cpim"), ("text/*", "message/cpim")),
            (("text/*",), ("*",), ("text/*",)),
            (("image/png", "text/html"), ("text/*",), ("text/html",)),
            (("image/*",), ("text/*",), ()),
            ((), ("*",), ()),
        ):
            self.assertEqual(common(one, other), wanted)

    def test_names(self) -> None:
        """Case and parameters do not count, and each is there once."""
        offered = ("Text/Plain;charset=utf-8", "text/plain", "text/*")
        self.assertEqual(common(offered, ("text/plain",)), ("text/plain",))
