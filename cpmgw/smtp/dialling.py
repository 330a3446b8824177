"""Making connections to the hosts of a relay: the first one that is well."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
)
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from cpmgw.smtp.backoff import Backoff
from cpmgw.smtp.client import RelayConnection
from cpmgw.smtp.errors import NotAdmitted, NotSent, SmtpError
from cpmgw.smtp.route import Hop, Route
from cpmgw.smtp.settings import RelaySettings
from cpmgw.smtp.tls import RelayTls

# The place that fails where no host is to blame: the DNS, or what nobody foresaw.
_NOWHERE: Final = Hop("", 0, "")
# So many times a command may take, all that comes before the first mail may.
_COMMANDS: Final = 2


class _Factory(Factory):
    noisy = False

    def __init__(self, make: Callable[[], RelayConnection]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> RelayConnection:
        return self._make()


class Dialler:
    """Makes connections, and remembers which hosts have failed.

    `gone` is called with each connection that is no more.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        settings: RelaySettings,
        route: Route,
        gone: Callable[[RelayConnection], None],
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._route = route
        self._gone = gone
        self._tls = RelayTls(settings.tls)
        self._backoff = Backoff(settings.backoff_initial, settings.backoff_maximum)
        self._attempts = 0
        self._ready: dict[RelayConnection, tuple[Hop, float]] = {}
        self._places: tuple[Hop, ...] = ()
        self.connections: set[RelayConnection] = set()

    @property
    def count(self) -> int:
        """How many connections there are for mails, and will be soon.

        Those that take their leave do not count, but for the more of them than those.
        """
        leaving = sum(each.is_leaving for each in self._ready)
        surplus = max(0, leaving - self._settings.connections)
        return self._attempts + len(self._ready) - leaving + surplus

    def next_try(self, longest: float) -> float:
        """When a host may be tried; for who cannot wait longer than `longest`."""
        until = self._backoff.until
        hosts = (until(each, longest) for each in self._places)
        return max(until(_NOWHERE, longest), min(hosts, default=-math.inf))

    async def connect(self, longest: float) -> RelayConnection:
        """Make a connection to the first host that takes mail.

        Fails with NoRoute where none ever will, else with NotSent.
        """
        self._attempts += 1
        began: float = self._reactor.seconds()
        try:
            return await self._first(await self._hops(began), longest)
        except (SmtpError, CancelledError, ConnectingCancelledError):
            raise
        except Exception:
            self._backoff.failed(_NOWHERE, began, self._reactor.seconds())
            raise
        finally:
            self._attempts -= 1

    def failed(self, connection: RelayConnection) -> None:
        """A connection was of no use."""
        hop, began = self._ready[connection]
        self._backoff.failed(hop, began, self._reactor.seconds())

    def succeeded(self, connection: RelayConnection) -> None:
        """A mail was answered on a connection."""
        self._backoff.succeeded(self._ready[connection][0])

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in list(self.connections):
            connection.abort()

    # -- within -------------------------------------------------------------------

    async def _hops(self, began: float) -> list[Hop]:
        try:
            hops = await self._route.hops()
        except SmtpError:
            self._backoff.failed(_NOWHERE, began, self._reactor.seconds())
            raise
        self._places = tuple(hops)
        self._backoff.succeeded(_NOWHERE)
        return hops

    async def _first(self, hops: list[Hop], longest: float) -> RelayConnection:
        """The connection to the first of these hosts that is well."""
        error: SmtpError = NotSent("every host has failed lately")
        now: float = self._reactor.seconds()
        usable = self._backoff.usable(hops, now)
        usable = usable or self._backoff.usable(hops, now, longest)
        for hop in usable:
            began: float = self._reactor.seconds()
            limits = [self._longest()]
            if hop is not usable[-1]:
                limits.append(self._settings.queue_time / len(usable))
            share = min(filter(None, limits), default=0.0)
            try:
                return await self._in_time(self._open(hop, began), share)
            except SmtpError as failed:
                error = failed
            except (ConnectError, OSError, ValueError) as failed:
                error = NotSent(f"{hop.host}:{hop.port}: {failed}")
            self._log.info(
                "{host}:{port} takes no mail: {error}",
                host=hop.host,
                port=hop.port,
                error=str(error),
            )
            self._backoff.failed(hop, began, self._reactor.seconds())
        raise error

    def _longest(self) -> float:
        """Seconds until the first mail; 0 where it may take any time.

        A relay may ask on and on while one logs in, each time within its limit.
        """
        settings = self._settings
        if not (settings.connect_timeout and settings.command_timeout):
            return 0.0
        return settings.connect_timeout + _COMMANDS * settings.command_timeout

    def _in_time(
        self, work: Coroutine[Any, Any, RelayConnection], seconds: float
    ) -> Deferred[RelayConnection]:
        """Give up after a time, 0 for none.

        A host that is not the last has its share of the time that a mail waits.
        """
        opening = Deferred.fromCoroutine(work)
        if seconds:
            opening.addTimeout(seconds, self._reactor, _too_slow)
        return opening

    async def _open(self, hop: Hop, began: float) -> RelayConnection:
        """A connection to one host, on which mail may be sent."""
        context = self._tls.towards(hop.name)
        factory = _Factory(lambda: self._make(context))
        making: Deferred[Any] = self._endpoint(hop).connect(factory)
        connection: RelayConnection = await making
        try:
            await connection.ready
        except NotSent as error:
            raise _at(hop, error) from error
        self._ready[connection] = (hop, began)
        return connection

    def _make(self, context: Any) -> RelayConnection:
        connection = RelayConnection(
            self._reactor, self._settings, context, self._disconnected
        )
        self.connections.add(connection)
        return connection

    def _endpoint(self, hop: Hop) -> Any:
        timeout: Any = self._settings.connect_timeout or None
        try:
            version = ipaddress.ip_address(hop.host).version
        except ValueError:
            return HostnameEndpoint(self._reactor, hop.host, hop.port, timeout)
        kind = TCP4ClientEndpoint if version == 4 else TCP6ClientEndpoint
        return kind(self._reactor, hop.host, hop.port, timeout)

    def _disconnected(self, connection: RelayConnection) -> None:
        self.connections.discard(connection)
        self._ready.pop(connection, None)
        self._gone(connection)


def _too_slow(result: object, seconds: float) -> NoReturn:
    raise NotSent(f"no mail could be sent within {seconds} s")


def _at(hop: Hop, error: NotSent) -> NotSent:
    """An error that says at which host it was."""
    if isinstance(error, NotAdmitted):
        return error
    return NotSent(f"{hop.host}:{hop.port}: {error}")
