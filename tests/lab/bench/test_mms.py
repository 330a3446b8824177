"""The load of multimedia messages against a whole gateway in memory."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.gateway import Gateway
from cpmgw.iwf.mms.service import MmsInterworkingFactory
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.mms import (
    GROWTH,
    SETTLED,
    MmsLoad,
    MmsPlan,
    StalledFigures,
    faults,
)
from cpmgw.lab.bench.pacing import Once
from cpmgw.lab.bench.subject import QUEUE, Ports, configuration
from tests.support.network import MemoryNetwork, NeverQuiet

PORTS = Ports(gateway=5060, cpm=5070, smpp=2775, msrp=2855, mmsc=2526, mm4=2525)
BATCH = 20
PLAN = MmsPlan(size=20_000)


class LoadTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.network = MemoryNetwork()
        centre = BenchCentre(self.network, Ledger(), 0.2, 100)
        self.load = MmsLoad(self.network, PLAN)
        for port, factory in ((PORTS.smpp, centre), (PORTS.mmsc, self.load.sink)):
            self.network.listenTCP(port, factory, interface="127.0.0.1")
        factories: list[Any] = [SmsInterworkingFactory(), MmsInterworkingFactory()]
        text = configuration(folder, "tcp", PORTS)
        self.gateway = Gateway(self.network, loads(text), factories=factories)
        self.gateway.startService()
        self.addCleanup(self.stop_gateway)
        self.network.wait_until(lambda: centre.bound)

    def stop_gateway(self) -> None:
        stopped: list[object] = []
        self.gateway.stopService().addBoth(stopped.append)
        for _ in range(100):
            self.network.advance(0.5)
            with contextlib.suppress(NeverQuiet):
                self.network.wait_until(lambda: stopped, 0.05)
                return
        self.fail("the gateway does not stop")

    def result(self, work: Any) -> Any:
        """What comes of some work."""
        deferred: Deferred[Any] = Deferred.fromCoroutine(work)
        return self.network.result_of(deferred, seconds=10.0, grace=0.05)

    def wait_for_gateway(self) -> None:
        """Let it come to rest."""
        gateway = self.gateway
        for _ in range(3):
            self.network.wait_until(
                lambda: not (gateway.store_waiting or gateway.workshop.waiting)
            )

    def carry(self, count: int, *, outbound: bool, inbound: bool) -> None:
        """Send so many messages, and wait until all are settled."""
        for pacing, wanted in (
            (self.load.out, outbound),
            (self.load.into, inbound),
        ):
            if wanted:
                pacing.pace = Once(count)
                pacing.send()
        self.network.wait_until(lambda: not self.load.is_open)

    def test_both_ways(self) -> None:
        """Every message comes once, whole, and is answered."""
        self.result(self.load.connect(PORTS))
        self.carry(20, outbound=True, inbound=True)
        self.assertEqual(self.load.missing(), {})
        self.assertEqual(self.load.outbound.sent, 20)
        self.assertEqual(self.load.inbound.sent, 20)
        self.assertEqual(self.load.statuses, {200: 20})
        self.result(self.load.close())

    def test_silent_relay(self) -> None:
        """Each message is refused: at once where the queue is full, or in its time."""
        self.load.sink.silent = True
        self.result(self.load.connect(PORTS))
        for _ in range((QUEUE + BATCH) // BATCH):
            self.load.out.pace = Once(BATCH)
            self.load.out.send()
            self.wait_for_gateway()
        self.assertEqual(self.load.outbound.answers, BATCH)
        self.network.advance(6.0)
        self.network.wait_until(lambda: not self.load.is_open)
        self.assertNotIn(200, self.load.statuses)
        self.assertEqual(self.load.statuses.total(), QUEUE + BATCH)
        self.result(self.load.close())

    def test_what_is_missing(self) -> None:
        """What does not come, is refused, or is none of ours, is found."""
        load = self.load
        load.outbound.send(0.0)
        load.inbound.send(0.0)
        load.sink.took("a@b", b"Subject: x\r\n\r\n")
        self.assertEqual(
            load.missing(),
            {
                "to MMS not answered": 1,
                "to CPM not answered": 1,
                "to CPM that did not come": 1,
                "mail that is none of ours": 1,
            },
        )
        refusal = (
            b"X-Mms-Message-Type: MM4_forward.RES\r\n"
            b'X-Mms-Transaction-ID: "bench-00000000"\r\n'
            b"X-Mms-Request-Status-Code: Error-unspecified\r\n\r\n"
        )
        load.sink.took("a@b", refusal)
        self.assertEqual(load.missing().get("to CPM refused"), 1)


class FaultTests(SynchronousTestCase):
    figures = StalledFigures(
        sent=10,
        idle=100,
        early=1_000,
        late=1_000,
        after=500,
        answers={413: 10},
        missing={},
    )

    def test_flat(self) -> None:
        """Memory that grows no further is as it must be."""
        self.assertEqual(faults(MmsPlan(), self.figures), [])
        just = msgspec.structs.replace(self.figures, late=int(1_000 * GROWTH))
        self.assertEqual(faults(MmsPlan(), just), [])

    def test_grows(self) -> None:
        """Memory that grows is a fault, unless it has not had the time to settle."""
        more = msgspec.structs.replace(self.figures, late=int(1_000 * GROWTH) + 1)
        self.assertEqual(faults(MmsPlan(), more), ["memory grows"])
        early = MmsPlan(stalled_settle=SETTLED - 1.0)
        self.assertEqual(faults(early, more), [])

    def test_unanswered(self) -> None:
        """So is a message that nobody has answered."""
        lacking = msgspec.structs.replace(self.figures, missing={"not answered": 2})
        self.assertEqual(faults(MmsPlan(), lacking), ["2 not answered"])
