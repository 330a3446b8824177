"""Received messages that have waited too long for their rest (docs/decisions/0004).

Their segments were acknowledged when they were stored, so that nobody else has them;
a message of one segment was not, and is still the SM-SC's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from cpmgw.interfaces import IStore
from cpmgw.policy import PolicySource
from cpmgw.records import Collected

# Seconds until a delivery that failed is tried again, at the least and at the most;
# between them as long as the message has been overdue.
FIRST_RETRY: Final = 5.0
LAST_RETRY: Final = 600.0
# Messages that are under way to the CPM side together.
TOGETHER: Final = 20


class Overdue:
    """Delivers, or by policy gives up, what is overdue.

    `deliver` sends a message and tells whether that is settled; `give_up` drops one
    with all that waits for it.
    """

    log = Logger()

    def __init__(
        self,
        store: IStore,
        policy: PolicySource,
        deliver: Callable[[Collected], Awaitable[bool]],
        give_up: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._policy = policy
        self._deliver = deliver
        self._give_up = give_up

    async def look(self, now: float) -> None:
        """Take on what is overdue; comes back when that is over."""
        names = await self._store.received.overdue(now)
        for start in range(0, len(names), TOGETHER):
            await gatherResults(
                [
                    Deferred.fromCoroutine(self._take_on(name, now))
                    for name in names[start : start + TOGETHER]
                ],
                consumeErrors=True,  # the store's, which one of them tells
            )

    async def _take_on(self, name: str, now: float) -> None:
        """Deliver or give up one message, as it is now; what fails is put off."""
        collected = await self._store.received.collected(name)
        if collected is None or collected.delivered:
            return
        waited = now - min(each.expires for each in collected.segments)
        if not await self._keeps(collected, waited):
            await self._give_up(name)
        elif not await self._is_settled(collected):
            pause = min(max(waited, FIRST_RETRY), LAST_RETRY)
            await self._store.received.put_off(name, now + pause)

    async def _is_settled(self, collected: Collected) -> bool:
        """Deliver a message; whether its way has come to an end."""
        try:
            return await self._deliver(collected)
        except Exception:
            self.log.failure("overdue short message not delivered")
            return False

    async def _keeps(self, collected: Collected, waited: float) -> bool:
        """Whether a message that is overdue for so long is still worth delivering."""
        if collected.total == 1:
            return False
        self.log.info(
            "short message overdue: {have} of {total} segments",
            have=len(collected.segments),
            total=collected.total,
        )
        if waited >= self._policy().validity_default:
            self.log.error("short message given up: the CPM side never took it")
            return False
        if collected.complete:
            return True
        if self._policy().incomplete == "discard":
            return False
        return not await self._store.received.repeats(collected.collection)
