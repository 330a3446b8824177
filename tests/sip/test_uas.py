"""What is checked before a handler sees a request, and how answers leave."""

from __future__ import annotations

import zlib

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip import uas
from cpmgw.sip.digest import Verifier
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import parse_via
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.uas import Served
from tests.sip.messages import request

SETTINGS = EndpointSettings(
    host="gw.example.net", supported=("timer",), server="IWF-SMS-client/OMA2.1"
)
SERVED = Served(frozenset({"MESSAGE"}))
PEER = Peer("UDP", "192.0.2.5", 5071)


class RefusalTests(SynchronousTestCase):
    def refusal(
        self,
        message: Request,
        *,
        merged: bool = False,
        trusted: bool = True,
        served: Served = SERVED,
    ) -> Response | None:
        return uas.refusal(message, served, SETTINGS, merged=merged, trusted=trusted)

    def status(
        self, message: Request, *, merged: bool = False, trusted: bool = True
    ) -> int:
        refusal = self.refusal(message, merged=merged, trusted=trusted)
        assert refusal is not None
        return refusal.status

    def test_served(self) -> None:
        """A request with nothing wrong is not refused."""
        self.assertIs(None, self.refusal(request()))
        self.assertIs(None, self.refusal(request("OPTIONS")))

    def test_unknown_method(self) -> None:
        """A method that is not served is a 405 with Allow (8.2.1)."""
        refusal = self.refusal(request("NEWMETHOD"))
        assert refusal is not None
        self.assertEqual(405, refusal.status)
        self.assertEqual(["MESSAGE, OPTIONS"], refusal.headers.raw("Allow"))
        self.assertEqual(405, self.status(request("INVITE")))

    def test_allow_with_invite(self) -> None:
        """Who serves INVITE allows ACK and CANCEL too."""
        allow = Served(frozenset({"INVITE"})).allow
        self.assertEqual("ACK, CANCEL, INVITE, OPTIONS", allow)

    def test_scheme(self) -> None:
        """A Request-URI of a scheme that is not known is a 416 (8.2.2.1)."""
        self.assertEqual(416, self.status(request(uri="nobodyKnows:opaque")))
        self.assertIs(None, self.refusal(request(uri="tel:+15145550001")))
        self.assertIs(None, self.refusal(request(uri="sips:b@example.net")))

    def test_max_forwards(self) -> None:
        """With no hop left it is a 483; one left is enough; OPTIONS is ours (11)."""
        extra = ("Max-Forwards: 0",)
        self.assertEqual(483, self.status(request(extra=extra)))
        self.assertIs(None, self.refusal(request("OPTIONS", extra=extra)))
        self.assertIs(None, self.refusal(request(extra=("Max-Forwards: 1",))))

    def test_merged(self) -> None:
        """A merged request is a 482 (8.2.2.2)."""
        self.assertEqual(482, self.status(request(), merged=True))

    def test_require(self) -> None:
        """What is required and not supported is a 420 naming it (8.2.2.3)."""
        refusal = self.refusal(
            request(extra=("Require: timer, nothing", "Require: else"))
        )
        assert refusal is not None
        self.assertEqual(420, refusal.status)
        self.assertEqual(["nothing, else"], refusal.headers.raw("Unsupported"))
        self.assertIs(None, self.refusal(request(extra=("Require: Timer",))))

    def test_proxy_require_is_not_for_us(self) -> None:
        """Proxy-Require is for proxies only (20.29)."""
        self.assertIs(None, self.refusal(request(extra=("Proxy-Require: x",))))

    def test_asserted_identity(self) -> None:
        """An identity asserted by a peer that is not trusted is a 403 (RFC 3325)."""
        message = request(extra=("P-Asserted-Identity: <sip:alice@example.com>",))
        refusal = self.refusal(message, trusted=False)
        assert refusal is not None
        self.assertEqual(403, refusal.status)
        (warning,) = refusal.headers.raw("Warning")
        self.assertTrue(warning.startswith("399 gw.example.net "))
        self.assertIs(None, self.refusal(message))
        self.assertIs(None, self.refusal(request(), trusted=False))

    def test_unknown_dialog(self) -> None:
        """A To tag that nobody serves is a 481 (12.2.2)."""
        message = request(to_tag="there")
        self.assertEqual(481, self.status(message))
        served = Served(frozenset({"MESSAGE"}), frozenset({"MESSAGE"}))
        self.assertIs(None, self.refusal(message, served=served))

    def test_order(self) -> None:
        """Method, Request-URI, Max-Forwards, merging, Require, identity, dialog."""
        extra = ("Max-Forwards: 0", "Require: x", "P-Asserted-Identity: <sip:a@b.c>")
        message = request(uri="unknown:x", to_tag="t", extra=extra)
        self.assertEqual(416, self.status(message, merged=True, trusted=False))
        message = request(to_tag="t", extra=extra)
        self.assertEqual(483, self.status(message, merged=True, trusted=False))
        message = request(to_tag="t", extra=extra[1:])
        self.assertEqual(482, self.status(message, merged=True, trusted=False))
        self.assertEqual(420, self.status(message, trusted=False))
        message = request(to_tag="t", extra=extra[2:])
        self.assertEqual(403, self.status(message, trusted=False))
        self.assertEqual(481, self.status(message))


class TrustTests(SynchronousTestCase):
    def test_networks(self) -> None:
        """A peer is trusted when its address is in a trusted network."""
        trusted = uas.TrustedPeers(("192.0.2.0/24", "2001:db8::/32", "10.0.0.1"))
        for host in ("192.0.2.5", "2001:db8::9", "10.0.0.1", "::ffff:192.0.2.5"):
            self.assertIn(host, trusted)
        for host in ("192.0.3.1", "10.0.0.2", "2001:db9::1", "name"):
            self.assertNotIn(host, trusted)

    def test_nobody(self) -> None:
        """Without networks nobody is trusted."""
        self.assertNotIn("127.0.0.1", uas.TrustedPeers(()))


class ContentTests(SynchronousTestCase):
    def test_deflate(self) -> None:
        """A deflated body reaches the handler as it was (7.4.1)."""
        message = request(
            extra=("Content-Encoding: deflate",), body=zlib.compress(b"hello")
        )
        plain = uas.plain(message, SETTINGS)
        self.assertEqual(b"hello", plain.body)
        self.assertNotIn("Content-Encoding", plain.headers)

    def test_unknown_encoding(self) -> None:
        """An encoding that is not known is a 415 with Accept-Encoding (8.2.3)."""
        message = request(extra=("Content-Encoding: br",), body=b"x")
        error = self.assertRaises(SipSyntaxError, uas.plain, message, SETTINGS)
        self.assertEqual(415, error.status)
        self.assertEqual("Accept-Encoding", error.headers[0][0])

    def test_without_encoding(self) -> None:
        """Other requests are left as they are."""
        message = request()
        self.assertIs(message, uas.plain(message, SETTINGS))


class ChallengeTests(SynchronousTestCase):
    def test_challenge(self) -> None:
        """Without credentials it is a 401 with a challenge (22.2)."""
        verifier = Verifier("gw", b"secret", {"alice": "word"})
        _, refusal = uas.authenticate(request(), verifier, 0.0)
        assert refusal is not None
        self.assertEqual(401, refusal.status)
        self.assertEqual(2, len(refusal.headers.raw("WWW-Authenticate")))

    def test_broken_credentials(self) -> None:
        """Credentials that cannot be read are a 400."""
        verifier = Verifier("gw", b"secret", {"alice": "word"})
        message = request(extra=("Authorization: Digest realm",))
        _, refusal = uas.authenticate(message, verifier, 0.0)
        assert refusal is not None
        self.assertEqual(400, refusal.status)


class ViaTests(SynchronousTestCase):
    def test_received(self) -> None:
        """A sent-by other than the source gets a received parameter (18.2.1)."""
        stamped = uas.stamped_via(parse_via("SIP/2.0/UDP there;branch=x"), PEER)
        self.assertEqual("SIP/2.0/UDP there;branch=x;received=192.0.2.5", str(stamped))
        same = parse_via("SIP/2.0/UDP 192.0.2.5;branch=x")
        self.assertIs(None, uas.stamped_via(same, PEER))

    def test_rport(self) -> None:
        """An rport gets the source port, and received its address (RFC 3581 4)."""
        via = parse_via("SIP/2.0/UDP 192.0.2.5;rport;branch=x")
        self.assertEqual(
            "SIP/2.0/UDP 192.0.2.5;rport=5071;branch=x;received=192.0.2.5",
            str(uas.stamped_via(via, PEER)),
        )

    def test_reply_port(self) -> None:
        """A response goes to rport, else to the sent-by port, else 5060 (18.2.2)."""
        for text, port in (
            ("SIP/2.0/UDP there;rport", 5071),
            ("SIP/2.0/UDP there:5080", 5080),
            ("SIP/2.0/UDP there", 5060),
        ):
            self.assertEqual(port, uas.reply_port(parse_via(text), 5071))


class CompleteTests(SynchronousTestCase):
    def complete(self, response: Response) -> Response:
        return uas.complete(response, PEER, SETTINGS, "mytag")

    def test_to_tag(self) -> None:
        """A response other than 100 gets a To tag where there is none (8.2.6.2)."""
        self.assertEqual("mytag", self.complete(respond(request(), 200)).to.tag)
        self.assertIs(None, self.complete(respond(request(), 100)).to.tag)
        inside = respond(request(to_tag="there"), 200)
        self.assertEqual("there", self.complete(inside).to.tag)
        own = respond(request(), 200, to_tag="handlers")
        self.assertEqual("handlers", self.complete(own).to.tag)

    def test_to_that_only_looks_tagged(self) -> None:
        """A tag in a display name is no tag; one with spaces around it is."""
        for to, tag in (
            ('"my tag=1" <sip:b@x.net>', "mytag"),
            ("<sip:b@x.net;tag=1>", "mytag"),
            ("<sip:b@x.net> ; TAG = one", "one"),
        ):
            base = respond(request(), 200)
            headers = base.headers.with_replaced("To", to)
            done = self.complete(base.replace(headers=headers))
            self.assertEqual(tag, done.to.tag, to)

    def test_topmost_via_is_stamped(self) -> None:
        """Only the topmost Via value is changed."""
        base = respond(request(), 200)
        vias = "SIP/2.0/UDP one;branch=x, SIP/2.0/UDP two;branch=y"
        done = self.complete(
            base.replace(headers=base.headers.with_replaced("Via", vias))
        )
        received = [via.parameter("received") for via in done.vias]
        self.assertEqual(["192.0.2.5", None], received)

    def test_server(self) -> None:
        """Each answer names us, once."""
        done = self.complete(respond(request(), 200))
        self.assertEqual([SETTINGS.server], done.headers.raw("Server"))
        own = respond(request(), 200, headers=(("Server", "mine"),))
        self.assertEqual(["mine"], self.complete(own).headers.raw("Server"))

    def test_accept(self) -> None:
        """A 415 and a 488 say what would have been taken (21.4.13, 21.4.26)."""
        for status in (415, 488):
            done = self.complete(respond(request(), status))
            self.assertEqual(["message/cpim", "text/plain"], done.headers.all("Accept"))
        own = respond(request(), 415, headers=(("Accept", "text/html"),))
        self.assertEqual(["text/html"], self.complete(own).headers.all("Accept"))
        done = self.complete(respond(request(), 403))
        self.assertNotIn("Accept", done.headers)

    def test_overloaded(self) -> None:
        """Under overload the answer says when to come back (21.5.4)."""
        answer = uas.overloaded(request(), SETTINGS)
        self.assertEqual(503, answer.status)
        self.assertEqual("5", answer.headers.get("Retry-After"))
