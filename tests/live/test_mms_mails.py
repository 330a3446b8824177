"""Mails of MMS relays in the field, by smtplib and swaks, to a gateway as a process."""

from __future__ import annotations

import signal
from typing import Final

from twisted.internet.threads import deferToThread

from cpmgw.lab.arrow import Arrow
from cpmgw.lab.behaviour import CpmBehaviour, MmsBehaviour, MmscQuirks
from cpmgw.mm4.dsn import Fate, bounced
from tests.live import postfix
from tests.live import swaks as swaks_peer
from tests.live.mms_nodes import (
    CONTEXT,
    HANDSET,
    MMSC,
    OUR_DOMAIN,
    OURS,
    THEIRS,
    USER,
    MmsTestCase,
)
from tests.live.mmsc_mails import (
    CARRIER,
    NOT_MM4,
    NUMBER,
    OPEN_SOURCE,
    SAMPLES,
    SILENT,
    UNKNOWN_TYPE,
    WITHOUT_FROM,
    Sample,
)
from tests.live.raw_smtp import RawSmtp
from tests.live.swaks import swaks

QUOTED: Final = f'"{NUMBER}/TYPE=PLMN"@{OUR_DOMAIN}'
LIKE_OPEN_SOURCE: Final = MmscQuirks(
    unquoted=True, to_system=True, version_field="X-Mms-MMS-Version"
)


class Mails(MmsTestCase):
    needs = (*postfix.NEEDS, *swaks_peer.NEEDS)

    async def test_by_smtplib(self) -> None:
        """Each is read by the user; who asked is answered Ok, by its own names."""
        await self.between()
        for each in SAMPLES:
            self.assertEqual(await self.posted(each.octets, each.sender), 250)
            await self.shown(each)
        await self.answered(*SAMPLES)
        await self.ended()

    async def test_by_swaks(self) -> None:
        """The same from a client that quotes the local part, pipelined or not."""
        await self.between()
        for number, each in enumerate((CARRIER, SILENT)):
            options = ("--pipeline",) if number else ()
            sender = ("--from", each.sender or "<>", "--to", QUOTED)
            process = await swaks(
                self, self.mm4_port, *sender, *options, data=each.octets
            )
            self.assertEqual(process.status, 0)
            await self.shown(each)
        await self.answered(CARRIER)
        await self.ended()

    async def test_by_postfix(self) -> None:
        """The same once they have gone through Postfix."""
        await self.between()
        for each in SAMPLES:
            reply = await self.posted(each.octets, each.sender, port=self.peer.port)
            self.assertEqual(reply, 250)
            await self.shown(each)
        await self.answered(*(each for each in SAMPLES if "@" in each.sender))
        await self.ended()

    async def test_repeated(self) -> None:
        """A mail that comes again is taken, shown once, and answered each time."""
        await self.between()
        for each in range(3):
            code = await self.posted(OPEN_SOURCE.octets, OPEN_SOURCE.sender)
            self.assertEqual(code, 250)
            await self.responses(each + 1)
        self.assertEqual(len(self.user.inbox), 1)
        await self.ended()

    async def test_open_source_relay(self) -> None:
        """A relay that answers the system, without quotes: messages and reports."""
        await self.between()
        self.relay.behave(MmsBehaviour(quirks=LIKE_OPEN_SOURCE))
        sent = self.cpm.send(self.message("Hello to a relay"))
        await self.until(lambda: sent.notifications, "the notification")
        self.assertEqual((sent.status, self.context_of(sent)), (202, CONTEXT))
        self.relay.look(HANDSET)
        await self.until(lambda: len(sent.notifications) == 2, "the second one")
        await self.ended()

    @property
    def texts(self) -> list[str]:
        """What the user has read."""
        return [each.strip() for each in self.user.texts]

    async def responses(self, count: int) -> None:
        """So many MM4_forward.RES have come."""
        await self.until(lambda: len(self.relay.results) >= count, "the RES")

    async def shown(self, sample: Sample) -> None:
        """The user has it, from the handset."""
        await self.until(lambda: sample.text in self.texts, sample.text)
        message = self.user.inbox[self.texts.index(sample.text)]
        self.assertIn(HANDSET, message.sender)
        self.assertEqual(len(message.pictures), sample.pictures)

    async def answered(self, *samples: Sample) -> None:
        """Those that asked are answered, and no others."""
        asked = {each.transaction: each for each in samples if each.transaction}
        await self.responses(len(asked))
        said = {
            each.transaction.transaction_id: (
                each.transaction.message_id,
                each.status.value,
            )
            for each in self.relay.results
        }
        self.assertEqual(
            said, {name: (each.message, "Ok") for name, each in asked.items()}
        )


class Refused(MmsTestCase):
    async def test_refused(self) -> None:
        """Mails that are none of MM4, to strangers, or of others; nothing is shown.

        What is MM4 and cannot be used is answered by MM4.
        """
        await self.between()
        self.assertEqual(await self.posted(NOT_MM4), 554)
        stranger = "+15550001001/TYPE=PLMN@elsewhere.example.net"
        self.assertEqual(await self.posted(SILENT.octets, MMSC, stranger), 550)
        nobody = f"somebody@{OUR_DOMAIN}"
        self.assertEqual(await self.posted(SILENT.octets, MMSC, nobody), 550)
        for octets in (UNKNOWN_TYPE, WITHOUT_FROM):
            self.assertEqual(await self.posted(octets), 250)
        await self.until(lambda: len(self.relay.results) == 1, "the RES")
        (result,) = self.relay.results
        self.assertEqual(result.status.value, "Error-message-format-corrupt")
        await self.until(lambda: len(self.relay.reception.unreadable) == 1, "the other")
        (other,) = self.relay.reception.unreadable
        self.assertIn(b"X-Mms-Message-Type: MM4_teleport.RES\r\n", other)
        self.assertIn(b"Error-unsupported-message\r\n", other)
        self.assertEqual(self.user.inbox, [])
        await self.ended()

    async def test_by_postfix(self) -> None:
        """What is none of MM4 comes back to who sent it, by Postfix."""
        await self.between()
        await self.posted(NOT_MM4, THEIRS, port=self.peer.port)
        await self.until(lambda: self.relay.reception.unreadable, "the bounce")
        (octets,) = self.relay.reception.unreadable
        bounce = bounced(octets)
        assert bounce is not None
        self.assertEqual(bounce.fate, Fate.FAILED)
        self.assertIn(f"\r\nFinal-Recipient: rfc822; {OURS}\r\n".encode(), octets)
        self.assertIn(b"\r\nStatus: 5.6.0\r\n", octets)
        await self.ended()

    async def test_smuggled(self) -> None:
        """A mail within a mail is neither shown nor answered."""
        await self.between()
        inner = f"MAIL FROM:<{MMSC}>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
        outer = f"MAIL FROM:<{MMSC}>", f"RCPT TO:<{OURS}>", "DATA"

        def talk() -> None:
            raw = RawSmtp(self.mm4_port)
            self.addCleanup(raw.close)
            raw.codes("EHLO mms.example.net", *outer)
            body = NOT_MM4 + b"\n.\n" + inner + SILENT.octets
            raw.write(body + b"\r\n.\r\n")
            self.assertEqual(raw.reply()[:3], "554")

        await deferToThread(talk)
        self.assertEqual(self.user.inbox, [])
        await self.ended()

    async def test_away(self) -> None:
        """What was acknowledged while the user is away outlives a kill, and comes."""
        await self.between()
        seen: list[Arrow] = []
        self.lab.watch(seen.append)
        self.cpm.behave(CpmBehaviour(status=480), USER)
        self.assertEqual(await self.posted(SILENT.octets, MMSC), 250)
        await self.until(lambda: any("480" in each.name for each in seen), "the 480")
        self.cpm.behave(CpmBehaviour(), USER)
        self.gateway.signal(signal.SIGKILL)
        await self.gateway.end()
        await self.start_again("gateway-2")
        await self.until(lambda: self.user.inbox, "the message")
        self.assertEqual([each.strip() for each in self.user.texts], [SILENT.text])
        await self.ended()
