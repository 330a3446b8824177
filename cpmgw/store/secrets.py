"""Keys that outlive the process: random, and made when they are first asked for."""

from __future__ import annotations

import sqlite3
from typing import Final

_KEEP: Final = "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND: Final = "SELECT value FROM secrets WHERE name = ?"


def secret(cursor: sqlite3.Cursor, name: str, value: bytes) -> bytes:
    """The key of this name; `value` becomes it where there is none."""
    cursor.execute(_KEEP, (name, value))
    found: bytes = cursor.execute(_FIND, (name,)).fetchone()[0]
    return found
