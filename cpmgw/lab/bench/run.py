"""One run: the gateway in a process of its own, the load in this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec
from twisted.internet.task import deferLater

from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.chat import ChatLoad
from cpmgw.lab.bench.cpm import CpmLoad
from cpmgw.lab.bench.ledger import Latency, Ledger
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.bench.pacing import Pace, Pacing, Rate
from cpmgw.lab.bench.pacing import Window as ClosedLoop
from cpmgw.lab.bench.subject import Ports, Subject

_SETTLE: Final = 1.0
_DRAIN_WITHIN: Final = 30.0
RECEIPT_WINDOW: Final = 100


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure; times in seconds.

    Messages come by SIP over `udp` or `tcp`, or in as many `sessions` by `msrp`, over
    so many `connections`. `window` messages are at the gateway while its peak is looked
    for; receipts leave `receipt_delay` after the message came. A `rate` of 0 is half
    the peak.
    """

    transport: Literal["udp", "tcp", "msrp"] = "udp"
    sessions: int = 128
    connections: int = 16
    window: int = 64
    receipt_delay: float = 0.2
    warm_up: float = 2.0
    seconds: float = 10.0
    rate: float = 0.0

    @property
    def accepted(self) -> int:
        """The status that says that a message has been taken."""
        return 200 if self.transport == "msrp" else 202


class Load(Protocol):
    """What sends messages."""

    pacing: Pacing

    async def connect(self, ports: Ports) -> None:
        """Join the gateway."""

    async def close(self) -> None:
        """Send nothing more, take nothing more."""


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
        """Messages a second: answered, receipt taken, IMDN delivered."""
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


class Run:
    """Starts everything, measures, stops everything."""

    def __init__(self, reactor: Any, plan: Plan, folder: Path) -> None:
        self._reactor = reactor
        self._plan = plan
        self._ledger = Ledger(plan.accepted)
        self._load = _load(reactor, self._ledger, plan)
        centre = BenchCentre(reactor, self._ledger, plan.receipt_delay, RECEIPT_WINDOW)
        self._subject = Subject(reactor, folder, centre)
        self._own = Watched(os.getpid())

    async def measure(self) -> Result:
        """The whole run; CannotMeasure if there is no gateway, or it ends."""
        try:
            return await self._measure()
        finally:
            self._load.pacing.pace = None
            await self._subject.stop()
            await self._load.close()

    async def _measure(self) -> Result:
        plan, reactor = self._plan, self._reactor
        sip = "udp" if plan.transport == "udp" else "tcp"
        watched = await self._subject.start(sip, msrp=plan.transport == "msrp")
        await deferLater(reactor, _SETTLE)
        idle = watched.resident
        await self._load.connect(self._subject.ports)
        peak = await self._interval(ClosedLoop(plan.window), watched)
        rate = plan.rate or peak.rate / 2
        half = await self._interval(Rate(rate, reactor.seconds()), watched)
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

    async def _interval(self, pace: Pace, watched: Watched) -> Figures:
        """Warm up, measure, stop sending, let everything arrive."""
        reactor, ledger, plan = self._reactor, self._ledger, self._plan
        self._load.pacing.pace = pace
        await deferLater(reactor, plan.warm_up)
        first, notified, began = ledger.sent, ledger.notifications, reactor.seconds()
        cpu, own = watched.cpu, self._own.cpu
        await deferLater(reactor, plan.seconds)
        cpu, own = watched.cpu - cpu, self._own.cpu - own
        seconds = reactor.seconds() - began
        last, messages = ledger.sent, ledger.notifications - notified
        self._load.pacing.pace = None
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
            self._subject.must_run()
            await deferLater(self._reactor, 0.05)


def _load(reactor: Any, ledger: Ledger, plan: Plan) -> Load:
    if plan.transport != "msrp":
        return CpmLoad(reactor, ledger, plan.transport)
    return ChatLoad(
        reactor, ledger, sessions=plan.sessions, connections=plan.connections
    )
