"""One connection of ours to a relay in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.interfaces import IBody
from cpmgw.smtp.client import RelayConnection
from cpmgw.smtp.errors import SmtpError
from cpmgw.smtp.interfaces import Envelope, Sent
from cpmgw.smtp.settings import ClientTls, RelaySettings, TlsMode
from tests.smtp.relays import Content, Relay, envelope
from tests.support.network import MemoryNetwork

PLACE = ("192.0.2.1", 25)
PLAIN = ClientTls(mode=TlsMode.NONE)


class Outcome:
    """What has become of a mail, None while nothing has."""

    def __init__(self, deferred: Deferred[Any]) -> None:
        self.sent: Sent | None = None
        self.error: BaseException | None = None
        deferred.addCallbacks(self._taken, self._failed)

    @property
    def is_open(self) -> bool:
        """Whether nothing has become of it yet."""
        return self.sent is None and self.error is None

    def _taken(self, sent: Sent) -> None:
        self.sent = sent

    def _failed(self, failure: Failure) -> None:
        self.error = failure.value


class ConnectionCase(SynchronousTestCase):
    """A relay, and a connection to it."""

    offers: tuple[str, ...] = ("PIPELINING",)

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.relay = Relay(*self.offers)
        self.network.listenTCP(PLACE[1], self.relay, interface=PLACE[0])
        self.gone: list[RelayConnection] = []
        self.ready: list[bool | BaseException] = []

    def settings(self, **changes: Any) -> RelaySettings:
        """Settings, in clear."""
        values: dict[str, Any] = {"host": PLACE[0], "own_name": "gw.test", "tls": PLAIN}
        return RelaySettings(**{**values, **changes})

    def connect(self, context: Any = None, **changes: Any) -> RelayConnection:
        """Connect, and see what comes of it."""
        settings = self.settings(**changes)
        factory = Factory.forProtocol(
            lambda: RelayConnection(self.network, settings, context, self.gone.append)
        )
        endpoint = TCP4ClientEndpoint(self.network, *PLACE)
        connecting: Deferred[Any] = endpoint.connect(factory)
        found: list[RelayConnection] = []
        connecting.addCallback(found.append)
        while not found:
            self.network.settle()
        found[0].ready.addCallbacks(
            lambda _: self.ready.append(True),
            lambda failure: self.ready.append(failure.value),
        )
        self.network.settle()
        return found[0]

    def ready_connection(self, context: Any = None, **changes: Any) -> RelayConnection:
        """A connection on which a mail may be sent."""
        connection = self.connect(context, **changes)
        self.assertEqual(self.ready, [True])
        return connection

    def refused(self) -> SmtpError:
        """Why the connection never was ready; it is closed."""
        (error,) = self.ready
        assert isinstance(error, SmtpError)
        self.assertFalse(self.relay.open)
        return error

    def deliver(
        self,
        connection: RelayConnection,
        content: IBody | bytes = b"Subject: x\r\n\r\nx\r\n",
        mail: Envelope | None = None,
    ) -> Outcome:
        """Send a mail, as far as it goes."""
        body = Content(content) if isinstance(content, bytes) else content
        outcome = Outcome(connection.deliver(mail or envelope(), body))
        self.network.settle()
        return outcome

    def assert_nothing_left(self) -> None:
        """No connection is open, and no time is waited for."""
        self.network.settle()
        self.assertEqual(self.relay.open, 0)
        self.assertEqual(self.network.getDelayedCalls(), [])
