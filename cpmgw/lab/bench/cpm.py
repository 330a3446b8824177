"""The CPM side of the benchmark: sends messages at a pace, answers IMDNs."""

from __future__ import annotations

import random
from collections import deque
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any, Final, Protocol

from twisted.internet.protocol import DatagramProtocol, ServerFactory
from twisted.internet.protocol import Protocol as StreamProtocol

from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.messages import PagerMessages, answered, cut, notified, ok

_TICK: Final = 0.001
# RFC 3261 17.1.2.2: Timer E begins at T1.
_RESEND_AFTER: Final = 0.5
_BUFFER: Final = 4 * 1024 * 1024


class Pace(Protocol):
    """When messages are to leave."""

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """The moments, up to now, of those that are to leave now."""


class Window:
    """Closed loop: as many messages as keep `size` of them at the gateway."""

    def __init__(self, size: int) -> None:
        self._size = size

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """One moment, now, for each that fits."""
        return [now] * (self._size - ledger.at_the_gateway)


class Rate:
    """Open loop: independent senders, so many messages a second on the average."""

    def __init__(self, rate: float, now: float, seed: int = 1) -> None:
        self._rate = rate
        self._gaps = random.Random(seed)
        self._next = now

    def due(self, now: float, ledger: Ledger) -> list[float]:
        """Moments with exponential gaps (a Poisson process)."""
        moments = []
        while self._next <= now:
            moments.append(self._next)
            self._next += self._gaps.expovariate(self._rate)
        return moments


class CpmLoad:
    """Sends by `pace` while there is one; `write` is set by the transport."""

    def __init__(self, reactor: Any, ledger: Ledger, *, resends: bool) -> None:
        self.ledger = ledger
        self.pace: Pace | None = None
        self.messages = PagerMessages("UDP", "127.0.0.1", 9)
        self._reactor = reactor
        self._write: Any = None
        self._unanswered: deque[tuple[float, int]] = deque()
        self._resends = resends
        self._sending = False

    def connected(self, write: Any, messages: PagerMessages) -> None:
        """The way to the gateway is open."""
        self._write = write
        self.messages = messages
        self._tick()

    def received(self, data: bytes, write: Any) -> None:
        """A response to one of ours, or an IMDN, which is answered."""
        now = self._reactor.seconds()
        if data.startswith(b"SIP/2.0 "):
            response = answered(data)
            if response is not None and response[1] >= 200:
                self.ledger.answer(*response, now)
        else:
            write(ok(data))
            number = notified(data)
            if number is None:
                self.ledger.faults["request that is no IMDN of ours"] += 1
            else:
                self.ledger.notify(number, now)
        self.send()

    def send(self) -> None:
        """Send what the pace has due."""
        if self.pace is None or self._sending:
            return
        self._sending = True
        now = self._reactor.seconds()
        for moment in self.pace.due(now, self.ledger):
            number = self.ledger.send(moment)
            self._write(self.messages.message(number))
            self._unanswered.append((now + _RESEND_AFTER, number))
        self._sending = False

    def _tick(self) -> None:
        self.send()
        self._resend()
        self._reactor.callLater(_TICK, self._tick)

    def _resend(self) -> None:
        """Send again what a datagram may have been lost of."""
        now = self._reactor.seconds()
        while self._unanswered and self._unanswered[0][0] <= now:
            _, number = self._unanswered.popleft()
            if self._resends and not self.ledger.answered[number]:
                self.ledger.resent += 1
                self._write(self.messages.message(number))
                self._unanswered.append((now + _RESEND_AFTER, number))


class UdpLoad(DatagramProtocol):
    """The load over UDP, from one port to one port."""

    noisy = False
    transport: Any

    def __init__(self, load: CpmLoad, port: int) -> None:
        self._load = load
        self._port = port

    def startProtocol(self) -> None:
        """Begin."""
        own = self.transport.getHost().port
        self.transport.getHandle().setsockopt(SOL_SOCKET, SO_RCVBUF, _BUFFER)
        self.transport.connect("127.0.0.1", self._port)
        messages = PagerMessages("UDP", "127.0.0.1", own)
        self._load.connected(self.transport.write, messages)

    def datagramReceived(self, data: bytes, address: Any) -> None:
        """A message from the gateway."""
        self._load.received(data, self.transport.write)

    def connectionRefused(self) -> None:
        """The gateway is not there; the ledger will show it."""


class TcpLoad(StreamProtocol):
    """One connection with the gateway, made by either side."""

    transport: Any

    def __init__(self, load: CpmLoad, port: int) -> None:
        self._load = load
        self._port = port
        self._buffer = bytearray()

    def connectionMade(self) -> None:
        """Begin, if it is the connection that we made."""
        self.transport.setTcpNoDelay(True)
        if self._port:
            messages = PagerMessages("TCP", "127.0.0.1", self._port)
            self._load.connected(self.transport.write, messages)

    def dataReceived(self, data: bytes) -> None:
        """Messages from the gateway, or parts of them."""
        self._buffer += data
        for message in cut(self._buffer):
            self._load.received(message, self.transport.write)


class TcpReceiver(ServerFactory):
    """Takes the connection that the gateway sends its IMDNs over."""

    noisy = False

    def __init__(self, load: CpmLoad) -> None:
        self._load = load

    def buildProtocol(self, addr: Any) -> TcpLoad:
        """A connection that brings requests."""
        return TcpLoad(self._load, 0)
