"""Mails that wait for a relay, and its end."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from cpmgw.smtp.errors import (
    NotAdmitted,
    NotSent,
    Unanswered,
)
from cpmgw.smtp.pool import DRAIN
from tests.smtp.connecting import PLACE
from tests.smtp.pools import PoolCase
from tests.smtp.relays import Content, close


class Waiting(PoolCase):
    """Mails that cannot go out."""

    def test_down(self) -> None:
        """Each waits for its own time, then fails with why."""
        self.port.stopListening()
        pool = self.pool()
        first = self.send(pool)
        self.assertFalse(pool.is_up)
        self.network.advance(6.0)
        second = self.send(pool)
        self.network.advance(4.0)
        self.assertIsInstance(first.error, NotSent)
        self.assertIn(f"{PLACE[0]}:{PLACE[1]}", str(first.error))
        self.assertTrue(second.is_open)
        self.network.advance(6.0)
        self.assertIsInstance(second.error, NotSent)
        self.stop(pool)

    def test_up_again(self) -> None:
        """What waits goes out once the relay is there."""
        self.port.stopListening()
        pool = self.pool(backoff_initial=2.0)
        outcomes = [self.send(pool) for _ in range(3)]
        self.network.advance(1.0)
        self.port.startListening()
        self.network.advance(0.9)
        self.assertTrue(all(outcome.is_open for outcome in outcomes))
        self.network.advance(0.1)
        self.assertTrue(all(outcome.sent for outcome in outcomes))
        self.assertTrue(pool.is_up)
        self.stop(pool)

    def test_backoff(self) -> None:
        """Attempts are further and further apart, whatever is sent."""
        self.relay.answers["GREETING"] = "421 4.3.2 later"
        pool = self.pool(backoff_initial=1.0, backoff_maximum=4.0, queue_time=100.0)
        made: list[int] = []
        for second in range(16):
            self.send(pool)
            made += [second] * (len(self.relay.sides) - len(made))
            self.network.advance(1.0)
        self.assertEqual(sorted(set(made)), [0, 1, 3, 7, 11, 15])
        self.stop(pool)

    def test_refusal_is_told(self) -> None:
        """A relay that refuses us is told as such, at the end of the mail's time."""
        self.relay.answers["GREETING"] = "554 5.7.1 no mail from you"
        pool = self.pool()
        outcome = self.send(pool)
        self.network.advance(10.0)
        error = outcome.error
        assert isinstance(error, NotAdmitted)  # it is no refusal of the mail
        self.assertEqual((error.stage, error.reply.code), ("EHLO", 554))
        self.stop(pool)

    def test_silent(self) -> None:
        """A host that does not even refuse is given up after connect_timeout."""
        self.network.partition(*PLACE)
        pool = self.pool(connect_timeout=3.0, queue_time=30.0)
        outcome = self.send(pool)
        self.network.advance(2.9)
        self.assertTrue(pool.is_up)
        self.network.advance(0.1)
        self.assertFalse(pool.is_up)
        self.network.heal(*PLACE)
        self.network.advance(1.0)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_most_mails(self) -> None:
        """So many may wait; one more fails at once."""
        self.network.partition(*PLACE)
        pool = self.pool(queue=3)
        outcomes = [self.send(pool) for _ in range(4)]
        self.assertEqual([o.is_open for o in outcomes], [True, True, True, False])
        self.assertIsInstance(outcomes[3].error, NotSent)
        self.assertEqual(pool.waiting, 3)
        self.cancel(0)
        self.assertTrue(self.send(pool).is_open)
        self.stop(pool)

    def test_most_octets(self) -> None:
        """So many octets may wait; one more does not."""
        self.network.partition(*PLACE)
        pool = self.pool(queue_octets=100)
        self.assertTrue(self.send(pool, b"x" * 60).is_open)
        self.assertIsInstance(self.send(pool, b"x" * 41).error, NotSent)
        self.assertTrue(self.send(pool, b"x" * 40).is_open)
        self.assertIsInstance(self.send(pool, b"x").error, NotSent)
        self.cancel(0)
        self.assertTrue(self.send(pool, b"x" * 60).is_open)
        self.stop(pool)

    def test_not_counted(self) -> None:
        """What goes out at once does not wait."""
        pool = self.pool(queue=1, queue_octets=10)
        self.send(pool)
        self.assertIsNotNone(self.send(pool, b"x" * 500).sent)
        self.stop(pool)

    def test_no_time(self) -> None:
        """A queue_time of 0 is none."""
        self.port.stopListening()
        pool = self.pool(queue_time=0.0, backoff_maximum=8.0)
        outcome = self.send(pool)
        self.network.advance(1_000.0)
        self.assertTrue(outcome.is_open)
        self.port.startListening()
        self.network.advance(8.0)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)

    def test_no_connection_free(self) -> None:
        """A mail may wait too long for others as well."""
        pool = self.pool(connections=1)
        self.relay.answers["."] = None
        first, second = self.send(pool), self.send(pool)
        self.network.advance(10.0)
        self.assertTrue(first.is_open)
        self.assertIsInstance(second.error, NotSent)
        self.stop(pool)


class Cancelling(PoolCase):
    """Mails that nobody waits for any more."""

    def test_waiting(self) -> None:
        """One that waits is taken back."""
        self.network.partition(*PLACE)
        pool = self.pool()
        outcome = self.send(pool)
        self.cancel()
        self.assertIsInstance(outcome.error, CancelledError)
        self.assertEqual(pool.waiting, 0)
        self.stop(pool)

    def test_under_way(self) -> None:
        """One that is under way is taken back with its connection."""
        pool = self.pool()
        body = Content(b"x\r\n")
        self.relay.answers["DATA"] = [None]
        outcome = self.send(pool, body)
        self.cancel()
        self.assertIsInstance(outcome.error, CancelledError)
        self.assertEqual((pool.waiting, self.relay.open, body.readers), (0, 0, 0))
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.mails), 1)
        self.stop(pool)

    def test_left(self) -> None:
        """One that has left whole may have been taken; the connection stays."""
        pool = self.pool()
        self.relay.answers["."] = [None]
        outcome = self.send(pool)
        self.cancel()
        self.assertIsInstance(outcome.error, Unanswered)
        self.relay.sides[0].say("250 ok")
        self.network.settle()
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.sides), 1)
        self.stop(pool)


class Stopping(PoolCase):
    """The end of a relay."""

    def test_not_running(self) -> None:
        """Before it is started and after it is stopped nothing is sent."""
        pool = self.pool()
        self.stop(pool)
        self.assertIsInstance(self.send(pool).error, NotSent)
        pool.startService()
        self.assertIsNotNone(self.send(pool).sent)
        self.stop(pool)

    def test_waiting(self) -> None:
        """What waits fails at once, also what waits to be tried again."""
        pool = self.pool()
        self.relay.answers["MAIL"] = close
        again = self.send(pool)
        waits = self.send(pool)
        stopped = pool.stopService()
        self.assertIsInstance(again.error, NotSent)
        self.assertIsInstance(waits.error, NotSent)
        self.network.result_of(stopped)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_connecting(self) -> None:
        """Connections that are being made are given up, at whatever step."""
        for verb in ("", "GREETING", "EHLO"):
            with self.subTest(verb=verb):
                self.setUp()
                if verb:
                    self.relay.answers[verb] = None
                else:
                    self.network.partition(*PLACE)
                pool = self.pool()
                outcome = self.send(pool)
                self.stop(pool)
                self.assertIsInstance(outcome.error, NotSent)
                self.network.advance(60.0)
                self.assertLessEqual(len(self.relay.sides), 1)

    def test_drained(self) -> None:
        """What is under way comes to its end, then the connection is left."""
        pool = self.pool()
        self.relay.answers["."] = None
        outcome = self.send(pool)
        stopped = pool.stopService()
        self.network.advance(DRAIN - 0.1)
        self.assertTrue(outcome.is_open)
        self.relay.sides[0].say("250 ok")
        self.network.result_of(stopped)
        self.assertIsNotNone(outcome.sent)
        self.assertEqual(self.relay.verbs[-1], "QUIT")
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_interrupted(self) -> None:
        """What is interrupted now is not tried again."""
        pool = self.pool()
        self.relay.answers["DATA"] = None
        outcome = self.send(pool)
        stopped = pool.stopService()
        self.relay.sides[0].transport.abortConnection()
        self.network.result_of(stopped)
        self.assertIsInstance(outcome.error, NotSent)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_too_slow(self) -> None:
        """What takes longer is ended; it may have been taken or has not."""
        for verb, error in ((".", Unanswered), ("DATA", NotSent)):
            with self.subTest(verb=verb):
                self.setUp()
                pool = self.pool()
                self.relay.answers[verb] = None
                outcome = self.send(pool)
                stopped = pool.stopService()
                self.network.advance(DRAIN - 0.1)
                self.assertTrue(outcome.is_open)
                self.network.result_of(stopped, 0.1)
                self.assertIsInstance(outcome.error, error)
                self.assertEqual(self.network.getDelayedCalls(), [])
