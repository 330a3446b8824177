"""Received messages that have waited too long for their rest (docs/decisions/0004).

Their segments were acknowledged when they were stored, so that nobody else has them;
a message of one segment was not, and is still the SM-SC's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from cpmgw.interfaces import Collected, IStore
from cpmgw.policy import Policy

# Seconds until a delivery that failed is tried again, at first and at the most.
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 600.0
# Messages that are under way to the CPM side together.
TOGETHER: Final = 20


class _Pause(NamedTuple):
    """When a message is tried again, and how long it has waited for that."""

    due: float
    length: float


class Overdue:
    """Delivers, or by policy gives up, what is overdue.

    `deliver` sends a message and tells whether that is settled; `give_up` lets go of
    what waits for one.
    """

    log = Logger()

    def __init__(
        self,
        store: IStore,
        policy: Policy,
        deliver: Callable[[Collected], Awaitable[bool]],
        give_up: Callable[[str], None],
    ) -> None:
        self._store = store
        self._policy = policy
        self._deliver = deliver
        self._give_up = give_up
        self._pauses: dict[str, _Pause] = {}

    async def look(self, now: float) -> None:
        """Take on what is overdue and due; comes back when that is over."""
        overdue = await self._store.received.overdue(now)
        names = [each.collection for each in overdue]
        self._pauses = {n: self._pauses[n] for n in names if n in self._pauses}
        due = [name for name in names if self._is_due(name, now)]
        for start in range(0, len(due), TOGETHER):
            await gatherResults(
                [
                    Deferred.fromCoroutine(self._take_on(name, now))
                    for name in due[start : start + TOGETHER]
                ]
            )

    def _is_due(self, name: str, now: float) -> bool:
        pause = self._pauses.get(name)
        return pause is None or pause.due <= now

    async def _take_on(self, name: str, now: float) -> None:
        """Deliver or give up one message, as it is now."""
        try:
            collected = await self._store.received.collected(name)
            if collected is None or collected.delivered:
                return
            if self._keeps(collected, now):
                if not await self._deliver(collected):
                    self._put_off(name, now)
                return
            await self._store.received.discard(name)
            self._give_up(name)
        except Exception:
            self.log.failure("overdue short message not delivered")
            self._put_off(name, now)

    def _put_off(self, name: str, now: float) -> None:
        before = self._pauses.get(name)
        length = FIRST_RETRY if before is None else min(before.length * 2, LAST_RETRY)
        self._pauses[name] = _Pause(now + length, length)

    def _keeps(self, collected: Collected, now: float) -> bool:
        """Whether an overdue message is still worth delivering."""
        if collected.total == 1:
            return False
        self.log.info(
            "short message overdue: {have} of {total} segments",
            have=len(collected.segments),
            total=collected.total,
        )
        if collected.expires + self._policy.validity_default <= now:
            self.log.error("short message given up: the CPM side never took it")
            return False
        return collected.complete or self._policy.incomplete == "deliver"
