"""A gateway with MMS that dies after so many commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.flows.machine import Machine, Mortal
from tests.flows.mms import MmsHouse

# Commits of the longest of these ways, and more.
MOST_STEPS = 40


class Fragile(Machine):
    """A machine that dies when the store has done so many things: nobody hears it."""

    left = 0

    def callFromThread(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Bring news from a thread, or die of it."""
        is_news = getattr(callable, "__name__", "") == "_fire"
        if not self._alive and is_news:
            return
        if self.left and is_news:
            self.left -= 1
            if not self.left:
                self._network.callFromThread(self.kill)
                return
        self._network.callFromThread(callable, *args, **kwargs)


class MmsMortal(MmsHouse, Mortal):
    """An MMS house whose gateway can crash."""

    machine: Fragile

    def reactor(self) -> Fragile:
        """A new machine for each gateway."""
        self.machine = Fragile(self.network)
        return self.machine

    @property
    def is_dead(self) -> bool:
        """Whether the machine has died."""
        return not self.machine._alive

    def settle(self) -> None:
        """Let all come to rest; of a dead machine nothing is waited for."""
        gateway = self.gateway
        self.network.wait_until(
            lambda: (
                self.is_dead or not (gateway.store_waiting or gateway._workshop.waiting)
            )
        )

    def crash(self) -> None:
        """kill -9; the system lets go of the locks of a process that is no more."""
        super().crash()
        self.gateway.mail.spool._forget_directory()

    def each_step(self, way: Callable[[int], Callable[[], None]]) -> None:
        """Go a way once for each commit on it, and die of that; then look.

        `way` gets a number, goes, and gives what looks at what has come of it once
        there is another gateway.
        """
        for step in range(1, MOST_STEPS):
            self.machine.left = step
            look = way(step)
            died = self.is_dead
            self.machine.left = 0
            if died:
                self.restart()
            self.rest(30)
            look()
            if not died:
                self.assertGreater(step, 1)
                return
        self.fail("there is no end of it")
