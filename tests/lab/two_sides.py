"""Two CPM sides that face each other over the network in memory, MSRP included."""

from __future__ import annotations

from itertools import count
from typing import Final

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.cpm_side import CpmSide
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.sip.endpoint import Endpoint, EndpointSettings
from tests.support.network import MemoryNetwork

ALICE: Final = "tel:+15145550001"
BOB: Final = "tel:+15145550002"
CAROL: Final = "tel:+15145550003"


class Side:
    """A CPM side on a port of 127.0.0.1, its next hop on another."""

    def __init__(
        self, network: MemoryNetwork, port: int, other: int, name: str, spool: str
    ) -> None:
        where = f"{port}:interface=127.0.0.1"
        self.endpoint = Endpoint(
            network,
            EndpointSettings(
                listen=(f"udp:{where}", f"tcp:{where}"),
                next_hop=f"sip:127.0.0.1:{other};lr",
                trusted=("127.0.0.0/8",),
                supported=("timer",),
                handler_timeout=1000.0,
            ),
        )
        self.node = MsrpNode(
            network,
            MsrpSettings(listen=Listen(port=0, interface="127.0.0.1"), spool=spool),
        )
        self.endpoint.startService()
        self.node.startService()
        numbers = count(1)
        self.cpm = CpmSide(
            self.endpoint, network, lambda: f"{name}{next(numbers):020d}", self.node
        )


class TwoSides(SynchronousTestCase):
    """Alice is on the `near` side, Bob on the `far` one; nothing is left behind."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.sides = (
            Side(self.network, 5070, 5060, "near", self.mktemp()),
            Side(self.network, 5060, 5070, "far", self.mktemp()),
        )
        self.near, self.far = [side.cpm for side in self.sides]
        self.addCleanup(self.check_nothing_is_left)

    def settle(self) -> None:
        """Let all come to rest that needs no time."""
        self.network.settle()

    def check_nothing_is_left(self) -> None:
        """Stop both: no call, MSRP session, transaction or timer may be there then."""
        self.settle()
        for side in self.sides:
            self.assertEqual((len(side.cpm.sessions), len(side.node)), (0, 0))
        self.network.advance(40.0)
        for side in self.sides:
            side.cpm.stop()
            side.node.stopService()
            side.endpoint.stopService()
        self.network.advance(10.0)
        self.assertEqual(self.network.getDelayedCalls(), [])
