"""A network in memory: clock, TCP, UDP, names and reactor calls, all deterministic.

`MemoryNetwork` stands where a reactor is asked for. Nothing happens by itself: octets
move and calls fire in `settle()` and `advance()`, each at its own time and in the order
in which it was scheduled, so a test that passes once passes always.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.internet import error
from twisted.internet.abstract import isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import (
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
)
from twisted.internet.protocol import ClientFactory, DatagramProtocol, ServerFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.support.connecting import StreamConnector, StreamPort
from tests.support.datagrams import CARRIED, LOST, TWICE, Datagram, DatagramPort, Fate
from tests.support.names import KnownNames
from tests.support.streams import Address, StreamTransport

FIRST_FREE_PORT: Final = 49152
MAX_CALLS: Final = 1_000_000
"""Calls in one `settle()` or `advance()`: beyond, something runs in a circle."""
ANY_HOST: Final = frozenset({"", "0.0.0.0", "::"})
KEPT_DATAGRAMS: Final = 1000

Place = tuple[str, int]
P = TypeVar("P", StreamPort, DatagramPort)


class NeverQuiet(Exception):
    """The network would not come to rest, or what was waited for did not happen."""


@implementer(IReactorTime, IReactorTCP, IReactorUDP, IReactorPluggableNameResolver)
class MemoryNetwork(Clock):
    """The reactor of the tests.

    `latency` is the seconds that octets need from one side to the other,
    `segment_size` the most octets that a stream gives at once (0: all there are),
    `names` the hosts that can be resolved, `datagrams` the last ones that were sent.
    """

    running = True

    def __init__(self) -> None:
        super().__init__()
        self.latency = 0.0
        self.segment_size = 0
        self.names: dict[str, tuple[str, ...]] = {"localhost": ("127.0.0.1",)}
        self.datagrams: deque[Datagram] = deque(maxlen=KEPT_DATAGRAMS)
        self.nameResolver: IHostnameResolver = KnownNames(self.names)
        self._streams: dict[Place, StreamPort] = {}
        self._ports: dict[Place, DatagramPort] = {}
        self._connections: list[StreamTransport] = []
        self._next_port = FIRST_FREE_PORT
        self._fates: dict[int, Fate] = {}
        self._sent = 0
        self._walls: set[Place] = set()
        self._from_threads: deque[Callable[[], object]] = deque()
        self._woken = threading.Condition()
        self._triggers: list[tuple[str, str, Callable[[], object]]] = []

    # -- time

    def settle(self) -> None:
        """Move octets and fire what is due until all is quiet; time stands still."""
        self._run_until(self.seconds())

    pump = settle  # type: ignore[assignment]

    def advance(self, amount: float) -> None:
        """Let time pass; each call fires at its own time, and in order."""
        end = self.seconds() + amount
        self._run_until(end)
        self.rightNow = end

    def wait_until(self, done: Callable[[], object], patience: float = 10.0) -> None:
        """Settle until `done()` is true; other threads have `patience` real seconds.

        For code that works in a thread of its own and comes back with callFromThread.
        """
        deadline = time.monotonic() + patience
        while True:
            self.settle()
            if done():
                return
            with self._woken:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NeverQuiet("waited in vain")
                if not self._from_threads:
                    self._woken.wait(min(left, 0.05))

    def result_of(
        self, deferred: Deferred[Any], seconds: float = 0.0, grace: float = 0.0
    ) -> Any:
        """Give a Deferred's result; up to `seconds` of this clock may pass for it.

        Before each step of the clock, other threads have `grace` real seconds to come
        back with callFromThread.
        """
        results: list[Any] = []
        deferred.addBoth(results.append)
        end = self.seconds() + seconds
        while True:
            self.settle()
            if results:
                break
            if self._heard(grace):
                continue
            if not self.calls or self.calls[0].getTime() > end:
                raise NeverQuiet("no result yet")
            self.advance(max(0.0, self.calls[0].getTime() - self.seconds()))
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def _heard(self, grace: float) -> bool:
        """Wait for a call from another thread; tells whether there is one."""
        with self._woken:
            if not self._from_threads and grace:
                self._woken.wait(grace)
            return bool(self._from_threads)

    def _run_until(self, end: float) -> None:
        for _ in range(MAX_CALLS):
            while self._from_threads:
                self._from_threads.popleft()()
            if not self.calls or self.calls[0].getTime() > end:
                if self._from_threads:
                    continue
                return
            call = self.calls.pop(0)
            self.rightNow = max(self.rightNow, call.getTime())
            call.called = 1
            call.func(*call.args, **call.kw)
            self._sortCalls()
        raise NeverQuiet(f"{MAX_CALLS} calls and no rest")

    # -- what may go wrong

    def drop_datagram(self, nth: int = 1) -> None:
        """Lose the nth datagram from now on (1 is the next one)."""
        self._fates[self._sent + nth] = LOST

    def repeat_datagram(self, nth: int = 1) -> None:
        """Let the nth datagram from now on arrive twice."""
        self._fates[self._sent + nth] = TWICE

    def delay_datagram(self, nth: int, seconds: float) -> None:
        """Let the nth datagram from now on arrive later than its successors."""
        self._fates[self._sent + nth] = Fate(delay=seconds)

    def cut(self, host: str, port: int) -> int:
        """Lose every connection with this address; gives how many there were."""
        hit = [c for c in self._connections if _place(c.getHost()) == (host, port)]
        for connection in hit:
            connection.sever(error.ConnectionLost(), error.ConnectionLost())
        return len(hit)

    def partition(self, host: str, port: int) -> None:
        """Let nothing reach or leave this address; nobody is told."""
        self._walls.add((host, port))

    def heal(self, host: str, port: int) -> None:
        """End a partition; octets of streams that were held back move on."""
        self._walls.discard((host, port))
        for connection in self._connections:
            connection.wake()

    # -- IReactorTCP

    def listenTCP(
        self,
        port: int,
        factory: ServerFactory[Any],
        backlog: int = 50,
        interface: str = "",
    ) -> StreamPort:
        """Open a port for connections; port 0 takes a free one."""
        host = self.address("TCP", interface or "0.0.0.0", port or self.free_port())
        listening = StreamPort(self, host, factory)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> StreamConnector:
        """Connect from 127.0.0.1, or from the host of `bindAddress`."""
        target = self.names.get(host, (host,))[0]
        source = bindAddress[0] if bindAddress and bindAddress[0] else "127.0.0.1"
        destination = self.address("TCP", target, port)
        connector = StreamConnector(self, destination, factory, timeout, source)
        connector.connect()
        return connector

    # -- IReactorUDP

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> DatagramPort:
        """Open a port for datagrams; port 0 takes a free one."""
        host = self.address("UDP", interface or "0.0.0.0", port or self.free_port())
        listening = DatagramPort(self, host, protocol)
        listening.startListening()
        return listening

    def listenMulticast(self, *args: object, **kwargs: object) -> Any:
        """Refuse: nothing here uses multicast."""
        raise error.CannotListenError("", 0, OSError("no multicast in memory"))

    # -- the rest of a reactor

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Take another resolver; gives the one before."""
        before, self.nameResolver = self.nameResolver, resolver
        return before

    def callFromThread(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Have a call made in the next `settle()`; any thread may ask."""
        with self._woken:
            self._from_threads.append(lambda: callable(*args, **kwargs))
            self._woken.notify_all()

    def callWhenRunning(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Make the call now: this reactor always runs."""
        callable(*args, **kwargs)

    def addSystemEventTrigger(
        self,
        phase: str,
        eventType: str,
        callable: Callable[..., Any],
        *args: object,
        **kwargs: object,
    ) -> Any:
        """Remember what is to happen at a system event."""
        trigger = (phase, eventType, lambda: callable(*args, **kwargs))
        self._triggers.append(trigger)
        return trigger

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """Forget it."""
        self._triggers.remove(triggerID)

    def stop(self) -> None:
        """End as a reactor does: the triggers of "shutdown" run."""
        self.running = False
        self.fireSystemEvent("shutdown")

    def fireSystemEvent(self, eventType: str) -> Deferred[None]:
        """Run the triggers of an event, phase by phase; fires when all are done."""
        return Deferred.fromCoroutine(self._fire(eventType))

    async def _fire(self, event_type: str) -> None:
        for phase in ("before", "during", "after"):
            for trigger in [t for t in self._triggers if t[:2] == (phase, event_type)]:
                self._triggers.remove(trigger)
                await maybeDeferred(trigger[2])

    # -- for the ports and transports

    def address(self, transport: str, host: str, port: int) -> Address:
        """Make the address value for a host and port."""
        if isIPv6Address(host):
            return IPv6Address(transport, host, port)  # type: ignore[arg-type]
        return IPv4Address(transport, host, port)  # type: ignore[arg-type]

    def free_port(self) -> int:
        """Give a port that nothing uses."""
        self._next_port += 1
        return self._next_port - 1

    def arrival(self) -> float:
        """When octets written now are due at the other side."""
        return self.seconds() + self.latency

    def stalled(self, one: Address, other: Address) -> bool:
        """Whether a partition stands between two addresses."""
        return bool(self._walls) and not self._walls.isdisjoint(
            (_place(one), _place(other))
        )

    def unreachable(self, destination: Address) -> bool:
        """Whether a connection attempt would stay without any answer."""
        return _place(destination) in self._walls

    def stream_port(self, destination: Address) -> StreamPort | None:
        """Find who listens at an address."""
        return _find(self._streams, _place(destination))

    def open_stream_port(self, port: StreamPort) -> None:
        """Enter a port, unless its address is taken."""
        _enter(self._streams, port)

    def close_stream_port(self, port: StreamPort) -> bool:
        """Remove a port; tells whether it was open."""
        return self._streams.pop(_place(port.getHost()), None) is not None

    def open_datagram_port(self, port: DatagramPort) -> None:
        """Enter a port, unless its address is taken."""
        _enter(self._ports, port)

    def close_datagram_port(self, port: DatagramPort) -> bool:
        """Remove a port; tells whether it was open."""
        return self._ports.pop(_place(port.getHost()), None) is not None

    def join(
        self, connector: StreamConnector, near: Address, port: StreamPort
    ) -> StreamTransport | None:
        """Make the connection of an attempt that arrived at an open port."""
        far = connector.getDestination()
        client = StreamTransport(self, near, far)
        server = StreamTransport(self, far, near)
        asking = connector.factory.buildProtocol(far)
        serving = port.factory.buildProtocol(near)
        if asking is None or serving is None:
            connector.connection_lost(Failure(error.ConnectionLost()))
            return None
        client.attach(server, asking, connector)
        server.attach(client, serving)
        self._connections += (client, server)
        connector.transport = client
        asking.makeConnection(client)
        serving.makeConnection(server)
        return client if client.connected else None

    def forget(self, connection: StreamTransport) -> None:
        """Drop a connection that is over."""
        if connection in self._connections:
            self._connections.remove(connection)

    def send(self, datagram: Datagram) -> None:
        """Carry a datagram as its fate has it; to nobody, it is lost silently."""
        self._sent += 1
        self.datagrams.append(datagram)
        fate = self._fates.pop(self._sent, CARRIED)
        for _ in range(fate.copies):
            self.callLater(self.latency + fate.delay, self._arrive, datagram)

    def _arrive(self, datagram: Datagram) -> None:
        if self._walls and not self._walls.isdisjoint(
            (datagram.source, datagram.target)
        ):
            return
        port = _find(self._ports, datagram.target)
        if port is not None:
            port.receive(datagram)


def _enter(ports: dict[Place, P], port: P) -> None:
    place = _place(port.getHost())
    if place in ports:
        raise error.CannotListenError(*place, OSError("address in use"))
    ports[place] = port


def _place(address: Address) -> Place:
    return (address.host, address.port)


def _find(ports: dict[Place, P], at: Place) -> P | None:
    if at in ports:
        return ports[at]
    for host in ANY_HOST:
        if (host, at[1]) in ports:
            return ports[host, at[1]]
    return None
