"""tshark reads MM4 between the gateway and Postfix: nothing in it is malformed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.mms.sending import MmsOptions
from cpmgw.lab.pager import carrying
from cpmgw.lab.pictures import landscape
from cpmgw.mm4.entity import leaf, multipart
from tests.live import dissection, postfix
from tests.live.mms_nodes import HANDSET, NUMBER, USER, MmsTestCase
from tests.live.wiretap import Capture, TcpTap

FIELDS: Final = (
    "frame.protocols",
    "smtp.req.command",
    "smtp.response.code",
    "imf.extension.type",
    "mime_multipart.header.content-type",
    "_ws.expert.message",
    "_ws.malformed",
)
# Each way: a message and its response, two reports and theirs.
MAILS: Final = 12
MM4: Final = frozenset(
    f"X-Mms-{name}"
    for name in ("Message-Type", "Transaction-ID", "Message-ID", "3GPP-MMS-Version")
)


class Frame(msgspec.Struct, frozen=True):
    """What tshark says of one frame; `expert` are its complaints."""

    protocols: str
    commands: str
    codes: str
    fields: str
    parts: str
    expert: str
    malformed: str


class MailCapture(Capture):
    """A capture that counts the mails in it, by the answers to their DATA."""

    mails = 0

    def tcp(self, source: int, target: int, at: int, seen: int, data: bytes) -> None:
        """Add a segment."""
        self.mails += any(each.startswith(b"354 ") for each in data.splitlines())
        super().tcp(source, target, at, seen, data)


class MailDissection(MmsTestCase):
    needs = (*postfix.NEEDS, *dissection.NEEDS)

    async def test_both_ways(self) -> None:
        """Messages with pictures, their reports and their responses, both ways."""
        self.capture = MailCapture(self.folder / "wire.pcap")
        self.targets: list[int] = []
        await self.between()
        self.cpm.behave(CpmBehaviour(display=True), USER)
        photo = multipart(
            "mixed",
            (
                leaf("text/plain; charset=utf-8", "Grüße 😀".encode()),
                leaf("image/jpeg", landscape(320, 240), content_location="lake.jpg"),
            ),
        )
        out = self.cpm.send_large(carrying(self.message(), photo))
        options = MmsOptions(subject="Grüße", delivery_report=True, read_reply=True)
        into = self.relay.send(HANDSET, NUMBER, photo, options)
        await self.until(lambda: out.notifications, "the notification")
        self.relay.look(HANDSET)
        await self.until(
            lambda: len(out.notifications) == 2 and len(into.outcome) == 2,
            "the reports",
        )
        await self.until(lambda: len(self.relay.results) == 3, "the responses")
        await self.until(lambda: self.capture.mails == MAILS, "the last of them")
        await self.ended()
        self.capture.close()
        self.sound(await self.dissected())

    def before(self, port: int) -> int:
        """A tap stands before each port."""
        tap = TcpTap(self.capture, port)
        self.at_the_end(tap.stop)
        self.targets.append(port)
        return tap.port

    def sound(self, frames: list[Frame]) -> None:
        """All of it is there, and nothing is wrong with any."""
        commands = {each for frame in frames for each in frame.commands.split(",")}
        self.assertLessEqual({"EHLO", "MAIL", "RCPT", "DATA", "QUIT"}, commands)
        mails = [frame for frame in frames if ":imf" in frame.protocols]
        self.assertEqual(len(mails), MAILS)
        for mail in mails:
            self.assertLessEqual(MM4, set(mail.fields.split(",")), mail)
        parts = [each.parts for each in mails if ":mime_multipart" in each.protocols]
        self.assertEqual(len(parts), 2)
        for each in parts:
            for kind in ("application/smil", "text/plain", "image/jpeg"):
                self.assertIn(kind, each)
        faults = [frame for frame in frames if frame.malformed or frame.expert]
        self.assertEqual(faults, [])

    async def dissected(self) -> list[Frame]:
        """Every frame of mail, as tshark reads it."""
        rules = [f"tcp.port=={port},smtp" for port in self.targets]
        tshark = self.process(
            "tshark",
            [
                *("/usr/bin/env", "tshark", "-n", "-r", Path("wire.pcap")),
                *(word for rule in rules for word in ("-d", rule)),
                *("-Y", "smtp || imf || _ws.malformed"),
                *("-T", "fields", "-E", "separator=|"),
                *(word for field in FIELDS for word in ("-e", field)),
            ],
        )
        self.assertEqual(await tshark.end(), 0)
        separators = len(FIELDS) - 1
        rows = [line for line in tshark.lines if line.count("|") == separators]
        self.assertTrue(rows)
        return [Frame(*row.split("|")) for row in rows]
