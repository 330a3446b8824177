"""Our ends of SMTP on real sockets: a port that keeps what comes, and relays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.smtp.interfaces import (
    Envelope,
    IMailHandler,
    Peer,
    ReceivedMail,
    Recipient,
    Reply,
    Sent,
)
from cpmgw.smtp.listener import MailPort
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import ClientTls, RelaySettings, ServerSettings, TlsMode
from tests.live.case import LiveTestCase
from tests.live.certificates import write_certificate
from tests.live.reactor import reactor

HOST: Final = "mm4.gateway.test"
TAKEN: Final = Reply(250, "Safe", "2.6.0")
UNKNOWN_USER: Final = Reply(550, "No such user", "5.1.1")
STRANGER: Final = "+15559999/TYPE=PLMN"
"""Whom nobody knows."""


class Kept(msgspec.Struct, frozen=True):
    """A mail as it came: who from, to whom, and all of its octets."""

    peer: Peer
    envelope: Envelope
    octets: bytes


@implementer(IMailHandler)
class Keeper:
    """Takes every mail but those to strangers; `answers` says what to."""

    def __init__(self) -> None:
        self.mails: list[Kept] = []
        self.answers: Callable[[], Awaitable[Reply]] = lambda: succeed(TAKEN)

    def sender(self, peer: Peer, envelope: Envelope) -> Reply | None:
        """Let anybody write."""
        return None

    def recipient(
        self, peer: Peer, envelope: Envelope, recipient: Recipient
    ) -> Reply | None:
        """Know no strangers."""
        return UNKNOWN_USER if recipient.address.startswith(STRANGER) else None

    def mail(self, mail: ReceivedMail) -> Awaitable[Reply]:
        """Keep it."""
        self.mails.append(Kept(mail.peer, mail.envelope, mail.content.read()))
        mail.content.close()
        return self.answers()


class MailTestCase(LiveTestCase):
    """Ports that mail comes in by, relays that it goes to; they end with the test."""

    spool: Spool
    keeper: Keeper

    def setUp(self) -> None:
        """Have room for bodies, of which none is left in the end."""
        super().setUp()
        self.keeper = Keeper()
        limits = SpoolLimits(spill=16_384)
        self.spool = Spool(str(self.folder / "bodies"), limits)

        async def close() -> None:
            left = (len(self.spool), self.spool.used, self.spool.files)
            self.spool.close()
            self.assertEqual(left, (0, 0, 0))

        self.at_the_end(close)

    def certificate(self, name: str) -> tuple[Path, Path]:
        """A new key and certificate, of 127.0.0.1."""
        key, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "crt"))
        write_certificate(key, certificate)
        return key, certificate

    def open_port(self, **settings: Any) -> int:
        """Have the keeper take what comes to a port, which is given."""
        values: dict[str, Any] = {
            "listen": "tcp:0:interface=127.0.0.1",
            "own_name": HOST,
            "peers": ("127.0.0.0/8",),
            "drain": 1.0,
        }
        port = MailPort(
            reactor,
            ServerSettings(**{**values, **settings}),
            self.keeper,
            self.spool,
            reactor.seconds,
        )
        port.startService()
        self.at_the_end(port.stopService)
        return port.addresses[0][2]

    def relay(self, port: int, tls: ClientTls | None = None, **more: Any) -> MailRelay:
        """A relay at a port of this host."""
        settings = RelaySettings(
            host="127.0.0.1",
            port=port,
            own_name=HOST,
            tls=tls or ClientTls(mode=TlsMode.NONE),
            backoff_initial=0.2,
            backoff_maximum=1.0,
            **more,
        )
        relay = MailRelay(reactor, "relay", settings)
        relay.startService()
        self.at_the_end(relay.stopService)
        return relay

    def body(self, octets: bytes) -> Body:
        """A body, which is closed when the test is over."""
        body = self.spool.body()
        self.addCleanup(body.close)
        body.write(0, octets)
        body.finish()
        return body

    async def send(self, relay: MailRelay, envelope: Envelope, octets: bytes) -> Sent:
        """Send a mail; what it fails with is raised."""
        body = self.body(octets)
        try:
            sent: Deferred[Sent] = relay.send(envelope, body)
            return await sent
        finally:
            body.close()
