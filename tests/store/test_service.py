"""The store as a service, and its address in the configuration."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from cpmgw.errors import ConfigError, StoreError
from cpmgw.mail_records import InboxMail
from cpmgw.store.address import fault_of
from cpmgw.store.service import StoreService, make_store, open_store
from tests.store.mails import LARGE, body_of, inbox_mail, spool_at
from tests.store.values import answer


class Addresses(SynchronousTestCase):
    def test_sqlite(self) -> None:
        """A file can hold the store."""
        self.assertEqual("", fault_of("sqlite:var/cpmgw.sqlite"))
        store = make_store("sqlite:var/cpmgw.sqlite", reactor)
        self.assertEqual(os.path.abspath("var/cpmgw.sqlite"), store.path)

    def test_postgresql(self) -> None:
        """A PostgreSQL address is a fault of the configuration for now."""
        for url in ("postgresql://user@host/db", "postgres:db"):
            error = self.assertRaises(ConfigError, open_store, url, reactor)
            self.assertIn("not supported by this release", error.faults[0])

    def test_others(self) -> None:
        """What names no file names no store."""
        for url in ("", "sqlite:", "sqlite::memory:", "mysql://h/db", "var/x"):
            self.assertRaises(ConfigError, make_store, url, reactor)


class Services(TestCase):
    async def test_life(self) -> None:
        """The store is open while its service runs."""
        store = make_store(f"sqlite:{self.mktemp()}", reactor)
        service = StoreService(store)
        service.startService()
        await store.sent.remember(answer(), None)
        await service.stopService()
        with self.assertRaises(StoreError):
            await store.sent.remember(answer(), None)

    async def test_stop_flushes(self) -> None:
        """What waits when the service stops is committed."""
        url = f"sqlite:{self.mktemp()}"
        service = StoreService(make_store(url, reactor))
        service.startService()
        waiting = [
            service.store.sent.remember(answer(b"%d" % number, expires=1e12), None)
            for number in range(50)
        ]
        await service.stopService()
        for deferred in waiting:
            self.successResultOf(deferred)
        store = open_store(url, reactor)
        self.addCleanup(store.close)
        self.assertEqual(50, len(await store.sent.answers()))

    async def test_bodies(self) -> None:
        """Large mails are files in the directory that is said."""
        folder = Path(self.mktemp()).absolute()
        url = f"sqlite:{folder / 'x.sqlite'}"
        store = open_store(url, reactor, bodies=str(folder / "kept"))
        self.addCleanup(store.close)
        spool = spool_at(folder / "spool")
        self.addCleanup(spool.close)
        mail = await store.mail.accept(inbox_mail(), body_of(spool, LARGE))
        assert isinstance(mail, InboxMail)
        assert mail.path is not None
        self.assertEqual(mail.path.parent.parent, folder / "kept")

    def test_start_that_fails(self) -> None:
        """A store that cannot be opened ends the start."""
        service = StoreService(make_store("sqlite:/proc/nowhere/x.sqlite", reactor))
        self.assertRaises(StoreError, service.startService)
        self.assertFalse(service.running)
