"""MSRP over TLS: certificates by fingerprint and by name (RFC 4975 14, RFC 8122)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL import crypto
from twisted.internet import error, ssl
from twisted.protocols.tls import TLSMemoryBIOFactory

from cpmgw.msrp import tls
from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.settings import Listen, MsrpSettings
from tests.msrp.frames import send
from tests.msrp.nodes import NodeCase, Peer, User, _PeerFactory
from tests.support.streams import StreamTransport
from tests.txsmpp.test_tls import certificate

PEER = "msrps://127.0.0.1:9/peer;tcp"
OTHER = "sha-256 " + ":".join(["00"] * 32)


def aborted_later(transport: StreamTransport) -> None:
    """Twisted's TLS cannot bear that its transport is gone before abort returns."""
    network = transport._network
    gone = (error.ConnectionAborted(), error.ConnectionLost())
    network.callLater(0, transport.sever, *gone)


def lost_beside_a_producer(transport: StreamTransport) -> None:
    """A producer that is not paused keeps no TCP connection open."""
    if transport.connected and not transport.disconnecting:
        transport.disconnecting = True
        transport._end()


class TlsCase(NodeCase):
    """Nodes with certificates of their own."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(StreamTransport, "abortConnection", aborted_later)
        self.patch(StreamTransport, "loseConnection", lost_beside_a_producer)
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def secure(self, name: str, **settings: Any) -> MsrpNode:
        """A node over TLS."""
        shown, key = certificate(self.folder, name)
        listen = Listen(
            port=0, interface="127.0.0.1", secure=True, key=key, certificate=shown
        )
        return self.node(listen=listen, **settings)

    def begin(
        self,
        active: IMsrpSession,
        passive: IMsrpSession,
        *,
        known: str | None = None,
        awaited: str | None = None,
    ) -> None:
        """Begin both with these fingerprints, by default the true ones."""
        passive.begin(
            Remote(
                path=active.path,
                fingerprints=(active.fingerprint if awaited is None else awaited,),
            )
        )
        active.begin(
            Remote(
                path=passive.path,
                connect_to=passive.address,
                active=True,
                fingerprints=(passive.fingerprint if known is None else known,),
            )
        )
        self.network.settle()

    def two(self) -> tuple[IMsrpSession, User, IMsrpSession, User]:
        """Two sessions at two nodes, neither begun."""
        active, active_user = self.open(self.secure("one.test"))
        passive, passive_user = self.open(self.secure("two.test"))
        return active, active_user, passive, passive_user


class Fingerprints(TlsCase):
    def test_both_known(self) -> None:
        """Certificates that vouch for themselves do, if SDP has told them."""
        active, _, passive, user = self.two()
        self.assertTrue(active.path[0].startswith("msrps://"))
        self.assertTrue(passive.fingerprint.startswith("sha-256 "))
        self.begin(active, passive)
        large = bytes(1_000_000)
        self.assertEqual(self.network.result_of(active.send("a/b", large)), 200)
        self.assertEqual(self.network.result_of(passive.send("a/b", b"x")), 200)
        self.assertEqual(user.bodies, [large])
        self.assertTrue(self.nodes[0].is_secure)
        self.assertEqual(self.nodes[0].addresses[0][0], "TLS")

    def test_other_server(self) -> None:
        """To a server with another certificate nothing is said."""
        active, user, passive, other = self.two()
        self.begin(active, passive, known=OTHER)
        self.assertEqual((len(user.reasons), other.connections), (1, 0))
        self.assertFalse(passive.is_connected)

    def test_other_client(self) -> None:
        """A client with another certificate is not let in; ours waits for its peer."""
        active, user, passive, other = self.two()
        self.begin(active, passive, awaited=OTHER)
        self.assertEqual((len(other.reasons), other.connections), (0, 0))
        self.assertEqual((len(user.reasons), user.connections), (1, 0))
        self.assertEqual((self.nodes[1].connections, len(self.nodes[1])), (0, 1))
        self.network.advance(30.0)
        self.assertEqual(len(other.reasons), 1)

    def test_client_without(self) -> None:
        """So one without a certificate, unless none is asked for."""
        for asked, status in ((OTHER, 481), ("", 200)):
            node = self.secure("two.test")
            session, user = self.open(node)
            session.begin(Remote(path=(PEER,), fingerprints=(asked,) if asked else ()))
            peer = self.connect_over_tls(node)
            peer.write(
                send(None, given="1-0/0", to_path=session.path[0], from_path=PEER)
            )
            self.network.settle()
            self.assertEqual(peer.statuses, [status])
            self.assertEqual(user.connections, int(status == 200))
            self.assertEqual((peer.closed, user.reasons), (status == 481, []))

    def connect_over_tls(self, node: MsrpNode) -> Peer:
        """A connection without a certificate, to whoever it is."""
        peer = Peer()
        factory: Any = TLSMemoryBIOFactory(
            ssl.CertificateOptions(), True, _PeerFactory(peer), clock=self.network
        )
        (_, host, port) = node.addresses[0]
        self.network.connectTCP(host, port, factory)
        self.network.settle()
        return peer

    def test_hashes(self) -> None:
        """A fingerprint counts in any case, by hashes that are proof (RFC 8122 5)."""
        shown, _ = certificate(self.folder, "x.test")
        read = crypto.load_certificate(crypto.FILETYPE_PEM, Path(shown).read_bytes())
        own = tls.fingerprint_of(read)
        self.assertTrue(tls.is_one_of(read, [OTHER, own.lower()]))
        for name in ("sha224", "sha384", "sha512"):
            text = f"{name[:3]}-{name[3:]} {read.digest(name).decode()}"
            self.assertTrue(tls.is_one_of(read, [text]), name)
        for name in ("sha1", "md5"):
            text = f"{name[:3]}-{name[3:]} {read.digest(name).decode()}"
            self.assertFalse(tls.is_one_of(read, [text]), name)
        self.assertFalse(tls.is_one_of(read, [OTHER, "", "sha-256", "sha-256 \u00e9"]))
        self.assertFalse(tls.is_one_of(None, [own]))

    def test_plain_peer(self) -> None:
        """A fingerprint beside a path without TLS means nothing."""
        active, _ = self.open(self.node())
        passive, _ = self.open(self.node())
        self.begin(active, passive, known=OTHER, awaited=OTHER)
        self.assertTrue(active.is_connected and passive.is_connected)

    def test_shared_while_hands_are_shaken(self) -> None:
        """Who asks for a connection before it is known whose it is waits too."""
        self.network.latency = 0.5
        one, _, two, _ = self.two()
        three, _ = self.open(self.nodes[0])
        four, _ = self.open(self.nodes[1])
        self.begin(one, two)
        self.network.advance(0.7)
        self.begin(three, four)
        self.network.advance(10.0)
        self.assertTrue(one.is_connected and three.is_connected)
        self.assertEqual(self.nodes[1].connections, 1)

    def test_not_shared(self) -> None:
        """A connection to one certificate is none to another."""
        active, _, passive, _ = self.two()
        self.begin(active, passive)
        second, user = self.open(self.nodes[0])
        another, _ = self.open(self.nodes[1])
        self.begin(second, another, known=OTHER)
        self.assertEqual(len(user.reasons), 1)
        self.assertTrue(active.is_connected)
        third, _ = self.open(self.nodes[0])
        last, _ = self.open(self.nodes[1])
        self.begin(third, last)
        self.assertTrue(third.is_connected)
        self.assertEqual(self.nodes[1].connections, 1)


class Names(TlsCase):
    def reach(self, name: str, *trusted: str) -> User:
        """Connect to a node without its fingerprint, by a name in its path."""
        far = self.secure("two.test")
        self.network.names[name] = ("127.0.0.1",)
        near = self.secure(
            "one.test",
            trust_roots=tuple(str(self.folder / f"{each}.pem") for each in trusted),
        )
        active, user = self.open(near)
        passive, _ = self.open(far)
        passive.begin(Remote(path=active.path, by_session_id=True))
        path = passive.path[0].replace("127.0.0.1", name)
        active.begin(Remote(path=(path,), connect_to=passive.address, active=True))
        self.network.settle()
        return user

    def test_name(self) -> None:
        """A certificate of a trusted authority has to be for the host of the path."""
        self.assertEqual(self.reach("two.test", "two.test").connections, 1)

    def test_other_name(self) -> None:
        """It is no good for another host."""
        user = self.reach("three.test", "two.test")
        self.assertEqual((user.connections, len(user.reasons)), (0, 1))

    def test_not_trusted(self) -> None:
        """Without an authority it is no good at all."""
        user = self.reach("two.test", "one.test")
        self.assertEqual((user.connections, len(user.reasons)), (0, 1))


class Files(TlsCase):
    def test_certificates(self) -> None:
        """A file of certificates has as many as it has."""
        shown = [certificate(self.folder, f"{n}.test")[0] for n in range(3)]
        octets = b"Bag\n".join(Path(each).read_bytes() for each in shown)
        self.assertEqual(len(tls.certificates(octets)), 3)
        self.assertRaises(crypto.Error, tls.certificates, b"none")

    def test_trusted(self) -> None:
        """The second authority of a file counts as the first does."""
        for name in ("two.test", "three.test"):
            certificate(self.folder, name)
        both = (self.folder / "three.test.pem").read_bytes()
        both += (self.folder / "two.test.pem").read_bytes()
        (self.folder / "both.pem").write_bytes(both)
        shown, key = certificate(self.folder, "far.test")
        chain = self.folder / "both.pem"
        listen = Listen(key=key, certificate=shown, chain=str(chain))
        self.assertEqual(len(tls.Identity(listen)._chain), 2)


class Broken(TlsCase):
    def test_flood(self) -> None:
        """Of a peer that speaks no MSRP no more is read; it is left in a second."""
        node = self.secure("two.test")
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,)))
        peer = Fingerprints.connect_over_tls(self, node)  # type: ignore[arg-type]
        peer.write(b"GARBAGE\r\n")
        below: Any = peer.transport
        below.transport.pauseProducing()  # so it does not hear of the end
        self.network.settle()
        peer.write(bytes(500_000))
        self.network.advance(0.9)
        self.assertEqual(node.connections, 1)
        self.network.advance(0.2)
        self.assertEqual(node.connections, 0)
        below.transport.resumeProducing()
        self.network.settle()
        self.assertEqual((peer.closed, node.connections), (True, 0))
        self.assertEqual(user.reasons, [])


class Starting(TlsCase):
    def test_no_hands(self) -> None:
        """Who does not shake hands has no session in time, either way."""
        node = self.secure("two.test", connect_timeout=2.0)
        silent = self.connect(node)
        self.network.advance(30.0)
        self.assertTrue(silent.closed)
        port, _ = self.listen()
        session, user = self.open(node)
        session.begin(Remote(path=(PEER,), connect_to=("127.0.0.1", port), active=True))
        self.network.advance(2.0)
        self.assertEqual(len(user.reasons), 1)
        self.network.settle()

    def test_no_certificate(self) -> None:
        """A certificate that cannot be read stops the start."""
        listen = Listen(port=0, secure=True, key=str(self.folder / "none"))
        node = MsrpNode(self.network, MsrpSettings(listen=listen, spool=self.mktemp()))
        self.assertRaises(OSError, node.startService)
