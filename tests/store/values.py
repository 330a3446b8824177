"""Records for the tests of the store."""

from __future__ import annotations

import sqlite3

from cpmgw.interfaces import Answer, ImdnContext, ReceivedSegment, SentMessage
from cpmgw.store import migrations

CONTEXT = ImdnContext(
    originator="tel:+15145550001",
    recipient="tel:+15145550002",
    message_id="abc",
    datetime="2026-11-21T07:00:00Z",
    requested=("positive-delivery", "interworking"),
    record_route=("sip:a.example",),
    conversation_id="c1",
)


def cursor() -> sqlite3.Cursor:
    """A cursor of an empty database with the schema, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.migrate(connection, migrations.steps())
    return connection.cursor()


def answer(key: bytes = b"k", status: int = 202, expires: float = 100.0) -> Answer:
    """An answer to remember."""
    return Answer(
        key=key,
        status=status,
        reason="Accepted",
        headers=(("Message-Context", "pager-message"),),
        expires=expires,
    )


def sent_message(
    key: str = "m1",
    *ids: str,
    centre: str = "home",
    expires: float = 100.0,
) -> SentMessage:
    """A message of as many segments as there are message ids."""
    segments = tuple((centre, each) for each in ids or ("1",))
    return SentMessage(key=key, context=CONTEXT, segments=segments, expires=expires)


def segment(
    number: int = 1,
    total: int = 1,
    collection: str = "c",
    fingerprint: bytes = b"",
    session: str = "s1",
    expires: float = 100.0,
) -> ReceivedSegment:
    """A received segment whose fingerprint, unless given, follows from its number."""
    return ReceivedSegment(
        collection=collection,
        number=number,
        total=total,
        octets=b"pdu %d" % number,
        fingerprint=fingerprint or b"fingerprint %d" % number,
        centre="home",
        session=session,
        received=1.0,
        expires=expires,
    )
