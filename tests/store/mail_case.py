"""A store with mail, for its tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.mail_records import InboxMail, Repeated
from cpmgw.store.sqlite import SqliteStore
from tests.store.mails import LARGE, body_of, inbox_mail, spool_at
from tests.store.pump import Pump

LATE = 1e12


class MailCase(SynchronousTestCase):
    """A store and a spool, and that the spool has nothing in the end."""

    def setUp(self) -> None:
        self.pump = Pump()
        self.folder = Path(self.mktemp()).absolute()
        self.bodies = self.folder / "kept"
        self.spool = spool_at(self.folder / "spool")
        body_of(self.spool, LARGE).close()  # so that its directory is there
        self.addCleanup(self.check_spool)
        self.opened()

    def check_spool(self) -> None:
        """Whatever became of them, no body is open, and no file in the spool."""
        spool = self.spool
        left = (len(spool), spool.used, spool.in_memory, spool.files)
        self.assertEqual(left, (0, 0, 0, 0))
        self.assertEqual(list(self.folder.glob("spool/*/[!l]*")), [])
        spool.close()

    def opened(self, **details: Any) -> SqliteStore:
        """Open the store, until the test ends."""
        self.store = SqliteStore(
            str(self.folder / "x.sqlite"),
            self.pump.call_from_thread,
            lambda: 0.0,
            **({"bodies": str(self.bodies)} | details),
        )
        self.store.open()
        self.mail = self.store.mail
        store = self.store
        self.addCleanup(lambda: self.pump.result(store.close()))
        return store

    def again(self) -> None:
        """Close the store and open it again."""
        self.pump.result(self.store.close())
        self.opened()

    def accepting(
        self, key: str = "k1", content: bytes = LARGE, **details: Any
    ) -> Deferred[InboxMail | Repeated]:
        """A mail of this content comes."""
        body = body_of(self.spool, content)
        return self.mail.accept(inbox_mail(key, **details), body)

    def accept(
        self, key: str = "k1", content: bytes = LARGE, **details: Any
    ) -> InboxMail | Repeated:
        """A mail of this content is accepted."""
        return self.pump.result(self.accepting(key, content, **details))

    def kept(self, key: str = "k1", content: bytes = LARGE) -> InboxMail:
        """A mail that was accepted."""
        mail = self.accept(key, content)
        assert isinstance(mail, InboxMail)
        return mail

    def due(self) -> list[InboxMail]:
        """What is due for MMS."""
        return self.pump.result(self.mail.due("mms", LATE))

    def files(self) -> list[Path]:
        """The files that are kept."""
        return sorted(self.bodies.glob("*/*"))

    def refuse(self, deferred: Deferred[Any]) -> str:
        """Why something fails."""
        error = self.assertRaises(StoreError, self.pump.result, deferred)
        return str(error)

    def fail_with(self, number: int, place: Any, name: str) -> Any:
        """Have a function of the system fail; gives what restores it."""

        def failing(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        return self.patch(place, name, failing)
