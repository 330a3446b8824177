"""Received messages that have waited too long (docs/decisions/0004)."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sms.overdue import Overdue
from cpmgw.policy import Policy
from cpmgw.records import Collected
from cpmgw.store import received
from tests.store.values import cursor, segment

EXPIRES = 100.0


class Store:
    """The received messages of a store, at once."""

    def __init__(self) -> None:
        self.received = self
        self.db = cursor()

    def overdue(self, now: float) -> Deferred[list[str]]:
        """The names of what is overdue."""
        return succeed(received.overdue(self.db, now))

    def collected(self, collection: str) -> Deferred[Collected | None]:
        """One message."""
        return succeed(received.find(self.db, collection))

    def put_off(self, collection: str, until: float) -> Deferred[None]:
        """Later."""
        received.put_off(self.db, collection, until)
        return succeed(None)

    def repeats(self, collection: str) -> Deferred[bool]:
        """Whether it is a repeat."""
        return succeed(received.repeats(self.db, collection))


class Looking(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = Store()
        self.tried: list[str] = []
        self.given_up: list[str] = []
        self.taken = False
        self.overdue = Overdue(
            self.store,  # type: ignore[arg-type]
            Policy,
            self.deliver,
            self.give_up,
        )

    async def deliver(self, collected: Collected) -> bool:
        """Try, and do not get through."""
        self.tried.append(collected.collection)
        if collected.collection == "bad":
            raise ValueError("no")
        return self.taken

    async def give_up(self, name: str) -> None:
        """Drop it."""
        self.given_up.append(name)
        received.discard(self.store.db, name)

    def look(self, now: float) -> list[str]:
        """Look once; what was tried."""
        self.tried.clear()
        self.successResultOf(Deferred.fromCoroutine(self.overdue.look(now)))
        return self.tried

    def collect(self, name: str, total: int = 2) -> None:
        """Keep a segment of a message."""
        received.collect(self.store.db, segment(1, total, name), name)

    def test_ever_more_seldom(self) -> None:
        """What is not taken is tried again, and less often the longer it waits."""
        self.collect("a")
        moments = [second for second in range(100, 3_100) if self.look(float(second))]
        self.assertEqual(moments[:5], [100, 105, 110, 120, 140])
        pauses = [after - before for before, after in pairwise(moments)]
        self.assertEqual(max(pauses), 600)

    def test_many_that_are_never_taken(self) -> None:
        """However many there are of them, others have their turn."""
        for number in range(1_001):
            self.collect(str(number))
        tried = set(self.look(EXPIRES)) | set(self.look(EXPIRES + 1))
        self.assertEqual(len(tried), 1_001)

    def test_one_that_cannot_be_sent(self) -> None:
        """An error of one is logged; the others are tried, and it comes later."""
        for name in ("bad", "good"):
            self.collect(name)
        self.assertEqual(self.look(EXPIRES), ["bad", "good"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.look(EXPIRES + 1), [])

    def test_given_up(self) -> None:
        """After its validity it is given up; a message of one segment at once."""
        self.collect("long")
        self.collect("single", 1)
        self.look(EXPIRES)
        self.assertEqual(self.given_up, ["single"])
        self.look(EXPIRES + Policy().validity_default)
        self.assertEqual(self.given_up, ["single", "long"])
