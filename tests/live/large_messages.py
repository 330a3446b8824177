"""Invitations to large messages between a raw user and a handset, from either side."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Final

from tests.live.chatting import HANDSET, USER, ChatTestCase
from tests.live.raw_content import (
    CPIM,
    Stream,
    cpim,
    imdn_of,
    large_answer,
    large_offer,
    stream_of,
    text_of,
)
from tests.live.raw_frames import SECONDS
from tests.live.raw_msrp import End, Message
from tests.live.raw_packet import Packet
from tests.live.raw_session import LARGE, Call, Dialog

LONG: Final = "A rather long text, with €uro signs. " * 50
"""Longer than what fits into a SIP MESSAGE (1300 octets)."""


class LargeTestCase(ChatTestCase):
    """Invitations to large messages, from either side."""

    def invited(self, size: int) -> tuple[Call, End]:
        """Invite a handset to a message of so many octets, and connect."""
        ours = self.own_path()
        offer = large_offer(ours, self.listener.port, size)
        call = self.phone.invite(HANDSET, offer, LARGE)
        stream = call.stream
        self.assertTrue(stream.has("a=recvonly"))
        call.acknowledge()
        end = End(self.connect(stream), ours, stream.path)
        self.assertEqual(end.bind(), 200)
        return call, end

    def written(self) -> tuple[Future[list[int]], Packet, Stream]:
        """A handset writes a long text: the command_status, the INVITE, its stream."""
        written = self.writes(LONG)
        invite = self.phone.requested("INVITE")
        stream = stream_of(invite.body)
        for line in ("a=setup:actpass", "a=sendonly"):
            self.assertTrue(stream.has(line), line)
        return written, invite, stream

    def accepted(self, invite: Packet, setup: str) -> tuple[Dialog, str]:
        """Accept what a handset wrote; gives the path that was answered, too."""
        ours = self.own_path()
        answer = large_answer(ours, self.listener.port, setup)
        return self.phone.accept(invite, answer, LARGE), ours

    def to_the_handset(self) -> Call:
        """A large message of the user, from INVITE to BYE and notification."""
        body = cpim(LONG, "large", sender=f"tel:{USER}", recipient=f"tel:{HANDSET}")
        call, end = self.invited(len(body))
        statuses = end.send(Message(body, CPIM))
        self.assertEqual(statuses, [200] * len(statuses))
        self.shown(LONG.strip())
        answer = call.bye(("Reason", 'SIP;cause=200;text="Call completed"'))
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.value("Message-Context"))
        self.assertTrue(answer.value("Message-Correlator"))
        imdn = self.phone.requested("MESSAGE")
        self.assertEqual(imdn_of(imdn.body), ("large", "delivered"))
        end.wire.close()
        return call

    def to_the_user(self) -> Packet:
        """A large message of the handset, from INVITE to BYE, which is given."""
        written, invite, stream = self.written()
        dialog, ours = self.accepted(invite, "active")
        end = End(self.connect(stream), ours, stream.path)
        self.assertEqual(end.bind(), 200)
        self.assertEqual(text_of(end.message().body).strip(), LONG.strip())
        bye = dialog.ended()
        self.assertIn("cause=200", bye.value("Reason"))
        self.assertEqual(set(written.result(SECONDS)), {0})
        end.wire.close()
        return bye
