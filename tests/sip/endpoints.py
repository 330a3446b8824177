"""Endpoints joined in memory, and a peer made of bare octets."""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.endpoint import Endpoint, EndpointSettings, Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.resolver import Resolver
from cpmgw.sip.uri import parse_uri
from tests.sip.messages import read
from tests.sip.network import HOST, MemoryReactor

HERE = ("udp:5060:interface=127.0.0.1", "tcp:5060:interface=127.0.0.1")
THERE = ("udp:5070:interface=127.0.0.1", "tcp:5070:interface=127.0.0.1")


class Stub:
    """A UDP or TCP peer that keeps what it gets and sends what it is told."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.sources: list[tuple[str, int]] = []
        self.transport: Any = None
        self.lost = False

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def datagramReceived(self, data: bytes, address: tuple[str, int]) -> None:
        self.received.append(data)
        self.sources.append(address)

    def dataReceived(self, data: bytes) -> None:
        self.received.append(data)

    def connectionLost(self, reason: Any) -> None:
        self.lost = True

    def messages(self) -> list[Request | Response]:
        return [read(data) for data in self.received]

    def statuses(self) -> list[int]:
        return [one.status for one in self.messages() if isinstance(one, Response)]


class StubFactory:
    """A TCP server of stubs."""

    def __init__(self) -> None:
        self.stubs: list[Stub] = []

    def buildProtocol(self, address: Any) -> Stub:
        self.stubs.append(Stub())
        return self.stubs[-1]

    def doStart(self) -> None:
        """As Twisted's factories have it."""

    def doStop(self) -> None:
        """As Twisted's factories have it."""


class CountedIdentifiers:
    """Identifiers that a test can name."""

    def __init__(self) -> None:
        self.count = 0

    def branch(self) -> str:
        return f"z9hG4bK{self.tag()}"

    def tag(self) -> str:
        self.count += 1
        return f"id{self.count}"


class EndpointTestCase(SynchronousTestCase):
    """Makes endpoints, and sees that each leaves nothing behind."""

    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.endpoints: list[Endpoint] = []
        self.handled: list[Incoming] = []
        self.refused: list[tuple[str, int]] = []

    def endpoint(
        self,
        listen: tuple[str, ...] = HERE,
        resolver: Resolver | None = None,
        **options: Any,
    ) -> Endpoint:
        options.setdefault("trusted", ("127.0.0.0/8",))
        settings = EndpointSettings(listen=listen, **options)
        endpoint = Endpoint(
            self.reactor, settings, resolver, CountedIdentifiers(), self.refuse
        )
        endpoint.startService()
        self.endpoints.append(endpoint)
        return endpoint

    def refuse(self, method: str, status: int) -> None:
        self.refused.append((method, status))

    def stub(self, port: int) -> Stub:
        stub = Stub()
        self.reactor.listenUDP(port, stub)
        return stub

    def connect(self, port: int = 5060) -> Stub:
        """A raw TCP client that is connected."""
        factory = StubFactory()

        class Client:
            def doStart(self) -> None: ...
            def startedConnecting(self, connector: Any) -> None: ...
            def clientConnectionFailed(self, *args: Any) -> None: ...
            def buildProtocol(self, address: Any) -> Stub:
                return factory.buildProtocol(address)

        self.reactor.connectTCP(HOST, port, Client())
        self.reactor.settle()
        return factory.stubs[0]

    async def accept(self, incoming: Incoming) -> Response:
        self.handled.append(incoming)
        return respond(incoming.request, 202)

    def tearDown(self) -> None:
        """No timer, transaction or connection is left."""
        for endpoint in self.endpoints:
            if endpoint.running:
                stopped = endpoint.stopService()
                self.reactor.settle()
                self.reactor.advance(6)
                self.reactor.settle()
                self.successResultOf(stopped)
            self.assertEqual(0, len(endpoint._layer))
            self.assertEqual(inf, endpoint._layer.next_timer)
            self.assertEqual(0, len(endpoint._layer._carried))
            self.assertEqual(0, len(endpoint._connections))
            self.assertEqual(0, len(endpoint._client))
            self.assertEqual({}, endpoint._client._errands)
            self.assertEqual(0, len(endpoint._server))
            self.assertEqual(0, len(endpoint._stack.acknowledger))
            self.assertEqual([], endpoint.addresses)
        self.reactor.settle()
        self.assertEqual([], self.reactor.pending())


def pager(body: bytes = b"hello", **options: Any) -> Request:
    """A MESSAGE as the house makes it, without a Via."""
    uri = parse_uri(options.pop("uri", "sip:bob@127.0.0.1:5060"))
    return originate(
        options.pop("method", "MESSAGE"),
        uri,
        from_=NameAddr(parse_uri("sip:alice@example.com"), "", (("tag", "a"),)),
        to=NameAddr(uri),
        call_id=options.pop("call_id", "call@example.com"),
        body=body,
        **options,
    )


__all__ = ["HERE", "HOST", "THERE", "EndpointTestCase", "Stub", "StubFactory", "pager"]
