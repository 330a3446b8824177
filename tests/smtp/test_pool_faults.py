"""Relays, and mails, that connections end with; and how a relay is found well again."""

from __future__ import annotations

from cpmgw.smtp.errors import NotAdmitted, NotSent, Refused
from tests.smtp.connecting import Outcome
from tests.smtp.pools import PoolCase
from tests.smtp.relays import Content, RelaySide, close, cut, envelope

_BAD = "bad@x.test"


class BadMails(PoolCase):
    """Mails on which a relay drops the connection, and the others."""

    def setUp(self) -> None:
        super().setUp()
        usual = RelaySide._command

        def command(side: RelaySide, line: str) -> None:
            if _BAD in line:
                side.transport.loseConnection()
            elif side.open:
                usual(side, line)

        self.patch(RelaySide, "_command", command)

    def test_one(self) -> None:
        """Others go out before it, and lose a second by it."""
        pool = self.pool(connections=1, backoff_initial=1.0)
        bad = Outcome(pool.send(envelope(_BAD), Content(b"x\r\n")))
        good = [Outcome(pool.send(envelope(), Content(b"x\r\n"))) for _ in range(8)]
        self.network.advance(1.0)
        self.assertTrue(all(each.sent for each in good))
        for _ in range(8):
            self.assertIsNotNone(self.send(pool).sent)
            self.network.advance(1.0)
        self.network.advance(1.0)
        self.assertIsInstance(bad.error, NotSent)
        self.assertTrue(pool.is_up)
        self.stop(pool)

    def test_many(self) -> None:
        """As many as there are connections, again and again, lose no other."""
        pool = self.pool(connections=4, queue_time=5.0)
        good = []
        for second in range(60):
            if second % 5 == 0:
                for _ in range(4):
                    pool.send(envelope(_BAD), Content(b"x\r\n")).addErrback(_nothing)
            good.append(self.send(pool))
            self.network.advance(1.0)
        self.network.advance(5.0)
        self.assertTrue(all(each.sent for each in good))
        self.stop(pool)

    def test_pauses(self) -> None:
        """It has longer and longer pauses, and gives none to the host."""
        pool = self.pool(backoff_initial=1.0, queue_time=20.0)
        made: list[int] = []
        outcome = self.send(pool, mail=envelope(_BAD))
        for second in range(16):
            made += [second] * (len(self.relay.sides) - len(made))
            self.network.advance(1.0)
        self.assertEqual(made, [0, 1, 3, 7, 15])
        self.assertIsNotNone(self.send(pool).sent)
        self.cancel(0)
        self.assertFalse(outcome.is_open)
        self.stop(pool)


class Stalling(PoolCase):
    """Mails that a relay does not go on with."""

    def test_one(self) -> None:
        """While it answers others it is up."""
        self.relay.offers = ()
        self.relay.answers["MAIL"] = [None]
        pool = self.pool(queue_time=5.0, command_timeout=10.0)
        bad = self.send(pool)
        self.network.advance(9.9)
        self.assertIsNotNone(self.send(pool).sent)
        self.network.advance(0.1)
        self.assertIsInstance(bad.error, NotSent)
        self.assertTrue(pool.is_up)
        self.stop(pool)


def _nothing(_: object) -> None:
    """A failure that was to be expected."""


class Returning(PoolCase):
    """Relays that were down."""

    def test_found_up(self) -> None:
        """One that nobody sends to is tried now and then, until it is up."""
        self.port.stopListening()
        pool = self.pool(queue_time=5.0, backoff_initial=1.0, backoff_maximum=8.0)
        self.send(pool)
        self.network.advance(100.0)
        self.assertFalse(pool.is_up)
        self.port.startListening()
        self.network.advance(8.0)
        self.assertTrue(pool.is_up)
        self.assertEqual((len(self.relay.sides), self.relay.verbs), (1, ["EHLO"]))
        self.network.advance(1_000.0)
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)

    def test_refusing_is_up(self) -> None:
        """One that refuses mails answers."""
        pool = self.pool(connections=2)
        for _ in range(2):
            pool.send(envelope(), Content(b"x\r\n"))
        self.network.settle()
        self.assertEqual(self.relay.open, 2)
        self.relay.answers["."] = [cut]
        self.send(pool)
        self.assertFalse(pool.is_up)
        self.relay.answers["RCPT"] = ["550 5.1.1 no"]
        self.assertIsInstance(self.send(pool).error, Refused)
        self.assertTrue(pool.is_up)
        self.stop(pool)

    def test_tried_in_time(self) -> None:
        """However long the pause is, a mail has a host tried in its time."""
        self.port.stopListening()
        pool = self.pool(queue_time=5.0, backoff_initial=60.0, backoff_maximum=60.0)
        self.send(pool)
        self.network.advance(10.0)
        self.port.startListening()
        outcome = self.send(pool)
        self.network.advance(0.1)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_tried_sooner(self) -> None:
        """That is so as well where the last try was for nobody."""
        self.port.stopListening()
        pool = self.pool(queue_time=5.0, backoff_initial=60.0, backoff_maximum=60.0)
        self.send(pool)
        self.cancel()
        self.network.advance(61.0)
        outcome = self.send(pool)
        self.port.startListening()
        self.network.advance(2.0)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_old_refusal(self) -> None:
        """What one connection was refused with is not told to mails much later."""
        pool = self.pool(connections=2)
        self.relay.answers["."] = [None]
        first = self.send(pool)
        self.relay.answers["GREETING"] = "554 too many connections"
        second = self.send(pool)
        self.relay.sides[0].say("250 ok")
        self.network.settle()
        self.assertTrue(first.sent and second.sent)
        self.relay.answers.update({".": None, "GREETING": None})
        waiting = [self.send(pool) for _ in range(2)]
        self.network.advance(10.0)
        self.assertNotIsInstance(waiting[1].error, NotAdmitted)
        self.assertIsInstance(waiting[1].error, NotSent)
        self.stop(pool)


class Connections(PoolCase):
    """Which connections mails get."""

    def test_surplus(self) -> None:
        """One that had no mail yet and is gone costs nothing, like any kept one."""
        pool = self.pool(connections=2)
        late: list[RelaySide] = []
        self.relay.answers["GREETING"] = ["220 a", late.append]
        for _ in range(2):
            pool.send(envelope(), Content(b"x\r\n"))
        self.network.settle()
        late[0].say("220 b")
        self.network.advance(30.0)
        self.relay.answers["MAIL"] = [cut, cut]
        self.assertIsNotNone(self.send(pool).sent)
        self.assertTrue(pool.is_up)
        self.stop(pool)

    def test_leaving(self) -> None:
        """One that has said QUIT gets no mail any more."""
        pool = self.pool(idle_timeout=5.0, connections=1)
        self.relay.answers["QUIT"] = lambda side: None
        self.patch(RelaySide, "_command", _deaf_to_quit(RelaySide._command))
        self.assertIsNotNone(self.send(pool).sent)
        self.network.advance(5.0)
        self.assertEqual(self.relay.open, 1)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 2)
        self.assertEqual(self.relay.sides[0].commands[-1], "QUIT")
        self.stop(pool)

    def test_leaving_do_not_count(self) -> None:
        """Nor does it keep one from being made; those are not without number."""
        pool = self.pool(connections=2, mails_per_connection=1, queue_time=30.0)
        self.patch(RelaySide, "_command", _deaf_to_quit(RelaySide._command))
        outcomes = [Outcome(pool.send(envelope(), Content(b"x"))) for _ in range(9)]
        self.network.settle()
        self.assertEqual(sum(each.sent is not None for each in outcomes), 4)
        self.assertEqual(self.relay.open, 4)
        self.network.advance(5.0)
        self.assertEqual(sum(each.sent is not None for each in outcomes), 8)
        self.network.advance(5.0)
        self.assertTrue(all(each.sent for each in outcomes))
        self.stop(pool)

    def test_set_up(self) -> None:
        """A relay that asks on and on while one logs in has a minute, all in all."""

        def ask(side: RelaySide) -> None:
            self.network.callLater(9.0, side.say, "334 ")

        self.relay.offers = ("AUTH LOGIN",)
        self.patch(RelaySide, "_command", _asking(RelaySide._command, ask))
        pool = self.pool(
            username="u",
            password="p",
            queue_time=0.0,
            connect_timeout=10.0,
            command_timeout=10.0,
        )
        self.send(pool)
        self.network.advance(29.9)
        self.assertEqual(self.relay.open, 1)
        self.network.advance(0.1)
        self.assertEqual(self.relay.open, 0)
        self.assertFalse(pool.is_up)
        self.cancel()
        self.network.result_of(pool.stopService(), 5.0)


def _deaf_to_quit(usual):  # type: ignore[no-untyped-def]
    """A relay that does nothing at QUIT."""

    def command(side: RelaySide, line: str) -> None:
        if line == "QUIT":
            side.commands.append(line)
        else:
            usual(side, line)

    return command


def _asking(usual, ask):  # type: ignore[no-untyped-def]
    """A relay that answers all but EHLO with a question."""

    def command(side: RelaySide, line: str) -> None:
        if line.startswith(("EHLO", "QUIT")):
            usual(side, line)
        else:
            ask(side)

    return command


class Bounds(PoolCase):
    """How much may wait."""

    def test_from_outcomes(self) -> None:
        """What is sent by who hears of a mail is bounded as well."""
        self.relay.offers = ("PIPELINING", "SIZE 10")
        pool = self.pool(queue=2, connections=1)
        self.relay.answers["."] = [None]
        self.send(pool)
        late: list[Outcome] = []

        def more(_: object) -> None:
            for _each in range(50):
                late.append(Outcome(pool.send(envelope(), Content(b"x"))))

        pool.send(envelope(), Content(b"x" * 11)).addErrback(more)
        self.relay.sides[0].say("250 ok")
        self.network.settle()
        self.assertEqual(sum(each.sent is not None for each in late), 2)
        self.assertEqual(sum(each.error is not None for each in late), 48)
        self.stop(pool)

    def test_large_one(self) -> None:
        """A mail larger than all that may wait does so alone."""
        self.port.stopListening()
        pool = self.pool(queue_octets=100, backoff_initial=1.0)
        outcome = self.send(pool, b"x" * 101)
        self.assertTrue(outcome.is_open)
        self.assertIsInstance(self.send(pool, b"x").error, NotSent)
        self.port.startListening()
        self.network.advance(1.0)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_stopped_twice(self) -> None:
        """Whoever stops it hears of the end."""
        pool = self.pool()
        self.relay.answers["."] = None
        self.send(pool)
        ends: list[None] = []
        for _ in range(2):
            pool.stopService().addCallback(ends.append)
        self.network.advance(5.0)
        self.assertEqual(ends, [None, None])


class NotTheMail(PoolCase):
    """Refusals of the connection (RFC 5321 3.1, RFC 4954 6)."""

    def test_each(self) -> None:
        """They say nothing of the mail, which was not sent; nor does nonsense."""
        for verb, answer in (
            ("GREETING", "554 5.7.1 not now"),
            ("GREETING", "250 hi"),
            ("EHLO", "550 5.7.1 not you"),
            ("AUTH", "535 5.7.8 wrong"),
            ("AUTH", "250 fine"),
        ):
            with self.subTest(verb=verb, answer=answer):
                self.setUp()
                self.relay.offers = ("AUTH PLAIN",)
                self.relay.answers[verb] = answer
                pool = self.pool(username="u", password="p", queue_time=5.0)
                outcome = self.send(pool)
                self.network.advance(5.0)
                error = outcome.error
                assert isinstance(error, NotAdmitted)
                self.assertEqual(error.reply.code, int(answer[:3]))
                self.assertIsInstance(error, NotSent)
                self.stop(pool)

    def test_closed(self) -> None:
        """A relay that closes at once says nothing either."""
        self.relay.answers["GREETING"] = close
        pool = self.pool(queue_time=5.0)
        outcome = self.send(pool)
        self.network.advance(5.0)
        self.assertIsInstance(outcome.error, NotSent)
        self.stop(pool)
