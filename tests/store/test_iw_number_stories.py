"""Interworking numbers in any order of events, and in pools of any size."""

from __future__ import annotations

import sqlite3
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.records import Allocation, GroupSession, PoolUse, Shortage
from cpmgw.store import iw_numbers, migrations
from tests.store.values import ALICE, BOB, cursor, group_session, number, number_pool

MANY = 100_000


class Cost(SynchronousTestCase):
    """What a call costs is counted in steps of SQLite's machine, a hundred at a time.

    The limits leave room for other releases of SQLite; a call that looks at each number
    of the pool, or of the user, takes two hundred thousand steps and more.
    """

    LIMIT = 20

    def pool(self, **details: Any) -> None:
        """Have a pool of full size."""
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.addCleanup(self.connection.close)
        migrations.migrate(self.connection, migrations.steps())
        self.db = self.connection.cursor()
        self.pools = (number_pool(MANY, **details),)
        self.db.execute("BEGIN")
        iw_numbers.offer(self.db, self.pools)

    def fill(self, user: str, sessions: int, since: float = 0.0) -> None:
        """Let a user have the first numbers of the pool, one each second."""
        for place in range(sessions):
            session, now = group_session(f"s{place}", user), since + place
            iw_numbers.allocate(self.db, session, "SMS", self.pools, now)

    def allocated(
        self, name: str = "new", user: str = ALICE, now: float = 1e9
    ) -> tuple[Allocation | Shortage, int]:
        """What one call finds, and its cost."""
        counted: list[int] = []
        self.connection.set_progress_handler(lambda: counted.append(1), 100)
        session = group_session(name, user)
        found = iw_numbers.allocate(self.db, session, "SMS", self.pools, now)
        self.connection.set_progress_handler(None, 0)
        return found, len(counted)

    def check(self, expected: str | Shortage, **details: Any) -> None:
        """One call finds this, at no great cost."""
        found, cost = self.allocated(**details)
        number_or_not = found.number if isinstance(found, Allocation) else found
        self.assertEqual(expected, number_or_not)
        self.assertLess(cost, self.LIMIT)

    def test_empty_pool(self) -> None:
        """The first number of a pool of 100000."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.pool(shared=shared)
                self.check(number(0))

    def test_many_sessions_of_the_user(self) -> None:
        """The next number of a user who has 5000."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.pool(shared=shared)
                self.fill(ALICE, 5000)
                self.check(number(5000))

    def test_given_back(self) -> None:
        """What such a user gives back comes last, and is found there."""
        self.pool()
        self.fill(ALICE, 5000)
        for place in (4000, 17):
            iw_numbers.release(self.db, group_session(f"s{place}"))
        self.db.execute("DELETE FROM iw_numbers WHERE number > ?", (number(4999),))
        self.check(number(4000), name="1")
        self.check(number(17), name="2")
        self.check(Shortage.NONE_FREE, name="3")

    def test_refusal(self) -> None:
        """That a user has all there are, with idle numbers or without."""
        for idle in (0.0, 1e10):
            for shared in (True, False):
                with self.subTest(idle=idle, shared=shared):
                    self.pool(shared=shared, idle=idle)
                    self.db.execute(
                        "DELETE FROM iw_numbers WHERE number > ?", (number(4999),)
                    )
                    self.fill(ALICE, 5000)
                    self.check(Shortage.NONE_FREE)
                    self.check(Shortage.NONE_FREE)

    def test_refusal_of_too_many(self) -> None:
        """That a user has as many as allowed."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.pool(shared=shared, most_per_user=5000, idle=1e10)
                self.fill(ALICE, 5000)
                self.check(Shortage.TOO_MANY)

    def test_reclaimed(self) -> None:
        """The one of 5000 sessions that was idle longest, after 3000 of another's."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.pool(shared=shared, most_per_user=5000, idle=10.0)
                self.fill(BOB, 3000)
                self.fill(ALICE, 5000, since=9000.0)
                self.check(number(0) if shared else number(3000))

    def test_given_back_by_others(self) -> None:
        """What others gave back is passed by once, and not looked at again.

        Refusals write nothing then.
        """
        self.pool()
        self.db.execute("DELETE FROM iw_numbers WHERE number > ?", (number(1999),))
        for user in (ALICE, BOB):
            self.fill(user, 2000)
        for place in range(2000):
            iw_numbers.release(self.db, group_session(f"s{place}", BOB))
        found, _ = self.allocated()
        self.assertIs(Shortage.NONE_FREE, found)
        changes = self.connection.total_changes
        self.check(Shortage.NONE_FREE)
        self.assertEqual(changes, self.connection.total_changes)
        self.check(number(0), user=BOB)

    def test_after_a_start(self) -> None:
        """A start forgets how far it had come, which the first call finds out."""
        self.pool()
        self.fill(ALICE, 2000)
        iw_numbers.offer(self.db, self.pools)
        self.allocated("1")
        self.check(number(2001), name="2")


class Machine(RuleBasedStateMachine):
    """Allocations and releases in any order, beside what they have to come to."""

    shared = True
    most = 0

    def __init__(self) -> None:
        super().__init__()
        self.db = cursor()
        self.pools = (number_pool(3, shared=self.shared, most_per_user=self.most),)
        iw_numbers.offer(self.db, self.pools)
        self.known: dict[GroupSession, str] = {}
        self.order = [number(place) for place in range(3)]

    sessions = st.builds(
        group_session, st.sampled_from("abcde"), user=st.sampled_from((ALICE, BOB))
    )

    def taken(self, session: GroupSession) -> set[str]:
        """The numbers that are not free to a session."""
        return {
            each
            for other, each in self.known.items()
            if not self.shared or other.user == session.user
        }

    def has_most(self, session: GroupSession) -> bool:
        """Whether the user of a session has as many numbers as allowed."""
        held = [each for each in self.known if each.user == session.user]
        return 0 < self.most <= len(held)

    @rule(session=sessions)
    def allocate(self, session: GroupSession) -> None:
        """A session has its number again, or the free one whose turn it is, or none."""
        found = iw_numbers.allocate(self.db, session, "SMS", self.pools, 1.0)
        free = [each for each in self.order if each not in self.taken(session)]
        expected: str | Shortage = Shortage.NONE_FREE
        if session in self.known:
            expected = self.known[session]
        elif self.has_most(session):
            expected = Shortage.TOO_MANY
        elif free:
            expected = free[0]
        if not isinstance(found, Allocation):
            assert found is expected
            return
        assert found.number == expected
        assert found.fresh == (session not in self.known)
        self.known[session] = found.number

    @rule(session=sessions)
    def release(self, session: GroupSession) -> None:
        """What is released comes last."""
        assert iw_numbers.release(self.db, session) == (session in self.known)
        released = self.known.pop(session, None)
        if released:
            self.order.remove(released)
            self.order.append(released)

    @rule()
    def offer(self) -> None:
        """A start changes nothing."""
        iw_numbers.offer(self.db, self.pools)

    @invariant()
    def agrees(self) -> None:
        """The store knows what is expected; no number stands twice in its scope."""
        kept = iw_numbers.allocations(self.db, ("", ""), 100)
        assert {e.group_session: e.number for e in kept} == self.known
        scopes = [(e.number, e.group_session.user if self.shared else "") for e in kept]
        assert len(scopes) == len(set(scopes))
        (use,) = iw_numbers.pools(self.db)
        assert use == PoolUse("p", 3, len(set(self.known.values())), len(kept))


class NotShared(Machine):
    """The same where a number stands for one session in all."""

    shared = False


class Limited(Machine):
    """The same where a user has two numbers at most."""

    most = 2


class LimitedNotShared(Limited):
    """The same where such a number stands for one session in all."""

    shared = False


SETTINGS = settings(max_examples=60, stateful_step_count=40, deadline=None)


class AnyOrder(SynchronousTestCase):
    def test_shared(self) -> None:
        """Never one number twice for a user, whatever happens in whichever order."""
        run_state_machine_as_test(Machine, settings=SETTINGS)

    def test_not_shared(self) -> None:
        """Never one number twice, whatever happens in whichever order."""
        run_state_machine_as_test(NotShared, settings=SETTINGS)

    def test_limited(self) -> None:
        """Never more than allowed, and as many as allowed, in whichever order."""
        for machine in (Limited, LimitedNotShared):
            with self.subTest(machine=machine.__name__):
                run_state_machine_as_test(machine, settings=SETTINGS)
