"""TCP in memory: connections that carry octets between two protocols.

A connection is a pair of `StreamTransport`; what one side writes travels through a
queue of (time it is due, octets), so latency, cuts and partitions are the network's to
decide, and a reader that pauses really holds its writer back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IProtocol, IPushProducer, ITCPTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from tests.support.connecting import StreamConnector
    from tests.support.network import MemoryNetwork

Address = IPv4Address | IPv6Address

HIGH_WATER: Final = 65536
"""Octets on the way after which a streaming producer is asked to pause."""


@implementer(ITCPTransport, IPushProducer)
class StreamTransport:
    """One end of a connection in memory."""

    disconnecting = False
    connected = True

    def __init__(self, network: MemoryNetwork, host: Address, peer: Address) -> None:
        self._network = network
        self._host = host
        self._peer = peer
        self._other: StreamTransport | None = None
        self._protocol: IProtocol | None = None
        self._connector: StreamConnector | None = None
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._queued = 0
        self._flushing = False
        self._reading = True
        self._producer: Any = None
        self._streaming = False
        self._producer_paused = False
        self._options: dict[str, bool] = {}

    def attach(
        self,
        other: StreamTransport,
        protocol: IProtocol,
        connector: StreamConnector | None = None,
    ) -> None:
        """Join this end to the other one and to its protocol."""
        self._other = other
        self._protocol = protocol
        self._connector = connector

    # -- ITransport, ITCPTransport

    def write(self, data: bytes) -> None:
        """Send octets; they arrive when the network carries them."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError("Data must be octets")
        if not self.connected or not data:
            return
        if self.disconnecting and self._producer is None:
            return
        self._queue.append((self._network.arrival(), bytes(data)))
        self._queued += len(data)
        if self._queued > HIGH_WATER and self._streaming and not self._producer_paused:
            self._producer_paused = True
            self._producer.pauseProducing()
        self.schedule()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send several strings of octets as one."""
        self.write(b"".join(iovec))

    def loseConnection(self, _connDone: object = None) -> None:
        """Close once everything written, and the producer, is done."""
        if not self.connected or self.disconnecting:
            return
        self.disconnecting = True
        if self._producer is None:
            self._end()

    def loseWriteConnection(self) -> None:
        """Close; half a connection is not kept open here."""
        self.loseConnection()

    def abortConnection(self) -> None:
        """Close at once; what was on the way is lost."""
        self.sever(error.ConnectionAborted(), error.ConnectionLost())

    def getPeer(self) -> Address:
        """Give the address of the other end."""
        return self._peer

    def getHost(self) -> Address:
        """Give the address of this end."""
        return self._host

    def getTcpNoDelay(self) -> bool:
        """Tell whether Nagle's algorithm was switched off."""
        return self._options.get("nodelay", False)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Remember the option, so that a test can ask for it."""
        self._options["nodelay"] = bool(enabled)

    def getTcpKeepAlive(self) -> bool:
        """Tell whether keep-alive was switched on."""
        return self._options.get("keepalive", False)

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Remember the option."""
        self._options["keepalive"] = bool(enabled)

    # -- IConsumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer, pulled or told to pause when too much is on the way."""
        if self._producer is not None:
            raise RuntimeError("a producer is registered already")
        if not self.connected:
            producer.stopProducing()
            return
        self._producer, self._streaming = producer, bool(streaming)
        self._producer_paused = False
        if not streaming:
            self._network.callLater(0, self._pull)

    def unregisterProducer(self) -> None:
        """Let the producer go; a pending close happens now."""
        self._producer = None
        self._streaming = False
        if self.connected and self.disconnecting:
            self._end()

    # -- IPushProducer

    def pauseProducing(self) -> None:
        """Stop giving octets to the protocol."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Give octets to the protocol again."""
        self._reading = True
        if self._other is not None:
            self._other.schedule()

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    # -- the network's side

    def schedule(self) -> None:
        """See to it that what is in the queue is carried when it is due."""
        if self._flushing or not self._queue:
            return
        self._flushing = True
        delay = max(0.0, self._queue[0][0] - self._network.seconds())
        self._network.callLater(delay, self._flush)

    def wake(self) -> None:
        """Carry on, both ways, after octets were held back."""
        self.schedule()
        if self._other is not None:
            self._other.schedule()

    def sever(self, here: Exception, there: Exception) -> None:
        """Lose the connection on both sides, and all that was on the way."""
        other = self._other
        self._queue.clear()
        self.lost(here)
        if other is not None:
            other._queue.clear()
            self._network.callLater(0, other.lost, there)

    def lost(self, reason: Exception) -> None:
        """Tell the protocol, once, that the connection is gone."""
        if not self.connected:
            return
        self.connected = False
        self.disconnecting = True
        self._network.forget(self)
        if self._producer is not None:
            producer, self._producer = self._producer, None
            producer.stopProducing()
        failure = Failure(reason)
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost(failure)
        if self._connector is not None:
            self._connector.connection_lost(failure)

    def _end(self) -> None:
        """Close this side now, and the other when it has read all."""
        self._queue.append((self._network.arrival(), None))
        self.schedule()
        self._network.callLater(0, self.lost, error.ConnectionDone())

    def _flush(self) -> None:
        """Carry what is due to the other side."""
        self._flushing = False
        other = self._other
        if other is None or not self._queue:
            return
        if not other._reading or self._network.stalled(self._host, self._peer):
            return
        octets, ended = self._due()
        if octets and other.connected:
            other.receive(octets)
        if ended:
            other.lost(error.ConnectionDone())
        self.schedule()
        self._drained()

    def _due(self) -> tuple[bytes, bool]:
        """Take from the queue what has arrived: octets, and whether the end has."""
        now = self._network.seconds()
        limit = self._network.segment_size
        taken = bytearray()
        while self._queue and self._queue[0][0] <= now:
            due, octets = self._queue[0]
            if octets is None:
                if not taken:
                    self._queue.popleft()
                return bytes(taken), not taken
            self._queue.popleft()
            if limit and len(taken) + len(octets) > limit:
                room = limit - len(taken)
                self._queue.appendleft((due, octets[room:]))
                taken += octets[:room]
                break
            taken += octets
        self._queued -= len(taken)
        return bytes(taken), False

    def receive(self, octets: bytes) -> None:
        """Give octets to the protocol; one that raises loses its connection."""
        assert self._protocol is not None
        try:
            self._protocol.dataReceived(octets)
        except Exception:
            failure = Failure()
            Logger().failure("A protocol raised in dataReceived", failure=failure)
            self.sever(error.ConnectionLost(), error.ConnectionLost())

    def _drained(self) -> None:
        if self._producer is None or self._queued > HIGH_WATER // 2:
            return
        if not self._streaming:
            self._pull()
        elif self._producer_paused:
            self._producer_paused = False
            self._producer.resumeProducing()

    def _pull(self) -> None:
        if self._producer is not None and not self._streaming and not self._queue:
            self._producer.resumeProducing()
            if not self._queue and self._producer is not None:
                self._network.callLater(0, self._pull)
