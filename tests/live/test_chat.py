"""Chats between a raw user and a handset, with a gateway between."""

from __future__ import annotations

from typing import Final

from tests.live.chatting import HANDSET, ChatTestCase
from tests.live.raw_content import (
    COMPOSING,
    CPIM,
    cpim,
    imdn_of,
    session_offer,
    stream_of,
    text_of,
)
from tests.live.raw_msrp import End, Message

LONG: Final = "A rather long text, with €uro signs. " * 50
"""Longer than what fits into a SIP MESSAGE (1300 octets)."""
SECONDS: Final = 10.0


class Chat(ChatTestCase):
    # then a connection without a session ends
    msrp = ("setup_timeout = 5.0",)

    async def test_udp(self) -> None:
        """A chat both ways, its signalling by UDP, ended by the user.

        [TS 6.1.4 step 6a] [TS 6.1.4 step 6b] [TS 6.1.4 step 6c] [TS 6.1.4 step 6d]
        [TS 6.1.4 step 6e] [TS 6.1.4 step 6f] [TS 6.1.4 step 6g] [TS 6.1.4 step 6i]
        [TS 6.1.6.1] [TS 6.2.4 2a] [TS 6.2.4 session] [SCR Int-S-032-O]
        [SCR Int-S-009-O]
        """
        await self.between("udp")
        await self.talk(self.ended_by_the_user)

    async def test_tcp(self) -> None:
        """The same with its signalling by TCP."""
        await self.between("tcp")
        await self.talk(self.ended_by_the_user)

    def ended_by_the_user(self) -> None:
        """A chat, and what its 200 has to say (TS 6.1.4 step 6)."""
        chat = self.both_ways()
        answer, stream = chat.call.answer, chat.call.stream
        contact = answer.value("Contact").replace("%3A", ":")
        self.assertIn(":3gpp-service.ims.icsi.oma.cpm.session", contact)
        self.assertIn("IWF-SMS-serv/OMA2.1", answer.value("Server"))
        self.assertIn("timer", answer.value("Supported"))
        self.assertIn("timer", answer.value("Require"))
        self.assertIn(";refresher=uac", answer.value("Session-Expires"))
        self.assertIn("BYE", answer.value("Allow"))
        self.assertEqual(answer.value("P-Asserted-Identity"), f"<tel:{HANDSET}>")
        self.assertEqual(answer.value("Message-Context"), "pager-message")
        for name in ("Conversation-ID", "Contribution-ID"):
            self.assertEqual(answer.value(name), chat.call.invite.value(name))
        self.assertTrue(stream.has("a=setup:passive"))
        composing = Message(b"<isComposing/>", COMPOSING)
        self.assertEqual(chat.end.send(composing), [200])
        chat.close()
        self.shown("has been closed")
        self.assertTrue(chat.end.wire.ended())

    async def test_handset_leaves(self) -> None:
        """The word for it, written by the handset, ends the session.

        [TS 6.1.6.2] [TS 6.2.2.2.4]
        """
        await self.between()

        def conversation() -> None:
            chat = self.both_ways()
            written = self.writes("LEAVE")
            self.assertIn("cause=200", chat.call.ended().value("Reason"))
            self.assertEqual(written.result(SECONDS), [0])
            self.assertTrue(chat.end.wire.ended())

        await self.talk(conversation)

    async def test_long_message_in_chunks(self) -> None:
        """A message in many small chunks is answered when SMS has taken it whole.

        [TS 6.1.5.1 CPM 1] [TS 6.1.5.1 CPM 4] [TS 6.2.2.1.5 step 3]
        """
        await self.between()

        def conversation() -> None:
            chat = self.chat()
            message = Message(cpim(LONG, "long"), CPIM, success_report="yes")
            statuses = chat.end.send(message, 100)
            self.assertEqual(statuses, [200] * len(statuses))
            self.shown(LONG.strip()[-20:])
            self.assertEqual(chat.end.report(message.message_id), 200)
            chat.close()

        await self.talk(conversation)

    async def test_two_chats_on_one_connection(self) -> None:
        """Two sessions share a connection, and their messages do not mix (5.4)."""
        other = "+15145550003"
        await self.between()

        def conversation() -> None:
            one = self.chat()
            two = self.chat(other, one.end.wire)
            for chat, number in ((one, HANDSET), (two, other)):
                text = f"For {number}"
                message = Message(cpim(text, number), CPIM)
                self.assertEqual(chat.end.send(message), [200])
                self.shown(text, number)
                imdn = chat.end.message()
                self.assertEqual(imdn_of(imdn.body)[0], number)
            two.close()
            self.assertEqual(one.end.send(Message(cpim("Still", "s"), CPIM)), [200])
            one.close()

        await self.talk(conversation)

    async def test_moved(self) -> None:
        """A re-INVITE with another path moves the session there. [TS 6.1.5 step 5]"""
        await self.between()

        def conversation() -> None:
            chat = self.both_ways()
            ours = self.own_path()
            offer = session_offer(ours, self.listener.port)
            answer = chat.call.again(offer.replace(b"o=- 1 1", b"o=- 1 2"))
            self.assertEqual(answer.status, 200)
            stream = stream_of(answer.body)
            moved = End(self.connect(stream), ours, stream.path)
            self.assertEqual(moved.bind(), 200)
            self.assertTrue(chat.end.wire.ended())
            self.assertEqual(moved.send(Message(cpim("Moved", "m"), CPIM)), [200])
            self.shown("Moved")
            self.assertEqual(imdn_of(moved.message().body)[0], "m")
            written = self.writes("After all")
            self.assertEqual(text_of(moved.message().body), "After all")
            self.assertEqual(written.result(SECONDS), [0])
            chat.close()

        await self.talk(conversation)
