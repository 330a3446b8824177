"""tshark reads what the gateway sends: nothing malformed, in SIP and in SMPP."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tests.live import node_smsc, sipp
from tests.live.case import LiveTestCase, command
from tests.live.gateway import Network, start_gateway
from tests.live.node_smsc import NodeSmsCentre, start_node_smsc
from tests.live.sipp import Pager, Sipp, send_messages, take_messages
from tests.live.wiretap import Capture, TcpTap, UdpTap

USER = "+15550001001"
HANDSET = "+15145550002"
LONG = "A long message that takes several segments, " * 8
MESSAGES = [
    Pager(USER, HANDSET, "Plain", "Plain text"),
    Pager(USER, HANDSET, "Signs", "€uro {brackets} and Ωmega"),
    Pager(USER, HANDSET, "Emoji", "Grüße 😀 Привет"),
    Pager(USER, HANDSET, "Long", LONG.strip()),
]


FIELDS = (
    "frame.protocols",
    "sip.Method",
    "sip.Status-Code",
    "smpp.command_id",
    "_ws.expert.message",
    "_ws.malformed",
)
UNKNOWN = re.compile(
    r"Unrecognised SIP header \((?:conversation-id|contribution-id|message-context"
    r"|message-correlator)\),?"
)
"""Header fields of CPM that tshark has not heard of."""


class Frame(msgspec.Struct, frozen=True):
    """What tshark says of one frame; `expert` are its complaints."""

    protocols: str
    sip: str
    smpp: str
    expert: str
    malformed: str


class Dissection(LiveTestCase):
    needs = (*sipp.NEEDS, *node_smsc.NEEDS, command("tshark", "tshark"))

    centre: NodeSmsCentre
    taker: Sipp
    capture: Capture
    decode: list[str]

    async def test_udp(self) -> None:
        """SIP over UDP and SMPP, both ways: texts, answers, receipts and IMDNs."""
        await self._converse("udp")

    async def test_tcp(self) -> None:
        """SIP over TCP and SMPP, both ways."""
        await self._converse("tcp")

    async def _converse(self, transport: str) -> None:
        port = await self._tapped(transport)
        sender = send_messages(self, MESSAGES, to_port=port, transport=transport)
        await sender.finished()
        for message in MESSAGES:
            await self.taker.taken(f"<message-id>{message.message_id}<")
        self.centre.tell(
            "mo", source=HANDSET[1:], destination=USER[1:], text="Back again"
        )
        await self.taker.taken("Back again")
        self.centre.tell("behave", status=0x0B, receipt="none")
        refused = [Pager(USER, HANDSET, "Refused", "Not wanted")]
        await send_messages(
            self, refused, to_port=port, transport=transport, status=404
        ).finished()
        self.capture.close()
        self._sound(await self._dissected())

    def _sound(self, frames: list[Frame]) -> None:
        methods = {each for frame in frames for each in frame.sip.split(",")}
        self.assertLessEqual({"MESSAGE", "202", "200", "404"}, methods)
        commands = {
            int(each, 0) for frame in frames for each in frame.smpp.split(",") if each
        }
        self.assertLessEqual(
            {0x9, 0x80000009, 0x4, 0x80000004, 0x5, 0x80000005}, commands
        )
        faults = [frame for frame in frames if frame.malformed or frame.expert]
        self.assertEqual(faults, [])

    async def _tapped(self, transport: str) -> int:
        """Start everything with taps between; gives where SIPp is to send."""
        self.capture = Capture(self.folder / "wire.pcap")
        tap = UdpTap if transport == "udp" else TcpTap
        self.centre = await start_node_smsc(self)
        self.taker = take_messages(self, transport=transport)
        behind = tap(self.capture, self.taker.port)
        smpp = TcpTap(self.capture, self.centre.port)
        network = Network(
            next_hop=f"sip:127.0.0.1:{behind.port};transport={transport};lr",
            smsc_port=smpp.port,
        )
        before = tap(self.capture, network.port)
        for each in (behind, smpp, before):
            self.at_the_end(each.stop)
        await start_gateway(self, network)
        await self.centre.event("bound")
        self.decode = [
            f"tcp.port=={self.centre.port},smpp",
            *(
                f"{transport}.port=={port},sip"
                for port in (self.taker.port, network.port)
            ),
        ]
        return before.port

    async def _dissected(self) -> list[Frame]:
        """Every frame with SIP or SMPP in it, as tshark reads it."""
        wanted = "(sip || smpp || _ws.malformed)"
        tshark = self.process(
            "tshark",
            [
                *("/usr/bin/env", "tshark", "-n", "-r", Path("wire.pcap")),
                *(word for rule in self.decode for word in ("-d", rule)),
                *("-Y", wanted, "-T", "fields", "-E", "separator=|"),
                *(word for field in FIELDS for word in ("-e", field)),
            ],
        )
        self.assertEqual(await tshark.end(), 0)
        rows = [line.split("|") for line in tshark.lines if line.count("|") == 5]
        self.assertTrue(rows)
        return [
            Frame(
                protocols=row[0],
                sip=f"{row[1]},{row[2]}",
                smpp=row[3],
                expert=UNKNOWN.sub("", row[4]),
                malformed=row[5],
            )
            for row in rows
        ]
