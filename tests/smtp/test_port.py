"""The port: who may connect, how it ends, TLS (RFC 5321 3.1, RFC 3207)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet import error, ssl
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITLSTransport
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from cpmgw.smtp.admission import Admission
from cpmgw.smtp.interfaces import Peer
from cpmgw.smtp.listener import MailPort
from cpmgw.smtp.listening import BadListen, Listen, parse_listen
from cpmgw.smtp.turning_away import PATIENCE
from tests.msrp.test_tls import aborted_later, lost_beside_a_producer
from tests.smtp.ports import ENVELOPE, SETTINGS, TAKEN, PortCase, Talker
from tests.support.streams import StreamTransport
from tests.txsmpp.test_tls import certificate


class AdmissionTests(PortCase):
    """Who may connect."""

    def test_others_are_turned_away(self) -> None:
        """Whoever is no peer gets 554, then nothing but QUIT (RFC 5321 3.1)."""
        self.open()
        talker = self.connect("192.0.2.1")
        self.assertEqual(talker.lines, ["554 5.7.1 No SMTP service for you"])
        self.assertEqual(talker.codes("EHLO x", "quit", "NOOP"), ["503", "221"])
        self.assertIsNotNone(talker.lost)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_patience_with_them(self) -> None:
        """One that goes on all the same, or says nothing, is cut off."""
        self.open()
        stubborn = self.connect("192.0.2.1")
        codes = stubborn.codes(*["NOOP"] * (PATIENCE + 1))
        self.assertEqual(codes, ["554", *["503"] * (PATIENCE - 1), "421"])
        silent = self.connect("192.0.2.1")
        self.network.advance(9.9)
        self.assertIsNone(silent.lost)
        self.network.advance(0.1)
        self.assertEqual([line[:3] for line in silent.lines], ["554", "421"])
        endless = self.connect("192.0.2.1")
        endless.send("x" * 3000)
        self.assertIsNotNone(endless.lost)

    def test_broken_at_once(self) -> None:
        """A connection that is broken from the beginning is counted in and out."""
        self.open(connections=1)
        broken: Any = self.port._connection("127.0.0.1")
        transport: Any = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 9))
        with self.assertRaises(AttributeError):  # it has no setTcpNoDelay
            broken.makeConnection(transport)
        broken.connectionLost()
        self.assertEqual(self.port.connections, 0)
        for code in ("220", "421"):
            self.assertEqual(self.connect().lines[0][:3], code)

    def test_only_so_many_of_them(self) -> None:
        """As many as peers may be turned away at once, others get no word."""
        self.open(connections=2)
        away = [self.connect("192.0.2.1") for _ in range(3)]
        self.assertEqual([len(each.lines) for each in away], [1, 1, 0])
        self.assertIsNone(away[2].transport)
        self.assertEqual(self.connect().lines[0][:3], "220")
        away[0].send("QUIT")
        self.assertEqual(self.connect("192.0.2.1").lines[0][:3], "554")

    def test_networks(self) -> None:
        """Peers are networks, of IPv6 too; an IPv4 address in IPv6 is itself."""
        peers = ("192.0.2.0/28", "2001:db8::/32", "198.51.100.7")
        self.open(peers=peers, listen="tcp:2525")
        for host, code in (
            ("192.0.2.15", "220"),
            ("192.0.2.16", "554"),
            ("::ffff:192.0.2.15", "220"),
            ("2001:db8::1", "220"),
            ("2001:db9::1", "554"),
            ("198.51.100.7", "220"),
            ("127.0.0.1", "554"),
        ):
            self.assertEqual(self.connect(host).lines[0][:3], code, host)

    def test_bad_network(self) -> None:
        """What is no network is a fault of the settings."""
        with self.assertRaises(ValueError):
            self.open(peers=("10.0.0.0/33",))

    def test_connections(self) -> None:
        """There are so many connections; the next one is sent away with 421."""
        self.open(connections=2)
        talkers = [self.connect(f"127.0.0.{n}") for n in (1, 2, 3)]
        self.assertEqual([each.lines[0][:3] for each in talkers], ["220", "220", "421"])
        self.assertIsNotNone(talkers[2].lost)
        talkers[0].send("QUIT")
        self.assertEqual(self.connect("127.0.0.3").lines[0][:3], "220")

    def test_connections_of_one(self) -> None:
        """And so many of one peer."""
        self.open(connections_per_peer=1)
        first, second = self.connect("127.0.0.1"), self.connect("127.0.0.1")
        self.assertEqual(first.lines[0][:3], "220")
        self.assertEqual(second.lines[0][:9], "421 4.7.0")
        self.assertEqual(self.connect("127.0.0.2").lines[0][:3], "220")
        first.send("QUIT")
        self.assertEqual(self.connect("127.0.0.1").lines[0][:3], "220")


class CountingTests(SynchronousTestCase):
    """What is remembered of peers."""

    def test_nothing_is_left(self) -> None:
        """Of a peer that has gone nothing is remembered."""
        admission = Admission(SETTINGS)
        for host in ("127.0.0.1", "127.0.0.2"):
            admission.enter(host)
        self.assertEqual(len(admission), 2)
        for host in ("127.0.0.1", "127.0.0.2"):
            admission.leave(host)
        self.assertEqual((len(admission), dict(admission._inside)), (0, {}))


class ServiceTests(PortCase):
    """Its beginning and its end."""

    def test_addresses(self) -> None:
        """It tells what is bound while it is."""
        port = self.open(listen="tcp:0:interface=127.0.0.1")
        ((transport, host, number),) = port.addresses
        self.assertEqual((transport, host), ("TCP", "127.0.0.1"))
        self.assertNotEqual(number, 0)
        self.network.result_of(port.stopService())
        self.assertEqual(port.addresses, ())

    def test_taken(self) -> None:
        """A port that another has is a failure to start."""
        self.open()
        with self.assertRaises(error.CannotListenError):
            self.open()

    def test_nodelay(self) -> None:
        """Replies are not held back by Nagle's algorithm."""
        self.open()
        self.connect()
        (server,) = self.port._inside
        self.assertTrue(server.transport.getTcpNoDelay())

    def test_stops_at_once(self) -> None:
        """Without a mail in hand connections are closed at once, with 421."""
        self.open()
        idle, begun = self.greeted(), self.greeted()
        begun.send(*ENVELOPE[:2])
        away = self.connect("192.0.2.1")
        away.send("")
        self.network.result_of(self.port.stopService())
        for each in (idle, begun, away):
            self.assertEqual([line[:9] for line in each.lines], ["421 4.3.2"])
            self.assertIsNotNone(each.lost)
        self.assertEqual(self.network.getDelayedCalls(), [])
        self.assertFalse(self.port.running)

    def test_nobody_comes_in(self) -> None:
        """While it stops nobody connects."""
        self.begun()
        where = self.port.addresses
        stopped = self.port.stopService()
        self.network.settle()
        self.assertEqual((self.port.addresses, len(where)), ((), 1))
        self.assertNoResult(stopped)
        self.assertIsNone(
            self.network.stream_port(self.network.address("TCP", *where[0][1:]))
        )
        self.network.result_of(stopped, 10.0)

    def test_mail_in_hand_is_waited_for(self) -> None:
        """A mail that is coming is taken, and answered, before its connection ends."""
        talker = self.begun(drain=5.0)
        reply = self.waiting()
        stopped = self.port.stopService()
        self.network.advance(4.0)
        self.assertEqual(talker.codes("a", ".", "NOOP"), [])
        self.network.advance(0.9)
        self.assertNoResult(stopped)
        self.handler.answer = Deferred
        reply.callback(TAKEN)
        self.network.result_of(stopped)
        self.assertEqual(
            [each[:9] for each in talker.lines], ["250 2.6.0", "421 4.3.2"]
        )
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_but_not_longer(self) -> None:
        """After `drain` everything is closed; nothing is kept of what was coming."""
        coming = self.begun(drain=5.0)
        coming.send("a")
        asking = self.greeted()
        reply = self.waiting()
        asking.send(*ENVELOPE, ".")
        stopped = self.port.stopService()
        self.network.advance(4.9)
        self.assertEqual((coming.lost, asking.lost), (None, None))
        self.network.advance(0.1)
        self.network.result_of(stopped)
        for each in (coming, asking):
            self.assertEqual([line[:9] for line in each.lines], ["421 4.3.2"])
        self.assert_nothing_kept()
        reply.callback(TAKEN)

    def test_who_does_not_let_go(self) -> None:
        """A client that takes no octets more cannot keep it from its end."""
        talker = self.begun(drain=1.0)
        self.network.partition("127.0.0.1", 2525)
        (server,) = self.port._inside
        self.patch(server.transport, "loseConnection", lambda: None)
        stopped = self.port.stopService()
        self.network.advance(2.9)
        self.assertNoResult(stopped)
        self.network.advance(0.1)
        self.network.result_of(stopped)
        self.assertIsNotNone(talker)

    def test_update(self) -> None:
        """Other settings are those of connections to come; the port stays."""
        port = self.open()
        before = self.greeted()
        settings: Any = port._around.settings
        changed = type(settings)(
            **{name: getattr(settings, name) for name in settings.__struct_fields__}
            | {"peers": ("192.0.2.0/24",), "max_size": 77}
        )
        port.update(changed)
        self.assertEqual(before.codes("NOOP"), ["250"])
        self.assertEqual(self.connect().lines[0][:3], "554")
        self.assertIn("250-SIZE 77", self.connect("192.0.2.9").send("EHLO x"))
        with self.assertRaises(ValueError):
            port.update(
                type(settings)(listen="tcp:26", own_name="x", peers=("127.0.0.1",))
            )


class ListenTests(SynchronousTestCase):
    """The string that says where."""

    def test_read(self) -> None:
        """Twisted's endpoint strings for servers, of TCP and TLS."""
        for text, listen in (
            ("tcp", Listen()),
            ("tcp:2525", Listen(port=2525)),
            ("tcp:port=0:backlog=7", Listen(port=0, backlog=7)),
            ("tcp:65535:interface=\\:\\:1", Listen(port=65535, interface="::1")),
            (
                "TLS:465:privateKey=a.pem",
                Listen(port=465, secure=True, key="a.pem", certificate="a.pem"),
            ),
            (
                "tls:465:privateKey=k:certKey=c:extraCertChain=d",
                Listen(port=465, secure=True, key="k", certificate="c", chain="d"),
            ),
        ):
            self.assertEqual(parse_listen(text), listen)

    def test_not_read(self) -> None:
        """What is none is refused."""
        for text in (
            "",
            "udp:25",
            "2525",
            "tcp:65536",
            "tcp:x",
            "tcp:1:2",
            "tcp:port=1:port=2",
            "tcp:25:privateKey=a.pem",
            "tls:465",
            "tcp:25:mode=1",
            "tcp:25\\",
        ):
            with self.assertRaises(BadListen):
                parse_listen(text)


def start_tls(transport: Any, context: Any, protocol: Any, is_client: bool) -> None:
    """Put TLS between a transport in memory and its protocol, as Twisted does."""
    producer = transport._producer
    if producer is not None:
        transport.unregisterProducer()
    none: Any = None
    clock = transport._network
    factory: Any = TLSMemoryBIOFactory(context, is_client, none, clock=clock)
    layer = factory.protocol(factory, protocol, False)
    transport._protocol = layer
    layer.makeConnection(transport)
    protocol.transport = layer
    if producer is not None:
        layer.registerProducer(producer, True)


class TlsCase(PortCase):
    """Ports with a certificate."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(StreamTransport, "abortConnection", aborted_later)
        self.patch(StreamTransport, "loseConnection", lost_beside_a_producer)
        attach = StreamTransport.attach

        def attach_able(transport: StreamTransport, *args: Any) -> None:
            alsoProvides(transport, ITLSTransport)
            attach(transport, *args)

        def of_server(transport: Any, context: Any, normal: bool = True) -> None:
            start_tls(transport, context, transport._protocol, False)

        self.patch(StreamTransport, "attach", attach_able)
        StreamTransport.startTLS = of_server  # type: ignore[attr-defined]
        self.addCleanup(delattr, StreamTransport, "startTLS")
        folder = Path(self.mktemp())
        folder.mkdir()
        self.shown, self.key = certificate(folder, "mm4.gateway.test")

    def secured(self, **settings: Any) -> MailPort:
        """A port that offers STARTTLS."""
        return self.open(certificate=self.shown, key=self.key, **settings)

    def start(self, talker: Talker) -> None:
        """The client's side of it."""
        context = ssl.CertificateOptions()
        start_tls(talker.transport, context, talker, True)
        self.network.settle()


class StartTlsTests(TlsCase):
    """STARTTLS (RFC 3207)."""

    def test_goes_on_in_tls(self) -> None:
        """After it, it is not offered, and EHLO has to come again (RFC 3207 4.2)."""
        self.secured()
        talker = self.connect()
        self.assertEqual(talker.send("EHLO x")[-1], "250 STARTTLS")
        self.assertEqual(talker.codes("STARTTLS now"), ["501"])
        self.assertEqual(talker.codes("STARTTLS"), ["220"])
        self.start(talker)
        self.assertEqual(talker.codes("MAIL FROM:<>"), ["503"])
        lines = talker.send("EHLO y")
        self.assertFalse([line for line in lines if "STARTTLS" in line])
        self.assertEqual(talker.codes("STARTTLS"), ["503"])
        codes = talker.codes(*ENVELOPE, b"x" * 100_000, ".")
        self.assertEqual(codes, ["250", "250", "354", "250"])
        peer = Peer(host="127.0.0.1", name="y", is_secure=True)
        self.assertEqual(self.handler.mails[0].peer, peer)
        self.assertEqual(self.handler.contents, [b"x" * 100_000 + b"\r\n"])
        self.assertEqual(talker.codes("QUIT"), ["221"])
        self.network.advance(5.0)
        self.assertEqual(
            (self.port.connections, self.network.getDelayedCalls()), (0, [])
        )

    def test_too_early(self) -> None:
        """Commands that came in clear after STARTTLS are never carried out."""
        self.secured()
        talker = self.greeted()
        early = talker.codes("STARTTLS", "EHLO x", "MAIL FROM:<evil>", "RCPT TO:<a>")
        self.assertEqual(early, ["220"])
        self.start(talker)
        self.assertEqual(talker.codes("NOOP"), ["250"])
        self.assertEqual(self.handler.asked, [])

    def test_forgets_the_mail(self) -> None:
        """What was said before counts no more."""
        self.secured()
        talker = self.greeted()
        talker.send("MAIL FROM:<>", "STARTTLS")
        self.start(talker)
        talker.send("EHLO x")
        self.assertEqual(talker.codes("RCPT TO:<a>"), ["503"])

    def test_required(self) -> None:
        """Where it is required only four commands come before it (RFC 3207 4)."""
        self.secured(requires_tls=True)
        talker = self.greeted()
        for command in ("MAIL FROM:<>", "HELO x", "RSET", "HELP", "X"):
            self.assertEqual(talker.send(command), ["530 5.7.0 STARTTLS first"])
        self.assertEqual(talker.codes("NOOP", "STARTTLS"), ["250", "220"])
        self.start(talker)
        talker.send("EHLO x")
        self.assertEqual(talker.codes("MAIL FROM:<>"), ["250"])

    def test_required_without_certificate(self) -> None:
        """To require what cannot be is a fault of the settings."""
        with self.assertRaises(BadListen):
            self.open(requires_tls=True)

    def test_no_tls_comes(self) -> None:
        """A client that goes on in clear loses its connection."""
        self.secured()
        talker = self.greeted()
        talker.send("STARTTLS")
        talker.send("NOOP")
        self.network.advance(1.0)
        self.assertEqual(self.port.connections, 0)
        self.flushLoggedErrors(SSL.Error)

    def test_no_certificate(self) -> None:
        """A file that cannot be read is a failure to start."""
        with self.assertRaises(OSError):
            self.open(certificate=self.shown + ".gone", key=self.key)


class TlsPortTests(TlsCase):
    """A port that is TLS from the start."""

    def secure_port(self, **settings: Any) -> MailPort:
        """A port of TLS."""
        listen = f"tls:2525:interface=127.0.0.1:privateKey={self.key}"
        return self.open(listen=f"{listen}:certKey={self.shown}", **settings)

    def test_mail(self) -> None:
        """It is secure, and STARTTLS is none of it."""
        self.secure_port(requires_tls=True)
        self.assertEqual(self.port.addresses, (("TLS", "127.0.0.1", 2525),))
        talker = self.connect()
        self.start(talker)
        self.assertEqual(talker.lines, ["220 mm4.gateway.test ESMTP"])
        self.assertEqual(talker.send("EHLO x")[-1], "250 ENHANCEDSTATUSCODES")
        self.assertEqual(talker.codes("STARTTLS"), ["503"])
        self.assertEqual(talker.codes(*ENVELOPE, ".")[-1], "250")
        self.assertTrue(self.handler.mails[0].peer.is_secure)

    def test_without_a_word(self) -> None:
        """A connection beyond those that are told why is closed."""
        self.secure_port(connections=1, connections_per_peer=1)
        away = [self.connect("192.0.2.1") for _ in range(2)]
        self.assertIsNotNone(away[0].transport)
        self.assertIsNone(away[1].transport)
