"""A relay of several hosts (RFC 5321 5.1)."""

from __future__ import annotations

from typing import Any

from twisted.names import dns
from twisted.names.error import DNSServerError

from cpmgw.smtp.errors import NotSent, Refused, Unanswered
from cpmgw.smtp.pool import MailRelay
from cpmgw.smtp.settings import RelaySettings
from tests.smtp.connecting import PLACE, PLAIN
from tests.smtp.pools import PoolCase
from tests.smtp.relays import Relay, close
from tests.smtp.test_route import Records, Zone, a, mx


class Hosts(PoolCase):
    """A domain with two exchanges; the second is the relay of the other tests."""

    def setUp(self) -> None:
        super().setUp()
        self.best = Relay("PIPELINING")
        self.best_port = self.network.listenTCP(25, self.best, interface="192.0.2.9")
        self.zone = Zone(
            {
                ("mms.test", dns.MX): [mx(10, "best.test"), mx(20, "other.test")],
                ("best.test", dns.A): [a("192.0.2.9")],
                ("other.test", dns.A): [a(PLACE[0])],
            }
        )

    def pool(self, **changes: Any) -> MailRelay:
        """A relay that is looked up."""
        values: dict[str, Any] = {"domain": "mms.test", "tls": PLAIN}
        settings = RelaySettings(**{**values, **changes})
        pool = MailRelay(
            self.network, "mmsc", settings, self.zone, shuffle=list.reverse
        )
        pool.startService()
        return pool

    def test_best(self) -> None:
        """Mail goes to the host that is preferred."""
        pool = self.pool()
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual((len(self.best.mails), len(self.relay.mails)), (1, 0))
        self.stop(pool)

    def test_next(self) -> None:
        """It goes to the next one while that fails, in whatever way."""
        for verb in ("", "GREETING", "EHLO", "MAIL"):
            with self.subTest(verb=verb):
                self.setUp()
                if verb:
                    self.best.answers[verb] = close
                else:
                    self.best_port.stopListening()
                pool = self.pool()
                self.assertIsNotNone(self.send(pool).sent)
                self.assertEqual((len(self.best.mails), len(self.relay.mails)), (0, 1))
                self.assertTrue(pool.is_up)
                self.stop(pool)

    def test_best_again(self) -> None:
        """After a while the preferred one is tried again, by a new connection."""
        self.best_port.stopListening()
        pool = self.pool(idle_timeout=2.0, backoff_initial=1.0)
        self.send(pool)
        self.best_port.startListening()
        self.network.advance(2.0)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual((len(self.best.mails), len(self.relay.mails)), (1, 1))
        self.stop(pool)

    def test_silent(self) -> None:
        """One that is silent leaves time for the next one (queue_time is for all)."""
        for silent in ("connecting", "GREETING", "EHLO"):
            with self.subTest(silent=silent):
                self.setUp()
                if silent == "connecting":
                    self.network.partition("192.0.2.9", 25)
                else:
                    self.best.answers[silent] = None
                pool = self.pool(queue_time=10.0)
                outcome = self.send(pool)
                self.network.advance(4.9)
                self.assertTrue(outcome.is_open)
                self.network.advance(0.1)
                self.assertIsNotNone(outcome.sent)
                self.assertEqual((self.best.open, len(self.relay.mails)), (0, 1))
                self.stop(pool)

    def test_silent_once(self) -> None:
        """While another host is well, its pause is as long as it is."""
        self.best.answers["GREETING"] = None
        pool = self.pool(
            queue_time=10.0,
            mails_per_connection=1,
            backoff_initial=60.0,
            backoff_maximum=60.0,
        )
        self.send(pool)
        self.network.advance(15.0)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.best.sides), 1)
        self.stop(pool)

    def test_last_has_all_the_time(self) -> None:
        """The last one has the time of its own limits."""
        self.best_port.stopListening()
        self.relay.answers["EHLO"] = None
        pool = self.pool(queue_time=10.0, command_timeout=30.0)
        self.send(pool)
        self.network.advance(29.9)
        self.assertEqual(self.relay.open, 1)
        self.network.advance(0.1)
        self.assertEqual(self.relay.open, 0)
        self.stop(pool)

    def test_refusal_is_final(self) -> None:
        """What one host refuses is not tried at the next."""
        self.best.answers["RCPT"] = "550 5.1.1 no"
        pool = self.pool()
        self.assertIsInstance(self.send(pool).error, Refused)
        self.assertEqual(self.relay.commands, [])
        self.stop(pool)

    def test_each_backs_off(self) -> None:
        """A host that failed is passed over by those that come after."""
        self.best.answers["GREETING"] = "421 4.3.2 later"
        pool = self.pool(mails_per_connection=1, backoff_initial=5.0)
        for _ in range(3):
            self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.best.sides), 1)
        self.network.advance(5.0)
        self.send(pool)
        self.assertEqual(len(self.best.sides), 2)
        self.stop(pool)

    def test_no_mail(self) -> None:
        """A domain that takes no mail refuses all that waits for it (RFC 7505)."""
        self.zone.records = {("mms.test", dns.MX): [mx(0, "")]}
        pool = self.pool(backoff_initial=1.0)
        outcomes = [self.send(pool), self.send(pool)]
        self.network.advance(0.9)
        self.assertTrue(all(outcome.is_open for outcome in outcomes))
        self.network.advance(0.1)  # it has been said twice
        for outcome in outcomes:
            error = outcome.error
            assert isinstance(error, Refused)
            self.assertEqual((error.stage, error.reply.code), ("RCPT", 556))
        self.assertFalse(pool.is_up)
        self.stop(pool)

    def test_denied_once(self) -> None:
        """A DNS that denies the domain once, or is silent, costs no mail."""
        records = self.zone.records
        faults: list[Records] = [{}, {("mms.test", dns.MX): DNSServerError()}]
        for fault in faults:
            with self.subTest(fault=bool(fault)):
                self.zone.records = records
                pool = self.pool(mails_per_connection=1)
                self.assertIsNotNone(self.send(pool).sent)
                self.network.advance(61.0)  # the TTL of what it has said
                self.zone.records = fault
                self.assertIsNotNone(self.send(pool).sent)
                self.stop(pool)

    def test_unanswering(self) -> None:
        """A host that drops each mail after its dot is passed over by the next."""
        self.best.answers["."] = close
        pool = self.pool()
        self.assertIsInstance(self.send(pool).error, Unanswered)
        self.assertIsNotNone(self.send(pool).sent)
        self.assertEqual(len(self.relay.mails), 1)
        self.stop(pool)

    def test_silent_exchange(self) -> None:
        """An exchange that the DNS is silent of keeps no mail from the others."""
        for name in ("best.test", "other.test"):
            with self.subTest(name=name):
                self.setUp()
                self.zone.silent = {name}
                pool = self.pool(queue_time=5.0)
                outcome = self.send(pool)
                self.network.advance(1.0)
                self.assertIsNotNone(outcome.sent)
                self.stop(pool)

    def test_no_answer(self) -> None:
        """A DNS that does not answer is asked again, further and further apart."""
        records, self.zone.records = (
            self.zone.records,
            {("mms.test", dns.MX): DNSServerError()},
        )
        pool = self.pool(backoff_initial=1.0, queue_time=10.0)
        first = self.send(pool)
        self.network.advance(9.9)
        self.assertEqual(len(self.zone.asked), 4)  # at 0, 1, 3, 7
        self.assertFalse(pool.is_up)
        self.network.advance(0.1)
        self.assertIsInstance(first.error, NotSent)
        self.assertIn("DNS", str(first.error))
        second = self.send(pool)
        self.zone.records = records
        self.network.advance(5.0)
        self.assertIsNotNone(second.sent)
        self.stop(pool)

    def test_no_answer_again(self) -> None:
        """Once it has answered, its silence begins anew; a day later it is one."""
        records = self.zone.records
        silence: Records = {("mms.test", dns.MX): DNSServerError()}
        pool = self.pool(backoff_initial=1.0, idle_timeout=1.0)
        for _ in range(2):
            self.zone.records = silence
            outcome = self.send(pool)
            self.zone.records = records
            self.network.advance(0.9)
            self.assertTrue(outcome.is_open)
            self.network.advance(0.1)
            self.assertIsNotNone(outcome.sent)
            self.network.advance(60.0 + 86_400.0)  # the TTL of what it has said
        self.stop(pool)

    def test_unforeseen(self) -> None:
        """What nobody foresaw is logged, and what waits has its time."""
        self.zone.records = {("mms.test", dns.MX): RuntimeError("unforeseen")}
        pool = self.pool(backoff_initial=2.0, queue_time=5.0)
        outcome = self.send(pool)
        self.network.advance(5.0)
        self.assertIsInstance(outcome.error, NotSent)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)  # at 0, 2, 4
        self.stop(pool)

    def test_unknown_host(self) -> None:
        """A host that is not known fails as one that is down does."""
        settings = RelaySettings(host="nowhere.test", tls=PLAIN, queue_time=5.0)
        pool = MailRelay(self.network, "mmsc", settings)
        pool.startService()
        outcome = self.send(pool)
        self.assertFalse(pool.is_up)
        self.network.advance(5.0)
        self.assertIsInstance(outcome.error, NotSent)
        self.stop(pool)

    def test_named_host(self) -> None:
        """A host that has a name is found by it."""
        self.network.names["relay.test"] = (PLACE[0],)
        settings = RelaySettings(host="relay.test", tls=PLAIN)
        pool = MailRelay(self.network, "mmsc", settings)
        pool.startService()
        outcome = self.send(pool)
        self.network.advance(1.0)
        self.assertIsNotNone(outcome.sent)
        self.stop(pool)
