"""Threads that wait for the disk."""

from __future__ import annotations

import threading

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.store.disk import Disk
from tests.store.pump import PATIENCE, Pump


class Waiting(SynchronousTestCase):
    def setUp(self) -> None:
        self.pump = Pump()
        self.disk = Disk(self.pump.call_from_thread, queue=2, threads=2)
        self.addCleanup(lambda: self.pump.result(self.disk.close()))

    def test_beside_each_other(self) -> None:
        """One that takes long holds up no other one."""
        let_go = threading.Event()
        slow = self.disk.perform(lambda: let_go.wait(PATIENCE))
        self.assertEqual(self.pump.result(self.disk.perform(lambda: "quick")), "quick")
        self.assertEqual(self.disk.waiting, 1)
        let_go.set()
        self.assertTrue(self.pump.result(slow))
        self.assertEqual(self.disk.waiting, 0)

    def test_failure(self) -> None:
        """What fails is a StoreError that says why."""

        def failing() -> None:
            raise OSError("oops")

        error = self.assertRaises(
            StoreError, self.pump.result, self.disk.perform(failing)
        )
        self.assertIn("OSError: oops", str(error))

    def test_limit(self) -> None:
        """As many wait as may, not one more; and then there is room again."""
        let_go = threading.Event()
        some = [self.disk.perform(lambda: let_go.wait(PATIENCE)) for _ in range(2)]
        refused = self.disk.perform(lambda: None)
        self.assertIn("waiting", str(self.failureResultOf(refused, StoreError).value))
        let_go.set()
        for each in some:
            self.pump.result(each)
        self.pump.result(self.disk.perform(lambda: None))

    def test_close(self) -> None:
        """What waits is done first, and nothing is taken any more."""
        done: list[bool] = []
        self.disk.perform(lambda: done.append(True))
        closed = self.disk.close()
        self.failureResultOf(self.disk.perform(lambda: None), StoreError)
        self.pump.result(closed)
        self.assertEqual(done, [True])
        self.assertIdentical(self.disk.close(), closed)
