"""Sessions that stand and say nothing: what each costs."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.task import deferLater

from cpmgw.lab.bench.calls import Calls
from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.frames import Frame
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.machine import Watched
from cpmgw.lab.bench.subject import Subject

_SETTLE: Final = 1.0


class SessionsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions, over how many MSRP connections; seconds that they stand.

    After a `pause` as many stand again: the transaction of an INVITE is kept for 32
    seconds (RFC 6026 8.12), and what is kept longer than that is to show. Without a
    pause they do not.
    """

    sessions: int = 10_000
    connections: int = 1
    window: int = 32
    seconds: float = 10.0
    pause: float = 33.0


class Turn(msgspec.Struct, frozen=True):
    """How many sessions were opened, or closed; seconds, and CPU of the gateway."""

    sessions: int
    seconds: float
    cpu: float


class SessionsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One run; memory in kilobytes: before the sessions, while they stand, after.

    `again` is while as many stand a second time, 0 where they did not. `idle` is
    the share of a core that the gateway needs while they stand. `lost` is what went
    wrong, with how often.
    """

    opened: Turn
    closed: Turn
    before: int
    standing: int
    after: int
    again: int
    idle: float
    lost: dict[str, int]

    @property
    def each(self) -> float:
        """Kilobytes of a session."""
        return (self.standing - self.before) / max(self.opened.sessions, 1)


class SessionsRun:
    """Opens the sessions, lets them be, and closes them."""

    def __init__(self, reactor: Any, plan: SessionsPlan, folder: Path) -> None:
        self._reactor = reactor
        self._plan = plan
        centre = BenchCentre(reactor, Ledger(), 0.0, 1)
        self._centre = centre
        self._subject = Subject(reactor, folder, centre)
        self._calls = Calls(
            reactor, self._took, connections=plan.connections, window=plan.window
        )

    async def measure(self) -> SessionsFigures:
        """The whole run; CannotMeasure where the gateway falls silent."""
        try:
            watched = await self._subject.start("tcp", msrp=True)
            await self._calls.connect(self._subject.ports)
            return await self._measure(watched)
        finally:
            await self._calls.stop()
            await self._subject.stop()

    async def _measure(self, watched: Watched) -> SessionsFigures:
        plan, calls, reactor = self._plan, self._calls, self._reactor
        await deferLater(reactor, _SETTLE)
        before = watched.resident
        opened = await self._turn(watched, calls.open(plan.sessions))
        standing, cpu = watched.resident, watched.cpu
        await deferLater(reactor, plan.seconds)
        idle = (watched.cpu - cpu) / plan.seconds
        closed = await self._turn(watched, calls.close_all())
        after, again, turns = watched.resident, 0, [(opened, closed)]
        if plan.pause:
            await deferLater(reactor, plan.pause)
            reopened = await self._turn(watched, calls.open(plan.sessions))
            again = watched.resident
            turns.append((reopened, await self._turn(watched, calls.close_all())))
        return SessionsFigures(
            opened=opened,
            closed=closed,
            before=before,
            standing=standing,
            after=after,
            again=again,
            idle=idle,
            lost=self._lost(turns),
        )

    async def _turn(self, watched: Watched, work: Awaitable[int]) -> Turn:
        """Do it, note what it takes, and let all settle."""
        began, cpu = self._reactor.seconds(), watched.cpu
        sessions = await work
        turn = Turn(sessions, self._reactor.seconds() - began, watched.cpu - cpu)
        await deferLater(self._reactor, _SETTLE)
        return turn

    def _lost(self, turns: Sequence[tuple[Turn, Turn]]) -> dict[str, int]:
        opened = sum(each.sessions for each, _ in turns)
        closed = sum(each.sessions for _, each in turns)
        lacks = {
            "not opened": len(turns) * self._plan.sessions - opened,
            "not closed": opened - closed,
            **self._calls.faults,
            **self._centre.ledger.faults,
        }
        return {what: count for what, count in lacks.items() if count}

    def _took(self, frame: Frame) -> None:
        self._calls.faults[f"MSRP {frame.what} that was not asked for"] += 1
