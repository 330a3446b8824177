"""How long nobody is asked again (RFC 3261 20.33)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.pauses import Pauses

PAIR = ("tel:+15145550001", "+15145550002")


class Times(SynchronousTestCase):
    def test_left(self) -> None:
        """Whole seconds are left until the time, and none at it."""
        pauses = Pauses()
        self.assertEqual(pauses.left(PAIR, 0.0), 0)
        pauses.begin(PAIR, 60.0)
        self.assertEqual(pauses.left(PAIR, 0.0), 60)
        self.assertEqual(pauses.left(PAIR, 59.5), 1)
        self.assertEqual(pauses.left(("x", "y"), 0.0), 0)
        self.assertEqual(pauses.left(PAIR, 60.0), 0)
        self.assertEqual(len(pauses), 0)

    def test_limit(self) -> None:
        """As many as there may be, and one more: the oldest is forgotten."""
        pauses = Pauses(2)
        for name in "ab":
            pauses.begin((name, "x"), 10.0)
        self.assertEqual(pauses.left(("a", "x"), 0.0), 10)
        pauses.begin(("c", "x"), 10.0)
        self.assertEqual(pauses.left(("a", "x"), 0.0), 0)
        self.assertEqual(len(pauses), 2)
