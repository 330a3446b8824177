"""One at a time at each address of a user (TS 6.1.5.1)."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.turns import Turns

HERE, THERE = ("+1", "+2"), ("+1", "+3")


class Order(SynchronousTestCase):
    def setUp(self) -> None:
        self.turns = Turns()
        self.begun: list[str] = []
        self.gates: dict[str, Deferred[None]] = {}

    def take(self, name: str, place: tuple[str, str] = HERE) -> Deferred[str]:
        """Something that takes until its gate opens."""
        return Deferred.fromCoroutine(self.turns.take(place, self._work(name)))

    async def _work(self, name: str) -> str:
        self.begun.append(name)
        self.gates[name] = Deferred()
        await self.gates[name]
        return name

    def test_in_order(self) -> None:
        """What came first is done first; what it gives goes to who asked."""
        taken = [self.take(name) for name in "abc"]
        for number, name in enumerate("abc"):
            self.assertEqual(self.begun, list("abc"[: number + 1]))
            self.gates[name].callback(None)
            self.assertEqual(self.successResultOf(taken[number]), name)
        self.assertEqual(len(self.turns), 0)

    def test_places(self) -> None:
        """Another place does not wait."""
        self.take("a")
        self.take("b", THERE)
        self.assertEqual(self.begun, ["a", "b"])

    def test_failure(self) -> None:
        """What fails does not keep the next from its turn."""
        first = self.take("a")
        self.take("b")
        self.gates["a"].errback(ValueError("broken"))
        self.failureResultOf(first, ValueError)
        self.assertEqual(self.begun, ["a", "b"])

    def test_stop(self) -> None:
        """Who waits is told that it is over; what is under way comes to its end."""
        first, second, third = (self.take(name) for name in "abc")
        self.turns.stop()
        for waiting in (second, third):
            self.failureResultOf(waiting, CancelledError)
        self.gates["a"].callback(None)
        self.assertEqual(self.successResultOf(first), "a")
        self.assertEqual((self.begun, len(self.turns)), (["a"], 0))

    def test_given_up(self) -> None:
        """Who gives up waiting loses the turn, and nobody else does."""
        self.take("a")
        second, third = self.take("b"), self.take("c")
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.gates["a"].callback(None)
        self.gates["c"].callback(None)
        self.assertEqual(self.successResultOf(third), "c")
