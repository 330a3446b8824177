"""Our relay: AUTH for each session, and again before it expires (RFC 4976 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from cpmgw.msrp import digest
from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.connections import Connections, Target
from cpmgw.msrp.errors import MsrpSyntaxError, RelayRefused, SessionLost
from cpmgw.msrp.frames import Response
from cpmgw.msrp.identifiers import new_ident
from cpmgw.msrp.settings import Relay
from cpmgw.msrp.uri import MsrpUri, parse_uri

_UNAUTHORIZED: Final = 401
_OUT_OF_BOUNDS: Final = 423

# How often one AUTH is tried: without and with credentials, stale, out of bounds.
_ATTEMPTS: Final = 4
# Relays and their URIs on the way to one.
_LONGEST_WAY: Final = 8
# What is taken of a relay for how long a session is registered, and where it says none.
_SHORTEST: Final = 10
_LONGEST: Final = 86_400
_USUAL: Final = 1800
# How long before the end it is asked for again.
_AHEAD: Final = 60
# How long after a failure.
_AGAIN: Final = 10
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What a relay has agreed to: how peers reach us, for so many seconds."""

    use_path: tuple[str, ...]
    expires: int


class Registered(Protocol):
    """A session that peers reach by the relay."""

    def lose(self, reason: str) -> None:
        """The relay does not let us any more."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is registered `until` then."""

    session: Registered
    connection: MsrpConnection
    own: MsrpUri
    use_path: tuple[str, ...]
    until: float


class RelayClient:
    """Registers sessions at one relay, over a connection that stays."""

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, relay: Relay, connections: Connections
    ) -> None:
        self._clock = clock
        self._relay = relay
        self._connections = connections
        uri = parse_uri(relay.uri)
        host, port = uri.address
        self._target = Target(
            host=host,
            port=port,
            secure=uri.secure,
            name=host if uri.secure else "",
            kept=True,
        )
        self._refreshes: dict[Registered, IDelayedCall] = {}
        self._asking: dict[Registered, Deferred[None]] = {}

    def connection(self) -> Deferred[MsrpConnection]:
        """The connection to the relay."""
        return self._connections.reach(self._target)

    async def register(self, connection: MsrpConnection, own: MsrpUri) -> Registration:
        """Have the relay let peers reach a URI of ours; RelayRefused if it does not."""
        relay, uri = self._relay, str(own)
        expires, authorization = relay.expires, ""
        for _ in range(_ATTEMPTS):
            headers = [("Expires", str(expires))] if expires else []
            if authorization:
                headers.append(("Authorization", authorization))
            response = await self._ask(connection, uri, headers)
            if response.status == _UNAUTHORIZED:
                authorization = self._answer(response, again=bool(authorization))
            elif response.status == _OUT_OF_BOUNDS:
                expires = _bound(response)
            else:
                return _registration(response)
        raise RelayRefused(response.status, "the relay asks again and again")

    def _ask(
        self,
        connection: MsrpConnection,
        own: str,
        headers: Iterable[tuple[str, str]],
    ) -> Deferred[Response]:
        if not connection.up:
            return fail(SessionLost("the connection to the relay was lost"))
        now = self._clock.seconds()
        to_path = (self._relay.uri,)
        return connection.asking.ask("AUTH", to_path, (own,), headers, now)

    def keep(
        self,
        session: Registered,
        connection: MsrpConnection,
        own: MsrpUri,
        registration: Registration,
    ) -> None:
        """Register a session again before it expires, until it is `forget`-ed."""
        wait = max(registration.expires - _AHEAD, registration.expires // 2)
        kept = _Kept(
            session=session,
            connection=connection,
            own=own,
            use_path=registration.use_path,
            until=self._clock.seconds() + registration.expires,
        )
        self._refreshes[session] = self._clock.callLater(wait, self._refresh, kept)

    def forget(self, session: Registered) -> None:
        """A session is no more."""
        call = self._refreshes.pop(session, None)
        if call is not None:
            call.cancel()
        asking = self._asking.pop(session, None)
        if asking is not None:
            asking.cancel()

    def _refresh(self, kept: _Kept) -> None:
        session = kept.session
        del self._refreshes[session]

        async def refresh() -> None:
            registration = await self.register(kept.connection, kept.own)
            self._asking.pop(session, None)
            if registration.use_path != kept.use_path:
                self._log.warn("the relay told another path; peers know the old one")
            self.keep(session, kept.connection, kept.own, registration)

        def refused(failure: Failure) -> None:
            if self._asking.pop(session, None) is None:
                return
            again = self._clock.seconds() + _AGAIN
            if _is_final(failure) or again >= kept.until:
                session.lose(f"the relay let us go: {failure.value}")
            else:
                self._refreshes[session] = self._clock.callLater(
                    _AGAIN, self._refresh, kept
                )

        asking: Deferred[None] = Deferred.fromCoroutine(refresh())
        if not asking.called:
            self._asking[session] = asking
        asking.addErrback(refused)

    def _answer(self, response: Response, *, again: bool) -> str:
        challenge = digest.choose(response.all("www-authenticate"))
        relay = self._relay
        if challenge is None or not relay.username or (again and not challenge.stale):
            raise RelayRefused(response.status, "the relay does not know us")
        return digest.authorization(
            challenge,
            username=relay.username,
            password=relay.password,
            method="AUTH",
            uri=relay.uri,
            cnonce=new_ident(),
        )


def _registration(response: Response) -> Registration:
    if response.status != 200:
        raise RelayRefused(response.status, response.text or "the relay refused us")
    use_path = tuple(" ".join(response.all("use-path")).split())
    if not 0 < len(use_path) <= _LONGEST_WAY:
        raise RelayRefused(0, "the relay told no path")
    try:
        for uri in use_path:
            parse_uri(uri)
    except MsrpSyntaxError as error:
        raise RelayRefused(0, f"the relay told a path that is none: {error}") from error
    expires = _seconds(response, "expires") or _USUAL
    return Registration(use_path=use_path, expires=expires)


def _is_final(failure: Failure) -> bool:
    """Whether it is of no use to ask once more."""
    error = failure.value
    return isinstance(error, RelayRefused) and 400 <= error.status < 500


def _bound(response: Response) -> int:
    """What a relay would have instead of our Expires (RFC 4976 7.1)."""
    bound = _seconds(response, "min-expires") or _seconds(response, "max-expires")
    if not bound:
        raise RelayRefused(response.status, "the relay told no bounds")
    return bound


def _seconds(response: Response, name: str) -> int:
    """A number of seconds within reason, 0 where there is none."""
    value = next(iter(response.all(name)), "")
    if not _NUMBER.fullmatch(value):
        return 0
    return min(max(int(value), _SHORTEST), _LONGEST)
