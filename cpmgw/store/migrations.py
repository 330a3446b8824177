"""The database's shape, step by step: schema/0001_*.sql, 0002_*.sql and so on.

A database knows how many steps it has taken (user_version). Steps are only ever added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib import resources
from typing import Final

from cpmgw.errors import StoreError

# "cpmg": marks our files, so that no other program's database is built into.
APPLICATION_ID: Final = 0x63706D67


def steps() -> tuple[str, ...]:
    """The SQL of every step in order."""
    folder = resources.files("cpmgw.store").joinpath("schema")
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return tuple(entry.read_text("utf-8") for entry in files)


def version_of(connection: sqlite3.Connection, known: int) -> int:
    """How many steps a database has taken.

    Raises a StoreError if it is not ours, or of a release that knows more than `known`
    steps; nothing has been written then.
    """
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    if owner != APPLICATION_ID and (owner or version or _has_tables(connection)):
        raise StoreError("the file is a database of another program")
    if version > known:
        raise StoreError(
            f"the database has schema {version}, this release knows {known}: "
            "it was written by a newer release"
        )
    return version


def migrate(connection: sqlite3.Connection, scripts: Sequence[str]) -> int:
    """Take the steps that a database lacks, each in a transaction; how many."""
    version = version_of(connection, len(scripts))
    for number, script in enumerate(scripts[version:], start=version + 1):
        _take(connection, number, script)
    return len(scripts) - version


def _take(connection: sqlite3.Connection, number: int, script: str) -> None:
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script};\n"
            f"PRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {number};\nCOMMIT;"
        )
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        raise StoreError(f"schema step {number} failed: {error}") from error


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _has_tables(connection: sqlite3.Connection) -> bool:
    return (
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    )
