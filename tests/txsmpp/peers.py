"""Handlers and raw peers for tests of clients and servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.support.network import MemoryNetwork
from txsmpp import pdu
from txsmpp.client import Bind, ClientOptions, EsmeClient
from txsmpp.codec import encode
from txsmpp.errors import InvalidPdu
from txsmpp.framer import Framer
from txsmpp.interfaces import IEsmeHandler, ISmscHandler
from txsmpp.server import ServerOptions, SmscFactory, SmscSession

HOST, PORT = "10.0.0.7", 2775
BIND = Bind(system_id="cpmgw", password="secret")


@implementer(IEsmeHandler)
class Esme:
    """Remembers all; answers messages with what `answer` gives."""

    def __init__(self) -> None:
        self.messages: list[pdu.Pdu] = []
        self.alerts: list[pdu.AlertNotification] = []
        self.sessions: list[Any] = []
        self.losses: list[Exception | None] = []
        self.answer: Callable[[pdu.Pdu], Any] = lambda _: succeed(0)

    def message(self, pdu: pdu.DeliverSm | pdu.DataSm, session: Any) -> Any:
        """Take a message."""
        self.messages.append(pdu)
        return self.answer(pdu)

    def alert(self, pdu: pdu.AlertNotification, session: Any) -> None:
        """Take an alert."""
        self.alerts.append(pdu)

    def bound(self, session: Any) -> None:
        """Take note of a session."""
        self.sessions.append(session)

    def lost(self, session: Any, reason: Exception | None) -> None:
        """Take note of its end."""
        self.losses.append(reason)


@implementer(ISmscHandler)
class Centre:
    """An SM-SC that remembers all and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.sessions: list[SmscSession] = []
        self.lost_sessions: list[Any] = []
        self.passwords = {"cpmgw": "secret", "other": "secret"}
        self.answer: Callable[[SmscSession, Any], Any] = lambda session, request: (
            succeed(pdu.answer(request, **self.body(request)))
        )

    def body(self, request: pdu.Pdu) -> dict[str, Any]:
        """The body of a good answer."""
        if isinstance(request, pdu.SubmitSm | pdu.SubmitMulti | pdu.DataSm):
            return {"message_id": f"{len(self.requests):X}"}
        return {}

    def authenticate(self, pdu: pdu.BindRequest) -> Deferred[int]:
        """Look at the password."""
        known = self.passwords.get(pdu.system_id) == pdu.password
        return succeed(0 if known else 0x0E)

    def request(self, session: Any, pdu: pdu.Pdu) -> Any:
        """Take a request."""
        self.requests.append(pdu)
        return self.answer(session, pdu)

    def bound(self, session: Any) -> None:
        """Take note of a session."""
        self.sessions.append(session)

    def lost(self, session: Any, reason: Exception | None) -> None:
        """Take note of its end."""
        self.sessions.remove(session)
        self.lost_sessions.append(session)


class Held:
    """Gives Deferreds, to be fired later, in the order they were asked for."""

    def __init__(self) -> None:
        self.deferreds: list[Deferred[Any]] = []
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *asked: Any) -> Deferred[Any]:
        """One more."""
        self.asked.append(asked)
        self.deferreds.append(Deferred())
        return self.deferreds[-1]


class RawPeer(Protocol):
    """A peer that says only what it is told to; `got` is all that it was sent."""

    def __init__(self) -> None:
        self.got: list[pdu.Pdu | InvalidPdu] = []
        self.framer = Framer()
        self.closed = False
        self.on_pdu: Callable[[pdu.Pdu], None] = lambda _: None

    def dataReceived(self, data: bytes) -> None:
        """Remember what came."""
        for item in self.framer.feed(data):
            self.got.append(item)
            if isinstance(item, pdu.Pdu):
                self.on_pdu(item)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Remember the end."""
        self.closed = True

    def say(self, *sent: pdu.Pdu | bytes) -> None:
        """Send PDUs or any octets."""
        assert self.transport is not None
        for each in sent:
            self.transport.write(each if isinstance(each, bytes) else encode(each))


class RawFactory(Factory):
    """Listens; `peers` are its connections, the last one last."""

    noisy = False

    def __init__(self) -> None:
        self.peers: list[RawPeer] = []

    def buildProtocol(self, addr: object) -> RawPeer:
        """A peer that binds whoever asks."""
        peer = RawPeer()
        peer.on_pdu = lambda got: self.react(peer, got)
        self.peers.append(peer)
        return peer

    def react(self, peer: RawPeer, got: pdu.Pdu) -> None:
        """Bind, show that we live, and let unbind go."""
        if isinstance(got, pdu.BindRequest | pdu.Unbind | pdu.EnquireLink):
            peer.say(pdu.answer(got))


def message(text: str = "hi") -> pdu.SubmitSm:
    """A short message to send."""
    return pdu.SubmitSm(
        source_addr="1000", destination_addr="2000", short_message=text.encode()
    )


class NetworkCase(SynchronousTestCase):
    """A network in memory, on which nothing may be left when a test is over."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.esme = Esme()
        self.clients: list[EsmeClient] = []
        self.open: list[Deferred[pdu.Response]] = []

    def listen(self, factory: Any) -> Any:
        """Open the SM-SC's port."""
        return self.network.listenTCP(PORT, factory, interface=HOST)

    def centre(self, **options: Any) -> Centre:
        """An SM-SC that works."""
        centre = Centre()
        self.factory = SmscFactory(self.network, ServerOptions(**options), centre)
        self.port = self.listen(self.factory)
        return centre

    def raw_centre(self) -> RawFactory:
        """An SM-SC that binds us and says nothing more by itself."""
        factory = RawFactory()
        self.port = self.listen(factory)
        return factory

    def client(self, *binds: Bind, started: bool = True, **options: Any) -> EsmeClient:
        """An ESME, started."""
        options.setdefault("backoff_jitter", 0.0)
        endpoint = TCP4ClientEndpoint(self.network, HOST, PORT)
        client = EsmeClient(
            self.network,
            "home",
            endpoint,
            binds or (BIND,),
            ClientOptions(**options),
            self.esme,
        )
        self.clients.append(client)
        if started:
            client.startService()
            self.network.settle()
        return client

    def raw_client(self) -> RawPeer:
        """A raw ESME, connected."""
        peer = RawPeer()
        endpoint = TCP4ClientEndpoint(self.network, HOST, PORT)
        endpoint.connect(Factory.forProtocol(lambda: peer))
        self.network.settle()
        return peer

    def send(self, client: EsmeClient, count: int) -> list[Deferred[pdu.Response]]:
        """Submit so many messages, "0", "1", and so on."""
        sent = [client.submit(message(str(number))) for number in range(count)]
        self.open += sent
        self.network.settle()
        return sent

    def texts(self, requests: Sequence[Any]) -> list[str]:
        """The texts of messages."""
        return [each.short_message.decode() for each in requests]

    def stop(self, client: EsmeClient) -> None:
        """Stop a client; nothing of it is left."""
        stopped = client.stopService()
        self.network.settle()
        self.network.advance(20.0)
        self.successResultOf(stopped)

    def tearDown(self) -> None:
        for client in self.clients:
            if client.running:
                self.stop(client)
        for deferred in self.open:
            # What a test does not look at may have failed when the client stopped.
            deferred.addErrback(lambda _: None)
            self.assertTrue(deferred.called)
        self.network.advance(40.0)
        left = [str(call) for call in self.network.getDelayedCalls()]
        self.assertEqual(left, [])
