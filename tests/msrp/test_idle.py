"""Connections that no session uses any more: who closes them, and when.

Whoever has made a connection knows whether his next session is to share it; the other
side does not, for what binds that session may be on its way (RFC 4975 5.4).
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.msrp.node import MsrpNode
from tests.msrp.frames import send
from tests.msrp.nodes import NodeCase, Peer, User

PEER = "msrp://127.0.0.1:9/peer;tcp"


class IdleCase(NodeCase):
    def bind(self, node: MsrpNode, peer: Peer) -> tuple[IMsrpSession, User]:
        """A session of its own for a peer that is connected."""
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        peer.write(send(None, given="1-0/0", to_path=session.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual((peer.statuses[-1], user.connections), (200, 1))
        return session, user

    def idle(self, node: MsrpNode, source: str = "127.0.0.1") -> Peer:
        """A peer whose only session is over."""
        peer = self.connect(node, source)
        session, _ = self.bind(node, peer)
        session.close()
        self.network.settle()
        return peer


class Sharing(IdleCase):
    def test_next_session_is_on_its_way(self) -> None:
        """A session that the opener has bound before the last one left keeps it."""
        here, there = self.node(), self.node()
        first, _, old, _ = self.pair(here, there)
        self.network.latency = 0.1
        second, user = self.open(here)
        new, new_user = self.open(there)
        new.begin(Remote(path=second.path))
        second.begin(Remote(path=new.path, connect_to=new.address, active=True))
        sent = second.send("a/b", b"next")
        old.close()
        first.close()
        self.assertFalse(new.is_connected)
        self.assertEqual(self.network.result_of(sent, 5.0), 200)
        self.assertEqual((user.reasons, new_user.bodies), ([], [b"next"]))
        self.assertEqual((here.connections, there.connections), (1, 1))

    def test_next_session_after_a_while(self) -> None:
        """So one that comes within the time; it has the connection for good."""
        here, there = self.node(), self.node(setup_timeout=5.0)
        first, _, old, _ = self.pair(here, there)
        old.close()
        self.network.advance(4.9)
        second, user, _, new_user = self.pair(here, there)
        first.close()
        self.network.advance(60.0)
        self.assertEqual((here.connections, there.connections), (1, 1))
        self.assertEqual(self.network.result_of(second.send("a/b", b"on")), 200)
        self.assertEqual((user.reasons, new_user.bodies), ([], [b"on"]))

    def test_who_has_made_it_closes_it(self) -> None:
        """The opener closes it with its last session, and the other side with it."""
        here, there = self.node(), self.node()
        active, _, passive, _ = self.pair(here, there)
        passive.close()
        self.network.settle()
        self.assertEqual((here.connections, there.connections), (1, 1))
        active.close()
        self.network.settle()
        self.assertEqual((here.connections, there.connections), (0, 0))


class Ending(IdleCase):
    def test_in_its_time(self) -> None:
        """One that was accepted ends `setup_timeout` after its last session."""
        node = self.node(setup_timeout=5.0)
        peer = self.connect(node)
        first, _ = self.bind(node, peer)
        second, _ = self.bind(node, peer)
        first.close()
        self.network.advance(60.0)
        second.close()
        self.network.advance(4.9)
        self.assertFalse(peer.closed)
        self.network.advance(0.1)
        self.assertEqual((peer.closed, node.connections), (True, 0))

    def test_talk_is_no_session(self) -> None:
        """What is refused meanwhile does not prolong that."""
        node = self.node(setup_timeout=5.0)
        peer = self.idle(node)
        for _ in range(4):
            self.network.advance(1.0)
            peer.write(send())
        self.network.advance(0.9)
        self.assertEqual((peer.statuses[1:], peer.closed), ([481] * 4, False))
        self.network.advance(0.1)
        self.assertTrue(peer.closed)


class Limits(IdleCase):
    def test_of_a_host(self) -> None:
        """`unbound_per_host` may be idle; one more, and the first makes room."""
        node = self.node(unbound_per_host=3)
        bound = self.connect(node, "192.0.2.1")
        self.bind(node, bound)
        peers = [self.idle(node, "192.0.2.1") for _ in range(3)]
        other = self.idle(node, "192.0.2.2")
        self.assertFalse(any(each.closed for each in peers))
        last = self.connect(node, "192.0.2.1")
        self.assertEqual([each.closed for each in peers], [True, False, False])
        self.assertFalse(any(each.closed for each in (bound, other, last)))

    def test_of_a_host_that_ends_its_sessions(self) -> None:
        """So where it is the end of a session that makes one more."""
        node = self.node(unbound_per_host=2)
        peers = [self.connect(node) for _ in range(2)]
        sessions = [self.bind(node, peer)[0] for peer in peers]
        peers += [self.connect(node) for _ in range(2)]
        sessions += [self.bind(node, peer)[0] for peer in peers[2:]]
        ended = []
        for session in sessions:
            session.close()
            self.network.settle()
            ended.append([each.closed for each in peers].count(True))
        self.assertEqual(ended, [0, 0, 1, 2])
        self.assertEqual([each.closed for each in peers], [True, True, False, False])
        self.assertEqual(node.connections, 2)

    def test_of_all(self) -> None:
        """`unbound` of all hosts may, those that never had a session among them."""
        node = self.node(unbound=3)
        new = self.connect(node, "192.0.2.1")
        peers = [self.idle(node, f"192.0.2.{n}") for n in (2, 3)]
        self.assertFalse(any(each.closed for each in (new, *peers)))
        last = self.connect(node, "192.0.2.4")
        session, _ = self.bind(node, last)
        self.assertEqual([each.closed for each in (new, *peers)], [True, False, False])
        more = self.idle(node, "192.0.2.5")
        self.assertEqual([each.closed for each in peers], [False, False])
        session.close()
        self.network.settle()
        self.assertEqual([each.closed for each in peers], [True, False])
        self.assertFalse(more.closed or last.closed)

    def test_bound_again(self) -> None:
        """One that has a session again does not count, nor makes room."""
        node = self.node(unbound=1)
        peers = []
        for _ in range(3):
            peers.append(self.idle(node))
            self.bind(node, peers[-1])
        self.connect(node)
        self.connect(node)
        self.assertFalse(any(each.closed for each in peers))

    def test_counts_once(self) -> None:
        """One that goes on talking is one, and is still the one that waits longest."""
        node = self.node(unbound=2)
        first, second = self.idle(node), self.idle(node)
        first.write(send() * 3)
        self.network.settle()
        self.assertEqual((first.closed, second.closed), (False, False))
        self.connect(node)
        self.assertEqual((first.closed, second.closed), (True, False))

    def test_owes_an_answer(self) -> None:
        """One that has a message yet to be answered makes no room before that."""
        node = self.node(unbound=1)
        peer = self.connect(node)
        session, user = self.bind(node, peer)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        peer.write(send(to_path=session.path[0], from_path=PEER))
        self.network.settle()
        session.close()
        self.connect(node)
        self.connect(node)
        waits.callback(200)
        self.network.settle()
        self.assertEqual((peer.statuses, peer.closed), ([200, 200], False))
        self.connect(node)
        self.assertTrue(peer.closed)

    def test_waited_in_vain(self) -> None:
        """One whose session never began counts again, however that ended."""
        for how in ("closed", "late", "closed aside", "late aside"):
            node = self.node(unbound=1, setup_timeout=5.0)
            peer = self.connect(node)
            session, _ = self.open(node)
            place = {"to_path": session.path[0], "from_path": PEER}
            if "aside" in how:
                bound, _ = self.bind(node, peer)
            peer.write(send(None, given="1-0/0", **place))
            self.network.settle()
            if "aside" in how:
                bound.close()
            self.connect(node)
            self.assertFalse(peer.closed)
            if "closed" in how:
                session.close()
            else:
                self.network.advance(5.0)
            self.network.settle()
            self.assertEqual((peer.statuses[-1], peer.closed), (481, False))
            self.connect(node)
            self.assertTrue(peer.closed)

    def test_make_room_for_others(self) -> None:
        """At `connections` the longest idle one makes room; without any it is full."""
        node = self.node(connections=3)
        bound = self.connect(node)
        self.bind(node, bound)
        first, second = self.idle(node), self.idle(node)
        self.assertFalse(first.closed or second.closed)
        for count in (1, 2):
            peer = self.connect(node)
            self.bind(node, peer)
            closed = [first.closed, second.closed]
            self.assertEqual((closed.count(True), first.closed), (count, True))
            self.assertEqual((peer.closed, node.connections), (False, 3))
        self.assertIsNone(self.connect(node).transport)
        self.assertFalse(bound.closed)

    def test_room_is_there_at_once(self) -> None:
        """What makes room does not count any more, though its end takes a moment."""
        accept = self.node(connections=1)._connections.accept
        old = accept("192.0.2.1", secure=False)
        assert old is not None
        transport = StringTransport()
        old.makeConnection(transport)
        new = accept("192.0.2.2", secure=False)
        assert new is not None, "it was refused"
        self.assertTrue(transport.disconnected)
        new.makeConnection(StringTransport())
        for each in (old, new):
            each.connectionLost(Failure(ConnectionDone()))

    def test_many(self) -> None:
        """However many sessions a peer has one after the other, few are left."""
        node = self.node(unbound_per_host=5)
        for _ in range(50):
            self.idle(node)
        self.assertEqual((node.connections, len(node)), (5, 0))
