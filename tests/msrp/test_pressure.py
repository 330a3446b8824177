"""Peers that flood, stall or do not read: nothing grows, and others go on."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.msrp.errors import SessionLost, TooMany
from cpmgw.msrp.frames import Flag
from cpmgw.msrp.interfaces import Remote
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.sending import TURN, SendLimits
from cpmgw.msrp.settings import Listen
from tests.msrp.frames import send
from tests.msrp.nodes import NodeCase, Peer, wire

PEER = "msrp://127.0.0.1:9/peer;tcp"


def unread(peer: Peer) -> int:
    """The octets that are on their way to a peer."""
    return int(wire(peer)._other._queued)


class Reading(NodeCase):
    def test_unanswered(self) -> None:
        """So many messages wait for the user, and behind them; beyond, none is read."""
        node = self.node(unanswered=2, waiting=2)
        _, user, peer, sending = self.bound(node)
        waits: list[Deferred[int]] = [Deferred() for _ in range(5)]
        rest = iter(waits)
        user.answer = lambda: next(rest)
        for number in range(4):
            peer.write(sending(message_id=f"m{number}d2"))
        self.network.settle()
        self.assertEqual(len(user.bodies), 2)
        peer.write(sending(bytes(1_000_000)))
        self.network.settle()
        self.assertGreaterEqual(wire(peer)._queued, 1_000_000)
        waits[1].callback(200)
        self.network.settle()
        self.assertEqual((len(user.bodies), peer.statuses), (3, [200, 200]))
        self.assertEqual(wire(peer)._queued, 0)
        waits[0].callback(200)
        self.network.settle()
        for each in waits[2:]:
            each.callback(200)
        self.network.settle()
        self.assertEqual((len(user.bodies), peer.statuses), (5, [200] * 6))

    def test_waiting_is_no_silence(self) -> None:
        """A peer is not blamed for what we do not read."""
        node = self.node(unanswered=1, waiting=1)
        _, user, peer, sending = self.bound(node)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        peer.write(sending() * 2 + sending(bytes(9000))[:5000])
        self.network.settle()
        self.network.advance(29.9)
        self.assertFalse(peer.closed)
        waits.callback(200)
        self.network.advance(29.9)
        self.assertFalse(peer.closed)
        self.network.advance(0.2)
        self.assertTrue(peer.closed)

    def test_closed_while_full(self) -> None:
        """What waited behind a session is handled when that is closed."""
        node = self.node(unanswered=1, waiting=1)
        session, user, peer, sending = self.bound(node)
        user.answer = Deferred
        other, other_user = self.open(node)
        other.begin(Remote(path=(PEER,)))
        peer.write(sending() * 2)
        peer.write(send(to_path=other.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual(other_user.bodies, [])
        session.close()
        self.network.settle()
        self.assertEqual(other_user.bodies, [b"hello"])
        self.assertFalse(peer.closed)

    def test_others_go_on(self) -> None:
        """So if they are bound to it already."""
        node = self.node(unanswered=1, waiting=1)
        session, user, peer, sending = self.bound(node)
        other, other_user = self.open(node)
        other.begin(Remote(path=(PEER,)))
        peer.write(send(to_path=other.path[0], from_path=PEER))
        self.network.settle()
        user.answer = Deferred
        peer.write(sending() * 2)
        peer.write(send(to_path=other.path[0], from_path=PEER))
        self.network.settle()
        self.assertEqual(len(other_user.bodies), 1)
        session.close()
        self.network.settle()
        self.assertEqual(len(other_user.bodies), 2)

    def test_answers_are_read(self) -> None:
        """A session that is slow keeps answers neither from others nor from itself."""
        node = self.node(unanswered=1, waiting=2)
        session, user, peer, sending = self.bound(node)
        user.answer = Deferred
        peer.write(sending() * 2)
        self.network.settle()
        sent = session.send("a/b", b"x")
        self.network.settle()
        peer.respond(200, peer.requests[-1])
        self.network.settle()
        self.assertEqual(self.successResultOf(sent), 200)

    def test_answers_are_not_late(self) -> None:
        """Time in which we do not read does not count against the peer."""
        node = self.node(
            unanswered=1, waiting=1, sending=SendLimits(answer_timeout=10.0)
        )
        session, user, peer, sending = self.bound(node)
        user.answer = Deferred
        sent = session.send("a/b", b"x")
        self.network.settle()
        self.network.advance(5.0)
        peer.write(sending() * 2)
        self.network.settle()
        self.network.advance(29.9)
        self.assertNoResult(sent)
        self.network.advance(5.0)
        self.assertNoResult(sent)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(sent), 408)

    def test_full_for_too_long(self) -> None:
        """Others wait for a session that is full so long; then it refuses its own."""
        node = self.node(unanswered=1, waiting=2, chunk_timeout=7.0)
        _, user, peer, sending = self.bound(node)
        other, other_user = self.open(node)
        other.begin(Remote(path=(PEER,)))
        waits: list[Deferred[int]] = []

        def wait() -> Deferred[int]:
            waits.append(Deferred())
            return waits[-1]

        user.answer = wait
        peer.write(sending() * 4)
        peer.write(send(to_path=other.path[0], from_path=PEER))
        self.network.advance(6.9)
        self.assertEqual((peer.statuses, other_user.bodies), ([200], []))
        self.network.advance(0.1)
        self.network.settle()
        self.assertEqual(
            (peer.statuses, other_user.bodies), ([200, 413, 200], [b"hello"])
        )
        self.assertEqual(len(user.bodies), 1)
        for number in range(3):
            waits[number].callback(200)
        self.network.settle()
        self.assertEqual(len(user.bodies), 3)
        peer.write(sending())
        self.network.settle()
        self.assertEqual(len(user.bodies), 4)

    def test_many_wait(self) -> None:
        """However many wait for a user, they are answered one after the other."""
        node = self.node(unanswered=1, waiting=1000)
        _, user, peer, sending = self.bound(node)
        first: Deferred[int] = Deferred()
        user.answer = lambda: first
        peer.write(sending() * 900)
        self.network.settle()
        self.assertEqual(len(user.bodies), 1)
        user.answer = lambda: 200
        first.callback(200)
        self.network.settle()
        self.assertEqual((len(user.bodies), len(peer.statuses)), (900, 901))

    def test_closed_while_some_wait(self) -> None:
        """What waits for a user that closes its session is for nobody: 481."""
        node = self.node(unanswered=1)
        session, user, peer, sending = self.bound(node)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        peer.write(sending() * 3)
        self.network.settle()
        session.close()
        waits.callback(200)
        self.network.settle()
        self.assertEqual(peer.statuses, [200, 481, 481, 200])
        self.assertEqual((len(user.bodies), node.spool.used), (1, 0))

    def test_silent_within_a_chunk(self) -> None:
        """A peer that stops within a chunk is given up after `chunk_timeout`."""
        node = self.node(chunk_timeout=10.0)
        _, user, peer, sending = self.bound(node)
        peer.write(sending(bytes(50_000), given="1-*/50000")[:20_000])
        self.network.advance(6.0)
        peer.write(bytes(1000))
        self.network.advance(9.9)
        self.assertEqual((peer.closed, len(node.spool)), (False, 1))
        self.network.advance(0.2)
        self.assertTrue(peer.closed)
        self.assertEqual((len(user.reasons), len(node.spool)), (1, 0))

    def test_slow_head(self) -> None:
        """A head has to come as a whole in that time, not octet by octet."""
        node = self.node(chunk_timeout=10.0)
        _, user, peer, sending = self.bound(node)
        octets = sending()
        for at in range(5):
            peer.write(octets[at : at + 1])
            self.network.advance(2.1)
        self.assertTrue(peer.closed)
        self.assertEqual(len(user.reasons), 1)

    def test_idle_between_frames(self) -> None:
        """Between frames a peer may be silent as long as it likes."""
        node = self.node()
        session, user, peer, sending = self.bound(node)
        peer.write(sending())
        self.network.advance(100_000.0)
        self.assertTrue(session.is_connected)
        self.assertEqual(user.reasons, [])

    def test_messages_in_part(self) -> None:
        """A message that does not go on is dropped, its connection stays."""
        node = self.node(reception=ReceptionLimits(timeout=50.0))
        session, _, peer, sending = self.bound(node)
        peer.write(sending(given="1-*/9", flag="+", message_id="m3d4"))
        self.network.advance(30.0)
        peer.write(sending(given="1-*/9", flag="+", message_id="m5d6"))
        self.network.advance(19.9)
        self.assertEqual(len(node.spool), 2)
        self.network.advance(0.1)
        self.assertEqual(len(node.spool), 1)
        self.network.advance(30.0)
        self.assertEqual((len(node.spool), session.is_connected), (0, True))

    def test_not_msrp(self) -> None:
        """What is no MSRP closes the connection, and loses its sessions."""
        node = self.node()
        _, user, peer, sending = self.bound(node)
        peer.write(sending() + b"GET / HTTP/1.1\r\n\r\n" + sending())
        self.network.settle()
        self.assertEqual((user.bodies, len(user.reasons)), ([b"hello"], 1))
        self.assertTrue(peer.closed)


class Writing(NodeCase):
    def test_peer_that_does_not_read(self) -> None:
        """To a peer that does not read, no more is written than is on its way."""
        node = self.node()
        session, user, peer, _ = self.bound(node)
        wire(peer).pauseProducing()
        sent = [session.send("a/b", bytes(10_000_000)) for _ in range(5)]
        self.network.settle()
        self.assertLess(unread(peer), 65_536 + 2 * TURN)
        self.network.advance(29.9)
        self.assertTrue(session.is_connected)
        self.network.advance(0.2)
        self.assertEqual(len(user.reasons), 1)
        for each in sent:
            self.failureResultOf(each, SessionLost)

    def test_peer_that_reads_slowly(self) -> None:
        """A peer that reads now and then is not given up."""
        node = self.node(sending=SendLimits(window=1000))
        session, user, peer, _ = self.bound(node)
        sent = session.send("a/b", bytes(1_000_000))
        for _ in range(30):
            wire(peer).pauseProducing()
            self.network.advance(20.0)
            wire(peer).resumeProducing()
            self.network.settle()
            peer.respond(200)
        self.assertEqual(self.network.result_of(sent), 200)
        self.assertEqual(user.reasons, [])

    def test_peer_that_answers_slowly(self) -> None:
        """Nor is one whose system takes all, as long as it answers in its turn."""
        node = self.node(sending=SendLimits(window=1000))
        session, user, peer, _ = self.bound(node)
        sent = session.send("a/b", bytes(300_000))
        self.network.settle()
        answered = 1
        while answered < len(peer.requests) + 1 and not sent.called:
            self.network.advance(20.0)
            peer.respond(200, peer.requests[answered - 1])
            answered += 1
            self.network.settle()
        self.assertEqual((self.successResultOf(sent), user.reasons), (200, []))
        self.assertGreater(answered, 5)

    def test_peer_that_answers_before_it_reads_on(self) -> None:
        """As long as it answers what it has read, a peer is not taken for dead."""
        node = self.node(sending=SendLimits(answer_timeout=1000.0))
        session, user, peer, _ = self.bound(node)
        sent = [session.send("a/b", b"x") for _ in range(2)]
        self.network.settle()
        wire(peer).pauseProducing()
        session.send("a/b", bytes(1_000_000)).addErrback(lambda _: None)
        for frame in peer.requests:
            self.network.advance(20.0)
            peer.respond(200, frame)
            self.network.settle()
        self.network.advance(29.9)
        self.assertEqual([self.successResultOf(each) for each in sent], [200, 200])
        self.assertEqual(user.reasons, [])
        self.network.advance(0.2)
        self.assertEqual(len(user.reasons), 1)

    def test_answers_that_nobody_reads(self) -> None:
        """Answers may wait to be read up to `buffered` octets."""
        node = self.node(buffered=10_000)
        _, user, peer, sending = self.bound(node)
        wire(peer).pauseProducing()
        octets = sending(None, given="1-0/0")
        while unread(peer) < 60_000:
            peer.write(octets)
            self.network.settle()
        self.assertEqual(user.reasons, [])
        for _ in range(200):
            peer.write(octets)
        self.network.settle()
        self.assertEqual(len(user.reasons), 1)
        self.assertLess(unread(peer), 90_000)

    def test_both_at_once(self) -> None:
        """Two sides that both send much do not wait for each other for ever."""
        here, there = self.node(), self.node()
        active, _, passive, _ = self.pair(here, there)
        self.network.segment_size = 1000
        one = active.send("a/b", bytes(2_000_000))
        other = passive.send("a/b", bytes(2_000_000))
        self.assertEqual(self.network.result_of(one), 200)
        self.assertEqual(self.network.result_of(other), 200)

    def test_small_beside_large(self) -> None:
        """A small message of another session overtakes a large one."""
        here, there = self.node(), self.node()
        large, _, _, _ = self.pair(here, there)
        small, _, _, _ = self.pair(here, there)
        slow = large.send("a/b", bytes(10_000_000))
        fast = small.send("a/b", b"x")
        self.network.latency = 0.1
        self.assertEqual(self.network.result_of(fast, 0.5), 200)
        self.assertNoResult(slow)
        self.assertEqual(self.network.result_of(slow, 100.0), 200)

    def test_interruption_on_the_wire(self) -> None:
        """The peer sees the large one interrupted with "+"."""
        node = self.node()
        session, _, peer, _ = self.bound(node)
        wire(peer).pauseProducing()
        session.send("a/b", bytes(200_000)).addErrback(lambda _: None)
        self.network.settle()
        session.send("a/b", b"x").addErrback(lambda _: None)
        wire(peer).resumeProducing()
        self.network.settle()
        flags = [(len(each.body), each.flag) for each in peer.frames[1:]]
        small = flags.index((1, Flag.LAST))
        self.assertIs(flags[small - 1][1], Flag.MORE)
        self.assertEqual(sum(size for size, _ in flags), 200_001)


class Counts(NodeCase):
    def test_sessions(self) -> None:
        """There may be so many sessions."""
        node = self.node(sessions=2)
        first, _ = self.open(node)
        self.open(node)
        self.failureResultOf(node.open(self.open(self.node())[1]), TooMany)
        first.close()
        self.open(node)
        self.assertEqual(len(node), 2)

    def test_without_a_session(self) -> None:
        """A connection that no session uses is closed after `setup_timeout`."""
        node = self.node(setup_timeout=5.0)
        silent, talking = self.connect(node), self.connect(node)
        self.network.advance(4.9)
        talking.write(send())
        self.network.settle()
        self.assertEqual((silent.closed, talking.closed), (False, False))
        self.network.advance(0.1)
        self.assertEqual((silent.closed, talking.closed), (True, True))

    def test_flood_of_a_host(self) -> None:
        """Of one host so many may wait; the one that waited longest makes room."""
        node = self.node(unbound_per_host=3)
        peers = [self.connect(node, "192.0.2.1") for _ in range(3)]
        other = self.connect(node, "192.0.2.2")
        self.assertFalse(any(each.closed for each in peers))
        last = self.connect(node, "192.0.2.1")
        self.assertEqual([each.closed for each in peers], [True, False, False])
        self.assertFalse(other.closed or last.closed)

    def test_flood_of_a_network(self) -> None:
        """An IPv6 host is a network of 64 bits; an IPv4 address in it is itself."""
        node = self.node(unbound_per_host=1, listen=Listen(port=0, interface="::1"))
        hosts = (
            "2001:db8::1",
            "2001:db8:0:1::1",
            "::ffff:192.0.2.1",
            "::ffff:192.0.2.2",
        )
        peers = [self.connect(node, host) for host in hosts]
        self.assertFalse(any(each.closed for each in peers))
        self.connect(node, "2001:db8::ffff:0:0:1")
        self.assertEqual([each.closed for each in peers], [True, False, False, False])
        self.connect(node, "::ffff:192.0.2.1")
        self.assertEqual([each.closed for each in peers], [True, False, True, False])

    def test_flood(self) -> None:
        """So of all hosts."""
        node = self.node(unbound=3)
        peers = [self.connect(node, f"192.0.2.{n}") for n in range(1, 4)]
        self.assertFalse(any(each.closed for each in peers))
        self.connect(node, "192.0.2.9")
        self.assertEqual([each.closed for each in peers], [True, False, False])

    def test_bound_ones_do_not_count(self) -> None:
        """A connection with a session is not closed for others."""
        node = self.node(unbound=1, unbound_per_host=1)
        bound = [self.bound(node)[2] for _ in range(3)]
        self.connect(node)
        self.connect(node)
        self.assertFalse(any(each.closed for each in bound))

    def test_connections(self) -> None:
        """There may be so many connections at all; one more is closed at once."""
        node = self.node(connections=2)
        session, _, peer, _ = self.bound(node)
        self.bound(node)
        refused = self.connect(node)
        self.assertIsNone(refused.transport)
        session.close()
        wire(peer).loseConnection()
        self.network.settle()
        self.assertIsNotNone(self.connect(node).transport)

    def test_connections_made(self) -> None:
        """So of those made here."""
        node = self.node(connections=1)
        places = [self.listen()[0] for _ in range(2)]
        users = []
        for port in places:
            session, user = self.open(node)
            users.append(user)
            session.begin(
                Remote(path=(PEER,), connect_to=("127.0.0.1", port), active=True)
            )
        self.network.settle()
        self.assertEqual([len(user.reasons) for user in users], [0, 1])
