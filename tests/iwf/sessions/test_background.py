"""Work that nobody waits for."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.background import Background


class Work(SynchronousTestCase):
    def setUp(self) -> None:
        self.background = Background()
        self.gate: Deferred[None] = Deferred()

    async def work(self) -> None:
        await self.gate

    def test_idle(self) -> None:
        """A stop waits for what is under way, and for nothing else."""
        self.successResultOf(self.background.idle())
        self.background.run(self.work(), "work")
        idle = self.background.idle()
        self.assertNoResult(idle)
        self.gate.callback(None)
        self.successResultOf(idle)
        self.assertEqual(len(self.background), 0)

    def test_refused(self) -> None:
        """What a service refuses is no fault."""
        self.background.run(self.work(), "work")
        self.gate.errback(CannotInterwork(480, "Later", cause="test", section="x"))
        self.assertEqual(len(self.background), 0)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_fault(self) -> None:
        """What nobody foresaw is in the log, and the work is over."""
        self.background.run(self.work(), "work")
        self.gate.errback(RuntimeError("boom"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(len(self.background), 0)
