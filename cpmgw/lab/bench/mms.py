"""Multimedia messages both ways at once; and what a silent relay does to memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.large import LargeCalls
from cpmgw.lab.bench.ledger import Latency, Ledger
from cpmgw.lab.bench.letters import Letters, read, response
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.bench.mailing import MailSink, MailSource
from cpmgw.lab.bench.pacing import Pacing, Rate, Window
from cpmgw.lab.bench.subject import Ports, Subject

T = TypeVar("T")

_HOST: Final = "127.0.0.1"
_SETTLE: Final = 1.0
_LOOK: Final = 0.25
_DRAIN_WITHIN: Final = 30.0
_OK: Final = 200
_REFUSED: Final = 500
GROWTH: Final = 1.02
"""By how much memory may differ from one time to the next."""
SETTLED: Final = 32.0
"""Seconds after which memory has no reason to grow (RFC 6026 8.12)."""


class MmsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure: pictures of `size` octets; times in seconds.

    `window` messages of each way are at the gateway, over so many `connections` of MSRP
    and of SMTP. To the silent relay `stalled_rate` messages a second go, for
    `stalled_seconds` after `stalled_settle`: the transaction of an INVITE is kept for
    32 seconds (RFC 6026 8.12), and until then memory has to grow.
    """

    size: int = 100_000
    window: int = 16
    connections: int = 4
    warm_up: float = 2.0
    seconds: float = 10.0
    stalled_rate: float = 60.0
    stalled_settle: float = 35.0
    stalled_seconds: float = 30.0


class WayFigures(msgspec.Struct, frozen=True):
    """One way: messages in the interval, and how long their answers took."""

    messages: int
    answers: Latency


class MmsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Both ways at once; memory in kilobytes. `missing` is what was not as it must."""

    outbound: WayFigures
    inbound: WayFigures
    seconds: float
    gateway_cpu: float
    load_cpu: float
    idle_memory: int
    peak_memory: int
    sent: int
    missing: dict[str, int]

    @property
    def messages(self) -> int:
        """Of both ways."""
        return self.outbound.messages + self.inbound.messages

    @property
    def per_cpu_second(self) -> float:
        """Messages for each CPU second of the gateway."""
        return self.messages / max(self.gateway_cpu, 1e-9)


class StalledFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a relay that says nothing does; memory in kilobytes.

    `early` is the most in the first half of the time, and `late` in the second; `after`
    when all is over. `answers` counts the statuses that refused messages, by MSRP or
    by SIP.
    """

    sent: int
    idle: int
    early: int
    late: int
    after: int
    answers: dict[int, int]
    missing: dict[str, int]


def faults(plan: MmsPlan, figures: StalledFigures) -> list[str]:
    """What was not as it must; of memory nothing is said after too short a time."""
    found = [f"{count} {what}" for what, count in figures.missing.items()]
    grows = figures.late > figures.early * GROWTH
    if grows and plan.stalled_settle >= SETTLED:
        found.append("memory grows")
    return found


class MmsLoad:
    """What sends and takes messages on both sides of the gateway.

    `outbound` are the messages to MMS and `inbound` those to CPM: each is answered
    when its session is over, or its MM4_forward.RES is here.
    """

    def __init__(self, reactor: Any, plan: MmsPlan) -> None:
        self.statuses: Counter[int] = Counter()
        self.outbound, self.inbound = Ledger(_OK), Ledger(_OK)
        self.sink = MailSink(self._came)
        self._reactor = reactor
        self._connections = plan.connections
        self._letters = Letters(plan.size)
        self._faults: Counter[str] = Counter()
        self._calls = LargeCalls(
            reactor,
            self._letters,
            self._faults,
            self._answered,
            connections=plan.connections,
        )
        self._source = MailSource(reactor, self._faults)
        self.out = Pacing(reactor, self.outbound, self._calls.send)
        self.into = Pacing(reactor, self.inbound, self._forward)

    @property
    def is_open(self) -> bool:
        """Whether something is still on its way."""
        return any(each.sent > each.answers for each in (self.outbound, self.inbound))

    async def connect(self, ports: Ports) -> None:
        """Join the gateway; nothing is sent yet."""
        await self._calls.connect(ports)
        await self._source.connect(ports.mm4, self._connections)

    async def close(self) -> None:
        """Send nothing more, take nothing more."""
        self.out.pace = self.into.pace = None
        await self._calls.stop()

    def missing(self) -> dict[str, int]:
        """What did not happen as it must, with how often; empty if all did."""
        refused = Counter({"to CPM refused": self.inbound.faults.total()})
        lacks = {
            "to MMS not answered": self.outbound.sent - self.outbound.answers,
            "to CPM not answered": self.inbound.sent - self.inbound.answers,
            "to CPM that did not come": self.inbound.sent - self._calls.taken,
            **refused,
            **self._faults,
        }
        return {what: count for what, count in lacks.items() if count}

    def _forward(self, number: int) -> None:
        self._source.send(self._letters.forward(number))

    def _answered(self, number: int, status: int) -> None:
        """A message to MMS is over."""
        self.statuses[status] += 1
        self.outbound.answer(number, status, self._reactor.seconds())
        self.out.send()

    def _came(self, sender: str, mail: bytes) -> None:
        """A mail of the gateway's: a message, or what answers one of ours."""
        came = read(mail)
        if came.type == "MM4_forward.REQ":
            self._source.send(response(came, sender))
        elif came.type == "MM4_forward.RES" and came.number is not None:
            status = _OK if came.status == "Ok" else _REFUSED
            self.inbound.answer(came.number, status, self._reactor.seconds())
            self.into.send()
        else:
            self._faults[f"{came.type or 'mail'} that is none of ours"] += 1


class MmsRun:
    """Starts everything, measures, stops everything."""

    def __init__(self, reactor: Any, plan: MmsPlan, folder: Path) -> None:
        self._reactor = reactor
        self._plan = plan
        self._load = MmsLoad(reactor, plan)
        centre = BenchCentre(reactor, Ledger(), 0.0, 1)
        self._subject = Subject(reactor, folder, centre)
        self._own = Watched(os.getpid())

    async def measure(self) -> MmsFigures:
        """Both ways at once; CannotMeasure if there is no gateway, or it ends."""
        return await self._with_gateway(self._both_ways)

    async def stall(self) -> StalledFigures:
        """With a relay that accepts connections and never says anything."""
        self._load.sink.silent = True
        return await self._with_gateway(self._stalled)

    async def _with_gateway(self, work: Callable[[Watched], Awaitable[T]]) -> T:
        load, reactor = self._load, self._reactor
        listening = reactor.listenTCP(0, load.sink, interface=_HOST)
        try:
            port = listening.getHost().port
            watched = await self._subject.start("tcp", mmsc=port)
            await load.connect(self._subject.ports)
            await deferLater(reactor, _SETTLE)
            return await work(watched)
        finally:
            await load.close()
            await self._subject.stop()
            await maybeDeferred(listening.stopListening)

    async def _both_ways(self, watched: Watched) -> MmsFigures:
        plan, reactor, load = self._plan, self._reactor, self._load
        idle = watched.resident
        for each in (load.out, load.into):
            each.pace = Window(plan.window)
            each.start()
        await deferLater(reactor, plan.warm_up)
        outbound, inbound = _Interval(load.outbound), _Interval(load.inbound)
        began, cpu, own = reactor.seconds(), watched.cpu, self._own.cpu
        await deferLater(reactor, plan.seconds)
        cpu, own = watched.cpu - cpu, self._own.cpu - own
        seconds = reactor.seconds() - began
        outbound.end()
        inbound.end()
        load.out.pace = load.into.pace = None
        await self._drain()
        return MmsFigures(
            outbound=outbound.figures(),
            inbound=inbound.figures(),
            seconds=seconds,
            gateway_cpu=cpu,
            load_cpu=own,
            idle_memory=idle,
            peak_memory=watched.peak,
            sent=load.outbound.sent + load.inbound.sent,
            missing=load.missing() | _refused(load.outbound),
        )

    async def _stalled(self, watched: Watched) -> StalledFigures:
        plan, reactor, load = self._plan, self._reactor, self._load
        idle = watched.resident
        load.out.pace = Rate(plan.stalled_rate, reactor.seconds())
        load.out.start()
        await deferLater(reactor, plan.stalled_settle)
        early = await self._most(watched, plan.stalled_seconds / 2)
        late = await self._most(watched, plan.stalled_seconds / 2)
        load.out.pace = None
        await self._drain()
        await deferLater(reactor, _SETTLE)
        return StalledFigures(
            sent=load.outbound.sent,
            idle=idle,
            early=early,
            late=late,
            after=watched.resident,
            answers=dict(load.statuses),
            missing=load.missing(),
        )

    async def _most(self, watched: Watched, seconds: float) -> int:
        """The most memory in so many seconds."""
        end, most = self._reactor.seconds() + seconds, 0
        while self._reactor.seconds() < end:
            self._subject.must_run()
            await deferLater(self._reactor, _LOOK)
            most = max(most, watched.resident)
        return most

    async def _drain(self) -> None:
        """Wait for what is on its way; what does not come is missing."""
        end = self._reactor.seconds() + _DRAIN_WITHIN
        while self._load.is_open and self._reactor.seconds() < end:
            self._subject.must_run()
            await deferLater(self._reactor, 0.05)


class _Interval:
    """One way while it is measured."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._first = self._last = ledger.sent
        self._answers = ledger.answers
        self._messages = 0

    def end(self) -> None:
        """The interval is over."""
        self._last = self._ledger.sent
        self._messages = self._ledger.answers - self._answers

    def figures(self) -> WayFigures:
        """What became of the messages of the interval."""
        answers = self._ledger.answer_latency(self._first, self._last)
        return WayFigures(self._messages, answers)


def _refused(ledger: Ledger) -> dict[str, int]:
    return {f"to MMS {what}": count for what, count in ledger.faults.items()}
