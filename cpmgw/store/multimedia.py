"""What reports of MMS need, row by row (TS 6.3.1.1.3, 6.3.1.2.1 step 4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import msgspec

from cpmgw.mail_records import OutboxMail, ReceivedMms, SentMms
from cpmgw.store import answers, outbox

_KEEP_SENT: Final = """
    INSERT INTO mms_sent (message_id, expires, content) VALUES (?, ?, ?)
    ON CONFLICT (message_id) DO UPDATE SET
        expires = excluded.expires, content = excluded.content
"""
_SENT: Final = "SELECT content FROM mms_sent WHERE message_id = ?"
_TOLD_OF_SENT: Final = "UPDATE mms_sent SET content = ? WHERE message_id = ?"
_DROP_SENT: Final = "DELETE FROM mms_sent WHERE message_id = ?"
_SWEEP_SENT: Final = """
    DELETE FROM mms_sent WHERE message_id IN (
        SELECT message_id FROM mms_sent WHERE expires <= ? ORDER BY expires LIMIT ?)
"""
_KEEP_RECEIVED: Final = """
    INSERT INTO mms_received (imdn_id, expires, content) VALUES (?, ?, ?)
    ON CONFLICT (imdn_id) DO NOTHING
"""
_RECEIVED: Final = "SELECT content FROM mms_received WHERE imdn_id = ?"
_REPORTED: Final = "UPDATE mms_received SET content = ? WHERE imdn_id = ?"
_SWEEP_RECEIVED: Final = """
    DELETE FROM mms_received WHERE imdn_id IN (
        SELECT imdn_id FROM mms_received WHERE expires <= ? ORDER BY expires LIMIT ?)
"""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_sent: Final = msgspec.msgpack.Decoder(SentMms).decode
_decode_received: Final = msgspec.msgpack.Decoder(ReceivedMms).decode


def keep_sent(cursor: sqlite3.Cursor, message: SentMms) -> None:
    """Keep a sent message, in place of one of the same id."""
    cursor.execute(_KEEP_SENT, (message.message_id, message.expires, _encode(message)))


def sent(cursor: sqlite3.Cursor, message_id: str) -> SentMms | None:
    """A sent message, None if it is not known."""
    found = cursor.execute(_SENT, (message_id,)).fetchone()
    return None if found is None else _decode_sent(found[0])


def told_of_sent(
    cursor: sqlite3.Cursor, message_id: str, kind: str, forget: bytes, until: float
) -> None:
    """Note that the CPM side was told; take an answer back where a key is given."""
    message = sent(cursor, message_id)
    if message is not None and kind not in message.told:
        told = msgspec.structs.replace(message, told=(*message.told, kind))
        cursor.execute(_TOLD_OF_SENT, (_encode(told), message_id))
    if forget:
        answers.forget(cursor, forget, until)


def drop_sent(cursor: sqlite3.Cursor, message_id: str) -> None:
    """Forget a sent message."""
    cursor.execute(_DROP_SENT, (message_id,))


def keep_received(cursor: sqlite3.Cursor, message: ReceivedMms) -> None:
    """Keep a received message; one that is known stays as it is."""
    cursor.execute(_KEEP_RECEIVED, (message.imdn_id, message.expires, _encode(message)))


def received(cursor: sqlite3.Cursor, imdn_id: str) -> ReceivedMms | None:
    """A received message, None if it is not known."""
    found = cursor.execute(_RECEIVED, (imdn_id,)).fetchone()
    return None if found is None else _decode_received(found[0])


def report(
    cursor: sqlite3.Cursor, imdn_id: str, reports: Mapping[str, OutboxMail]
) -> tuple[str, ...]:
    """Note and post those reports that have not gone back; their kinds."""
    message = received(cursor, imdn_id)
    if message is None:
        return ()
    new = tuple(kind for kind in reports if kind not in message.told)
    if new:
        told = msgspec.structs.replace(message, told=message.told + new)
        cursor.execute(_REPORTED, (_encode(told), imdn_id))
        outbox.post(cursor, [reports[kind] for kind in new])
    return new


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` expired messages of either kind; how many."""
    return (
        cursor.execute(_SWEEP_SENT, (now, limit)).rowcount
        + cursor.execute(_SWEEP_RECEIVED, (now, limit)).rowcount
    )
