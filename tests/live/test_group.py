"""A group session between a raw focus and a handset (TS 6.1.4, 6.1.7)."""

from __future__ import annotations

from tests.live.chatting import HANDSET, ChatTestCase
from tests.live.raw_content import CPIM, cpim, text_of
from tests.live.raw_focus import Focus
from tests.live.raw_frames import SECONDS
from tests.live.raw_msrp import End, Message

NUMBER = "+15145559000"
GROUP = "sip:trip@groups.example.net"
ALICE = "tel:+15550001001"
CAROL = "tel:+15550001003"


class Group(ChatTestCase):
    policy = ("session.participant_interval = 0",)
    more = f"""
[[number_pool]]
name = "groups"
numbers = ["{NUMBER}"]
"""

    async def test_group(self) -> None:
        """Invitation, participants, messages both ways, and the end of the session.

        [TS 6.1.7] [TS 6.2.2.1.6]
        """
        await self.between()
        await self.talk(self.converse)

    def converse(self) -> None:
        """A group session from beginning to end."""
        focus = Focus(self.phone, GROUP)
        ours = self.own_path()
        call = focus.invite(HANDSET, ours, self.listener.port, "Trip")
        self.assertEqual(call.answer.status, 200)
        call.acknowledge()
        end = End(self.connect(call.stream), ours, call.stream.path)
        self.assertEqual(end.bind(), 200)
        self.told_of_members(focus)
        body = cpim("Hello all", "g1", sender=CAROL, recipient=GROUP)
        self.assertEqual(end.send(Message(body, CPIM)), [200])
        self.assertIn("+15550001003", self.shown("Hello all").partition(":")[0])
        end.message()
        written = self.writes("Hello group", NUMBER)
        message = end.message().body
        self.assertEqual(text_of(message), "Hello group")
        self.assertIn(f"<{GROUP}>", message.decode())
        self.assertEqual(written.result(SECONDS), [0])
        self.assertEqual(call.bye(("Reason", "SIP;cause=200")).status, 200)
        self.shown("closed")
        self.assertEqual(focus.subscribed(0).value("Expires"), "0")
        self.assertEqual(focus.tells({}, "terminated;reason=timeout"), 200)

    def told_of_members(self, focus: Focus) -> None:
        """The subscription, and what the handset is told at the first NOTIFY."""
        subscribe = focus.subscribed()
        self.assertIn(GROUP, subscribe.start)
        self.assertIn("application/conference-info+xml", subscribe.value("Accept"))
        members = {ALICE: "Alice", CAROL: "Carol", f"tel:{HANDSET}": "Bob"}
        self.assertEqual(focus.tells(members, "active;expires=3600"), 200)
        self.assertIn("Carol", self.shown("Alice"))
