"""The MSRP node: listens, and opens sessions (RFC 4975, RFC 4976, RFC 6135)."""

from __future__ import annotations

import ipaddress
from typing import Any, TypeVar, cast

from twisted.application import service
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from cpmgw.bodies.spool import Spool
from cpmgw.msrp import tls
from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.connections import (
    Connections,
    MsrpServerFactory,
    Target,
    TlsServerFactory,
)
from cpmgw.msrp.errors import MsrpError, SessionLost, TooMany
from cpmgw.msrp.frames import Request
from cpmgw.msrp.identifiers import new_session_id
from cpmgw.msrp.interfaces import IMsrpNode, IMsrpSession, IMsrpUser, Remote
from cpmgw.msrp.relay import RelayClient
from cpmgw.msrp.session import MsrpSession
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.msrp.uri import MsrpUri, parse_uri

T = TypeVar("T")


@implementer(IMsrpNode)
class MsrpNode(service.Service):
    """All sessions of this gateway; time and the network come from `reactor` alone."""

    _log = Logger()

    def __init__(self, reactor: Any, settings: MsrpSettings) -> None:
        self._reactor = reactor
        self.clock: IReactorTime = reactor
        self.settings = settings
        self.spool = Spool(settings.spool, settings.storage, self._trouble)
        self._sessions: dict[str, MsrpSession] = {}
        self._by_path: dict[tuple[str, ...], MsrpSession] = {}
        self._port: IListeningPort | None = None
        self._identity: tls.Identity | None = None
        self._connections = Connections(reactor, self, settings)
        self._relay: RelayClient | None = None
        self._opening = 0

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def max_size(self) -> int:
        """Octets of the largest message that is taken."""
        return self.settings.max_size

    @property
    def max_chunk(self) -> int:
        """Kilobytes of the largest chunk to agree on; 0 is not to agree."""
        return self.settings.max_chunk

    @property
    def is_secure(self) -> bool:
        """Whether its sessions are offered over TLS."""
        if self.settings.relay is not None:
            return parse_uri(self.settings.relay.uri).secure
        return self.settings.listen is not None and self.settings.listen.secure

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host, port."""
        if self._port is None:
            return []
        address: Any = self._port.getHost()
        transport = "TCP" if self._identity is None else "TLS"
        return [(transport, address.host, address.port)]

    def open(self, user: IMsrpUser, max_size: int = 0) -> Deferred[IMsrpSession]:
        """Make a session with a path of its own."""
        if not self.running or not (self._port or self._relay):
            return fail(MsrpError("MSRP is not listening"))
        if len(self._sessions) + self._opening >= self.settings.sessions:
            return fail(TooMany("too many MSRP sessions"))
        if self._relay is None:
            return succeed(self._direct(user, max_size))
        self._opening += 1
        opened: Deferred[IMsrpSession] = Deferred.fromCoroutine(
            self._relayed(user, max_size, self._relay)
        )
        return opened.addBoth(self._opened)

    # -- for sessions and connections ---------------------------------------------

    def find(self, request: Request) -> MsrpSession | None:
        """The session that a request is for, by the session-id in its To-Path."""
        found = self._by_path.get(request.to_path)
        if found is not None:
            return found
        return self._sessions.get(parse_uri(request.to_path[0]).session_id)

    def reach(self, remote: Remote) -> Deferred[MsrpConnection]:
        """A connection to the other side of a session."""
        uri = parse_uri(remote.path[0])
        host, port = remote.connect_to or uri.address
        return self._connections.reach(
            Target(
                host=host,
                port=port,
                secure=uri.secure,
                name=uri.host if uri.secure else "",
                fingerprints=remote.fingerprints if uri.secure else (),
            )
        )

    def closed(self, session: MsrpSession) -> None:
        """A session is no more."""
        if self._relay is not None:
            self._relay.forget(session)
        self._by_path.pop(session.path[-1:], None)
        self._sessions.pop(parse_uri(session.path[-1]).session_id, None)

    # -- service ------------------------------------------------------------------

    def startService(self) -> None:
        """Listen; fails if that cannot be, or a certificate cannot be read."""
        self.spool.sweep()
        listen, relay = self.settings.listen, self.settings.relay
        if listen is not None and listen.secure:
            self._identity = tls.Identity(listen)
        self._connections = Connections(
            self._reactor, self, self.settings, self._identity
        )
        if relay is not None:
            self._relay = RelayClient(self.clock, relay, self._connections)
        if listen is not None:
            self._port = self._bind(listen)
        super().startService()

    def stopService(self) -> Deferred[None]:
        """End every session and connection; fires when nothing is left."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            stopped: Deferred[Any] = maybeDeferred(port.stopListening)
            await stopped
        for session in list(self._sessions.values()):
            session.lose("MSRP is stopping")
        await self._connections.close()
        self.spool.close()

    def _bind(self, listen: Listen) -> IListeningPort:
        factory: Any = MsrpServerFactory(self._connections, secure=listen.secure)
        if self._identity is not None:
            options = self._identity.server()
            factory = TlsServerFactory(options, False, factory, clock=self._reactor)
        port = self._reactor.listenTCP(
            listen.port, factory, backlog=listen.backlog, interface=listen.interface
        )
        return cast(IListeningPort, port)

    def _direct(self, user: IMsrpUser, max_size: int) -> MsrpSession:
        """A session that peers reach without a relay."""
        host, port = self._place()
        own = self._uri(host, port, secure=self.is_secure)
        fingerprint = self._identity.fingerprint if self._identity is not None else ""
        session = MsrpSession(
            self, user, (str(own),), (host, port), fingerprint, max_size=max_size
        )
        self._add(session, own)
        return session

    async def _relayed(
        self, user: IMsrpUser, max_size: int, relay: RelayClient
    ) -> MsrpSession:
        """A session that peers reach by our relay (RFC 4976 5.1)."""
        connection = await relay.connection()
        if self._port is not None:
            host, port = self._place()
        else:
            host, port = self.settings.host or connection.host, connection.port
        own = self._uri(host, port, secure=self._identity is not None)
        registration = await relay.register(connection, own)
        if not connection.up:
            raise SessionLost("the connection to the relay was lost")
        path = (*registration.use_path, str(own))
        address = parse_uri(path[0]).address
        session = MsrpSession(
            self, user, path, address, relay=connection, max_size=max_size
        )
        self._add(session, own)
        relay.keep(session, connection, own, registration)
        return session

    def _trouble(self, error: OSError) -> None:
        self._log.error("a file of a message was not removed: {error}", error=error)

    def _opened(self, result: T) -> T:
        self._opening -= 1
        return result

    def _add(self, session: MsrpSession, own: MsrpUri) -> None:
        self._sessions[own.session_id] = session
        self._by_path[(str(own),)] = session

    def _uri(self, host: str, port: int, *, secure: bool) -> MsrpUri:
        return MsrpUri(host=host, port=port, session_id=new_session_id(), secure=secure)

    def _place(self) -> tuple[str, int]:
        """The host and port that others reach us by."""
        _, host, port = self.addresses[0]
        if self.settings.host:
            return self.settings.host.strip("[]"), port
        return ("localhost" if _is_any(host) else host), port


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host
