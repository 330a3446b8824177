"""The ESME's end of one connection, and the service that keeps it up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final
from typing import Protocol as Shape

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txsmpp.errors import BindFailed, CannotEncode, SmppError
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
        """Send the bind request; one that SMPP cannot carry is a bind refused."""
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
        try:
            self.send(request, self)
        except CannotEncode as error:
            self.failed(error)
            self.turn()

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


@implementer(IStreamClientEndpoint)
class _Way:
    """The way to the SM-SC of one `BindService`, which hears why it is closed."""

    def __init__(self, endpoint: IStreamClientEndpoint, service: BindService) -> None:
        self._endpoint = endpoint
        self._service = service

    def __repr__(self) -> str:
        """As the endpoint: ClientService shows it in its log."""
        return repr(self._endpoint)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addErrback(self._service.unreachable)


class BindService(ClientService):
    """Keeps one bind up: connects, binds, and after a loss tries again, less and less.

    What keeps it from being bound is told to the operator once for each reason, with
    `name`, the SM-SC's. A refusal that a second try will not change is tried again
    after `refused_delay`. `connection` is there from connecting to the end of it.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        name: str,
        endpoint: IStreamClientEndpoint,
        bind: Bind,
        options: ClientOptions,
        handler: IEsmeHandler,
        owner: Owner,
    ) -> None:
        way = _Way(endpoint, self)
        super().__init__(way, _Connections(self), self._delay, clock)
        self.bind = bind
        self.connection: EsmeConnection | None = None
        self._centre = name
        self._clock = clock
        self._options = options
        self._handler = handler
        self._owner = owner
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

    @property
    def owed(self) -> int:
        """How many requests of the SM-SC's wait for our answer."""
        return 0 if self.connection is None else self.connection.owed

    def stopService(self) -> Deferred[None]:
        """Settle and unbind first, then stop (4.2)."""
        return self._leave(self._options.unbind_timeout)

    def withdraw(self) -> Deferred[None]:
        """The same, in the time that an answer may take, theirs or ours."""
        options = self._options
        return self._leave(max(options.response_timeout, options.answer_timeout))

    def _leave(self, within: float) -> Deferred[None]:
        self.running = 0
        if self.connection is None:
            return super().stopService()
        return self.connection.leave(within).addCallback(self._left)

    def _left(self, _: None) -> Deferred[None] | None:
        """Its connection is gone; nothing is to be stopped if it was started again."""
        return None if self.running else super().stopService()

    def opened(self, connection: EsmeConnection) -> None:
        """It was made."""
        self.connection = connection

    def connected(self, connection: EsmeConnection) -> None:
        """It is bound: the next failure is the first one again."""
        self._failures = 0
        self._told = None
        self.log.info(
            "SMPP bind to {name} as {system_id} is up",
            name=self._centre,
            system_id=self.bind.system_id,
        )
        self._owner.connected(connection)

    def refused(self, connection: EsmeConnection, error: SmppError) -> None:
        """Tell the operator, and see whether it is worth another try soon."""
        if isinstance(error, BindFailed):
            self._refusal_lasts = error.command_status in LASTING_REFUSALS
        elif isinstance(error, CannotEncode):
            self._refusal_lasts = True
        self._tell(str(error))

    def unreachable(self, failure: Failure) -> Failure:
        """No connection was made; ClientService tries again."""
        self._tell(failure.getErrorMessage())
        return failure

    def disconnected(
        self, connection: EsmeConnection, error: SmppError | None, was_bound: bool
    ) -> None:
        """It is gone; ClientService tries again."""
        self.connection = None
        if was_bound:
            self.log.info(
                "SMPP bind to {name} as {system_id} ended: {error}",
                name=self._centre,
                system_id=self.bind.system_id,
                error=str(error or "unbound"),
            )
        self._owner.disconnected(connection, error, was_bound)

    def pump(self) -> None:
        """Let what waits be sent."""
        self._owner.pump()

    def _tell(self, reason: str) -> None:
        """Tell the operator, once for each reason, why it is not bound."""
        if self.running and self._told != reason:
            self._told = reason
            self.log.error(
                "SMPP bind to {name} as {system_id} failed: {error}",
                name=self._centre,
                system_id=self.bind.system_id,
                error=reason,
            )

    def _delay(self, attempt: int) -> float:
        """How long to wait; a connection that was not bound is no success."""
        if self._refusal_lasts:
            self._refusal_lasts = False
            return self._options.refused_delay
        delay = self._backoff(self._failures)
        self._failures += 1
        return delay
