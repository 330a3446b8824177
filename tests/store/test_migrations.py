"""The numbered steps of the schema."""

from __future__ import annotations

import sqlite3
from importlib import resources

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.errors import StoreError
from cpmgw.store import migrations

ONE = "CREATE TABLE a (v)"
TWO = "CREATE TABLE b (v); INSERT INTO b VALUES (1)"
BROKEN = "CREATE TABLE c (v); INSERT INTO nowhere VALUES (1)"


class Migrations(SynchronousTestCase):
    def setUp(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.addCleanup(self.connection.close)

    def tables(self) -> list[str]:
        """The tables there are."""
        names = self.connection.execute("SELECT name FROM sqlite_master ORDER BY name")
        return [name for (name,) in names]

    def test_from_nothing(self) -> None:
        """An empty database takes every step."""
        self.assertEqual(2, migrations.migrate(self.connection, (ONE, TWO)))
        self.assertEqual(["a", "b"], self.tables())

    def test_from_an_older_release(self) -> None:
        """A database takes the steps that it lacks."""
        migrations.migrate(self.connection, (ONE,))
        self.assertEqual(1, migrations.migrate(self.connection, (ONE, TWO)))
        self.assertEqual(["a", "b"], self.tables())

    def test_nothing_to_do(self) -> None:
        """A step is taken once."""
        migrations.migrate(self.connection, (ONE, TWO))
        self.assertEqual(0, migrations.migrate(self.connection, (ONE, TWO)))

    def test_newer_release(self) -> None:
        """A database of a newer release is refused, and says so."""
        migrations.migrate(self.connection, (ONE, TWO))
        error = self.assertRaises(
            StoreError, migrations.migrate, self.connection, (ONE,)
        )
        self.assertIn("schema 2, this release knows 1", str(error))
        self.assertIn("newer release", str(error))

    def test_another_program(self) -> None:
        """A database with tables of someone else's is not built into."""
        self.connection.execute("CREATE TABLE theirs (v)")
        error = self.assertRaises(
            StoreError, migrations.migrate, self.connection, (ONE,)
        )
        self.assertIn("another program", str(error))
        self.assertEqual(["theirs"], self.tables())

    def test_step_that_fails(self) -> None:
        """A step happens as a whole or not at all."""
        error = self.assertRaises(
            StoreError, migrations.migrate, self.connection, (ONE, BROKEN)
        )
        self.assertIn("schema step 2 failed: no such table: nowhere", str(error))
        self.assertEqual(["a"], self.tables())
        self.assertEqual(1, migrations.migrate(self.connection, (ONE, TWO)))

    def test_numbers(self) -> None:
        """The files are numbered 0001, 0002 and so on without a gap."""
        folder = resources.files("cpmgw.store").joinpath("schema")
        names = sorted(e.name for e in folder.iterdir() if e.name.endswith(".sql"))
        numbers = [int(name.partition("_")[0]) for name in names]
        self.assertEqual(list(range(1, len(names) + 1)), numbers)
        self.assertEqual(len(names), len(migrations.steps()))
