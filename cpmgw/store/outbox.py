"""Mail of ours that has to reach a relay, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

import msgspec

from cpmgw.mail_records import OutboxMail

# Seconds for which a mail that expired is still given, so that its service gives it up
# and says so; without one it goes in silence.
_FORSAKEN: Final = 86_400.0

_INSERT: Final = """
    INSERT INTO outbox (
        key, service, quoted, due, attempts, taken, expires, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO NOTHING
"""
_DUE: Final = """
    SELECT content, due, attempts, taken FROM outbox
    WHERE service = ? AND key > ? AND due <= ? ORDER BY key LIMIT ?
"""
_TAKEN: Final = "DELETE FROM outbox WHERE key = ? AND quoted = ''"
_AWAIT: Final = """
    UPDATE outbox SET due = ?, attempts = 0, taken = taken + 1 WHERE key = ?
"""
_PUT_OFF: Final = """
    UPDATE outbox SET due = ?, attempts = attempts + 1 WHERE key = ?
"""
_QUOTED: Final = """
    SELECT content, due, attempts, taken FROM outbox
    WHERE service = ? AND quoted = ? AND quoted <> '' LIMIT 1
"""
_DROP: Final = "DELETE FROM outbox WHERE key = ?"
_SWEEP: Final = """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE expires <= ? ORDER BY expires LIMIT ?)
"""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(OutboxMail).decode


def post(cursor: sqlite3.Cursor, mails: Iterable[OutboxMail]) -> None:
    """Add mails; one whose key is there stays as it is."""
    for mail in mails:
        cursor.execute(
            _INSERT,
            (
                mail.key,
                mail.service,
                mail.transaction,
                mail.due,
                mail.attempts,
                mail.taken,
                mail.expires,
                _encode(mail),
            ),
        )


def due(
    cursor: sqlite3.Cursor,
    service: str,
    now: float,
    after: str,
    limit: int,
    octets: int,
) -> list[OutboxMail]:
    """At most `limit` mails by key, none more once they have so many octets."""
    mails: list[OutboxMail] = []
    for row in cursor.execute(_DUE, (service, after, now, limit)):
        mail = _mail(*row)
        mails.append(mail)
        octets -= len(mail.content)
        if octets <= 0:
            break
    return mails


def _mail(content: bytes, due: float, attempts: int, taken: int) -> OutboxMail:
    """A mail of its row."""
    return msgspec.structs.replace(
        _decode(content), due=due, attempts=attempts, taken=taken
    )


def taken(cursor: sqlite3.Cursor, key: str, due: float) -> None:
    """Drop a mail that a relay has taken, or have it wait for its answer."""
    if not cursor.execute(_TAKEN, (key,)).rowcount:
        cursor.execute(_AWAIT, (due, key))


def put_off(cursor: sqlite3.Cursor, key: str, due: float) -> None:
    """Have a mail that no relay took go later."""
    cursor.execute(_PUT_OFF, (due, key))


def answered(
    cursor: sqlite3.Cursor, service: str, transaction: str
) -> OutboxMail | None:
    """Drop and give the mail that waits for an answer of this transaction."""
    found = cursor.execute(_QUOTED, (service, transaction)).fetchone()
    if found is None:
        return None
    mail = _mail(*found)
    drop(cursor, mail.key)
    return mail


def drop(cursor: sqlite3.Cursor, key: str) -> None:
    """Forget a mail."""
    cursor.execute(_DROP, (key,))


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` mails that expired long ago; how many."""
    return cursor.execute(_SWEEP, (now - _FORSAKEN, limit)).rowcount
