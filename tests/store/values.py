"""Records for the tests of the store."""

from __future__ import annotations

import sqlite3
from typing import Any

from cpmgw.records import (
    Answer,
    GroupSession,
    ImdnContext,
    NumberPool,
    ReceivedSegment,
    SentMessage,
    Watched,
)
from cpmgw.store import migrations

ALICE = "+15145550001"
BOB = "+15145550002"
FIRST = 15145559000
NUMBERS = NumberPool(name="p", ranges=((15145500000, 15145519999),))

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


def watched(number: str = BOB, since: float = 1.0, **details: Any) -> Watched:
    """A number that is watched without end."""
    return Watched(number=number, user=f"tel:{number}", since=since, **details)


def group_session(
    contribution_id: str = "contribution",
    user: str = ALICE,
    conversation_id: str = "conversation",
    session: str = "sip:group@focus.example",
    address: str = "",
    one_to_one: bool = False,
) -> GroupSession:
    """A group session of Alice's, by its Contribution-ID."""
    return GroupSession(
        user=user,
        conversation_id=conversation_id,
        contribution_id=contribution_id,
        session=session,
        address=address,
        one_to_one=one_to_one,
    )


def number_pool(
    size: int = 2, first: int = FIRST, name: str = "p", **details: Any
) -> NumberPool:
    """A pool of so many numbers."""
    ranges = ((first, first + size - 1),)
    return NumberPool(name=name, ranges=ranges, **details)


def number(place: int) -> str:
    """A number of a pool by its place, from 0."""
    return f"+{FIRST + place}"
