"""Which session a connection is for, and who may use it (RFC 4975 5.4, 7.3)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.msrp.errors import SessionLost, TooLarge
from cpmgw.msrp.interfaces import Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen
from cpmgw.msrp.waiting import MOMENT
from tests.msrp.frames import send
from tests.msrp.nodes import NodeCase, Peer, User, wire

PEER = "msrp://127.0.0.1:9/peer;tcp"


class Passive(NodeCase):
    def test_no_session(self) -> None:
        """Without such a session it is 481, and the connection may try again (7.3)."""
        node = self.node()
        peer = self.connect(node)
        peer.write(send() + send(None, given="1-0/0"))
        self.network.settle()
        self.assertEqual((peer.statuses, peer.closed), ([481, 481], False))

    def test_whole_uri(self) -> None:
        """The whole To-Path counts, not its session-id alone (RFC 4975 6.1)."""
        node = self.node()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        own = session.path[0]
        peer = self.connect(node)
        for wrong in (
            own.replace("127.0.0.1", "127.0.0.2"),
            own.replace("msrp:", "msrps:"),
            own.replace(";tcp", ";sctp"),
            f"{own} {own}",
        ):
            peer.write(send(None, given="1-0/0", to_path=wrong, from_path=PEER))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([481] * 4, 0))
        same = own.replace("msrp:", "MSRP:").replace(";tcp", ";TCP;x=y")
        peer.write(send(None, given="1-0/0", to_path=same, from_path=PEER))
        self.network.settle()
        self.assertEqual((peer.statuses[4:], user.connections), ([200], 1))

    def test_from_path(self) -> None:
        """Whoever is not the peer of the session gets 481, whatever he knows."""
        node = self.node()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        peer = self.connect(node)
        for wrong in ("msrp://127.0.0.1:9/other;tcp", f"msrp://relay:1;tcp {PEER}"):
            octets = send(to_path=session.path[0], from_path=wrong)
            peer.write(octets)
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([481] * 2, 0))
        self.assertFalse(session.is_connected)

    def test_by_session_id(self) -> None:
        """With legacy matching the session-id is enough (conversation TS 5.2.1.4.1)."""
        node = self.node()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,), by_session_id=True))
        own = session.path[0].replace("127.0.0.1", "192.0.2.1")
        peer = self.connect(node)
        other = own[:-5] + ("x" if own[-5] != "x" else "y") + own[-4:]
        peer.write(send(None, given="1-0/0", to_path=other))
        peer.write(send(to_path=own, from_path="msrp://192.0.2.9:1/any;tcp"))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([481, 200], 1))
        self.assertEqual(user.bodies, [b"hello"])

    def test_bound_elsewhere(self) -> None:
        """A session that has a connection takes no other: 506 (7.3)."""
        node = self.node()
        _, user, peer, sending = self.bound(node)
        other = self.connect(node)
        other.write(sending())
        self.network.settle()
        self.assertEqual((other.statuses, user.bodies), ([506], []))
        peer.write(sending())
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200, 200], [b"hello"]))

    def test_content_binds(self) -> None:
        """The first request need not be empty."""
        node = self.node()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        self.connect(node).write(send(to_path=session.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual((user.connections, user.bodies), (1, [b"hello"]))

    def test_before_begin(self) -> None:
        """Who comes before the other side is known waits, and is then let in."""
        node = self.node()
        session, user = self.open(node)
        peer = self.connect(node)
        octets = send(to_path=session.path[0], from_path=PEER)
        peer.write(octets + octets.replace(b"m1d2", b"m3d4"))
        self.network.settle()
        self.assertEqual(peer.statuses, [])
        session.begin(Remote(path=(PEER,)))
        self.network.settle()
        self.assertEqual((peer.statuses, user.bodies), ([200, 200], [b"hello"] * 2))

    def test_before_begin_in_vain(self) -> None:
        """He is refused when the session is closed, or does not begin in time."""
        for how in ("close", "wait"):
            node = self.node()
            session, _ = self.open(node)
            keeps, _, peer, _ = self.bound(node)
            octets = send(None, given="1-0/0", to_path=session.path[0], from_path=PEER)
            peer.write(octets)
            self.network.settle()
            self.assertEqual(peer.statuses, [200])
            if how == "close":
                session.close()
            else:
                self.network.advance(29.9)
                self.assertEqual(peer.statuses, [200])
                self.network.advance(0.1)
            self.network.settle()
            self.assertEqual(peer.statuses, [200, 481])
            self.assertTrue(keeps.is_connected)

    def early(self, node: MsrpNode, host: str = "127.0.0.1") -> tuple[Any, User, Peer]:
        """A session that has not begun, and a peer that has come for it."""
        session, user = self.open(node)
        peer = self.connect(node, host)
        self.network.advance(10.0)
        peer.write(send(None, given="1-0/0", to_path=session.path[0], from_path=PEER))
        self.network.settle()
        return session, user, peer

    def test_gone_before_begin(self) -> None:
        """Whoever has gone meanwhile binds nothing; the peer may come once more."""
        for gone in ("aborted", "evicted"):
            node = self.node(unbound=1)
            session, user, peer = self.early(node)
            if gone == "aborted":
                wire(peer).abortConnection()
            else:
                next(iter(node._connections._all)).abort()
            self.network.settle()
            self.assertEqual(node.connections, 0)
            session.begin(Remote(path=(PEER,)))
            self.network.settle()
            self.assertEqual((user.connections, session.is_connected), (0, False))
            again = self.connect(node)
            octets = send(to_path=session.path[0], from_path=PEER)
            again.write(octets)
            self.network.settle()
            self.assertEqual((again.statuses, user.connections), ([200], 1))

    def test_those_that_have_gone(self) -> None:
        """Those that have gone, or were refused, keep no place from who comes later."""
        node = self.node(setup_timeout=30.0)
        session, user = self.open(node)
        octets = send(None, given="1-0/0", to_path=session.path[0], from_path=PEER)
        for way in ("gone", "late") * 5:
            peer = self.connect(node)
            peer.write(octets)
            self.network.settle()
            if way == "gone":
                wire(peer).abortConnection()
            self.network.advance(30.0)
        peer = self.connect(node)
        peer.write(octets)
        self.network.settle()
        session.begin(Remote(path=(PEER,)))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([200], 1))

    def test_waits_for_long(self) -> None:
        """Who waits for a session to begin is not without one, nor has to make room."""
        node = self.node(unbound=1, unbound_per_host=1)
        session, user, peer = self.early(node, "192.0.2.1")
        for number in range(3):
            self.connect(node, f"192.0.2.{number}")
        self.network.advance(25.0)
        self.assertFalse(peer.closed)
        session.begin(Remote(path=(PEER,)))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([200], 1))

    def test_so_many_wait(self) -> None:
        """For one session four connections may wait; one more is refused."""
        node = self.node()
        session, _, _ = self.early(node)
        peers = [self.connect(node) for _ in range(4)]
        for peer in peers:
            octets = send(None, given="1-0/0", to_path=session.path[0], from_path=PEER)
            peer.write(octets)
            self.network.settle()
        self.assertEqual([each.statuses for each in peers], [[], [], [], [481]])

    def test_others_go_on(self) -> None:
        """On a connection with sessions the SEND that binds waits, and nobody else."""
        node = self.node()
        bound, user, peer, sending = self.bound(node)
        session, early = self.open(node)
        binds = send(None, given="1-0/0", to_path=session.path[0], from_path=PEER)
        peer.write(binds + binds + sending())
        sent = bound.send("a/b", b"x")
        self.network.settle()
        self.assertEqual(peer.statuses, [200, 481, 200])
        peer.respond(200, peer.requests[-1])
        self.assertEqual(self.network.result_of(sent), 200)
        session.begin(Remote(path=(PEER,)))
        self.network.settle()
        self.assertEqual((peer.statuses[3:], early.connections), ([200], 1))
        self.assertEqual(user.bodies, [b"hello"])

    def test_content_before_the_ack(self) -> None:
        """Content that overtakes the ACK is there when the session begins.

        A relay has told its sender 200 by then: nobody would send it again.
        """
        node = self.node()
        _, user, peer, sending = self.bound(node)
        session, early = self.open(node)
        place: dict[str, Any] = {"to_path": session.path[0], "from_path": PEER}
        peer.write(send(None, given="1-0/0", **place) + send(**place) + sending())
        self.network.advance(MOMENT - 0.1)
        self.assertEqual((peer.statuses, user.bodies), ([200], []))
        session.begin(Remote(path=(PEER,)))
        self.network.settle()
        self.assertEqual(peer.statuses[1:], [200, 200, 200])
        self.assertEqual((early.bodies, user.bodies), ([b"hello"], [b"hello"]))

    def test_content_that_is_too_early(self) -> None:
        """Others wait for a moment, and once: then content is refused."""
        node = self.node()
        _, user, peer, sending = self.bound(node)
        session, early = self.open(node)
        place: dict[str, Any] = {"to_path": session.path[0], "from_path": PEER}
        peer.write(send(**place) + sending())
        self.network.advance(MOMENT)
        self.assertEqual((peer.statuses[1:], user.bodies), ([481, 200], [b"hello"]))
        peer.write(send(**place) + sending())
        self.network.settle()
        self.assertEqual(peer.statuses[3:], [481, 200])
        self.assertEqual(early.bodies, [])
        session.close()

    def test_what_binds(self) -> None:
        """A request that is wrong binds nothing, nor does one that is no SEND."""
        node = self.node()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        peer = self.connect(node)
        place: dict[str, Any] = {"to_path": session.path[0], "from_path": PEER}
        peer.write(send(None, given="1-0/0", headers=["Nonsense"], **place))
        told = ["Status: 000 200 OK"]
        peer.write(send(None, given="1-1/1", method="REPORT", headers=told, **place))
        self.network.settle()
        self.assertEqual((peer.statuses, user.connections), ([400], 0))

    def test_not_in_time(self) -> None:
        """A session that nobody binds is lost after `setup_timeout`."""
        node = self.node(setup_timeout=7.0)
        session, user = self.open(node)
        sent = session.send("a/b", b"x")
        self.network.advance(100.0)
        session.begin(Remote(path=(PEER,)))
        self.network.advance(6.9)
        self.assertEqual(user.reasons, [])
        self.network.advance(0.1)
        self.assertEqual((len(user.reasons), len(node)), (1, 0))
        self.failureResultOf(sent, SessionLost)


class Active(NodeCase):
    def begin(self, port: int, **settings: float) -> None:
        """A session that connects to a port."""
        node = self.node(**settings)
        self.session, self.user = self.open(node)
        self.session.begin(
            Remote(path=(PEER,), connect_to=("127.0.0.1", port), active=True)
        )
        self.network.settle()

    def test_empty_send(self) -> None:
        """Whoever is active binds with an empty SEND (RFC 6135 4.2.3)."""
        port, peers = self.listen()
        self.begin(port)
        (frame,) = peers[0].frames
        self.assertEqual(frame.request.method, "SEND")
        self.assertEqual(str(frame.request.byte_range), "1-0/0")
        self.assertFalse(frame.request.has_body)
        self.assertEqual(frame.request.to_path, (PEER,))
        self.assertEqual(frame.request.from_path, self.session.path)
        self.assertFalse(self.session.is_connected)
        peers[0].respond()
        self.network.settle()
        self.assertTrue(self.session.is_connected)

    def test_where(self) -> None:
        """It connects to c- and m-line, or where those are not told to the path."""
        port, peers = self.listen()
        session, _ = self.open(self.node())
        session.begin(Remote(path=(f"msrp://127.0.0.1:{port}/x;tcp",), active=True))
        self.network.settle()
        self.assertEqual(len(peers), 1)

    def test_by_name(self) -> None:
        """A host may be a name."""
        port, peers = self.listen()
        self.network.names["peer.example.net"] = ("127.0.0.1",)
        session, _ = self.open(self.node())
        session.begin(
            Remote(path=(f"msrp://peer.example.net:{port}/x;tcp",), active=True)
        )
        self.network.settle()
        self.assertEqual(len(peers), 1)

    def test_refused(self) -> None:
        """Without a 200 to that the session is lost."""
        port, peers = self.listen()
        self.begin(port)
        peers[0].respond(481)
        self.network.settle()
        (reason,) = self.user.reasons
        self.assertIn("481", str(reason))
        self.assertTrue(peers[0].closed)

    def test_not_answered(self) -> None:
        """So without an answer."""
        port, _ = self.listen()
        self.begin(port)
        self.network.advance(30.0)
        self.assertEqual(len(self.user.reasons), 1)

    def test_dead_connection(self) -> None:
        """A connection that says nothing at all is not shared any more."""
        port, peers = self.listen()
        self.begin(port)
        peers[0].respond()
        self.network.settle()
        for count in (1, 2):
            node = self.nodes[0]
            session, user = self.open(node)
            remote = Remote(path=(PEER,), connect_to=("127.0.0.1", port), active=True)
            session.begin(remote)
            self.network.settle()
            self.assertTrue(wire(peers[-1])._other.getTcpKeepAlive())
            self.network.advance(30.0)
            self.assertEqual((len(user.reasons), len(peers)), (1, count))
            self.assertTrue(peers[-1].closed)

    def test_nobody_there(self) -> None:
        """Where nobody listens it is lost at once."""
        self.begin(1)
        self.assertEqual(len(self.user.reasons), 1)

    def test_no_connection_in_time(self) -> None:
        """Where nobody answers, after `connect_timeout`."""
        port, _ = self.listen()
        self.network.partition("127.0.0.1", port)
        self.begin(port, connect_timeout=3.0)
        self.network.advance(2.9)
        self.assertEqual(self.user.reasons, [])
        self.network.advance(0.1)
        self.assertEqual(len(self.user.reasons), 1)

    def test_close_while_connecting(self) -> None:
        """A session that is closed meanwhile connects no more."""
        self.network.latency = 1.0
        port, peers = self.listen()
        self.begin(port)
        self.session.close()
        self.network.advance(2.0)
        self.assertEqual((peers, self.user.reasons), ([], []))

    def test_one_of_two_closes_while_connecting(self) -> None:
        """Of those that wait for one connection, the others get it."""
        self.network.latency = 1.0
        port, peers = self.listen()
        node = self.node()
        sessions = [self.open(node)[0] for _ in range(2)]
        for session in sessions:
            session.begin(
                Remote(path=(PEER,), connect_to=("127.0.0.1", port), active=True)
            )
        sessions[0].close()
        self.network.advance(3.0)
        (peer,) = peers
        (frame,) = peer.frames
        self.assertEqual(frame.request.from_path, sessions[1].path)

    def test_other_connections(self) -> None:
        """A session that connects itself is not bound by a connection that comes."""
        port, _ = self.listen()
        self.begin(port)
        other = self.connect(self.nodes[0])
        other.write(send(to_path=self.session.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual((other.statuses, self.user.connections), ([506], 0))

    def test_peer_is_first(self) -> None:
        """What the peer sends before it answers the empty SEND binds as well."""
        port, peers = self.listen()
        self.begin(port)
        peers[0].write(send(to_path=self.session.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual((self.user.connections, self.user.bodies), (1, [b"hello"]))
        peers[0].respond(200, peers[0].frames[0])
        self.network.settle()
        self.assertEqual((self.user.connections, self.user.reasons), (1, []))


class Modified(NodeCase):
    def test_same_place(self) -> None:
        """A modification of sizes alone leaves the connection alone, and counts."""
        here, there = self.node(), self.node()
        active, user, passive, _ = self.pair(here, there)
        active.begin(Remote(path=passive.path, connect_to=passive.address, max_size=1))
        self.assertEqual(self.network.result_of(active.send("a/b", b"x")), 200)
        self.failureResultOf(active.send("a/b", b"xy"), TooLarge)
        self.assertEqual(user.connections, 1)

    def test_same_place_anew(self) -> None:
        """A new connection to the same place is one (RFC 4145 5.1)."""
        here, there = self.node(), self.node()
        active, user, passive, old = self.pair(here, there)
        passive.begin(Remote(path=active.path, connection=1))
        self.assertFalse(passive.is_connected)
        self.network.settle()
        self.assertEqual((old.reasons, len(user.reasons)), ([], 1))

    def test_both_anew(self) -> None:
        """What is begun again is begun by what is said now, the role as well."""
        here, there = self.node(), self.node()
        active, user, passive, _ = self.pair(here, there)
        passive.begin(Remote(path=active.path, connection=1))
        place = passive.path, passive.address
        active.begin(
            Remote(path=place[0], connect_to=place[1], active=True, connection=1)
        )
        self.assertFalse(active.is_connected)
        self.assertEqual(self.network.result_of(active.send("a/b", b"x")), 200)
        self.assertEqual(user.connections, 2)

    def test_other_place(self) -> None:
        """One with another path connects anew; what was on its way is lost."""
        here, there = self.node(), self.node()
        active, user, passive, old = self.pair(here, there)
        old.answer = Deferred
        sent = active.send("a/b", bytes(1_000_000))
        other, new = self.open(there)
        other.begin(Remote(path=active.path))
        active.begin(Remote(path=other.path, connect_to=other.address, active=True))
        self.failureResultOf(sent, SessionLost)
        self.assertFalse(active.is_connected)
        self.assertEqual(self.network.result_of(active.send("a/b", b"x")), 200)
        self.assertEqual((user.connections, new.bodies), (2, [b"x"]))
        self.assertEqual(user.reasons, [])
        self.assertEqual((here.connections, len(old.reasons)), (1, 1))
        self.assertFalse(passive.is_connected)

    def test_other_role(self) -> None:
        """One that makes us active, before there is a connection, makes us connect."""
        port, peers = self.listen()
        session, _ = self.open(self.node())
        place = ("127.0.0.1", port)
        session.begin(Remote(path=(PEER,), connect_to=place))
        session.begin(Remote(path=(PEER,), connect_to=place, active=True))
        self.network.settle()
        peers[0].respond()
        self.network.settle()
        self.assertTrue(session.is_connected)

    def test_what_has_not_begun(self) -> None:
        """What was not begun to be sent goes to the new place (RFC 4975 5.4)."""
        node = self.node()
        session, _, peer, _ = self.bound(node)
        wire(peer).pauseProducing()
        sent = [session.send("a/b", bytes(200_000)) for _ in range(3)]
        self.network.settle()
        new = "msrp://127.0.0.1:9/new;tcp"
        session.begin(Remote(path=(new,)))
        self.failureResultOf(sent[0], SessionLost)
        there = self.connect(node)
        there.write(send(None, given="1-0/0", to_path=session.path[0], from_path=new))
        for _ in range(50):
            self.network.settle()
            there.respond()
        for each in sent[1:]:
            if not each.called:
                self.fail("it was not sent")
        self.assertEqual(self.successResultOf(sent[2]), 200)
        self.flushLoggedErrors()
        sent[1].addErrback(lambda _: None)

    def test_while_connecting(self) -> None:
        """One that comes while we connect makes us connect to the new place."""
        self.network.latency = 1.0
        (port, peers), (new_port, new_peers) = self.listen(), self.listen()
        session, user = self.open(self.node())
        for place in (port, new_port):
            session.begin(
                Remote(path=(PEER,), connect_to=("127.0.0.1", place), active=True)
            )
        self.network.advance(2.0)
        new_peers[0].respond()
        self.network.advance(2.0)
        self.assertEqual((user.reasons, peers), ([], []))
        self.assertTrue(session.is_connected)

    def test_passive(self) -> None:
        """A passive one lets the new peer in, and the old one no more."""
        node = self.node()
        session, user, peer, sending = self.bound(node)
        keeps, _, peer_of_another, _ = self.bound(node)
        session.begin(Remote(path=("msrp://127.0.0.1:9/new;tcp",)))
        self.network.settle()
        self.assertTrue(peer.closed)
        old, new = self.connect(node), self.connect(node)
        old.write(sending())
        new.write(sending(from_path="msrp://127.0.0.1:9/new;tcp"))
        self.network.settle()
        self.assertEqual((old.statuses, new.statuses), ([481], [200]))
        self.assertEqual((user.connections, user.bodies), (2, [b"hello"]))
        self.assertTrue(keeps.is_connected and not peer_of_another.closed)


class Addresses(NodeCase):
    def test_ipv6(self) -> None:
        """With IPv6 the host stands in brackets in the URI, and without elsewhere."""
        node = self.node(listen=Listen(port=0, interface="::1"))
        session, _ = self.open(node)
        self.assertEqual(session.address[0], "::1")
        self.assertTrue(session.path[0].startswith("msrp://[::1]:"))

    def test_everywhere(self) -> None:
        """A node that listens at all addresses is told what to call itself."""
        everywhere = Listen(port=0)
        session, _ = self.open(self.node(listen=everywhere))
        self.assertEqual(session.address[0], "localhost")
        session, _ = self.open(self.node(listen=everywhere, host="[2001:db8::1]"))
        self.assertEqual(session.address[0], "2001:db8::1")
