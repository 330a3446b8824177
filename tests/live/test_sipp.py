"""SIPp as the CPM network, node-smpp as the SM-SC: nothing here is our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.live import node_smsc, sipp
from tests.live.case import LiveTestCase, until
from tests.live.certificates import write_certificate
from tests.live.gateway import Network, start_gateway
from tests.live.node_smsc import NodeSmsCentre, start_node_smsc
from tests.live.sipp import Pager, Sipp, send_messages, take_messages

USER = "+15550001001"
HANDSET = "+15145550002"


def pagers(count: int, text: str = "Text") -> list[Pager]:
    """So many messages that can be told apart."""
    return [
        Pager(USER, HANDSET, f"Message-{number}", f"{text} {number}.")
        for number in range(count)
    ]


class SippTestCase(LiveTestCase):
    """A gateway between SIPp and node-smpp."""

    needs = (*sipp.NEEDS, *node_smsc.NEEDS)

    centre: NodeSmsCentre
    taker: Sipp
    port: int

    async def between(
        self, transport: str, *smsc: str, tls: Sequence[Path] = ()
    ) -> None:
        """Start SM-SC, the CPM network's receiving side and the gateway."""
        self.centre = await start_node_smsc(self, tls=tls)
        self.taker = take_messages(self, transport=transport)
        network = Network(
            next_hop=f"sip:127.0.0.1:{self.taker.port};transport={transport};lr",
            smsc_port=self.centre.port,
            smsc=smsc,
        )
        self.port = network.port
        await start_gateway(self, network)
        await self.centre.event("bound")

    async def to_handsets(self, transport: str) -> None:
        """Messages go out as submit_sm, are answered 202, and their IMDNs come."""
        await self.between(transport)
        messages = pagers(10)
        sender = send_messages(self, messages, to_port=self.port, transport=transport)
        await sender.finished()
        submitted = self.centre.events("submit")
        self.assertEqual(
            sorted(each["text"] for each in submitted),
            sorted(each.text for each in messages),
        )
        self.assertEqual({each["destination"] for each in submitted}, {HANDSET[1:]})
        self.assertEqual({each["source"] for each in submitted}, {USER[1:]})
        answers = [each for each in sender.received if "SIP/2.0 202" in each]
        for answer in answers:
            self.assertIn("Message-Correlator:", answer)
            self.assertIn("Message-Context:", answer)
        for each in messages:
            imdn = await self.taker.taken(f"<message-id>{each.message_id}<")
            self.assertIn("message/imdn+xml", imdn)
            self.assertIn("<delivered", imdn)


class CpmToSms(SippTestCase):
    async def test_udp(self) -> None:
        """Over UDP each message is one submit_sm, one 202 and one IMDN (TS 6.2.2.1).

        [SCR Int-S-005-O] [SCR Int-S-006-O]
        """
        await self.to_handsets("udp")

    async def test_tcp(self) -> None:
        """Over TCP the same. [SCR Int-S-005-O] [SCR Int-S-006-O]"""
        await self.to_handsets("tcp")

    async def test_long_message(self) -> None:
        """A long message is concatenated, answered once and notified once.

        [SCR Int-S-031-O]
        """
        await self.between("udp")
        text = "A long message, with €uro signs; " * 12
        message = Pager(USER, HANDSET, "Long", text.strip().replace(";", ","))
        await send_messages(self, [message], to_port=self.port).finished()
        segments = self.centre.events("submit")
        self.assertEqual("".join(each["text"] for each in segments), message.text)
        self.assertEqual(
            [each["concatenation"][1:] for each in segments],
            [[len(segments), number + 1] for number in range(len(segments))],
        )
        await self.taker.taken("<message-id>Long<")
        await until(
            lambda: len(self.centre.events("answered")) == len(segments),
            what="an answer to every receipt",
        )
        self.assertEqual(len(self.taker.received), 1)

    async def test_smpp_over_tls(self) -> None:
        """The bind to an SM-SC can be over TLS, its certificate checked."""
        key, certificate = self.folder / "smsc.key", self.folder / "smsc.crt"
        write_certificate(key, certificate)
        await self.between(
            "udp",
            "tls.enabled = true",
            f'tls.authority = "{certificate}"',
            tls=(key, certificate),
        )
        await send_messages(self, pagers(1), to_port=self.port).finished()
        self.assertEqual(len(self.centre.events("submit")), 1)
        await self.taker.taken("<message-id>Message-0<")

    async def test_throttled(self) -> None:
        """ESME_RTHROTTLED makes the gateway wait; every message is still sent."""
        await self.between("udp", "throttle_initial = 0.2")
        self.centre.tell("behave", throttle=2)
        await send_messages(self, pagers(5), to_port=self.port).finished()
        taken = [each for each in self.centre.events("submit") if not each["status"]]
        self.assertEqual(
            sorted(each["text"] for each in taken),
            sorted(each.text for each in pagers(5)),
        )

    async def test_refused(self) -> None:
        """A refusal of the SM-SC is the answer of Table 2, and no IMDN follows.

        [SCR Int-S-005-O]
        """
        await self.between("udp")
        self.centre.tell("behave", status=0x0B)  # ESME_RINVDSTADR
        sender = send_messages(self, pagers(1), to_port=self.port, status=404)
        await sender.finished()
        self.assertEqual(self.taker.received, [])

    async def test_undeliverable(self) -> None:
        """A receipt UNDELIV in text, its id in hex, is a negative notification.

        [SCR Int-S-006-O]
        """
        await self.between("udp", 'receipt_id = "hex"', 'response_id = "decimal"')
        self.centre.tell("behave", state="UNDELIV", receipt="text", receiptId="hex")
        await send_messages(self, pagers(1), to_port=self.port).finished()
        imdn = await self.taker.taken("<message-id>Message-0<")
        self.assertIn("<failed", imdn)


class SmsToCpm(SippTestCase):
    async def test_sms(self) -> None:
        """An SMS is a MESSAGE with CPIM towards the user (Table 9), then ESME_ROK.

        [SCR Int-S-008-O]
        """
        await self.between("udp")
        self.centre.tell(
            "mo", source=HANDSET[1:], destination=USER[1:], text="Hello back"
        )
        message = await self.taker.taken("Hello back")
        self.assertIn("Content-Type: message/cpim", message)
        self.assertIn("+g.3gpp.icsi-ref=", message)
        self.assertIn(HANDSET, message)
        answered = await self.centre.event("answered")
        self.assertEqual(answered, {**answered, "kind": "mo", "status": 0})

    async def test_connection_lost(self) -> None:
        """The bind comes back by itself after the SM-SC dropped it."""
        await self.between("udp")
        self.centre.tell("kick")
        await self.centre.event("closed")
        self.centre.tell(
            "mo", source=HANDSET[1:], destination=USER[1:], text="After all"
        )
        await self.taker.taken("After all")
