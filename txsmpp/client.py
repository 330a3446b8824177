"""An ESME: several binds to one SM-SC as one service (SMPP 3.4 2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from txsmpp.connection import BindService, EsmeConnection
from txsmpp.errors import NotBound, SmppError
from txsmpp.interfaces import IEsmeHandler
from txsmpp.options import Bind, ClientOptions
from txsmpp.pdu import Pdu, Response
from txsmpp.sender import Sender

__all__ = ["Bind", "ClientOptions", "EsmeClient"]


class EsmeClient(MultiService):
    """Keeps binds to one SM-SC up and shares requests among them.

    It may be started and stopped; stopping settles what is open, unbinds, and fails
    what has not left.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        name: str,
        endpoint: IStreamClientEndpoint,
        binds: Sequence[Bind],
        options: ClientOptions,
        handler: IEsmeHandler,
    ) -> None:
        super().__init__()
        self.setName(name)
        self._clock = reactor
        self._endpoint = endpoint
        self._options = options
        self._handler = handler
        self._sender = Sender(reactor, options)
        self._receivers: list[EsmeConnection] = []
        self._binds: list[BindService] = []
        self._leaving: list[Deferred[object]] = []
        self._bound_waiters: list[Deferred[None]] = []
        for bind in binds:
            self._add(bind)

    # -- what users do -------------------------------------------------------------

    def submit(self, request: Pdu) -> Deferred[Response]:
        """Send submit_sm, submit_multi, data_sm, query_sm, cancel_sm or replace_sm.

        The Deferred fires with the response, whatever its command_status;
        ESME_RTHROTTLED and ESME_RMSGQFUL only once `throttle_limit` is over. It fails
        with CannotEncode, QueueFull or NotBound if the request did not leave, with
        ResponseTimeout, ConnectionLost, ProtocolError or InvalidPdu if it did and may
        have been carried out. Cancelling it takes it back if it has not left.
        """
        if not self.running:
            return fail(NotBound("the client is not running"))
        return self._sender.submit(request)

    def change_binds(self, binds: Sequence[Bind]) -> Deferred[None]:
        """Keep those binds that are in both, add the new, settle and drop the rest.

        It fires when those that are dropped are gone.
        """
        wanted = Counter(binds)
        leaving = []
        for service in list(self._binds):
            if wanted[service.bind]:
                wanted[service.bind] -= 1
            else:
                self._binds.remove(service)
                leaving.append(self._drop(service))
        for bind in wanted.elements():
            self._add(bind)
        return gatherResults(leaving).addCallback(lambda _: None)

    @property
    def binds(self) -> tuple[Bind, ...]:
        """The binds that are kept up."""
        return tuple(service.bind for service in self._binds)

    @property
    def bound(self) -> bool:
        """Whether requests can leave; for receivers alone, whether one is bound."""
        if any(service.bind.mode != "receiver" for service in self._binds):
            return self._sender.connected
        return bool(self._receivers)

    @property
    def waiting(self) -> int:
        """How many requests have not left."""
        return self._sender.waiting

    @property
    def in_flight(self) -> int:
        """How many requests have left and wait for their answer."""
        return self._sender.in_flight

    def when_bound(self) -> Deferred[None]:
        """Fires once `bound` is true; fails with NotBound if the client is stopped."""
        if self.bound:
            return succeed(None)
        waiter: Deferred[None] = Deferred(self._bound_waiters.remove)
        self._bound_waiters.append(waiter)
        return waiter

    # -- what Twisted calls --------------------------------------------------------

    def startService(self) -> None:
        """Bring every bind up."""
        self._sender.open()
        super().startService()

    def stopService(self) -> Deferred[object]:
        """Settle, unbind, close; it fires when no connection is left."""
        self.running = 0
        self._sender.close()
        waiters, self._bound_waiters = self._bound_waiters, []
        for waiter in waiters:
            waiter.errback(NotBound("the client was stopped"))
        leaving, self._leaving = self._leaving, []
        stopped = super().stopService()
        return gatherResults([stopped, *leaving]).addCallback(lambda _: None)

    # -- what connections tell -----------------------------------------------------

    def opened(self, connection: EsmeConnection) -> None:
        """A connection was made; it is not bound."""

    def connected(self, connection: EsmeConnection) -> None:
        """A connection is bound."""
        if connection.bind.mode == "receiver":
            self._receivers.append(connection)
        else:
            self._sender.attach(connection)
        if self.bound:
            waiters, self._bound_waiters = self._bound_waiters, []
            for waiter in waiters:
                waiter.callback(None)

    def refused(self, connection: EsmeConnection, error: SmppError) -> None:
        """A bind failed; its service tells the operator and tries again."""

    def disconnected(
        self, connection: EsmeConnection, error: SmppError | None, was_bound: bool
    ) -> None:
        """A connection is gone."""
        if connection in self._receivers:
            self._receivers.remove(connection)
        self._sender.detach(connection)

    def pump(self) -> None:
        """A connection has room."""
        self._sender.pump()

    def _add(self, bind: Bind) -> None:
        """Keep this bind up from now on, or once the client is started."""
        service = BindService(
            self._clock, self._endpoint, bind, self._options, self._handler, self
        )
        self._binds.append(service)
        service.setServiceParent(self)

    def _drop(self, service: BindService) -> Deferred[object]:
        """Have a bind leave in order."""
        left: Deferred[object] = service.disownServiceParent() or succeed(None)
        self._leaving.append(left)
        return left.addBoth(self._dropped, left)

    def _dropped(self, result: object, left: Deferred[object]) -> object:
        if left in self._leaving:
            self._leaving.remove(left)
        return result
