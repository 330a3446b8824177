"""A stand-in for callFromThread: results wait until the test asks for one."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")
PATIENCE = 20.0


class Pump:
    """Collects what threads want called; `result` calls it until a Deferred fires."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]]]
        self._calls = SimpleQueue()

    def call_from_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Take a call, in any thread."""
        self._calls.put((function, arguments))

    def step(self) -> None:
        """Wait for one call and make it."""
        function, arguments = self._calls.get(timeout=PATIENCE)
        function(*arguments)

    def result(self, deferred: Deferred[T]) -> T:
        """What a Deferred fires with; its error is raised."""
        found: list[Any] = []
        deferred.addBoth(found.append)
        while not found:
            self.step()
        if isinstance(found[0], Failure):
            found[0].raiseException()
        value: T = found[0]
        return value
