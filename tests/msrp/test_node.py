"""Two nodes, or one and a peer: sessions from open to close (RFC 4975, RFC 6135)."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.msrp.connection import MsrpConnection
from cpmgw.msrp.errors import (
    MsrpError,
    MsrpSyntaxError,
    SessionClosed,
    SessionLost,
)
from cpmgw.msrp.interfaces import IMsrpNode, IMsrpSession, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import MsrpSettings
from cpmgw.msrp.uri import parse_uri
from tests.msrp.nodes import NodeCase

LARGE = bytes(range(256)) * 4000


def _connections() -> list[object]:
    """Those that there are, of whatever node."""
    return [each for each in gc.get_objects() if isinstance(each, MsrpConnection)]


class Sessions(NodeCase):
    def test_interfaces(self) -> None:
        """Node and session are what their interfaces say."""
        node = self.node()
        session, _ = self.open(node)
        verifyObject(IMsrpNode, node)
        verifyObject(IMsrpSession, session)
        self.assertEqual(node.max_size, node.settings.reception.max_size)

    def test_path(self) -> None:
        """A session has a URI of its own, with a session-id nobody guesses (14.1)."""
        node = self.node()
        paths = {self.open(node)[0].path for _ in range(20)}
        self.assertEqual(len(paths), 20)
        for path in paths:
            uri = parse_uri(path[0])
            self.assertEqual((uri.host, uri.port), node.addresses[0][1:])
            self.assertEqual((uri.secure, len(uri.session_id)), (False, 32))

    def test_host(self) -> None:
        """What the settings call the host stands in URIs and SDP."""
        session, _ = self.open(self.node(host="gw.example.net"))
        self.assertEqual(session.address[0], "gw.example.net")
        self.assertTrue(session.path[0].startswith("msrp://gw.example.net:"))

    def test_both_ways(self) -> None:
        """Once bound, messages go both ways over one connection (5.4)."""
        here, there = self.node(), self.node()
        active, active_user, passive, passive_user = self.pair(here, there)
        self.assertEqual((active_user.connections, passive_user.connections), (1, 1))
        one, other = active.send("text/plain", b"one"), passive.send("text/a", b"two")
        self.assertEqual(self.network.result_of(one), 200)
        self.assertEqual(self.network.result_of(other), 200)
        self.assertEqual(
            (passive_user.bodies, active_user.bodies), ([b"one"], [b"two"])
        )
        self.assertEqual(active_user.received[0].content_type, "text/a")
        self.assertEqual((here.connections, there.connections), (1, 1))

    def test_large(self) -> None:
        """A large message goes in chunks, through a file, and can go on from there."""
        here = self.node(storage=SpoolLimits(spill=1000))
        there = self.node(storage=SpoolLimits(spill=1000))
        active, _, _, user = self.pair(here, there)
        self.network.segment_size = 5000
        sent = active.send("image/png", LARGE)
        self.assertEqual(self.network.result_of(sent), 200)
        self.assertEqual(user.bodies, [LARGE])
        self.assertIsNotNone(user.received[0].body.path)

    def test_body_of_another(self) -> None:
        """What has been received can be sent, and stays its receiver's to close."""
        here, there = self.node(), self.node()
        _, user, passive, _ = self.pair(here, there)
        body = there.spool.body()
        body.write(0, LARGE)
        body.finish()
        self.assertEqual(self.network.result_of(passive.send("a/b", body)), 200)
        self.assertEqual(user.bodies, [LARGE])
        self.assertEqual(body.read(), LARGE)
        body.close()

    def test_sessions_share_a_connection(self) -> None:
        """Sessions with the same host share a connection, which goes with the last."""
        here, there = self.node(), self.node()
        first, _, _, first_user = self.pair(here, there)
        second, _, _, second_user = self.pair(here, there)
        self.assertEqual((here.connections, there.connections), (1, 1))
        first.close()
        self.network.settle()
        self.assertEqual((here.connections, first_user.reasons), (1, []))
        self.assertEqual(self.network.result_of(second.send("a/b", b"on")), 200)
        second.close()
        self.network.settle()
        self.assertEqual((here.connections, there.connections), (0, 0))
        self.assertEqual(len(first_user.reasons + second_user.reasons), 2)

    def test_nothing_holds_a_session_that_is_over(self) -> None:
        """A user that keeps its session goes with it, by reference counts alone."""
        here, there = self.node(), self.node()
        for close in (True, False):
            active, user, passive, _ = self.pair(here, there)
            self.assertEqual(self.network.result_of(active.send("a/b", b"one")), 200)
            self.assertEqual(self.network.result_of(passive.send("a/b", b"two")), 200)
            user.session = active  # type: ignore[attr-defined]
            left = weakref.ref(active), weakref.ref(user)
            gc.disable()
            self.addCleanup(gc.enable)
            if close:
                active.close()
            else:
                self.network.cut(*passive.address)
            self.network.settle()
            del active, passive, user
            self.assertEqual([each() for each in left], [None, None])
            gc.enable()

    def test_an_idle_connection_holds_no_session(self) -> None:
        """A session that is closed is let go, though its connection stays."""
        here, there = self.node(), self.node()
        active, _, passive, user = self.pair(here, there)
        self.assertEqual(self.network.result_of(active.send("a/b", b"one")), 200)
        self.assertEqual(self.network.result_of(passive.send("a/b", b"two")), 200)
        left = weakref.ref(passive), weakref.ref(user)
        gc.disable()
        self.addCleanup(gc.enable)
        passive.close()
        self.network.settle()
        del passive, user
        self.assertEqual(there.connections, 1)
        self.assertEqual([each() for each in left], [None, None])

    def test_nothing_holds_a_connection_that_is_over(self) -> None:
        """A connection that a peer made is freed by its reference counts alone."""
        gc.collect()  # those of other tests
        node = self.node()
        session, _, peer, sending = self.bound(node)
        peer.write(sending(b"one"))
        self.network.settle()
        before = _connections()
        self.assertEqual(len(before), 1)
        before.clear()
        gc.disable()
        self.addCleanup(gc.enable)
        session.close()
        self.network.advance(node.settings.setup_timeout)
        self.assertTrue(peer.closed)
        self.assertEqual(_connections(), [])

    def test_send_before(self) -> None:
        """What is sent before there is a connection waits for it, in its order."""
        node = self.node()
        session, _ = self.open(node)
        one, two = session.send("a/b", b"one"), session.send("a/b", b"two")
        self.network.settle()
        self.assertNoResult(one)
        other, user = self.open(node)
        other.begin(Remote(path=session.path))
        session.begin(Remote(path=other.path, connect_to=other.address, active=True))
        self.assertEqual(
            [self.network.result_of(each) for each in (one, two)], [200] * 2
        )
        self.assertEqual(user.bodies, [b"one", b"two"])

    def test_message_id(self) -> None:
        """A Message-ID is given or made; one that is none is refused (9)."""
        active, _, _, user = self.pair(self.node(), self.node())
        self.network.result_of(active.send("a/b", b"x", message_id="given"))
        self.network.result_of(active.send("a/b", b"x"))
        ids = [each.message_id for each in user.received]
        self.assertEqual((ids[0], len(ids[1])), ("given", 24))
        for bad in ("abc", "a b c", "x" * 33):
            self.failureResultOf(active.send("a/b", b"x", message_id=bad), MsrpError)
        for bad in ("a/b\r\nX: y", "a/\u00e9", ""):
            self.failureResultOf(active.send(bad, b"x"), MsrpError)

    def test_before_start(self) -> None:
        """A node that does not run opens nothing; so one that listens nowhere."""
        idle = MsrpNode(self.network, MsrpSettings())
        self.failureResultOf(idle.open(self.open(self.node())[1]), MsrpError)
        deaf = self.node(listen=None)
        self.assertEqual((deaf.addresses, deaf.is_secure), ([], False))
        self.failureResultOf(deaf.open(self.open(self.node())[1]), MsrpError)

    def test_bad_path(self) -> None:
        """A path that is none is told at once."""
        session, _ = self.open(self.node())
        for path in ((), ("sip:h",)):
            self.assertRaises(MsrpSyntaxError, session.begin, Remote(path=path))
        session.begin(Remote(path=("msrp://h:1/s;tcp",)))
        session.close()
        self.assertRaises(
            SessionClosed, session.begin, Remote(path=("msrp://h:1/s;tcp",))
        )

    def test_start(self) -> None:
        """What an earlier process has left in the spool is removed at the start."""
        folder = Path(self.mktemp())
        (folder / "bodies-left").mkdir(parents=True)
        (folder / "bodies-left" / "body").write_bytes(b"octets")
        self.node(spool=str(folder))
        self.assertEqual(list(folder.iterdir()), [])

    def test_stop(self) -> None:
        """A node that stops loses its sessions; nothing goes on."""
        here, there = self.node(), self.node()
        active, user, _, _ = self.pair(here, there)
        there_user = self.open(there)[1]
        there_user.answer = Deferred
        sent = active.send("a/b", LARGE)
        self.network.result_of(here.stopService())
        self.failureResultOf(sent, SessionLost)
        self.assertEqual((len(user.reasons), here.connections), (1, 0))
        self.nodes.remove(here)
