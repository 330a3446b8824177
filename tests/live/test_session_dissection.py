"""tshark reads chats and large messages: nothing malformed in SIP, SDP and MSRP."""

from __future__ import annotations

import msgspec

from tests.live import dissection
from tests.live.dissection import dissect
from tests.live.large_messages import LargeTestCase
from tests.live.raw_content import CPIM, Stream, cpim, text_of
from tests.live.raw_frames import Wire
from tests.live.raw_msrp import Message
from tests.live.wiretap import Capture, UdpTap

LONG = "A message that goes in several chunks and segments. " * 20


class SessionDissection(LargeTestCase):
    needs = dissection.NEEDS

    capture: Capture

    async def prepare(self) -> None:
        """Tap both ways of SIP."""
        self.wires: list[Wire] = []
        self.capture = Capture(self.folder / "wire.pcap")
        before = UdpTap(self.capture, self.network.port)
        behind = UdpTap(self.capture, self.phone.port)
        for tap in (before, behind):
            self.at_the_end(tap.stop)
        self.phone.gateway = before.port
        next_hop = self.phone.hop.replace(str(self.phone.port), str(behind.port))
        self.network = msgspec.structs.replace(self.network, next_hop=next_hop)

    def connect(self, stream: Stream) -> Wire:
        """Connect, and keep what goes over the connection."""
        self.wires.append(super().connect(stream))
        return self.wires[-1]

    async def test_chat(self) -> None:
        """Invitation, messages both ways, reports, a refusal, and the end."""
        await self.between()
        await self.talk(self.converse)
        await self.sound({"SEND", "REPORT", "200", "481"})

    async def test_large(self) -> None:
        """Large messages both ways, with what announces them and tells of them."""
        await self.between()
        await self.talk(self.to_the_handset)
        await self.talk(self.to_the_user)
        await self.sound({"SEND", "200"})

    async def sound(self, of_msrp: set[str]) -> None:
        """Every frame is understood, these among them, and nothing is wrong with any.

        tshark looks for MSRP at the beginning of a segment only: each frame gets one.
        """
        written = self.write_down()
        self.capture.close()
        rules = [
            f"tcp.port=={self.msrp_port},msrp",
            f"udp.port=={self.network.port},sip",
            f"udp.port=={self.phone.port},sip",
        ]
        frames = await dissect(self, self.folder / "wire.pcap", rules)
        of_sip = {each for frame in frames for each in frame.sip.split(",")}
        self.assertLessEqual({"INVITE", "ACK", "BYE", "200"}, of_sip)
        self.assertTrue(any("sip:sdp" in frame.protocols for frame in frames))
        seen = [frame for frame in frames if ":msrp" in frame.protocols]
        self.assertEqual(len(seen), written)
        self.assertLessEqual(
            of_msrp, {each for frame in seen for each in frame.msrp.split(",")}
        )
        faults = [frame for frame in frames if frame.malformed or frame.expert]
        self.assertEqual(faults, [])

    def write_down(self) -> int:
        """Add the frames of MSRP to the capture; gives how many they are."""
        count = 0
        for number, wire in enumerate(self.wires):
            ports = (40_001 + number, self.msrp_port)
            for way, frames in ((ports, wire.went), (ports[::-1], wire.came)):
                at = 1
                for frame in frames:
                    octets = frame.octets()
                    self.capture.tcp(*way, at, 1, octets)
                    at += len(octets)
                count += len(frames)
        return count

    def converse(self) -> None:
        """Talk both ways; one SEND is for nobody."""
        chat = self.chat()
        message = Message(cpim(LONG, "long"), CPIM, success_report="yes")
        self.assertEqual(set(chat.end.send(message, 300)), {200})
        self.assertEqual(chat.end.report(message.message_id), 200)
        chat.end.message()
        self.writes("Back again")
        self.assertEqual(text_of(chat.end.message().body), "Back again")
        theirs = chat.end.theirs
        chat.end.theirs = theirs.replace(";tcp", "x;tcp")
        self.assertEqual(chat.end.send(Message(b"For nobody")), [481])
        chat.end.theirs = theirs
        chat.close()
