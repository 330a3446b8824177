"""Clients that were written elsewhere, and hostile ones, against our port for mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from cpmgw.smtp.interfaces import Reply
from tests.live import swaks as swaks_peer
from tests.live.case import until
from tests.live.mail_nodes import HOST, STRANGER, TAKEN, MailTestCase
from tests.live.raw_smtp import SECONDS, RawSmtp
from tests.live.swaks import swaks

SENDER: Final = "system-user@mmsc.test"
PLMN: Final = "+15550100/TYPE=PLMN@mm4.gateway.test"
CONTENT: Final = (
    b"Subject: A mail\r\n\r\n.begins with a dot\r\n..two\r\n.\r\n\r\nEnd\r\n"
)
ENVELOPE: Final = (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{PLMN}>", "DATA")
END: Final = b"\r\n.\r\n"


class PortTestCase(MailTestCase):
    """A port, and conversations with it in a thread."""

    port: int

    async def converse(
        self, conversation: Callable[[], Any], **settings: Any
    ) -> tuple[bytes, ...]:
        """Open a port, have a conversation with it; gives the contents that came."""
        self.port = self.open_port(**settings)
        await deferToThread(conversation)
        return tuple(each.octets for each in self.keeper.mails)

    def client(self) -> smtplib.SMTP:
        """smtplib's client, connected."""
        return smtplib.SMTP("127.0.0.1", self.port, "mmsc.test", SECONDS)

    def raw(self) -> RawSmtp:
        """A client by hand, which has said EHLO."""
        raw = RawSmtp(self.port)
        self.addCleanup(raw.close)
        raw.codes("EHLO mmsc.test")
        return raw

    def begun(self) -> RawSmtp:
        """A client by hand, which has said DATA."""
        raw = self.raw()
        self.assertEqual(raw.codes(*ENVELOPE), ["250", "250", "354"])
        return raw


class Smtplib(PortTestCase):
    async def test_mails(self) -> None:
        """Mails on one connection come octet for octet, with their envelopes."""

        def talk() -> None:
            with self.client() as client:
                for _ in range(3):
                    refused = client.sendmail(SENDER, [PLMN, "b@x.test"], CONTENT)
                    self.assertEqual(refused, {})

        self.assertEqual(await self.converse(talk), (CONTENT,) * 3)
        envelope = self.keeper.mails[-1].envelope
        self.assertEqual(envelope.sender, SENDER)
        self.assertEqual([e.address for e in envelope.recipients], [PLMN, "b@x.test"])
        self.assertEqual(envelope.size, len(CONTENT))
        self.assertEqual(self.keeper.mails[-1].peer.name, "mmsc.test")

    async def test_extensions(self) -> None:
        """It offers what it can, and takes parameters of DSN all the same."""

        def talk() -> None:
            with self.client() as client:
                client.ehlo()
                for each in ("size", "8bitmime", "smtputf8", "pipelining"):
                    self.assertTrue(client.has_extn(each), each)
                for each in ("starttls", "dsn"):
                    self.assertFalse(client.has_extn(each), each)
                self.assertEqual(client.esmtp_features["size"], "65536")
                client.sendmail(
                    SENDER,
                    [PLMN],
                    CONTENT,
                    mail_options=["BODY=8BITMIME", "RET=HDRS", "ENVID=a+2Bb"],
                    rcpt_options=[
                        "NOTIFY=SUCCESS,FAILURE",
                        "ORCPT=rfc822;+2B15550100/TYPE+3DPLMN@mm4.gateway.test",
                    ],
                )

        await self.converse(talk, max_size=65_536)
        (mail,) = self.keeper.mails
        self.assertEqual(mail.envelope.body, "8BITMIME")
        self.assertEqual(
            (mail.envelope.returns, mail.envelope.envelope_id), ("HDRS", "a+b")
        )
        (recipient,) = mail.envelope.recipients
        self.assertEqual(recipient.notify, ("SUCCESS", "FAILURE"))
        self.assertEqual(recipient.original, f"rfc822;{PLMN}")

    async def test_utf8(self) -> None:
        """Addresses and header fields beyond ASCII come as they were sent."""
        message = EmailMessage()
        message["From"], message["To"] = "zoë@mmsc.test", "jürgen@x.test"
        message["Subject"] = "Grüße 😀"
        message.set_content("Zażółć gęślą jaźń\n", cte="8bit")

        def talk() -> None:
            with self.client() as client:
                client.send_message(message)

        (content,) = await self.converse(talk)
        (mail,) = self.keeper.mails
        self.assertTrue(mail.envelope.utf8)
        self.assertEqual(mail.envelope.sender, "zoë@mmsc.test")
        self.assertEqual(mail.envelope.recipients[0].address, "jürgen@x.test")
        self.assertIn("Subject: Grüße 😀\r\n".encode(), content)
        self.assertIn("Zażółć gęślą jaźń\r\n".encode(), content)

    async def test_starttls(self) -> None:
        """STARTTLS with the certificate that it has; nothing goes before that."""
        key, certificate = self.certificate("port")

        def talk() -> None:
            context = ssl.create_default_context(cafile=str(certificate))
            with self.client() as client:
                code, _ = client.mail(SENDER)
                self.assertEqual(code, 530)
                client.starttls(context=context)
                client.ehlo()
                self.assertFalse(client.has_extn("starttls"))
                client.sendmail(SENDER, [PLMN], CONTENT * 2_000)

        contents = await self.converse(
            talk, certificate=str(certificate), key=str(key), requires_tls=True
        )
        self.assertEqual(contents, (CONTENT * 2_000,))
        self.assertTrue(self.keeper.mails[0].peer.is_secure)

    async def test_refusals(self) -> None:
        """A stranger is refused alone, a mail that is too large as a whole."""

        def talk() -> None:
            with self.client() as client:
                stranger = f"{STRANGER}@x.test"
                refused = client.sendmail(SENDER, [stranger, PLMN], CONTENT)
                self.assertEqual(refused, {stranger: (550, b"5.1.1 No such user")})
                with self.assertRaises(smtplib.SMTPRecipientsRefused):
                    client.sendmail(SENDER, [stranger], CONTENT)
                with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                    client.sendmail(SENDER, [PLMN], CONTENT * 1_000)
                self.assertEqual(caught.exception.smtp_code, 552)
                client.sendmail(SENDER, [PLMN], CONTENT)

        self.assertEqual(await self.converse(talk, max_size=2_000), (CONTENT,) * 2)


class Swaks(PortTestCase):
    needs = (*swaks_peer.NEEDS, swaks_peer.with_tls)

    async def sent(self, *options: str, **settings: Any) -> None:
        """swaks sends one mail, which comes whole."""
        port = self.open_port(**settings)
        process = await swaks(
            self,
            port,
            *("--from", SENDER, "--to", '"+15550100/TYPE=PLMN"@mm4.gateway.test'),
            *options,
            data=CONTENT,
        )
        self.assertEqual(process.status, 0)
        (mail,) = self.keeper.mails
        self.assertEqual(mail.octets, CONTENT)
        (recipient,) = mail.envelope.recipients
        self.assertEqual(recipient.address, '"+15550100/TYPE=PLMN"@mm4.gateway.test')

    async def test_plain(self) -> None:
        """One command after the other, by HELO."""
        await self.sent("--protocol", "SMTP")

    async def test_pipelined(self) -> None:
        """Its pipelined commands are answered one by one."""
        await self.sent("--pipeline")

    async def test_tls(self) -> None:
        """STARTTLS, and its pipelined commands after that."""
        key, certificate = self.certificate("port")
        await self.sent(
            *("--tls", "--tls-verify", "--tls-ca-path", str(certificate), "--pipeline"),
            certificate=str(certificate),
            key=str(key),
        )
        self.assertTrue(self.keeper.mails[0].peer.is_secure)

    async def test_own_mail(self) -> None:
        """The mail it makes up by itself, with an attachment."""
        port = self.open_port()
        process = await swaks(
            self, port, "--from", SENDER, "--to", "a@x.test", "--attach", "some text"
        )
        self.assertEqual(process.status, 0)
        (mail,) = self.keeper.mails
        self.assertIn(b"\r\nContent-Type: multipart/mixed;", mail.octets)


class ByHand(PortTestCase):
    async def test_pipelined(self) -> None:
        """Commands, contents and more commands in one piece are answered in order."""

        def talk() -> None:
            raw = self.raw()
            mail = "".join(f"{each}\r\n" for each in ENVELOPE).encode()
            raw.write(
                (mail + b"Subject: x\r\n\r\nx\r\n.\r\n") * 3 + b"NOOP\r\nQUIT\r\n"
            )
            replies = [raw.reply()[:3] for _ in range(14)]
            self.assertEqual(replies, ["250", "250", "354", "250"] * 3 + ["250", "221"])
            self.assertTrue(raw.is_closed)

        contents = await self.converse(talk)
        self.assertEqual(contents, (b"Subject: x\r\n\r\nx\r\n",) * 3)

    async def test_smuggling(self) -> None:
        """What others might take for the end of a mail is content, and refused."""
        forms = (b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n")

        def talk() -> None:
            for each in forms:
                raw = self.begun()
                smuggled = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"
                raw.write(b"Subject: x\r\n\r\nx" + each + smuggled + b"smuggled" + END)
                self.assertEqual(raw.reply()[:3], "554", each)
                self.assertEqual(raw.codes("NOOP"), ["250"], each)

        self.assertEqual(await self.converse(talk), ())

    async def test_mended(self) -> None:
        """Where bare newlines are taken, the content is still one mail."""

        def talk() -> None:
            raw = self.begun()
            raw.write(b"Subject: x\n\nx\n.\nMAIL FROM:<evil@x.test>\n" + END)
            self.assertEqual(raw.reply()[:3], "250")
            self.assertEqual(raw.codes("NOOP"), ["250"])

        (content,) = await self.converse(talk, accepts_bare_newlines=True)
        self.assertIn(b"\r\n.\r\nMAIL FROM:<evil@x.test>\r\n", content)

    async def test_slices(self) -> None:
        """The end of a mail is seen however it is cut."""

        def talk() -> None:
            for cut in range(1, len(END)):
                raw = self.begun()
                raw.write(b"Subject: x\r\n\r\nx" + END[:cut])
                raw.write(END[cut:])
                self.assertEqual(raw.reply()[:3], "250", cut)

        contents = await self.converse(talk)
        self.assertEqual(contents, (b"Subject: x\r\n\r\nx\r\n",) * 4)

    async def test_gone(self) -> None:
        """Of clients that are gone in the middle of their mails nothing is left."""

        def talk() -> None:
            for end in (RawSmtp.close, RawSmtp.reset):
                raw = self.begun()
                raw.write(b"Subject: x\r\n\r\n" + b"x" * 70 * 1024)
                end(raw)

        self.assertEqual(await self.converse(talk), ())
        await until(lambda: len(self.spool) == 0, what="no body")

    async def test_gone_before_the_reply(self) -> None:
        """A mail whose client does not wait for the reply is handled, and freed."""
        reply: Deferred[Reply] = Deferred()
        self.keeper.answers = lambda: reply

        def talk() -> None:
            raw = self.begun()
            raw.write(CONTENT + b".\r\n")
            raw.reset()

        await self.converse(talk)
        await until(lambda: len(self.keeper.mails) == 1, what="the mail")
        reply.callback(TAKEN)

    async def test_oversize(self) -> None:
        """A mail that grows too large is read to its end, refused, and not kept."""

        def talk() -> None:
            raw = self.raw()
            self.assertEqual(raw.codes(f"MAIL FROM:<{SENDER}> SIZE=100001"), ["552"])
            self.assertEqual(raw.codes(*ENVELOPE), ["250", "250", "354"])
            raw.write((b"x" * 98 + b"\r\n") * 1_000 + b".\r\n")
            self.assertEqual(raw.reply()[:3], "250")
            self.assertEqual(raw.codes(*ENVELOPE), ["250", "250", "354"])
            raw.write((b"x" * 98 + b"\r\n") * 1_000 + b"x\r\n.\r\n")
            self.assertEqual(raw.reply()[:3], "552")
            self.assertEqual(raw.codes("QUIT"), ["221"])

        contents = await self.converse(talk, max_size=100_000)
        self.assertEqual([len(each) for each in contents], [100_000])

    async def test_too_many(self) -> None:
        """Connections beyond what one peer may have are told so, and closed."""

        def talk() -> None:
            first = self.raw()
            second = RawSmtp(self.port)
            self.addCleanup(second.close)
            self.assertEqual(second.greeting[:3], "421")
            self.assertTrue(second.is_closed)
            self.assertEqual(first.codes("QUIT"), ["221"])

        await self.converse(talk, connections_per_peer=1)

    async def test_silence(self) -> None:
        """Who says nothing, or no more of a mail, is told so, and closed."""

        def talk() -> None:
            silent, stuck = self.raw(), self.begun()
            stuck.write(b"Subject: x\r\n")
            for each in (silent, stuck):
                self.assertEqual(each.reply()[:3], "421")
                self.assertTrue(each.is_closed)

        await self.converse(talk, command_timeout=0.3, data_timeout=0.3)

    async def test_greeting(self) -> None:
        """It greets by its name."""

        def talk() -> None:
            raw = RawSmtp(self.port)
            self.addCleanup(raw.close)
            self.assertTrue(raw.greeting.startswith(f"220 {HOST} ESMTP"))

        await self.converse(talk)
