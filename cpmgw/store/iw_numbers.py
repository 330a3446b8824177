"""Interworking numbers and the sessions that they stand for (TS 5.1, 5.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from cpmgw.records import Allocation, GroupSession, NumberPool, PoolUse, Shortage
from cpmgw.store import free_numbers
from cpmgw.store.free_numbers import free, has_most, stands

# How many idle sessions one call ends at most in search of a number.
MOST_ENDED: Final = 100

_LIST: Final = """
    CREATE TEMP TABLE offered (
        number TEXT NOT NULL PRIMARY KEY, pool TEXT NOT NULL) WITHOUT ROWID
"""
_LIST_NUMBER: Final = "INSERT INTO temp.offered (number, pool) VALUES (?, ?)"
# In this order: what is not offered loses its pool, and goes where it stands for
# nothing; what is offered is there and in its pool; the allocations follow, and what is
# known of users is found out again.
_OFFER: Final = (
    """
    UPDATE iw_numbers SET pool = ''
    WHERE pool <> '' AND number NOT IN (SELECT number FROM temp.offered)
    """,
    "DELETE FROM iw_numbers WHERE pool = '' AND standing = 0",
    """
    UPDATE iw_numbers SET pool = o.pool FROM temp.offered AS o
    WHERE o.number = iw_numbers.number AND o.pool <> iw_numbers.pool
    """,
    """
    INSERT INTO iw_numbers (number, pool) SELECT number, pool FROM temp.offered
    WHERE number NOT IN (SELECT number FROM iw_numbers)
    """,
    """
    UPDATE iw_allocations SET pool = n.pool FROM iw_numbers AS n
    WHERE n.number = iw_allocations.number AND n.pool <> iw_allocations.pool
    """,
    "DELETE FROM iw_users",
    """
    INSERT INTO iw_users (pool, user, sessions)
    SELECT pool, user, count(*) FROM iw_allocations GROUP BY pool, user
    """,
    "DROP TABLE temp.offered",
)

_IDLE: Final = """
    SELECT number, user FROM iw_allocations
    WHERE pool = ? AND used <= ? ORDER BY used LIMIT 1
"""
_IDLE_OF_USER: Final = """
    SELECT number, user FROM iw_allocations
    WHERE pool = ? AND used <= ? AND user = ? ORDER BY used LIMIT 1
"""

_INSERT: Final = """
    INSERT INTO iw_allocations (
        number, user, conversation, contribution, session, address, service, pool,
        alone, allocated, used, one_to_one)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_USE: Final = """
    UPDATE iw_allocations SET used = max(used, ?), uses = uses + 1, address = ?
    WHERE number = ? AND user = ?
"""
_DELETE: Final = "DELETE FROM iw_allocations WHERE number = ? AND user = ?"

_COLUMNS: Final = """
    SELECT number, user, conversation, contribution, session, address, service, pool,
           allocated, used, uses, one_to_one
    FROM iw_allocations
"""
_OF_SESSION: Final = f"""{_COLUMNS}
    WHERE user = ? AND conversation = ? AND contribution = ? AND session = ?
"""
_OF_NUMBER: Final = f"{_COLUMNS} WHERE number = ? AND user = ?"
_PAGE: Final = f"""{_COLUMNS}
    WHERE (number, user) > (?, ?) ORDER BY number, user LIMIT ?
"""
_POOLS: Final = """
    SELECT pool, count(*), sum(standing > 0), sum(standing)
    FROM iw_numbers GROUP BY pool ORDER BY pool
"""

_LOST: Final = """
    SELECT number, user, pool FROM iw_allocations
    WHERE one_to_one AND (used <= ? OR (conversation <> '' AND used <= ?))
    ORDER BY used LIMIT ?
"""

_Row = tuple[str, str, str, str, str, str, str, str, float, float, int, int]


def offer(cursor: sqlite3.Cursor, pools: Sequence[NumberPool]) -> None:
    """Make the numbers that can be given those of the pools."""
    cursor.execute(_LIST)
    cursor.executemany(_LIST_NUMBER, _numbers(pools))
    for statement in _OFFER:
        cursor.execute(statement)


def _numbers(pools: Sequence[NumberPool]) -> Iterator[tuple[str, str]]:
    for pool in pools:
        for first, last in pool.ranges:
            for number in range(first, last + 1):
                yield f"+{number}", pool.name


def allocate(
    cursor: sqlite3.Cursor,
    session: GroupSession,
    service: str,
    pools: Sequence[NumberPool],
    now: float,
) -> Allocation | Shortage:
    """The number of a session, else a free one of the pools, else an idle one.

    What it costs does not grow with the pools, nor with the sessions of the user.
    """
    known = find(cursor, session)
    if known is not None:
        return _used_again(cursor, known, now, session.address)
    for pool in pools:
        number = free(cursor, pool, session.user)
        if number is not None:
            return _give(cursor, number, session, service, pool, now)
    for pool in pools:
        number = _reclaimed(cursor, pool, session.user, now)
        if number is not None:
            return _give(cursor, number, session, service, pool, now)
    if any(has_most(cursor, pool, session.user) for pool in pools):
        return Shortage.TOO_MANY
    return Shortage.NONE_FREE


def _reclaimed(
    cursor: sqlite3.Cursor, pool: NumberPool, user: str, now: float
) -> str | None:
    """The number that was idle longest, taken from its session; None if none is idle.

    A shared number is of use to a user only where it stood for the user's own session,
    and who has as many as allowed may have no other. Where a number that is no longer
    shared stands for several sessions, it is free once the last of them is ended.
    """
    if not pool.idle:
        return None
    query, key = _IDLE, [pool.name, now - pool.idle]
    if pool.shared or has_most(cursor, pool, user):
        query, key = _IDLE_OF_USER, [*key, user]
    for _ in range(MOST_ENDED):
        found = cursor.execute(query, key).fetchone()
        if found is None:
            return None
        number: str = found[0]
        _drop(cursor, number, pool.name, found[1])
        if pool.shared or not stands(cursor, number):
            return number
    return None


def _give(
    cursor: sqlite3.Cursor,
    number: str,
    session: GroupSession,
    service: str,
    pool: NumberPool,
    now: float,
) -> Allocation:
    cursor.execute(
        _INSERT,
        (
            number,
            session.user,
            session.conversation_id,
            session.contribution_id,
            session.session,
            session.address,
            service,
            pool.name,
            not pool.shared,
            now,
            now,
            session.one_to_one,
        ),
    )
    free_numbers.take(cursor, number, pool.name, session.user)
    return Allocation(
        number=number,
        group_session=session,
        pool=pool.name,
        service=service,
        allocated=now,
        used=now,
        fresh=True,
    )


def _used_again(
    cursor: sqlite3.Cursor, known: Allocation, now: float, address: str
) -> Allocation:
    """Count a use; the newest address of the session is the one to reach it by."""
    session = known.group_session
    address = address or session.address
    cursor.execute(_USE, (now, address, known.number, session.user))
    return msgspec.structs.replace(
        known,
        group_session=msgspec.structs.replace(session, address=address),
        used=max(known.used, now),
        uses=known.uses + 1,
    )


def find(cursor: sqlite3.Cursor, session: GroupSession) -> Allocation | None:
    """The number of a session (TS 5.2 a to d)."""
    key = (
        session.user,
        session.conversation_id,
        session.contribution_id,
        session.session,
    )
    return _allocation(cursor.execute(_OF_SESSION, key).fetchone())


def by_number(cursor: sqlite3.Cursor, number: str, user: str) -> Allocation | None:
    """The session of a user that a number stands for."""
    return _allocation(cursor.execute(_OF_NUMBER, (number, user)).fetchone())


def release(cursor: sqlite3.Cursor, session: GroupSession) -> bool:
    """Take the number of a session back; whether it had one."""
    known = find(cursor, session)
    if known is None:
        return False
    _drop(cursor, known.number, known.pool, session.user)
    return True


def take_back(cursor: sqlite3.Cursor, allocation: Allocation) -> bool:
    """Release an allocation unless it was used since, or is another one by now."""
    known = find(cursor, allocation.group_session)
    if known is None or _state(known) != _state(allocation):
        return False
    _drop(cursor, known.number, known.pool, known.group_session.user)
    return True


def end_lost(cursor: sqlite3.Cursor, before: float, apart: float, limit: int) -> int:
    """Take back numbers of sessions of two last used `before` then; how many.

    One that has a conversation is of that session alone, which cannot begin again:
    `apart` is for those.
    """
    lost = cursor.execute(_LOST, (before, apart, limit)).fetchall()
    for number, user, pool in lost:
        _drop(cursor, number, pool, user)
    return len(lost)


def _state(allocation: Allocation) -> tuple[str, float, int]:
    return allocation.number, allocation.allocated, allocation.uses


def _drop(cursor: sqlite3.Cursor, number: str, pool: str, user: str) -> None:
    """End what a number stands for where this user is concerned."""
    cursor.execute(_DELETE, (number, user))
    free_numbers.give_back(cursor, number, pool, user)


def allocations(
    cursor: sqlite3.Cursor, after: tuple[str, str], limit: int
) -> list[Allocation]:
    """At most `limit` allocations after a number and user, in their order."""
    rows = cursor.execute(_PAGE, (*after, limit))
    return [found for row in rows if (found := _allocation(row)) is not None]


def pools(cursor: sqlite3.Cursor) -> list[PoolUse]:
    """How much of each pool is in use."""
    return [PoolUse(*row) for row in cursor.execute(_POOLS)]


def _allocation(row: _Row | None) -> Allocation | None:
    if row is None:
        return None
    session = GroupSession(
        user=row[1],
        conversation_id=row[2],
        contribution_id=row[3],
        session=row[4],
        address=row[5],
        one_to_one=bool(row[11]),
    )
    return Allocation(
        number=row[0],
        group_session=session,
        service=row[6],
        pool=row[7],
        allocated=row[8],
        used=row[9],
        uses=row[10],
    )
