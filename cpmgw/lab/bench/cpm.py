"""The CPM side of the benchmark: sends pager mode messages, answers IMDNs."""

from __future__ import annotations

from collections import deque
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any, Final, Protocol

from twisted.internet.defer import DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import DatagramProtocol, ServerFactory
from twisted.internet.protocol import Protocol as StreamProtocol

from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.messages import PagerMessages, answered, cut, notified, ok
from cpmgw.lab.bench.pacing import Pacing
from cpmgw.lab.bench.subject import Ports

_HOST: Final = "127.0.0.1"
_LOOK_AGAIN: Final = 0.01
# RFC 3261 17.1.2.2: Timer E begins at T1.
_RESEND_AFTER: Final = 0.5
_BUFFER: Final = 4 * 1024 * 1024


class SipEnd(Protocol):
    """Who is at the load's end of SIP."""

    def connected(self, write: Any, transport: str, port: int) -> None:
        """The way to the gateway is open; ours is reached at `port`."""

    def received(self, data: bytes, write: Any) -> None:
        """A whole message is here; `write` sends on the way it came."""


class CpmLoad:
    """Sends at the pace that `pacing` has."""

    def __init__(self, reactor: Any, ledger: Ledger, transport: str = "udp") -> None:
        self.ledger = ledger
        self.pacing = Pacing(reactor, ledger, self._leave)
        self._messages = PagerMessages("UDP", _HOST, 9)
        self._reactor = reactor
        self._transport = transport
        self._write: Any = None
        self._unanswered: deque[tuple[float, int]] = deque()
        self._ports: list[Any] = []

    async def connect(self, ports: Ports) -> None:
        """Join the gateway: from one port to one port, or over one connection."""
        # Over UDP as well: what is longer than 1300 octets comes over TCP (18.1.1).
        reactor = self._reactor
        receiver = TcpReceiver(self)
        self._ports.append(reactor.listenTCP(ports.cpm, receiver, interface=_HOST))
        if self._transport == "udp":
            protocol = UdpLoad(self, ports.gateway)
            self._ports.append(reactor.listenUDP(ports.cpm, protocol, interface=_HOST))
        else:
            endpoint = TCP4ClientEndpoint(reactor, _HOST, ports.gateway)
            await connectProtocol(endpoint, TcpLoad(self, ports.cpm))

    async def close(self) -> None:
        """Send nothing more, take nothing more."""
        self.pacing.pace = None
        await DeferredList([port.stopListening() for port in self._ports])

    def connected(self, write: Any, transport: str, port: int) -> None:
        """The way to the gateway is open."""
        self._write = write
        self._messages = PagerMessages(transport, _HOST, port)
        self.pacing.start()
        if transport == "UDP":
            self._resend()

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
        self.pacing.send()

    def _leave(self, number: int) -> None:
        self._write(self._messages.message(number))
        again = self._reactor.seconds() + _RESEND_AFTER
        self._unanswered.append((again, number))

    def _resend(self) -> None:
        """Send again what a datagram may have been lost of."""
        now = self._reactor.seconds()
        while self._unanswered and self._unanswered[0][0] <= now:
            _, number = self._unanswered.popleft()
            if not self.ledger.answered[number]:
                self.ledger.resent += 1
                self._write(self._messages.message(number))
                self._unanswered.append((now + _RESEND_AFTER, number))
        self._reactor.callLater(_LOOK_AGAIN, self._resend)


class UdpLoad(DatagramProtocol):
    """The load over UDP, from one port to one port."""

    noisy = False
    transport: Any

    def __init__(self, load: SipEnd, port: int) -> None:
        self._load = load
        self._port = port

    def startProtocol(self) -> None:
        """Begin."""
        own = self.transport.getHost().port
        self.transport.getHandle().setsockopt(SOL_SOCKET, SO_RCVBUF, _BUFFER)
        self.transport.connect(_HOST, self._port)
        self._load.connected(self.transport.write, "UDP", own)

    def datagramReceived(self, data: bytes, address: Any) -> None:
        """A message from the gateway."""
        self._load.received(data, self.transport.write)

    def connectionRefused(self) -> None:
        """The gateway is not there; the ledger will show it."""


class TcpLoad(StreamProtocol):
    """One connection with the gateway, made by either side."""

    transport: Any

    def __init__(self, load: SipEnd, port: int) -> None:
        self._load = load
        self._port = port
        self._buffer = bytearray()

    def connectionMade(self) -> None:
        """Begin, if it is the connection that we made."""
        self.transport.setTcpNoDelay(True)
        if self._port:
            self._load.connected(self.transport.write, "TCP", self._port)

    def dataReceived(self, data: bytes) -> None:
        """Messages from the gateway, or parts of them."""
        self._buffer += data
        for message in cut(self._buffer):
            self._load.received(message, self.transport.write)


class TcpReceiver(ServerFactory):
    """Takes the connection that the gateway sends its requests over."""

    noisy = False

    def __init__(self, load: SipEnd) -> None:
        self._load = load

    def buildProtocol(self, addr: Any) -> TcpLoad:
        """A connection that brings requests."""
        return TcpLoad(self._load, 0)
