"""kill -9 at any moment loses no MMS that was answered 2xx by SIP, or 250 by SMTP.

Load runs both ways, with Postfix between the MMS relay and the gateway: it has every
mail until the gateway acknowledges it. CPMGW_LIVE=long kills many times more.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.lab.arrow import Arrow, Kind, Lifeline
from cpmgw.lab.behaviour import CpmBehaviour
from cpmgw.lab.clients import random_identity
from cpmgw.lab.conversation import Conversation, SentMessage
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.mms.relay import MmsRelay, MmsSettings
from cpmgw.lab.mms.sending import SentMms
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.sessions.large import SentLarge
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.errors import SipError
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.machine import Timing
from tests.live import postfix
from tests.live.case import LONG, LiveTestCase, free_port, until
from tests.live.gateway import Network, start_gateway
from tests.live.postfix import Postfix, start_postfix
from tests.live.process import Process, ProcessFailed
from tests.live.reactor import reactor

NUMBER: Final = "+15550001001"
USER: Final = f"tel:{NUMBER}"
MMS_DOMAIN: Final = "mms.example.net"
OUR_DOMAIN: Final = "mm4.ims.example.net"
KILLS: Final = 100 if LONG else 4
RATE: Final = 25.0
"""Messages a second, each way."""

LARGE_EACH: Final = 5
"""One in so many is large: by MSRP with CPM, and in a file of the gateway's."""

LARGE: Final = 6_000
SHOWN: Final = 10
"""What of a text is enough to tell which it is."""

WHEN: Final = ("answer", "response", "message", "any")
"""The moments at which it is killed, in turn.

When a 2xx has come, when a MM4_forward.RES has, or when a message has.
"""
TIMING: Final = Timing(t1=0.1, t2=0.8, t4=1.0)
"""The CPM side gives up after 6.4 s, so that a test need not wait 32."""


class Sent(msgspec.Struct):
    """A message to a handset, when it left and when it was answered (0: not yet)."""

    text: str
    handset: str
    began: float
    message: SentMessage | SentLarge
    answered: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it was answered 2xx: by SIP, or where it was large by MSRP."""
        if isinstance(self.message, SentLarge):
            return self.message.msrp_status == 200
        return 200 <= self.message.status < 300


class MmsDrill(LiveTestCase):
    needs = postfix.NEEDS
    timeout = 1200 if LONG else 60

    peer: Postfix
    relay: MmsRelay
    cpm: CpmSide
    network: Network

    async def test_kill(self) -> None:
        """What was acknowledged is never lost, and doubled only if a kill fell between.

        Nothing of it is left in files.
        """
        self.sent: list[Sent] = []
        self.written: list[tuple[str, SentMms]] = []
        self.kills: list[float] = []
        self.awaited: dict[str, Deferred[None]] = {}
        seed = random.SystemRandom().randrange(2**32)
        chance = random.Random(seed)
        (self.folder / "seed.log").write_text(f"{seed}\n")
        await self._between()
        load = LoopingCall(self._send_one)
        load.start(1 / RATE)
        try:
            for number in range(1, KILLS + 1):
                await deferLater(reactor, chance.uniform(0.05, 0.6))
                await self._moment(WHEN[number % len(WHEN)])
                await self._kill_and_start_again(number)
            await deferLater(reactor, 0.5)
        finally:
            load.stop()
        try:
            await until(self._settled, 25.0, "all notifications and messages")
        except ProcessFailed:  # what is missing says more; or Postfix has it yet
            self.written = [
                each for each in self.written if not self.peer.holds(each[1].message_id)
            ]
        self._nothing_lost()
        self._nothing_doubled()
        await until(lambda: not self._files("mm4/kept"), 5.0, "no content that is kept")
        self.gateways[-1].signal(signal.SIGTERM)
        await self.gateways[-1].end()
        self.assertEqual([*self._files("mm4"), *self._files("msrp")], [])

    # -- the drill

    async def _between(self) -> None:
        cpm_port, relay_port, port, mm4_port = (free_port() for _ in range(4))
        self.peer = await start_postfix(
            self, {OUR_DOMAIN: mm4_port}, default_destination_concurrency_limit="10"
        )
        self.relay = MmsRelay(
            reactor,
            MmsSettings(
                port=relay_port,
                domain=MMS_DOMAIN,
                gateway_port=self.peer.port,
                gateway_domain=OUR_DOMAIN,
            ),
            random_identity,
        )
        self.relay.tap = self._seen
        self._start_cpm(cpm_port, port)
        self.relay.startService()
        self.gateways: list[Process] = []

        async def stop() -> None:
            for gateway in self.gateways:
                await gateway.stop()
            await self.relay.stopService()

        tables = [
            "[msrp]",
            f'listen = "tcp:{free_port()}:interface=127.0.0.1"',
            f'spool = "{self.folder / "msrp"}"',
            "[mm4]",
            f'listen = "tcp:{mm4_port}:interface=127.0.0.1"',
            f'domain = "{OUR_DOMAIN}"',
            f'spool = "{self.folder / "mm4"}"',
            "in_memory = 4096",
            "[[mmsc]]",
            'name = "home"',
            'host = "127.0.0.1"',
            f"port = {relay_port}",
            f'domain = "{MMS_DOMAIN}"',
            "response_timeout = 5",
        ]
        self.network = Network(
            next_hop=f"sip:127.0.0.1:{cpm_port};transport=udp;lr",
            port=port,
            tables="\n".join(tables),
            debug=False,
        )
        self.at_the_end(stop)
        self.gateways = [await start_gateway(self, self.network, "gateway-0")]

    def _start_cpm(self, cpm_port: int, port: int) -> None:
        endpoint = Endpoint(
            reactor,
            EndpointSettings(
                listen=(f"udp:{cpm_port}:interface=127.0.0.1",),
                next_hop=f"sip:127.0.0.1:{port};transport=udp;lr",
                trusted=("127.0.0.0/8",),
                timing=TIMING,
                shun=0.0,
            ),
        )
        nowhere = str(self.folder / "nowhere")
        limits = SpoolLimits(spill=100_000, files=1)
        listen = Listen(port=0, interface="127.0.0.1")
        node = MsrpNode(
            reactor, MsrpSettings(listen=listen, storage=limits, spool=nowhere)
        )
        self.cpm = CpmSide(endpoint, reactor, random_identity, node)
        self.cpm.behave(CpmBehaviour(delivery=False))
        self.cpm.tap = self._seen
        endpoint.startService()
        node.startService()

        async def stop() -> None:
            await self.cpm.stop()
            await node.stopService()
            await endpoint.stopService()

        self.at_the_end(stop)

    def _send_one(self) -> None:
        """One message each way."""
        number = len(self.sent)
        filling = "x" * LARGE if number % LARGE_EACH == 0 else ""
        handset = f"+1514555{number % 10_000:04}"
        text = f"out {number}.{filling}"
        message = PagerMessage(sender=USER, recipient=f"tel:{handset}", text=text)
        sent = Sent(
            text, handset, reactor.seconds(), self._sent(message, bool(filling))
        )
        self.sent.append(sent)

        def answered(response: object) -> None:
            sent.answered = reactor.seconds()
            self._came("answer")

        def unanswered(failure: Failure) -> None:
            failure.trap(SipError)

        if isinstance(sent.message, SentLarge):
            sent.message.done.addCallback(answered)
        else:
            sent.message.answered.addCallbacks(answered, unanswered)
        text = f"in {number}.{filling}"
        self.written.append((text, self.relay.send(handset, NUMBER, text)))

    def _sent(self, message: PagerMessage, is_large: bool) -> SentMessage | SentLarge:
        return self.cpm.send_large(message) if is_large else self.cpm.send(message)

    def _seen(self, arrow: Arrow) -> None:
        """What the peers see; some of it is waited for."""
        from_gateway = arrow.source is Lifeline.GATEWAY
        if from_gateway and arrow.kind is Kind.MM4 and "RES" in arrow.name:
            self._came("response")
        elif from_gateway and arrow.kind is Kind.SIP and arrow.name == "MESSAGE":
            self._came("message")

    async def _moment(self, when: str) -> None:
        """Wait for a moment at which a kill hurts most: something has just come."""
        if when != "any":
            self.awaited[when] = Deferred()
            self.awaited[when].addTimeout(10.0, reactor)
            await self.awaited[when]

    def _came(self, what: str) -> None:
        if what in self.awaited:
            self.awaited.pop(what).callback(None)

    async def _kill_and_start_again(self, number: int) -> None:
        self.kills.append(reactor.seconds())
        self.gateways[-1].signal(signal.SIGKILL)
        self.assertEqual(await self.gateways[-1].end(), -signal.SIGKILL)
        self.kills.append(reactor.seconds())
        self.gateways.append(
            await start_gateway(self, self.network, f"gateway-{number}")
        )

    # -- what must hold

    @property
    def _user(self) -> Conversation:
        return self.cpm.user(USER)

    def _files(self, name: str) -> list[Path]:
        found = (self.folder / name).rglob("*")
        return [each for each in found if each.is_file()]

    def _settled(self) -> bool:
        """Nothing more will come: all is answered, reported and notified."""
        return (
            all(_is_over(each.message) for each in self.sent)
            and all(each.message.notifications for each in self.sent if each.accepted)
            and {text for text, _ in self.written} <= set(self._user.texts)
            and all(sent.results for _, sent in self.written)
        )

    def _nothing_lost(self) -> None:
        accepted = [each for each in self.sent if each.accepted]
        self.assertGreater(len(accepted), KILLS)
        for each in accepted:
            texts = self.relay.handset(each.handset).texts
            self.assertTrue(each.text in texts, each.text[:SHOWN])
            if not each.message.outcome and self.peer.holds(each.handset):
                continue  # its report is not here yet
            self.assertIn(("delivery-notification", "delivered"), each.message.outcome)
        taken = [text for text, sent in self.written if sent.reply and sent.reply.is_ok]
        self.assertEqual(len(taken), len(self.written))
        missing = set(taken) - set(self._user.texts)
        self.assertEqual({text[:SHOWN] for text in missing}, set())
        for text, sent in self.written:
            self.assertEqual(set(sent.statuses), {"Ok"}, text[:SHOWN])

    def _nothing_doubled(self) -> None:
        for each in self.sent:
            texts = self.relay.handset(each.handset).texts
            if each.accepted and not self._killed_between(each.began, each.answered):
                self.assertEqual(texts.count(each.text), 1, each.text[:SHOWN])
        identities = Counter(
            text
            for text, _ in {(each.text, each.message_id) for each in self._user.inbox}
        )
        self.assertEqual(
            [t[:SHOWN] for t, number in identities.items() if number > 1], []
        )

    def _killed_between(self, began: float, ended: float) -> bool:
        """Whether the gateway was dying, dead or being started in that time."""
        return any(began <= at <= ended for at in self.kills)


def _is_over(message: SentMessage | SentLarge) -> bool:
    """Whether nothing more becomes of a sending itself."""
    over = message.done if isinstance(message, SentLarge) else message.answered
    return over.called
