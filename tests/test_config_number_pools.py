"""The pools of interworking numbers in the configuration (TS 5.1 step 7a)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import NumberPoolConfig, loads
from tests.test_config import LEAST, faults_of


def pools(*numbers: str, **keys: str) -> str:
    """A configuration with pools p1, p2 and so on of these numbers."""
    lines = "".join(f"\n{key} = {value}" for key, value in keys.items())
    return LEAST + "".join(
        f'\n[[number_pool]]\nname = "p{place}"\nnumbers = {each}{lines}\n'
        for place, each in enumerate(numbers, start=1)
    )


class NumberPools(SynchronousTestCase):
    """Numbers for Long-lived Group Sessions (5.1 step 7a)."""

    def pool(self, *numbers: str, **keys: str) -> NumberPoolConfig:
        """The one pool of a configuration."""
        (pool,) = loads(pools(*numbers, **keys), {}).number_pool
        return pool

    def check(self, text: str, *faults: str) -> None:
        """The faults of a configuration are these."""
        self.assertEqual(faults, faults_of(text))

    def test_none(self) -> None:
        """Without a pool there are no numbers to give."""
        self.assertEqual((), loads(LEAST, {}).number_pool)

    def test_numbers_and_ranges(self) -> None:
        """A number stands for itself, a range for all from its first to its last."""
        pool = self.pool('["+15145559000-+15145559099", "+15145559200"]')
        self.assertEqual(
            ((15145559000, 15145559099), (15145559200, 15145559200)), pool.ranges
        )
        self.assertEqual(("SMS", "MMS"), pool.services)
        self.assertEqual(("user", 0.0), (pool.share, pool.idle))

    def test_range_of_one(self) -> None:
        """A range may begin and end with the same number."""
        self.assertEqual(
            ((1234567, 1234567),), self.pool('["+1234567-+1234567"]').ranges
        )

    def test_no_number(self) -> None:
        """What is no E.164 number is told, each for itself."""
        for text in ("", "15145559000", "+0145559000", "+1 514 555", "+151455590٠٠"):
            with self.subTest(text=text):
                self.check(
                    pools(f'["{text}"]'),
                    f"number_pool[0].numbers: {text!r}: {text!r} is no E.164 number",
                )

    def test_digits(self) -> None:
        """An E.164 number has from 7 to 15 digits."""
        self.check(pools('["+1234567", "+123456789012345"]'))
        for text in ("+123456", "+1234567890123456"):
            with self.subTest(text=text):
                self.check(
                    pools(f'["{text}"]'),
                    f"number_pool[0].numbers: {text!r}: {text!r} is no E.164 number",
                )

    def test_range_without_an_end(self) -> None:
        """Both ends of a range are numbers."""
        for text, end in (("+15145559000-", ""), ("+15145559000-99", "99")):
            with self.subTest(text=text):
                self.check(
                    pools(f'["{text}"]'),
                    f"number_pool[0].numbers: {text!r}: {end!r} is no E.164 number",
                )

    def test_range_of_different_lengths(self) -> None:
        """The ends of a range have the same length."""
        self.check(
            pools('["+15145559000-+151455590000"]'),
            "number_pool[0].numbers: '+15145559000-+151455590000': "
            "its numbers differ in length",
        )

    def test_range_backwards(self) -> None:
        """A range goes up."""
        self.check(
            pools('["+15145559001-+15145559000"]'),
            "number_pool[0].numbers: '+15145559001-+15145559000' runs backwards",
        )

    def test_overlap_within_a_pool(self) -> None:
        """A number stands in a pool once, also where a longer range is in between."""
        self.check(
            pools('["+15145559000-+15145559099", "+15145559001", "+15145559099"]'),
            "number_pool[0].numbers: '+15145559000-+15145559099' and '+15145559001' "
            "both hold +15145559001",
            "number_pool[0].numbers: '+15145559000-+15145559099' and '+15145559099' "
            "both hold +15145559099",
        )

    def test_overlapping_pools(self) -> None:
        """A number is in one pool, also where the pools are for different services."""
        fault = "number_pool: the pools 'p1' and 'p2' both hold +15145559099"
        numbers = ('["+15145559000-+15145559099"]', '["+15145559099-+15145559199"]')
        self.check(pools(*numbers), fault)
        one, other = pools(*numbers, services='["SMS"]').rsplit("SMS", 1)
        self.check(f"{one}MMS{other}", fault)

    def test_adjoining_pools(self) -> None:
        """A pool may begin where another ends."""
        self.check(
            pools('["+15145559000-+15145559099"]', '["+15145559100-+15145559199"]')
        )

    def test_most_numbers(self) -> None:
        """All pools together hold 100000 numbers at most."""
        half = '["+15145500000-+15145549999"]'
        self.check(pools(half, '["+15146600000-+15146649999"]'))
        self.check(
            pools(half, '["+15146600000-+15146650000"]'),
            "number_pool: holds more than 100000 numbers",
        )

    def test_immense_range(self) -> None:
        """A range is counted without being gone through."""
        self.check(
            pools('["+100000000000000-+999999999999999"]'),
            "number_pool: holds more than 100000 numbers",
        )

    def test_same_name(self) -> None:
        """A pool has a name of its own."""
        text = pools('["+15145559000"]', '["+15145559001"]').replace("p2", "p1")
        self.check(text, "number_pool: the name 'p1' is used more than once")

    def test_nothing_in_it(self) -> None:
        """A pool has a number and a service."""
        self.check(
            pools("[]", services="[]"),
            "number_pool[0].numbers: must hold at least one number",
            "number_pool[0].services: must name at least one service",
        )

    def test_services(self) -> None:
        """A pool is for SMS or MMS, each once (5.1 step 7a)."""
        numbers = '["+15145559000"]'
        self.assertEqual(("MMS",), self.pool(numbers, services='["MMS"]').services)
        self.check(
            pools(numbers, services='["email"]'),
            'number_pool[0].services[0]: must be one of "SMS", "MMS", not \'email\'',
        )
        self.check(
            pools(numbers, services='["SMS", "SMS"]'),
            "number_pool[0].services: 'SMS' stands there twice",
        )

    def test_most_per_user(self) -> None:
        """A user's groups have 100 numbers of a pool at most; 0 is no limit."""
        numbers = '["+15145559000"]'
        self.assertEqual(100, self.pool(numbers).most_per_user)
        for most in (0, 1, 100_000):
            with self.subTest(most=most):
                pool = self.pool(numbers, most_per_user=str(most))
                self.assertEqual(most, pool.most_per_user)
        self.check(
            pools(numbers, most_per_user="-1"),
            "number_pool[0].most_per_user: must not be negative",
        )

    def test_share_and_idle(self) -> None:
        """A number is shared between users or not at all; a time is not negative."""
        numbers = '["+15145559000"]'
        pool = self.pool(numbers, share='"none"', idle="86400")
        self.assertEqual(("none", 86400.0), (pool.share, pool.idle))
        self.check(
            pools(numbers, share='"all"', idle="-1"),
            'number_pool[0].share: must be one of "user", "none", not \'all\'',
            "number_pool[0].idle: must not be negative",
        )
