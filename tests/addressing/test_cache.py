"""Tests of cpmgw.addressing.cache."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.cache import Known, NumberCache
from tests.addressing.plans import sip

URI = sip("sip:a@h")


class CacheTests(SynchronousTestCase):
    """What is known, and for how long."""

    def test_until(self) -> None:
        """It holds until its time, and is gone then."""
        cache = NumberCache(2)
        cache.keep("+1", Known(URI, 10.0))
        self.assertEqual(Known(URI, 10.0), cache.find("+1", 9.9))
        self.assertIs(None, cache.find("+1", 10.0))
        self.assertEqual(0, len(cache))

    def test_nothing_is_known_too(self) -> None:
        """That a number has no SIP URI is something known."""
        cache = NumberCache(2)
        cache.keep("+1", Known(None, 10.0))
        self.assertEqual(Known(None, 10.0), cache.find("+1", 0.0))

    def test_limit(self) -> None:
        """At the limit all are there; past it the one not asked for longest goes."""
        cache = NumberCache(2)
        for number in ("+1", "+2"):
            cache.keep(number, Known(URI, 10.0))
        self.assertEqual(2, len(cache))
        cache.find("+1", 0.0)
        cache.keep("+3", Known(URI, 10.0))
        self.assertEqual(2, len(cache))
        self.assertIs(None, cache.find("+2", 0.0))
        self.assertIsNot(None, cache.find("+1", 0.0))

    def test_again(self) -> None:
        """A number that is kept again has what was kept last."""
        cache = NumberCache(1)
        cache.keep("+1", Known(URI, 10.0))
        cache.keep("+1", Known(None, 20.0))
        self.assertEqual(Known(None, 20.0), cache.find("+1", 15.0))

    def test_clear(self) -> None:
        """All can be forgotten."""
        cache = NumberCache(1)
        cache.keep("+1", Known(URI, 10.0))
        cache.clear()
        self.assertEqual(0, len(cache))
