"""kill -9 at any moment loses nothing that a Deferred has said is on disk."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mail_records import InboxMail
from cpmgw.records import SegmentReport
from cpmgw.store.sqlite import SqliteStore
from tests.store.mails import LARGE
from tests.store.pump import Pump
from tests.store.values import group_session, segment

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 4
UNKNOWN = SegmentReport(7)


def killed(path: str, lines: int) -> dict[str, set[str]]:
    """Run the child until it has printed so many lines, kill it; what it printed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.store.crash_child", path],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    with child.stdout as output:
        printed = [output.readline() for _ in range(lines)]
        child.kill()
        printed += output.readlines()
    child.wait(20)
    found: dict[str, set[str]] = {}
    for line in printed:
        # The last line may have been cut short by the kill.
        if line.endswith(b"\n"):
            kind, name = line.decode().split()
            found.setdefault(kind, set()).add(name)
    return found


class Crashes(SynchronousTestCase):
    def test_nothing_is_lost(self) -> None:
        """What was printed before the kill is there afterwards, round after round."""
        path = os.path.abspath(self.mktemp())
        numbered = mailed = 0
        for _ in range(ROUNDS):
            printed = killed(path, random.randrange(100, 3000))
            self.assertGreater(len(printed["sent"]), 0)
            self.check(path, printed)
            numbered += len(printed.get("numbered", ()))
            mailed += len(printed.get("finished", ()))
        self.assertGreater(numbered, 0)
        self.assertGreater(mailed, 0)

    def check(self, path: str, printed: dict[str, set[str]]) -> None:
        """Everything printed is in the file."""
        pump = Pump()
        store = SqliteStore(path, pump.call_from_thread, lambda: 0.0)
        store.open()
        try:
            answers = {each.key.decode() for each in pump.result(store.sent.answers())}
            self.assertEqual(set(), printed["sent"] - answers)
            for key in printed["sent"]:
                found = pump.result(store.sent.report("home", key, UNKNOWN))
                assert found is not None, key
                if key in printed.get("reported", ()):
                    self.assertEqual((SegmentReport(2),), found.reports)
                if key in printed.get("settled", ()):
                    self.assertTrue(found.settled)
            for name in printed.get("collected", ()):
                message = pump.result(store.received.collect(segment(1, 2, name)))
                if name in printed.get("complete", ()):
                    self.assertTrue(message.complete)
                if name in printed.get("delivered", ()):
                    self.assertTrue(message.delivered)
            self.check_numbers(pump, store, printed)
            self.check_mail(path, pump, store, printed)
        finally:
            pump.result(store.close())

    def check_numbers(
        self, pump: Pump, store: SqliteStore, printed: dict[str, set[str]]
    ) -> None:
        """Sessions have the numbers that were printed, or none where those went."""
        for each in printed.get("numbered", ()):
            name, plus, digits = each.partition("+")
            found = pump.result(store.numbers.find(group_session(name)))
            assert found is not None, each
            self.assertEqual(plus + digits, found.number)
        for name in printed.get("released", ()):
            found = pump.result(store.numbers.find(group_session(name)))
            self.assertIsNone(found)

    def check_mail(
        self, path: str, pump: Pump, store: SqliteStore, printed: dict[str, set[str]]
    ) -> None:
        """Mail is there with its content or done with its answer; no file is beside."""
        mails: dict[str, InboxMail] = {}
        while page := pump.result(store.mail.due("mms", 0.0, max(mails, default=""))):
            mails |= {each.key: each for each in page}
        answers: set[str] = set()
        while sent := pump.result(
            store.mail.outgoing("mms", 0.0, max(answers, default=""))
        ):
            answers |= {each.key for each in sent}
        self.assertEqual(printed.get("mailed", set()) - set(mails), set())
        finished = printed.get("finished", set())
        self.assertEqual(finished - answers, set())
        self.assertEqual(finished & set(mails), set())
        brief = printed.get("brief", set())
        self.assertEqual(brief - answers - set(mails), set())
        files = [each.path for each in mails.values() if each.path is not None]
        for each in files:
            self.assertEqual(each.read_bytes(), LARGE)
        self.assertEqual(set(Path(f"{path}-bodies").glob("*/*")), set(files))
