"""The connections of an endpoint: made, shared, counted and ended (RFC 3261 18)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from math import inf
from typing import Any, Final

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
from cpmgw.sip.transport import SipConnection, Turns, Wire

# Transport, host and port, and for TLS the name that the certificate was held to.
Key = tuple[str, str, int, str]

# How many answers may wait for one connection to be made.
_MOST_ANSWERS: Final = 1000
# What an IPv6 peer is given is a network of its own (RFC 6177 2).
_IPV6_NETWORK: Final = 64


class SipServerFactory(ServerFactory):
    """Takes connections of one listener, as many as `Connections` allows."""

    noisy = False

    def __init__(self, owner: Connections, transport_name: str) -> None:
        self._owner = owner
        self._transport_name = transport_name

    def buildProtocol(self, addr: IAddress | None) -> SipConnection | None:
        """A connection, or None (it is closed at once) when there are too many."""
        return self._owner.accept(self._transport_name, getattr(addr, "host", ""))


class _ClientFactory(Factory):
    noisy = False

    def __init__(self, owner: Connections, hop: Hop, pool: _Pool) -> None:
        self._owner = owner
        self._hop = hop
        self._pool = pool

    def buildProtocol(self, addr: IAddress | None) -> SipConnection:
        connection = self._owner.build(self._hop.transport, pings=self._pool.pings)
        connection.peer_name = _key_of(self._hop)[3]
        self._pool.connections.add(connection)
        return connection


class _Pool:
    """The connections made here for one purpose, and how many there may be."""

    def __init__(self, limit: int, *, pings: bool) -> None:
        self.limit = limit
        self.pings = pings
        self.connections: set[SipConnection] = set()
        self.connecting = 0

    @property
    def is_full(self) -> bool:
        return len(self.connections) + self.connecting >= self.limit


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
        self._turns = Turns(reactor)
        self._trust: Any = None
        self._by_peer: dict[Key, SipConnection] = {}
        self._all: set[SipConnection] = set()
        self._accepted: dict[SipConnection, str] = {}
        self._by_holder: dict[str, set[SipConnection]] = {}
        self._for_requests = _Pool(settings.connections, pings=True)
        self._for_answers = _Pool(settings.answers, pings=False)
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
            turns=self._turns,
        )

    def accept(self, transport_name: str, host: str) -> SipConnection | None:
        """A protocol for a connection from elsewhere.

        Where there are too many, of this host or of all, the one that was idle longest
        has to go; None if there is none that is idle.
        """
        holder = _holder(host)
        theirs = self._by_holder.get(holder, ())
        full: Collection[SipConnection] = ()
        if len(theirs) >= self._settings.per_host:
            full = theirs
        elif len(self._accepted) >= self._settings.connections:
            full = self._accepted
        if full and not self._make_room(full):
            self._log.info("too many connections: one was refused")
            return None
        connection = self.build(transport_name, pings=False)
        self._accepted[connection] = holder
        self._by_holder.setdefault(holder, set()).add(connection)
        return connection

    def added(self, connection: SipConnection) -> None:
        """A connection came up; requests to its peer may use it too."""
        self._all.add(connection)
        self._by_peer[_key(connection)] = connection

    def removed(self, connection: SipConnection) -> None:
        """A connection is gone."""
        self._all.discard(connection)
        self._free(connection)
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
        return self._reach(hop, self._for_requests)

    def reach_back(self, hop: Hop) -> Deferred[SipConnection]:
        """A connection for an answer whose own is gone (RFC 3261 18.2.2).

        Peers choose how many of these there are, so they take no room from requests;
        the one that was idle longest goes for the next.
        """
        pool = self._for_answers
        waiters = self._connecting.get(_key_of(hop), ())
        if len(waiters) >= _MOST_ANSWERS:
            return _failed("too many answers")
        if not waiters and pool.is_full:
            self._make_room(pool.connections)
        return self._reach(hop, pool)

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

    def _reach(self, hop: Hop, pool: _Pool) -> Deferred[SipConnection]:
        key = _key_of(hop)
        waiters = self._connecting.get(key)
        if waiters is None and pool.is_full:
            return _failed("too many connections")
        waiting: Deferred[SipConnection] = Deferred()
        if waiters is not None:
            waiters.append(waiting)
            return waiting
        self._connecting[key] = [waiting]
        pool.connecting += 1
        attempt = maybeDeferred(self._connect, hop, pool)
        self._attempts[key] = attempt
        attempt.addBoth(self._tried, pool)
        attempt.addCallback(self._made, key)
        attempt.addErrback(self._not_made, key)
        return waiting

    def _make_room(self, full: Collection[SipConnection]) -> bool:
        """End the connection that was idle longest; False if all are at work."""
        victim = min(full, key=_idle_since, default=None)
        if victim is None or victim.idle_since == inf:
            return False
        self._log.debug("{peer} has to make room", peer=victim.peer)
        self._free(victim)
        victim.abort()
        return True

    def _free(self, connection: SipConnection) -> None:
        """The place of a connection may be taken by another."""
        holder = self._accepted.pop(connection, None)
        if holder is not None:
            theirs = self._by_holder[holder]
            theirs.discard(connection)
            if not theirs:
                del self._by_holder[holder]
        self._for_requests.connections.discard(connection)
        self._for_answers.connections.discard(connection)

    def _tried(self, result: Any, pool: _Pool) -> Any:
        pool.connecting -= 1
        return result

    def _connect(self, hop: Hop, pool: _Pool) -> Deferred[Any]:
        """Start to connect; the certificate of a TLS peer has to name the hop."""
        kind = TCP6ClientEndpoint if ":" in hop.host else TCP4ClientEndpoint
        timeout = self._settings.connect_timeout
        endpoint = kind(self._reactor, hop.host, hop.port, timeout)
        factory = _ClientFactory(self, hop, pool)
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


def _failed(reason: str) -> Deferred[SipConnection]:
    failed: Deferred[SipConnection] = Deferred()
    failed.errback(TransportFailed(reason))
    return failed


def _idle_since(connection: SipConnection) -> float:
    return connection.idle_since


def _holder(host: str) -> str:
    """Who is counted as one host: an IPv4 address, or an IPv6 network."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    network = int(address) >> (128 - _IPV6_NETWORK)
    return f"{network:x}::"


def _key(connection: SipConnection) -> Key:
    peer = connection.peer
    return (peer.transport, peer.host, peer.port, connection.peer_name)


def _key_of(hop: Hop) -> Key:
    name = (hop.name or hop.host).lower() if hop.transport == "TLS" else ""
    return (hop.transport, hop.host, hop.port, name)
