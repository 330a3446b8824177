"""Threads for work that takes its time (IWorkshop)."""

from __future__ import annotations

import threading
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.errors import NotRunning, TooBusy
from cpmgw.interfaces import IWorkshop
from cpmgw.workshop import Workshop
from tests.support.network import MemoryNetwork


class Gate:
    """Work that is not over before it is let through."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._way = threading.Event()

    def work(self, result: str = "") -> str:
        """Wait to be let through."""
        self.begun.set()
        self._way.wait(10)
        return result

    def open(self) -> None:
        """Let it through."""
        self._way.set()


class Shop(SynchronousTestCase):
    """A workshop with two threads, where two more may wait."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.shop = Workshop(self.network.callFromThread, 2, 2)
        self.gate = Gate()
        self.addCleanup(self._close)

    def _close(self) -> None:
        self.gate.open()
        self.wait(self.shop.close())

    def wait(self, deferred: Deferred[Any]) -> object:
        """The result of it, once the threads have brought it."""
        found: list[object] = []
        deferred.addBoth(found.append)
        self.network.wait_until(lambda: found)
        return found[0]

    def held(self, count: int = 2) -> list[Deferred[str]]:
        """So many pieces of work that wait to be let through."""
        return [self.shop.do(self.gate.work, str(n)) for n in range(count)]


class Doing(Shop):
    def test_interface(self) -> None:
        """It is what the interface says."""
        verifyObject(IWorkshop, self.shop)

    def test_result(self) -> None:
        """What work returns comes back in the reactor's thread."""
        threads: list[threading.Thread] = []

        def work(one: int, other: int) -> int:
            threads.append(threading.current_thread())
            return one + other

        done = self.shop.do(work, 2, 3)
        done.addCallback(lambda sum_: (sum_, threading.current_thread()))
        result = self.wait(done)
        self.assertEqual(result, (5, threading.current_thread()))
        self.assertNotEqual(threads, [threading.current_thread()])
        self.assertEqual(self.shop.waiting, 0)

    def test_failure(self) -> None:
        """So does its failure, and the thread goes on with the next."""
        failing = self.shop.do(int, "none")
        self.network.wait_until(lambda: failing.called)
        self.failureResultOf(failing, ValueError)
        self.assertEqual(self.wait(self.shop.do(int, "7")), 7)

    def test_so_many_at_a_time(self) -> None:
        """As many as there are threads are done, the others in turn after them."""
        held = self.held(4)
        self.assertEqual(self.shop.waiting, 4)
        self.assertEqual([each.called for each in held], [False] * 4)
        self.gate.open()
        self.network.wait_until(lambda: all(each.called for each in held))
        self.assertEqual(
            [self.successResultOf(each) for each in held], ["0", "1", "2", "3"]
        )

    def test_too_busy(self) -> None:
        """Where as many wait as may, one more is refused, until there is room again."""
        held = self.held(4)
        self.failureResultOf(self.shop.do(int, "7"), TooBusy)
        self.assertEqual(self.shop.waiting, 4)
        self.gate.open()
        self.network.wait_until(lambda: all(each.called for each in held))
        self.assertEqual(self.wait(self.shop.do(int, "7")), 7)

    def test_change(self) -> None:
        """More threads take up what waits; a longer queue takes more."""
        gates = self.held(4)
        self.shop.change(3, 3)
        self.assertEqual(self.shop.waiting, 4)
        more = [self.shop.do(self.gate.work) for _ in range(2)]
        self.failureResultOf(self.shop.do(int, "7"), TooBusy)
        self.gate.open()
        self.network.wait_until(lambda: all(e.called for e in (*gates, *more)))

    def test_fewer_threads(self) -> None:
        """Fewer threads take up nothing until as few are at work."""
        gates, held = [Gate(), Gate()], []
        held = [self.shop.do(each.work) for each in gates]
        third = Gate()
        waits = self.shop.do(third.work)
        self.shop.change(1, 2)
        gates[0].open()
        self.network.wait_until(lambda: held[0].called)
        self.assertFalse(third.begun.is_set())
        gates[1].open()
        self.network.wait_until(third.begun.is_set)
        third.open()
        self.network.wait_until(lambda: waits.called)


class Cancelling(Shop):
    def test_waiting(self) -> None:
        """What waits is taken back, and makes room."""
        held = self.held()
        begun: list[str] = []
        waiting = self.shop.do(begun.append, "first")
        other = self.shop.do(begun.append, "second")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.shop.waiting, 3)
        self.gate.open()
        self.network.wait_until(lambda: other.called and held[0].called)
        self.assertEqual(begun, ["second"])

    def test_being_done(self) -> None:
        """What is being done is let go of, and keeps its thread until it is over."""
        held = self.held()
        held[0].cancel()
        self.failureResultOf(held[0], CancelledError)
        self.assertEqual(self.shop.waiting, 2)
        self.gate.open()
        self.network.wait_until(lambda: not self.shop.waiting)
        self.assertEqual(self.successResultOf(held[1]), "1")

    def test_failure_of_what_was_let_go(self) -> None:
        """That it fails then is nobody's business: nothing is logged."""

        def failing() -> None:
            self.gate.work()
            raise ValueError

        let_go = self.shop.do(failing)
        let_go.cancel()
        self.failureResultOf(let_go, CancelledError)
        self.gate.open()
        self.network.wait_until(lambda: not self.shop.waiting)
        self.assertEqual(self.flushLoggedErrors(), [])


class Closing(Shop):
    def test_waits_for_what_is_being_done(self) -> None:
        """It ends once what is being done is over; what waits is let go of."""
        held = self.held()
        waiting = self.shop.do(int, "7")
        closed = self.shop.close()
        self.failureResultOf(waiting, CancelledError)
        self.network.settle()
        self.assertNoResult(closed)
        self.gate.open()
        self.network.wait_until(lambda: closed.called)
        self.assertEqual([self.successResultOf(each) for each in held], ["0", "1"])

    def test_threads_end(self) -> None:
        """No thread of it is left."""
        self.wait(self.shop.do(int, "7"))
        self.wait(self.shop.close())
        names = [each.name for each in threading.enumerate()]
        self.assertEqual([name for name in names if "workshop" in name], [])

    def test_closed(self) -> None:
        """It takes nothing until it is open again."""
        self.successResultOf(self.shop.close())
        self.failureResultOf(self.shop.do(int, "7"), NotRunning)
        self.shop.open()
        self.assertEqual(self.wait(self.shop.do(int, "7")), 7)

    def test_twice(self) -> None:
        """Whoever closes it is told when it is over."""
        self.held(1)
        closed = [self.shop.close(), self.shop.close()]
        self.gate.open()
        self.network.wait_until(lambda: all(each.called for each in closed))
