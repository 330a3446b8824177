"""Messages sent as short messages, and the reports on them (TS 6.1.1, 6.2.2.1.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from cpmgw.records import Reported, SegmentReport, SentMessage

_DELIVERED: Final = 2
_UNKNOWN: Final = 7
# SMPP 3.4 5.2.28: EXPIRED, DELETED, UNDELIVERABLE and REJECTED are final beside
# DELIVERED; SKIPPED is SMPP 5.0's. ENROUTE, ACCEPTED and SCHEDULED are on the way.
_FINAL: Final = frozenset({_DELIVERED, 3, 4, 5, _UNKNOWN, 8, 9})

_INSERT: Final = "INSERT INTO sent_messages (key, expires, content) VALUES (?, ?, ?)"
_INSERT_SEGMENT: Final = """
    INSERT INTO sent_segments (centre, message_id, message) VALUES (?, ?, ?)
    ON CONFLICT (centre, message_id, message) DO NOTHING
"""
_FIND: Final = """
    SELECT m.id, m.content, m.reports, m.settled
    FROM sent_segments AS s JOIN sent_messages AS m ON m.id = s.message
    WHERE s.centre = ? AND s.message_id = ?
    ORDER BY s.message DESC LIMIT 1
"""
_REPORT: Final = "UPDATE sent_messages SET reports = ? WHERE id = ?"
_SETTLE: Final = "UPDATE sent_messages SET settled = 1, expires = ? WHERE key = ?"
_UNSETTLED: Final = """
    SELECT content, reports FROM sent_messages
    WHERE key > ? AND settled = 0 AND reports IS NOT NULL ORDER BY key LIMIT ?
"""
_EXPIRED: Final = """
    SELECT id, content FROM sent_messages
    WHERE expires <= ? ORDER BY expires LIMIT ?
"""
_DROP: Final = "DELETE FROM sent_messages WHERE id = ?"
_DROP_SEGMENT: Final = """
    DELETE FROM sent_segments WHERE centre = ? AND message_id = ? AND message = ?
"""

_Reports = list[SegmentReport | None]
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(SentMessage).decode
_decode_reports: Final = msgspec.msgpack.Decoder(_Reports).decode


def keep(cursor: sqlite3.Cursor, message: SentMessage) -> None:
    """Add a sent message and the way to it from each of its message ids."""
    cursor.execute(_INSERT, (message.key, message.expires, _encode(message)))
    number = cursor.lastrowid
    for centre, message_id in message.segments:
        cursor.execute(_INSERT_SEGMENT, (centre, message_id, number))


def report(
    cursor: sqlite3.Cursor, centre: str, message_id: str, news: SegmentReport
) -> Reported | None:
    """Record a status report on the newest message that has this message id."""
    found = cursor.execute(_FIND, (centre, message_id)).fetchone()
    if found is None:
        return None
    number, content, kept, settled = found
    message = _decode(content)
    reports: _Reports = (
        [None] * len(message.segments) if kept is None else _decode_reports(kept)
    )
    position = _position(message, reports, (centre, message_id), news)
    if position is not None:
        reports[position] = news
        cursor.execute(_REPORT, (_encode(reports), number))
    return Reported(message, tuple(reports), bool(settled))


def _position(
    message: SentMessage,
    reports: Sequence[SegmentReport | None],
    segment: tuple[str, str],
    news: SegmentReport,
) -> int | None:
    """The segment whose report this replaces: the first open one that has the id.

    Some SM-SCs give all segments of a message the same id.
    """
    places = [p for p, known in enumerate(message.segments) if known == segment]
    if len(places) > 1 and any(_same(reports[place], news) for place in places):
        return None
    for position in places:
        if _replaces(reports[position], news):
            return position
    return None


def _same(old: SegmentReport | None, new: SegmentReport) -> bool:
    """Whether this very report has been noted."""
    return old is not None and bool(new.mark) and old.mark == new.mark


def _replaces(old: SegmentReport | None, new: SegmentReport) -> bool:
    """Whether a report counts after another on the same segment.

    UNKNOWN says that the SM-SC lost sight of the message, so a delivery is news.
    """
    if old is None or old.state not in _FINAL:
        return old != new
    return old.state == _UNKNOWN and new.state == _DELIVERED


def settle(cursor: sqlite3.Cursor, key: str, until: float) -> None:
    """Mark a message as notified; it is dropped after `until`."""
    cursor.execute(_SETTLE, (until, key))


def unsettled(cursor: sqlite3.Cursor, after: str, limit: int) -> list[Reported]:
    """Messages with reports that nobody was told of, in the order of their keys."""
    return [
        Reported(_decode(content), tuple(_decode_reports(reports)), False)
        for content, reports in cursor.execute(_UNSETTLED, (after, limit))
    ]


def sweep(cursor: sqlite3.Cursor, now: float, limit: int) -> int:
    """Drop at most `limit` expired messages; how many."""
    expired = cursor.execute(_EXPIRED, (now, limit)).fetchall()
    cursor.executemany(_DROP, [(number,) for number, _ in expired])
    cursor.executemany(
        _DROP_SEGMENT,
        [
            (centre, message_id, number)
            for number, content in expired
            for centre, message_id in _decode(content).segments
        ],
    )
    return len(expired)
