"""What a gateway does from time to time: the store's expiry, the services' overdue."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.interfaces import IInterworking, IStore
from cpmgw.records import PoolUse

# Seconds between looks for what is overdue or has expired.
SWEEP_INTERVAL: Final = 5.0
# Seconds between looks at the pools of interworking numbers.
POOLS_INTERVAL: Final = 60.0
# Seconds between looks for numbers that a former process has lost.
LOST_INTERVAL: Final = 3_600.0
# Bounded pieces of work that one such look does at the most.
MOST_SWEEPS: Final = 100


class Sweeping:
    """Looks at store and services, each in its own time.

    A CPM side that is silent must not keep the store full. `pool_use` is how many
    interworking numbers were in use at the last look, as metrics cannot wait; there is
    one as long as `has_pools` says so. `end_lost` frees those that nobody has any more.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        now: Callable[[], float],
        store: IStore,
        services: Sequence[IInterworking],
        has_pools: Callable[[], bool],
        end_lost: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self.pool_use: tuple[PoolUse, ...] = ()
        self._now = now
        self._store = store
        self._services = services
        self._has_pools = has_pools
        self._pools_due = 0.0
        self._end_lost = end_lost
        self._lost_due = now() + LOST_INTERVAL
        self._calls = [
            self._call(clock, self._sweep_store),
            self._call(clock, self._sweep_services),
        ]
        self._under_way: list[Deferred[Any]] = []

    def start(self) -> None:
        """Look every few seconds from now on."""
        self._under_way = [
            each.start(SWEEP_INTERVAL, now=False) for each in self._calls
        ]

    def stop(self) -> None:
        """Begin no other look."""
        for call in self._calls:
            if call.running:
                call.stop()

    async def ended(self) -> None:
        """Wait for the looks that are under way."""
        for each in self._under_way:
            await each

    def pools_changed(self) -> None:
        """Look at the pools the next time."""
        self._pools_due = 0.0

    def _call(
        self, clock: IReactorTime, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> LoopingCall:
        """What does this from time to time; a failure is logged and tried again."""

        def sweep() -> Deferred[None]:
            return Deferred.fromCoroutine(work()).addErrback(self._failed)

        call = LoopingCall(sweep)
        call.clock = clock
        return call

    async def _sweep_store(self) -> None:
        now = self._now()
        for _ in range(MOST_SWEEPS):
            if not await self._store.sweep(now):
                break
        if now >= self._pools_due and (self._has_pools() or self.pool_use):
            self._pools_due = now + POOLS_INTERVAL
            self.pool_use = tuple(await self._store.numbers.pools())
        if now >= self._lost_due:
            self._lost_due = now + LOST_INTERVAL
            await self._end_lost()

    async def _sweep_services(self) -> None:
        for service in self._services:
            await service.sweep(self._now())

    def _failed(self, failure: Failure) -> None:
        self.log.failure("sweep failed", failure)
