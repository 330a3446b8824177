"""STARTTLS towards a relay (RFC 3207)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet import ssl

from cpmgw.smtp.client import RelayConnection
from cpmgw.smtp.errors import NotAdmitted, NotSent
from cpmgw.smtp.settings import ClientTls, TlsMode
from cpmgw.smtp.tls import RelayTls
from tests.smtp.connecting import PLACE, ConnectionCase
from tests.smtp.relays import RelaySide, encrypted_streams
from tests.txsmpp.test_tls import certificate


class TlsCase(ConnectionCase):
    """A relay with a certificate for relay.test."""

    offers = ("STARTTLS", "PIPELINING")

    def setUp(self) -> None:
        super().setUp()
        encrypted_streams(self)
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.authority, key = certificate(self.folder, "relay.test")
        pair = Path(self.authority).read_bytes() + Path(key).read_bytes()
        self.identity = ssl.PrivateCertificate.loadPEM(pair)
        self.relay.answers["STARTTLS"] = self.start

    def start(self, side: RelaySide) -> None:
        """Begin TLS on the relay's side."""
        side.say("220 2.0.0 go")
        side.transport.startTLS(self.identity.options())
        self.relay.offers = tuple(o for o in self.relay.offers if o != "STARTTLS")

    def tls(self, mode: TlsMode, **settings: Any) -> RelayConnection:
        """Connect with TLS like this."""
        tls = ClientTls(mode=mode, **settings)
        context = RelayTls(tls).towards(PLACE[0])
        return self.connect(context, tls=tls)

    def test_checked(self) -> None:
        """The certificate is that of the host; EHLO is said again in TLS."""
        for mode in (TlsMode.STARTTLS, TlsMode.REQUIRE):
            with self.subTest(mode=mode):
                self.setUp()
                connection = self.tls(
                    mode, authority=self.authority, hostname="relay.test"
                )
                self.assertEqual(self.ready, [True])
                self.assertEqual(self.relay.verbs, ["EHLO", "STARTTLS", "EHLO"])
                self.assertIsNotNone(self.deliver(connection).sent)
                octets = b"".join(self.relay.sides[0].writes)
                self.assertIn(b"MAIL FROM", octets)
                connection.quit()
                self.assert_nothing_left()

    def test_other_host(self) -> None:
        """A certificate for another host is none, where it is checked."""
        for mode in (TlsMode.STARTTLS, TlsMode.REQUIRE):
            with self.subTest(mode=mode):
                self.setUp()
                self.tls(mode, authority=self.authority)  # for 192.0.2.1
                self.assertIsInstance(self.refused(), NotSent)
                self.assertNotIn("MAIL", self.relay.verbs)
                self.assert_nothing_left()

    def test_other_authority(self) -> None:
        """Nor is one that nobody known has signed."""
        other, _ = certificate(self.folder, "other.test")
        self.tls(TlsMode.STARTTLS, authority=other, hostname="relay.test")
        self.assertIsInstance(self.refused(), NotSent)
        self.setUp()
        self.tls(TlsMode.REQUIRE, hostname="relay.test")
        self.assertIsInstance(self.refused(), NotSent)

    def test_unchecked(self) -> None:
        """Where TLS is not required and no authority known, any will do (RFC 7435)."""
        self.tls(TlsMode.STARTTLS)
        self.assertEqual(self.ready, [True])
        self.assertIn("STARTTLS", self.relay.verbs)

    def test_own_certificate(self) -> None:
        """A relay may see who we are."""
        shown, key = certificate(self.folder, "gw.test")
        for authority in ("", self.authority):
            with self.subTest(authority=bool(authority)):
                self.setUp()
                self.tls(
                    TlsMode.STARTTLS,
                    authority=self.authority if authority else "",
                    hostname="relay.test",
                    certificate=shown,
                    key=key,
                )
                self.assertEqual(self.ready, [True])

    def test_not_offered(self) -> None:
        """One that is not offered is done without, unless it is required."""
        self.relay.offers = ("PIPELINING",)
        self.tls(TlsMode.STARTTLS)
        self.assertEqual(self.ready, [True])
        self.setUp()
        self.relay.offers = ("PIPELINING",)
        self.tls(TlsMode.REQUIRE)
        self.assertIsInstance(self.refused(), NotSent)
        self.assertEqual(self.relay.verbs, ["EHLO", "QUIT"])

    def test_no_ehlo(self) -> None:
        """HELO is no way round TLS that is required."""
        self.relay.answers["EHLO"] = "502 5.5.1 what"
        self.tls(TlsMode.REQUIRE)
        self.assertIsInstance(self.refused(), NotAdmitted)
        self.assertNotIn("HELO", self.relay.verbs)

    def test_refused(self) -> None:
        """Neither is a refusal of STARTTLS."""
        self.relay.answers["STARTTLS"] = "454 4.7.0 not now"
        self.tls(TlsMode.STARTTLS)
        self.assertEqual(self.ready, [True])
        self.setUp()
        self.relay.answers["STARTTLS"] = "454 4.7.0 not now"
        self.tls(TlsMode.REQUIRE)
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual((error.stage, error.reply.code), ("STARTTLS", 454))

    def test_not_wanted(self) -> None:
        """Without TLS in the settings none is begun."""
        self.tls(TlsMode.NONE)
        self.assertEqual(self.relay.verbs, ["EHLO"])

    def test_forgotten(self) -> None:
        """What was offered before TLS counts no more (RFC 3207 4.2)."""

        def start(side: RelaySide) -> None:
            self.start(side)
            self.relay.answers["EHLO"] = "502 5.5.1 what"

        self.relay.answers["STARTTLS"] = start
        connection = self.tls(TlsMode.STARTTLS)
        self.assertEqual(self.ready, [True])
        self.assertFalse(connection.offered.pipelining)
        self.assertEqual(self.relay.verbs[-1], "HELO")

    def test_injected(self) -> None:
        """What comes in clear with the answer to STARTTLS is not taken for TLS's."""
        for more in ("\n250 injected", "\n25"):
            with self.subTest(more=more):
                self.setUp()
                self.relay.answers["STARTTLS"] = "220 2.0.0 go" + more
                self.tls(TlsMode.STARTTLS)
                self.assertIsInstance(self.refused(), NotSent)
                self.assertEqual(self.relay.verbs, ["EHLO", "STARTTLS"])
                self.assert_nothing_left()

    def test_no_handshake(self) -> None:
        """A relay that does not go on with TLS is left, by what it says or in time."""
        self.relay.answers["STARTTLS"] = "220 2.0.0 go"
        self.tls(TlsMode.STARTTLS)
        self.relay.sides[0].transport.write(b"250 in clear\r\n")
        self.network.settle()
        self.assertIsInstance(self.refused(), NotSent)
        self.setUp()
        self.relay.answers["STARTTLS"] = "220 2.0.0 go"
        self.tls(TlsMode.STARTTLS)
        self.network.advance(30.0)
        self.assertIsInstance(self.refused(), NotSent)
        self.assert_nothing_left()

    def test_password(self) -> None:
        """In TLS a password may be said to whoever has shown who it is (RFC 4954 4)."""
        for mode, authority, said in (
            (TlsMode.STARTTLS, True, "AUTH"),
            (TlsMode.REQUIRE, True, "AUTH"),
            (TlsMode.STARTTLS, False, "QUIT"),
        ):
            with self.subTest(mode=mode, authority=authority):
                self.setUp()
                self.relay.offers = ("STARTTLS", "AUTH PLAIN LOGIN")
                self.relay.answers["AUTH"] = "235 2.7.0 welcome"
                tls = ClientTls(
                    mode=mode,
                    authority=self.authority if authority else "",
                    hostname="relay.test",
                )
                context = RelayTls(tls).towards(PLACE[0])
                self.connect(context, tls=tls, username="u", password="p")
                self.assertEqual(self.ready == [True], authority)
                self.assertEqual(self.relay.verbs, ["EHLO", "STARTTLS", "EHLO", said])
