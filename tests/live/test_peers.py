"""The peers against each other: if these fail, the gateway is not to blame."""

from __future__ import annotations

from tests.live import kamailio, linphone, sipp
from tests.live.case import LiveTestCase
from tests.live.kamailio import start_core
from tests.live.linphone import start_linphone
from tests.live.sipp import Pager, send_messages, take_messages

FIVE = [
    Pager("+15550001001", "+15145550002", f"message-{number}", f"Text {number}")
    for number in range(5)
]


class SippThroughKamailio(LiveTestCase):
    needs = (*sipp.NEEDS, *kamailio.NEEDS)

    async def test_udp(self) -> None:
        """Pager mode messages cross the core over UDP, which records its route."""
        await self._cross("udp")

    async def test_tcp(self) -> None:
        """Pager mode messages cross the core over TCP."""
        await self._cross("tcp")

    async def _cross(self, transport: str) -> None:
        taker = take_messages(self, len(FIVE), transport=transport)
        gateway = f"sip:127.0.0.1:{taker.port};transport={transport}"
        core = await start_core(self, gateway=gateway)
        sender = send_messages(
            self, FIVE, to_port=core.port, transport=transport, status=200
        )
        await sender.finished()
        await taker.finished()
        self.assertEqual(len(taker.received), len(FIVE))
        for message in taker.received:
            self.assertIn("Record-Route: <sip:127.0.0.1", message)
            self.assertIn("imdn.Message-ID: message-", message)


class LinphoneThroughKamailio(LiveTestCase):
    needs = (*linphone.NEEDS, *kamailio.NEEDS, *sipp.NEEDS)

    async def test_message(self) -> None:
        """A chat message leaves as CPIM with an IMDN request, asserted by the core."""
        taker = take_messages(self, 1)
        core = await start_core(self, gateway=f"sip:127.0.0.1:{taker.port}")
        user = await start_linphone(
            self, identity="sip:+15550001111@ims.example.net", core_port=core.port
        )
        user.send("sip:+15145550002@ims.example.net", "Héllo there")
        await user.state("Delivered", "Héllo there")
        message = await taker.taken("Héllo there")
        self.assertIn("imdn.Disposition-Notification: positive-delivery", message)
        self.assertIn("P-Asserted-Identity: <sip:+15550001111@", message)
