"""The central service: what it starts and in which order, what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol, ServerFactory
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from cpmgw.config import Config, loads
from cpmgw.errors import NotRunning, StoreError
from cpmgw.gateway import Gateway
from cpmgw.interfaces import (
    ICpmNetwork,
    IHouse,
    IInterworking,
    IInterworkingFactory,
    ISmsCentre,
    IStore,
)
from cpmgw.iwf.sms.service import SmsInterworking, SmsInterworkingFactory
from cpmgw.store.ownership import Ownership
from cpmgw.sweeping import SWEEP_INTERVAL
from tests.flows.house import config_text
from tests.flows.outsider import Outsider
from tests.isf.services import Factory, Service
from tests.support.network import MemoryNetwork


class Reactor(MemoryNetwork):
    """A network that knows whether it was told to stop."""

    stopped = False

    def stop(self) -> None:
        """Be told."""
        self.stopped = True


@implementer(IInterworking)
class Watched(Service):
    """A service that tells when it is started and swept."""

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        super().__init__(name)
        self._tell = tell
        self.fails = False
        self.ready: Deferred[None] = succeed(None)

    async def start(self) -> None:
        """Tell of it."""
        self._tell(f"start {self.capabilities.name}")
        await self.ready
        if self.fails:
            raise StoreError("no")

    async def sweep(self, now: float) -> None:
        """Tell of it."""
        self._tell(f"sweep {self.capabilities.name}")
        if self.fails:
            raise StoreError("no")


class House(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.state = self.mktemp()
        self.told: list[str] = []

    def config(self) -> Config:
        """A configuration on this test's state."""
        return loads(config_text(self.state))

    def gateway(self, *factories: Factory, **more: Any) -> Gateway:
        """A gateway with these services."""
        return Gateway(self.reactor, self.config(), factories=factories, **more)

    def started(self, *factories: Factory) -> Gateway:
        """The same, running."""
        gateway = self.gateway(*factories)
        gateway.startService()
        self.reactor.wait_until(lambda: gateway.endpoint.addresses)
        self.addCleanup(self.stop, gateway)
        self.rest(gateway)
        return gateway

    def rest(self, gateway: Gateway) -> None:
        """Let the store's thread come to rest."""
        self.reactor.wait_until(lambda: not gateway.store_waiting)

    def stop(self, gateway: Gateway) -> None:
        """Stop it."""
        if not gateway.running:
            return
        stopped: list[object] = []
        gateway.stopService().addBoth(stopped.append)
        for _ in range(20):
            self.reactor.settle()
            if stopped:
                break
            self.reactor.advance(0.5)
        self.reactor.wait_until(lambda: stopped)
        self.assertEqual(stopped, [None])


class Building(House):
    def test_interfaces(self) -> None:
        """What the gateway offers to services is what the interfaces say."""
        gateway = self.gateway()
        verifyObject(IHouse, gateway)
        verifyObject(IStore, gateway.store)
        verifyObject(ICpmNetwork, gateway.network)
        service = SmsInterworkingFactory().build(gateway)
        verifyObject(IInterworking, service)
        for centre in gateway.centres:
            verifyObject(ISmsCentre, centre)

    def test_plugins(self) -> None:
        """The services are found as plugins: SMS is one."""
        found = list(getPlugins(IInterworkingFactory))
        self.assertIn("SMS", [each.name for each in found])
        for each in found:
            verifyObject(IInterworkingFactory, each)

    def test_plugins_by_default(self) -> None:
        """A gateway that is given no services builds those that are found."""
        gateway = Gateway(self.reactor, self.config())
        self.assertEqual([type(each) for each in gateway._services], [SmsInterworking])
        self.assertEqual([centre.name for centre in gateway.centres], ["home"])

    def test_service_that_is_not_configured(self) -> None:
        """A service that is not configured is left out."""
        gateway = self.gateway(Factory("none", None), Factory("one", Service("one")))
        self.assertEqual(
            [each.capabilities.name for each in gateway._services], ["one"]
        )

    def test_nothing_happens_before_the_start(self) -> None:
        """Building opens nothing."""
        Gateway(self.reactor, self.config(), factories=(SmsInterworkingFactory(),))
        self.assertEqual(list(self.reactor.calls), [])
        self.assertEqual(self.reactor._ports, {})


class Starting(House):
    def test_order(self) -> None:
        """Services are ready before the first request is handed to them."""
        tell = self.told.append
        first, second = Watched("MMS", tell), Watched("SMS", tell)
        gateway = self.gateway(Factory("SMS", second), Factory("MMS", first))
        first.ready = Deferred()
        peer = Outsider(self.reactor)
        gateway.startService()
        self.addCleanup(self.stop, gateway)
        peer.send(text="Hello")
        self.rest(gateway)
        self.assertEqual((self.told, peer.answers), (["start MMS"], []))
        first.ready.callback(None)
        self.rest(gateway)
        self.assertEqual(self.told, ["start MMS", "start SMS"])
        self.assertEqual([each.status for each in peer.answers], [202])

    def test_serves(self) -> None:
        """Once started it serves requests by its services."""
        service = Service("SMS")
        self.started(Factory("SMS", service))
        peer = Outsider(self.reactor)
        peer.send(text="Hello")
        self.reactor.settle()
        self.assertEqual([each.status for each in peer.answers], [202])
        self.assertEqual(len(service.taken), 1)

    def test_sweeps(self) -> None:
        """Every few seconds the services do what is due."""
        gateway = self.started(Factory("SMS", Watched("SMS", self.told.append)))
        self.told.clear()
        for _ in range(3):
            self.reactor.advance(SWEEP_INTERVAL)
            self.rest(gateway)
        self.assertEqual(self.told, ["sweep SMS"] * 3)

    def test_sweep_that_fails(self) -> None:
        """A sweep that fails is logged and tried again the next time."""
        watched = Watched("SMS", self.told.append)
        gateway = self.started(Factory("SMS", watched))
        watched.fails = True
        self.told.clear()
        for _ in range(3):
            self.reactor.advance(SWEEP_INTERVAL)
            self.rest(gateway)
        self.assertEqual(self.told, ["sweep SMS"] * 3)
        self.assertEqual(len(self.flushLoggedErrors(StoreError)), 3)
        self.assertFalse(self.reactor.stopped)


class CannotStart(House):
    def store_is_free(self) -> bool:
        """Whether nobody owns the store."""
        try:
            Ownership(self.state).release()
        except StoreError:
            return False
        return True

    def test_used_port(self) -> None:
        """A port that is in use: the start fails and says so."""
        self.reactor.listenUDP(5060, DatagramProtocol(), interface="127.0.0.1")
        gateway = self.gateway()
        error = self.assertRaises(CannotListenError, gateway.startService)
        self.assertIn("5060", str(error))
        self.assertFalse(gateway.running)
        self.reactor.wait_until(lambda: not gateway.store_open)

    def test_second_port_that_is_used(self) -> None:
        """So does a second one; the first and the store are let go."""
        port = self.reactor.listenTCP(5060, ServerFactory(), interface="127.0.0.1")
        self.assertRaises(CannotListenError, self.gateway().startService)
        self.assertNotIn(("127.0.0.1", 5060), self.reactor._ports)
        port.stopListening()
        self.reactor.wait_until(self.store_is_free)
        self.started()

    def test_port_of_msrp_that_is_used(self) -> None:
        """So does that of MSRP; all that was opened before is let go."""
        port = self.reactor.listenTCP(2855, ServerFactory(), interface="127.0.0.1")
        text = config_text(
            self.state, more='[msrp]\nlisten = "tcp:2855:interface=127.0.0.1"'
        )
        gateway = Gateway(self.reactor, loads(text), factories=())
        self.assertRaises(CannotListenError, gateway.startService)
        self.assertFalse(gateway.running)
        self.reactor.wait_until(self.store_is_free)
        port.stopListening()
        self.started()

    def test_service_that_cannot_start(self) -> None:
        """A service that cannot begin ends the process."""
        watched = Watched("SMS", self.told.append)
        watched.fails = True
        gateway = self.gateway(Factory("SMS", watched))
        gateway.startService()
        self.reactor.wait_until(lambda: self.reactor.stopped)
        self.assertEqual(len(self.flushLoggedErrors(StoreError)), 1)
        self.stop(gateway)

    def test_reload_that_waits(self) -> None:
        """A reload that has waited for a start that fails changes nothing."""
        watched = Watched("SMS", self.told.append)
        watched.fails, watched.ready = True, Deferred()
        gateway = self.gateway(Factory("SMS", watched))
        gateway.startService()
        text = config_text(self.state, policy="retry_after = 7")
        reloading = Deferred.fromCoroutine(gateway.reload(loads(text)))
        self.reactor.wait_until(lambda: self.told)
        watched.ready.callback(None)
        self.failureResultOf(reloading, NotRunning)
        self.assertEqual(gateway.config.policy.retry_after, 5)
        self.assertEqual(len(self.flushLoggedErrors(StoreError)), 1)
        self.stop(gateway)

    def test_service_that_cannot_start_when_told_to_stop(self) -> None:
        """A start that fails while the process stops is logged, and all is let go."""
        watched = Watched("SMS", self.told.append)
        watched.fails = True
        watched.ready = Deferred()
        gateway = self.gateway(Factory("SMS", watched))
        gateway.startService()
        stopped: list[object] = []
        gateway.stopService().addBoth(stopped.append)
        watched.ready.callback(None)
        self.reactor.wait_until(lambda: stopped)
        self.assertEqual(len(self.flushLoggedErrors(StoreError)), 1)
        self.assertEqual((stopped, self.reactor.stopped), ([None], False))
        self.assertTrue(self.store_is_free())

    def test_store_in_use(self) -> None:
        """A store that another gateway has: the start fails and says so."""
        self.started()
        error = self.assertRaises(StoreError, self.gateway().startService)
        self.assertIn("in use by another gateway", str(error))

    def test_store_that_is_none(self) -> None:
        """A file that is no store: the start fails, and the file stays as it was."""
        garbage = b"no database " * 500
        with open(self.state, "wb") as file:
            file.write(garbage)
        self.assertRaises(StoreError, self.gateway().startService)
        with open(self.state, "rb") as file:
            self.assertEqual(file.read(), garbage)


class Stopping(House):
    def test_leaves_nothing(self) -> None:
        """After the stop no port, connection or timer of it is left."""
        gateway = Gateway(
            self.reactor, self.config(), factories=(SmsInterworkingFactory(),)
        )
        gateway.startService()
        self.reactor.wait_until(lambda: gateway.endpoint.addresses)
        self.stop(gateway)
        self.reactor.settle()
        self.assertEqual([str(each) for each in self.reactor.calls], [])
        self.assertEqual((self.reactor._ports, self.reactor._streams), ({}, {}))
        self.assertEqual(self.reactor._connections, [])

    def test_store_is_free(self) -> None:
        """After the stop another gateway can have the store."""
        self.stop(self.started())
        self.started()

    def test_stop_during_the_start(self) -> None:
        """A stop that comes before the start is through waits for it."""
        gateway = self.gateway()
        gateway.startService()
        self.stop(gateway)
        self.assertEqual(self.reactor._ports, {})

    def test_start_again(self) -> None:
        """A gateway that was stopped can be started again."""
        gateway = self.started()
        self.stop(gateway)
        gateway.startService()
        self.reactor.wait_until(lambda: gateway.endpoint.addresses)
        self.assertTrue(gateway.endpoint.running)
