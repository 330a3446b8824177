"""The web site for an operator's tools (HTTP/1.1).

It reads no bodies, and bounds connections in number and time.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.server import Request, Site

from cpmgw.admin.pages import Reload, pages_of
from cpmgw.gateway import Gateway
from cpmgw.sip.listening import parse_listen

MOST_CONNECTIONS: Final = 32
# Seconds that a connection may be idle, and that it may last at all.
IDLE: Final = 15.0
LIFETIME: Final = 120.0

_REFUSAL: Final = (
    b"HTTP/1.1 413 Request Entity Too Large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class BodilessRequest(Request):
    """A request whose body is refused as soon as it is announced (RFC 9110 15.5.14)."""

    _is_refused = False

    def gotLength(self, length: int | None) -> None:
        """A body of this length follows; None: of unknown length."""
        super().gotLength(0)
        if length != 0:
            self._is_refused = True
            self.channel.write(_REFUSAL)
            self.channel.loseConnection()

    def handleContentChunk(self, data: bytes) -> None:
        """Drop what was on its way."""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Serve the request, unless it was refused."""
        if not self._is_refused:
            super().requestReceived(command, path, version)


class QuietSite(Site):
    """A site without an access log: probes come every few seconds."""

    noisy = False

    def log(self, request: Any) -> None:
        """Write nothing."""


class BoundedConnection(ProtocolWrapper):
    """A connection that ends, at the latest, when its lifetime is over."""

    _end: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Start its lifetime."""
        factory: Doorkeeper = self.factory
        self._end = factory.clock.callLater(LIFETIME, self.abortConnection)
        super().connectionMade()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """It ended earlier."""
        if self._end is not None and self._end.active():
            self._end.cancel()
        super().connectionLost(reason)


class Doorkeeper(WrappingFactory):
    """Lets so many connections in at a time; others are closed at once."""

    protocol = BoundedConnection
    noisy = False

    def __init__(self, site: Site, clock: Any) -> None:
        super().__init__(site)
        self.clock = clock

    def buildProtocol(self, addr: Any) -> Any:
        """A connection, or None where there are enough."""
        if len(self.protocols) >= MOST_CONNECTIONS:
            return None
        return super().buildProtocol(addr)

    def abort(self) -> None:
        """End all connections."""
        for connection in list(self.protocols):
            connection.abortConnection()


class WebService(Service):
    """The web site of a gateway ([web] listen); `reload` has it read its file again."""

    log = Logger()

    def __init__(
        self, reactor: Any, gateway: Gateway, listen: str, reload: Reload
    ) -> None:
        self._reactor = reactor
        self._place = parse_listen(listen)
        site = QuietSite(
            pages_of(gateway, reload),
            requestFactory=BodilessRequest,
            timeout=IDLE,
            reactor=reactor,
        )
        self._doorkeeper = Doorkeeper(site, reactor)
        self._port: IListeningPort | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        """What is bound: host, port."""
        if self._port is None:
            return None
        bound: Any = self._port.getHost()
        return bound.host, bound.port

    def startService(self) -> None:
        """Bind the port; fails if that cannot be done."""
        place = self._place
        self._port = self._reactor.listenTCP(
            place.port,
            self._doorkeeper,
            backlog=place.backlog,
            interface=place.interface,
        )
        super().startService()
        host, port = self.address or ("", 0)
        self.log.info("web pages on {host}:{port}", host=host, port=port)

    def stopService(self) -> Deferred[None]:
        """Close the port and all connections."""
        super().stopService()
        port, self._port = self._port, None
        stopped = maybeDeferred(port.stopListening) if port else maybeDeferred(bool)
        self._doorkeeper.abort()
        return stopped.addCallback(lambda _: None)
