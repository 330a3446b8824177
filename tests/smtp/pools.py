"""Relay services in memory, and who sends to them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.interfaces import Envelope
from cpmgw.smtp.pool import DRAIN, MailRelay
from cpmgw.smtp.settings import RelaySettings
from tests.smtp.connecting import PLACE, PLAIN, Outcome
from tests.smtp.relays import Content, Relay, envelope
from tests.support.network import MemoryNetwork


class PoolCase(SynchronousTestCase):
    """A relay in memory, and who sends to it."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.relay = Relay("PIPELINING", "SIZE 1000")
        self.port = self.network.listenTCP(PLACE[1], self.relay, interface=PLACE[0])
        self.deferreds: list[Deferred[Any]] = []

    def pool(self, **changes: Any) -> MailRelay:
        """A relay that runs."""
        values: dict[str, Any] = {"host": PLACE[0], "tls": PLAIN, "queue_time": 10.0}
        settings = RelaySettings(**{**values, **changes})
        pool = MailRelay(self.network, "mmsc", settings)
        pool.startService()
        return pool

    def send(
        self,
        pool: MailRelay,
        content: bytes | Content = b"x\r\n",
        mail: Envelope | None = None,
    ) -> Outcome:
        """Send a mail, as far as it goes now."""
        body = Content(content) if isinstance(content, bytes) else content
        deferred = pool.send(mail or envelope(), body)
        self.deferreds.append(deferred)
        outcome = Outcome(deferred)
        self.network.settle()
        return outcome

    def cancel(self, index: int = -1) -> None:
        """Take back a mail."""
        self.deferreds[index].cancel()
        self.network.settle()

    def stop(self, pool: MailRelay) -> None:
        """Stop it; nothing is left."""
        self.network.result_of(pool.stopService(), DRAIN + 5)
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.assertEqual(pool.waiting, 0)
        self.assertEqual(self.relay.open, 0)
