"""What tests of interworking numbers in the store begin with."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.records import Allocation, GroupSession, NumberPool, Shortage
from cpmgw.store import iw_numbers
from tests.store.values import cursor


class NumbersCase(SynchronousTestCase):
    """Sessions that are given numbers of some pools."""

    def setUp(self) -> None:
        self.db = cursor()
        self.pools: Sequence[NumberPool] = ()

    def offer(self, *pools: NumberPool) -> None:
        """Have these pools, and allocate from them."""
        self.pools = pools
        iw_numbers.offer(self.db, pools)

    def asked(
        self, session: GroupSession, now: float = 1.0, service: str = "SMS"
    ) -> Allocation | None:
        """What is allocated to a session, None if nothing is."""
        found = iw_numbers.allocate(self.db, session, service, self.pools, now)
        return found if isinstance(found, Allocation) else None

    def shortage(self, session: GroupSession, now: float = 1.0) -> Shortage:
        """Why nothing is allocated to a session."""
        found = iw_numbers.allocate(self.db, session, "SMS", self.pools, now)
        assert isinstance(found, Shortage)
        return found

    def given(self, session: GroupSession, now: float = 1.0) -> str:
        """The number that is allocated to a session, which there is."""
        allocation = self.asked(session, now)
        assert allocation is not None
        return allocation.number
