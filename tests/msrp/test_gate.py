"""Whether a connection is read on."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.msrp.gate import Gate

ONE, TWO = object(), object()


class Gates(SynchronousTestCase):
    def setUp(self) -> None:
        self.gate = Gate(4, 30.0)

    def test_full(self) -> None:
        """A session is full with so many that wait, until half of them have gone."""
        for waiting, is_open in ((3, True), (4, False), (3, False), (2, True)):
            self.gate.load(ONE, waiting, 0.0)
            self.assertIs(self.gate.is_open, is_open, waiting)

    def test_each(self) -> None:
        """It is open when no session is full any more."""
        self.gate.load(ONE, 4, 0.0)
        self.gate.load(TWO, 4, 1.0)
        self.gate.forget(ONE)
        self.assertEqual((self.gate.is_open, self.gate.deadline), (False, 31.0))
        self.gate.forget(TWO)
        self.assertEqual((self.gate.is_open, self.gate.deadline), (True, None))

    def test_patience(self) -> None:
        """Who was waited for in vain is not, until he has caught up."""
        self.gate.load(ONE, 4, 0.0)
        self.gate.expire(29.9)
        self.assertFalse(self.gate.is_open)
        self.gate.expire(30.0)
        self.assertTrue(self.gate.is_open)
        for waiting, is_open in ((3, True), (4, True), (2, True), (4, False)):
            self.gate.load(ONE, waiting, 31.0)
            self.assertIs(self.gate.is_open, is_open, waiting)

    def test_how_long(self) -> None:
        """It is known for how long nothing was read."""
        self.gate.shut(5.0)
        self.assertEqual(self.gate.opened(12.0), 7.0)
        self.assertEqual(self.gate.opened(13.0), 0.0)
