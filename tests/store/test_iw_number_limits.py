"""How many interworking numbers the sessions of one user have at most."""

from __future__ import annotations

from cpmgw.records import Shortage
from cpmgw.store import iw_numbers
from tests.store.numbers import NumbersCase
from tests.store.values import BOB, FIRST, cursor, group_session, number, number_pool


class MostPerUser(NumbersCase):
    def test_limit(self) -> None:
        """At the limit a user's session has a number, past it none, others have."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.db = cursor()
                self.offer(number_pool(5, shared=shared, most_per_user=2))
                self.given(group_session("1"))
                self.given(group_session("2"))
                self.assertIs(Shortage.TOO_MANY, self.shortage(group_session("3")))
                self.assertIsNone(iw_numbers.find(self.db, group_session("3")))
                self.given(group_session("1"))
                self.given(group_session("3", user=BOB))

    def test_flood(self) -> None:
        """A flood for one user leaves the pool to others, where none is shared."""
        self.offer(number_pool(4, shared=False, most_per_user=3))
        found = [self.asked(group_session(str(place))) for place in range(50)]
        self.assertEqual(3, len([each for each in found if each]))
        self.assertEqual(number(3), self.given(group_session(user=BOB)))
        self.assertIs(Shortage.TOO_MANY, self.shortage(group_session("50")))
        bobs = group_session("2", user=BOB)
        self.assertIs(Shortage.NONE_FREE, self.shortage(bobs))

    def test_no_limit(self) -> None:
        """0 is no limit."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.db = cursor()
                self.offer(number_pool(150, shared=shared, most_per_user=0))
                for place in range(150):
                    self.given(group_session(str(place)))
                self.assertIs(Shortage.NONE_FREE, self.shortage(group_session()))

    def test_released(self) -> None:
        """What is given back makes room, each time it is."""
        self.offer(number_pool(5, most_per_user=1))
        for name in "abc":
            allocation = self.asked(group_session(name))
            assert allocation is not None
            self.shortage(group_session("x"))
            if name == "a":
                iw_numbers.release(self.db, group_session(name))
            else:
                iw_numbers.take_back(self.db, allocation)
        self.given(group_session("x"))

    def test_of_each_pool(self) -> None:
        """Each pool has its own limit; past that of one, another pool gives."""
        self.offer(
            number_pool(5, most_per_user=1),
            number_pool(5, FIRST + 50, "q", most_per_user=2),
        )
        order = [self.given(group_session(name)) for name in "abc"]
        self.assertEqual([number(place) for place in (0, 50, 51)], order)
        self.assertIs(Shortage.TOO_MANY, self.shortage(group_session("d")))

    def test_idle(self) -> None:
        """At the limit a user's own idle number goes to the new session, no other's."""
        for shared in (True, False):
            with self.subTest(shared=shared):
                self.db = cursor()
                self.offer(
                    number_pool(9, shared=shared, most_per_user=2, idle=10.0),
                )
                bobs = group_session("1", user=BOB)
                self.given(bobs, 0.0)
                first = self.given(group_session("1"), 5.0)
                self.given(group_session("2"), 6.0)
                self.shortage(group_session("3"), 14.9)
                self.assertEqual(first, self.given(group_session("3"), 15.0))
                self.assertIsNone(iw_numbers.find(self.db, group_session("1")))
                self.assertIsNotNone(iw_numbers.find(self.db, bobs))
                self.shortage(group_session("4"), 15.0)

    def test_lower_limit(self) -> None:
        """Where the limit is lowered, sessions keep what they have and get no more."""
        self.offer(number_pool(9))
        for name in "abc":
            self.given(group_session(name))
        self.offer(number_pool(9, most_per_user=2))
        self.assertEqual(number(2), self.given(group_session("c")))
        self.shortage(group_session("d"))
        iw_numbers.release(self.db, group_session("a"))
        self.shortage(group_session("d"))
        iw_numbers.release(self.db, group_session("b"))
        self.given(group_session("d"))

    def test_no_longer_offered(self) -> None:
        """A number that is in no pool any more does not count."""
        self.offer(number_pool(1, most_per_user=1))
        self.given(group_session("a"))
        self.offer(number_pool(3, FIRST + 1, most_per_user=1))
        self.assertEqual(number(1), self.given(group_session("b")))
        iw_numbers.release(self.db, group_session("a"))
        self.shortage(group_session("c"))

    def test_another_name(self) -> None:
        """Sessions are counted in the pool that their number is in now."""
        self.offer(number_pool(3, most_per_user=1))
        self.given(group_session("a"))
        self.offer(number_pool(3, name="q", most_per_user=1))
        self.shortage(group_session("b"))

    def test_nothing_is_left_behind(self) -> None:
        """Of a user without sessions nothing is kept."""
        self.offer(number_pool(3))
        for name in "ab":
            self.given(group_session(name))
        for name in "ab":
            iw_numbers.release(self.db, group_session(name))
        self.assertEqual([], self.db.execute("SELECT * FROM iw_users").fetchall())
