"""The central interworking service: builds, joins, starts and stops the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from zope.interface import classImplements, implementer

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.directory import Directory
from cpmgw.bodies.spool import Body
from cpmgw.config import Config, Mm4Config, MmscConfig, SmscConfig
from cpmgw.config.changes import Changes, changes
from cpmgw.connections import endpoint_settings, msrp_settings
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
    IWorkshop,
)
from cpmgw.isf.function import SelectionFunction
from cpmgw.isf.hops import Hop, LocalHop, RemoteHop
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.isf.xdms.preferences import XcapPreferences
from cpmgw.iwf.remote import capabilities_of
from cpmgw.leaving import Leaving
from cpmgw.links import Links, said_of
from cpmgw.mail import Mail, kept_bodies
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.msrp.node import MsrpNode
from cpmgw.network import CpmNetwork
from cpmgw.numbering import Numbering
from cpmgw.reception import Reception
from cpmgw.records import PoolUse
from cpmgw.sip.endpoint import Endpoint
from cpmgw.sip.proxy import Proxy
from cpmgw.sip.resolver import Resolver
from cpmgw.smtp.interfaces import IMailHandler, IMailRelay
from cpmgw.smtp.pool import MailRelay
from cpmgw.store.service import StoreService, make_store
from cpmgw.sweeping import Sweeping
from cpmgw.trace import Trace
from cpmgw.traffic import Traffic
from cpmgw.workshop import Workshop
from txsmpp.client import EsmeClient
from txsmpp.interfaces import IEsmeHandler

# How much of the time for a request an IWF on another host has for its answer.
PATIENCE = 0.8

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
        self._store_service = _store_of(config, reactor)
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
        self._links = Links(reactor, self._leaving)
        self._mail = Mail(reactor, config, self.now)
        self._workshop = _workshop_of(config, reactor)
        self.workshop: IWorkshop = self._workshop
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
    def centres(self) -> list[EsmeClient]:
        """The links to SM-SCs."""
        return self._links.centres

    @property
    def relays(self) -> list[MailRelay]:
        """The links to MMS relays."""
        return self._links.relays

    @property
    def mail(self) -> Mail:
        """The mail that comes in and that is under way."""
        return self._mail

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
        return self._links.centre(config, listener)

    def mail_relay(self, config: MmscConfig) -> IMailRelay:
        """The link to one MMS relay; it starts and stops with the gateway (IHouse)."""
        return self._links.relay(config, self.config)

    def receive_mail(self, config: Mm4Config, handler: IMailHandler) -> None:
        """Have the mail of a port go to a handler from the start on (IHouse)."""
        self._mail.receive(config, self.config, handler)

    def compose(self, size: int = 0) -> Body:
        """An empty body to write a mail into; NoRoom if there is none (IHouse)."""
        return self._mail.compose(size)

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
        with said_of("xdms.trust_roots"):
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
        with self._links.all_or_none():
            follow = await self._prepared(found.config)
            self._must_run()
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
        self._links.follow(old, config)
        self._mail.follow(old, config)
        self._workshop.change(config.adaptation.threads, config.adaptation.queue)
        self.trace.keep(config.limits.trace)
        self._sweeping.pools_changed()

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
        self._mail.start()
        self._workshop.open()
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
        self._links.start()
        self._reception.open()
        await self._mail.open()
        self._sweeping.start()
        self._tell_places()

    def _tell_places(self) -> None:
        bound = (
            ("SIP", self.endpoint.addresses),
            ("MSRP", self._msrp.addresses),
            ("SMTP", self._mail.addresses),
        )
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
        await self._mail.close()  # until now it brought what services waited for
        if self._msrp.running:
            await self._msrp.stopService()
        await self._workshop.close()
        await self._leaving.end()
        await self._links.stop()
        self._numbering.close()
        await self._store_service.stopService()
        self._mail.end()


def _senders(config: Config) -> dict[str, tuple[str, ...]]:
    """What the numbers begin with that each user may send for ([[sip.users]])."""
    return {each.username: each.numbers for each in config.sip.users}


def _store_of(config: Config, reactor: Any) -> StoreService:
    """The store, and the directory of large mails that it keeps."""
    store = make_store(
        config.gateway.state,
        reactor,
        queue=config.limits.store_queue,
        bodies=kept_bodies(config.mm4),
    )
    return StoreService(store)


def _workshop_of(config: Config, reactor: Any) -> Workshop:
    """Threads for the work on content ([adaptation])."""
    work = config.adaptation
    return Workshop(reactor.callFromThread, work.threads, work.queue)
