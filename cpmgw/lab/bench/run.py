"""One run: the gateway in a process of its own, the load in this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import deferLater

from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.cpm import CpmLoad, Pace, Rate, TcpLoad, TcpReceiver, UdpLoad
from cpmgw.lab.bench.cpm import Window as ClosedLoop
from cpmgw.lab.bench.ledger import Latency, Ledger
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.gateway_process import GatewayProcess, free_port

_READY_WITHIN: Final = 30.0
_SETTLE: Final = 1.0
_DRAIN_WITHIN: Final = 30.0
RECEIPT_WINDOW: Final = 100


class CannotMeasure(Exception):
    """The run could not be made; the text says why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure; times in seconds.

    `window` messages are at the gateway while its peak is looked for; receipts leave
    `receipt_delay` after the message came. A `rate` of 0 is half the peak.
    """

    transport: str = "udp"
    window: int = 64
    receipt_delay: float = 0.2
    warm_up: float = 2.0
    seconds: float = 10.0
    rate: float = 0.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One measured interval."""

    messages: int
    seconds: float
    gateway_cpu: float
    load_cpu: float
    answers: Latency
    notifications: Latency

    @property
    def rate(self) -> float:
        """Messages a second: 202 sent, receipt taken, IMDN delivered."""
        return self.messages / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Messages for each CPU second of the gateway."""
        return self.messages / max(self.gateway_cpu, 1e-9)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run; memory in kilobytes."""

    peak: Figures
    half: Figures
    idle_memory: int
    peak_memory: int
    sent: int
    resent: int
    repeats: dict[str, int]
    missing: dict[str, int]


def configuration(folder: Path, transport: str, ports: dict[str, int]) -> str:
    """The gateway's configuration: all defaults but the addresses."""
    return f"""\
[gateway]
domain = "ims.example.net"
state = "sqlite:{folder}/cpmgw.sqlite"

[sip]
listen = [
    "udp:{ports["gateway"]}:interface=127.0.0.1",
    "tcp:{ports["gateway"]}:interface=127.0.0.1",
]
next_hop = "sip:127.0.0.1:{ports["cpm"]};transport={transport};lr"
trusted = ["127.0.0.0/8"]

[[smsc]]
name = "bench"
host = "127.0.0.1"
port = {ports["smpp"]}
system_id = "cpmgw"
password = "secret"
bind = "transceiver"
"""


class Run:
    """Starts everything, measures, stops everything."""

    def __init__(self, reactor: Any, plan: Plan, folder: Path) -> None:
        self._reactor = reactor
        self._plan = plan
        self._folder = folder
        self._ledger = Ledger()
        self._gateway = GatewayProcess(folder / "gateway.log")
        self._load = CpmLoad(reactor, self._ledger, resends=plan.transport == "udp")
        self._centre = BenchCentre(
            reactor, self._ledger, plan.receipt_delay, RECEIPT_WINDOW
        )
        self._ports: list[Any] = []
        self._own = Watched(os.getpid())

    async def measure(self) -> Result:
        """The whole run."""
        try:
            return await self._measure()
        finally:
            self._load.pace = None
            await self._gateway.stop(self._reactor)
            await DeferredList([port.stopListening() for port in self._ports])

    async def _measure(self) -> Result:
        watched = await self._start()
        await deferLater(self._reactor, _SETTLE)
        idle = watched.resident
        plan = self._plan
        peak = await self._interval(ClosedLoop(plan.window), watched)
        rate = plan.rate or peak.rate / 2
        half = await self._interval(Rate(rate, self._reactor.seconds()), watched)
        ledger = self._ledger
        return Result(
            peak=peak,
            half=half,
            idle_memory=idle,
            peak_memory=watched.peak,
            sent=ledger.sent,
            resent=ledger.resent,
            repeats=dict(ledger.repeats),
            missing=ledger.missing(),
        )

    async def _start(self) -> Watched:
        """Bring up the peers, then the gateway; it is ready once it is bound."""
        reactor = self._reactor
        gateway, cpm = free_port(), free_port()
        smpp = reactor.listenTCP(0, self._centre, interface="127.0.0.1")
        self._ports.append(smpp)
        ports = {"gateway": gateway, "cpm": cpm, "smpp": smpp.getHost().port}
        config = self._folder / "cpmgw.toml"
        config.write_text(configuration(self._folder, self._plan.transport, ports))
        self._gateway.start(reactor, config)
        end = reactor.seconds() + _READY_WITHIN
        while not self._centre.bound:
            if not self._gateway.running or reactor.seconds() > end:
                raise CannotMeasure(f"no gateway:\n{self._gateway.last_words}")
            await deferLater(reactor, 0.05)
        await self._connect(gateway, cpm)
        pid = getattr(self._gateway.transport, "pid", None)
        if pid is None:
            raise CannotMeasure(f"no gateway:\n{self._gateway.last_words}")
        return Watched(pid)

    async def _connect(self, gateway: int, cpm: int) -> None:
        reactor, load = self._reactor, self._load
        # Over UDP as well: what is longer than 1300 octets comes over TCP (18.1.1).
        receiver = TcpReceiver(load)
        self._ports.append(reactor.listenTCP(cpm, receiver, interface="127.0.0.1"))
        if self._plan.transport == "udp":
            protocol = UdpLoad(load, gateway)
            self._ports.append(reactor.listenUDP(cpm, protocol, interface="127.0.0.1"))
            return
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", gateway)
        await connectProtocol(endpoint, TcpLoad(load, cpm))

    async def _interval(self, pace: Pace, watched: Watched) -> Figures:
        """Warm up, measure, stop sending, let everything arrive."""
        reactor, ledger, plan = self._reactor, self._ledger, self._plan
        self._load.pace = pace
        await deferLater(reactor, plan.warm_up)
        first, notified, began = ledger.sent, ledger.notifications, reactor.seconds()
        cpu, own = watched.cpu, self._own.cpu
        await deferLater(reactor, plan.seconds)
        cpu, own = watched.cpu - cpu, self._own.cpu - own
        seconds = reactor.seconds() - began
        last, messages = ledger.sent, ledger.notifications - notified
        self._load.pace = None
        await self._drain()
        return Figures(
            messages=messages,
            seconds=seconds,
            gateway_cpu=cpu,
            load_cpu=own,
            answers=ledger.answer_latency(first, last),
            notifications=ledger.notification_latency(first, last),
        )

    async def _drain(self) -> None:
        """Wait for what is on its way; what does not come is missing."""
        end = self._reactor.seconds() + _DRAIN_WITHIN
        while self._ledger.open and self._reactor.seconds() < end:
            if not self._gateway.running:
                raise CannotMeasure(f"gateway ended:\n{self._gateway.last_words}")
            await deferLater(self._reactor, 0.05)
