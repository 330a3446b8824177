"""The load's ends of SMTP, against the gateway's own room for it."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred, succeed

from cpmgw.lab.bench.letters import Mail
from cpmgw.lab.bench.mailing import MailSink, MailSource
from cpmgw.smtp.errors import NotSent
from cpmgw.smtp.interfaces import Envelope, Recipient, Reply, Sent
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import ClientTls, RelaySettings, TlsMode
from tests.smtp.ports import TAKEN, PortCase

MAIL = Mail("a@mms.example.net", "b@mm4.test", b"Subject: x\r\n\r\n", b"one\r\ntwo\r\n")


class SourceTests(PortCase):
    def source(self, connections: int = 1) -> MailSource:
        """A source that has joined the port."""
        self.faults: Counter[str] = Counter()
        source = MailSource(self.network, self.faults)
        _, _, port = self.open().addresses[0]
        joining = Deferred.fromCoroutine(source.connect(port, connections))
        self.network.settle()
        self.successResultOf(joining)
        return source

    def test_sends(self) -> None:
        """Each mail comes whole, with its envelope, in the order of its sending."""
        source = self.source()
        for number in range(3):
            source.send(Mail(MAIL.sender, MAIL.recipient, b"N: %d\r\n\r\n" % number))
        source.send(MAIL)
        self.network.settle()
        self.assertEqual(
            self.handler.contents,
            [*[b"N: %d\r\n\r\n" % n for n in range(3)], MAIL.head + MAIL.body],
        )
        envelope = self.handler.mails[-1].envelope
        self.assertEqual(envelope.sender, MAIL.sender)
        self.assertEqual(envelope.recipients[0].address, MAIL.recipient)
        self.assertEqual(self.faults, {})

    def test_waits_for_a_connection(self) -> None:
        """As many mails are on their way as there are connections."""
        source = self.source(connections=2)
        replies: list[Deferred[Reply]] = [Deferred() for _ in range(5)]
        waiting = iter(replies)
        self.handler.answer = lambda: next(waiting)
        for _ in range(5):
            source.send(MAIL)
        for number, reply in enumerate(replies):
            self.network.settle()
            self.assertEqual(len(self.handler.mails), min(number + 2, 5))
            reply.callback(Reply(250, "Safe"))

    def test_refused(self) -> None:
        """What is refused, at whatever command, is counted, and the next one goes."""
        source = self.source()
        self.handler.refuses = lambda address: (
            Reply(550, "No") if "b@" in address else None
        )
        source.send(MAIL)
        self.network.settle()
        self.handler.refuses = lambda address: None
        reply = self.waiting()
        source.send(MAIL)
        self.network.settle()
        reply.callback(Reply(451, "Later"))
        self.network.settle()
        self.handler.answer = lambda: succeed(TAKEN)
        source.send(MAIL)
        self.network.settle()
        self.assertEqual(len(self.handler.mails), 2)
        self.assertEqual(self.faults, {"mail answered 554": 1, "mail answered 451": 1})


class SinkTests(PortCase):
    def setUp(self) -> None:
        super().setUp()
        self.took: list[tuple[str, bytes]] = []
        self.sink = MailSink(lambda sender, mail: self.took.append((sender, mail)))
        self.network.listenTCP(2526, self.sink, interface="127.0.0.1")
        settings = RelaySettings(
            host="127.0.0.1",
            port=2526,
            queue_time=5.0,
            command_timeout=10.0,
            tls=ClientTls(mode=TlsMode.NONE),
        )
        self.relay = MailRelay(self.network, "bench", settings)
        self.relay.startService()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self.relay.stopService()
        self.network.advance(60.0)

    def send(self, octets: bytes) -> Deferred[Sent]:
        """Send octets as a mail."""
        body = self.spool.body()
        body.write(0, octets)
        to = (Recipient(address="b@mms.example.net"),)
        sent = self.relay.send(Envelope(sender="a@mm4.test", recipients=to), body)
        self.network.settle()
        return sent

    def test_takes(self) -> None:
        """A real client finds it a real relay, however large the mail is."""
        for octets in (b"A: b\r\n\r\n", b"A: b\r\n\r\n" + b"x" * 76 + b"\r\n", b""):
            large = octets + (b"y" * 76 + b"\r\n") * 2_000
            for each in (octets, large):
                if not each:
                    continue
                self.successResultOf(self.send(each))
                self.assertEqual(self.took.pop(), ("a@mm4.test", each))
        self.assertEqual(self.sink.connections, 1)

    def test_silent(self) -> None:
        """One that is silent lets connections be made, and says nothing."""
        self.sink.silent = True
        sent = self.send(b"A: b\r\n\r\n")
        self.network.advance(60.0)
        self.failureResultOf(sent, NotSent)
        self.assertEqual(self.took, [])
        self.assertGreater(self.sink.connections, 0)
