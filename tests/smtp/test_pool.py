"""A relay and its connections."""

from __future__ import annotations

from zope.interface.verify import verifyObject

from cpmgw.smtp.client import Unreadable
from cpmgw.smtp.errors import (
    CannotCarry,
    NotSent,
    Refused,
    SmtpSyntaxError,
    TooLarge,
    Unanswered,
)
from cpmgw.smtp.interfaces import IMailRelay
from cpmgw.smtp.settings import ClientTls, TlsMode
from tests.smtp import relays
from tests.smtp.connecting import Outcome
from tests.smtp.pools import PoolCase
from tests.smtp.relays import Content, close, cut, envelope


class Sending(PoolCase):
    """Mails and connections."""

    def test_interface(self) -> None:
        """It is what the house knows of a relay."""
        pool = self.pool()
        verifyObject(IMailRelay, pool)
        self.assertEqual((pool.name, pool.is_up, pool.waiting), ("mmsc", True, 0))

    def test_kept(self) -> None:
        """A connection is made for the first mail, and kept for those after it."""
        pool = self.pool()
        self.assertEqual(self.relay.sides, [])
        for _ in range(3):
            self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 1)
        self.assertEqual(pool.waiting, 0)
        self.stop(pool)
        self.assertEqual(self.relay.verbs[-1], "QUIT")

    def test_idle(self) -> None:
        """One that nobody needs is left; the next mail makes a new one."""
        pool = self.pool(idle_timeout=30.0)
        self.send(pool)
        self.network.advance(30.0)
        self.assertEqual(self.relay.open, 0)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 2)
        self.stop(pool)

    def test_most_connections(self) -> None:
        """As many are made as mails wait, and no more than are allowed."""
        pool = self.pool(connections=3)
        self.relay.answers["."] = None
        outcomes = [self.send(pool) for _ in range(5)]
        self.assertEqual(self.relay.open, 3)
        self.assertEqual(pool.waiting, 5)
        del self.relay.answers["."]
        for side in self.relay.sides[:2]:
            side.say("250 ok")
        self.network.settle()
        self.assertEqual(sum(o.sent is not None for o in outcomes), 4)
        self.relay.sides[2].say("250 ok")
        self.network.settle()
        self.assertEqual(len(self.relay.mails), 5)
        self.stop(pool)

    def test_order(self) -> None:
        """Mails go out in their order."""
        pool = self.pool(connections=1)
        outcomes = [
            Outcome(pool.send(envelope(), Content(b"%d\r\n" % each)))
            for each in range(20)
        ]
        self.network.settle()
        self.assertTrue(all(outcome.sent for outcome in outcomes))
        self.assertEqual(self.relay.mails, [b"%d\r\n" % each for each in range(20)])
        self.stop(pool)

    def test_mails_per_connection(self) -> None:
        """A connection that has had its mails makes place for another one."""
        pool = self.pool(connections=1, mails_per_connection=2)
        outcomes = [Outcome(pool.send(envelope(), Content(b"x"))) for _ in range(5)]
        self.network.settle()
        self.assertTrue(all(outcome.sent for outcome in outcomes))
        self.assertEqual(len(self.relay.sides), 3)
        self.stop(pool)

    def test_refused(self) -> None:
        """A refusal is told at once, a temporary one too; the next mail goes out."""
        pool = self.pool()
        for verb, code in (("MAIL", 451), ("RCPT", 450), ("DATA", 421), (".", 452)):
            with self.subTest(verb=verb):
                self.relay.answers[verb] = [f"{code} 4.0.0 later"]
                outcome = self.send(pool)
                if code == 421:
                    self.assertIsNotNone(outcome.sent)  # on another connection
                else:
                    error = outcome.error
                    assert isinstance(error, Refused)
                    self.assertEqual((error.stage, error.reply.code), (verb, code))
                self.assertIsNotNone(self.send(pool).sent)
        self.assertTrue(pool.is_up)
        self.stop(pool)

    def test_cannot_carry(self) -> None:
        """What the relay cannot have fails; a thousand of that are no circle."""
        pool = self.pool(connections=1)
        large = Content(b"x" * 1_001)
        outcomes = [Outcome(pool.send(envelope(), large)) for _ in range(900)]
        other = Outcome(pool.send(envelope("jös@x.test"), Content(b"x")))
        self.network.settle()
        self.assertTrue(all(isinstance(o.error, TooLarge) for o in outcomes))
        self.assertIsInstance(other.error, CannotCarry)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)

    def test_bad_envelope(self) -> None:
        """What no relay could be given fails before anything is done."""
        pool = self.pool()
        outcome = self.send(pool, mail=envelope("a>\r\nRSET"))
        self.assertIsInstance(outcome.error, SmtpSyntaxError)
        self.assertEqual(self.relay.sides, [])

    def test_unreadable(self) -> None:
        """Content that cannot be read is not tried again."""
        pool = self.pool()
        outcome = self.send(pool, relays.Unreadable(b"x\r\n"))
        self.assertIsInstance(outcome.error, Unreadable)
        self.assertEqual(self.relay.mails, [])
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)

    def test_send_from_outcome(self) -> None:
        """Who hears of one mail may send the next one there and then."""
        pool = self.pool(connections=1)
        first = pool.send(envelope(), Content(b"1\r\n"))
        first.addCallback(lambda _: pool.send(envelope(), Content(b"2\r\n")))
        outcome = Outcome(first)
        self.network.settle()
        self.assertIsNotNone(outcome.sent)
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)


class Interrupting(PoolCase):
    """Connections that are lost with a mail."""

    def test_kept_one_lost(self) -> None:
        """A kept connection that turns out to be gone costs the mail nothing."""
        pool = self.pool()
        self.send(pool)
        self.relay.answers["MAIL"] = [cut]
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 2)
        self.stop(pool)

    def test_idle_one_lost(self) -> None:
        """One that is lost while idle is not used again."""
        pool = self.pool()
        self.send(pool)
        self.relay.sides[0].transport.loseConnection()
        self.assertIsNotNone(self.send(pool).sent)
        self.relay.sides[1].say("421 4.3.2 idle")
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 3)
        self.stop(pool)

    def test_tried_again(self) -> None:
        """A new connection that is lost is made again, after a while."""
        pool = self.pool(backoff_initial=1.0)
        self.relay.answers["MAIL"] = [close, cut, "nonsense"]
        outcome = self.send(pool)
        self.assertTrue(outcome.is_open)
        for wait in (1.0, 2.0, 4.0):
            before = len(self.relay.sides)
            self.network.advance(wait - 0.1)
            self.assertEqual(len(self.relay.sides), before)
            self.network.advance(0.1)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_before_others(self) -> None:
        """A mail whose connection was gone already is before those without a turn."""
        pool = self.pool(connections=1)
        self.send(pool, b"x\r\n")
        self.relay.mails.clear()
        self.relay.answers["DATA"] = [cut]
        outcomes = [
            Outcome(pool.send(envelope(), Content(b"%d\r\n" % each)))
            for each in range(3)
        ]
        self.network.settle()
        self.assertTrue(all(outcome.sent for outcome in outcomes))
        self.assertEqual(self.relay.mails, [b"0\r\n", b"1\r\n", b"2\r\n"])
        self.stop(pool)

    def test_in_its_time(self) -> None:
        """That goes on for the mail's time, and no longer."""
        pool = self.pool(queue_time=5.0)
        self.relay.answers["MAIL"] = close
        outcome = self.send(pool)
        self.network.advance(4.9)
        self.assertTrue(outcome.is_open)
        self.network.advance(0.1)
        self.assertIsInstance(outcome.error, NotSent)
        self.assertIn("closed", str(outcome.error))
        self.stop(pool)

    def test_too_late(self) -> None:
        """One that is lost after its time is not tried again."""
        pool = self.pool(queue_time=5.0, command_timeout=30.0)
        self.relay.answers["MAIL"] = None
        self.relay.answers["RCPT"] = None
        self.relay.answers["DATA"] = None
        outcome = self.send(pool)
        self.network.advance(29.0)
        self.assertTrue(outcome.is_open)
        self.network.advance(1.0)
        self.assertIsInstance(outcome.error, NotSent)
        self.assertFalse(pool.is_up)
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)

    def test_answered_in_advance(self) -> None:
        """An answer too many is none for the next mail: that goes elsewhere."""
        pool = self.pool(connections=1)
        self.relay.answers["."] = ["250 first\n250 more", "250 second"]
        outcomes = [Outcome(pool.send(envelope(), Content(b"x"))) for _ in range(2)]
        self.network.settle()
        texts = [o.sent.reply.text for o in outcomes if o.sent is not None]
        self.assertEqual(texts, ["first", "second"])
        self.assertEqual(self.relay.sides[0].commands[3:], ["DATA"])
        self.assertEqual(len(self.relay.sides), 2)
        self.stop(pool)

    def test_unanswered(self) -> None:
        """One that may have been taken is never sent again."""
        pool = self.pool()
        self.relay.answers["."] = cut
        outcome = self.send(pool)
        self.assertIsInstance(outcome.error, Unanswered)
        self.assertFalse(pool.is_up)
        self.network.advance(60.0)
        self.assertEqual(len(self.relay.mails), 1)
        del self.relay.answers["."]
        self.assertIsNotNone(self.send(pool).sent)
        self.assertTrue(pool.is_up)
        self.stop(pool)


class Secured(PoolCase):
    """TLS files."""

    def test_no_file(self) -> None:
        """A relay whose files cannot be read is not made."""
        tls = ClientTls(mode=TlsMode.REQUIRE, authority="/nowhere/authority.pem")
        with self.assertRaises(OSError):
            self.pool(tls=tls)
        self.pool(tls=ClientTls(mode=TlsMode.NONE, authority="/nowhere/a.pem"))
