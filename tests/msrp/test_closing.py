"""Messages that are stopped, and sessions that end with some under way."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from cpmgw.msrp.errors import (
    SessionClosed,
    SessionLost,
    TooLarge,
    TooMany,
)
from cpmgw.msrp.frames import Flag
from cpmgw.msrp.interfaces import Remote
from cpmgw.msrp.sending import SendLimits
from tests.msrp.frames import answer, send
from tests.msrp.nodes import NodeCase, Peer

LARGE = bytes(range(256)) * 4000


class Cancelling(NodeCase):
    def test_cancel(self) -> None:
        """Cancelling stops a message; the peer is told with "#"."""
        node = self.node(sending=SendLimits(window=1))
        session, _, peer, _ = self.bound(node)
        sent = session.send("a/b", LARGE)
        self.network.settle()
        sent.cancel()
        self.failureResultOf(sent, CancelledError)
        self.network.settle()
        self.assertEqual((len(peer.frames), peer.frames[-1].flag), (3, Flag.ABORTED))
        peer.respond(413, peer.frames[1])
        self.network.settle()
        self.assertTrue(session.is_connected)

    def test_cancel_before(self) -> None:
        """So before anything is sent."""
        session, _ = self.open(self.node())
        sent = session.send("a/b", b"x")
        sent.cancel()
        self.failureResultOf(sent, CancelledError)

    def test_close(self) -> None:
        """Closing fails what is not sent; the user is told nothing."""
        active, user, _, other = self.pair(self.node(), self.node())
        other.answer = Deferred
        sent = active.send("a/b", b"x")
        self.network.settle()
        active.close()
        self.failureResultOf(sent, SessionClosed)
        self.failureResultOf(active.send("a/b", b"x"), SessionClosed)
        active.close()
        self.assertEqual((user.reasons, active.is_connected), ([], False))

    def test_close_within_a_chunk(self) -> None:
        """A chunk is ended for the sake of the others on the connection."""
        here, there = self.node(), self.node()
        active, _, _, user = self.pair(here, there)
        other, _, _, other_user = self.pair(here, there)
        sent = active.send("a/b", LARGE)
        active.close()
        self.failureResultOf(sent, SessionClosed)
        self.assertEqual(self.network.result_of(other.send("a/b", b"x")), 200)
        self.assertEqual((user.bodies, other_user.bodies), ([], [b"x"]))

    def test_close_by_the_receiver(self) -> None:
        """What comes for a session that is closed is answered 481."""
        here, there = self.node(), self.node()
        active, user, passive, _ = self.pair(here, there)
        self.pair(here, there)
        passive.close()
        self.assertEqual(self.network.result_of(active.send("a/b", b"x")), 481)
        self.assertEqual(user.reasons, [])

    def test_close_while_a_message_comes(self) -> None:
        """So is what was on its way; nothing of it is kept."""
        node = self.node()
        session, _, peer, sending = self.bound(node)
        keeps_it, _, _, _ = self.pair(self.node(), node)
        octets = sending(bytes(5000), given="1-*/5000")
        peer.write(octets[:3000])
        self.network.settle()
        self.assertEqual(len(node.spool), 1)
        session.close()
        self.assertEqual(len(node.spool), 0)
        self.assertTrue(keeps_it.is_connected)

    def test_answer_after_close(self) -> None:
        """The answer to a message may come after its session is closed."""
        node = self.node()
        session, user, peer, sending = self.bound(node)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        peer.write(sending())
        self.network.settle()
        session.close()
        self.network.settle()
        self.assertFalse(peer.closed)
        waits.callback(200)
        self.network.settle()
        self.assertEqual((peer.statuses, peer.closed), ([200, 200], False))

    def test_report_after_close(self) -> None:
        """So may its REPORT (7.1.2)."""
        node = self.node()
        session, user, peer, sending = self.bound(node)
        waits: Deferred[int] = Deferred()
        user.answer = lambda: waits
        peer.write(sending(headers=["Success-Report: yes"]))
        self.network.settle()
        session.close()
        waits.callback(200)
        self.network.settle()
        self.assertEqual((peer.statuses, peer.closed), ([200, 200], False))
        self.assertEqual([f.request.method for f in peer.requests], ["REPORT"])

    def test_close_when_connected(self) -> None:
        """A user may close a session as soon as it is told of its connection."""
        node = self.node()
        session, user = self.open(node)
        keeps, _ = self.open(node)
        theirs = "msrp://127.0.0.1:9/peer;tcp"
        for each in (session, keeps):
            each.begin(Remote(path=(theirs,)))
        self.patch(user, "connected", session.close)
        peer = self.connect(node)
        peer.write(send(to_path=keeps.path[0], from_path=theirs))
        peer.write(send(given="1-*/9", to_path=session.path[0], from_path=theirs))
        self.network.settle()
        self.assertEqual((peer.statuses, len(node.spool)), ([200, 481], 0))
        self.assertTrue(keeps.is_connected)

    def test_close_within_a_message(self) -> None:
        """So when it gets a message, and before it answers."""
        node = self.node()
        session, user, peer, sending = self.bound(node)

        def close() -> int:
            session.close()
            return 200

        user.answer = close
        peer.write(sending() + sending(message_id="m3d4"))
        self.network.settle()
        self.assertEqual((user.bodies, peer.statuses), ([b"hello"], [200, 200, 481]))

    def test_lost(self) -> None:
        """With its connection a session is lost, once, and what it had to send."""
        here, there = self.node(), self.node()
        active, active_user, passive, user = self.pair(here, there)
        user.answer = Deferred
        sent = active.send("a/b", b"x")
        self.network.settle()
        self.network.cut(*passive.address)
        self.network.settle()
        self.failureResultOf(sent, SessionLost)
        self.assertEqual([len(active_user.reasons), len(user.reasons)], [1, 1])
        self.assertEqual((len(here), len(there)), (0, 0))

    def test_too_large_for_the_peer(self) -> None:
        """What the peer does not take is not sent (RFC 4975 8.5)."""
        session, _, peer, _ = self.bound(self.node(), max_size=3)
        self.failureResultOf(session.send("a/b", b"long"), TooLarge)
        sent = session.send("a/b", b"fit")
        self.network.settle()
        peer.respond(200, peer.frames[-1])
        self.assertEqual(self.network.result_of(sent), 200)

    def test_too_large_once_it_is_known(self) -> None:
        """So where that is known only later."""
        node = self.node()
        session, _ = self.open(node)
        sent = session.send("a/b", b"long")
        other, _ = self.open(node)
        other.begin(Remote(path=session.path))
        session.begin(
            Remote(path=other.path, connect_to=other.address, active=True, max_size=3)
        )
        self.network.settle()
        self.failureResultOf(sent, TooLarge)

    def test_queue_octets(self) -> None:
        """So many octets of them may be in memory; one message may have more."""
        session, _ = self.open(self.node(queue_octets=1000))
        first = session.send("a/b", bytes(5000))
        self.failureResultOf(session.send("a/b", b"x"), TooMany)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        waiting = [session.send("a/b", bytes(500)) for _ in range(2)]
        self.failureResultOf(session.send("a/b", b"x"), TooMany)
        session.close()
        for each in waiting:
            self.failureResultOf(each, SessionClosed)

    def test_queue(self) -> None:
        """So many messages may wait; one more is refused."""
        session, _ = self.open(self.node(queue=2))
        waiting = [session.send("a/b", b"x") for _ in range(2)]
        self.failureResultOf(session.send("a/b", b"x"), TooMany)
        session.close()
        for each in waiting:
            self.failureResultOf(each, SessionClosed)

    def test_peer_by_hand(self) -> None:
        """What we write is what a peer reads; its answers may come in any order."""
        session, _, peer, _ = self.bound(self.node())
        sent = [session.send("a/b", text) for text in (b"one", b"two")]
        self.network.settle()
        frames = peer.frames[1:]
        self.assertEqual([frame.body for frame in frames], [b"one", b"two"])
        for frame in reversed(frames):
            peer.write(answer(frame.head.transaction))
        self.assertEqual([self.network.result_of(each) for each in sent], [200, 200])
        self.assertIsInstance(peer, Peer)
