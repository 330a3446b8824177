"""A service that lives by mail, and a relay of its network, for tests of the house."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.config import Config, loads
from cpmgw.config.changes import Changes
from cpmgw.gateway import Gateway
from cpmgw.interfaces import (
    IHouse,
    IInterworking,
    IInterworkingFactory,
    IReconfigurable,
)
from cpmgw.iwf.capabilities import Capabilities
from cpmgw.smtp.interfaces import (
    Envelope,
    IMailHandler,
    IMailRelay,
    Peer,
    ReceivedMail,
    Recipient,
    Reply,
    Sent,
)
from cpmgw.smtp.listener import MailPort
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import RelaySettings, ServerSettings
from tests.flows.house import config_text
from tests.isf.services import Service
from tests.support.network import MemoryNetwork

ADDRESSES = ("system@mms.test", "+15145550001/TYPE=PLMN@ims.test")
RELAY_PORT = 2526
MAIL = b"Subject: x\r\n\r\nHello\r\n"
MMS = """
[mm4]
listen = "tcp:2525:interface=127.0.0.1"
spool = "{spool}"
{mm4}
[[mmsc]]
name = "home"
host = "127.0.0.1"
port = 2526
domain = "mms.test"
{mmsc}
"""
SECOND = """
[[mmsc]]
name = "second"
host = "127.0.0.1"
port = 2527
domain = "mms2.test"
"""


class Reactor(MemoryNetwork):
    """A network that knows whether it was told to stop."""

    stopped = False

    def stop(self) -> None:
        """Be told."""
        self.stopped = True


@implementer(IMailHandler)
class Postbox:
    """Takes every mail, or when it is its turn."""

    def __init__(self, tell: Callable[[str], object] = bool) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.turn: Deferred[None] = succeed(None)
        self._tell = tell

    def sender(self, peer: Peer, envelope: Envelope) -> Reply | None:
        """Anybody."""
        return None

    def recipient(
        self, peer: Peer, envelope: Envelope, recipient: Recipient
    ) -> Reply | None:
        """Anybody."""
        return None

    async def mail(self, mail: ReceivedMail) -> Reply:
        """Keep it."""
        content = mail.content.read()
        mail.content.close()
        self._tell("mail comes")
        await self.turn
        self.mails.append((mail.envelope.sender, content))
        self._tell("mail taken")
        return Reply(250, "taken")


@implementer(IInterworking, IReconfigurable)
class Mailing(Service):
    """A service with a link to each relay, and a port."""

    def __init__(self, house: IHouse, tell: Callable[[str], object]) -> None:
        super().__init__("MMS")
        self.ready: Deferred[None] = succeed(None)
        self.links: dict[str, IMailRelay] = {}
        self.fails = False
        self.box = Postbox(tell)
        self._house = house
        self._tell = tell
        self._links_of(house.config)
        house.receive_mail(house.config.mm4, self.box)

    def _links_of(self, config: Config) -> dict[str, IMailRelay]:
        links = {
            each.name: self.links.get(each.name) or self._house.mail_relay(each)
            for each in config.mmsc
        }
        if self.fails:
            raise ValueError("no")
        self.links = links
        return links

    def prepare(self, config: Config) -> Callable[[], None]:
        """Make the links that are new."""
        self._links_of(config)
        return lambda: None

    async def start(self) -> None:
        """Begin when it is ready."""
        await self.ready
        self._tell("service started")

    async def stop(self) -> None:
        """Come to an end."""
        self._tell("service stopped")

    def send(self, relay: str = "home", content: bytes = MAIL) -> Deferred[Sent]:
        """Send a mail to a relay."""
        body = self._house.compose(len(content))
        body.write(0, content)
        body.finish()
        recipient = Recipient(address="+15145550002/TYPE=PLMN@mms.test")
        envelope = Envelope(sender="system@ims.test", recipients=(recipient,))
        sent: Deferred[Sent] = self.links[relay].send(envelope, body)

        def close(outcome: Any) -> Any:
            body.close()
            return outcome

        return sent.addBoth(close)


@implementer(IInterworkingFactory)
class MailingFactory:
    """Builds that service."""

    name = "MMS"

    def __init__(self, tell: Callable[[str], object]) -> None:
        self.service: Mailing | None = None
        self._tell = tell

    def capabilities(self, config: Config) -> Capabilities | None:
        """What it carries."""
        return None if self.service is None else self.service.capabilities

    def build(self, house: IHouse) -> Mailing:
        """The service."""
        self.service = Mailing(house, self._tell)
        return self.service


class MailHouse(SynchronousTestCase):
    """A gateway with that service, and a relay that takes mail."""

    mmsc = ""
    mm4 = ""
    more = ""

    def setUp(self) -> None:
        self.network = Reactor()
        self.state: str = self.mktemp()
        self.spool: str = self.mktemp()
        self.told: list[str] = []
        self.relay = self.start_relay(RELAY_PORT)
        self.factory = MailingFactory(self.told.append)
        self.gateway = Gateway(self.network, self.config(), factories=(self.factory,))

    @property
    def service(self) -> Mailing:
        """The service that the gateway has built."""
        assert self.factory.service is not None
        return self.factory.service

    def start_relay(self, number: int) -> Postbox:
        """A relay at a port of its own, and what it takes."""
        box = Postbox()
        place = f"tcp:{number}:interface=127.0.0.1"
        settings = ServerSettings(
            listen=place, own_name="relay.test", peers=("0.0.0.0/0",)
        )
        spool = Spool(self.mktemp(), SpoolLimits())
        port = MailPort(self.network, settings, box, spool, self.network.seconds)
        port.startService()
        self.addCleanup(self.stop, port)
        return box

    def config(self) -> Config:
        """The gateway's configuration."""
        more = MMS.format(spool=self.spool, mm4=self.mm4, mmsc=self.mmsc) + self.more
        return loads(config_text(self.state, more=more, with_sms=False))

    def start(self) -> Mailing:
        """Start the gateway; the service once it serves."""
        self.gateway.startService()
        self.addCleanup(self.stop, self.gateway)
        self.network.wait_until(lambda: self.gateway.mail.addresses)
        return self.service

    def reload(self) -> Changes:
        """Have the gateway follow the configuration of now."""
        reloading = Deferred.fromCoroutine(self.gateway.reload(self.config()))
        self.network.wait_until(lambda: reloading.called)
        found: Changes = self.successResultOf(reloading)
        return found

    def stop(self, service: Any) -> None:
        """Stop it, and let time pass until it has."""
        if not service.running:
            return
        stopped: list[object] = []
        service.stopService().addBoth(stopped.append)
        for _ in range(40):
            self.network.settle()
            if stopped:
                break
            self.network.advance(0.5)
        self.network.wait_until(lambda: stopped)
        self.assertEqual(stopped, [None])

    def from_relay(self, timeout: float = 5.0) -> Deferred[Sent]:
        """What comes of a mail that a relay sends to the gateway."""
        settings = RelaySettings(
            host="127.0.0.1", port=2525, queue_time=timeout, own_name="relay.test"
        )
        client = MailRelay(self.network, "client", settings)
        client.startService()
        self.addCleanup(self.stop, client)
        body = Spool(self.mktemp(), SpoolLimits()).body()
        body.write(0, MAIL)
        sender, recipient = ADDRESSES
        envelope = Envelope(sender=sender, recipients=(Recipient(address=recipient),))
        return client.send(envelope, body)
