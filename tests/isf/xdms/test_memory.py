"""What is remembered of an XDMS, for how long, and what an operator is told."""

from __future__ import annotations

from typing import Any

from twisted.logger import capturedLogs

from cpmgw.isf.xdms.preferences import QUIET
from cpmgw.lab.xdms import etag_of
from tests.isf.xdms.asking import (
    FOUND,
    POLICY,
    PORT,
    STALE,
    XUI,
    PreferencesTestCase,
    none,
    unavailable,
)
from tests.isf.xdms.policies import ALICE, action, document, rule, validity


class Memory(PreferencesTestCase):
    """What is remembered, and for how long."""

    def setUp(self) -> None:
        super().setUp()
        self.preferences = self.build(cache_ttl=300, negative_ttl=30, stale=1000)

    def asked(self) -> int:
        """How many requests came since the last look."""
        count = len(self.xdms.requests)
        self.xdms.requests.clear()
        return count

    def test_fresh(self) -> None:
        """A document is used for its time, then the XDMS is asked again."""
        self.ask()
        self.network.advance(299.9)
        self.assertEqual((self.ask(), self.asked()), (FOUND, 1))
        self.network.advance(0.1)
        self.assertEqual((self.ask(), self.asked()), (FOUND, 1))

    def test_version(self) -> None:
        """Then its ETag is told, and 304 is as good as the document (RFC 4825 7.11)."""
        self.ask()
        self.network.advance(300)
        self.assertEqual(self.ask(), FOUND)
        first, second = self.xdms.requests
        self.assertEqual(second.headers["if-none-match"], etag_of(POLICY))
        self.assertEqual((first.status, second.status), (200, 304))
        self.network.advance(299.9)
        self.assertEqual(self.ask(), FOUND)
        self.assertEqual(len(self.xdms.requests), 2)

    def test_changed(self) -> None:
        """A newer version takes the place of the older one."""
        self.ask()
        self.xdms.put(XUI, document(rule("", action("email"))))
        self.network.advance(300)
        self.assertEqual(self.ask().services, ("email",))

    def test_no_version(self) -> None:
        """Without a usable ETag nothing is told."""
        for etag in ("", '"' + "x" * 255 + '"', "\x80"):
            self.preferences = self.build(cache_ttl=1)
            headers = (("ETag", etag),) if etag else ()
            self.behave(has_etags=False, headers=headers)
            self.ask()
            self.network.advance(1)
            self.ask()
            self.assertNotIn("if-none-match", self.xdms.requests[-1].headers, etag)

    def test_longest_version(self) -> None:
        """An ETag of the largest size is told as it is."""
        etag = '"' + "x" * 254 + '"'
        self.behave(has_etags=False, headers=(("ETag", etag),))
        self.ask()
        self.network.advance(300)
        self.ask()
        self.assertEqual(self.xdms.requests[-1].headers["if-none-match"], etag)

    def test_removed(self) -> None:
        """A document that was taken away is not used any more."""
        self.ask()
        self.xdms.remove(XUI)
        self.network.advance(300)
        self.assertEqual(self.ask(), none("http-404"))

    def test_negative(self) -> None:
        """That there is none, or none to be had, is remembered for a shorter time."""
        for how in ({"status": 404}, {"status": 503}, {"body": b"x"}, {"silent": True}):
            self.preferences = self.build(negative_ttl=30)
            self.behave(**how)
            answer = self.ask()
            self.assertEqual(self.asked(), 1)
            self.behave()
            self.network.advance(29.9)
            self.assertEqual((self.ask(), self.asked()), (answer, 0))
            self.network.advance(0.1)
            self.assertEqual((self.ask(), self.asked()), (FOUND, 1))

    def test_stale(self) -> None:
        """While the XDMS is down a document is used beyond its time."""
        rows: tuple[dict[str, Any], ...] = (
            {"status": 408},
            {"status": 429},
            {"status": 500},
            {"status": 599},
            {"silent": True},
            {"cut": True, "has_etags": False},
        )
        for how in rows:
            self.preferences = self.build(cache_ttl=300)
            self.behave()
            self.ask()
            self.network.advance(300)
            self.behave(**how)
            self.assertEqual(self.ask(), STALE, how)
        self.behave()
        self.network.advance(300)
        self.assertEqual(self.ask(), FOUND)
        self.xdms.stop()
        self.network.cut("127.0.0.1", PORT)
        self.network.advance(300)
        self.assertEqual(self.ask(), STALE)

    def test_stale_is_remembered(self) -> None:
        """An XDMS that is down is not asked for each message."""
        self.ask()
        self.network.advance(300)
        self.behave(status=503)
        self.asked()
        self.assertEqual((self.ask(), self.asked()), (STALE, 1))
        self.network.advance(29.9)
        self.assertEqual((self.ask(), self.asked()), (STALE, 0))
        self.behave()
        self.network.advance(0.1)
        self.assertEqual((self.ask(), self.asked()), (FOUND, 1))

    def test_end_of_stale(self) -> None:
        """A document is used so long, and no longer."""
        self.ask()
        self.behave(status=503)
        self.network.advance(1299.9)
        self.assertEqual(self.ask(), STALE)
        self.network.advance(0.1)
        self.assertEqual(self.ask(), unavailable("http-503"))

    def test_no_stale(self) -> None:
        """With stale = 0 it is not used beyond its time."""
        self.preferences = self.build(stale=0)
        self.ask()
        self.behave(status=503)
        self.network.advance(300)
        self.assertEqual(self.ask(), unavailable("http-503"))

    def test_stale_only_while_down(self) -> None:
        """Who answers is believed: what changed is not what was known."""
        rows: dict[str, dict[str, Any]] = {
            "malformed": {"body": b"x"},
            "wrong-type": {"media_type": "text/html", "has_etags": False},
            "unauthorized": {"status": 403},
            "http-400": {"status": 400},
            "too-large": {"endless": True, "has_etags": False},
        }
        for reason, how in rows.items():
            self.preferences = self.build()
            self.behave()
            self.ask()
            self.network.advance(300)
            self.assertReason(reason, **how)

    def test_busy(self) -> None:
        """Where too many are asked for, what is known serves as well."""
        self.preferences = self.build(concurrency=1)
        self.ask()
        self.network.advance(300)
        self.behave(silent=True)
        self.preferences.look_up("tel:+15145550101", ALICE)
        self.assertEqual(self.ask(), STALE)

    def test_expiry_of_what_is_known(self) -> None:
        """A rule that ends while its document is remembered has ended."""
        start = "1970-01-01T00:00:00Z"
        period = validity(start, "1970-01-01T00:01:00Z")
        self.xdms.put(XUI, document(rule(period, action("SMS"))))
        self.assertEqual(self.ask().services, ("SMS",))
        self.network.advance(60)
        self.assertEqual((self.ask(), self.asked()), (unavailable("expired"), 1))

    def test_size_of_memory(self) -> None:
        """So many users are remembered, and one more is not."""
        self.preferences = self.build(cache=2)
        users = [f"tel:+1514555010{number}" for number in range(3)]
        for user in (*users[:2], *users[:2]):
            self.ask(user)
        self.assertEqual(self.asked(), 2)
        for user in (users[2], users[0]):
            self.ask(user)
        self.assertEqual(self.asked(), 2)

    def test_no_memory(self) -> None:
        """With cache = 0 the XDMS is asked each time."""
        self.preferences = self.build(cache=0)
        self.ask()
        self.ask()
        self.assertEqual(self.asked(), 2)


class Notes(PreferencesTestCase):
    """What an operator is told of the XDMS."""

    def setUp(self) -> None:
        super().setUp()
        self.preferences = self.build(cache=0, stale=0)

    def notes(self, **how: Any) -> list[str]:
        """What is told when the XDMS answers so."""
        self.behave(**how)
        with capturedLogs() as logged:
            self.ask()
        levels = [each["log_level"].name for each in logged]
        return [level for level in levels if level != "debug"]

    def test_down_and_up(self) -> None:
        """The beginning and the end of an outage are told, once each."""
        self.assertEqual(self.notes(), [])
        self.assertEqual(self.notes(status=503), ["warn"])
        self.assertEqual(self.notes(status=403), [])
        self.network.advance(QUIET)
        self.assertEqual(self.notes(), ["info"])
        self.assertEqual(self.notes(), [])

    def test_every_other_time(self) -> None:
        """An XDMS that fails every other time does not fill the log."""
        self.assertEqual(self.notes(silent=True), ["warn"])
        self.network.advance(QUIET - 10)
        for _ in range(3):
            self.assertEqual(self.notes(), [])
            self.assertEqual(self.notes(status=500), [])
        self.network.advance(10)
        self.assertEqual(self.notes(), ["info"])

    def test_faults_of_one_document(self) -> None:
        """What is wrong with one user's document is not told of the XDMS."""
        for how in ({"body": b"x"}, {"media_type": "a/b"}, {"endless": True}):
            self.assertEqual(self.notes(**how), [], how)
        self.assertEqual(self.notes(status=400), [])

    def test_numbers(self) -> None:
        """No full number is in the log."""
        with capturedLogs() as logged:
            self.ask()
        self.assertTrue(logged)
        self.assertNotIn("5550100", repr(logged))
