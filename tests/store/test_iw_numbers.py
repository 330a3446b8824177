"""Interworking numbers in the store (TS 5.1 steps 7a, 8 and 13, 5.2)."""

from __future__ import annotations

import msgspec

from cpmgw.records import Allocation, NumberPool, PoolUse
from cpmgw.store import iw_numbers
from cpmgw.store.iw_numbers import MOST_ENDED
from tests.store.numbers import NumbersCase
from tests.store.values import (
    ALICE,
    BOB,
    FIRST,
    cursor,
    group_session,
    number,
    number_pool,
)


class Allocating(NumbersCase):
    def test_nothing_is_offered(self) -> None:
        """Without a pool there is no number."""
        self.assertIsNone(self.asked(group_session()))
        self.pools = (number_pool(),)
        self.assertIsNone(self.asked(group_session()))

    def test_allocates_and_keeps(self) -> None:
        """A session gets a number, kept by all of it [TS 5.1 step 7a.vi.1]."""
        self.offer(number_pool())
        session = group_session(address="sip:Group@focus.example;x=y")
        allocation = Allocation(
            number=number(0),
            group_session=session,
            pool="p",
            service="SMS",
            allocated=5.0,
            used=5.0,
        )
        fresh = msgspec.structs.replace(allocation, fresh=True)
        self.assertEqual(fresh, self.asked(session, 5.0))
        self.assertEqual(allocation, iw_numbers.find(self.db, session))

    def test_found_again(self) -> None:
        """A session that has a number has it again, and it is no fresh one.

        [TS 5.1 step 7a.iv] [TS 5.1 step 7a.v]
        """
        self.offer(number_pool())
        self.given(group_session())
        again = self.asked(group_session(), 7.0)
        assert again is not None
        self.assertEqual(number(0), again.number)
        self.assertEqual((1.0, 7.0), (again.allocated, again.used))
        self.assertEqual((2, False), (again.uses, again.fresh))
        self.assertEqual(again, iw_numbers.find(self.db, group_session()))

    def test_found_without_a_pool(self) -> None:
        """A session's number is its own whatever pools there are now."""
        self.offer(number_pool())
        self.given(group_session())
        self.offer()
        self.assertEqual(number(0), self.given(group_session()))

    def test_clock_that_goes_back(self) -> None:
        """The last use is the latest, where a clock was set back."""
        self.offer(number_pool())
        self.given(group_session(), 9.0)
        again = self.asked(group_session(), 3.0)
        assert again is not None
        self.assertEqual(9.0, again.used)
        self.assertEqual(again, iw_numbers.find(self.db, group_session()))

    def test_each_of_the_four_counts(self) -> None:
        """A session that differs in one of the four values is another.

        [TS 5.2 a] [TS 5.2 b] [TS 5.2 c] [TS 5.2 d]
        """
        self.offer(number_pool(9, shared=False))
        sessions = [
            group_session(),
            group_session(user=BOB),
            group_session(conversation_id="other"),
            group_session(contribution_id="other"),
            group_session(session="sip:other@focus.example"),
        ]
        numbers = [self.given(session) for session in sessions]
        self.assertEqual(len(sessions), len(set(numbers)))
        self.assertEqual(numbers, [self.given(session) for session in sessions])

    def test_case_of_the_identifiers(self) -> None:
        """Identifiers are the same in any case (conversation TS App. C.1.1)."""
        self.offer(number_pool())
        self.given(group_session(conversation_id="f81d", contribution_id="dfB4"))
        again = group_session(conversation_id="F81D", contribution_id="DFb4")
        self.assertEqual(number(0), self.given(again))
        found = iw_numbers.find(self.db, again)
        assert found is not None
        self.assertEqual("f81d", found.group_session.conversation_id)

    def test_newest_address(self) -> None:
        """The address of a session is the last one that was named."""
        self.offer(number_pool())
        self.given(group_session(address="sip:a"))
        self.given(group_session(address="sip:b"))
        self.given(group_session())
        found = iw_numbers.find(self.db, group_session())
        assert found is not None
        self.assertEqual("sip:b", found.group_session.address)

    def test_session_of_two(self) -> None:
        """That a number stands for a session of two, and the user in it, is kept."""
        self.offer(number_pool())
        session = group_session(address="sip:bob@example.net", one_to_one=True)
        given = self.given(session)
        found = iw_numbers.by_number(self.db, given, session.user)
        assert found is not None
        self.assertEqual(session, found.group_session)
        again = self.asked(session)
        assert again is not None
        self.assertEqual(session, again.group_session)

    def test_pools_in_turn(self) -> None:
        """The first pool is used up before the second is begun."""
        self.offer(
            number_pool(1, shared=False), number_pool(1, FIRST + 50, "q", shared=False)
        )
        self.assertEqual(number(0), self.given(group_session("1")))
        self.assertEqual(number(50), self.given(group_session("2")))
        self.assertIsNone(self.asked(group_session("3")))

    def test_only_the_pools_named(self) -> None:
        """A pool that is not asked gives nothing."""
        self.offer(number_pool())
        self.pools = (number_pool(name="q"),)
        self.assertIsNone(self.asked(group_session()))


class Sharing(NumbersCase):
    def test_shared(self) -> None:
        """A shared number stands for a session of each user, of one user for one."""
        self.offer(number_pool())
        self.assertEqual(number(0), self.given(group_session("1")))
        self.assertEqual(number(1), self.given(group_session("2")))
        self.assertEqual(number(0), self.given(group_session("3", user=BOB)))

    def test_not_shared(self) -> None:
        """A number that is not shared stands for one session in all."""
        self.offer(number_pool(shared=False))
        self.assertEqual(number(0), self.given(group_session("1")))
        self.assertEqual(number(1), self.given(group_session("1", user=BOB)))

    def test_exhausted_for_a_user(self) -> None:
        """At the last number a session has it, past it none, unlike other users."""
        self.offer(number_pool(2))
        self.assertIsNotNone(self.asked(group_session("1")))
        self.assertIsNotNone(self.asked(group_session("2")))
        self.assertIsNone(self.asked(group_session("3")))
        self.assertIsNone(iw_numbers.find(self.db, group_session("3")))
        self.assertIsNotNone(self.asked(group_session("3", user=BOB)))

    def test_exhausted_for_all(self) -> None:
        """At the last number a session has it, past it none, whoever takes part."""
        self.offer(number_pool(2, shared=False))
        self.assertIsNotNone(self.asked(group_session("1")))
        self.assertIsNotNone(self.asked(group_session("2", user=BOB)))
        self.assertIsNone(self.asked(group_session("3")))
        self.assertIsNone(self.asked(group_session("3", user=BOB)))

    def test_way_back(self) -> None:
        """A number and who writes to it name the session."""
        self.offer(number_pool())
        hers, his = group_session("1"), group_session("2", user=BOB)
        self.given(hers)
        self.given(his)
        for session in (hers, his):
            found = iw_numbers.by_number(self.db, number(0), session.user)
            assert found is not None
            self.assertEqual(session, found.group_session)

    def test_way_back_of_a_stranger(self) -> None:
        """Who has no session at a number is told of none."""
        self.offer(number_pool(shared=False))
        self.given(group_session())
        self.assertIsNone(iw_numbers.by_number(self.db, number(0), BOB))
        self.assertIsNone(iw_numbers.by_number(self.db, number(1), ALICE))

    def test_shared_from_now_on(self) -> None:
        """A number that stood alone may be shared once its pool is."""
        self.offer(number_pool(1, shared=False))
        self.given(group_session("1"))
        self.offer(number_pool(1, shared=True))
        self.assertIsNone(self.asked(group_session("2")))
        self.assertEqual(number(0), self.given(group_session("2", user=BOB)))

    def test_alone_from_now_on(self) -> None:
        """A number that is shared is given alone once it stands for nobody."""
        self.offer(number_pool(1))
        one, two = group_session("1"), group_session("2", user=BOB)
        self.given(one)
        self.given(two)
        self.offer(number_pool(1, shared=False, idle=1.0))
        three = group_session("3", user="+15145550003")
        self.assertIsNone(self.asked(three, 1.5))
        iw_numbers.release(self.db, one)
        self.assertIsNone(self.asked(three, 1.5))
        iw_numbers.release(self.db, two)
        self.assertEqual(number(0), self.given(three, 1.5))


class Releasing(NumbersCase):
    def test_released(self) -> None:
        """What is released stands for nothing [TS 5.1 step 13]."""
        self.offer(number_pool(1, shared=False))
        self.given(group_session("1"))
        self.assertTrue(iw_numbers.release(self.db, group_session("1")))
        self.assertIsNone(iw_numbers.find(self.db, group_session("1")))
        self.assertIsNone(iw_numbers.by_number(self.db, number(0), ALICE))
        self.assertEqual(number(0), self.given(group_session("2")))

    def test_unknown(self) -> None:
        """There is no harm in releasing what is not known, or twice."""
        self.assertFalse(iw_numbers.release(self.db, group_session()))
        self.offer(number_pool())
        self.given(group_session())
        self.assertTrue(iw_numbers.release(self.db, group_session()))
        self.assertFalse(iw_numbers.release(self.db, group_session()))
        self.assertEqual([PoolUse("p", 2, 0, 0)], iw_numbers.pools(self.db))

    def test_comes_last(self) -> None:
        """A number that was given back is given again after all others."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.db = cursor()
                self.offer(number_pool(4, shared=shared))
                for name in "ab":
                    self.given(group_session(name))
                iw_numbers.release(self.db, group_session("b"))
                iw_numbers.release(self.db, group_session("a"))
                order = [self.given(group_session(name)) for name in "cdef"]
                self.assertEqual([number(place) for place in (2, 3, 1, 0)], order)

    def test_of_one_user(self) -> None:
        """What one user's session gives back is still another's."""
        self.offer(number_pool(1))
        self.given(group_session())
        self.given(group_session(user=BOB))
        iw_numbers.release(self.db, group_session())
        self.assertIsNotNone(iw_numbers.find(self.db, group_session(user=BOB)))
        self.assertEqual([PoolUse("p", 1, 1, 1)], iw_numbers.pools(self.db))

    def test_take_back(self) -> None:
        """What was given and not used since can be taken back [TS 5.1 step 13]."""
        self.offer(number_pool())
        allocation = self.asked(group_session())
        assert allocation is not None
        self.assertTrue(iw_numbers.take_back(self.db, allocation))
        self.assertFalse(iw_numbers.take_back(self.db, allocation))
        self.assertIsNone(iw_numbers.find(self.db, group_session()))

    def test_take_back_what_is_in_use(self) -> None:
        """A number that another invitation uses by now is not taken from it."""
        self.offer(number_pool())
        allocation = self.asked(group_session())
        assert allocation is not None
        self.given(group_session())
        self.assertFalse(iw_numbers.take_back(self.db, allocation))
        self.assertEqual(number(0), self.given(group_session()))

    def test_take_back_what_was_given_anew(self) -> None:
        """A number that was released and given again is another allocation."""
        self.offer(number_pool(1))
        allocation = self.asked(group_session(), 1.0)
        assert allocation is not None
        iw_numbers.release(self.db, group_session())
        self.given(group_session(), 2.0)
        self.assertFalse(iw_numbers.take_back(self.db, allocation))


class Idle(NumbersCase):
    def test_idle(self) -> None:
        """Once all are given, the one that was idle longest goes to another session."""
        self.offer(number_pool(2, shared=False, idle=10.0))
        self.given(group_session("1"), 2.0)
        self.given(group_session("2"), 1.0)
        self.assertEqual(number(1), self.given(group_session("3", user=BOB), 12.0))
        self.assertIsNone(iw_numbers.find(self.db, group_session("2")))
        self.assertIsNotNone(iw_numbers.find(self.db, group_session("1")))
        self.assertEqual([PoolUse("p", 2, 2, 2)], iw_numbers.pools(self.db))

    def test_limit(self) -> None:
        """A number is idle at its limit, and not a moment before."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.db = cursor()
                self.offer(number_pool(1, shared=shared, idle=10.0))
                self.given(group_session("1"), 5.0)
                self.assertIsNone(self.asked(group_session("2"), 14.9))
                self.assertEqual(number(0), self.given(group_session("2"), 15.0))

    def test_never(self) -> None:
        """Without such a limit a number is kept for ever."""
        self.offer(number_pool(1))
        self.given(group_session("1"), 0.0)
        self.assertIsNone(self.asked(group_session("2"), 1e12))

    def test_used(self) -> None:
        """A number that is used is not idle."""
        self.offer(number_pool(1, idle=10.0))
        self.given(group_session("1"), 5.0)
        self.given(group_session("1"), 6.0)
        self.assertIsNone(self.asked(group_session("2"), 15.0))
        self.assertEqual(number(0), self.given(group_session("2"), 16.0))

    def test_free_ones_first(self) -> None:
        """No number is taken from a session while one is free, in any pool."""
        self.offer(number_pool(1, idle=10.0), number_pool(1, FIRST + 50, "q"))
        self.given(group_session("1"), 0.0)
        self.assertEqual(number(50), self.given(group_session("2"), 100.0))
        self.assertEqual(number(0), self.given(group_session("3"), 100.0))

    def test_of_the_same_user(self) -> None:
        """A shared number is taken from a session of the same user, no other being in
        the way."""
        self.offer(number_pool(1, idle=10.0))
        self.given(group_session("1", user=BOB), 0.0)
        self.given(group_session("1"), 5.0)
        self.assertIsNone(self.asked(group_session("2"), 12.0))
        self.assertEqual(number(0), self.given(group_session("2"), 15.0))
        found = iw_numbers.find(self.db, group_session("1", user=BOB))
        self.assertIsNotNone(found)

    def test_that_stands_for_several(self) -> None:
        """An idle number that was shared is free once no session of it is left."""
        self.offer(number_pool(1))
        one, two = group_session("1"), group_session("2", user=BOB)
        self.given(one, 1.0)
        self.given(two, 2.0)
        self.offer(number_pool(1, shared=False, idle=10.0))
        three = group_session("3", user="+15145550003")
        self.assertIsNone(self.asked(three, 10.9))
        self.assertIsNone(self.asked(three, 11.0))
        self.assertIsNotNone(iw_numbers.find(self.db, two))
        self.assertEqual(number(0), self.given(three, 12.0))
        self.assertEqual([PoolUse("p", 1, 1, 1)], iw_numbers.pools(self.db))

    def test_ends_so_many(self) -> None:
        """One call ends a hundred idle sessions at most; the next one goes on."""
        self.assertEqual(100, MOST_ENDED)
        for sessions, tries in ((MOST_ENDED, 1), (MOST_ENDED + 1, 2)):
            with self.subTest(sessions=sessions):
                self.db = cursor()
                self.offer(number_pool(1))
                for place in range(sessions):
                    self.given(group_session(user=f"+1514556{place:04}"))
                self.offer(number_pool(1, shared=False, idle=1.0))
                found = [self.asked(group_session(), 9.0) for _ in range(tries)]
                self.assertEqual([False] * (tries - 1), [bool(e) for e in found[:-1]])
                self.assertIsNotNone(found[-1])

    def test_no_longer_offered(self) -> None:
        """An idle number that no pool offers is not given to anybody."""
        self.offer(number_pool(2, idle=10.0))
        self.given(group_session("1"), 0.0)
        self.offer(number_pool(1, FIRST + 1, idle=10.0))
        self.given(group_session("2"), 50.0)
        self.assertIsNone(self.asked(group_session("3"), 55.0))


class Offering(NumbersCase):
    def test_kept_when_it_left(self) -> None:
        """A number that left the configuration is its session's until released."""
        self.offer(number_pool(2, shared=False))
        self.given(group_session("1"))
        self.offer(number_pool(1, FIRST + 1, shared=False))
        found = iw_numbers.find(self.db, group_session("1"))
        assert found is not None
        self.assertEqual((number(0), ""), (found.number, found.pool))
        self.assertEqual(
            [PoolUse("", 1, 1, 1), PoolUse("p", 1, 0, 0)], iw_numbers.pools(self.db)
        )
        iw_numbers.release(self.db, group_session("1"))
        self.assertEqual([PoolUse("p", 1, 0, 0)], iw_numbers.pools(self.db))
        self.assertEqual(number(1), self.given(group_session("2")))
        self.assertIsNone(self.asked(group_session("3")))

    def test_came_back(self) -> None:
        """A number that comes back is in its pool, and still its session's."""
        self.offer(number_pool(1, shared=False))
        self.given(group_session("1"))
        self.offer()
        self.offer(number_pool(2, shared=False))
        found = iw_numbers.find(self.db, group_session("1"))
        assert found is not None
        self.assertEqual("p", found.pool)
        self.assertEqual(number(1), self.given(group_session("2")))

    def test_another_name(self) -> None:
        """A pool may get another name: its numbers and sessions go with it."""
        self.offer(number_pool(1, idle=10.0))
        self.given(group_session("1"), 0.0)
        self.offer(number_pool(1, name="q", idle=10.0))
        self.assertEqual([PoolUse("q", 1, 1, 1)], iw_numbers.pools(self.db))
        self.assertEqual(number(0), self.given(group_session("2"), 50.0))

    def test_offered_again(self) -> None:
        """Offering the same changes nothing, not even whose turn it is."""
        self.offer(number_pool(3))
        self.given(group_session("1"))
        iw_numbers.release(self.db, group_session("1"))
        self.offer(number_pool(3))
        order = [self.given(group_session(name)) for name in "abc"]
        self.assertEqual([number(place) for place in (1, 2, 0)], order)

    def test_several_ranges(self) -> None:
        """A pool has the numbers of all its ranges, ends included."""
        self.offer(NumberPool(name="p", ranges=((FIRST, FIRST + 1), (FIRST + 9,) * 2)))
        order = [self.given(group_session(name)) for name in "abc"]
        self.assertEqual([number(place) for place in (0, 1, 9)], order)


class Listing(NumbersCase):
    def test_pages(self) -> None:
        """All allocations, by number and user, in pages of a limited size."""
        self.offer(number_pool(3))
        for name in "abc":
            self.given(group_session(name))
        self.given(group_session("d", user=BOB))
        found: list[tuple[str, str]] = []
        after = ("", "")
        while page := iw_numbers.allocations(self.db, after, 3):
            self.assertLessEqual(len(page), 3)
            found += [(each.number, each.group_session.user) for each in page]
            after = found[-1]
        self.assertEqual(
            [
                (number(0), ALICE),
                (number(0), BOB),
                (number(1), ALICE),
                (number(2), ALICE),
            ],
            found,
        )

    def test_counts(self) -> None:
        """Of each pool its numbers, those taken, and the sessions they stand for."""
        self.offer(number_pool(3), number_pool(2, FIRST + 50, "q", shared=False))
        self.given(group_session("a"))
        self.given(group_session("b", user=BOB))
        self.assertEqual(
            [PoolUse("p", 3, 1, 2), PoolUse("q", 2, 0, 0)], iw_numbers.pools(self.db)
        )


class Lost(NumbersCase):
    def test_sessions_of_two(self) -> None:
        """Numbers of sessions of two that nobody used since are free again."""
        self.offer(number_pool(3, shared=False))
        for contribution, used in (("1", 10.0), ("2", 20.0), ("3", 30.0)):
            self.given(group_session(contribution, one_to_one=True), used)
        self.assertEqual(2, iw_numbers.end_lost(self.db, 20.0, 0.0, 9))
        self.assertEqual([PoolUse("p", 3, 1, 1)], iw_numbers.pools(self.db))
        left = iw_numbers.find(self.db, group_session("3"))
        assert left is not None
        self.assertEqual(30.0, left.used)
        self.assertEqual(number(0), self.given(group_session("4"), 40.0))

    def test_sessions_of_groups(self) -> None:
        """Those of groups are not: they are long-lived."""
        self.offer(number_pool())
        self.given(group_session(), 1.0)
        self.assertEqual(0, iw_numbers.end_lost(self.db, 1e9, 1e9, 9))
        self.assertIsNotNone(iw_numbers.find(self.db, group_session()))

    def test_some_at_once(self) -> None:
        """No more at once than the limit, those first that were used longest ago."""
        self.offer(number_pool(3))
        for place in range(3):
            session = group_session(str(place), one_to_one=True)
            self.given(session, 9.0 - place)
        self.assertEqual(2, iw_numbers.end_lost(self.db, 9.0, 0.0, 2))
        self.assertIsNotNone(iw_numbers.find(self.db, group_session("0")))
        self.assertEqual(1, iw_numbers.end_lost(self.db, 9.0, 0.0, 2))
        self.assertEqual(0, iw_numbers.end_lost(self.db, 9.0, 0.0, 2))
