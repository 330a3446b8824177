"""The connections of a node: made, shared, counted and ended (RFC 4975 5.4)."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
)
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, ServerFactory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from cpmgw.msrp import tls
from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.errors import SessionLost, TooMany
from cpmgw.msrp.frames import Request
from cpmgw.msrp.serving import Session, Sessions
from cpmgw.msrp.settings import MsrpSettings

# What an IPv6 peer is given is a network of its own (RFC 6177 2).
_IPV6_NETWORK: Final = 64


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect to: connections to equal targets are shared.

    Over TLS the certificate has one of the `fingerprints`, or without any it is for
    the `name`.
    """

    host: str
    port: int
    secure: bool = False
    name: str = ""
    fingerprints: tuple[str, ...] = ()
    kept: bool = False


class MsrpServerFactory(ServerFactory):
    """Takes connections, as many as `Connections` allows."""

    noisy = False

    def __init__(self, owner: Connections, *, secure: bool) -> None:
        self._owner = owner
        self._secure = secure

    def buildProtocol(self, addr: IAddress | None) -> MsrpConnection | None:
        """A connection, or None (it is closed at once) when there are too many."""
        host = getattr(addr, "host", "")
        return self._owner.accept(host, secure=self._secure)


class TlsServerFactory(TLSMemoryBIOFactory):
    """TLS around the connections of a listener.

    Twisted's own wraps the None that refuses a connection, and then fails over it.
    """

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection over TLS, or None when there are too many."""
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)


class _ClientFactory(Factory):
    noisy = False

    def __init__(self, owner: Connections, target: Target) -> None:
        self._owner = owner
        self._target = target

    def buildProtocol(self, addr: IAddress | None) -> MsrpConnection:
        return self._owner.build(secure=self._target.secure, kept=self._target.kept)


class _Attempt:
    """A connection that is being made, and who waits for it."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[MsrpConnection]] = []
        self.work: Deferred[None] | None = None


class Connections:
    """Every connection of a node."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        sessions: Sessions,
        settings: MsrpSettings,
        identity: tls.Identity | None = None,
    ) -> None:
        self._reactor = reactor
        self._sessions = sessions
        self._settings = settings
        self._identity = identity
        self._trust: Any = None
        self._all: set[MsrpConnection] = set()
        self._accepted: dict[MsrpConnection, str] = {}
        self._unbound: dict[MsrpConnection, str] = {}
        self._by_holder: dict[str, dict[MsrpConnection, None]] = {}
        self._made: dict[Target, MsrpConnection] = {}
        self._attempts: dict[Target, _Attempt] = {}
        self._gone: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._all)

    def build(self, *, secure: bool, kept: bool = False) -> MsrpConnection:
        """A protocol that is not connected yet."""
        return MsrpConnection(
            self, self._reactor, self._settings, secure=secure, kept=kept
        )

    def accept(self, host: str, *, secure: bool) -> MsrpConnection | None:
        """A protocol for a connection from elsewhere, None where there are too many.

        Of those that no session uses, the one that has waited longest makes room: who
        has something to say says it at once.
        """
        holder = _holder(host)
        self._make_room(holder)
        most = self._settings.connections
        if len(self._accepted) >= most and self._unbound:
            self._evict(next(iter(self._unbound)))
        if len(self._accepted) >= most:
            self._log.info("too many connections: one was refused")
            return None
        connection = self.build(secure=secure)
        self._accepted[connection] = holder
        self._count(connection, holder)
        return connection

    def reach(self, target: Target) -> Deferred[MsrpConnection]:
        """A connection to a target, made if there is none; those who ask share it.

        Fails with SessionLost or TooMany. Cancelling gives it up, for whoever asked.
        """
        made = self._made.get(target)
        if made is not None and made.up:
            return succeed(made)
        attempt = self._attempts.get(target)
        waiting: Deferred[MsrpConnection] = Deferred(
            lambda gone: self._nobody_waits(target, gone)
        )
        if attempt is not None:
            attempt.waiting.append(waiting)
            return waiting
        if len(self._made) + len(self._attempts) >= self._settings.connections:
            waiting.errback(TooMany("too many connections"))
            return waiting
        attempt = self._attempts[target] = _Attempt()
        attempt.waiting.append(waiting)
        attempt.work = Deferred.fromCoroutine(self._connect(target))
        return waiting

    def close(self) -> Deferred[None]:
        """End every connection; fires when the last one is gone."""
        for attempt in list(self._attempts.values()):
            if attempt.work is not None:
                attempt.work.cancel()
        if not self._all:
            return succeed(None)
        gone = self._gone = Deferred()
        for connection in list(self._all):
            connection.close()
        return gone

    # -- for connections ----------------------------------------------------------

    def find(self, request: Request) -> Session | None:
        """The session that a request is for."""
        return self._sessions.find(request)

    def connected(self, connection: MsrpConnection) -> None:
        """One is up."""
        self._all.add(connection)

    def bound(self, connection: MsrpConnection) -> None:
        """A session uses one."""
        holder = self._unbound.pop(connection, None)
        if holder is not None:
            theirs = self._by_holder[holder]
            del theirs[connection]
            if not theirs:
                del self._by_holder[holder]

    def idle(self, connection: MsrpConnection) -> None:
        """Nobody uses one: if it was made here it is closed.

        One that was accepted is its peer's to close, who may share it with his next
        session (RFC 4975 5.4): what binds that may be on its way. Until then it counts
        among those without a session.
        """
        holder = self._accepted.get(connection)
        if holder is None:
            connection.close()
        elif connection not in self._unbound:
            self._make_room(holder)
            self._count(connection, holder)

    def disconnected(self, connection: MsrpConnection) -> None:
        """One is gone."""
        self._all.discard(connection)
        self._accepted.pop(connection, None)
        self.bound(connection)
        for target in [key for key, each in self._made.items() if each is connection]:
            del self._made[target]
        if self._gone is not None and not self._all:
            gone, self._gone = self._gone, None
            gone.callback(None)

    # -- within -------------------------------------------------------------------

    def _make_room(self, holder: str) -> None:
        """For one more of a host that no session uses."""
        theirs = self._by_holder.get(holder, {})
        if len(theirs) >= self._settings.unbound_per_host:
            self._evict(next(iter(theirs)))
        elif len(self._unbound) >= self._settings.unbound:
            self._evict(next(iter(self._unbound)))

    def _count(self, connection: MsrpConnection, holder: str) -> None:
        """One is without a session."""
        self._unbound[connection] = holder
        self._by_holder.setdefault(holder, {})[connection] = None

    def _evict(self, connection: MsrpConnection) -> None:
        self._log.info("{peer} has to make room", peer=connection.peer)
        self.bound(connection)
        self._accepted.pop(connection, None)
        connection.abort()

    async def _connect(self, target: Target) -> None:
        result: MsrpConnection | Failure
        try:
            made = await self._endpoint(target).connect(self._factory(target))
            connection: MsrpConnection = getattr(made, "wrappedProtocol", made)
            result = await self._in_time(connection.when_ready())
            if not connection.up:
                raise SessionLost("the connection was lost")
            self._made[target] = connection
        except Exception as error:
            reason = f"{target.host}:{target.port}: {error or type(error).__name__}"
            result = Failure(SessionLost(reason))
        attempt = self._attempts.pop(target)
        for waiting in attempt.waiting:
            waiting.callback(result)
        if isinstance(result, MsrpConnection) and not (result.sessions or target.kept):
            result.close()

    def _endpoint(self, target: Target) -> Any:
        timeout = self._settings.connect_timeout
        try:
            version = ipaddress.ip_address(target.host).version
        except ValueError:
            return HostnameEndpoint(self._reactor, target.host, target.port, timeout)
        kind = TCP4ClientEndpoint if version == 4 else TCP6ClientEndpoint
        return kind(self._reactor, target.host, target.port, timeout)

    def _factory(self, target: Target) -> Any:
        factory = _ClientFactory(self, target)
        if not target.secure:
            return factory
        if self._trust is None:
            self._trust = tls.trust_roots(self._settings.trust_roots)
        options = tls.client(
            self._identity,
            target.name or target.host,
            self._trust,
            by_fingerprint=bool(target.fingerprints),
        )
        return TLSMemoryBIOFactory(options, True, factory, clock=self._reactor)

    def _in_time(self, ready: Deferred[MsrpConnection]) -> Deferred[MsrpConnection]:
        return ready.addTimeout(self._settings.connect_timeout, self._reactor)

    def _nobody_waits(self, target: Target, gone: Deferred[MsrpConnection]) -> None:
        attempt = self._attempts.get(target)
        if attempt is None or gone not in attempt.waiting:
            return
        attempt.waiting.remove(gone)
        if not attempt.waiting and attempt.work is not None:
            attempt.work.cancel()


def _holder(host: str) -> str:
    """Who is counted as one host: an IPv4 address, or an IPv6 network."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - _IPV6_NETWORK):x}::"
