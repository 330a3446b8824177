"""Two MMS relays of the lab that face each other over the network in memory."""

from __future__ import annotations

from itertools import count

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.mms.relay import MmsRelay, MmsSettings
from tests.support.network import MemoryNetwork

ANN = "+15145550002"
BEN = "+15145550101"
CID = "+15145550102"
NEAR_PORT = 2526
FAR_PORT = 2525


class TwoRelays(SynchronousTestCase):
    """Ann's relay is `near`, that of Ben and Cid `far`; nothing is left behind."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.near = self.relay("near.test", NEAR_PORT, "far.test", FAR_PORT)
        self.far = self.relay("far.test", FAR_PORT, "near.test", NEAR_PORT)

    def relay(self, domain: str, port: int, other: str, other_port: int) -> MmsRelay:
        """A relay that listens, its other end being the other one."""
        numbers = count(1)
        relay = MmsRelay(
            self.network,
            MmsSettings(
                port=port,
                domain=domain,
                gateway_port=other_port,
                gateway_domain=other,
                queue_time=5.0,
            ),
            lambda: f"{domain[0]}{next(numbers):06d}",
        )
        relay.startService()
        self.addCleanup(self.stop, relay)
        return relay

    def stop(self, relay: MmsRelay) -> None:
        """Stop it; no timer of it is left when all are stopped."""
        relay.stopService()
        self.network.advance(100.0)
        if not (self.near.running or self.far.running):
            self.assertEqual(self.network.getDelayedCalls(), [])
