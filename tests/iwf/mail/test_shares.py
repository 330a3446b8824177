"""Who may be worked on now, and who waits (decision 0022)."""

from __future__ import annotations

import random
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.mail.keys import arrival_key
from cpmgw.iwf.mail.shares import (
    MOST_OF_ONE,
    MOST_WAITING,
    OCTETS_WAITING,
    Entry,
    Share,
    Shares,
)


class Item(NamedTuple):
    """One with a number, for somebody."""

    number: int
    whom: str = "a"
    size: int = 1


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.own, self.all, self.octets = 2, 3, 1_000
        self.shares = Shares[Item](
            lambda item: str(item.number), lambda item: item.size, self.shares_of
        )

    def shares_of(self, item: Item) -> tuple[Share, ...]:
        """A share of its own, and one in all."""
        return Share(item.whom, self.own), Share("all", self.all, self.octets)

    def enter(self, *items: Item) -> list[Entry]:
        """What becomes of them."""
        return [self.shares.enter(each) for each in items]


class Limits(Case):
    def test_room(self) -> None:
        """As many begin as there is room for, of their own and in all."""
        self.assertEqual(
            self.enter(Item(1), Item(2), Item(3), Item(4, "b"), Item(5, "c")),
            [Entry.BEGINS, Entry.BEGINS, Entry.WAITS, Entry.BEGINS, Entry.WAITS],
        )
        self.assertEqual(self.shares.leave(Item(4, "b")), [Item(5, "c")])
        self.assertEqual(self.shares.leave(Item(1)), [Item(3)])

    def test_octets(self) -> None:
        """So many octets, and not one more; what is larger than all is alone."""
        self.assertEqual(
            self.enter(Item(1, size=600), Item(2, size=400), Item(3, "b", size=1)),
            [Entry.BEGINS, Entry.BEGINS, Entry.WAITS],
        )
        self.shares.leave(Item(1, size=600))
        self.shares.leave(Item(2, size=400))
        self.assertEqual(self.enter(Item(4, "c", size=5_000)), [Entry.WAITS])
        self.assertEqual(self.shares.leave(Item(3, "b", size=1)), [Item(4, "c", 5_000)])

    def test_queue_of_one(self) -> None:
        """So many wait for one share; who comes after is passed over, for good."""
        self.own = 1
        items = [Item(number) for number in range(MOST_OF_ONE + 2)]
        entries = self.enter(*items)
        self.assertEqual(entries[1:-1], [Entry.WAITS] * MOST_OF_ONE)
        self.assertEqual(entries[-1], Entry.PASSED)
        [begun] = self.shares.leave(Item(0))
        self.assertEqual(self.enter(Item(9_999)), [Entry.PASSED])
        while begun.number < MOST_OF_ONE - 1:
            [begun] = self.shares.leave(begun)
            self.assertFalse(self.shares.wants_more())
        [begun] = self.shares.leave(begun)
        self.assertTrue(self.shares.wants_more())
        self.assertEqual(self.enter(items[-1]), [Entry.WAITS])

    def test_queue_of_all(self) -> None:
        """So many wait in all, by number and by octets; after that nobody is asked."""
        self.own, self.all = 9, 1
        for size, most in ((0, MOST_WAITING), (OCTETS_WAITING // 4, 4)):
            self.shares.clear()
            first = Item(0, size=0)
            self.enter(first)
            more = [Item(n, str(n), size) for n in range(1, most + 2)]
            entries = self.enter(*more)
            self.assertEqual(entries, [Entry.WAITS] * most + [Entry.FULL])
            self.shares.clear()
            self.shares.leave(first)

    def test_nothing_left(self) -> None:
        """What has begun and ended leaves nothing behind."""
        items = [Item(number, str(number)) for number in range(50)]
        self.enter(*items)
        begun = [items[0], items[1], items[2]]
        while begun:
            begun += self.shares.leave(begun.pop(0))
        self.assertEqual(self.shares._places, {})
        self.assertEqual(self.shares._inside, {})
        self.assertEqual(self.shares._waiting, set())

    def test_any_order(self) -> None:
        """Of the same shares who enters first begins first, and everybody begins."""
        for seed in range(50):
            self.setUp()
            chance = random.Random(seed)
            self.own, self.all = chance.randint(1, 3), chance.randint(1, 5)
            left = [Item(n, chance.choice("abc")) for n in range(60)]
            inside: list[Item] = []
            order: list[Item] = []
            while left or inside:
                if left and chance.random() < 0.6:
                    item = left.pop(0)
                    begun = [item] if self.enter(item) == [Entry.BEGINS] else []
                else:
                    gone = inside.pop(chance.randrange(len(inside))) if inside else None
                    begun = self.shares.leave(gone) if gone else []
                inside += begun
                order += begun
                self.assertLessEqual(len(inside), self.all, seed)
            self.assertEqual(len(order), 60, seed)
            for whom in "abc":
                own = [each.number for each in order if each.whom == whom]
                self.assertEqual(own, sorted(own), seed)


class Keys(SynchronousTestCase):
    def test_order(self) -> None:
        """Keys are in the order of coming, also of the same moment, and unlike."""
        keys = [arrival_key(now) for now in (5.0, 5.0, 5.001, 1_790_000_000.0)]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual({len(each) for each in keys}, {32})
        self.assertNotEqual(keys[0][16:], keys[1][16:])
