"""What comes before the first mail: greeting, EHLO, HELO, AUTH."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from twisted.internet.defer import CancelledError

from cpmgw.smtp.client import MOST_BEFORE_MAIL, RelayConnection
from cpmgw.smtp.errors import NotAdmitted, NotSent
from cpmgw.smtp.extensions import NO_EXTENSIONS
from cpmgw.smtp.reply import LONGEST_LINE, LONGEST_TEXT
from cpmgw.smtp.settings import ClientTls, TlsMode
from tests.smtp.connecting import ConnectionCase
from tests.smtp.relays import close, greeting


def encoded(text: str) -> str:
    """The base64 of a text."""
    return base64.b64encode(text.encode()).decode()


class SetUpCase(ConnectionCase):
    """The first words."""

    def test_ehlo(self) -> None:
        """We say who we are, and see what is offered."""
        connection = self.ready_connection()
        self.assertEqual(self.relay.commands, ["EHLO gw.test"])
        self.assertTrue(connection.offered.pipelining)

    def test_helo(self) -> None:
        """Relays that know no EHLO are told HELO (RFC 5321 3.2)."""
        self.relay.answers["EHLO"] = "502 5.5.1 what"
        connection = self.ready_connection()
        self.assertEqual(self.relay.commands, ["EHLO gw.test", "HELO gw.test"])
        self.assertEqual(connection.offered, NO_EXTENSIONS)
        self.assertIsNotNone(self.deliver(connection).sent)

    def test_helo_refused(self) -> None:
        """HELO is said once."""
        self.relay.answers["EHLO"] = "502 5.5.1 what"
        self.relay.answers["HELO"] = "550 5.7.1 not you"
        self.connect()
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual((error.stage, error.reply.code), ("EHLO", 550))
        self.assertEqual(self.relay.verbs, ["EHLO", "HELO", "QUIT"])
        self.network.advance(5.0)
        self.assert_nothing_left()

    def test_refused(self) -> None:
        """A relay may refuse us at once; 421 is a refusal anywhere (RFC 5321 3.8)."""
        for verb, answer in (
            ("GREETING", "554 5.3.2 no mail here"),
            ("GREETING", "421 4.3.2 later"),
            ("EHLO", "421 4.7.0 too fast"),
        ):
            with self.subTest(verb=verb, answer=answer):
                self.setUp()
                self.relay.answers[verb] = answer
                self.connect()
                error = self.refused()
                assert isinstance(error, NotAdmitted)
                self.assertEqual(error.reply.code, int(answer[:3]))
                self.assert_nothing_left()

    def test_nonsense(self) -> None:
        """What is no relay is left at once."""
        long = "220 " + "x" * LONGEST_LINE
        for answer in (
            "HTTP/1.1 400 Bad",
            long,
            "220-a\n" * 100 + "220 a",
            "220 a\n250 b",
        ):
            with self.subTest(answer=answer[:12]):
                self.setUp()
                self.relay.answers["GREETING"] = answer
                self.connect()
                self.assertIsInstance(self.refused(), NotSent)
                self.assertNotIn("MAIL", self.relay.verbs)
                self.assert_nothing_left()

    def test_ehlo_later(self) -> None:
        """HELO is for those who do not know EHLO, not for those who are busy."""
        self.relay.answers["EHLO"] = "451 4.3.2 not now"
        self.connect()
        self.assertIsInstance(self.refused(), NotAdmitted)
        self.assertNotIn("HELO", self.relay.verbs)

    def test_long_refusal(self) -> None:
        """What it says with it is told in 200 characters."""
        lines = "\n".join(["554-" + "x" * 2_000] * 20 + ["554 x"])
        self.relay.answers["GREETING"] = lines
        self.connect()
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual(len(error.reply.text), LONGEST_TEXT)

    def test_lost(self) -> None:
        """One that hangs up is no relay now."""
        for verb in ("GREETING", "EHLO"):
            with self.subTest(verb=verb):
                self.setUp()
                self.relay.answers[verb] = close
                self.connect()
                self.assertIsInstance(self.refused(), NotSent)
                self.assert_nothing_left()

    def test_silent(self) -> None:
        """Nor is one that says nothing."""
        for verb in ("GREETING", "EHLO"):
            with self.subTest(verb=verb):
                self.setUp()
                self.relay.answers[verb] = None
                self.connect(command_timeout=10.0)
                self.network.advance(9.9)
                self.assertEqual(self.ready, [])
                self.network.advance(0.1)
                self.assertIsInstance(self.refused(), NotSent)
                self.assert_nothing_left()

    def test_drops(self) -> None:
        """A reply that comes in drops does not get more time for that."""
        self.relay.answers["GREETING"] = lambda side: side.transport.write(b"220-a\r\n")
        self.connect(command_timeout=10.0)
        self.network.advance(6.0)
        self.relay.sides[0].transport.write(b"220-b\r\n")
        self.network.advance(4.0)
        self.assertIsInstance(self.refused(), NotSent)

    def test_cancelled(self) -> None:
        """Who does not want it any more closes it."""
        self.relay.answers["EHLO"] = None
        connection = self.connect()
        connection.ready.cancel()
        self.assertIsInstance(self.ready[0], CancelledError)
        self.assert_nothing_left()

    def test_flood(self) -> None:
        """What comes after the end is not read, nor kept."""
        self.relay.answers["GREETING"] = "554 no"
        connection = self.connect()
        self.refused()
        connection.dataReceived(b"x" * 1_000_000)
        self.assertFalse(connection._reader.pending)


class LoginCase(ConnectionCase):
    """AUTH (RFC 4954)."""

    def login(self, *offers: str, **changes: Any) -> RelayConnection:
        """A connection to a relay that offers these, as a user."""
        self.relay.offers = offers
        return self.connect(username="jös", password="sécret", **changes)

    def test_plain(self) -> None:
        """PLAIN says all at once (RFC 4616)."""
        self.relay.answers["AUTH"] = "235 2.7.0 welcome"
        self.login("AUTH PLAIN")
        self.assertEqual(self.ready, [True])
        said = encoded("\0jös\0sécret")
        self.assertEqual(self.relay.commands[1:], [f"AUTH PLAIN {said}"])

    def test_login(self) -> None:
        """LOGIN asks for one thing after the other."""
        self.relay.answers["AUTH"] = f"334 {encoded('Username:')}"
        self.relay.answers[encoded("jös").upper()] = f"334 {encoded('Password:')}"
        self.relay.answers[encoded("sécret").upper()] = "235 2.7.0 welcome"
        self.login("AUTH=LOGIN")
        self.assertEqual(self.ready, [True])
        self.assertEqual(
            self.relay.commands[1:], ["AUTH LOGIN", encoded("jös"), encoded("sécret")]
        )

    def test_cram(self) -> None:
        """CRAM-MD5 is preferred: it does not say the password (RFC 2195)."""
        challenge = "<1896.697170952@relay.test>"
        digest = hmac.new("sécret".encode(), challenge.encode(), hashlib.md5)
        answer = encoded(f"jös {digest.hexdigest()}")
        self.relay.answers["AUTH"] = f"334 {encoded(challenge)}"
        self.relay.answers[answer.upper()] = "235 2.7.0 welcome"
        self.login("AUTH PLAIN LOGIN CRAM-MD5")
        self.assertEqual(self.ready, [True])
        self.assertEqual(self.relay.commands[1:], ["AUTH CRAM-MD5", answer])

    def test_never_in_clear(self) -> None:
        """Where TLS is wanted and not had, a password does not go out."""
        tls = ClientTls(mode=TlsMode.STARTTLS)
        self.login("AUTH PLAIN LOGIN", tls=tls)
        self.assertIsInstance(self.refused(), NotSent)
        self.assertEqual(self.relay.verbs, ["EHLO", "QUIT"])

    def test_nothing_offered(self) -> None:
        """Without a way to log in there is no mail; HELO is no way round it."""
        self.login("PIPELINING")
        self.assertIsInstance(self.refused(), NotSent)
        self.setUp()
        self.relay.answers["EHLO"] = "502 5.5.1 what"
        self.login()
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual(error.stage, "EHLO")

    def test_refused(self) -> None:
        """A wrong password is the relay's refusal."""
        self.relay.answers["AUTH"] = "535 5.7.8 wrong"
        self.login("AUTH PLAIN")
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual((error.stage, error.reply.code), ("AUTH", 535))
        self.assertNotIn("sécret", str(error))
        self.assertEqual(self.relay.verbs, ["EHLO", "AUTH", "QUIT"])  # once

    def test_refused_mechanism(self) -> None:
        """So is a mechanism that it does not know after all."""
        self.relay.answers["AUTH"] = "504 5.5.4 what"
        self.login("AUTH LOGIN")
        error = self.refused()
        assert isinstance(error, NotAdmitted)
        self.assertEqual((error.stage, error.reply.code), ("AUTH", 504))

    def test_bad_challenge(self) -> None:
        """A challenge that cannot be read ends it (RFC 4954 4)."""
        self.relay.answers["AUTH"] = "334 x"
        self.relay.answers["*"] = "501 5.7.0 cancelled"
        self.login("AUTH CRAM-MD5")
        self.assertIsInstance(self.refused(), NotAdmitted)
        self.assertEqual(self.relay.commands[2], "*")

    def test_asks_on(self) -> None:
        """A relay that asks again and again is left."""
        self.relay.answers["AUTH"] = "334 "
        self.relay.answers[encoded("jös").upper()] = "334 "
        self.relay.answers[encoded("sécret").upper()] = "334 "
        self.login("AUTH LOGIN")
        self.assertIsInstance(self.refused(), NotSent)
        self.assertEqual(len(self.relay.commands), MOST_BEFORE_MAIL)
        self.assert_nothing_left()

    def test_no_user(self) -> None:
        """Without a user name nobody logs in."""
        self.relay.answers["EHLO"] = greeting("AUTH PLAIN")
        self.ready_connection()
        self.assertEqual(self.relay.verbs, ["EHLO"])
