"""TCP in memory: ports that accept connections, and attempts to connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet import error
from twisted.internet.interfaces import IConnector, IListeningPort
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.support.streams import Address, StreamTransport

if TYPE_CHECKING:
    from tests.support.network import MemoryNetwork


@implementer(IConnector)
class StreamConnector:
    """An attempt to connect, and the connection made of it."""

    def __init__(
        self,
        network: MemoryNetwork,
        destination: Address,
        factory: ClientFactory[Any],
        timeout: float | None,
        source: str,
    ) -> None:
        self.state = "disconnected"
        self.factory = factory
        self.timeout = timeout
        self.source = source
        self._network = network
        self._destination = destination
        self._pending: Any = None
        self._started = False
        self.transport: StreamTransport | None = None

    def connect(self) -> None:
        """Begin to connect (again)."""
        if self.state != "disconnected":
            raise RuntimeError("can't connect in this state")
        self.state = "connecting"
        if not self._started:
            self._started = True
            self.factory.doStart()
        self.factory.startedConnecting(self)
        if self.state != "connecting":
            return
        if self._network.unreachable(self._destination):
            if self.timeout is not None:
                self._pending = self._network.callLater(
                    self.timeout, self._failed, error.TimeoutError()
                )
            return
        delay = self._network.latency
        self._pending = self._network.callLater(delay, self._arrive)

    def stopConnecting(self) -> None:
        """Give up an attempt that is under way."""
        if self.state != "connecting":
            raise error.NotConnectingError("we're not trying to connect")
        if self._pending is not None and self._pending.active():
            self._pending.cancel()
        self._failed(error.UserError())

    def disconnect(self) -> None:
        """End whatever there is: the attempt, or the connection."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self.transport is not None:
            self.transport.loseConnection()

    def getDestination(self) -> Address:
        """Give the address that is connected to."""
        return self._destination

    def connection_lost(self, reason: Failure) -> None:
        """The connection is gone: tell the factory."""
        self.state = "disconnected"
        self.transport = None
        self.factory.clientConnectionLost(self, reason)
        self._stopped()

    def _arrive(self) -> None:
        port = self._network.stream_port(self._destination)
        if port is None:
            self._failed(error.ConnectionRefusedError())
            return
        self.state = "connected"
        near = self._network.address("TCP", self.source, self._network.free_port())
        self.transport = self._network.join(self, near, port)

    def _failed(self, reason: Exception) -> None:
        self.state = "disconnected"
        self.factory.clientConnectionFailed(self, Failure(reason))
        self._stopped()

    def _stopped(self) -> None:
        if self.state == "disconnected" and self._started:
            self._started = False
            self.factory.doStop()


@implementer(IListeningPort)
class StreamPort:
    """A port that accepts connections."""

    def __init__(
        self, network: MemoryNetwork, host: Address, factory: ServerFactory[Any]
    ) -> None:
        self._network = network
        self._host = host
        self.factory = factory

    def startListening(self) -> None:
        """Open the port."""
        self._network.open_stream_port(self)
        self.factory.doStart()

    def stopListening(self) -> None:
        """Close the port; connections stay."""
        if self._network.close_stream_port(self):
            self.factory.doStop()

    loseConnection = stopListening

    def getHost(self) -> Address:
        """Give the address that is listened on."""
        return self._host
