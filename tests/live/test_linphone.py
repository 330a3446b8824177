"""liblinphone as a CPM-like user, registered at Kamailio, and node-smpp as SM-SC."""

from __future__ import annotations

import msgspec

from tests.live import kamailio, linphone, node_smsc
from tests.live.case import LiveTestCase
from tests.live.gateway import Network, start_gateway
from tests.live.kamailio import start_core
from tests.live.linphone import LinphoneUser, start_linphone
from tests.live.node_smsc import NodeSmsCentre, start_node_smsc

USER = "+15550001111"
HANDSET = "+15145550002"
TEXT = "Héllo from liblinphone 😀"


class Linphone(LiveTestCase):
    needs = (*linphone.NEEDS, *kamailio.NEEDS, *node_smsc.NEEDS)

    centre: NodeSmsCentre
    user: LinphoneUser

    async def between(self) -> None:
        """Start SM-SC, core, gateway and user."""
        self.centre = await start_node_smsc(self)
        network = Network(next_hop="", smsc_port=self.centre.port)
        core = await start_core(
            self, gateway=f"sip:127.0.0.1:{network.port};transport=udp"
        )
        network = msgspec.structs.replace(network, next_hop=core.uri("udp"))
        await start_gateway(self, network)
        self.user = await start_linphone(
            self, identity=f"sip:{USER}@ims.example.net", core_port=core.port
        )
        await self.centre.event("bound")

    async def test_conversation(self) -> None:
        """Its message becomes an SMS, the receipt "delivered"; an SMS reaches it."""
        await self.between()
        self.centre.tell("behave", delay=300)
        self.user.send(f"sip:{HANDSET}@ims.example.net;user=phone", TEXT)
        await self.user.state("Delivered", TEXT)
        submitted = await self.centre.event("submit")
        self.assertEqual(
            (submitted["text"], submitted["source"], submitted["destination"]),
            (TEXT, USER[1:], HANDSET[1:]),
        )
        await self.user.state("DeliveredToUser", TEXT)
        self.centre.tell(
            "mo", source=HANDSET[1:], destination=USER[1:], text="An SMS for you"
        )
        sender = await self.user.text("An SMS for you")
        self.assertIn(HANDSET, sender)
        answered = await self.centre.event(
            "answered", lambda event: event["kind"] == "mo"
        )
        self.assertEqual(answered["status"], 0)

    async def test_undeliverable(self) -> None:
        """A receipt that says undeliverable makes its message not delivered."""
        await self.between()
        self.centre.tell("behave", state="UNDELIV", delay=300)
        self.user.send(f"sip:{HANDSET}@ims.example.net;user=phone", TEXT)
        await self.user.state("Delivered", TEXT)
        await self.user.state("NotDelivered", TEXT)
