"""Kamailio as the SIP/IP core between the CPM network and the gateway."""

from __future__ import annotations

import msgspec

from tests.live import kamailio, node_smsc, sipp
from tests.live.case import LiveTestCase, free_port
from tests.live.certificates import write_certificate
from tests.live.gateway import Network, start_gateway
from tests.live.kamailio import Core, start_core
from tests.live.node_smsc import NodeSmsCentre, start_node_smsc
from tests.live.sipp import Pager, Sipp, send_messages, take_messages

USER = "+15550001001"
HANDSET = "+15145550002"


class ThroughKamailio(LiveTestCase):
    needs = (*kamailio.NEEDS, *sipp.NEEDS, *node_smsc.NEEDS)

    centre: NodeSmsCentre
    taker: Sipp
    core: Core

    async def test_udp(self) -> None:
        """Both ways through a record-routing proxy over UDP."""
        await self._cross("udp")

    async def test_tcp(self) -> None:
        """Both ways through a record-routing proxy over TCP."""
        await self._cross("tcp")

    async def test_tls(self) -> None:
        """Both ways with TLS between proxy and gateway (RFC 3261 26.3)."""
        await self._cross("tls")

    async def _between(self, transport: str) -> None:
        self.centre = await start_node_smsc(self)
        self.taker = take_messages(self)
        key, certificate = self.folder / "gateway.key", self.folder / "gateway.crt"
        write_certificate(key, certificate)
        network = Network(
            next_hop="",
            smsc_port=self.centre.port,
            tls=(key, certificate),
            tls_port=free_port(),
            trust_roots=(self.folder / "core.crt",),
        )
        port = network.tls_port if transport == "tls" else network.port
        self.core = await start_core(
            self,
            gateway=f"sip:127.0.0.1:{port};transport={transport}",
            users_port=self.taker.port,
        )
        next_hop = self.core.uri(transport)
        await start_gateway(self, msgspec.structs.replace(network, next_hop=next_hop))
        await self.centre.event("bound")

    async def _cross(self, transport: str) -> None:
        await self._between(transport)
        messages = [
            Pager(USER, HANDSET, f"Message-{number}", f"Text {number}.")
            for number in range(5)
        ]
        await send_messages(self, messages, to_port=self.core.port).finished()
        self.assertEqual(
            sorted(each["text"] for each in self.centre.events("submit")),
            [each.text for each in messages],
        )
        for each in messages:
            imdn = await self.taker.taken(f"<message-id>{each.message_id}<")
            self.assertIn("<delivered", imdn)
        self.centre.tell("mo", source=HANDSET[1:], destination=USER[1:], text="Back")
        message = await self.taker.taken("Back")
        self.assertIn("Record-Route: <sip:127.0.0.1", message)
        self.assertNotIn("\nRoute:", message)
        self.assertIn("P-Asserted-Identity", message)
        over = [line for line in self.core.process.lines if f"over {transport}" in line]
        self.assertTrue(any("request MESSAGE" in line for line in over))
        self.assertTrue(any("reply 202" in line for line in over))
