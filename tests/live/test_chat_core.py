"""Chats through Kamailio as the SIP/IP core, which stays in the path of the dialog."""

from __future__ import annotations

import msgspec

from tests.live import kamailio
from tests.live.chatting import ChatTestCase
from tests.live.kamailio import Core, start_core


class ThroughCore(ChatTestCase):
    needs = kamailio.NEEDS

    core: Core
    transport = "udp"

    async def prepare(self) -> None:
        """Put the core between user and gateway."""
        port = self.network.port
        self.core = await start_core(
            self,
            gateway=f"sip:127.0.0.1:{port};transport={self.transport}",
            users_port=self.phone.port,
            users_transport=self.transport,
        )
        self.phone.gateway = self.core.port
        next_hop = self.core.uri(self.transport)
        self.network = msgspec.structs.replace(self.network, next_hop=next_hop)

    async def test_udp(self) -> None:
        """INVITE, ACK and BYE of the user by UDP, along two Record-Routes."""
        await self.between("udp")
        await self.talk(self.ended_by_the_user)

    async def test_tcp(self) -> None:
        """The same by TCP."""
        self.transport = "tcp"
        await self.between("tcp")
        await self.talk(self.ended_by_the_user)

    def ended_by_the_user(self) -> None:
        """A chat; the core has been in its path."""
        chat = self.both_ways()
        routes = chat.call.answer.values("Record-Route")
        self.assertIn(f":{self.core.port}", routes[-1])
        self.assertIn(f":{self.network.port}", routes[0])
        chat.close()

    async def test_ended_by_the_gateway(self) -> None:
        """The gateway's BYE goes through the core to the user."""
        await self.between("udp")

        def conversation() -> None:
            chat = self.both_ways()
            chat.end.wire.close()
            bye = chat.call.ended()
            self.assertIn("cause=480", bye.value("Reason"))
            self.assertIn(f":{self.core.port}", bye.values("Via")[0])

        await self.talk(conversation)
