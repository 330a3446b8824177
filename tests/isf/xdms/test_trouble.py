"""An XDMS that is slow, down, or lying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.error import NoRouteError
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import PrivateCertificate
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.protocols.wire import Echo
from twisted.python.failure import Failure

from tests.isf.xdms.asking import (
    FOUND,
    POLICY,
    PORT,
    TARGET,
    PreferencesTestCase,
    none,
    unavailable,
)
from tests.isf.xdms.policies import ALICE
from tests.live.certificates import write_certificate


class Trouble(PreferencesTestCase):
    """An XDMS that does not answer as it should."""

    def test_time_limit(self) -> None:
        """An answer may take as long as configured, and no longer."""
        self.preferences = self.build(timeout=2.0)
        self.behave(delay=1.99)
        self.assertEqual(self.ask(), FOUND)
        self.preferences = self.build(timeout=2.0)
        start = self.network.seconds()
        self.assertReason("timeout", delay=2.01)
        self.assertAlmostEqual(self.network.seconds() - start, 2.1)  # settling included

    def test_silent(self) -> None:
        """Silence ends with the time-out, and the connection with it."""
        self.assertReason("timeout", silent=True)

    def test_slow_body(self) -> None:
        """The time-out is for the whole document, not for each octet."""
        self.assertReason("timeout", pause=0.5)

    def test_endless_body(self) -> None:
        """A body that does not end is too large as soon as it is."""
        self.assertReason("too-large", endless=True)
        self.assertLess(self.network.seconds(), 1)

    def test_endless_body_of_a_refusal(self) -> None:
        """What nobody wants to read is not read for ever either."""
        self.assertReason("too-large", endless=True, status=500)

    def test_size(self) -> None:
        """The largest document is read, one octet more is not."""
        self.preferences = self.build(max_size=1000)
        self.behave(body=POLICY + b" " * (1000 - len(POLICY)))
        self.assertEqual(self.ask(), FOUND)
        self.preferences = self.build(max_size=1000)
        self.assertReason("too-large", body=POLICY + b" " * (1001 - len(POLICY)))

    def test_announced_size(self) -> None:
        """What is announced to be too large is not read at all."""
        self.assertReason(
            "too-large", headers=(("Content-Length", "65537"),), endless=True, pause=1
        )
        self.assertLess(self.network.seconds(), 0.5)

    def test_endless_head(self) -> None:
        """A head that does not end closes the connection."""
        headers = tuple((f"X-{number}", "x" * 1000) for number in range(1000))
        self.assertReason("lost", headers=headers)

    def test_cut_body(self) -> None:
        """A body that was cut is not read."""
        self.assertReason("lost", cut=True)

    def test_refused(self) -> None:
        """Nobody listens."""
        self.xdms.stop()
        self.assertEqual(self.ask(), unavailable("refused"))

    def test_unknown_host(self) -> None:
        """The name of the XDMS is not known."""
        self.preferences = self.build(root="http://xcap.example.net/")
        self.assertEqual(self.ask(), unavailable("unresolved"))

    def test_unreachable(self) -> None:
        """Nothing comes back from there."""
        self.network.partition("127.0.0.1", PORT)
        self.assertEqual(self.ask(), unavailable("timeout"))

    def test_no_route(self) -> None:
        """There is no way to there."""

        def fail(host: str, port: int, factory: Any, *_: Any, **__: Any) -> None:
            factory.clientConnectionFailed(None, Failure(NoRouteError()))

        self.patch(self.network, "connectTCP", fail)
        self.assertEqual(self.ask(), unavailable("unreachable"))

    def test_surprise(self) -> None:
        """What nobody has thought of is logged, and does no more harm."""

        def fail(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError

        self.patch(self.network, "connectTCP", fail)
        self.assertEqual(self.ask(), unavailable("failure"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_lost(self) -> None:
        """The connection is lost before the answer."""
        self.behave(silent=True)
        asked = self.preferences.look_up(TARGET, ALICE)
        self.network.settle()
        self.network.cut("127.0.0.1", PORT)
        self.assertEqual(self.network.result_of(asked), unavailable("lost"))

    def test_no_http(self) -> None:
        """Who listens there does not speak HTTP."""
        factory: Any = ServerFactory.forProtocol(Echo)
        self.network.listenTCP(25, factory, interface="127.0.0.1")
        self.preferences = self.build(root="http://127.0.0.1:25")
        self.assertEqual(self.ask(), unavailable("lost"))


class Tls(PreferencesTestCase):
    """An XDMS that is reached by https."""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir()
        self.certificate = folder / "certificate.pem"
        write_certificate(folder / "key.pem", self.certificate)
        pair = PrivateCertificate.loadPEM(
            self.certificate.read_bytes() + (folder / "key.pem").read_bytes()
        )
        secure: Any = TLSMemoryBIOFactory(
            pair.options(), False, self.xdms.site(), clock=self.network
        )
        self.network.listenTCP(443, secure, interface="127.0.0.1")
        self.root = "https://127.0.0.1/services"

    def test_trusted(self) -> None:
        """A certificate of the configured roots is trusted, and the login is sent."""
        self.xdms.login = ("isf", "secret")
        self.preferences = self.build(
            root=self.root,
            trust_roots=(str(self.certificate),),
            username="isf",
            password="secret",
        )
        self.assertEqual(self.ask(), FOUND)
        self.assertEqual(self.ask("tel:+15145550101"), none("http-404"))

    def test_not_trusted(self) -> None:
        """Another certificate is not, and nothing is asked."""
        self.preferences = self.build(root=self.root)
        self.assertEqual(self.ask(), unavailable("tls"))
        self.assertEqual(self.xdms.requests, [])

    def test_roots(self) -> None:
        """A file of roots holds at least one certificate, and no nonsense."""
        path = Path(self.mktemp())
        for text in (b"", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"):
            path.write_bytes(text)
            self.assertRaises(ValueError, self.build, trust_roots=(str(path),))

    def test_no_tls(self) -> None:
        """Nor is a server that knows no TLS."""
        echo: Any = ServerFactory.forProtocol(Echo)
        self.network.listenTCP(25, echo, interface="127.0.0.1")
        self.preferences = self.build(root="https://127.0.0.1:25")
        self.assertEqual(self.ask(), unavailable("tls"))

    def test_cancelled(self) -> None:
        """A connection is closed without waiting for the other side."""
        self.behave(pause=0.5)
        self.preferences = self.build(
            root=self.root, trust_roots=(str(self.certificate),)
        )
        self.assertEqual(self.ask(), unavailable("timeout"))
        self.network.settle()
        self.assertEqual(self.xdms.under_way, 0)
