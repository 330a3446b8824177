"""UDP, TCP and TLS as Twisted protocols (RFC 3261 18, RFC 3581, RFC 5626 3.5.1).

A flow is a way to one peer: `send` gives False when the octets could not leave.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Protocol

import msgspec
from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Invalid, KeepAlive, Limits, StreamParser, is_keep_alive
from cpmgw.sip.peer import Peer
from cpmgw.sip.settings import ConnectionSettings

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"

# How long the last octets of a connection may take to leave.
_CLOSING: Final = 5.0
# How long a TLS handshake may take.
_HANDSHAKE: Final = 10.0


class Wire(Protocol):
    """What the transports hand octets and messages to."""

    def datagram(self, data: bytes, flow: UdpFlow) -> None:
        """A datagram that is no keep-alive."""

    def message(self, message: Request | Response, flow: SipConnection) -> None:
        """A message from a connection."""

    def invalid(self, invalid: Invalid, flow: SipConnection) -> None:
        """What a connection brought instead of a message."""

    def connected(self, flow: SipConnection) -> None:
        """A connection is up."""

    def lost(self, flow: SipConnection, reason: Failure) -> None:
        """A connection is no more."""


class UdpFlow(msgspec.Struct, frozen=True):
    """One peer as a UDP socket sees it."""

    socket: UdpSocket
    host: str
    port: int

    reliable: ClassVar[bool] = False
    transport_name: ClassVar[str] = "UDP"

    @property
    def peer(self) -> Peer:
        """Who is at the other end."""
        return Peer("UDP", self.host, self.port)

    def send(self, data: bytes) -> bool:
        """Send one datagram; an ICMP refusal does not come back to this socket."""
        return self.socket.send(data, self.host, self.port)


class UdpSocket(DatagramProtocol):
    """One bound UDP port; unconnected, so that no ICMP error is ever told to it."""

    noisy = False
    _log = Logger()

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def datagramReceived(self, data: bytes, address: tuple[str, int]) -> None:
        """Hand a datagram on; CRLFs only keep a NAT binding open."""
        if not is_keep_alive(data):
            self._wire.datagram(data, UdpFlow(self, address[0], address[1]))

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send a datagram; False if the socket is closed or the system refuses."""
        if self.transport is None:
            return False
        try:
            self.transport.write(data, (host, port))
        except (OSError, ValueError, MessageLengthError) as error:
            self._log.debug("UDP refused a datagram: {error}", error=error)
            return False
        return True


@implementer(IPushProducer, IHandshakeListener)
class SipConnection(TwistedProtocol):
    """One TCP or TLS connection, whoever made it; it is its own flow.

    As the producer of what it writes it stops reading while the peer does not read,
    and while the peer has as many requests in work as it may.
    """

    reliable: ClassVar[bool] = True
    transport: Any
    _log = Logger()

    def __init__(
        self,
        wire: Wire,
        clock: IReactorTime,
        settings: ConnectionSettings,
        limits: Limits,
        *,
        transport_name: str,
        pings: bool,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._settings = settings
        self._parser = StreamParser(limits)
        self.transport_name = transport_name
        self.up = False
        self.peer = Peer(transport_name, "", 0)
        self.peer_name = ""
        self._pings = pings and settings.keepalive > 0
        self._timer: IDelayedCall | None = None
        self._heard = 0.0
        self._pinged = 0.0
        self._working = 0
        self._shaken = transport_name != "TLS"
        self._blocked = False
        self._unread = False
        self._queued = 0

    # -- Twisted calls these ------------------------------------------------------

    def connectionMade(self) -> None:
        """Take the connection into use."""
        transport = self.transport
        no_delay = getattr(transport, "setTcpNoDelay", None)
        if no_delay is not None:
            no_delay(True)
        address = transport.getPeer()
        self.peer = Peer(self.transport_name, address.host, address.port)
        transport.registerProducer(self, True)
        self.up = True
        self._heard = self._pinged = self._clock.seconds()
        self._watch()
        self._wire.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Take what arrived apart and hand it on."""
        pings = 0
        for event in self._parser.feed(data):
            if not self.up:
                return
            self._heard = self._clock.seconds()
            if isinstance(event, KeepAlive):
                pings += event is KeepAlive.PING
            elif isinstance(event, Invalid):
                self._wire.invalid(event, self)
                if event.fatal:
                    self.close()
            else:
                self._wire.message(event, self)
        if pings:
            self.send(PONG * pings)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone; its timer too."""
        self.up = False
        self._stop_watching()
        self._wire.lost(self, reason)

    def handshakeCompleted(self) -> None:
        """From here on reading may pause; the handshake itself has to be read."""
        self._shaken = True

    def pauseProducing(self) -> None:
        """The peer does not read: stop reading from it."""
        self._blocked = True
        self._queued = 0
        self._read_or_not()

    def resumeProducing(self) -> None:
        """The peer reads again."""
        self._blocked = False
        self._read_or_not()

    def stopProducing(self) -> None:
        """Nothing more can be written."""
        self.up = False

    # -- as a flow ----------------------------------------------------------------

    def send(self, data: bytes) -> bool:
        """Write octets; False if the connection is gone or its peer too slow."""
        if not self.up:
            return False
        if self._blocked:
            self._queued += len(data)
            if self._queued > self._settings.buffered:
                self._log.info("{peer} does not read; giving up", peer=self.peer)
                self.abort()
                return False
        self.transport.write(data)
        return True

    def began(self) -> None:
        """One more request of this connection is in work."""
        self._working += 1
        if self._working == self._settings.pending:
            self._read_or_not()

    def finished(self) -> None:
        """One request less is in work."""
        self._working -= 1
        if self._unread:
            self._read_or_not()

    def abort_if_silent(self, seconds: float) -> None:
        """Close at once if nothing was heard for so long: the peer must be gone."""
        if self.up and self._clock.seconds() - self._heard >= seconds:
            self._log.info("{peer} is silent; giving up", peer=self.peer)
            self.abort()

    def close(self) -> None:
        """Close after what is written has left, or when that takes too long."""
        if not self.up:
            return
        self.up = False
        self._stop_watching()
        self._timer = self._clock.callLater(_CLOSING, self.transport.abortConnection)
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.up = False
        self._stop_watching()
        self.transport.abortConnection()

    # -- within -------------------------------------------------------------------

    def _read_or_not(self) -> None:
        unread = self._blocked or self._working >= self._settings.pending
        if unread == self._unread or not self.up or not self._shaken:
            return
        self._unread = unread
        if unread:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def _watch(self) -> None:
        """Look again when the connection is next to be pinged or given up."""
        wait = self._heard + self._patience() - self._clock.seconds()
        if self._pings:
            ping = self._pinged + self._settings.keepalive - self._clock.seconds()
            wait = min(wait, ping)
        self._timer = self._clock.callLater(max(wait, 0.0), self._look)

    def _patience(self) -> float:
        """How long nothing may be heard."""
        idle = self._settings.idle
        return idle if self._shaken else min(idle, _HANDSHAKE)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        if not self._shaken and now - self._heard >= self._patience():
            self._log.debug("{peer} does not shake hands", peer=self.peer)
            self.abort()
            return
        if now - self._heard >= self._settings.idle and not self._working:
            self._log.debug("{peer} was idle too long", peer=self.peer)
            self.close()
            return
        if now - self._heard >= self._settings.idle:
            self._heard = now
        if self._pings and now - self._pinged >= self._settings.keepalive:
            self._pinged = now
            self.send(PING)
        self._watch()

    def _stop_watching(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


Flow = UdpFlow | SipConnection
