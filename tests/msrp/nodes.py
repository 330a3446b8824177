"""Nodes in memory, their users, and peers of which every octet is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cpmgw.msrp.frames import Request, Response
from cpmgw.msrp.interfaces import IMsrpSession, IMsrpUser, Received, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from tests.msrp.frames import Frame, Reader, send
from tests.support.network import MemoryNetwork

HERE = Listen(port=0, interface="127.0.0.1")


@implementer(IMsrpUser)
class User:
    """Keeps what a session tells; answers each message as it is told to."""

    def __init__(self) -> None:
        self.connections = 0
        self.received: list[Received] = []
        self.bodies: list[bytes] = []
        self.reports: list[tuple[str, int]] = []
        self.reasons: list[Exception] = []
        self.answer: Callable[[], int | Deferred[int]] = lambda: 200

    def connected(self) -> None:
        """Count it."""
        self.connections += 1

    async def message(self, received: Received) -> int:
        """Keep it."""
        self.received.append(received)
        self.bodies.append(received.body.read())
        received.body.close()
        answer = self.answer()
        return await answer if isinstance(answer, Deferred) else answer

    def report(self, message_id: str, status: int) -> None:
        """Keep it."""
        self.reports.append((message_id, status))

    def lost(self, reason: Exception) -> None:
        """Keep it."""
        self.reasons.append(reason)


class Peer(Protocol):
    """The other end of a connection, by hand."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.octets = b""
        self.closed = False

    @property
    def frames(self) -> list[Frame]:
        """What has come so far."""
        return self.reader.frames

    @property
    def requests(self) -> list[Frame]:
        """The requests so far."""
        return [f for f in self.frames if isinstance(f.head, Request)]

    @property
    def statuses(self) -> list[int]:
        """The statuses of the responses so far."""
        return [f.head.status for f in self.frames if isinstance(f.head, Response)]

    def dataReceived(self, data: bytes) -> None:
        """Read it."""
        self.octets += data
        self.reader.add(data)

    def connectionLost(self, reason: Any = None) -> None:
        """Note it."""
        self.closed = True

    def write(self, octets: bytes) -> None:
        """Send octets."""
        assert self.transport is not None
        self.transport.write(octets)

    def respond(self, status: int = 200, *frames: Frame) -> None:
        """Answer requests: these, or all that have come."""
        for frame in frames or self.requests:
            head = frame.request
            self.write(
                f"MSRP {head.transaction} {status} X\r\n"
                f"To-Path: {head.from_path[0]}\r\n"
                f"From-Path: {head.to_path[0]}\r\n"
                f"-------{head.transaction}$\r\n".encode()
            )


def wire(peer: Peer) -> Any:
    """The transport of a peer."""
    return peer.transport


class _PeerFactory(ClientFactory):
    noisy = False

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def buildProtocol(self, addr: object) -> Peer:
        return self.peer


class _PeersFactory(ServerFactory):
    noisy = False

    def __init__(self, peers: list[Peer]) -> None:
        self.peers = peers

    def buildProtocol(self, addr: object) -> Peer:
        self.peers.append(Peer())
        return self.peers[-1]


class NodeCase(SynchronousTestCase):
    """Nodes in one network; at the end nothing of them is left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.nodes: list[MsrpNode] = []
        self.addCleanup(self.check_empty)

    def check_empty(self) -> None:
        """Once stopped: no session, connection, timer, octet or file is here."""
        for node in self.nodes:
            self.network.result_of(node.stopService(), 60.0)
            self.assertEqual((len(node), node.connections), (0, 0))
            spool = node.spool
            self.assertEqual((len(spool), spool.used, spool.in_memory), (0, 0, 0))
            self.assertEqual(list(Path(node.settings.spool).glob("*")), [])
        self.network.advance(self.network.latency)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def node(self, **settings: Any) -> MsrpNode:
        """A node that runs."""
        settings.setdefault("listen", HERE)
        settings.setdefault("spool", self.mktemp())
        node = MsrpNode(self.network, MsrpSettings(**settings))
        node.startService()
        self.nodes.append(node)
        return node

    def open(self, node: MsrpNode) -> tuple[IMsrpSession, User]:
        """A session that has not begun."""
        user = User()
        session: IMsrpSession = self.network.result_of(node.open(user), 10.0)
        return session, user

    def pair(
        self, here: MsrpNode, there: MsrpNode
    ) -> tuple[IMsrpSession, User, IMsrpSession, User]:
        """A session that is connected, the active side first."""
        active, active_user = self.open(here)
        passive, passive_user = self.open(there)
        passive.begin(Remote(path=active.path))
        active.begin(Remote(path=passive.path, connect_to=passive.address, active=True))
        self.network.settle()
        self.assertTrue(active.is_connected and passive.is_connected)
        return active, active_user, passive, passive_user

    def connect(self, node: MsrpNode, source: str = "127.0.0.1") -> Peer:
        """A connection of a peer to a node."""
        peer = Peer()
        (_, host, port) = node.addresses[0]
        self.network.connectTCP(host, port, _PeerFactory(peer), bindAddress=(source, 0))
        self.network.settle()
        return peer

    def listen(self) -> tuple[int, list[Peer]]:
        """A port that peers answer at."""
        peers: list[Peer] = []
        port = self.network.listenTCP(0, _PeersFactory(peers), interface="127.0.0.1")
        return port.getHost().port, peers

    def bound(
        self, node: MsrpNode, **remote: Any
    ) -> tuple[IMsrpSession, User, Peer, Callable[..., bytes]]:
        """A session with a peer that has bound it, and how to write its SENDs."""
        session, user = self.open(node)
        theirs = "msrp://127.0.0.1:9/peer;tcp"
        session.begin(Remote(path=(theirs,), **remote))

        def sending(body: bytes | None = b"hello", **how: Any) -> bytes:
            how.setdefault("to_path", session.path[0])
            how.setdefault("from_path", theirs)
            return send(body, **how)

        peer = self.connect(node)
        peer.write(sending(None, given="1-0/0"))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([200], 1))
        return session, user, peer, sending
