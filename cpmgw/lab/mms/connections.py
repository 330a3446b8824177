"""Connections that can be closed while a mail comes by them: what a mail port has not.

They are put between the port and the network: whoever is asked about a mail is asked
while its connection brings octets, and can have that very connection cut.
"""

from __future__ import annotations

from typing import Any, Final, cast

from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

# More than the commands that may come before the content does, and less than a mail.
_INTO_CONTENT: Final = 100


class Connections:
    """A reactor whose connections can be cut; all else of it is the one given.

    `cuts` is how many were.
    """

    def __init__(self, reactor: Any) -> None:
        self.cuts = 0
        self._reactor = reactor
        self._current: _Connection | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Listen; what connects can be cut."""
        cuttable = _Factory(factory, self)
        listening = self._reactor.listenTCP(port, cuttable, backlog, interface)
        return cast(IListeningPort, listening)

    def cut(self) -> None:
        """Close the connection that brings octets now."""
        if self._current is not None:
            self.cuts += 1
            self._current.abortConnection()

    def cut_in_content(self) -> None:
        """Close it as soon as the content of the mail has begun to come."""
        if self._current is not None:
            self._current.left = _INTO_CONTENT

    def brings(self, connection: _Connection) -> None:
        """Octets come by a connection."""
        self._current = connection


class _Connection(ProtocolWrapper):
    """One connection; with `left`, after so many more octets it is cut."""

    left: int | None = None

    def dataReceived(self, data: bytes) -> None:
        """Hand octets on, or cut."""
        connections: Connections = self.factory.connections
        connections.brings(self)
        if self.left is not None:
            self.left -= len(data)
            if self.left <= 0:
                self.left = None
                connections.cut()
                return
        super().dataReceived(data)

    def abortConnection(self) -> None:
        """Cut."""
        transport: Any = self.transport
        transport.abortConnection()


class _Factory(WrappingFactory):
    """Wraps what is served; Twisted's own fails over one that is not."""

    protocol = _Connection
    noisy = False

    def __init__(self, wrapped: ServerFactory, connections: Connections) -> None:
        super().__init__(wrapped)
        self.connections = connections

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Wrap what serves a connection."""
        inner: Any = self.wrappedFactory.buildProtocol(addr)
        wrap: Any = self.protocol
        return None if inner is None else wrap(self, inner)
