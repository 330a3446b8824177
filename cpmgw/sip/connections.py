"""The connections of an endpoint: made, shared, counted and ended (RFC 3261 18)."""

from __future__ import annotations

from typing import Any

from twisted.internet import ssl
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, ServerFactory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.parser import Limits
from cpmgw.sip.resolver import Hop
from cpmgw.sip.settings import ConnectionSettings
from cpmgw.sip.transport import SipConnection, Wire

# Transport, host and port, and for TLS the name that the certificate was held to.
Key = tuple[str, str, int, str]


class SipServerFactory(ServerFactory):
    """Takes connections of one listener, as many as `Connections` allows."""

    noisy = False

    def __init__(self, owner: Connections, transport_name: str) -> None:
        self._owner = owner
        self._transport_name = transport_name

    def buildProtocol(self, addr: IAddress | None) -> SipConnection | None:
        """A connection, or None (it is closed at once) when there are too many."""
        return self._owner.accept(self._transport_name)


class _ClientFactory(Factory):
    noisy = False

    def __init__(self, owner: Connections, hop: Hop) -> None:
        self._owner = owner
        self._hop = hop

    def buildProtocol(self, addr: IAddress | None) -> SipConnection:
        connection = self._owner.build(self._hop.transport, pings=True)
        connection.peer_name = _key_of(self._hop)[3]
        return connection


class Connections:
    """Every connection, found again by transport, host and port of its peer.

    Over TLS also by the name its certificate has proved (RFC 5922 4): a connection
    that was made for one domain carries no request for another.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        wire: Wire,
        settings: ConnectionSettings,
        limits: Limits,
    ) -> None:
        self._reactor = reactor
        self._wire = wire
        self._settings = settings
        self._limits = limits
        self._trust: Any = None
        self._by_peer: dict[Key, SipConnection] = {}
        self._all: set[SipConnection] = set()
        self._accepted: set[SipConnection] = set()
        self._connecting: dict[Key, list[Deferred[SipConnection]]] = {}
        self._attempts: dict[Key, Deferred[Any]] = {}
        self._gone: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._all)

    def build(self, transport_name: str, *, pings: bool) -> SipConnection:
        """A protocol that is not connected yet."""
        return SipConnection(
            self._wire,
            self._reactor,
            self._settings,
            self._limits,
            transport_name=transport_name,
            pings=pings,
        )

    def accept(self, transport_name: str) -> SipConnection | None:
        """A protocol for a connection from elsewhere; None if there are too many."""
        if len(self._accepted) >= self._settings.connections:
            self._log.info("too many connections: one was refused")
            return None
        connection = self.build(transport_name, pings=False)
        self._accepted.add(connection)
        return connection

    def added(self, connection: SipConnection) -> None:
        """A connection came up; requests to its peer may use it too."""
        self._all.add(connection)
        self._by_peer[_key(connection)] = connection

    def removed(self, connection: SipConnection) -> None:
        """A connection is gone."""
        self._all.discard(connection)
        self._accepted.discard(connection)
        if self._by_peer.get(_key(connection)) is connection:
            del self._by_peer[_key(connection)]
        if self._gone is not None and not self._all:
            gone, self._gone = self._gone, None
            gone.callback(None)

    def find(self, hop: Hop) -> SipConnection | None:
        """The connection to a hop, if there is one that can be used."""
        connection = self._by_peer.get(_key_of(hop))
        if connection is None or not connection.up:
            return None
        return connection

    def reach(self, hop: Hop) -> Deferred[SipConnection]:
        """A connection to a hop, made if there is none; fails with TransportFailed.

        Those who ask while one is being made share it.
        """
        key = _key_of(hop)
        waiting: Deferred[SipConnection] = Deferred()
        waiters = self._connecting.get(key)
        if waiters is not None:
            waiters.append(waiting)
            return waiting
        made = len(self._all) - len(self._accepted) + len(self._connecting)
        if made >= self._settings.connections:
            waiting.errback(TransportFailed("too many connections"))
            return waiting
        self._connecting[key] = [waiting]
        attempt = maybeDeferred(self._connect, hop)
        self._attempts[key] = attempt
        attempt.addCallback(self._made, key)
        attempt.addErrback(self._not_made, key)
        return waiting

    def close(self) -> Deferred[Any]:
        """End every connection; fires when the last one is gone."""
        for attempt in list(self._attempts.values()):
            attempt.cancel()
        if not self._all:
            return DeferredList([])
        self._gone = Deferred()
        gone = self._gone
        for connection in list(self._all):
            connection.close()
        return gone

    def abort(self) -> None:
        """End every connection without waiting for what is still to be written."""
        for connection in list(self._all):
            connection.abort()

    def _connect(self, hop: Hop) -> Deferred[Any]:
        """Start to connect; the certificate of a TLS peer has to name the hop."""
        kind = TCP6ClientEndpoint if ":" in hop.host else TCP4ClientEndpoint
        timeout = self._settings.connect_timeout
        endpoint = kind(self._reactor, hop.host, hop.port, timeout)
        factory = _ClientFactory(self, hop)
        if hop.transport != "TLS":
            return endpoint.connect(factory)
        options = ssl.optionsForClientTLS(
            hop.name or hop.host, trustRoot=self._trust_root()
        )
        wrapped = TLSMemoryBIOFactory(options, True, factory, clock=self._reactor)
        return endpoint.connect(wrapped).addCallback(_unwrapped)

    def _trust_root(self) -> Any:
        if self._settings.trust_roots and self._trust is None:
            certificates = []
            for path in self._settings.trust_roots:
                with open(path, "rb") as file:
                    certificates.append(ssl.Certificate.loadPEM(file.read()))
            self._trust = ssl.trustRootFromCertificates(certificates)
        return self._trust

    def _made(self, connection: Any, key: Key) -> None:
        del self._attempts[key]
        for waiting in self._connecting.pop(key):
            waiting.callback(connection)

    def _not_made(self, failure: Failure, key: Key) -> None:
        self._attempts.pop(key, None)
        reason = TransportFailed(f"{key[0]} to {key[1]}:{key[2]}: {failure.value}")
        for waiting in self._connecting.pop(key):
            waiting.errback(reason)


def _unwrapped(protocol: Any) -> Any:
    return protocol.wrappedProtocol


def _key(connection: SipConnection) -> Key:
    peer = connection.peer
    return (peer.transport, peer.host, peer.port, connection.peer_name)


def _key_of(hop: Hop) -> Key:
    name = (hop.name or hop.host).lower() if hop.transport == "TLS" else ""
    return (hop.transport, hop.host, hop.port, name)
