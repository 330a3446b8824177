"""The numbers of the pools: which is free, and how many a user has (TS 5.1 step 7a.vi).

Of which session a number is, iw_numbers.py knows; it tells of all that changes.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from cpmgw.records import NumberPool

_FREE_ALONE: Final = """
    SELECT number FROM iw_numbers
    WHERE pool = ? AND standing = 0 ORDER BY turn, number LIMIT 1
"""
# After where this user's search has come to: numbers that were given back by others
# since are all that is looked at in vain, once each.
_FREE_FOR_USER: Final = """
    SELECT n.turn, n.number FROM iw_numbers AS n
    WHERE n.pool = ? AND (n.turn, n.number) > (?, ?) AND NOT EXISTS (
        SELECT 1 FROM iw_allocations AS a WHERE a.number = n.number AND a.user = ?)
    ORDER BY n.turn, n.number LIMIT 1
"""
_LAST: Final = """
    SELECT turn, number FROM iw_numbers
    WHERE pool = ? ORDER BY turn DESC, number DESC LIMIT 1
"""
_USER: Final = "SELECT sessions, turn, number FROM iw_users WHERE pool = ? AND user = ?"
_COME_TO: Final = "UPDATE iw_users SET turn = ?, number = ? WHERE pool = ? AND user = ?"
_ONE_MORE: Final = """
    INSERT INTO iw_users (pool, user, sessions) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET sessions = sessions + 1
"""
_ONE_LESS: Final = """
    UPDATE iw_users SET sessions = sessions - 1 WHERE pool = ? AND user = ?
"""
_NO_MORE: Final = "DELETE FROM iw_users WHERE pool = ? AND user = ? AND sessions = 0"

_TAKE: Final = "UPDATE iw_numbers SET standing = standing + 1 WHERE number = ?"
_GIVE_BACK: Final = """
    UPDATE iw_numbers SET standing = standing - 1, turn = 1 + (
        SELECT max(turn) FROM iw_numbers AS others WHERE others.pool = iw_numbers.pool)
    WHERE number = ?
"""
_STANDING: Final = "SELECT standing FROM iw_numbers WHERE number = ?"
_FORGET: Final = (
    "DELETE FROM iw_numbers WHERE number = ? AND pool = '' AND standing = 0"
)


def free(cursor: sqlite3.Cursor, pool: NumberPool, user: str) -> str | None:
    """The free number that was given back longest ago, those that never were first."""
    if has_most(cursor, pool, user):
        return None
    if pool.shared:
        return _free_for_user(cursor, pool.name, user)
    found = cursor.execute(_FREE_ALONE, (pool.name,)).fetchone()
    return None if found is None else found[0]


def _free_for_user(cursor: sqlite3.Cursor, pool: str, user: str) -> str | None:
    """The first number that stands for no session of a user.

    What is before where the last search has come to needs no look: a number that is
    given back gets a later turn than all others of its pool.
    """
    _, *come_to = _user(cursor, pool, user)
    found = cursor.execute(_FREE_FOR_USER, (pool, *come_to, user)).fetchone()
    reached = found or cursor.execute(_LAST, (pool,)).fetchone()
    if reached not in (None, tuple(come_to)):  # a refusal need not write
        cursor.execute(_COME_TO, (*reached, pool, user))
    return None if found is None else found[1]


def _user(cursor: sqlite3.Cursor, pool: str, user: str) -> tuple[int, int, str]:
    """How many sessions a user has in a pool; turn and number that are come to."""
    row: tuple[int, int, str] | None = cursor.execute(_USER, (pool, user)).fetchone()
    return row or (0, -1, "")


def has_most(cursor: sqlite3.Cursor, pool: NumberPool, user: str) -> bool:
    """Whether the sessions of a user have all the numbers that they may have."""
    sessions, _, _ = _user(cursor, pool.name, user)
    return 0 < pool.most_per_user <= sessions


def stands(cursor: sqlite3.Cursor, number: str) -> bool:
    """Whether a number of a pool stands for any session."""
    standing: int = cursor.execute(_STANDING, (number,)).fetchone()[0]
    return standing > 0


def take(cursor: sqlite3.Cursor, number: str, pool: str, user: str) -> None:
    """Have a number stand for one session more, which is this user's."""
    cursor.execute(_TAKE, (number,))
    cursor.execute(_ONE_MORE, (pool, user))


def give_back(cursor: sqlite3.Cursor, number: str, pool: str, user: str) -> None:
    """Have it stand for one less; it comes last in its pool, if it is in one."""
    cursor.execute(_ONE_LESS, (pool, user))
    cursor.execute(_NO_MORE, (pool, user))
    cursor.execute(_GIVE_BACK, (number,))
    cursor.execute(_FORGET, (number,))
