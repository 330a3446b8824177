"""The whole gateway in this process, between octets: no sockets, the store for real.

It is what `Run` measures less the kernel's network and the reactor's polling.
"""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue
from time import process_time
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from cpmgw.config import loads
from cpmgw.gateway import Gateway
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.cpm import CpmLoad, TcpLoad
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.pacing import Once
from cpmgw.lab.bench.run import RECEIPT_WINDOW
from cpmgw.lab.bench.subject import Ports, configuration

_GATEWAY, _CPM, _SMPP = 5060, 5070, 2775
_PATIENCE = 10.0
_QUIET = 0.01
_STOPPING = 1_000


class _Wire:
    """A transport that hands what is written to a function, later."""

    disconnecting = False

    def __init__(self, reactor: MemoryReactor, port: int) -> None:
        self._reactor = reactor
        self._host = IPv4Address("TCP", "127.0.0.1", port)
        self.peer: Any = None
        self.owner: Any = None

    def write(self, data: bytes, address: Any = None) -> None:
        """Have the other end take octets when it is its turn."""
        self._reactor.turns.put((self.peer, data))

    def getHost(self) -> IPv4Address:
        """Our address."""
        return self._host

    getPeer = getHost

    def loseConnection(self) -> None:
        """Tell our own end, once, that the connection is gone."""
        owner, self.owner = self.owner, None
        if owner is not None:
            gone = Failure(ConnectionDone())
            self._reactor.turns.put((owner.connectionLost, gone))

    abortConnection = loseConnection

    def stopListening(self) -> None:
        """There is nothing to close."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a transport has no effect here."""
        return lambda *arguments: None


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class MemoryReactor(Clock):
    """Joins the gateway and the load; one turn is one piece of octets.

    `turns` also takes what the store's thread hands back.
    """

    def __init__(self, load: CpmLoad, centre: BenchCentre) -> None:
        super().__init__()
        self.turns: SimpleQueue[tuple[Any, Any]] = SimpleQueue()
        self.nameResolver = self
        self._load = load
        self._centre = centre

    def turn(self, patience: float = _PATIENCE) -> bool:
        """Do one thing, which is waited for; False if none came in time."""
        try:
            take, argument = self.turns.get(timeout=patience)
        except Empty:
            return False
        take(argument)
        return True

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        """Let a thread's result be a turn."""
        self.turns.put((lambda _: function(*arguments), None))

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """There is none to be replaced."""
        return self

    def resolveHostName(
        self, resolutionReceiver: IResolutionReceiver, hostName: str, *_: Any, **__: Any
    ) -> Any:
        """Every host is this one."""
        resolutionReceiver.resolutionBegan(None)  # type: ignore[arg-type]
        resolutionReceiver.addressResolved(IPv4Address("TCP", "127.0.0.1", _SMPP))
        resolutionReceiver.resolutionComplete()

    def listenUDP(self, port: int, protocol: Any, *_: Any, **__: Any) -> _Wire:
        """The gateway's SIP port, with the load at the other end."""
        wire, back = _Wire(self, port), _Wire(self, _CPM)
        wire.peer = lambda data: self._load.received(data, back.write)
        back.peer = lambda data: protocol.datagramReceived(data, ("127.0.0.1", _CPM))
        protocol.makeConnection(wire)
        self._load.connected(back.write, "TCP", _CPM)  # nothing is lost here
        return wire

    def connectTCP(
        self, host: str, port: int, factory: Any, *_: Any, **__: Any
    ) -> _Wire:
        """The gateway's bind, with the SM-SC at the other end, or a long IMDN's way."""
        ours, theirs = _Wire(self, port), _Wire(self, port)
        own = factory.buildProtocol(ours.getPeer())
        if port == _SMPP:
            peer: Any = self._centre.buildProtocol(None)
        else:
            peer = TcpLoad(self._load, 0)
        ours.peer, theirs.peer = peer.dataReceived, own.dataReceived
        peer.makeConnection(theirs)
        ours.owner = own
        own.makeConnection(ours)
        return ours


class InProcess:
    """A started gateway with its state in `folder`; `carry` messages through it."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger()
        clock = Clock()
        load = CpmLoad(clock, self.ledger)
        self._centre = BenchCentre(clock, self.ledger, 0.0, RECEIPT_WINDOW)
        self._load = load
        self.reactor = MemoryReactor(load, self._centre)
        self._clock = clock
        text = configuration(
            folder, "udp", Ports(gateway=_GATEWAY, cpm=_CPM, smpp=_SMPP)
        ).replace(f'    "tcp:{_GATEWAY}:interface=127.0.0.1",\n', "")
        self._gateway = Gateway(
            self.reactor, loads(text), factories=[SmsInterworkingFactory()]
        )
        self._gateway.startService()
        while not self._centre.bound:
            self.reactor.turn()

    def carry(self, count: int) -> float:
        """Take `count` messages all the way at once; CPU seconds that it took."""
        ledger, reactor = self.ledger, self.reactor
        self._load.pacing.pace = Once(count)
        began = process_time()
        self._load.pacing.send()
        while ledger.open:
            if not self.reactor.turns.qsize() and ledger.receipts < ledger.submissions:
                self._clock.advance(0.002)
                reactor.advance(0.002)
            if not reactor.turn():
                raise TimeoutError(f"{ledger.missing()} of {ledger.sent} messages")
        spent = process_time() - began
        self._load.pacing.pace = None
        return spent

    def stop(self) -> None:
        """Close the store."""
        over: list[Any] = []
        stopped: Deferred[None] = self._gateway.stopService()
        stopped.addBoth(over.append)
        for _ in range(_STOPPING):
            if over:
                return
            if not self.reactor.turn(_QUIET):
                self.reactor.advance(1.0)
        raise TimeoutError("the gateway does not stop")
