"""A mail port in memory, its handler, and clients of which every octet is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.smtp.interfaces import (
    Envelope,
    IMailHandler,
    Peer,
    ReceivedMail,
    Recipient,
    Reply,
)
from cpmgw.smtp.listener import MailPort
from cpmgw.smtp.settings import ServerSettings
from tests.support.network import MemoryNetwork

TAKEN = Reply(250, "Safe", "2.6.0")
NOW = 1_700_000_000.0
SETTINGS = ServerSettings(
    listen="tcp:2525:interface=127.0.0.1",
    own_name="mm4.gateway.test",
    peers=("127.0.0.0/8",),
)


@implementer(IMailHandler)
class Handler:
    """Keeps what comes; answers as it is told to."""

    def __init__(self) -> None:
        self.mails: list[ReceivedMail] = []
        self.contents: list[bytes] = []
        self.asked: list[tuple[Peer, Envelope, Recipient | None]] = []
        self.refuses: Callable[[str], Reply | None] = lambda address: None
        self.answer: Callable[[], Awaitable[Reply]] = lambda: succeed(TAKEN)

    def sender(self, peer: Peer, envelope: Envelope) -> Reply | None:
        """Refuse it as told."""
        self.asked.append((peer, envelope, None))
        return self.refuses(envelope.sender)

    def recipient(
        self, peer: Peer, envelope: Envelope, recipient: Recipient
    ) -> Reply | None:
        """Refuse it as told."""
        self.asked.append((peer, envelope, recipient))
        return self.refuses(recipient.address)

    def mail(self, mail: ReceivedMail) -> Awaitable[Reply]:
        """Keep it, answer as told."""
        self.mails.append(mail)
        self.contents.append(mail.content.read())
        mail.content.close()
        return self.answer()


class Talker(Protocol):
    """A client, by hand."""

    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network
        self.octets = b""
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.octets += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Keep why."""
        self.lost = reason

    @property
    def lines(self) -> list[str]:
        """What came since the last time, in lines."""
        octets, self.octets = self.octets, b""
        return octets.decode().splitlines()

    def send(self, *commands: str | bytes) -> list[str]:
        """Send commands as one; gives the lines that came."""
        for each in commands:
            octets = each.encode() if isinstance(each, str) else each
            self.write(octets + b"\r\n")
        self.network.settle()
        return self.lines

    def write(self, octets: bytes) -> None:
        """Send octets."""
        assert self.transport is not None
        self.transport.write(octets)

    def codes(self, *commands: str | bytes) -> list[str]:
        """Send commands as one; gives the codes of the lines that came."""
        return [line[:3] for line in self.send(*commands)]


class PortCase(SynchronousTestCase):
    """A port, and whoever connects to it."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.handler = Handler()
        self.spool = Spool(self.mktemp(), SpoolLimits())
        self.addCleanup(self.spool.close)

    def open(self, **settings: Any) -> MailPort:
        """A port that listens."""
        taken = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}
        self.port = MailPort(
            self.network,
            ServerSettings(**{**taken, **settings}),
            self.handler,
            self.spool,
            lambda: NOW,
        )
        self.port.startService()
        return self.port

    def connect(self, host: str = "127.0.0.1") -> Talker:
        """A client that has not read the greeting yet."""
        talker = Talker(self.network)
        factory: Any = ClientFactory.forProtocol(lambda: talker)
        _, there, port = self.port.addresses[0]
        self.network.connectTCP(there, port, factory, bindAddress=(host, 0))
        self.network.settle()
        return talker

    def greeted(self, host: str = "127.0.0.1") -> Talker:
        """A client that has said EHLO."""
        talker = self.connect(host)
        talker.send("EHLO mmsc.test")
        return talker

    def begun(self, **settings: Any) -> Talker:
        """A client that has sent DATA to a port of its own."""
        self.open(**settings)
        talker = self.greeted()
        self.assertEqual(talker.codes(*ENVELOPE)[-1:], ["354"])
        return talker

    def waiting(self) -> Deferred[Reply]:
        """Have the handler wait for this with its reply."""
        reply: Deferred[Reply] = Deferred()
        self.handler.answer = lambda: reply
        return reply

    def assert_nothing_kept(self) -> None:
        """No body is open."""
        self.assertEqual((len(self.spool), self.spool.used), (0, 0))


ENVELOPE = ("MAIL FROM:<a@mmsc.test>", "RCPT TO:<+15550100/TYPE=PLMN@us.test>", "DATA")
