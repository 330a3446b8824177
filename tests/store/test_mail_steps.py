"""A process that ends between any two steps loses no mail, and leaves no file.

Before each step that touches the disk, all that is there is set aside: what a process
killed at this moment would leave. Each of these is then opened as after a crash.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mail_records import InboxMail
from cpmgw.store.sqlite import SqliteStore
from tests.store.mails import (
    LARGE,
    SMALL,
    body_of,
    inbox_mail,
    outbox_mail,
    received_mms,
    spool_at,
)
from tests.store.pump import Pump

LATE = 1e12
UNSAID = frozenset({"SELECT", "PRAGMA", "CREATE", "--"})
"""With these begin statements before which nothing can have changed."""


class Moment(msgspec.Struct, frozen=True):
    """What was on the disk before a step, and what had been said to be there."""

    step: str
    folder: Path
    asked: tuple[str, ...]
    said: tuple[str, ...]


class Steps(SynchronousTestCase):
    def setUp(self) -> None:
        top = Path(self.mktemp()).absolute()
        self.folder = top / "live"
        self.aside = top / "aside"
        self.moments: list[Moment] = []
        self.asked: list[str] = []
        self.said: list[str] = []
        self.pump = Pump()

    # -- taking moments ----------------------------------------------------------------

    def before(self, step: str) -> None:
        """Set aside what is on the disk before this step."""
        folder = self.aside / str(len(self.moments))
        shutil.copytree(self.folder, folder)
        self.moments.append(Moment(step, folder, tuple(self.asked), tuple(self.said)))

    def watch(self) -> Callable[[], None]:
        """Take a moment before each step from now on; gives what ends that."""
        patches = [
            self._watch(os, "fsync"),
            self._watch(Path, "rename"),
            self._watch(Path, "mkdir"),
            self._watch(Path, "unlink"),
        ]
        connect = sqlite3.connect

        def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_trace_callback(self._statement)
            return connection

        patches.append(self.patch(sqlite3, "connect", connected))

        def end() -> None:
            for patch in patches:
                patch.restore()

        return end

    def _watch(self, place: Any, name: str) -> Any:
        function = getattr(place, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            self.before(name)
            return function(*arguments, **options)

        return self.patch(place, name, watched)

    def _statement(self, statement: str) -> None:
        word = statement.split(maxsplit=1)[0]
        if word not in UNSAID:
            self.before(word)

    # -- what happens ------------------------------------------------------------------

    def opened(self) -> SqliteStore:
        """The store of the folder."""
        store = SqliteStore(
            str(self.folder / "x.sqlite"),
            self.pump.call_from_thread,
            lambda: 0.0,
            bodies=str(self.folder / "kept"),
        )
        store.open()
        return store

    def do(self, what: str, asked: Deferred[Any]) -> None:
        """Something is asked for and done."""
        self.asked.append(what)
        self.pump.result(asked)
        self.said.append(what)

    def test_steps(self) -> None:
        """Whenever it ends: what was said is there, once, and no file beside it."""
        store = self.opened()
        self.pump.result(store.close())
        spool = spool_at(self.folder.parent / "spool")
        large, small = body_of(spool, LARGE), body_of(spool, SMALL)
        end = self.watch()
        store = self.opened()
        mail = store.mail
        self.do("accept large", mail.accept(inbox_mail("large"), large))
        self.do("accept small", mail.accept(inbox_mail("small"), small))
        self.do("settle", mail.settle("large", 1, "retrieved"))
        self.do("keep", store.multimedia.keep_received(received_mms()))
        self.do("report", store.multimedia.report("i1", {"read": outbox_mail("read")}))
        answers = [outbox_mail("answer", transaction="t")]
        self.do("finish large", mail.finish("large", answers, LATE))
        self.do("finish small", mail.finish("small", (), LATE))
        self.do("taken", mail.taken("read", LATE))
        self.do("answered", mail.answered("mms", "t"))
        self.before("end")
        end()
        self.pump.result(store.close())
        steps = {each.step for each in self.moments}
        expected = {"mkdir", "rename", "fsync", "INSERT", "UPDATE", "COMMIT", "unlink"}
        self.assertEqual(expected - steps, set())
        for moment in self.moments:
            self.check(moment)

    # -- what must hold ----------------------------------------------------------------

    def check(self, moment: Moment) -> None:
        """Open what a process has left that ended at a moment."""
        shutil.rmtree(self.folder)
        moment.folder.rename(self.folder)
        store = self.opened()
        try:
            found = {
                each.key: each for each in self.pump.result(store.mail.due("mms", LATE))
            }
            for key, content in (("large", LARGE), ("small", SMALL)):
                self.check_mail(moment, key, found.get(key), content)
            paths = [each.path for each in found.values() if each.path is not None]
            files = list(self.folder.glob("kept/*/*"))
            self.assertEqual(files, paths, moment)
            self.check_settled(moment, found.get("large"))
            self.check_outbox(moment, store)
            self.check_repeat(moment, store, found.get("large"))
        finally:
            self.pump.result(store.close())

    def check_mail(
        self, moment: Moment, key: str, mail: InboxMail | None, content: bytes
    ) -> None:
        """A mail is there whole, or not; it must or must not where that was said."""
        if f"finish {key}" in moment.said or f"accept {key}" not in moment.asked:
            self.assertIsNone(mail, moment)
        elif f"accept {key}" in moment.said and f"finish {key}" not in moment.asked:
            self.assertIsNotNone(mail, moment)
        if mail is not None:
            found = mail.content if mail.path is None else mail.path.read_bytes()
            self.assertEqual(found, content, moment)

    def check_settled(self, moment: Moment, mail: InboxMail | None) -> None:
        """What was said of a recipient holds."""
        if mail is not None and "settle" in moment.said:
            self.assertEqual(mail.settled, ("", "retrieved"), moment)

    def check_outbox(self, moment: Moment, store: SqliteStore) -> None:
        """What was posted goes out until it is said to be taken or answered."""
        outgoing = self.pump.result(store.mail.outgoing("mms", LATE))
        keys = {each.key for each in outgoing}
        for key, posted, gone in (
            ("read", "report", "taken"),
            ("answer", "finish large", "answered"),
        ):
            if gone in moment.said or posted not in moment.asked:
                self.assertNotIn(key, keys, moment)
            elif posted in moment.said and gone not in moment.asked:
                self.assertIn(key, keys, moment)
        message = self.pump.result(store.multimedia.received("i1"))
        if message is not None and "taken" not in moment.asked:
            self.assertEqual(bool(message.told), "read" in keys, moment)

    def check_repeat(
        self, moment: Moment, store: SqliteStore, mail: InboxMail | None
    ) -> None:
        """What was accepted is known when it comes again; what was not is new."""
        if mail is None and "finish large" not in moment.asked:
            return
        spool = spool_at(self.folder / "spool")
        body = body_of(spool, LARGE)
        again = inbox_mail("again", repeat=inbox_mail("large").repeat)
        outcome = self.pump.result(store.mail.accept(again, body))
        answers = 0 if mail is not None else 1
        if isinstance(outcome, InboxMail):  # it was finished with one open
            self.assertIsNone(mail, moment)
            self.assertEqual(outcome.key, "large", moment)
            self.assertEqual(outcome.settled, ("", "retrieved"), moment)
        else:
            self.assertEqual(len(outcome.answers), answers, moment)
        spool.close()
