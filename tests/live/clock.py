"""The reactor's time for a peer that has no end of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from tests.live.reactor import reactor


@implementer(IReactorTime)
class StoppableClock:
    """Real time; `stop` cancels whatever was still to come."""

    def __init__(self) -> None:
        self._calls: set[IDelayedCall] = set()
        self._stopped = False

    def seconds(self) -> float:
        """The time of the reactor."""
        return float(reactor.seconds())

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> IDelayedCall:
        """Call later, unless stopped before; after the stop, nothing is called."""

        def now() -> None:
            self._calls.discard(call)
            callable(*args, **kwargs)

        call: IDelayedCall = reactor.callLater(delay, now)
        self._calls.add(call)
        if self._stopped:
            call.cancel()
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """What is still to come."""
        return [call for call in self._calls if call.active()]

    def stop(self) -> None:
        """Cancel everything."""
        self._stopped = True
        for call in self.getDelayedCalls():
            call.cancel()
