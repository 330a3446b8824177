"""Chats and large messages where the gateway is behind an MSRP relay (RFC 4976)."""

from __future__ import annotations

from tests.live import msrp_relay
from tests.live.chatting import HANDSET, USER, ChatTestCase, Chatting
from tests.live.msrp_relay import PASSWORD, Relay, start_relay
from tests.live.raw_content import (
    CPIM,
    cpim,
    imdn_of,
    large_answer,
    large_offer,
    session_offer,
    stream_of,
    text_of,
)
from tests.live.raw_frames import SECONDS, Wire
from tests.live.raw_msrp import End, Message
from tests.live.raw_relay import Account, authorize
from tests.live.raw_session import LARGE

LONG = "A rather long text, with €uro signs. " * 50


class RelayedTestCase(ChatTestCase):
    """The user has a place at the same relay."""

    needs = msrp_relay.NEEDS

    relay: Relay

    async def between(self, transport: str = "udp") -> None:
        """Start the relay, then everything else."""
        self.relay = await start_relay(self)
        self.msrp = (
            f'relay.uri = "{self.relay.uri}"',
            'relay.username = "gateway"',
            f'relay.password = "{PASSWORD}"',
            "sending.chunk = 4096",
        )
        await super().between(transport)

    def placed(self) -> tuple[Wire, str, str]:
        """A connection to the relay, the user's place there, and his own URI."""
        wire, ours = Wire.connect(self.relay.port), self.own_path()
        answer = authorize(wire, self.relay.uri, ours, Account("user", PASSWORD))
        return wire, answer.value("Use-Path"), ours

    def chat(self, callee: str = HANDSET, wire: Wire | None = None) -> Chatting:
        """Begin a chat; both sides are reached at the relay."""
        self.assertIsNone(wire)
        wire, place, ours = self.placed()
        offer = session_offer(f"{place} {ours}", self.relay.port)
        call = self.phone.invite(callee, offer)
        self.assertEqual(call.stream.port, self.relay.port)
        end = End(wire, ours, f"{place} {call.stream.path}")
        call.acknowledge()
        self.assertEqual(end.bind(), 200)
        return Chatting(call, end)


class Relayed(RelayedTestCase):
    async def test_chat(self) -> None:
        """A chat both ways through the relay, its path being two URIs long."""
        await self.between()

        def conversation() -> None:
            chat = self.both_ways()
            place, own = chat.call.stream.path.split(" ")
            self.assertTrue(place.startswith(self.relay.uri.removesuffix(";tcp")))
            self.assertNotIn(str(self.relay.port), own)
            chat.close()

        await self.talk(conversation)

    async def test_long_message(self) -> None:
        """A message in chunks is reported when SMS has taken it.

        The relay answers each chunk itself: only the report is the gateway's.
        """
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            message = Message(cpim(LONG, "long"), CPIM, success_report="yes")
            self.assertEqual(set(chat.end.send(message, 500)), {200})
            self.assertEqual(chat.end.report(message.message_id), 200)
            self.shown(LONG.strip()[-20:])
            chat.close()

        await self.talk(conversation)

    async def test_large_to_the_handset(self) -> None:
        """A large message through the relay (TS 6.1.2)."""
        await self.between()

        def conversation() -> None:
            wire, place, ours = self.placed()
            body = cpim(LONG, "large", sender=f"tel:{USER}", recipient=f"tel:{HANDSET}")
            offer = large_offer(f"{place} {ours}", self.relay.port, len(body))
            call = self.phone.invite(HANDSET, offer, LARGE)
            end = End(wire, ours, f"{place} {call.stream.path}")
            call.acknowledge()
            message = Message(body, CPIM, success_report="yes")
            self.assertEqual(set(end.send(message)), {200})
            self.assertEqual(end.report(message.message_id), 200)
            self.shown(LONG.strip())
            self.assertEqual(call.bye().status, 200)
            imdn = self.phone.requested("MESSAGE")
            self.assertEqual(imdn_of(imdn.body), ("large", "delivered"))
            wire.close()

        await self.talk(conversation)

    async def test_large_from_the_handset(self) -> None:
        """A large message of a handset through the relay (TS 6.2.2.2.3)."""
        await self.between()

        def conversation() -> None:
            wire, place, ours = self.placed()
            written = self.writes(LONG)
            invite = self.phone.requested("INVITE")
            stream = stream_of(invite.body)
            answer = large_answer(f"{place} {ours}", self.relay.port, "active")
            dialog = self.phone.accept(invite, answer, LARGE)
            end = End(wire, ours, f"{place} {stream.path}")
            self.assertEqual(end.bind(), 200)
            self.assertEqual(text_of(end.message().body).strip(), LONG.strip())
            self.assertIn("cause=200", dialog.ended().value("Reason"))
            self.assertEqual(set(written.result(SECONDS)), {0})
            wire.close()

        await self.talk(conversation)

    async def test_relay_gone(self) -> None:
        """When the relay is gone the gateway leaves the session, and refuses others."""
        await self.between()
        chat = await self.talk(self.both_ways)
        await self.relay.stop()

        def conversation() -> None:
            self.assertIn("cause=480", chat.call.ended().value("Reason"))
            self.assertEqual(self.invite().answer.status, 480)

        await self.talk(conversation)
