"""A machine that can die: what runs on it stops at once, and nobody is told by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
)
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from cpmgw.gateway import Gateway
from tests.flows.house import House
from tests.support.network import MemoryNetwork


@implementer(IReactorTime, IReactorTCP, IReactorUDP, IReactorPluggableNameResolver)
class Machine:
    """The reactor of one gateway, which ends by `kill` as by kill -9.

    Timers, ports and connections go; the peers see their connections lost. What the
    gateway still does afterwards reaches nobody.
    """

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network
        self._alive = True
        self._calls: list[Any] = []
        self._connectors: list[Any] = []
        self._ports: list[Any] = []
        self.nameResolver = network.nameResolver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],
        *args: object,
        **kwargs: object,
    ) -> Any:
        """A timer, which a dead machine never fires."""

        def call() -> None:
            if self._alive:
                callable(*args, **kwargs)

        made = self._network.callLater(delay, call)
        self._calls.append(made)
        if len(self._calls) > 1000:
            self._calls = [each for each in self._calls if each.active()]
        return made

    def connectTCP(self, *args: Any, **kw: Any) -> Any:
        """A connection that dies with the machine."""
        connector = self._network.connectTCP(*args, **kw)
        self._connectors.append(connector)
        return connector

    def listenTCP(self, *args: Any, **kw: Any) -> Any:
        """A port that dies with the machine."""
        port = self._network.listenTCP(*args, **kw)
        self._ports.append(port)
        return port

    def listenUDP(self, *args: Any, **kw: Any) -> Any:
        """A port that dies with the machine."""
        port = self._network.listenUDP(*args, **kw)
        self._ports.append(port)
        return port

    def kill(self) -> None:
        """Die."""
        self._alive = False
        for call in self._calls:
            if call.active():
                call.cancel()
        for port in self._ports:
            where = port.getHost()
            for end in self._network._connections:
                if end.getHost() == where:
                    end._protocol = Protocol()
            self._network.cut(where.host, where.port)
            port.write = _into_the_void
            if hasattr(port, "protocol"):
                port.protocol = Protocol()
                self._network.close_datagram_port(port)
            else:
                self._network.close_stream_port(port)
        for connector in self._connectors:
            if (transport := connector.transport) is not None:
                transport._protocol = Protocol()
                transport._connector = None
                transport.abortConnection()


def _into_the_void(*_: Any) -> None:
    """Send nothing."""


class Mortal(House):
    """A house whose gateway can crash."""

    machine: Machine

    def reactor(self) -> Machine:
        """A new machine for each gateway."""
        self.machine = Machine(self.network)
        return self.machine

    def crash(self) -> None:
        """kill -9: what the store has not committed by now nobody was told of."""
        gateway = self.gateway
        self.machine.kill()
        self.addCleanup(setattr, gateway, "running", 0)
        gateway.running = 0
        threads = gateway._workshop._threads
        if threads is not None:  # they end with their process
            threads.stop()
        closed: list[object] = []
        gateway.store.close().addBoth(closed.append)  # type: ignore[attr-defined]
        self.network.wait_until(lambda: closed)

    def restart(self) -> Gateway:
        """Crash, and start another gateway on the same state."""
        self.crash()
        self.gateway = self.start_gateway()
        return self.gateway
