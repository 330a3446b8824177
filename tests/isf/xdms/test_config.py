"""[xdms]: what cannot be meant."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from tests.test_config import faults_of, least

ROOT = 'root = "https://xcap.example.net/services"\n'


class Faults(SynchronousTestCase):
    def faults(self, lines: str) -> list[str]:
        """The keys of [xdms] that are at fault."""
        found = faults_of(least(xdms=lines))
        self.assertTrue(all(each.startswith("xdms.") for each in found), found)
        return [each.partition(":")[0].removeprefix("xdms.") for each in found]

    def test_roots(self) -> None:
        """A root is an http or https URL of a host, a port and a path."""
        for root in (
            "",
            "http://127.0.0.1:8080",
            "https://xcap.example.net/services/",
            "https://[2001:db8::1]/",
        ):
            self.assertEqual(self.faults(f'root = "{root}"'), [], root)
        for root in (
            "xcap.example.net",
            "ftp://a.example/",
            "http://",
            "http:///services",
            "http://a:0/",
            "http://a:99999/",
            "http://[::1/",
            "http://a/b c",
            "http://user@a/",
            "http://a/?b",
            "http://a/#b",
        ):
            self.assertEqual(self.faults(f'root = "{root}"'), ["root"], root)

    def test_login(self) -> None:
        """User name and password stand together, and go by https alone."""
        user, password = 'username = "isf"\n', 'password = "secret"\n'
        self.assertEqual(self.faults(ROOT + user + password), [])
        self.assertEqual(self.faults(ROOT + user), ["password"])
        self.assertEqual(self.faults(ROOT + password), ["username"])
        plain = ROOT.replace("https", "http")
        self.assertEqual(self.faults(plain + user + password), ["username"])
        self.assertEqual(
            self.faults(ROOT + user.replace("isf", "i:f") + password), ["username"]
        )

    def test_password_is_not_shown(self) -> None:
        """The password may stand in a file, and is not printed."""
        path = self.mktemp()
        Path(path).write_text("hidden\n")
        lines = f'{ROOT}username = "isf"\npassword_file = "{path}"'
        config = loads(least(xdms=lines), {})
        self.assertEqual(config.xdms.password, "hidden")
        self.assertNotIn("hidden", repr(config))

    def test_limits(self) -> None:
        """Each limit is held to, at it and one past it."""
        rows = {
            "timeout": (0.001, 0),
            "concurrency": (1, 0),
            "max_size": (256, 255),
            "cache": (0, -1),
            "cache_ttl": (0, -1),
            "negative_ttl": (0, -1),
            "stale": (0, -1),
        }
        for key, (good, bad) in rows.items():
            self.assertEqual(self.faults(f"{key} = {good}"), [], key)
            self.assertEqual(self.faults(f"{key} = {bad}"), [key], key)
        self.assertEqual(self.faults("max_size = 1048576"), [])
        self.assertEqual(self.faults("max_size = 1048577"), ["max_size"])

    def test_words(self) -> None:
        """Names are words, and at least one action is needed."""
        for line, key in {
            'auid = "a/b"': "auid",
            'document = "../x"': "document",
            'actions = ["a b"]': "actions[0]",
            "actions = []": "actions",
            'asserted_identity = "X: y"': "asserted_identity",
            'trust_roots = ["/nowhere.pem"]': "trust_roots",
        }.items():
            self.assertEqual(self.faults(ROOT + line), [key], line)
