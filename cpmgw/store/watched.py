"""Numbers whose users could not be reached, and may be again (TS 6.2.3.1)."""

from __future__ import annotations

import sqlite3
from typing import Final

from cpmgw.records import Watched

_KEEP: Final = """
    INSERT INTO watched_numbers (number, user, since, until, ready)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (number) DO UPDATE SET
        user = excluded.user, since = excluded.since, until = excluded.until,
        ready = excluded.ready
"""
_DROP: Final = "DELETE FROM watched_numbers WHERE number = ?"
_PAGE: Final = """
    SELECT number, user, since, until, ready FROM watched_numbers
    WHERE number > ? ORDER BY number LIMIT ?
"""
_SWEEP: Final = """
    DELETE FROM watched_numbers WHERE number IN (
        SELECT number FROM watched_numbers
        WHERE until <= ? ORDER BY until LIMIT ?)
"""


def keep(cursor: sqlite3.Cursor, watched: Watched) -> None:
    """Keep what is known of a number, in place of what was."""
    cursor.execute(
        _KEEP,
        (watched.number, watched.user, watched.since, watched.until, watched.ready),
    )


def drop(cursor: sqlite3.Cursor, number: str) -> None:
    """Forget a number."""
    cursor.execute(_DROP, (number,))


def page(cursor: sqlite3.Cursor, after: str, limit: int) -> list[Watched]:
    """At most `limit` numbers after this one, in their order."""
    return [
        Watched(number=number, user=user, since=since, until=until, ready=ready)
        for number, user, since, until, ready in cursor.execute(_PAGE, (after, limit))
    ]


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` numbers that nobody waits for any more; how many."""
    return cursor.execute(_SWEEP, (now, limit)).rowcount
