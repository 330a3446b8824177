"""Keys that outlive the process."""

from __future__ import annotations

import sqlite3

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.store import migrations
from cpmgw.store.secrets import secret


class Secrets(SynchronousTestCase):
    def test_made_once(self) -> None:
        """The first value is kept under its name, and given ever after."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        self.addCleanup(connection.close)
        migrations.migrate(connection, migrations.steps())
        cursor = connection.cursor()
        self.assertEqual(secret(cursor, "route", b"first"), b"first")
        self.assertEqual(secret(cursor, "route", b"second"), b"first")
        self.assertEqual(secret(cursor, "other", b"third"), b"third")
