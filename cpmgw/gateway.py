"""The central interworking service: builds, joins, starts and stops the house."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface import classImplements, implementer

from cpmgw.config import Config, SmscConfig
from cpmgw.connections import client_options, endpoint_settings, smsc_binds, smsc_tls
from cpmgw.interfaces import (
    ICpmNetwork,
    IHouse,
    IInterworking,
    IInterworkingFactory,
    ISmsCentre,
    IStore,
)
from cpmgw.isf.function import SelectionFunction
from cpmgw.sip.endpoint import Endpoint, Incoming
from cpmgw.sip.message import Response
from cpmgw.sip.resolver import Resolver
from cpmgw.store.service import StoreService, make_store
from cpmgw.traffic import Traffic
from txsmpp.client import EsmeClient
from txsmpp.interfaces import IEsmeHandler
from txsmpp.tls import endpoint_for

# What only a trusted peer may say (RFC 3325, RFC 6050).
ASSERTED = ("P-Asserted-Identity", "P-Asserted-Service")
# Seconds between looks for what is overdue or has expired.
SWEEP_INTERVAL = 5.0
# Bounded pieces of work that one such look does at the most.
MOST_SWEEPS = 100

classImplements(EsmeClient, ISmsCentre)
classImplements(Endpoint, ICpmNetwork)


@implementer(IHouse)
class Gateway(Service):
    """Everything of one cpmgw process (TS 5 and 6).

    `reactor` is time and network; `factories` are the interworking services to build,
    by default those that are found as plugins; they are asked in the order of their
    names. `now` gives the time of day in seconds since 1970, by default as the reactor.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: Config,
        *,
        factories: Iterable[IInterworkingFactory] | None = None,
        resolver: Resolver | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.config = config
        self.now: Callable[[], float] = now or reactor.seconds
        self.clock: IReactorTime = reactor
        self.traffic = Traffic()
        self._reactor = reactor
        limit = config.limits.store_queue
        self._store_service = StoreService(
            make_store(config.gateway.state, reactor, queue=limit)
        )
        self.store: IStore = self._store_service.store
        self.endpoint = Endpoint(reactor, endpoint_settings(config), resolver)
        self.network: ICpmNetwork = self.endpoint
        self.centres: list[EsmeClient] = []
        found = getPlugins(IInterworkingFactory) if factories is None else factories
        self._services: list[IInterworking] = [
            service
            for factory in sorted(found, key=lambda each: each.name)
            if (service := factory.build(self)) is not None
        ]
        self._isf = SelectionFunction(
            self._services,
            config.policy,
            config.gateway.domain,
            self.now,
            config.gateway.country,
        )
        self._senders = {each.username: each.numbers for each in config.sip.users}
        self.endpoint.serve("MESSAGE", self._message)
        # Each in its own time: a CPM side that is silent must not keep the store full.
        self._sweepers = [
            self._sweeper(self._sweep_store),
            self._sweeper(self._sweep_services),
        ]
        self._swept: list[Deferred[Any]] = []
        self._starting: Deferred[None] | None = None
        # Requests that came before the services were ready; None once they are.
        self._early: list[Deferred[None]] | None = []

    @property
    def store_open(self) -> bool:
        """Whether the store is open."""
        return bool(self._store_service.running)

    @property
    def store_waiting(self) -> int:
        """How many operations wait for the store."""
        return self._store_service.store.waiting

    def sms_centre(self, config: SmscConfig, listener: IEsmeHandler) -> ISmsCentre:
        """The link to one SM-SC; it starts and stops with the gateway (IHouse)."""
        endpoint = endpoint_for(
            self._reactor, config.host, config.port, smsc_tls(config.tls)
        )
        client = EsmeClient(
            self._reactor,
            config.name,
            endpoint,
            smsc_binds(config),
            client_options(config),
            listener,
        )
        self.centres.append(client)
        return client

    def startService(self) -> None:
        """Open the store and the ports, then start the services and the way out.

        Raises what keeps the store or a port from being opened, which ends twistd.
        """
        self._store_service.startService()
        try:
            self.endpoint.startService()
        except Exception:
            self._store_service.stopService()
            raise
        super().startService()
        self._early = []
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.addErrback(self._cannot_start)

    async def _start(self) -> None:
        for service in self._services:
            await service.start()
        for centre in self.centres:
            centre.startService()
        early, self._early = self._early, None
        for turn in early or ():
            turn.callback(None)
        self._swept = [each.start(SWEEP_INTERVAL, now=False) for each in self._sweepers]
        for transport, host, port in self.endpoint.addresses:
            self.log.info(
                "SIP over {transport} on {host}:{port}",
                transport=transport,
                host=host,
                port=port,
            )

    def _cannot_start(self, failure: Failure) -> None:
        """A gateway whose services cannot start ends: its supervisor sees it."""
        self.log.failure("cannot start", failure)
        if self.running:  # else it is being stopped already
            self._reactor.stop()

    def stopService(self) -> Deferred[None]:
        """Refuse what is new, let go of both networks, then close the store."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._starting is not None:
            await self._starting
        for sweeper in self._sweepers:
            if sweeper.running:
                sweeper.stop()
        if self.endpoint.running:
            await self.endpoint.stopService()
        for swept in self._swept:
            await swept  # what it was sending has failed by now at the latest
        for service in self._services:
            await service.stop()
        await gatherResults(
            [
                maybeDeferred(centre.stopService)
                for centre in self.centres
                if centre.running
            ]
        )
        await self._store_service.stopService()

    async def _message(self, incoming: Incoming) -> Response:
        """Hand a SIP MESSAGE to the ISF."""
        began = self.clock.seconds()
        if self._early is not None:
            turn: Deferred[None] = Deferred()
            self._early.append(turn)
            await turn
        request = incoming.request
        senders: tuple[str, ...] = ("",)
        if not incoming.trusted:
            senders = self._senders.get(incoming.user, ())
            for name in ASSERTED:
                request = request.replace(headers=request.headers.without(name))
        response = await self._isf.message(request, senders)
        self.traffic.answer(response.status, self.clock.seconds() - began)
        return response

    def _sweeper(self, work: Callable[[], Coroutine[Any, Any, None]]) -> LoopingCall:
        """What does this from time to time; a failure is logged and tried again."""

        def sweep() -> Deferred[None]:
            return Deferred.fromCoroutine(work()).addErrback(self._sweep_failed)

        call = LoopingCall(sweep)
        call.clock = self._reactor
        return call

    async def _sweep_store(self) -> None:
        now = self.now()
        for _ in range(MOST_SWEEPS):
            if not await self.store.sweep(now):
                return

    async def _sweep_services(self) -> None:
        for service in self._services:
            await service.sweep(self.now())

    def _sweep_failed(self, failure: Failure) -> None:
        self.log.failure("sweep failed", failure)
