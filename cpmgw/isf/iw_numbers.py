"""Interworking numbers for Long-lived CPM Group Sessions (TS 5.1 steps 7a, 8, 12, 13).

The number stands for the group towards an SMS or MMS user: messages of the session come
from it, and an answer to it goes into the session. An IWF may have one for a session of
two as well (TS 6.2.2.1.3 step 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nextafter
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.config import NumberPoolConfig
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import IInterworkingNumbers, INumbers
from cpmgw.records import Allocation, GroupSession, NumberPool, Shortage

NO_NUMBER: Final = "no-interworking-number"
TOO_MANY: Final = "too-many-sessions"
NO_POOL: Final = "no-number-pool"
# Seconds for which the number of a session of two that was lost with a former process
# still leads to the CPM user.
LOST_KEPT: Final = 604_800.0


@implementer(INumbers)
class InterworkingNumbers:
    """Gives group sessions their numbers, from the pools of the configuration.

    `store` keeps them, `now` gives seconds since 1970, `retry_after` is what a refusal
    tells when no number is free, in seconds.
    """

    log = Logger()

    def __init__(
        self,
        store: IInterworkingNumbers,
        pools: Sequence[NumberPoolConfig],
        now: Callable[[], float],
        retry_after: int,
    ) -> None:
        self._store = store
        self._configured = tuple(pools)
        self._services = _by_service(pools)
        self._now = now
        self._retry_after = retry_after
        self._exhausted: set[str] = set()
        self._began = 0.0

    @property
    def services(self) -> frozenset[str]:
        """The services for whose users there are numbers, in lower case."""
        return frozenset(self._services)

    def start(self) -> Deferred[None]:
        """Put the pools into the store, which is open; before the first `number_for`.

        What stands for a session goes on doing so, whether a pool has it or not, but
        for what `end_lost` ends.
        """
        return Deferred.fromCoroutine(self._begin())

    async def _begin(self) -> None:
        await self._store.offer(_number_pools(self._configured))
        self._began = nextafter(self._now(), 0.0)
        await self.end_lost()

    async def end_lost(self) -> None:
        """Have numbers of sessions of two be free that a former process has lost.

        Those that nobody has used for a week; and at once those that one session had
        for itself, for it cannot begin again. What this process has given it gives
        back.
        """
        before = min(self._began, self._now() - LOST_KEPT)
        while await self._store.end_lost(before, self._began):
            pass

    def change(
        self, pools: Sequence[NumberPoolConfig], retry_after: int
    ) -> Deferred[None]:
        """Give numbers of these pools from now on.

        Fires when the store has them; where it fails, nothing has changed.
        """
        configured = tuple(pools)
        if configured == self._configured:
            self._retry_after = retry_after
            return succeed(None)
        offered = self._store.offer(_number_pools(configured))
        return offered.addCallback(self._changed, configured, retry_after)

    def _changed(
        self, _: None, pools: tuple[NumberPoolConfig, ...], retry_after: int
    ) -> None:
        self._configured = pools
        self._services = _by_service(pools)
        self._retry_after = retry_after
        self._exhausted.clear()

    def number_for(self, session: GroupSession, service: str) -> Deferred[Allocation]:
        """The number of a session, one of the service's if it has none (7a.v, 7a.vi).

        A session has one number, whichever service it was first given for. Fires when
        the number is on disk; fails with a CannotInterwork, 488 where no pool is of
        that service and 480 where all numbers of its pools are given, or as many to
        this user as one may have. Where it is cancelled the number that was being given
        is taken back: the store goes on, whether anybody waits or not.
        """
        wanted: Deferred[Allocation] = Deferred()
        pools = self._services.get(service.lower(), ())
        asked = self._store.allocate(session, service, pools, self._now())
        asked.addCallbacks(
            lambda found: self._settle(wanted, found, service),
            lambda failure: self._fail(wanted, failure),
        )
        return wanted

    def _settle(
        self,
        wanted: Deferred[Allocation],
        found: Allocation | Shortage,
        service: str,
    ) -> None:
        """Hand a number on, or why there is none; else see that it is free again."""
        if isinstance(found, Allocation) and found.fresh:
            self._exhausted.discard(service.lower())
        if wanted.called:  # by its cancel
            if isinstance(found, Allocation):
                self.release_if_fresh(found).addErrback(self._not_released)
        elif isinstance(found, Allocation):
            wanted.callback(found)
        else:
            wanted.errback(self._refusal(found, service))

    def _fail(self, wanted: Deferred[Allocation], failure: Failure) -> None:
        """Tell that the store failed; it has given nothing."""
        if wanted.called:
            self.log.debug("number not wanted: {error}", error=str(failure.value))
        else:
            wanted.errback(failure)

    def _not_released(self, failure: Failure) -> None:
        failure.trap(StoreError)
        self.log.error("number not released: {error}", error=str(failure.value))

    def _refusal(self, shortage: Shortage, service: str) -> CannotInterwork:
        """The answer to an INVITE whose session gets no number."""
        if service.lower() not in self._services:
            return CannotInterwork(
                488,
                "Not Acceptable Here",
                cause=NO_POOL,
                section="TS 5.1 step 7a.vi",
                warning=f"no interworking numbers for {service}",
            )
        if shortage is Shortage.TOO_MANY:
            return self._for_now(TOO_MANY, "the user is in too many group sessions")
        self._warn(service)
        return self._for_now(NO_NUMBER, "no interworking number is free")

    def _for_now(self, cause: str, warning: str) -> CannotInterwork:
        return CannotInterwork(
            480,
            "Temporarily Unavailable",
            cause=cause,
            section="TS 5.1 step 7a.vi",
            warning=warning,
            headers=(("Retry-After", str(self._retry_after)),),
        )

    def _warn(self, service: str) -> None:
        """Tell the operator that there is no number, once until there is one."""
        if service.lower() in self._exhausted:
            return
        self._exhausted.add(service.lower())
        self.log.warn(
            "no interworking number is free for {service}: add a [[number_pool]]",
            service=service,
        )

    def release(self, session: GroupSession) -> Deferred[bool]:
        """Have the number of a session that has ended be free (INumbers)."""
        return self._store.release(session)

    def release_if_fresh(self, allocation: Allocation) -> Deferred[bool]:
        """Release what was given for the very INVITE that has failed (step 13).

        A number that the session had before stays its own, and so does one that another
        INVITE of the session has come to use since. Fires with whether it is free.
        """
        if not allocation.fresh:
            return succeed(False)
        return self._store.take_back(allocation)


def _number_pools(pools: Sequence[NumberPoolConfig]) -> tuple[NumberPool, ...]:
    return tuple([_number_pool(pool) for pool in pools])


def _by_service(
    pools: Sequence[NumberPoolConfig],
) -> dict[str, tuple[NumberPool, ...]]:
    """The pools of each service for whose users there are some, in lower case."""
    return {
        service.lower(): _number_pools(
            [each for each in pools if service in each.services]
        )
        for service in sorted({name for pool in pools for name in pool.services})
    }


def _number_pool(config: NumberPoolConfig) -> NumberPool:
    return NumberPool(
        name=config.name,
        ranges=config.ranges,
        shared=config.share == "user",
        idle=config.idle,
        most_per_user=config.most_per_user,
    )
