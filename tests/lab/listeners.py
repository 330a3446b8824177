"""Protocols that remember what they hear on the network in memory."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet import error
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.support.network import MemoryNetwork
from tests.support.streams import StreamTransport

DONE: Final = Failure(error.ConnectionDone())


class Listener(Protocol):
    transport: StreamTransport

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended: Failure | None = None
        self.hello = b""

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)

    def connectionMade(self) -> None:
        if self.hello:
            self.transport.write(self.hello)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = DONE) -> None:
        self.ended = reason


class Connecting(ClientFactory[Listener]):
    def __init__(self) -> None:
        self.failed: Failure | None = None
        self.lost: Failure | None = None
        self.protocol_made = Listener()

    def buildProtocol(self, addr: Any) -> Listener:
        return self.protocol_made

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.failed = reason

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.lost = reason


class Serving(ServerFactory[Listener]):
    def __init__(self) -> None:
        self.made: list[Listener] = []

    def buildProtocol(self, addr: Any) -> Listener:
        self.made.append(Listener())
        return self.made[-1]


class NetworkTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()

    def pair(self) -> tuple[Listener, Listener]:
        """Two protocols that are connected, client first."""
        serving, connecting = Serving(), Connecting()
        self.network.listenTCP(2775, serving, interface="127.0.0.1")
        self.network.connectTCP("127.0.0.1", 2775, connecting)
        self.network.settle()
        return connecting.protocol_made, serving.made[0]
