"""Large messages between a raw user and a handset, with a gateway between."""

from __future__ import annotations

import msgspec

from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.outbox import Patience
from tests.live import kamailio
from tests.live.chatting import HANDSET
from tests.live.kamailio import Core, start_core
from tests.live.large_messages import LONG, LargeTestCase
from tests.live.raw_content import (
    CPIM,
    cpim,
    text_of,
)
from tests.live.raw_frames import SECONDS
from tests.live.raw_msrp import End, Message
from txsmpp.status import CommandStatus


class Delivered(LargeTestCase):
    async def test_to_the_handset(self) -> None:
        """INVITE, one message by MSRP, and BYE: the handset shows it whole.

        [TS 6.1.2 SEND 1] [TS 6.1.2 SEND 3] [TS 6.1.2 BYE 3] [TS 6.2.4 B]
        """
        await self.between()
        await self.talk(self.to_the_handset)

    async def test_to_the_handset_by_tcp(self) -> None:
        """The same with its signalling by TCP."""
        await self.between("tcp")
        await self.talk(self.to_the_handset)

    async def test_to_an_active_user(self) -> None:
        """The user answers `active`, and connects (conversation TS 7.2.2.2).

        [TS 6.2.2.2.3 step 3] [TS 6.2.2.2.3 step 5] [SCR Int-S-029-O]
        """
        await self.between()
        await self.talk(self.to_the_user)

    async def test_to_a_passive_user(self) -> None:
        """The user answers `passive`: it is the gateway that connects (5.2.1.1)."""
        await self.between()

        def conversation() -> None:
            written, invite, stream = self.written()
            dialog, ours = self.accepted(invite, "passive")
            end = End(self.listener.accept(), ours, stream.path)
            self.assertEqual(text_of(end.message().body).strip(), LONG.strip())
            self.assertIn("cause=200", dialog.ended().value("Reason"))
            self.assertEqual(set(written.result(SECONDS)), {0})
            end.wire.close()

        await self.talk(conversation)


class ThroughCore(LargeTestCase):
    needs = kamailio.NEEDS

    core: Core

    async def prepare(self) -> None:
        """Put Kamailio between user and gateway."""
        self.core = await start_core(
            self,
            gateway=f"sip:127.0.0.1:{self.network.port};transport=udp",
            users_port=self.phone.port,
        )
        self.phone.gateway = self.core.port
        next_hop = self.core.uri("udp")
        self.network = msgspec.structs.replace(self.network, next_hop=next_hop)

    async def test_both_ways(self) -> None:
        """The dialogs of both directions go along the core's Record-Route."""
        await self.between()
        call = await self.talk(self.to_the_handset)
        self.assertIn(f":{self.core.port}", call.answer.values("Record-Route")[-1])
        bye = await self.talk(self.to_the_user)
        self.assertIn(f":{self.core.port}", bye.values("Via")[0])


class NotDelivered(LargeTestCase):
    patience = Patience(attempts=1)
    msrp = ("setup_timeout = 1.0", "chunk_timeout = 1.0")

    async def test_refused_by_the_centre(self) -> None:
        """What the SM-SC refuses is 413, and BYE has 480 as its reason.

        [TS 6.1.2 SEND 4] [TS 6.2.3 B]
        """
        await self.between()
        refusal = SmsBehaviour(status=CommandStatus.ESME_RINVDSTADR)
        self.centre.behave(refusal, HANDSET)

        def conversation() -> None:
            body = cpim(LONG, "large")
            call, end = self.invited(len(body))
            self.assertEqual(end.send(Message(body, CPIM))[-1], 413)
            self.assertIn("cause=480", call.ended().value("Reason"))
            self.assertEqual(self.screen(), [])

        await self.talk(conversation)

    async def test_connection_lost(self) -> None:
        """What does not come whole is not delivered, and the gateway leaves."""
        await self.between()

        def conversation() -> None:
            body = cpim(LONG, "large")
            call, end = self.invited(len(body))
            first, *_ = end.chunks(Message(body, CPIM), 500)
            self.assertEqual(end.post([first]), [200])
            end.wire.close()
            self.assertIn("cause=408", call.ended().value("Reason"))
            self.assertEqual(self.screen(), [])

        await self.talk(conversation)

    async def test_refused_by_the_user(self) -> None:
        """A chunk that is refused ends it: BYE with 480, and an error for the SM-SC."""
        await self.between()

        def conversation() -> None:
            written, invite, stream = self.written()
            dialog, ours = self.accepted(invite, "active")
            end = End(self.connect(stream), ours, stream.path)
            end.status = 413
            self.assertEqual(end.bind(), 200)
            self.assertIn("cause=480", dialog.ended().value("Reason"))
            self.assertTrue(written.result(SECONDS)[-1])

        await self.talk(conversation)

    async def test_user_who_never_connects(self) -> None:
        """Where no connection comes it is not delivered: BYE, and an error."""
        await self.between()

        def conversation() -> None:
            written, invite, _ = self.written()
            dialog, _ = self.accepted(invite, "active")
            self.assertIn("cause=480", dialog.ended().value("Reason"))
            self.assertTrue(written.result(SECONDS)[-1])

        await self.talk(conversation)

    async def test_stopped_meanwhile(self) -> None:
        """A gateway that is stopped while the user is invited logs no fault."""
        await self.between()
        await self.talk(self.written)
        await self.gateway.stop()
