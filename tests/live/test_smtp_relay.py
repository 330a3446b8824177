"""Our relay (the client's side of SMTP) against servers that were written elsewhere."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from cpmgw.smtp.errors import (
    CannotCarry,
    NotAdmitted,
    NotSent,
    Refused,
    TooLarge,
    Unanswered,
)
from cpmgw.smtp.interfaces import Envelope, Recipient
from cpmgw.smtp.settings import ClientTls, TlsMode
from tests.live import postfix, smtp_sink
from tests.live.case import free_port, until
from tests.live.mail_nodes import HOST, MailTestCase
from tests.live.postfix import start_postfix
from tests.live.raw_smtp import Login, LoginRelay
from tests.live.reactor import reactor
from tests.live.smtp_sink import start_sink

SENDER: Final = f"system-user@{HOST}"
PLMN: Final = "+15145550002/TYPE=PLMN@mmsc.test"
CONTENT: Final = (
    b"Subject: A mail\r\n\r\n.begins with a dot\r\n..two\r\n.\r\n\r\nEnd\r\n"
)
LARGE: Final = b"Subject: Large\r\n\r\n" + (b"x" * 70 + b"\r\n.") * 20_000 + b"\r\n"
RECEIVED: Final = re.compile(rb"(?:Received: .*\r\n(?:[ \t].*\r\n)*)+")


def to(*addresses: str, sender: str = SENDER) -> Envelope:
    """An envelope to these, or to the number."""
    recipients = tuple(Recipient(address=each) for each in addresses or (PLMN,))
    return Envelope(sender=sender, recipients=recipients)


class ToPostfix(MailTestCase):
    needs = postfix.NEEDS

    def left(self, octets: bytes) -> bytes:
        """What Postfix has passed on, without the Received that it adds."""
        return RECEIVED.sub(b"", octets, count=1)

    async def test_mails(self) -> None:
        """Mails of any size, over several connections at once, pass octet for octet."""
        back = self.open_port()
        peer = await start_postfix(self, {"mmsc.test": back})
        relay = self.relay(peer.port, connections=3)
        contents = [b"X-Number: %d\r\n" % each + CONTENT for each in range(30)]
        contents.append(LARGE)
        sent = await gatherResults(
            [relay.send(to(), self.body(each)) for each in contents]
        )
        self.assertEqual({each.reply.code for each in sent}, {250})
        for each in sent:
            self.assertEqual(each.reply.enhanced, "2.0.0")
        await until(lambda: len(self.keeper.mails) == len(contents), what="the mails")
        came = {self.left(each.octets) for each in self.keeper.mails}
        self.assertEqual(came, set(contents))
        self.assertTrue(relay.is_up)

    async def test_starttls(self) -> None:
        """TLS with its certificate checked, and the mail in it."""
        key, certificate = self.certificate("postfix")
        back = self.open_port()
        peer = await start_postfix(
            self,
            {"mmsc.test": back},
            smtpd_tls_security_level="encrypt",
            smtpd_tls_cert_file=str(certificate),
            smtpd_tls_key_file=str(key),
            smtpd_tls_loglevel="1",
        )
        tls = ClientTls(mode=TlsMode.REQUIRE, authority=str(certificate))
        await self.send(self.relay(peer.port, tls), to(), CONTENT)
        await until(lambda: len(self.keeper.mails) == 1, what="the mail")
        self.assertEqual(self.left(self.keeper.mails[0].octets), CONTENT)
        self.assertTrue(peer.logged("TLS connection established from localhost"))

    async def test_other_certificate(self) -> None:
        """Nothing goes to a relay that has another certificate than it should."""
        key, certificate = self.certificate("postfix")
        _, other = self.certificate("other")
        peer = await start_postfix(
            self,
            {},
            smtpd_tls_security_level="may",
            smtpd_tls_cert_file=str(certificate),
            smtpd_tls_key_file=str(key),
        )
        tls = ClientTls(mode=TlsMode.REQUIRE, authority=str(other))
        relay = self.relay(peer.port, tls, queue_time=1.0)
        with self.assertRaises(NotSent):
            await self.send(relay, to(), CONTENT)
        self.assertFalse(relay.is_up)

    async def test_refusals(self) -> None:
        """Its refusals come with their replies; other recipients get the mail."""
        back = self.open_port()
        access = "stranger@mmsc.test = REJECT Who, busy@mmsc.test = DEFER Later"
        entries = "".join(f"{{ {each} }} " for each in access.split(", "))
        check = f"check_recipient_access inline:{{ {entries}}}"
        peer = await start_postfix(
            self,
            {"mmsc.test": back},
            message_size_limit="100000",
            smtpd_recipient_restrictions=check,
        )
        relay = self.relay(peer.port)
        with self.assertRaises(TooLarge):
            await self.send(relay, to(), LARGE)
        for name, code in (("stranger", 554), ("busy", 450)):
            with self.assertRaises(Refused) as caught:
                await self.send(relay, to(f"{name}@mmsc.test"), CONTENT)
            refused = caught.exception
            self.assertEqual((refused.stage, refused.reply.code), ("RCPT", code))
        sent = await self.send(relay, to("stranger@mmsc.test", PLMN), CONTENT)
        ((recipient, reply),) = sent.refused
        self.assertEqual(recipient.address, "stranger@mmsc.test")
        self.assertEqual((reply.code, reply.enhanced), (554, "5.7.1"))
        await until(lambda: len(self.keeper.mails) == 1, what="the mail")
        (taken,) = self.keeper.mails[0].envelope.recipients
        self.assertEqual(taken.address, PLMN)


class ToSink(MailTestCase):
    needs = smtp_sink.NEEDS

    async def test_mails(self) -> None:
        """Two hundred mails over four connections, each whole."""
        sink = await start_sink(self)
        relay = self.relay(sink.port, connections=4)
        contents = [b"X-Number: %d\r\n" % each + CONTENT for each in range(200)]
        await gatherResults([relay.send(to(), self.body(each)) for each in contents])
        caught = sink.caught()
        self.assertEqual(
            sorted(each.content for each in caught),
            sorted(each.replace(b"\r\n", b"\n") for each in contents),
        )
        self.assertEqual({each.proto for each in caught}, {"ESMTP"})
        self.assertEqual({each.helo for each in caught}, {HOST})
        connects = [line for line in sink.process.lines if "helo" in line.lower()]
        self.assertLessEqual(len(connects), 5)

    async def test_parameters(self) -> None:
        """What it offers is used: DSN, 8BITMIME; what it does not is left out."""
        sink = await start_sink(self)
        bare = await start_sink(self, "-8", "-N", "-p", "-a")
        original = f"rfc822;{PLMN}"
        recipient = Recipient(address=PLMN, notify=("FAILURE",), original=original)
        envelope = Envelope(
            sender=SENDER,
            recipients=(recipient,),
            returns="HDRS",
            envelope_id="a+b=c",
        )
        eight_bit = msgspec.structs.replace(envelope, body="8BITMIME")
        await self.send(self.relay(sink.port), eight_bit, CONTENT)
        relay = self.relay(bare.port)
        with self.assertRaises(CannotCarry):
            await self.send(relay, eight_bit, CONTENT)
        await self.send(relay, envelope, CONTENT)
        (full,), (plain,) = sink.caught(), bare.caught()
        self.assertEqual(
            full.mail, f"<{SENDER}> BODY=8BITMIME RET=HDRS ENVID=a+2Bb+3Dc"
        )
        xtext = PLMN.replace("+", "+2B").replace("=", "+3D")
        self.assertEqual(full.rcpts, (f"<{PLMN}> NOTIFY=FAILURE ORCPT=rfc822;{xtext}",))
        self.assertEqual((plain.mail, plain.rcpts), (f"<{SENDER}>", (f"<{PLMN}>",)))

    async def test_without_esmtp(self) -> None:
        """A server that knows HELO alone gets its mail as well; so does a Cisco PIX."""
        for option in ("-e", "-P"):
            sink = await start_sink(self, option)
            await self.send(self.relay(sink.port), to(), CONTENT)
            (caught,) = sink.caught()
            self.assertEqual(caught.content, CONTENT.replace(b"\r\n", b"\n"))

    async def test_slow_reader(self) -> None:
        """A large mail goes out as fast as it is read, and whole."""
        sink = await start_sink(self, "-H", "1", "-T", "4096")
        await self.send(self.relay(sink.port), to(), LARGE)
        (caught,) = sink.caught()
        self.assertEqual(caught.content, LARGE.replace(b"\r\n", b"\n"))

    async def test_refused(self) -> None:
        """Each command that it refuses is told of with its reply, once and for all."""
        for verb, stage in (("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "DATA")):
            await self._refused("-f", verb, stage, "500 5.3.0")
        await self._refused("-f", ".", ".", "500 5.3.0")
        await self._refused("-r", "RCPT", "RCPT", "450 4.3.0")
        await self._refused("-r", ".", ".", "450 4.3.0")

    async def _refused(self, option: str, verb: str, stage: str, reply: str) -> None:
        sink = await start_sink(self, option, verb)
        with self.assertRaises(Refused) as caught:
            await self.send(self.relay(sink.port), to(), CONTENT)
        refused = caught.exception
        self.assertEqual(refused.stage, stage)
        self.assertEqual(f"{refused.reply.code} {refused.reply.enhanced}", reply)

    async def test_gone(self) -> None:
        """Where it closes before the mail was there, the mail has surely not left."""
        for verb in ("EHLO", "MAIL", "RCPT", "DATA"):
            for option in ("-q", "-Q"):
                sink = await start_sink(self, option, verb)
                relay = self.relay(sink.port, queue_time=0.3)
                with self.assertRaises((NotSent, Refused)):
                    await self.send(relay, to(), CONTENT)

    async def test_gone_with_the_mail(self) -> None:
        """Where it closes instead of the last answer, the mail may have been taken."""
        sink = await start_sink(self, "-q", ".")
        with self.assertRaises(Unanswered):
            await self.send(self.relay(sink.port), to(), CONTENT)
        (caught,) = sink.caught()
        self.assertIn(b"End", caught.content)

    async def test_silent_with_the_mail(self) -> None:
        """Where the last answer does not come in time, it may have been taken too."""
        sink = await start_sink(self, "-W", ".:5")
        relay = self.relay(sink.port, end_timeout=0.5)
        with self.assertRaises(Unanswered):
            await self.send(relay, to(), CONTENT)

    async def test_cut_short(self) -> None:
        """A refusal that comes before the end of the mail is one."""
        sink = await start_sink(self, "-A", "1")
        with self.assertRaises(Refused) as caught:
            await self.send(self.relay(sink.port), to(), LARGE)
        self.assertEqual(caught.exception.reply.code, 550)

    async def test_nobody_there(self) -> None:
        """Without a server the mail waits its time, and is told of."""
        relay = self.relay(free_port(), queue_time=0.5)
        with self.assertRaises(NotSent):
            await self.send(relay, to(), CONTENT)
        self.assertFalse(relay.is_up)

    async def test_back_again(self) -> None:
        """A mail that waits goes out once a server is there."""
        port = free_port()
        sent = self.relay(port, queue_time=5.0).send(to(), self.body(CONTENT))
        await deferLater(reactor, 0.3)
        await start_sink(self, port=port)
        self.assertEqual((await sent).reply.code, 250)


class Logins(MailTestCase):
    async def logged_in(self, *mechanisms: str, password: str = "secret") -> Login:
        """Log in, by one of these, and send a mail."""
        peer = LoginRelay("gateway", "secret", *mechanisms)
        serving = deferToThread(peer.serve)
        relay = self.relay(
            peer.port, username="gateway", password=password, queue_time=0.3
        )
        try:
            await self.send(relay, to(), b"Subject: x\r\n\r\nx\r\n")
            self.assertEqual(peer.mails, [b"Subject: x\r\n\r\nx\r\n"])
        finally:
            await relay.stopService()
            peer.close()
            await serving
        (login,) = set(peer.logins)
        return login

    async def test_mechanisms(self) -> None:
        """PLAIN, LOGIN and CRAM-MD5; of several, the one without the password."""
        for each in ("PLAIN", "LOGIN", "CRAM-MD5"):
            login = await self.logged_in(each)
            self.assertEqual(login, Login(each, "gateway", "secret"))
        login = await self.logged_in("PLAIN", "CRAM-MD5", "LOGIN")
        self.assertEqual(login.mechanism, "CRAM-MD5")

    async def test_wrong_password(self) -> None:
        """A login that is refused fails the mail, and says so."""
        with self.assertRaises(NotAdmitted) as caught:
            await self.logged_in("PLAIN", password="wrong")
        self.assertEqual(
            (caught.exception.stage, caught.exception.reply.code), ("AUTH", 535)
        )
