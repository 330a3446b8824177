"""Sessions over a relay (RFC 4976): the relay is played by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import CancelledError

from cpmgw.msrp.errors import MsrpError, RelayRefused, SessionClosed
from cpmgw.msrp.frames import Flag, Request
from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.sending import SendLimits
from cpmgw.msrp.settings import Relay
from cpmgw.msrp.uri import parse_uri
from tests.msrp.frames import send
from tests.msrp.nodes import NodeCase, Peer, User

PEER = "msrp://192.0.2.1:9/peer;tcp"
USE_PATH = ("msrp://outer:2855/o;tcp", "msrp://inner:2855/i;tcp")
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'


class RelayCase(NodeCase):
    """A node whose relay is a peer of the test."""

    def setUp(self) -> None:
        super().setUp()
        self.port, self.peers = self.listen()
        self.uri = f"msrp://127.0.0.1:{self.port};tcp"

    def relayed(self, *, login: bool = True, **settings: Any) -> MsrpNode:
        """A node that has the relay."""
        name, word = ("gw", "hush") if login else ("", "")
        expires = settings.pop("expires", 0)
        relay = Relay(uri=self.uri, username=name, password=word, expires=expires)
        return self.node(relay=relay, **settings)

    @property
    def relay(self) -> Peer:
        """The connection at the relay."""
        (peer,) = self.peers
        return peer

    def requests(self, method: str = "AUTH") -> list[Request]:
        """What has come to the relay."""
        return [
            each.head
            for each in self.relay.frames
            if isinstance(each.head, Request) and each.head.method == method
        ]

    def respond(
        self, status: int = 200, headers: Iterable[str] = (), which: int = -1
    ) -> None:
        """Answer an AUTH; a 200 has a path."""
        head = self.requests()[which]
        lines = [*headers]
        if status == 200 and not any("Use-Path" in each for each in lines):
            lines.append(f"Use-Path: {' '.join(USE_PATH)}")
        more = "".join(f"{line}\r\n" for line in lines)
        self.relay.write(
            f"MSRP {head.transaction} {status} X\r\nTo-Path: {head.from_path[0]}\r\n"
            f"From-Path: {head.to_path[0]}\r\n{more}"
            f"-------{head.transaction}$\r\n".encode()
        )
        self.network.settle()

    def opened(self, node: MsrpNode, expires: int = 600) -> tuple[IMsrpSession, User]:
        """A session that the relay has let in."""
        user = User()
        opening = node.open(user)
        self.network.settle()
        self.respond(200, [f"Expires: {expires}"])
        return self.network.result_of(opening), user


class Registering(RelayCase):
    def test_auth(self) -> None:
        """A session is made known by AUTH from its own URI (RFC 4976 5.1)."""
        node = self.relayed(expires=900)
        opening = node.open(User())
        self.network.settle()
        (auth,) = self.requests()
        self.assertEqual(auth.to_path, (self.uri,))
        self.assertEqual(dict(auth.headers), {"expires": "900"})
        self.assertNoResult(opening)
        self.respond()
        session = self.network.result_of(opening)
        self.assertEqual(session.path, (*USE_PATH, *auth.from_path))
        self.assertEqual(session.address, ("outer", 2855))
        self.assertEqual(session.fingerprint, "")

    def test_challenge(self) -> None:
        """A challenge is answered; the URI of the digest is the relay's (5.1)."""
        opening = self.relayed().open(User())
        self.network.settle()
        self.respond(401, [CHALLENGE])
        _, again = self.requests()
        (header,) = [value for name, value in again.headers if name == "authorization"]
        self.assertIn(f'uri="{self.uri}"', header)
        self.assertIn('username="gw"', header)
        self.assertNotIn("hush", header)
        self.respond()
        self.network.result_of(opening)

    def test_stale(self) -> None:
        """A nonce that is too old is no refusal; the next one is answered."""
        opening = self.relayed().open(User())
        self.network.settle()
        self.respond(401, [CHALLENGE])
        self.respond(401, [CHALLENGE.replace('"n"', '"n2"') + ", stale=true"])
        self.assertIn('nonce="n2"', dict(self.requests()[2].headers)["authorization"])
        self.respond()
        self.network.result_of(opening)

    def test_refused(self) -> None:
        """What the relay does not let us is told."""
        for login, answers in (
            (True, [(403, [])]),
            (True, [(401, [])]),
            (True, [(401, ["WWW-Authenticate: Basic x"])]),
            (True, [(401, [CHALLENGE]), (401, [CHALLENGE])]),
            (False, [(401, [CHALLENGE])]),
            (True, [(423, [])]),
            (True, [(423, ["Min-Expires: 60"])] * 4),
            (True, [(200, ["Use-Path: "])]),
            (True, [(200, ["Use-Path: sip:x"])]),
            (True, [(200, [f"Use-Path: {' '.join([PEER] * 9)}"])]),
        ):
            node = self.relayed(login=login)
            opening = node.open(User())
            self.network.settle()
            for status, headers in answers:
                self.respond(status, headers)
            failure = self.failureResultOf(opening, RelayRefused)
            self.assertIn(failure.value.status, (0, answers[-1][0]))
            self.assertEqual(len(node), 0)
            self.network.result_of(node.stopService())
            self.network.settle()
            self.peers.clear()

    def test_bounds(self) -> None:
        """The relay may ask for other seconds (RFC 4976 5.1: 423)."""
        opening = self.relayed(expires=30).open(User())
        self.network.settle()
        self.respond(423, ["Min-Expires: 60"])
        self.respond(423, ["Max-Expires: 50"])
        asked = [dict(each.headers)["expires"] for each in self.requests()]
        self.assertEqual(asked, ["30", "60", "50"])
        self.respond()
        self.network.result_of(opening)

    def test_one_connection(self) -> None:
        """All sessions share the connection, which stays when they are closed."""
        node = self.relayed()
        sessions = [self.opened(node)[0] for _ in range(3)]
        self.assertEqual(len({each.path for each in sessions}), 3)
        for session in sessions:
            session.close()
        self.network.advance(10_000.0)
        self.assertEqual((len(node), node.connections), (0, 1))
        self.opened(node)
        self.assertEqual(len(self.peers), 1)

    def test_no_relay(self) -> None:
        """Without the relay there is no session."""
        self.network.partition("127.0.0.1", self.port)
        opening = self.relayed(connect_timeout=3.0).open(User())
        self.network.advance(3.0)
        self.failureResultOf(opening, MsrpError)

    def test_no_answer(self) -> None:
        """A relay that does not answer is waited for 30 s."""
        node = self.relayed(sessions=1)
        opening = node.open(User())
        self.network.advance(29.9)
        self.assertNoResult(opening)
        self.failureResultOf(node.open(User()), MsrpError)
        self.network.advance(0.1)
        self.failureResultOf(opening, MsrpError)
        self.network.settle()
        self.assertEqual((self.relay.closed, node.connections), (True, 0))
        self.peers.clear()
        self.opened(node)

    def test_lost_while_asking(self) -> None:
        """So when its connection is lost, or the opening given up."""
        node = self.relayed()
        opening = node.open(User())
        self.network.settle()
        self.network.cut("127.0.0.1", self.port)
        self.network.settle()
        self.failureResultOf(opening, MsrpError)
        self.peers.clear()
        opening = node.open(User())
        self.network.settle()
        opening.cancel()
        self.failureResultOf(opening, CancelledError)
        self.respond()
        self.assertEqual(len(node), 0)

    def test_stop_while_asking(self) -> None:
        """So when the node stops meanwhile."""
        node = self.relayed()
        opening = node.open(User())
        self.network.settle()
        self.network.result_of(node.stopService())
        self.failureResultOf(opening, MsrpError)
        self.failureResultOf(node.open(User()), MsrpError)

    def test_without_a_listener(self) -> None:
        """With a relay nothing needs to be listened at."""
        node = self.relayed(listen=None)
        session, _ = self.opened(node)
        own = parse_uri(session.path[-1])
        self.assertEqual((own.host, own.secure), ("127.0.0.1", False))
        self.assertEqual((node.addresses, node.is_secure), ([], False))


class Refreshing(RelayCase):
    def test_refresh(self) -> None:
        """A session is registered again before it expires (5.1)."""
        session, user = self.opened(self.relayed(), expires=600)
        self.network.advance(539.0)
        self.assertEqual(len(self.requests()), 1)
        self.network.advance(1.0)
        first, again = self.requests()
        self.assertEqual(again.from_path, first.from_path)
        self.respond(200, ["Expires: 100"])
        self.network.advance(50.0)
        self.assertEqual(len(self.requests()), 3)
        self.respond(200, ["Expires: 1"])
        self.network.advance(5.0)
        self.assertEqual(len(self.requests()), 4)
        self.assertEqual(user.reasons, [])
        session.close()

    def test_no_expires(self) -> None:
        """Where the relay does not say, it is half an hour."""
        opening = self.relayed().open(User())
        self.network.settle()
        self.respond(200, ["Expires: soon"])
        self.network.result_of(opening)
        self.network.advance(1739.0)
        self.assertEqual(len(self.requests()), 1)
        self.network.advance(1.0)
        self.assertEqual(len(self.requests()), 2)

    def test_refused(self) -> None:
        """A session that the relay lets go is lost."""
        node = self.relayed()
        _, user = self.opened(node)
        _, other = self.opened(node)
        self.network.advance(540.0)
        self.respond(403, which=2)
        self.respond(200, which=3)
        self.assertEqual((len(user.reasons), len(other.reasons)), (1, 0))
        self.assertEqual(len(node), 1)

    def test_no_answer(self) -> None:
        """One that does not answer for once is asked again, until it expires."""
        _, user = self.opened(self.relayed(), expires=300)
        self.network.advance(240.0)
        self.assertEqual(len(self.requests()), 2)
        self.respond(500)
        self.network.advance(9.9)
        self.assertEqual(len(self.requests()), 2)
        self.network.advance(0.1)
        self.assertEqual((len(self.requests()), user.reasons), (3, []))
        self.respond(200, ["Expires: 300"])
        self.network.advance(240.0)
        for _ in range(6):
            self.assertEqual(user.reasons, [])
            self.respond(500)
            self.network.advance(10.0)
        self.assertEqual(len(user.reasons), 1)

    def test_other_path(self) -> None:
        """Another path than before is no reason to end the session."""
        session, user = self.opened(self.relayed())
        self.network.advance(540.0)
        self.respond(200, ["Use-Path: msrp://other:1/o;tcp"])
        self.assertEqual((session.path[:-1], user.reasons), (USE_PATH, []))

    def test_closed_meanwhile(self) -> None:
        """Nothing is asked for a session that is closed."""
        node = self.relayed()
        session, user = self.opened(node)
        self.network.advance(540.0)
        session.close()
        self.respond(403)
        second, _ = self.opened(node)
        second.close()
        self.network.advance(1000.0)
        self.assertEqual((len(self.requests()), user.reasons), (3, []))


class Talking(RelayCase):
    def sending(
        self, session: IMsrpSession, body: bytes | None = b"hello", **how: Any
    ) -> bytes:
        """A SEND as the inner relay hands it on."""
        way = " ".join([*reversed(USE_PATH), PEER])
        how.setdefault("from_path", way)
        return send(body, to_path=session.path[-1], **how)

    def test_active(self) -> None:
        """What we send goes over our relays, the nearest first, from our own URI."""
        session, user = self.opened(self.relayed())
        session.begin(Remote(path=(PEER,), active=True))
        self.network.settle()
        (bind,) = self.requests("SEND")
        self.assertEqual(bind.to_path, (*reversed(USE_PATH), PEER))
        self.assertEqual(bind.from_path, session.path[-1:])
        self.relay.respond(200, self.relay.frames[-1])
        self.network.settle()
        self.assertEqual(user.connections, 1)

    def connected(self, **settings: Any) -> tuple[IMsrpSession, User]:
        """A session whose peer has come over the relay."""
        session, user = self.opened(self.relayed(**settings))
        session.begin(Remote(path=(PEER,)))
        self.relay.write(self.sending(session, body=None, given="1-0/0"))
        self.network.settle()
        self.assertTrue(session.is_connected)
        return session, user

    def report(self, session: IMsrpSession, given: str, status: int = 200) -> None:
        """The far end reports upon the message that was sent last."""
        name = self.requests("SEND")[-1].message_id
        self.relay.write(
            self.sending(
                session,
                body=None,
                method="REPORT",
                given=given,
                message_id=name,
                headers=[f"Status: 000 {status} X"],
            )
        )
        self.network.settle()

    def test_far_end(self) -> None:
        """A relay's 200 tells nothing of the far end: its REPORT does (6.4)."""
        session, user = self.connected()
        sent = session.send("a/b", b"hello")
        self.network.settle()
        self.assertTrue(self.requests("SEND")[-1].success_report)
        self.relay.respond(200, self.relay.frames[-1])
        self.network.settle()
        self.assertNoResult(sent)
        self.report(session, "1-3/5")
        self.assertNoResult(sent)
        self.report(session, "4-5/5")
        self.assertEqual((self.successResultOf(sent), user.reports), (200, []))

    def test_far_end_is_asked_by_the_user(self) -> None:
        """A user that has asked for reports is told of them as well."""
        session, user = self.connected()
        sent = session.send("a/b", b"x", success_report=True, message_id="m1d2")
        self.network.settle()
        self.report(session, "1-1/1")
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(user.reports, [("m1d2", 200)])

    def test_far_end_refuses(self) -> None:
        """What it reports otherwise is what became of the message; the rest stays."""
        session, user = self.connected(sending=SendLimits(window=1))
        sent = session.send("a/b", bytes(50_000))
        self.network.settle()
        self.report(session, "1-8192/50000", 415)
        self.assertEqual((self.successResultOf(sent), user.reports), (415, []))
        self.assertIs(self.relay.frames[-1].flag, Flag.ABORTED)

    def test_far_end_is_silent(self) -> None:
        """Without a REPORT in time it is 408; a later one is told as a report."""
        session, user = self.connected()
        sent = session.send("a/b", b"x", message_id="m1d2")
        self.network.settle()
        self.relay.respond(200, self.relay.frames[-1])
        self.network.advance(29.9)
        self.assertNoResult(sent)
        self.network.advance(0.1)
        self.assertEqual(self.successResultOf(sent), 408)
        self.report(session, "1-1/1")
        self.assertEqual(user.reports, [("m1d2", 200)])

    def test_far_end_before_the_end(self) -> None:
        """A session that ends while a REPORT is awaited fails the message."""
        session, _ = self.connected()
        sent = session.send("a/b", b"x")
        self.network.settle()
        self.relay.respond(200, self.relay.frames[-1])
        self.network.settle()
        session.close()
        self.failureResultOf(sent, SessionClosed)

    def test_relay_of_the_peer(self) -> None:
        """So where the relay is the peer's alone."""
        node = self.node()
        session, _ = self.open(node)
        way = ("msrp://relay:1/r;tcp", PEER)
        session.begin(Remote(path=way))
        peer = self.connect(node)
        theirs = " ".join(way)
        peer.write(send(None, given="1-0/0", to_path=session.path[0], from_path=theirs))
        self.network.settle()
        sent = session.send("a/b", b"x")
        self.network.settle()
        peer.respond(200, peer.frames[-1])
        self.network.settle()
        self.assertNoResult(sent)
        self.network.advance(30.0)
        self.assertEqual(self.successResultOf(sent), 408)

    def test_chunks(self) -> None:
        """No chunk is longer than the relay hands on, or than the peer takes."""
        session, _ = self.connected()
        session.send("a/b", bytes(20_000)).addErrback(lambda _: None)
        self.network.settle()
        chunks = self.relay.requests[-3:]
        self.assertEqual([len(f.body) for f in chunks], [8192, 8192, 3616])
        session.begin(Remote(path=(PEER,), max_chunk=5000))
        session.send("a/b", bytes(6000)).addErrback(lambda _: None)
        self.network.settle()
        chunks = self.relay.requests[-2:]
        self.assertEqual([len(f.body) for f in chunks], [5000, 1000])

    def test_bad_path(self) -> None:
        """What a peer behind the relay says wrongly harms nobody else."""
        session, user = self.connected()
        way = " ".join([*reversed(USE_PATH), *[PEER] * 15])
        self.relay.write(self.sending(session, from_path=way) + self.sending(session))
        self.network.settle()
        self.assertEqual(self.relay.statuses, [200, 400, 200])
        self.assertEqual((user.bodies, user.reasons), ([b"hello"], []))

    def test_passive(self) -> None:
        """A peer comes over the relay; its path has our relays before it."""
        session, user = self.opened(self.relayed())
        session.begin(Remote(path=(PEER,)))
        self.relay.write(self.sending(session, from_path=PEER))
        self.relay.write(self.sending(session))
        self.network.settle()
        self.assertEqual(self.relay.statuses, [481, 200])
        self.assertEqual((user.connections, user.bodies), (1, [b"hello"]))

    def test_not_by_another_way(self) -> None:
        """Nobody comes to such a session but over the relay."""
        node = self.relayed()
        session, _ = self.opened(node)
        session.begin(Remote(path=(PEER,)))
        peer = self.connect(node)
        peer.write(self.sending(session))
        self.network.settle()
        self.assertEqual(peer.statuses, [506])

    def test_modified(self) -> None:
        """After a modification it is bound anew, over the same connection."""
        session, user = self.opened(self.relayed())
        session.begin(Remote(path=(PEER,)))
        self.relay.write(self.sending(session))
        self.network.settle()
        session.begin(Remote(path=("msrp://new:1/n;tcp",), active=True))
        self.network.settle()
        self.assertFalse(session.is_connected)
        self.assertEqual(self.requests("SEND")[-1].to_path[-1], "msrp://new:1/n;tcp")
        self.relay.respond(200, self.relay.frames[-1])
        self.network.settle()
        self.assertEqual((user.connections, len(self.peers)), (2, 1))

    def test_lost(self) -> None:
        """With the relay's connection all its sessions are lost; later ones live."""
        node = self.relayed()
        _, waiting = self.opened(node)
        session, user = self.opened(node)
        session.begin(Remote(path=(PEER,)))
        self.relay.write(self.sending(session))
        self.network.settle()
        self.network.cut("127.0.0.1", self.port)
        self.network.settle()
        self.assertEqual((len(waiting.reasons), len(user.reasons)), (1, 1))
        self.peers.clear()
        self.opened(node)
        self.assertEqual(len(node), 1)
