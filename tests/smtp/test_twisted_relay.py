"""Mail to a relay that is not ours: the server of twisted.mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import ssl
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import ITLSTransport
from twisted.internet.protocol import ServerFactory
from twisted.mail import smtp
from twisted.mail.imap4 import LOGINCredentials, PLAINCredentials
from twisted.mail.interfaces import IMessageDelivery, IMessageSMTP
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides, implementer

from cpmgw.smtp.errors import NotAdmitted, Refused
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import ClientTls, RelaySettings, TlsMode
from tests.smtp.relays import Content, encrypted_streams, envelope
from tests.support.network import MemoryNetwork
from tests.txsmpp.test_tls import certificate

KNOWN = "+15550100/TYPE=PLMN@mms.test"


@implementer(IMessageSMTP)
class Message:
    """Keeps the lines of one mail."""

    def __init__(self, mails: list[list[bytes]]) -> None:
        self._mails = mails
        self._lines: list[bytes] = []

    def lineReceived(self, line: bytes) -> None:
        """One more."""
        self._lines.append(line)

    def eomReceived(self) -> Deferred[None]:
        """That was all."""
        self._mails.append(self._lines)
        return succeed(None)

    def connectionLost(self) -> None:
        """It is not whole."""


@implementer(IMessageDelivery, IRealm)
class Delivery:
    """Takes mail for one user."""

    def __init__(self) -> None:
        self.mails: list[list[bytes]] = []
        self.senders: list[str] = []

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        """Everybody who has logged in is the same."""
        return IMessageDelivery, self, lambda: None

    def receivedHeader(self, helo: Any, origin: Any, recipients: Any) -> bytes:
        """Nothing is added."""
        return b""

    def validateFrom(self, helo: Any, origin: Any) -> Any:
        """Anybody may send."""
        self.senders.append(str(origin))
        return origin

    def validateTo(self, user: Any) -> Any:
        """One user is known."""
        if str(user) != KNOWN:
            raise smtp.SMTPBadRcpt(user)
        return lambda: Message(self.mails)


class Server(smtp.ESMTP):
    """Twisted's server, on a stream that can do TLS."""

    def connectionMade(self) -> None:
        """Say so."""
        alsoProvides(self.transport, ITLSTransport)
        super().connectionMade()


class TwistedRelay(SynchronousTestCase):
    """Our relay service and Twisted's server agree."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        encrypted_streams(self)
        self.delivery = Delivery()
        users = InMemoryUsernamePasswordDatabaseDontUse(user=b"secret")
        self.portal = Portal(self.delivery, [users])
        self.context: Any = None
        factory = ServerFactory()
        factory.noisy = False
        factory.buildProtocol = self.build  # type: ignore[method-assign]
        self.network.listenTCP(25, factory, interface="192.0.2.1")

    def build(self, addr: Any) -> Any:
        """A connection."""
        challengers = {b"LOGIN": LOGINCredentials, b"PLAIN": PLAINCredentials}
        server: Any = Server(challengers, self.context)
        server.portal = self.portal
        server.delivery = self.delivery
        server.callLater = self.network.callLater
        return server

    def pool(self, **changes: Any) -> MailRelay:
        """Our side."""
        values: dict[str, Any] = {"tls": ClientTls(mode=TlsMode.NONE)}
        settings = RelaySettings(host="192.0.2.1", **{**values, **changes})
        pool = MailRelay(self.network, "twisted", settings)
        pool.startService()
        self.addCleanup(lambda: self.network.result_of(pool.stopService()))
        return pool

    def send(self, pool: MailRelay, content: bytes, *recipients: str) -> Any:
        """The outcome of a mail."""
        mail = envelope(*(recipients or (KNOWN,)))
        return self.network.result_of(pool.send(mail, Content(content)))

    def test_mails(self) -> None:
        """Several mails on a connection, with lines that begin with dots."""
        pool = self.pool()
        for lines in ([b"a: b", b"", b".", b"..", b".x"], [b"c: d", b"", b"e"]):
            content = b"".join(line + b"\r\n" for line in lines)
            self.assertEqual(self.send(pool, content).reply.code, 250)
            self.assertEqual(self.delivery.mails[-1], lines)
        self.assertEqual(set(self.delivery.senders), {"system-user@gw.test"})

    def test_refused(self) -> None:
        """Recipients that it does not know, alone and among others."""
        pool = self.pool()
        with self.assertRaises(Refused) as caught:
            self.send(pool, b"x: y\r\n\r\n", "nobody@mms.test")
        self.assertEqual(caught.exception.stage, "RCPT")
        sent = self.send(pool, b"x: y\r\n\r\n", "nobody@mms.test", KNOWN)
        self.assertEqual(
            [each.address for each, _ in sent.refused], ["nobody@mms.test"]
        )

    def test_secure(self) -> None:
        """STARTTLS, and a password within it."""
        folder = Path(self.mktemp())
        folder.mkdir()
        shown, key = certificate(folder, "relay.test")
        pair = Path(shown).read_bytes() + Path(key).read_bytes()
        self.context = ssl.PrivateCertificate.loadPEM(pair).options()
        tls = ClientTls(mode=TlsMode.REQUIRE, authority=shown, hostname="relay.test")
        pool = self.pool(tls=tls, username="user", password="secret")
        self.assertEqual(self.send(pool, b"x: y\r\n\r\n").reply.code, 250)

    def test_wrong_password(self) -> None:
        """A wrong one is refused."""
        pool = self.pool(username="user", password="wrong", queue_time=1.0)
        outcome = pool.send(envelope(KNOWN), Content(b"x"))
        with self.assertRaises(NotAdmitted) as caught:
            self.network.result_of(outcome, 2.0)
        self.assertEqual(caught.exception.stage, "AUTH")
