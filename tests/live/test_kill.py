"""kill -9 at any moment loses no message that was answered 2xx or ESME_ROK.

Load runs both ways over real sockets while the gateway is killed and started again.
CPMGW_LIVE=long kills it many times more.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.conversation import Conversation, SentMessage
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.outbox import Patience
from cpmgw.lab.sms_centre import SmsCentre
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.errors import SipError
from cpmgw.sip.message import Response
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transaction.machine import Timing
from tests.live.case import LONG, LiveTestCase, free_port, until
from tests.live.clock import StoppableClock
from tests.live.gateway import Network, start_gateway
from tests.live.process import Process
from tests.live.reactor import reactor
from txsmpp.server import ServerOptions, SmscFactory
from txsmpp.status import CommandStatus

USER: Final = "tel:+15550001001"
NUMBER: Final = "+15550001001"
KILLS: Final = 100 if LONG else 8
RATE: Final = 80.0
"""Messages a second, each way."""

WHEN: Final = ("answer", "taken", "answer", "any")
"""The moments at which it is killed, in turn: when a 2xx, or ESME_ROK, has come."""

TIMING: Final = Timing(t1=0.1, t2=0.8, t4=1.0)
"""The CPM side gives up after 6.4 s, so that a test need not wait 32."""


class Sent(msgspec.Struct):
    """A message to a handset, when it left and when it was answered (0: not yet)."""

    text: str
    handset: str
    began: float
    message: SentMessage
    answered: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it was answered 2xx."""
        return 200 <= self.message.status < 300


class Written(msgspec.Struct):
    """A message that a handset wrote; `status` is the answer of the ESME, -1: none."""

    text: str
    status: int = -1


class Drill(LiveTestCase):
    timeout = 1200 if LONG else 60

    centre: SmsCentre
    cpm: CpmSide
    network: Network

    async def test_kill(self) -> None:
        """What was answered is never lost, and doubled only if a kill fell between."""
        self.sent: list[Sent] = []
        self.written: list[Written] = []
        self.kills: list[float] = []
        self.gateways: list[Process] = []
        self.awaited: dict[str, Deferred[None]] = {}
        seed = random.SystemRandom().randrange(2**32)
        chance = random.Random(seed)
        (self.folder / "seed.log").write_text(f"{seed}\n")
        await self._between(chance)
        load = LoopingCall(self._send_one)
        load.start(1 / RATE)
        try:
            for number in range(1, KILLS + 1):
                await deferLater(reactor, chance.uniform(0.05, 0.9))
                await self._moment(WHEN[number % len(WHEN)])
                await self._kill_and_start_again(number)
            await deferLater(reactor, 0.5)
        finally:
            load.stop()
        try:
            await until(self._settled, 20.0, "all notifications and messages")
        finally:  # what is missing by then says more than that time is over
            self._nothing_lost()
            self._nothing_doubled()

    # -- the drill

    async def _between(self, chance: random.Random) -> None:
        patience = Patience(attempts=1000, retry=0.3)
        clock = StoppableClock()
        self.centre = SmsCentre(clock, patience=patience)
        self.centre.behave(SmsBehaviour(receipt_delay=chance.uniform(0.0, 0.3)))
        factory = SmscFactory(reactor, ServerOptions(), self.centre)
        listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        cpm_port, port = free_port(), free_port()
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
        self.cpm = CpmSide(endpoint, reactor)
        self.cpm.behave(CpmBehaviour(delivery=False))
        endpoint.startService()

        async def stop() -> None:
            clock.stop()
            for gateway in self.gateways:
                await gateway.stop()
            await listening.stopListening()
            await endpoint.stopService()

        self.network = Network(
            next_hop=f"sip:127.0.0.1:{cpm_port};transport=udp;lr",
            smsc_port=listening.getHost().port,
            port=port,
            debug=False,
        )
        self.at_the_end(stop)
        self.gateways = [await start_gateway(self, self.network, "gateway-0")]

    def _send_one(self) -> None:
        """One message each way."""
        number = len(self.sent)
        text, handset = f"out {number}.", f"+1514555{number % 10_000:04}"
        message = self.cpm.send_text(USER, f"tel:{handset}", text)
        sent = Sent(text, handset, reactor.seconds(), message)
        self.sent.append(sent)

        def answered(response: Response) -> None:
            sent.answered = reactor.seconds()
            self._came("answer")

        def unanswered(failure: Failure) -> None:
            failure.trap(SipError)

        message.answered.addCallbacks(answered, unanswered)
        written = Written(f"in {number}.")
        self.written.append(written)

        def taken(statuses: Sequence[int]) -> None:
            written.status = statuses[0]
            self._came("taken")

        delivery: Deferred[list[int]] = self.centre.send_sms(
            handset, NUMBER, written.text
        )
        delivery.addCallback(taken)

    async def _moment(self, when: str) -> None:
        """Wait for a moment at which a kill hurts most: an answer has just come."""
        if when != "any":
            self.awaited[when] = Deferred()
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

    def _settled(self) -> bool:
        """Nothing more will come: all is answered, reported and notified."""
        finished = all(each.message.answered.called for each in self.sent)
        written = all(each.status >= 0 for each in self.written)
        return (
            finished
            and written
            and not self.centre.outbox.waiting
            and not self.centre.outbox.under_way
            and all(each.message.notifications for each in self.sent if each.accepted)
        )

    def _nothing_lost(self) -> None:
        accepted = [each for each in self.sent if each.accepted]
        self.assertGreater(len(accepted), KILLS * 5)
        for each in accepted:
            self.assertIn(each.text, self.centre.handset(each.handset).texts)
            self.assertIn(("delivery-notification", "delivered"), each.message.outcome)
        taken = [each for each in self.written if each.status == CommandStatus.ESME_ROK]
        self.assertGreater(len(taken), KILLS * 5)
        self.assertEqual({each.text for each in taken} - set(self._user.texts), set())

    def _nothing_doubled(self) -> None:
        for each in self.sent:
            texts = self.centre.handset(each.handset).texts
            if each.accepted and not self._killed_between(each.began, each.answered):
                self.assertEqual(texts.count(each.text), 1, each)
        identities = Counter(
            text
            for text, _ in {(each.text, each.message_id) for each in self._user.inbox}
        )
        self.assertEqual([t for t, number in identities.items() if number > 1], [])

    def _killed_between(self, began: float, ended: float) -> bool:
        """Whether the gateway was dying, dead or being started in that time."""
        return any(began <= at <= ended for at in self.kills)
