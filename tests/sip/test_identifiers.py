"""Identifiers are unlike each other, and branches carry the cookie."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.fields import MAGIC_COOKIE
from cpmgw.sip.identifiers import RandomIdentifiers


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
