"""The garbage collector's settings."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.garbage import THRESHOLDS, calm_down


class CalmDown(SynchronousTestCase):
    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.unfreeze)

    def test_what_is_alive_is_left_alone(self) -> None:
        """Objects from before the start is over are not looked through again."""
        gc.unfreeze()
        alive: list[list[object]] = [[]]
        calm_down()
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertFalse(any(each is alive for each in gc.get_objects()))

    def test_young_objects_are_looked_through_seldom(self) -> None:
        """The thresholds are those of the decision."""
        calm_down()
        self.assertEqual(gc.get_threshold(), THRESHOLDS)

    def test_cycles_are_still_found(self) -> None:
        """Garbage made later is collected."""
        calm_down()
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        self.assertGreaterEqual(gc.collect(), 1)
