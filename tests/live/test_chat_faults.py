"""What broken and hostile MSRP endpoints do to a gateway: it goes on serving.

Whatever comes is answered, or the connection closed, within a time limit.
"""

from __future__ import annotations

from tests.live.chatting import HANDSET, ChatTestCase, Chatting
from tests.live.raw_content import CPIM, cpim
from tests.live.raw_faults import TEXT, faults, judged
from tests.live.raw_frames import token
from tests.live.raw_msrp import End, Message

FLOOD = 150
"""More connections than may be there without a session."""
UNBOUND = 20
TIME_LIMIT = 3.0
LARGEST = 3_000
OTHER = "+15145550003"


class FaultsTestCase(ChatTestCase):
    """A gateway that is impatient."""

    msrp = (
        "setup_timeout = 1.0",
        "chunk_timeout = 1.0",
        f"reception.max_size = {LARGEST}",
        f"unbound = {UNBOUND}",
        f"unbound_per_host = {UNBOUND}",
    )

    def serves(self) -> None:
        """Another chat is possible."""
        chat = self.chat(OTHER)
        self.says(chat, OTHER)
        chat.close()

    def says(self, chat: Chatting, number: str = HANDSET) -> None:
        """A message gets through."""
        text = f"Text {token()}"
        self.assertEqual(chat.end.send(Message(cpim(text, token()), CPIM)), [200])
        self.shown(text, number)

    def left(self, chat: Chatting) -> None:
        """The gateway ends the session."""
        self.assertIn("cause=480", chat.call.ended().value("Reason"))


class Faults(FaultsTestCase):
    async def test_faults(self) -> None:
        """Each fault alone is answered as it should be, or ends its connection."""
        await self.between()
        seen = await self.talk(self.every_fault)
        self.assertEqual([each for each in seen if each], [])
        await self.talk(self.serves)

    def every_fault(self) -> list[str]:
        """What was answered wrongly, in a session for each connection."""
        chat = self.chat()
        wrong = []
        for fault in list(faults(chat.end)):
            if chat.end.wire.is_closed:
                self.left(chat)
                chat = self.chat()
            current = [each for each in faults(chat.end) if each.name == fault.name]
            wrong.append(judged(chat.end, current[0], TIME_LIMIT))
        return wrong

    async def test_stop_within_a_chunk(self) -> None:
        """A peer that stops within a chunk is waited for, and then given up."""
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            octets = chat.end.chunk(Message(TEXT), "1-20/20", TEXT).octets()
            chat.end.wire.write(octets[:-20])
            self.assertTrue(chat.end.wire.ended(TIME_LIMIT))
            self.left(chat)
            self.serves()

        await self.talk(conversation)

    async def test_lost_connection(self) -> None:
        """A connection that is lost ends its session (TS 6.1.6)."""
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            chat.end.wire.close()
            self.left(chat)
            self.serves()

        await self.talk(conversation)

    async def test_second_connection(self) -> None:
        """Another connection for a session that has one is answered 506 (7.3)."""
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            stream = chat.call.stream
            other = End(self.connect(stream), chat.end.ours, chat.end.theirs)
            self.assertEqual(other.bind(), 506)
            self.assertTrue(other.wire.ended(TIME_LIMIT))
            self.says(chat)
            chat.close()

        await self.talk(conversation)

    async def test_too_large(self) -> None:
        """The largest message is taken; one octet more is answered 413 (10.5)."""
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            self.assertTrue(chat.call.stream.has(f"a=max-size:{LARGEST}"))
            room = LARGEST - len(cpim("x" * 1_000, "0")) + 1_000
            for number, (length, answers) in enumerate(
                ((room, [200, 200]), (room + 1, [413, 413]))
            ):
                message = Message(cpim("x" * length, f"{number}"), CPIM)
                self.assertEqual(chat.end.send(message, LARGEST // 2 + 1), answers)
            self.says(chat)
            chat.close()

        await self.talk(conversation)


class Flood(FaultsTestCase):
    async def test_flood(self) -> None:
        """Connections without a session are few, and closed in their time."""
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            wires = [self.connect(chat.call.stream) for _ in range(FLOOD)]
            self.says(chat)
            self.serves()
            self.assertTrue(all(wire.ended(TIME_LIMIT) for wire in wires))
            self.says(chat)
            chat.close()

        await self.talk(conversation)

    async def test_endless_invitations(self) -> None:
        """Sessions whose connection never comes are left in their time."""
        await self.between()

        def conversation() -> None:
            handsets = [f"+1514555{number:04}" for number in range(10)]
            calls = [self.invite(handset) for handset in handsets]
            for call in calls:
                self.assertEqual(call.answer.status, 200)
                call.acknowledge()
            for _ in calls:
                bye = self.phone.requested("BYE")
                self.assertIn("cause=480", bye.value("Reason"))
            self.serves()

        await self.talk(conversation)
