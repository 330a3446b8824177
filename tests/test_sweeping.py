"""What is done from time to time (cpmgw.sweeping)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sweeping import LOST_INTERVAL, SWEEP_INTERVAL, Sweeping


class Lost(SynchronousTestCase):
    def test_every_hour(self) -> None:
        """Numbers that nobody has any more are looked for every hour, no sooner."""
        clock, looks = Clock(), []

        async def end_lost() -> None:
            looks.append(clock.seconds())

        store: Any = SimpleNamespace(sweep=lambda _now: succeed(False))
        sweeping = Sweeping(clock, clock.seconds, store, (), lambda: False, end_lost)
        sweeping.start()
        clock.pump([SWEEP_INTERVAL] * int(LOST_INTERVAL / SWEEP_INTERVAL - 1))
        self.assertEqual(looks, [])
        clock.advance(SWEEP_INTERVAL)
        self.assertEqual(looks, [LOST_INTERVAL])
        clock.pump([SWEEP_INTERVAL] * int(LOST_INTERVAL / SWEEP_INTERVAL))
        self.assertEqual(looks, [LOST_INTERVAL, 2 * LOST_INTERVAL])
        sweeping.stop()
        self.successResultOf(Deferred.fromCoroutine(sweeping.ended()))
