"""UDP, TCP and TLS as Twisted protocols (RFC 3261 18, RFC 3581, RFC 5626 3.5.1).

A flow is a way to one peer: `send` gives False when the octets could not leave.
"""

from __future__ import annotations

from collections import deque
from math import inf
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

# How long messages may be handled before the reactor gets its turn.
_TURN: Final = 0.02
# A pause that only a reactor without work makes.
_REST: Final = 0.001
# What one connection may have handled at once while nobody waits.
_AT_ONCE: Final = 8


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


class Turns:
    """Shares the time of one reactor among connections that bring much.

    While there is time, a connection's messages are handled as they arrive. After that
    connections wait in line; one message of each is handled, then one of each again,
    and between any two spells of `_TURN` the reactor does what else it has to.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._line: deque[SipConnection] = deque()
        self._call: IDelayedCall | None = None
        self._began = 0.0
        self._ended = 0.0

    def is_open(self, now: float) -> bool:
        """Whether a message may be handled at once."""
        if self._line:
            return False
        if not 0.0 <= now - self._ended <= _REST:
            self._began = now
        return now - self._began < _TURN

    def used(self) -> None:
        """Messages have been handled until this moment."""
        self._ended = self._clock.seconds()

    def wait(self, connection: SipConnection) -> None:
        """Stand in line."""
        self._line.append(connection)
        if self._call is None:
            self._call = self._clock.callLater(0, self._run)

    def leave(self, connection: SipConnection) -> None:
        """Step out of the line."""
        self._line.remove(connection)
        if not self._line and self._call is not None:
            self._call.cancel()
            self._call = None

    def _run(self) -> None:
        self._call = None
        line, now = self._line, self._clock.seconds()
        self._began, until = now, now + _TURN
        while line and now < until:
            connection = line.popleft()
            if connection.take_turn():
                line.append(connection)
            now = self._clock.seconds()
        self._ended = now
        if line and self._call is None:
            self._call = self._clock.callLater(0, self._run)


@implementer(IPushProducer, IHandshakeListener)
class SipConnection(TwistedProtocol):
    """One TCP or TLS connection, whoever made it; it is its own flow.

    As the producer of what it writes it stops reading while the peer does not read,
    while the peer has as many requests in work as it may, and while it waits in line
    to have handled what was read. Requests that ring hold up nothing, but as long as
    there are any the connection is not idle.
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
        turns: Turns | None = None,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._settings = settings
        self._parser = StreamParser(limits)
        self._turns = turns or Turns(clock)
        self.transport_name = transport_name
        self.up = False
        self.peer = Peer(transport_name, "", 0)
        self.peer_name = ""
        self._pings = pings and settings.keepalive > 0
        self._timer: IDelayedCall | None = None
        self._heard = 0.0
        self._pinged = 0.0
        self._working = 0
        self._ringing = 0
        self._shaken = transport_name != "TLS"
        self._blocked = False
        self._unread = False
        self._left = False
        self._in_line = False
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
        """Hand on the messages that arrived, now or when it is their turn."""
        self._parser.add(data)
        if self._left:
            return
        turns = self._turns
        if turns.is_open(self._clock.seconds()):
            self._left = self._take(_AT_ONCE)
            turns.used()
        else:
            self._left = True
        if self._left:
            self._read_or_not()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone; its timer too."""
        self.up = False
        self._stop_watching()
        if self._in_line:
            self._in_line = False
            self._turns.leave(self)
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

    @property
    def idle_since(self) -> float:
        """When it was last heard of; infinity while anything of it is in work."""
        works = self.has_work or self._left or self.transport is None
        return inf if works else self._heard

    @property
    def has_work(self) -> bool:
        """Whether any request of this connection waits for its answer."""
        return bool(self._working or self._ringing)

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

    def began_to_ring(self) -> None:
        """A request in work may take long, and must not hold up others."""
        self._ringing += 1
        self.finished()

    def finished_ringing(self) -> None:
        """One request less rings."""
        self._ringing -= 1

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

    def take_turn(self) -> bool:
        """Hand on the next message; True if the connection wants to wait again."""
        try:
            self._left = self._take(1)
        except Exception:
            self._log.failure("a message from {peer} broke us", peer=self.peer)
            self.abort()
        self._in_line = self.up and self._left and self._may_take()
        if not self._in_line:
            self._read_or_not()
        return self._in_line

    # -- within -------------------------------------------------------------------

    def _may_take(self) -> bool:
        """Whether the peer reads, and has not too many requests in work."""
        return not self._blocked and self._working < self._settings.pending

    def _take(self, most: int) -> bool:
        """Hand on so many messages at most; True if octets are left to look at."""
        pings = taken = 0
        parser = self._parser
        while taken < most and self.up and self._may_take():
            event = parser.take()
            if event is None:
                break
            self._heard = self._clock.seconds()
            if isinstance(event, KeepAlive):
                pings += event is KeepAlive.PING
                continue
            taken += 1
            if isinstance(event, Invalid):
                self._wire.invalid(event, self)
                if event.fatal:
                    self.close()
            else:
                self._wire.message(event, self)
        if pings:
            self.send(PONG * pings)
        return parser.has_more

    def _read_or_not(self) -> None:
        may_take = self._may_take()
        if self._left and may_take and self.up and not self._in_line:
            self._in_line = True
            self._turns.wait(self)
        unread = self._left or not may_take
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
        # Compared as `_watch` reckons it: else a rounding error looks again for ever.
        silent = now >= self._heard + self._patience()
        if silent and not self._shaken:
            self._log.debug("{peer} does not shake hands", peer=self.peer)
            self.abort()
            return
        if silent and not self.has_work:
            self._log.debug("{peer} was idle too long", peer=self.peer)
            self.close()
            return
        if silent:
            self._heard = now
        if self._pings and now >= self._pinged + self._settings.keepalive:
            self._pinged = now
            self.send(PING)
        self._watch()

    def _stop_watching(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


Flow = UdpFlow | SipConnection
