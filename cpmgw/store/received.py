"""Messages from an SM-SC, segment by segment (TS 6.2.2.2.1 step 2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from cpmgw.records import Collected, ReceivedSegment

# Messages of one reference that are looked through for a repeat, newest first.
_DEPTH: Final = 16
# Messages that one call of `overdue` gives.
_OVERDUE: Final = 1000
# A delivery at 0 (a clock that starts there) still counts as one.
_EARLIEST: Final = 1e-6

_FIND: Final = """
    SELECT m.id, m.reference, m.collection, m.identity, m.total, m.delivered, m.expires,
           s.fingerprint
    FROM received_messages AS m
    LEFT JOIN received_segments AS s ON s.message = m.id AND s.number = ?
    WHERE m.reference = ?
    ORDER BY m.id DESC LIMIT ?
"""
_SEGMENTS: Final = """
    SELECT number, octets, fingerprint, centre, session, received, expires
    FROM received_segments WHERE message = ? ORDER BY number
"""
_INSERT: Final = """
    INSERT INTO received_messages (reference, collection, identity, total, expires)
    VALUES (?, ?, ?, ?, ?)
"""
_KEEP_SEGMENT: Final = """
    INSERT INTO received_segments (
        message, number, octets, fingerprint, centre, session, received, expires)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (message, number) DO UPDATE SET
        octets = excluded.octets, centre = excluded.centre,
        session = excluded.session, received = excluded.received
"""
_DELIVERED: Final = """
    UPDATE received_messages SET delivered = ?, expires = ?
    WHERE collection = ? AND delivered = 0
"""
_EMPTY: Final = """
    UPDATE received_segments SET octets = x''
    WHERE message = (SELECT id FROM received_messages WHERE collection = ?)
"""
_NUMBERS: Final = """
    SELECT message, number FROM received_segments
    WHERE message = (SELECT id FROM received_messages WHERE collection = ?)
"""
_REPEATS: Final = """
    SELECT 1 FROM received_messages AS new JOIN received_messages AS old
    ON old.reference = new.reference AND old.delivered <> 0 AND old.id <> new.id
    WHERE new.collection = ? AND NOT EXISTS (
        SELECT 1 FROM received_segments AS s
        WHERE s.message = new.id AND NOT EXISTS (
            SELECT 1 FROM received_segments AS t
            WHERE t.message = old.id AND t.number = s.number
            AND t.fingerprint = s.fingerprint))
"""
_OF_COLLECTION: Final = """
    SELECT id FROM received_messages WHERE collection = ? AND delivered = 0
"""
_ONE: Final = """
    SELECT id, reference, collection, identity, total, delivered, expires
    FROM received_messages WHERE collection = ?
"""
_OVERDUE_MESSAGES: Final = """
    SELECT collection FROM received_messages
    WHERE delivered = 0 AND expires <= ? ORDER BY expires LIMIT ?
"""
_PUT_OFF: Final = """
    UPDATE received_messages SET expires = ? WHERE collection = ? AND delivered = 0
"""
_DONE: Final = """
    SELECT id FROM received_messages
    WHERE delivered <> 0 AND expires <= ? ORDER BY expires LIMIT ?
"""
_DROP: Final = "DELETE FROM received_messages WHERE id = ?"
_DROP_SEGMENTS: Final = "DELETE FROM received_segments WHERE message = ?"
_DROP_SEGMENT: Final = "DELETE FROM received_segments WHERE message = ? AND number = ?"


class _Message(NamedTuple):
    """A row of received_messages."""

    number: int
    reference: str
    collection: str
    identity: str
    total: int
    delivered: float
    expires: float


def collect(
    cursor: sqlite3.Cursor, segment: ReceivedSegment, identity: str, anew: bool = False
) -> Collected:
    """Add a segment to its message, a new one (named `identity`) where none fits.

    With `anew`, messages that were delivered do not fit, whatever is in them.
    """
    rows = cursor.execute(
        _FIND, (segment.number, segment.collection, _DEPTH)
    ).fetchall()
    message = _home(rows, segment, anew)
    if message is None:
        # The name of a message that is still known stays its own: who holds it may
        # be about to report its delivery.
        name = f"{segment.collection}#{identity}" if rows else segment.collection
        cursor.execute(
            _INSERT,
            (segment.collection, name, identity, segment.total, segment.expires),
        )
        number = cursor.lastrowid
        assert number is not None
        message = _Message(
            number,
            segment.collection,
            name,
            identity,
            segment.total,
            0.0,
            segment.expires,
        )
    if not message.delivered:
        cursor.execute(
            _KEEP_SEGMENT,
            (
                message.number,
                segment.number,
                segment.octets,
                segment.fingerprint,
                segment.centre,
                segment.session,
                segment.received,
                segment.expires,
            ),
        )
    return _collected(cursor, message)


def _home(
    rows: Sequence[tuple[object, ...]], new: ReceivedSegment, anew: bool
) -> _Message | None:
    """The message that a segment is of, or None if it begins one.

    One that has the very segment is it, delivered or not. Else the newest takes it
    when it waits for it; a reference used again goes to a new message.
    """
    known = [(_Message._make(row[:7]), row[7]) for row in rows]
    for message, fingerprint in known:
        if anew and message.delivered:
            continue
        if fingerprint == new.fingerprint and message.total == new.total:
            return message
    if known:
        message, fingerprint = known[0]
        waits = fingerprint is None and not message.delivered
        if waits and message.total == new.total:
            return message
    return None


def _collected(cursor: sqlite3.Cursor, message: _Message) -> Collected:
    """A message with the segments that are here."""
    segments = tuple(
        ReceivedSegment(
            collection=message.reference,
            number=number,
            total=message.total,
            octets=octets,
            fingerprint=fingerprint,
            centre=centre,
            session=session,
            received=received,
            expires=expires,
        )
        for number, octets, fingerprint, centre, session, received, expires in (
            cursor.execute(_SEGMENTS, (message.number,))
        )
    )
    return Collected(
        collection=message.collection,
        identity=message.identity,
        total=message.total,
        segments=segments,
        delivered=message.delivered,
        expires=message.expires,
    )


def delivered(
    cursor: sqlite3.Cursor,
    collection: str,
    at: float,
    until: float,
    numbers: Collection[int] = (),
) -> None:
    """Note a delivery and let go of the text: the fingerprints stay `until`.

    Segments beside those of `numbers`, where there are any, were not in it and go.
    """
    cursor.execute(_DELIVERED, (max(at, _EARLIEST), until, collection))
    cursor.execute(_EMPTY, (collection,))
    if numbers:
        kept = cursor.execute(_NUMBERS, (collection,)).fetchall()
        unsent = [row for row in kept if row[1] not in numbers]
        cursor.executemany(_DROP_SEGMENT, unsent)


def repeats(cursor: sqlite3.Cursor, collection: str) -> bool:
    """Whether all segments of a message stand in another one that was delivered."""
    return cursor.execute(_REPEATS, (collection,)).fetchone() is not None


def find(cursor: sqlite3.Cursor, collection: str) -> Collected | None:
    """A message by its name, None if it is not known any more."""
    row = cursor.execute(_ONE, (collection,)).fetchone()
    return None if row is None else _collected(cursor, _Message._make(row))


def discard(cursor: sqlite3.Cursor, collection: str) -> None:
    """Drop a message that was not delivered, with its segments."""
    _drop(cursor, cursor.execute(_OF_COLLECTION, (collection,)).fetchall())


def overdue(cursor: sqlite3.Cursor, now: float) -> list[str]:
    """Undelivered messages past their time, the oldest first, at most a thousand."""
    return [name for (name,) in cursor.execute(_OVERDUE_MESSAGES, (now, _OVERDUE))]


def put_off(cursor: sqlite3.Cursor, collection: str, until: float) -> None:
    """Set another time for a message that was not delivered."""
    cursor.execute(_PUT_OFF, (until, collection))


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` delivered messages whose time is over; how many."""
    done = cursor.execute(_DONE, (now, limit)).fetchall()
    _drop(cursor, done)
    return len(done)


def _drop(cursor: sqlite3.Cursor, numbers: Sequence[tuple[int]]) -> None:
    cursor.executemany(_DROP_SEGMENTS, numbers)
    cursor.executemany(_DROP, numbers)
