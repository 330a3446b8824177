"""An ESME: several binds to one SM-SC as one service (SMPP 3.4 2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from txsmpp.connection import BindService, EsmeConnection
from txsmpp.errors import NotBound, SmppError
from txsmpp.interfaces import IEsmeHandler
from txsmpp.options import Bind, ClientOptions
from txsmpp.pdu import Pdu, Response
from txsmpp.sender import Sender

__all__ = ["Bind", "ClientOptions", "EsmeClient"]


class EsmeClient(Service):
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
        self.setName(name)
        self._clock = reactor
        self._endpoint = endpoint
        self._options = options
        self._handler = handler
        self._sender = Sender(reactor, options)
        self._receivers: list[EsmeConnection] = []
        self._binds: list[BindService] = []
        self._leaving: list[BindService] = []
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

        Nothing new is sent on those that are dropped; they are unbound once what is
        open on them is settled, at the latest when no answer can come any more, theirs
        (`response_timeout`) or ours (`answer_timeout`). It fires when they are gone.
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

    @property
    def owed(self) -> int:
        """How many requests of the SM-SC's wait for our answer."""
        return sum(each.owed for each in (*self._binds, *self._leaving))

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
        for service in self._binds:
            service.startService()

    def stopService(self) -> Deferred[None]:
        """Settle, unbind, close; it fires when no connection is left."""
        super().stopService()
        self._sender.close()
        waiters, self._bound_waiters = self._bound_waiters, []
        for waiter in waiters:
            waiter.errback(NotBound("the client was stopped"))
        stopped = [each.stopService() for each in (*self._binds, *self._leaving)]
        return gatherResults(stopped).addCallback(lambda _: None)

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
        self._release(connection)

    def pump(self) -> None:
        """A connection has room."""
        self._sender.pump()

    def _add(self, bind: Bind) -> None:
        """Keep this bind up from now on, or once the client is started."""
        service = BindService(
            self._clock,
            str(self.name),
            self._endpoint,
            bind,
            self._options,
            self._handler,
            self,
        )
        self._binds.append(service)
        if self.running:
            service.startService()

    def _drop(self, service: BindService) -> Deferred[None]:
        """Have a bind leave in order, not started again with the others."""
        if service.connection is not None:
            self._release(service.connection)
        self._leaving.append(service)
        return service.withdraw().addBoth(self._dropped, service)

    def _dropped(self, result: None, service: BindService) -> None:
        self._leaving.remove(service)
        return result

    def _release(self, connection: EsmeConnection) -> None:
        """Count on this connection no longer."""
        if connection in self._receivers:
            self._receivers.remove(connection)
        self._sender.detach(connection)
