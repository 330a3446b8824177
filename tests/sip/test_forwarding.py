"""What a proxy changes in a message, and its loop marks, as values (RFC 3261 16)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.forwarding import (
    Side,
    copied,
    own_routes,
    recorded,
    relayed,
    without_own_routes,
)
from cpmgw.sip.loops import LoopMarks
from cpmgw.sip.message import Relayed, Request, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.uri import SipUri, Uri, escape_parameter, parse_uri
from tests.sip.messages import request

UDP, TCP = Side("UDP", "192.0.2.1:5060"), Side("TCP", "192.0.2.1:5061")
TLS = Side("TLS", "192.0.2.1:5062")
PEER = Peer("UDP", "192.0.2.7", 5070)
MARKS = LoopMarks(b"one" * 10)


def is_mine(uri: Uri) -> bool:
    """Whether it is "us"."""
    return isinstance(uri, SipUri) and uri.host == "us"


class RecordTests(SynchronousTestCase):
    def values(
        self, came: Side, leaves: Side, *extra: str, uri: str = "sip:b@h"
    ) -> list[str]:
        message = recorded(request(uri=uri, extra=extra), came, leaves, (("a", "b"),))
        return message.headers.all("Record-Route")

    def test_each_pair(self) -> None:
        """One value, or two with the outgoing on top, each with its transport."""
        at = {side.transport: side for side in (UDP, TCP, TLS)}
        for came in at.values():
            for leaves in at.values():
                values = self.values(came, leaves)
                uris = [parse_uri(value.strip("<>")) for value in values]
                expected = [leaves] if came == leaves else [leaves, came]
                self.assertEqual(len(expected), len(uris))
                for uri, side in zip(uris, expected, strict=True):
                    assert isinstance(uri, SipUri)
                    self.assertEqual(side.sent_by, f"{uri.host}:{uri.port}")
                    self.assertEqual("", uri.parameter("lr"))
                    self.assertEqual("b", uri.parameter("a"))
                    named = uri.parameter("transport") or "udp"
                    self.assertEqual(side.transport.lower(), named)

    def test_on_top_of_others(self) -> None:
        """Ours are on top of those that are there already (16.6 step 4)."""
        values = self.values(UDP, UDP, "Record-Route: <sip:x;lr>")
        self.assertEqual(["<sip:192.0.2.1:5060;lr;a=b>", "<sip:x;lr>"], values)

    def test_sips(self) -> None:
        """A SIPS target is recorded as SIPS where it leaves by TLS (16.6 step 4)."""
        secure = "<sips:192.0.2.1:5062;lr;a=b>"
        for uri, extra in (("sips:b@h", ()), ("sip:b@h", ("Route: <sips:r;lr>",))):
            self.assertEqual([secure], self.values(TLS, TLS, *extra, uri=uri))
            first, second = self.values(UDP, TLS, *extra, uri=uri)
            self.assertEqual(secure, first)
            self.assertTrue(second.startswith("<sip:192.0.2.1:5060;transport=udp"))
            (value,) = self.values(UDP, UDP, *extra, uri=uri)
            self.assertTrue(value.startswith("<sip:"))

    def test_route_below_is_not_the_target(self) -> None:
        """Only the topmost Route makes the target a secure one."""
        routes = "Route: <sip:r;lr>, <sips:s;lr>"
        (value,) = self.values(TLS, TLS, routes)
        self.assertTrue(value.startswith("<sip:"))

    @given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
    def test_any_parameter_is_read_back(self, name: str, value: str) -> None:
        """Whatever text a parameter is, a Route gives it back."""
        name = f"x{name.lower()}"
        if any(0xD800 <= ord(c) < 0xE000 for c in name + value):
            return
        message = recorded(request(), UDP, UDP, ((name, value), ("flag", None)))
        (text,) = message.headers.all("Record-Route")
        uri = parse_uri(text.strip("<>"))
        assert isinstance(uri, SipUri)
        self.assertEqual(value, uri.parameter(name))
        self.assertEqual("", uri.parameter("flag"))

    def test_escaping(self) -> None:
        """What a parameter may have stays, all else is escaped (19.1.2)."""
        self.assertEqual("a-_.!~*'()[]/:&+$", escape_parameter("a-_.!~*'()[]/:&+$"))
        self.assertEqual("%3B%3D%3E%20%25", escape_parameter(";=> %"))


class CopyTests(SynchronousTestCase):
    def test_max_forwards(self) -> None:
        """One less, and never less than nothing."""
        for value, left in (("255", 254), ("1", 0), ("0", 0)):
            message = request(extra=(f"Max-Forwards: {value}",))
            copy = copied(message, PEER, is_mine)
            self.assertEqual(left, copy.max_forwards)
            self.assertEqual(1, len(copy.headers.raw("Max-Forwards")))

    def test_via_is_stamped(self) -> None:
        """The sender's Via says where the request came from (18.2.1)."""
        copy = copied(request(via="SIP/2.0/UDP host:1;rport"), PEER, is_mine)
        self.assertEqual("5070", copy.via.parameter("rport"))
        self.assertEqual("192.0.2.7", copy.via.parameter("received"))
        same = copied(request(via="SIP/2.0/UDP 192.0.2.7"), PEER, is_mine)
        self.assertIs(None, same.via.parameter("received"))

    def test_only_the_topmost(self) -> None:
        """Vias below it stay as they are."""
        below = "Via: SIP/2.0/UDP elsewhere;branch=z9hG4bKx"
        copy = copied(request(extra=(below,)), PEER, is_mine)
        self.assertEqual(below[5:], copy.headers.raw("Via")[1])

    def test_relayed(self) -> None:
        """A relayed response lacks one Via, and stays relayed when it is changed."""
        message = request(extra=("Via: SIP/2.0/UDP below;branch=z9hG4bKb",))
        response = relayed(respond(message, 200, body=b"x"))
        self.assertEqual(["below"], [via.host for via in response.vias])
        changed = response.replace(headers=response.headers.with_added("X", "y"))
        self.assertIsInstance(changed, Relayed)
        self.assertEqual((200, b"x"), (changed.status, changed.body))


class OwnRouteTests(SynchronousTestCase):
    CASES = (
        # Request-URI, Routes; then ours, Request-URI, Routes.
        ("sip:b@h", (), (), "sip:b@h", ()),
        ("sip:b@h", ("sip:x;lr",), (), "sip:b@h", ("sip:x;lr",)),
        ("sip:b@h", ("sip:us;lr",), ("sip:us;lr",), "sip:b@h", ()),
        ("sip:b@h", ("sip:us;a", "sip:us;b"), ("sip:us;a", "sip:us;b"), "sip:b@h", ()),
        (
            "sip:b@h",
            ("sip:us;lr", "sip:x;lr", "sip:us;lr"),
            ("sip:us;lr",),
            "sip:b@h",
            ("sip:x;lr", "sip:us;lr"),
        ),
        ("sip:b@h", ("sip:x;lr", "sip:us"), (), "sip:b@h", ("sip:x;lr", "sip:us")),
        # A strict router before us.
        ("sip:us;lr", ("sip:b@h",), ("sip:us;lr",), "sip:b@h", ()),
        (
            "sip:us;lr",
            ("sip:us;x", "sip:y;lr", "tel:+1"),
            ("sip:us;lr", "sip:us;x"),
            "tel:+1",
            ("sip:y;lr",),
        ),
        ("sip:us;lr", (), (), "sip:us;lr", ()),
        ("sip:us", ("sip:b@h",), (), "sip:us", ("sip:b@h",)),
        ("sip:b@us;lr", ("sip:x",), (), "sip:b@us;lr", ("sip:x",)),
    )

    def test_each(self) -> None:
        """Ours on top go, with what a strict router did undone (16.4)."""
        for uri, routes, ours, then, left in self.CASES:
            extra = tuple(f"Route: <{one}>" for one in routes)
            message = request(uri=uri, extra=extra)
            self.assertEqual(ours, tuple(map(str, own_routes(message, is_mine))))
            bare = without_own_routes(message, is_mine)
            self.assertEqual(then, str(bare.uri))
            values = tuple(str(one.uri) for one in bare.headers.addresses("Route"))
            self.assertEqual(left, values)

    def test_parameters_of_others_stay(self) -> None:
        """What is left of a Route keeps its names and parameters."""
        value = '"X, y" <sip:x;lr>;p=1'
        message = request(extra=(f"Route: <sip:us;lr>, {value}",))
        bare = without_own_routes(message, is_mine)
        self.assertEqual([value], bare.headers.all("Route"))


class LoopMarkTests(SynchronousTestCase):
    def test_varies(self) -> None:
        """A mark varies with all that decides where a request goes (16.6 step 8)."""
        marks = {
            MARKS.of(one)
            for one in (
                request(),
                request(uri="sip:carol@example.net"),
                request(call_id="other"),
                request(cseq=2),
                request(to_tag="b"),
                request(extra=("Route: <sip:x;lr>",)),
                request(extra=("Proxy-Require: a",)),
                request(extra=("Proxy-Authorization: Digest a=b",)),
            )
        }
        self.assertEqual(8, len(marks))

    def test_does_not_vary(self) -> None:
        """Not with the method, the Vias or the body: a CANCEL has its INVITE's."""
        for one in (
            request("INVITE"),
            request(branch="z9hG4bKtwo"),
            request(body=b"x"),
            request(extra=("Max-Forwards: 3", "Subject: x")),
        ):
            self.assertEqual(MARKS.of(request()), MARKS.of(one))

    def test_secret(self) -> None:
        """Nobody with another secret makes the same mark."""
        other = LoopMarks(b"two" * 10)
        self.assertNotEqual(other.of(request()), MARKS.of(request()))
        self.assertFalse(other.made(f"z9hG4bKx{MARKS.of(request())}"))

    def test_found(self) -> None:
        """A mark is found in whichever Via it is, and in each one's branch."""
        mark = MARKS.of(request())
        for branch, are_in, is_loop in (
            (f"z9hG4bKx{mark}", True, True),
            (f"z9hG4bKx{mark[:-1]}", True, False),
            ("z9hG4bKx", False, False),
        ):
            below = f"Via: SIP/2.0/UDP a, SIP/2.0/UDP b;branch={branch}"
            message = request(extra=(below,))
            self.assertIs(are_in, MARKS.are_in(message))
            self.assertIs(is_loop, MARKS.is_loop(message))
            self.assertIs(are_in, MARKS.made(branch))
        self.assertFalse(MARKS.made(None))

    def test_is_a_token(self) -> None:
        """A mark can stand in a branch."""
        message: Request = request(via=f"SIP/2.0/UDP a;branch=z9{MARKS.of(request())}")
        self.assertTrue((message.via.branch or "").startswith("z9"))
