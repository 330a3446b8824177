"""A tap in the wire: it passes octets on, and writes them down as a capture file.

Unlike a capture from the interface it needs no rights, so it works for any user.
"""

from __future__ import annotations

import itertools
import socket
import struct
import time
from pathlib import Path
from typing import Any, Final

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import (
    DatagramProtocol,
    Factory,
    Protocol,
    connectionDone,
)
from twisted.python.failure import Failure

from tests.live.reactor import reactor

LINKTYPE_RAW: Final = 101
"""Packets begin with their IP header."""

LOOPBACK: Final = socket.inet_aton("127.0.0.1")
PUSH_ACK: Final = 0x18
SEGMENT: Final = 1400
"""Octets in one TCP segment, so that PDUs are cut as on a real wire."""


class Capture:
    """A capture file (libpcap's format) of UDP and TCP over loopback."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(
            struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW)
        )

    def close(self) -> None:
        """Write everything out; what comes later is not written down."""
        self._file.close()

    def udp(self, source: int, target: int, data: bytes) -> None:
        """Add a datagram between two ports."""
        header = struct.pack("!HHHH", source, target, 8 + len(data), 0)
        self._packet(socket.IPPROTO_UDP, header + data)

    def tcp(self, source: int, target: int, at: int, seen: int, data: bytes) -> None:
        """Add a segment; `at` and `seen` are sequence and acknowledgement number."""
        header = struct.pack(
            "!HHIIBBHHH", source, target, at, seen, 5 << 4, PUSH_ACK, 65535, 0, 0
        )
        self._packet(socket.IPPROTO_TCP, header + data)

    def _packet(self, protocol: int, payload: bytes) -> None:
        if self._file.closed:
            return
        length = 20 + len(payload)
        ip = struct.pack(
            "!BBHHHBBH4s4s",
            *(0x45, 0, length, 0, 0, 64, protocol, 0),
            *(LOOPBACK, LOOPBACK),
        )
        now = time.time()
        head = struct.pack("<IIII", int(now), int(now % 1 * 1e6), length, length)
        self._file.write(head + ip + payload)


class _Half(Protocol):
    """One of the two connections of a tapped connection."""

    def __init__(self, capture: Capture, ports: tuple[int, int]) -> None:
        self.other: _Half | None = None
        self.sent = 1
        self._capture = capture
        self._ports = ports
        self._early: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """Write it down and pass it on (when there is somebody to pass it to)."""
        if self.other is None:
            self._early.append(data)
            return
        for start in range(0, len(data), SEGMENT):
            piece = data[start : start + SEGMENT]
            self._capture.tcp(*self._ports, self.sent, self.other.sent, piece)
            self.sent += len(piece)
        transport: Any = self.other.transport
        transport.write(data)

    def join(self, other: _Half) -> None:
        """The other end is there."""
        self.other, other.other = other, self
        early, self._early = self._early, []
        for data in early:
            self.dataReceived(data)

    def refused(self, failure: Failure) -> None:
        """There is nobody at the other end."""
        if self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close the other one too."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.loseConnection()


class TcpTap(Factory):
    """Listens for TCP connections and passes them on to a port."""

    def __init__(self, capture: Capture, target: int) -> None:
        self.noisy = False
        self._capture = capture
        self._target = target
        self._numbers = itertools.count(40001)
        self.listening = reactor.listenTCP(0, self, interface="127.0.0.1")
        self.port = int(self.listening.getHost().port)

    def buildProtocol(self, addr: Any) -> Protocol:
        """A connection has come: make its like to the target."""
        number = next(self._numbers)
        near = _Half(self._capture, (number, self._target))
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self._target)
        connecting = endpoint.connect(
            Factory.forProtocol(lambda: _Half(self._capture, (self._target, number)))
        )
        connecting.addCallbacks(near.join, near.refused)
        return near

    async def stop(self) -> None:
        """Listen no more."""
        await self.listening.stopListening()


class _Socket(DatagramProtocol):
    def __init__(self, tap: UdpTap) -> None:
        self.tap = tap

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.tap.pass_on(self, datagram, addr)


class UdpTap:
    """Passes datagrams on to a port, and what comes back to whoever sent the last."""

    def __init__(self, capture: Capture, target: int) -> None:
        self._capture = capture
        self._target = ("127.0.0.1", target)
        self._client: tuple[str, int] | None = None
        self._near, self._far = _Socket(self), _Socket(self)
        self._ports = [
            reactor.listenUDP(0, each, interface="127.0.0.1")
            for each in (self._near, self._far)
        ]
        self.port = int(self._ports[0].getHost().port)

    def pass_on(self, came: _Socket, data: bytes, source: tuple[str, int]) -> None:
        """Write a datagram down and send it to the other side."""
        if came is self._near:
            self._client = source
            self._capture.udp(source[1], self._target[1], data)
            self._send(self._far, data, self._target)
        elif self._client is not None:
            self._capture.udp(source[1], self._client[1], data)
            self._send(self._near, data, self._client)

    def _send(self, through: _Socket, data: bytes, target: tuple[str, int]) -> None:
        transport: Any = through.transport
        transport.write(data, target)

    async def stop(self) -> None:
        """Close both sockets."""
        for port in self._ports:
            await port.stopListening()
