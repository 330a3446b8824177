"""The ESME's end of one connection, and the service that keeps it up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final
from typing import Protocol as Shape

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from txsmpp.errors import BindFailed, SmppError
from txsmpp.interfaces import IEsmeHandler
from txsmpp.options import Bind, ClientOptions
from txsmpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindRequest,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
    Pdu,
    Response,
    answer,
)
from txsmpp.protocol import SmppProtocol
from txsmpp.state import Side
from txsmpp.status import CommandStatus

BIND_REQUESTS: Final[Mapping[str, type[BindRequest]]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}

# Answers to a bind that another try soon after will not change.
LASTING_REFUSALS: Final = frozenset(
    {
        CommandStatus.ESME_RBINDFAIL,
        CommandStatus.ESME_RINVPASWD,
        CommandStatus.ESME_RINVSYSID,
        CommandStatus.ESME_RINVSYSTYP,
        CommandStatus.ESME_RPROHIBITED,
    }
)


class Owner(Shape):
    """Whom a connection tells of its life."""

    def opened(self, connection: EsmeConnection) -> None:
        """It was made; it is not bound."""

    def connected(self, connection: EsmeConnection) -> None:
        """It is bound."""

    def refused(self, connection: EsmeConnection, error: SmppError) -> None:
        """It could not be bound; it is being closed."""

    def disconnected(
        self, connection: EsmeConnection, error: SmppError | None, was_bound: bool
    ) -> None:
        """It is gone; no error if it was unbound in order."""

    def pump(self) -> None:
        """Some connection has room."""


class EsmeConnection(SmppProtocol):
    """One session of an ESME (2.1), and the handle on it that handlers get."""

    def __init__(
        self,
        clock: IReactorTime,
        bind: Bind,
        options: ClientOptions,
        handler: IEsmeHandler,
        owner: Owner,
    ) -> None:
        super().__init__(clock, Side.ESME, options, options.linger)
        self.bind = bind
        self._handler = handler
        self._owner = owner

    @property
    def system_id(self) -> str:
        """The system_id of this end's bind."""
        return self.bind.system_id

    @property
    def bind_mode(self) -> str:
        """The mode of this end's bind, as in `Bind`."""
        return self.bind.mode

    def connectionMade(self) -> None:
        """Bind at once (4.1)."""
        super().connectionMade()
        self._owner.opened(self)
        self.introduce()

    def introduce(self) -> None:
        """Send the bind request."""
        bind = self.bind
        request = BIND_REQUESTS[bind.mode](
            bind.system_id,
            bind.password,
            bind.system_type,
            bind.interface_version,
            bind.addr_ton,
            bind.addr_npi,
            bind.address_range,
        )
        self.send(request, self)

    def answered(self, response: Response) -> None:
        """The bind was answered."""
        if response.command_status:
            self.failed(BindFailed(response.command_status))

    def failed(self, error: SmppError) -> None:
        """The bind was refused, or not answered."""
        self._owner.refused(self, error)
        self.session.unbind(self.clock.seconds())

    async def serve(self, pdu: Pdu) -> Response | None:
        """Hand a message or an alert to the handler."""
        if isinstance(pdu, DeliverSm | DataSm):
            return answer(pdu, await self._handler.message(pdu, self))
        if isinstance(pdu, AlertNotification):
            self._handler.alert(pdu, self)
        return None

    def session_bound(self) -> None:
        """Tell of it."""
        self._owner.connected(self)
        self._handler.bound(self)

    def session_lost(self, error: SmppError | None, was_bound: bool) -> None:
        """Tell of it."""
        self._owner.disconnected(self, error, was_bound)
        if was_bound:
            self._handler.lost(self, error)

    def ready(self) -> None:
        """Let what waits be sent."""
        self._owner.pump()


class _Connections(Factory):
    """Makes the connections of one `BindService`."""

    noisy = False

    def __init__(self, service: BindService) -> None:
        self._service = service

    def buildProtocol(self, addr: object) -> EsmeConnection:
        """A fresh connection."""
        return self._service.fresh()


class BindService(ClientService):
    """Keeps one bind up: connects, binds, and after a loss tries again, less and less.

    A refusal that a second try will not change is told to the operator once and tried
    again after `refused_delay`.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        bind: Bind,
        options: ClientOptions,
        handler: IEsmeHandler,
        owner: Owner,
    ) -> None:
        super().__init__(endpoint, _Connections(self), self._delay, clock)
        self.bind = bind
        self._clock = clock
        self._options = options
        self._handler = handler
        self._owner = owner
        self._connection: EsmeConnection | None = None
        self._failures = 0
        self._told: str | None = None
        self._refusal_lasts = False
        self._backoff = backoffPolicy(
            options.backoff_initial,
            options.backoff_maximum,
            jitter=lambda: random.uniform(0.0, options.backoff_jitter),
        )

    def fresh(self) -> EsmeConnection:
        """A connection of this service's."""
        return EsmeConnection(
            self._clock, self.bind, self._options, self._handler, self
        )

    def stopService(self) -> Deferred[None]:
        """Settle and unbind first, then stop (4.2)."""
        self.running = 0
        if self._connection is None:
            return super().stopService()
        return self._connection.leave().addCallback(self._left)

    def _left(self, _: None) -> Deferred[None] | None:
        """Its connection is gone; nothing is to be stopped if it was started again."""
        return None if self.running else super().stopService()

    def opened(self, connection: EsmeConnection) -> None:
        """It was made."""
        self._connection = connection

    def connected(self, connection: EsmeConnection) -> None:
        """It is bound: the next failure is the first one again."""
        self._failures = 0
        self._told = None
        self.log.info("SMPP bound as {system_id}", system_id=self.bind.system_id)
        self._owner.connected(connection)

    def refused(self, connection: EsmeConnection, error: SmppError) -> None:
        """Tell the operator, once for each reason."""
        if isinstance(error, BindFailed):
            self._refusal_lasts = error.command_status in LASTING_REFUSALS
        if self.running and self._told != str(error):
            self._told = str(error)
            self.log.error(
                "SMPP bind as {system_id} failed: {error}",
                system_id=self.bind.system_id,
                error=str(error),
            )

    def disconnected(
        self, connection: EsmeConnection, error: SmppError | None, was_bound: bool
    ) -> None:
        """It is gone; ClientService tries again."""
        self._connection = None
        if was_bound:
            self.log.info(
                "SMPP bind as {system_id} ended: {error}",
                system_id=self.bind.system_id,
                error=str(error or "unbound"),
            )
        self._owner.disconnected(connection, error, was_bound)

    def pump(self) -> None:
        """Let what waits be sent."""
        self._owner.pump()

    def _delay(self, attempt: int) -> float:
        """How long to wait; a connection that was not bound is no success."""
        if self._refusal_lasts:
            self._refusal_lasts = False
            return self._options.refused_delay
        delay = self._backoff(self._failures)
        self._failures += 1
        return delay
