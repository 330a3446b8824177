"""A network in memory under one clock: UDP, TCP, and whoever listens on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import directlyProvides

HOST = "127.0.0.1"


class MemoryReactor(Clock):
    """A reactor whose sockets reach each other; `lose` drops datagrams."""

    def __init__(self) -> None:
        super().__init__()
        directlyProvides(self, IReactorTime, IReactorUDP, IReactorTCP)
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self.udp: dict[int, UdpPort] = {}
        self.tcp: dict[int, TcpPort] = {}
        self.pipes: list[Pipe] = []
        self.lose: Callable[[bytes, tuple[str, int]], bool] = lambda *_: False
        self.silent: set[int] = set()
        self._port = 40000

    def next_port(self) -> int:
        self._port += 1
        return self._port

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> UdpPort:
        return UdpPort(self, port or self.next_port(), protocol, interface)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> TcpPort:
        number = port or self.next_port()
        if number in self.tcp:
            raise error.CannotListenError(interface, number, OSError("in use"))
        return TcpPort(self, number, factory, interface)

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> Connector:
        connector = Connector(self, host, port, factory, timeout)
        factory.doStart()
        factory.startedConnecting(connector)
        connector.connect()
        return connector

    def settle(self, rounds: int = 50) -> None:
        """Let everything that needs no time happen."""
        for _ in range(rounds):
            self.advance(0)

    def pending(self) -> list[Any]:
        return list(self.getDelayedCalls())


class UdpPort:
    """A bound UDP port and the transport of its protocol."""

    def __init__(
        self, reactor: MemoryReactor, port: int, protocol: Any, interface: str
    ) -> None:
        self.reactor, self.port, self.protocol = reactor, port, protocol
        self.host = interface or "0.0.0.0"
        reactor.udp[port] = self
        protocol.makeConnection(self)

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", self.host, self.port)

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        self.reactor.datagrams.append((data, address))
        if not self.reactor.lose(data, address):
            self.reactor.callLater(0, self._deliver, data, address)

    def _deliver(self, data: bytes, address: tuple[str, int]) -> None:
        there = self.reactor.udp.get(address[1])
        if there is not None:
            there.protocol.datagramReceived(data, (HOST, self.port))

    def stopListening(self) -> None:
        self.reactor.udp.pop(self.port, None)
        self.protocol.transport = None


class TcpPort:
    """A listening TCP port."""

    def __init__(
        self, reactor: MemoryReactor, port: int, factory: Any, interface: str
    ) -> None:
        self.reactor, self.port, self.factory = reactor, port, factory
        self.host = interface or "0.0.0.0"
        reactor.tcp[port] = self
        factory.doStart()

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", self.host, self.port)

    def stopListening(self) -> None:
        self.reactor.tcp.pop(self.port, None)
        self.factory.doStop()


class Connector:
    """One attempt to connect; a silent port never answers it."""

    def __init__(
        self, reactor: MemoryReactor, host: str, port: int, factory: Any, timeout: float
    ) -> None:
        self.reactor, self.host, self.port = reactor, host, port
        self.factory = factory
        self._call = reactor.callLater(timeout, self._fail, error.TimeoutError())

    def connect(self) -> None:
        if self.port not in self.reactor.silent:
            self.reactor.callLater(0, self._connected)

    def getDestination(self) -> IPv4Address:
        return IPv4Address("TCP", self.host, self.port)

    def stopConnecting(self) -> None:
        self._fail(error.UserError())

    def _fail(self, reason: Exception) -> None:
        if self._call.active():
            self._call.cancel()
        self.factory.clientConnectionFailed(self, Failure(reason))

    def _connected(self) -> None:
        if not self._call.active():
            return
        there = self.reactor.tcp.get(self.port)
        if there is None:
            self._fail(error.ConnectionRefusedError())
            return
        self._call.cancel()
        mine = self.reactor.next_port()
        client = Pipe(self.reactor, mine, self.port)
        server = Pipe(self.reactor, self.port, mine)
        client.other, server.other = server, client
        protocol = there.factory.buildProtocol(server.getPeer())
        client.attach(self.factory.buildProtocol(client.getPeer()))
        if protocol is None:
            client.cut()
        else:
            server.attach(protocol)


class Pipe:
    """One end of a TCP connection."""

    other: Pipe

    def __init__(self, reactor: MemoryReactor, here: int, there: int) -> None:
        self.reactor, self.here, self.there = reactor, here, there
        self.protocol: Any = None
        self.open = True
        self.no_delay = False
        self.paused = False
        self.disconnecting = False
        self.waiting: list[bytes] = []
        self.written: list[bytes] = []
        self.producer: Any = None
        reactor.pipes.append(self)

    def attach(self, protocol: Any) -> None:
        self.protocol = protocol
        protocol.makeConnection(self)

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", HOST, self.there)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", HOST, self.here)

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        pass

    def write(self, data: bytes) -> None:
        if self.open and not self.disconnecting:
            self.written.append(data)
            self.reactor.callLater(0, self.other.receive, data)

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))

    def receive(self, data: bytes) -> None:
        if self.protocol is None or not self.open:
            return
        if self.paused:
            self.waiting.append(data)
        else:
            self.protocol.dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            self.receive(data)

    def stopProducing(self) -> None:
        self.loseConnection()

    def loseConnection(self) -> None:
        if self.open and not self.disconnecting:
            self.disconnecting = True
            self.reactor.callLater(0, self.cut)

    def abortConnection(self) -> None:
        self.disconnecting = True
        self.reactor.callLater(0, self.cut)

    def cut(self) -> None:
        """End the connection for both."""
        if self.open:
            self._ended(Failure(ConnectionDone()))
            self.reactor.callLater(0, self.other._ended, Failure(ConnectionLost()))

    def _ended(self, reason: Failure) -> None:
        if self.open:
            self.open = False
            if self.protocol is not None:
                self.protocol.connectionLost(reason)
