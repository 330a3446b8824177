"""An MMS IWF on another host, behind a gateway, behind Kamailio (TS 5.1 step 10)."""

from __future__ import annotations

import msgspec

from tests.live import kamailio, sipp
from tests.live.case import LiveTestCase
from tests.live.gateway import Network, start_gateway
from tests.live.kamailio import Core, start_core
from tests.live.sipp import Sipp


class RemoteIwfTestCase(LiveTestCase):
    """A gateway between Kamailio and an MMS IWF on another host.

    `network` may be changed before `between` starts it.
    """

    needs = (*kamailio.NEEDS, *sipp.NEEDS)

    core: Core
    network: Network

    def setUp(self) -> None:
        """Have a gateway without an SM-SC."""
        super().setUp()
        self.network = Network(next_hop="")

    def configure(self, **keys: int | str) -> None:
        """Change what the gateway is connected to (the keys of `Network`)."""
        self.network = msgspec.structs.replace(self.network, **keys)

    async def between(self, iwf: Sipp, inner: str = "udp", outer: str = "udp") -> None:
        """Start core and gateway: `inner` is between them, `outer` towards the IWF."""
        port = self.network.port
        gateway = f"sip:127.0.0.1:{port};transport={inner}"
        self.core = await start_core(self, gateway=gateway)
        tables = _iwf(iwf.port, outer) + self.network.tables
        self.configure(next_hop=self.core.uri(inner), tables=tables)
        await start_gateway(self, self.network)


def _iwf(port: int, transport: str) -> str:
    return f"""
[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:{port};transport={transport}"
"""
