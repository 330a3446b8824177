"""The answers once given to requests: repeats get them again (RFC 3261 17.2.2)."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from cpmgw.records import Answer

_INSERT: Final = "INSERT INTO answers (expires, content) VALUES (?, ?)"
_LIVE: Final = "SELECT content FROM answers WHERE expires > ? ORDER BY id"
_SWEEP: Final = """
    DELETE FROM answers WHERE id IN (
        SELECT id FROM answers WHERE expires <= ? ORDER BY expires LIMIT ?)
"""

# The status of what is no answer any more.
_NONE: Final = 0

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Answer).decode


def keep(cursor: sqlite3.Cursor, answer: Answer) -> None:
    """Add an answer; it takes the place of an earlier one with the same key."""
    cursor.execute(_INSERT, (answer.expires, _encode(answer)))


def forget(cursor: sqlite3.Cursor, key: bytes, expires: float) -> None:
    """Take an answer back; what says so must be kept no shorter than the answer."""
    keep(cursor, Answer(key=key, status=_NONE, reason="", expires=expires))


def live(cursor: sqlite3.Cursor, now: float) -> list[Answer]:
    """Every answer that has not expired, the last one of each key."""
    newest: dict[bytes, Answer] = {}
    for (content,) in cursor.execute(_LIVE, (now,)):
        answer = _decode(content)
        newest[answer.key] = answer
    return [answer for answer in newest.values() if answer.status != _NONE]


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` expired answers; how many."""
    return cursor.execute(_SWEEP, (now, limit)).rowcount
