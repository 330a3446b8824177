"""One mail as commands and replies (RFC 5321 3.3, RFC 2920 3.1)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.smtp.errors import Refused, SmtpSyntaxError, TooLarge
from cpmgw.smtp.exchange import Exchange, Next
from cpmgw.smtp.extensions import Extensions
from cpmgw.smtp.interfaces import Reply, Sent
from tests.smtp.relays import envelope

ONE_BY_ONE = Extensions()
AT_ONCE = Extensions(pipelining=True)
OK = Reply(250)
GO = Reply(354)
NO = Reply(550, "no")
LATER = Reply(451, "later")
TO = ("a@x.test", "b@x.test")


class ExchangeCase(SynchronousTestCase):
    """Exchanges, with or without PIPELINING."""

    def begin(
        self, offered: Extensions = AT_ONCE, *, after_refusal: bool = False
    ) -> Exchange:
        """A mail to two recipients."""
        exchange = Exchange(envelope(*TO), offered, 10, after_refusal=after_refusal)
        self.lines = exchange.begin().split(b"\r\n")[:-1]
        return exchange

    def answer(self, exchange: Exchange, *replies: Reply) -> Next:
        """What follows the last of these replies; those before ask for nothing."""
        for reply in replies[:-1]:
            follows = exchange.answered(reply)
            if follows.write:
                self.lines += follows.write.split(b"\r\n")[:-1]
            self.assertEqual((follows.content, follows.outcome), (False, None))
        follows = exchange.answered(replies[-1])
        self.lines += follows.write.split(b"\r\n")[:-1]
        return follows

    def refusal(self, follows: Next) -> tuple[str, Reply]:
        """Where it was refused, and how."""
        assert isinstance(follows.outcome, Refused)
        return follows.outcome.stage, follows.outcome.reply


class OneByOne(ExchangeCase):
    """Without PIPELINING each command waits for the answer to the one before."""

    def test_all(self) -> None:
        """MAIL, each RCPT, DATA, the content."""
        exchange = self.begin(ONE_BY_ONE)
        self.assertEqual(self.lines, [b"MAIL FROM:<system-user@gw.test>"])
        self.assertTrue(self.answer(exchange, OK, OK, OK, GO).content)
        self.assertEqual(
            self.lines[1:], [b"RCPT TO:<a@x.test>", b"RCPT TO:<b@x.test>", b"DATA"]
        )
        queued = Reply(250, "queued")
        self.assertEqual(exchange.answered(queued).outcome, Sent(reply=queued))
        self.assertFalse(exchange.is_open)

    def test_mail_refused(self) -> None:
        """Nothing follows a MAIL that was refused, and nothing is to be reset."""
        exchange = self.begin(ONE_BY_ONE)
        self.assertEqual(self.refusal(self.answer(exchange, NO)), ("MAIL", NO))
        self.assertEqual(len(self.lines), 1)
        self.assertFalse(exchange.is_open)

    def test_everybody_refused(self) -> None:
        """No DATA follows where nobody is left; the relay is to be reset."""
        exchange = self.begin(ONE_BY_ONE)
        follows = self.answer(exchange, OK, NO, NO)
        self.assertEqual(self.refusal(follows), ("RCPT", NO))
        self.assertNotIn(b"DATA", self.lines)
        self.assertTrue(exchange.is_open)

    def test_data_refused(self) -> None:
        """The relay is to be reset."""
        exchange = self.begin(ONE_BY_ONE)
        follows = self.answer(exchange, OK, OK, OK, LATER)
        self.assertEqual(self.refusal(follows), ("DATA", LATER))
        self.assertTrue(exchange.is_open)

    def test_reset(self) -> None:
        """RSET ends what was left half-way, before the next mail."""
        exchange = self.begin(ONE_BY_ONE, after_refusal=True)
        self.assertEqual(self.lines, [b"RSET"])
        self.assertTrue(exchange.is_open)
        self.assertEqual(self.refusal(self.answer(exchange, OK, NO)), ("MAIL", NO))
        self.assertFalse(exchange.is_open)


class AtOnce(ExchangeCase):
    """With PIPELINING all of it goes out in one write (RFC 2920 3.1)."""

    def test_all(self) -> None:
        """MAIL, each RCPT and DATA go together; nothing goes before the answers."""
        exchange = self.begin()
        self.assertEqual(len(self.lines), 4)
        self.assertTrue(self.answer(exchange, OK, OK, OK, GO).content)
        self.assertEqual(len(self.lines), 4)
        self.assertEqual(exchange.answered(OK).outcome, Sent(reply=OK))

    def test_some_refused(self) -> None:
        """Those that the relay has not taken are said with what it has."""
        exchange = self.begin()
        self.assertTrue(self.answer(exchange, OK, NO, Reply(251), GO).content)
        sent = exchange.answered(OK).outcome
        assert isinstance(sent, Sent)
        self.assertEqual([(r.address, y) for r, y in sent.refused], [(TO[0], NO)])

    def test_mail_refused(self) -> None:
        """The answer to MAIL counts, not those to what came after it."""
        exchange = self.begin()
        bad = Reply(503)
        follows = self.answer(exchange, LATER, bad, bad, bad)
        self.assertEqual(self.refusal(follows), ("MAIL", LATER))
        self.assertFalse(exchange.is_open)

    def test_everybody_refused(self) -> None:
        """The answer to RCPT counts; one that is temporary is told rather."""
        exchange = self.begin()
        follows = self.answer(exchange, OK, NO, LATER, Reply(554))
        self.assertEqual(self.refusal(follows), ("RCPT", LATER))
        self.assertTrue(exchange.is_open)
        exchange = self.begin()
        follows = self.answer(exchange, OK, NO, Reply(551), Reply(554))
        self.assertEqual(self.refusal(follows), ("RCPT", NO))

    def test_data_for_nobody(self) -> None:
        """DATA answered with 354 all the same gets a dot alone (RFC 2920 3.1)."""
        for reply in (OK, NO, Reply(354)):
            with self.subTest(reply=reply):
                exchange = self.begin()
                follows = self.answer(exchange, OK, NO, NO, GO)
                self.assertEqual(follows, Next(write=b".\r\n"))
                self.assertEqual(self.refusal(exchange.answered(reply)), ("RCPT", NO))
                self.assertFalse(exchange.is_open)

    def test_data_after_mail_refused(self) -> None:
        """The same where even MAIL was refused."""
        exchange = self.begin()
        self.assertEqual(self.answer(exchange, NO, OK, OK, GO), Next(write=b".\r\n"))
        self.assertEqual(self.refusal(exchange.answered(OK)), ("MAIL", NO))

    def test_end_refused(self) -> None:
        """A refusal of the mail itself leaves nothing to be reset."""
        exchange = self.begin()
        self.assertTrue(self.answer(exchange, OK, OK, NO, GO).content)
        self.assertEqual(self.refusal(exchange.answered(LATER)), (".", LATER))
        self.assertFalse(exchange.is_open)

    def test_reset(self) -> None:
        """RSET goes out with the rest."""
        exchange = self.begin(after_refusal=True)
        self.assertEqual(len(self.lines), 5)
        self.assertTrue(self.answer(exchange, OK, OK, OK, OK, GO).content)


class Nonsense(ExchangeCase):
    """Answers that no command has."""

    def test_each_stage(self) -> None:
        """354 to all but DATA, 250 to DATA, a refused RSET."""
        cases = {
            "MAIL": (Reply(354),),
            "RCPT": (OK, Reply(334)),
            "DATA": (OK, OK, OK, OK),
            ".": (OK, OK, OK, GO, GO),
        }
        for stage, replies in cases.items():
            with self.subTest(stage=stage):
                exchange = self.begin()
                for reply in replies[:-1]:
                    exchange.answered(reply)
                with self.assertRaises(SmtpSyntaxError):
                    exchange.answered(replies[-1])
        exchange = self.begin(after_refusal=True)
        with self.assertRaises(SmtpSyntaxError):
            exchange.answered(NO)

    def test_too_large(self) -> None:
        """What a relay cannot have is not begun."""
        with self.assertRaises(TooLarge):
            Exchange(envelope(), Extensions(size=9), 10, after_refusal=False)
