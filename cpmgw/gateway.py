"""The central interworking service: builds, joins, starts and stops the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface import classImplements, implementer

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.directory import Directory
from cpmgw.config import Config, SmscConfig
from cpmgw.config.changes import Changes, changes
from cpmgw.connections import (
    client_options,
    endpoint_settings,
    msrp_settings,
    smsc_binds,
    smsc_tls,
)
from cpmgw.errors import NotRunning
from cpmgw.interfaces import (
    ICpmNetwork,
    IDirectory,
    IHouse,
    IInterworking,
    IInterworkingFactory,
    IProxy,
    IReconfigurable,
    ISessionInterworking,
    ISmsCentre,
    IStore,
)
from cpmgw.isf.function import SelectionFunction
from cpmgw.isf.hops import Hop, LocalHop, RemoteHop
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.isf.xdms.preferences import XcapPreferences
from cpmgw.iwf.remote import capabilities_of
from cpmgw.leaving import Leaving
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.msrp.node import MsrpNode
from cpmgw.network import CpmNetwork
from cpmgw.numbering import Numbering
from cpmgw.reception import Reception
from cpmgw.records import PoolUse
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.resolver import Resolver
from cpmgw.store.service import StoreService, make_store
from cpmgw.sweeping import Sweeping
from cpmgw.trace import Trace
from cpmgw.traffic import Traffic
from txsmpp.client import EsmeClient
from txsmpp.interfaces import IEsmeHandler
from txsmpp.tls import endpoint_for

# How much of the time for a request an IWF on another host has for its answer.
PATIENCE = 0.8

classImplements(EsmeClient, ISmsCentre)
classImplements(Proxy, IProxy)
classImplements(Directory, IDirectory)


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
        self._leaving = Leaving(reactor)
        self._numbering = Numbering(reactor, lambda: self.config, self._leaving)
        self.trace = Trace(config.limits.trace)
        self._reactor = reactor
        limit = config.limits.store_queue
        self._store_service = StoreService(
            make_store(config.gateway.state, reactor, queue=limit)
        )
        self.store: IStore = self._store_service.store
        self.endpoint = Endpoint(
            reactor,
            endpoint_settings(config),
            resolver,
            refused=self.traffic.turn_away,
        )
        self._msrp = MsrpNode(reactor, msrp_settings(config))
        self.msrp: IMsrpNode | None = self._msrp if config.msrp.is_used else None
        self._proxy: IProxy = Proxy(self.endpoint)
        self._tokens = RouteTokens()
        self.network: ICpmNetwork = CpmNetwork(self.endpoint, self._proxy, self._tokens)
        self.centres: list[EsmeClient] = []
        self.numbers = InterworkingNumbers(
            self.store.numbers,
            config.number_pool,
            self.now,
            config.policy.retry_after,
        )
        self._services = self._built(factories)
        self._preferences = self._preferences_of(config)
        self._isf = self._selection()
        self._reception = Reception(
            self.endpoint, self._isf, _senders(config), self.traffic, reactor
        )
        self._sweeping = Sweeping(
            reactor,
            self.now,
            self.store,
            self._services,
            lambda: bool(self.config.number_pool),
            lambda: self.numbers.end_lost(),
        )
        self._starting: Deferred[None] | None = None
        self._has_failed = False

    def _built(
        self, factories: Iterable[IInterworkingFactory] | None
    ) -> list[IInterworking]:
        """The interworking services of this configuration, in their order."""
        found = getPlugins(IInterworkingFactory) if factories is None else factories
        return [
            service
            for factory in sorted(found, key=lambda each: each.name)
            if (service := factory.build(self)) is not None
        ]

    @property
    def dial_plan(self) -> DialPlan:
        """How numbers are read and written (IHouse)."""
        return self._numbering.plan

    @property
    def directory(self) -> Directory:
        """Where SIP URIs of numbers are known (IHouse)."""
        return self._numbering.directory

    @property
    def pool_use(self) -> tuple[PoolUse, ...]:
        """How many interworking numbers are in use, as of the last look."""
        return self._sweeping.pool_use

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
        with _said_of(f"smsc[{config.name}].tls"):
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

    def _selection(self) -> SelectionFunction:
        """The ISF; it asks for the policy, and is told of other IWFs."""
        return SelectionFunction(
            self._hops_of(self.config),
            self._proxy,
            self._tokens,
            policy=lambda: self.config.policy,
            plan=lambda: self.dial_plan,
            domain=self.config.gateway.domain,
            now=self.now,
            traffic=self.traffic,
            trace=self.trace,
            numbers=self.numbers,
            preferences=self._preferences,
        )

    def _hops_of(self, config: Config) -> list[Hop]:
        """The IWFs of a configuration: those in this process, then the others."""
        patience = PATIENCE * config.sip.handler_timeout
        return [
            *(LocalHop(each, self._proxy, self._tokens) for each in self._services),
            *(
                RemoteHop(
                    capabilities_of(each), each.uri, self._proxy, self._tokens, patience
                )
                for each in config.iwf
            ),
        ]

    def _preferences_of(self, config: Config) -> XcapPreferences | None:
        if not config.xdms.root:
            return None
        with _said_of("xdms.trust_roots"):
            return XcapPreferences(self._reactor, config.xdms, self.now)

    # -- another configuration ---------------------------------------------------------

    async def reload(self, config: Config) -> Changes:
        """Go by a new configuration, as far as that can be while running.

        What is in progress goes on by what it began with. All or nothing: what fails
        (NotRunning, StoreError, or OSError and ValueError for a file) changes nothing.
        Not to be called again before it is over.
        """
        if self._starting is None:
            raise NotRunning("the gateway has not been started")
        await self._starting
        found = changes(self.config, config)
        before = list(self.centres)
        try:
            follow = await self._prepared(found.config)
            self._must_run()
        except Exception:
            self.centres = before
            raise
        follow()
        return found

    async def _prepared(self, config: Config) -> Callable[[], None]:
        """Do all that may fail; the result, called, puts a configuration in force."""
        self._must_run()
        preferences = self._preferences
        if config.xdms != self.config.xdms:
            preferences = self._preferences_of(config)
        services = [IReconfigurable(each, None) for each in self._services]
        prepared = [each.prepare(config) for each in services if each is not None]
        await self.numbers.change(config.number_pool, config.policy.retry_after)

        def follow() -> None:
            for put_in_force in prepared:
                put_in_force()
            self._follow(config, preferences)

        return follow

    def _must_run(self) -> None:
        if self._has_failed:
            raise NotRunning("the gateway could not be started")
        if not self.running:
            raise NotRunning("the gateway is not running")

    def _follow(self, config: Config, preferences: XcapPreferences | None) -> None:
        """Put a configuration in force, everything that it needs being there."""
        old, self.config = self.config, config
        self.endpoint.update(endpoint_settings(config))
        self._reception.change(_senders(config))
        self._isf.change(self._hops_of(config), preferences)
        if (gone := self._preferences) is not preferences and gone is not None:
            self._leaving.let_go(gone.stop, lambda: gone.busy, old.xdms.timeout)
        self._preferences = preferences
        self._follow_centres(old, config)
        self.trace.keep(config.limits.trace)
        self._sweeping.pools_changed()

    def _follow_centres(self, old: Config, config: Config) -> None:
        """Start links that are new, let go of others, make more or fewer binds."""
        known = {each.name: each for each in old.smsc}
        wanted = {each.name: each for each in config.smsc}
        for centre in list(self.centres):
            name = str(centre.name)
            if not centre.running:
                centre.startService()
            elif name not in wanted:
                self.centres.remove(centre)
                self._leaving.let_go(
                    centre.stopService,
                    partial(_is_at_work, centre),
                    _longest(known[name]),
                )
            elif smsc_binds(wanted[name]) != smsc_binds(known[name]):
                centre.change_binds(smsc_binds(wanted[name])).addErrback(
                    lambda failure: self.log.failure("binds do not leave", failure)
                )

    # -- service -----------------------------------------------------------------------

    def startService(self) -> None:
        """Open the store and the ports, then start the services and the way out.

        Raises what keeps the store or a port from being opened, which ends twistd.
        """
        self._store_service.startService()
        try:
            self.endpoint.startService()
            if self.msrp is not None:
                self._msrp.startService()
        except Exception:
            self._give_back()
            raise
        super().startService()
        self._has_failed = False
        self._reception.close()
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.addErrback(self._cannot_start)

    def _give_back(self) -> None:
        """Close what was opened of a gateway that cannot start."""
        if self.endpoint.running:
            self.endpoint.stopService()
        self._store_service.stopService()

    async def _start(self) -> None:
        self._tokens.use(await self.store.secret("route"))
        await self.numbers.start()
        for service in self._services:
            await service.start()
        for centre in self.centres:
            centre.startService()
        self._reception.open()
        self._sweeping.start()
        bound = (("SIP", self.endpoint.addresses), ("MSRP", self._msrp.addresses))
        for protocol, transport, host, port in [
            (name, *address) for name, addresses in bound for address in addresses
        ]:
            self.log.info(
                "{protocol} over {transport} on {host}:{port}",
                protocol=protocol,
                transport=transport,
                host=host,
                port=port,
            )

    def _cannot_start(self, failure: Failure) -> None:
        """A gateway whose services cannot start ends: its supervisor sees it."""
        self._has_failed = True
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
        self._sweeping.stop()
        for service in self._services:
            if ISessionInterworking.providedBy(service):
                await service.leave()
        if self.endpoint.running:
            await self.endpoint.stopService()
        await self._sweeping.ended()  # what it was sending has failed by now
        if self._preferences is not None:
            await self._preferences.stop()
        for service in self._services:
            await service.stop()
        if self._msrp.running:
            await self._msrp.stopService()
        await self._leaving.end()
        await gatherResults(
            [
                maybeDeferred(centre.stopService)
                for centre in self.centres
                if centre.running
            ]
        )
        self._numbering.close()
        await self._store_service.stopService()


@contextmanager
def _said_of(key: str) -> Iterator[None]:
    """Name the key whose file is of no use."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ValueError(f"{key}: {error}") from error


def _senders(config: Config) -> dict[str, tuple[str, ...]]:
    """What the numbers begin with that each user may send for ([[sip.users]])."""
    return {each.username: each.numbers for each in config.sip.users}


def _is_at_work(centre: EsmeClient) -> bool:
    """Whether anything is open, of ours there or of the SM-SC's here."""
    return bool(centre.waiting or centre.in_flight or centre.owed)


def _longest(config: SmscConfig) -> float:
    """How long a submission may take in all, or an answer of ours, in seconds."""
    submission = config.queue_time + config.throttle_limit + config.response_timeout
    return max(submission, config.answer_timeout)
