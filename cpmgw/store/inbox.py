"""Mail that was acknowledged, row by row, until it is done and known no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cpmgw.mail_records import InboxMail, OutboxMail, Repeated
from cpmgw.store import outbox

_REPEATED: Final = """
    SELECT id, key, answers, settled FROM inbox WHERE service = ? AND repeat = ?
"""
_INSERT: Final = """
    INSERT INTO inbox (
        key, service, repeat, due, attempts, settled, size, path, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_AGAIN: Final = """
    UPDATE inbox SET
        due = ?, attempts = ?, settled = ?, size = ?, path = ?, content = ?,
        expires = NULL, answers = NULL
    WHERE id = ?
"""
_INSERT_OCTETS: Final = "INSERT INTO inbox_contents (mail, octets) VALUES (?, ?)"
_DUE: Final = """
    SELECT m.content, m.due, m.attempts, m.settled, m.path, c.octets
    FROM inbox AS m LEFT JOIN inbox_contents AS c ON c.mail = m.id
    WHERE m.expires IS NULL AND m.service = ? AND m.key > ? AND m.due <= ?
    ORDER BY m.key LIMIT ?
"""
_SETTLED: Final = "SELECT settled FROM inbox WHERE key = ? AND expires IS NULL"
_SETTLE: Final = "UPDATE inbox SET settled = ? WHERE key = ?"
_PUT_OFF: Final = """
    UPDATE inbox SET due = ?, attempts = attempts + 1
    WHERE key = ? AND expires IS NULL
"""
_OPEN: Final = "SELECT id, size, path FROM inbox WHERE key = ? AND expires IS NULL"
_FINISH: Final = """
    UPDATE inbox SET expires = ?, answers = ?, path = NULL, content = x''
    WHERE id = ?
"""
_DROP_OCTETS: Final = "DELETE FROM inbox_contents WHERE mail = ?"
_SWEEP: Final = """
    DELETE FROM inbox WHERE id IN (
        SELECT id FROM inbox WHERE expires <= ? ORDER BY expires LIMIT ?)
"""
_STORED: Final = "SELECT count(*), total(size) FROM inbox WHERE expires IS NULL"
_FILES: Final = """
    SELECT key, service, size, path FROM inbox
    WHERE expires IS NULL AND path IS NOT NULL
"""
_MOVED: Final = "UPDATE inbox SET path = ? WHERE key = ?"
_LOST: Final = "UPDATE inbox SET path = NULL WHERE key = ?"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(InboxMail).decode
_decode_answers: Final = msgspec.msgpack.Decoder(tuple[OutboxMail, ...]).decode
_decode_settled: Final = msgspec.msgpack.Decoder(list[str]).decode


class Freed(NamedTuple):
    """What a mail took that is done: so many octets, and a file if it had one."""

    size: int
    path: Path | None


class InFile(NamedTuple):
    """A mail whose content is in a file, as its row has it."""

    key: str
    service: str
    size: int
    path: Path


def accept(cursor: sqlite3.Cursor, mail: InboxMail) -> InboxMail | Repeated:
    """Add a mail, unless it repeats; its file, if it has one, is safe already."""
    known = cursor.execute(_REPEATED, (mail.service, mail.repeat)).fetchone()
    if known is None:
        cursor.execute(_INSERT, (mail.key, mail.service, mail.repeat, *_values(mail)))
        return _with_octets(cursor, cursor.lastrowid, mail)
    number, key, answers, settled = known
    if answers is None:
        return Repeated()
    words = tuple(_decode_settled(settled))
    if all(words):
        return Repeated(_decode_answers(answers))
    again = msgspec.structs.replace(mail, key=key, settled=words)
    cursor.execute(_AGAIN, (*_values(again), number))
    return _with_octets(cursor, number, again)


def _values(mail: InboxMail) -> tuple[object, ...]:
    """What a row has of an open mail."""
    bare = msgspec.structs.replace(mail, content=b"", path=None, settled=())
    return (
        mail.due,
        mail.attempts,
        _encode(mail.settled),
        mail.size,
        None if mail.path is None else str(mail.path),
        _encode(bare),
    )


def _with_octets(
    cursor: sqlite3.Cursor, number: int | None, mail: InboxMail
) -> InboxMail:
    if mail.content:
        cursor.execute(_INSERT_OCTETS, (number, mail.content))
    return mail


def due(
    cursor: sqlite3.Cursor,
    service: str,
    now: float,
    after: str,
    limit: int,
    octets: int,
) -> list[InboxMail]:
    """At most `limit` open mails by key, none more once they have so many octets."""
    mails: list[InboxMail] = []
    for row in cursor.execute(_DUE, (service, after, now, limit)):
        mail = _mail(*row)
        mails.append(mail)
        octets -= len(mail.content)
        if octets <= 0:
            break
    return mails


def _mail(
    content: bytes,
    due: float,
    attempts: int,
    settled: bytes,
    path: str | None,
    octets: bytes | None,
) -> InboxMail:
    """A mail of its row."""
    return msgspec.structs.replace(
        _decode(content),
        due=due,
        attempts=attempts,
        settled=tuple(_decode_settled(settled)),
        path=None if path is None else Path(path),
        content=octets or b"",
    )


def settle(cursor: sqlite3.Cursor, key: str, recipient: int, word: str) -> None:
    """Note what became of an open mail for one of its recipients."""
    found = cursor.execute(_SETTLED, (key,)).fetchone()
    if found is None:
        return
    settled = _decode_settled(found[0])
    settled[recipient] = word
    cursor.execute(_SETTLE, (_encode(settled), key))


def put_off(cursor: sqlite3.Cursor, key: str, due: float) -> None:
    """Have an open mail be due later."""
    cursor.execute(_PUT_OFF, (due, key))


def finish(
    cursor: sqlite3.Cursor, key: str, answers: Sequence[OutboxMail], until: float
) -> Freed | None:
    """An open mail is done; None where there is none of this key."""
    found = cursor.execute(_OPEN, (key,)).fetchone()
    if found is None:
        return None
    number, size, path = found
    cursor.execute(_FINISH, (until, _encode(answers), number))
    cursor.execute(_DROP_OCTETS, (number,))
    outbox.post(cursor, answers)
    return Freed(size, None if path is None else Path(path))


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` mails that are done and known for long enough; how many."""
    return cursor.execute(_SWEEP, (now, limit)).rowcount


# -- at the start ----------------------------------------------------------------------


def stored(cursor: sqlite3.Cursor) -> tuple[int, int]:
    """How many open mails there are, and their octets."""
    mails, octets = cursor.execute(_STORED).fetchone()
    return mails, int(octets)


def in_files(cursor: sqlite3.Cursor) -> list[InFile]:
    """The open mails whose content is in files."""
    return [
        InFile(key, service, size, Path(path))
        for key, service, size, path in cursor.execute(_FILES)
    ]


def moved(cursor: sqlite3.Cursor, key: str, path: Path) -> None:
    """The file of a mail is at another place."""
    cursor.execute(_MOVED, (str(path), key))


def lost(cursor: sqlite3.Cursor, key: str) -> None:
    """The file of a mail is nowhere."""
    cursor.execute(_LOST, (key,))
