"""Mails on one connection (RFC 5321 3.3, RFC 2920)."""

from __future__ import annotations

from cpmgw.smtp.client import (
    UNAWAITED_TIMEOUT,
    Interrupted,
    RelayConnection,
    Unreadable,
)
from cpmgw.smtp.errors import CannotCarry, Refused, TooLarge, Unanswered
from cpmgw.smtp.extensions import NO_EXTENSIONS
from cpmgw.smtp.interfaces import Reply
from cpmgw.smtp.reply import LONGEST_TEXT
from tests.smtp import relays
from tests.smtp.connecting import ConnectionCase, Outcome
from tests.smtp.relays import ALL_OFFERS, Content, close, cut, envelope
from tests.support.streams import HIGH_WATER, StreamTransport


class Mails(ConnectionCase):
    """What goes well, and what a relay refuses."""

    offers = ALL_OFFERS

    def test_at_once(self) -> None:
        """MAIL, RCPTs and DATA are one write; its content is octet for octet."""
        connection = self.ready_connection()
        outcome = self.deliver(connection, b".a\r\n..b\r\n")
        assert outcome.sent is not None
        self.assertEqual(outcome.sent.reply, Reply(250, "queued", "2.0.0"))
        (side,) = self.relay.sides
        self.assertEqual(
            side.writes[1],
            b"MAIL FROM:<system-user@gw.test> SIZE=9\r\n"
            b"RCPT TO:<+1555/TYPE=PLMN@x.test>\r\nDATA\r\n",
        )
        self.assertEqual(self.relay.mails, [b"..a\r\n...b\r\n"])

    def test_next_mail(self) -> None:
        """The next mail needs no RSET (RFC 5321 4.1.1.4)."""
        connection = self.ready_connection()
        for _ in range(3):
            self.assertIsNotNone(self.deliver(connection).sent)
        self.assertNotIn("RSET", self.relay.verbs)
        self.assertEqual(len(self.relay.mails), 3)
        self.assertEqual(connection.mails, 3)

    def test_reset(self) -> None:
        """It needs one after a mail that was left half-way."""
        connection = self.ready_connection()
        self.relay.answers["RCPT"] = ["550 5.1.1 no", "250 ok"]
        outcome = self.deliver(connection)
        assert isinstance(outcome.error, Refused)
        self.assertEqual(outcome.error.stage, "RCPT")
        self.assertEqual(outcome.error.reply, Reply(550, "no", "5.1.1"))
        self.assertIsNotNone(self.deliver(connection).sent)
        self.assertEqual(
            self.relay.verbs[1:],
            ["MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"],
        )

    def test_some_refused(self) -> None:
        """Those recipients that were refused are told with those that were not."""
        connection = self.ready_connection()
        self.relay.answers["RCPT"] = ["250 ok", "550 5.1.1 no"]
        outcome = self.deliver(connection, mail=envelope("a@x.test", "b@x.test"))
        assert outcome.sent is not None
        ((recipient, reply),) = outcome.sent.refused
        self.assertEqual((recipient.address, reply.code), ("b@x.test", 550))

    def test_refused(self) -> None:
        """A refusal at any stage is told; the connection is there for the next mail."""
        for verb, stage in (("MAIL", "MAIL"), ("DATA", "DATA"), (".", ".")):
            for code in (451, 552):
                with self.subTest(verb=verb, code=code):
                    self.setUp()
                    connection = self.ready_connection()
                    self.relay.answers[verb] = [f"{code} 5.0.0 no"]
                    error = self.deliver(connection).error
                    assert isinstance(error, Refused)
                    self.assertEqual((error.stage, error.reply.code), (stage, code))
                    self.assertTrue(connection.is_ready)
                    self.assertIsNotNone(self.deliver(connection).sent)

    def test_cannot_carry(self) -> None:
        """What the relay cannot have is not begun, and costs no connection."""
        connection = self.ready_connection()
        large = self.deliver(connection, mail=envelope(size=10_485_761))
        self.assertIsInstance(large.error, TooLarge)
        connection.offered = NO_EXTENSIONS
        other = self.deliver(connection, mail=envelope("jös@x.test"))
        self.assertIsInstance(other.error, CannotCarry)
        self.assertEqual(self.relay.verbs, ["EHLO"])
        self.assertTrue(connection.is_ready)

    def test_size_is_known(self) -> None:
        """Without a size in the envelope it is that of the content (RFC 1870 3)."""
        connection = self.ready_connection()
        body = Content(b"x\r\n", size=10_485_761)
        self.assertIsInstance(self.deliver(connection, body).error, TooLarge)

    def test_no_delay(self) -> None:
        """Small writes are not held back."""
        connection = self.ready_connection()
        transport = connection.transport
        assert isinstance(transport, StreamTransport)
        self.assertTrue(transport.getTcpNoDelay())

    def test_any_slices(self) -> None:
        """Replies may come octet by octet."""
        self.network.segment_size = 1
        self.assertIsNotNone(self.deliver(self.ready_connection()).sent)

    def test_quit_after_mails(self) -> None:
        """A connection is used for so many mails, then left with QUIT."""
        connection = self.ready_connection(mails_per_connection=2)
        self.deliver(connection)
        self.assertTrue(connection.is_ready)
        self.assertIsNotNone(self.deliver(connection).sent)
        self.assertEqual(self.relay.verbs[-1], "QUIT")
        self.assertEqual(self.gone, [connection])
        self.assert_nothing_left()

    def test_idle(self) -> None:
        """One without a mail is left after its time, counted from the last mail."""
        connection = self.ready_connection(idle_timeout=10.0)
        self.network.advance(9.0)
        self.deliver(connection)
        self.network.advance(9.5)
        self.assertTrue(connection.is_ready)
        self.network.advance(1.0)
        self.assertEqual(self.relay.verbs[-1], "QUIT")
        self.assertEqual(self.gone, [connection])
        self.assert_nothing_left()

    def test_no_limits(self) -> None:
        """A limit of 0 seconds is none."""
        connection = self.ready_connection(
            idle_timeout=0.0, command_timeout=0.0, data_timeout=0.0, end_timeout=0.0
        )
        self.relay.answers["."] = None
        outcome = self.deliver(connection)
        self.network.advance(1e6)
        self.assertTrue(outcome.is_open)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_silent_quit(self) -> None:
        """A relay that does not answer QUIT is left all the same."""
        connection = self.ready_connection()
        self.patch(relays.RelaySide, "_command", lambda *_: None)
        connection.quit()
        self.network.settle()
        self.assertTrue(self.relay.open)
        self.network.advance(5.0)
        self.assertEqual(self.gone, [connection])
        self.assert_nothing_left()


def _stop(side: relays.RelaySide) -> None:
    """Let a content come, and read nothing of it."""
    side._mail = bytearray(b"\r\n")
    side.say("354 go")
    side.transport.pauseProducing()


class OneByOne(ConnectionCase):
    """Relays without PIPELINING, or without extensions at all."""

    offers = ()

    def test_one_by_one(self) -> None:
        """Each command waits for the answer to the one before."""
        self.assertIsNotNone(self.deliver(self.ready_connection()).sent)
        (side,) = self.relay.sides
        self.assertEqual(
            side.writes[1:4],
            [
                b"MAIL FROM:<system-user@gw.test>\r\n",
                b"RCPT TO:<+1555/TYPE=PLMN@x.test>\r\n",
                b"DATA\r\n",
            ],
        )

    def test_limit_of_each(self) -> None:
        """Each command has its time, however long all of them take."""
        connection = self.ready_connection(command_timeout=10.0)
        self.relay.answers["MAIL"] = None
        outcome = self.deliver(connection)
        self.network.advance(9.0)
        self.relay.answers["RCPT"] = None
        self.relay.sides[0].say("250 ok")
        self.network.advance(9.0)
        self.assertTrue(outcome.is_open)
        self.network.advance(1.0)
        self.assertIsInstance(outcome.error, Interrupted)
        self.assert_nothing_left()


class Lost(ConnectionCase):
    """Connections that end while a mail is under way."""

    def failing(self, verb: str, answer: relays.Answer) -> Outcome:
        """A mail to a relay that does this at that command."""
        self.setUp()
        connection = self.ready_connection()
        self.relay.answers[verb] = answer
        outcome = self.deliver(connection)
        self.assertFalse(connection.is_ready)
        self.assertEqual(self.gone, [connection])
        self.assert_nothing_left()
        return outcome

    def test_before(self) -> None:
        """Lost before its last dot, a mail has surely not been taken."""
        for verb in ("MAIL", "RCPT", "DATA"):
            for how in (close, cut):
                with self.subTest(verb=verb, how=how.__name__):
                    outcome = self.failing(verb, how)
                    self.assertIsInstance(outcome.error, Interrupted)

    def test_after(self) -> None:
        """Lost after it, it may have been."""
        for how in (close, cut):
            with self.subTest(how=how.__name__):
                outcome = self.failing(".", how)
                self.assertIsInstance(outcome.error, Unanswered)

    def test_nonsense(self) -> None:
        """What is no answer ends the connection; it answers nothing."""
        for answer in ("hello", "25", "354 what", "250-x\n251 y"):
            with self.subTest(answer=answer):
                self.assertIsInstance(self.failing("MAIL", answer).error, Interrupted)
                self.assertIsInstance(self.failing(".", answer).error, Unanswered)
        self.assertIsInstance(self.failing("DATA", "250 ok").error, Interrupted)

    def test_closing(self) -> None:
        """421 ends a connection (RFC 5321 3.8); the mail may go on another one."""
        for verb in ("MAIL", "RCPT", "DATA"):
            with self.subTest(verb=verb):
                outcome = self.failing(verb, "421 4.3.2 shutting down")
                self.assertIsInstance(outcome.error, Interrupted)

    def test_closing_after(self) -> None:
        """As the answer to the mail itself it refuses it."""
        error = self.failing(".", "421 4.3.2 shutting down").error
        assert isinstance(error, Refused)
        self.assertTrue(error.reply.is_temporary)

    def test_refused_and_lost(self) -> None:
        """A refusal that is followed by the end is one (RFC 5321 3.8, RFC 2920)."""
        for verb in ("MAIL", "RCPT"):
            for more in ("", "\n421 4.7.0 too many errors", "\nnonsense"):
                with self.subTest(verb=verb, more=more):

                    def drop(side: relays.RelaySide, more: str = more) -> None:
                        side.say("550 5.7.1 blocked" + more)
                        side.transport.loseConnection()

                    error = self.failing(verb, drop).error
                    assert isinstance(error, Refused)
                    self.assertEqual((error.stage, error.reply.code), (verb, 550))

    def test_some_refused_and_lost(self) -> None:
        """One recipient that is refused refuses nothing for the others."""
        connection = self.ready_connection()
        self.relay.answers["RCPT"] = ["550 5.1.1 no", close]
        outcome = self.deliver(connection, mail=envelope("a@x.test", "b@x.test"))
        self.assertIsInstance(outcome.error, Interrupted)

    def test_answered_before_asked(self) -> None:
        """What comes with 354 is no answer to a content that has not been sent."""
        outcome = self.failing("DATA", "354 go\n250 taken")
        self.assertIsInstance(outcome.error, Interrupted)
        self.offers = ()
        self.addCleanup(delattr, self, "offers")
        outcome = self.failing("MAIL", "250 ok\n250 ok\n354 go\n250 taken")
        self.assertIsInstance(outcome.error, Interrupted)

    def test_closing_amid_content(self) -> None:
        """421 amid the content is no answer to it (RFC 5321 3.8)."""
        for code, error in ((421, Interrupted), (552, Refused)):
            with self.subTest(code=code):
                self.setUp()
                connection = self.ready_connection()
                self.relay.answers["DATA"] = [_stop]
                body = Content(*[b"x" * 65_534 + b"\r\n"] * 160)
                outcome = self.deliver(connection, body)
                self.relay.sides[0].say(f"{code} 4.3.2 no more")
                self.network.settle()
                self.assertIsInstance(outcome.error, error)
                self.assertEqual(body.readers, 0)

    def test_texts(self) -> None:
        """What a relay says is one line, and 200 characters of it."""
        lines = "\n".join(["550-5.1.1 " + "x" * 80] * 99 + ["550 5.1.1 x"])
        connection = self.ready_connection()
        self.relay.answers["RCPT"] = [lines]
        error = self.deliver(connection).error
        assert isinstance(error, Refused)
        self.assertEqual(len(error.reply.text), LONGEST_TEXT)
        self.assertTrue(error.reply.text.startswith("x" * 80 + " x"))

    def test_more_than_asked(self) -> None:
        """Nobody knows what further answers would be for: the connection ends."""
        outcome = self.failing(".", "250 ok\n250 ok")
        self.assertIsNotNone(outcome.sent)

    def test_unasked(self) -> None:
        """So it does at an answer to nothing, and at a 421 that nobody waits for."""
        for answer in ("250 ok", "421 4.3.2 idle for too long"):
            with self.subTest(answer=answer):
                self.setUp()
                connection = self.ready_connection()
                self.relay.sides[0].say(answer)
                self.network.settle()
                self.assertEqual(self.gone, [connection])
                self.assert_nothing_left()

    def test_silent(self) -> None:
        """A relay that does not answer is given up after the time of a command."""
        for verb in ("MAIL", "RCPT", "DATA"):
            with self.subTest(verb=verb):
                self.setUp()
                self.relay.offers = ()
                connection = self.ready_connection(command_timeout=10.0)
                self.relay.answers[verb] = None
                outcome = self.deliver(connection)
                self.network.advance(9.9)
                self.assertTrue(outcome.is_open)
                self.network.advance(0.1)
                self.assertIsInstance(outcome.error, Interrupted)
                self.assert_nothing_left()

    def test_silent_after(self) -> None:
        """The answer to the mail itself has a time of its own."""
        connection = self.ready_connection(
            end_timeout=20.0, data_timeout=10.0, command_timeout=10.0
        )
        self.relay.answers["."] = None
        outcome = self.deliver(connection)
        self.network.advance(19.9)
        self.assertTrue(outcome.is_open)
        self.network.advance(0.1)
        self.assertIsInstance(outcome.error, Unanswered)
        self.assert_nothing_left()

    def test_unreadable(self) -> None:
        """Content that cannot be read ends the connection before the mail is whole."""
        connection = self.ready_connection()
        body = relays.Unreadable(b"x\r\n" * 100)
        self.assertIsInstance(self.deliver(connection, body).error, Unreadable)
        self.assertEqual(self.relay.mails, [])
        self.assertEqual(body.readers, 0)
        self.assert_nothing_left()

    def test_taken_back(self) -> None:
        """A mail can be taken back until its last dot."""
        connection = self.ready_connection()
        self.assertFalse(connection.take_back())
        self.relay.answers["DATA"] = None
        outcome = self.deliver(connection)
        self.assertTrue(connection.take_back())
        self.assertIsInstance(outcome.error, Interrupted)
        self.assert_nothing_left()
        self.setUp()
        connection = self.ready_connection()
        self.relay.answers["."] = None
        outcome = self.deliver(connection)
        self.assertFalse(connection.take_back())
        self.network.advance(UNAWAITED_TIMEOUT - 0.1)
        self.assertTrue(outcome.is_open)
        self.network.advance(0.1)
        self.assertIsInstance(outcome.error, Unanswered)
        self.assert_nothing_left()


class Large(ConnectionCase):
    """Content that a relay takes slowly."""

    def stalled(self) -> tuple[RelayConnection, Content, Outcome]:
        """Ten megabytes to a relay that stops to read."""
        connection = self.ready_connection(data_timeout=20.0)
        body = Content(*[b"x" * 65_534 + b"\r\n"] * 160)
        relay_side = self.relay.sides[0]
        self.relay.answers["DATA"] = [_stop]
        outcome = self.deliver(connection, body)
        self.assertIs(relay_side, self.relay.sides[0])
        return connection, body, outcome

    def test_memory(self) -> None:
        """No more is read than the relay takes: what is in memory is bounded."""
        _, body, outcome = self.stalled()
        self.assertLess(body.read_octets, HIGH_WATER * 4)
        for _ in range(100):
            self.relay.sides[0].transport.resumeProducing()
            self.network.settle()
        assert outcome.sent is not None
        self.assertEqual(self.relay.mails, [body.read()])
        self.assertEqual(body.readers, 0)

    def test_progress(self) -> None:
        """A relay that takes some now and then has the time it needs."""
        _, body, outcome = self.stalled()
        self.relay.sips = True
        while not self.relay.mails:
            self.assertTrue(outcome.is_open)
            self.network.advance(15.0)
            self.relay.sides[0].transport.resumeProducing()
            self.network.settle()
        self.assertIsNotNone(outcome.sent)
        self.assertGreater(self.network.seconds(), 300.0)
        self.assertEqual(body.readers, 0)

    def test_no_progress(self) -> None:
        """One that takes nothing more is given up; the file is closed."""
        _, body, outcome = self.stalled()
        self.network.advance(19.9)
        self.assertTrue(outcome.is_open)
        self.network.advance(0.2)
        self.assertIsInstance(outcome.error, Interrupted)
        self.assertEqual(body.readers, 0)
        self.assert_nothing_left()

    def test_refused_early(self) -> None:
        """A relay may refuse before the end; then the rest is not sent."""
        for answer, error in (
            ("552 5.3.4 too large", Refused),
            ("250 ok", Interrupted),
        ):
            with self.subTest(answer=answer):
                self.setUp()
                _, body, outcome = self.stalled()
                self.relay.sides[0].say(answer)
                self.network.settle()
                self.assertIsInstance(outcome.error, error)
                self.assertEqual(body.readers, 0)
                self.assertEqual(self.relay.mails, [])
                self.assert_nothing_left()

    def test_closed_before_told(self) -> None:
        """Who hears of an end may close the body: nothing of it is open."""
        connection, body, _ = self.stalled()
        assert connection._sent is not None
        open_readers: list[int] = []
        connection._sent.addBoth(lambda _: open_readers.append(body.readers))
        connection.abort()
        self.assertEqual(open_readers, [0])

    def test_cut(self) -> None:
        """Lost in the middle it has not been taken; the file is closed."""
        _, body, outcome = self.stalled()
        self.relay.sides[0].transport.abortConnection()
        self.network.settle()
        self.assertIsInstance(outcome.error, Interrupted)
        self.assertEqual(body.readers, 0)
        self.assert_nothing_left()
