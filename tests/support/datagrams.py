"""UDP in memory: ports that exchange datagrams, and what may befall a datagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from twisted.internet import error
from twisted.internet.interfaces import IListeningPort, IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from tests.support.streams import Address

if TYPE_CHECKING:
    from tests.support.network import MemoryNetwork

MAX_DATAGRAM: Final = 65507
"""Octets that fit a UDP datagram over IPv4."""


class Datagram(msgspec.Struct, frozen=True):
    """One datagram as it was sent: (host, port) of both sides, and the octets."""

    source: tuple[str, int]
    target: tuple[str, int]
    octets: bytes


class Fate(msgspec.Struct, frozen=True):
    """What the network does with one datagram: how often it arrives, and how late."""

    copies: int = 1
    delay: float = 0.0


LOST: Final = Fate(copies=0)
CARRIED: Final = Fate()
TWICE: Final = Fate(copies=2)


@implementer(IListeningPort, IUDPTransport)
class DatagramPort:
    """A UDP port: the transport of a DatagramProtocol."""

    def __init__(
        self, network: MemoryNetwork, host: Address, protocol: DatagramProtocol
    ) -> None:
        self._network = network
        self._host = host
        self._remote: tuple[str, int] | None = None
        self._broadcast = False
        self.protocol = protocol

    def startListening(self) -> None:
        """Open the port and give it to its protocol."""
        self._network.open_datagram_port(self)
        self.protocol.makeConnection(self)

    def stopListening(self) -> None:
        """Close the port; the protocol is told."""
        if self._network.close_datagram_port(self):
            self.protocol.doStop()

    loseConnection = stopListening

    def getHost(self) -> Address:
        """Give the address that is listened on."""
        return self._host

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send one datagram."""
        target = addr or self._remote
        if target is None:
            raise TypeError("no address to send to")
        if len(packet) > MAX_DATAGRAM:
            raise error.MessageLengthError("message too long")
        host = self._host.host
        source = ("127.0.0.1" if host in {"", "0.0.0.0"} else host, self._host.port)
        self._network.send(Datagram(source, (target[0], target[1]), bytes(packet)))

    def receive(self, datagram: Datagram) -> None:
        """Give a datagram to the protocol; an exception is logged."""
        if self._remote is not None and datagram.source != self._remote:
            return
        try:
            self.protocol.datagramReceived(datagram.octets, datagram.source)
        except Exception:
            Logger().failure("A protocol raised in datagramReceived")

    def connect(self, host: str, port: int) -> None:
        """Speak to one peer only."""
        self._remote = (host, port)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Remember the option."""
        self._broadcast = enabled

    def getBroadcastAllowed(self) -> bool:
        """Tell the option."""
        return self._broadcast
