"""Identifiers are unlike each other, and branches carry the cookie."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.fields import MAGIC_COOKIE
from cpmgw.sip.identifiers import RandomIdentifiers, Randomness


class RandomnessTests(SynchronousTestCase):
    def test_any_length(self) -> None:
        """As many octets as asked for, never the same ones again."""
        randomness = Randomness()
        for octets in (1, 16, 4096):
            self.assertEqual(2 * octets, len(randomness.hex(octets)))
        self.assertEqual(1000, len({randomness.hex(16) for _ in range(1000)}))


class RandomIdentifiersTests(SynchronousTestCase):
    def test_unlike_each_other(self) -> None:
        """Tags are unique and hold at least 32 random bits (RFC 3261 19.3)."""
        ids = RandomIdentifiers()
        tags = {ids.tag() for _ in range(2000)}
        self.assertEqual(2000, len(tags))
        self.assertEqual({20}, {len(tag) for tag in tags})

    def test_branch(self) -> None:
        """A branch begins with the magic cookie (RFC 3261 8.1.1.7)."""
        self.assertTrue(RandomIdentifiers().branch().startswith(MAGIC_COOKIE))
