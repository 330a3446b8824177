"""A process that stores without end and prints what was committed, to be killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import uuid4

from twisted.internet import reactor

from cpmgw.bodies.spool import Spool
from cpmgw.records import Allocation, SegmentReport, Shortage
from cpmgw.store.service import open_store
from cpmgw.store.sqlite import SqliteStore
from tests.store.mails import LARGE, body_of, inbox_mail, outbox_mail, spool_at
from tests.store.values import NUMBERS, answer, group_session, segment, sent_message

IN_FLIGHT = 16
NUMBERED = 4
MAILED = 4
NEVER = 1e12


def told(kind: str, name: str) -> None:
    """Say that something is on disk, past every buffer of this process."""
    os.write(1, f"{kind} {name}\n".encode())


def sent(store: SqliteStore) -> None:
    """Remember a message, report on it, settle it, and begin again."""
    key = uuid4().hex
    message = sent_message(key, key, expires=NEVER)
    remembered = store.sent.remember(answer(key.encode(), expires=NEVER), message)
    remembered.addCallback(lambda _: told("sent", key))
    remembered.addCallback(lambda _: store.sent.report("home", key, SegmentReport(2)))
    remembered.addCallback(lambda _: told("reported", key))
    remembered.addCallback(lambda _: store.sent.settle(key, NEVER))
    remembered.addCallback(lambda _: told("settled", key))
    remembered.addCallback(lambda _: sent(store))


def collected(store: SqliteStore) -> None:
    """Collect a message of two segments, deliver it, and begin again."""
    name = uuid4().hex
    first = store.received.collect(segment(1, 2, name))
    first.addCallback(lambda _: told("collected", name))
    first.addCallback(lambda _: store.received.collect(segment(2, 2, name)))
    first.addCallback(lambda _: told("complete", name))
    first.addCallback(lambda _: store.received.delivered(name, 1.0, NEVER))
    first.addCallback(lambda _: told("delivered", name))
    first.addCallback(lambda _: collected(store))


def numbered(store: SqliteStore) -> None:
    """Give a session a number, give another one its number back, and begin again."""
    name, brief = uuid4().hex, uuid4().hex

    def given(allocation: Allocation | Shortage) -> None:
        assert isinstance(allocation, Allocation)
        told("numbered", f"{name}{allocation.number}")

    first = store.numbers.allocate(group_session(name), "SMS", (NUMBERS,), 1.0)
    first.addCallback(given)
    first.addCallback(
        lambda _: store.numbers.allocate(group_session(brief), "SMS", (NUMBERS,), 1.0)
    )
    first.addCallback(lambda _: store.numbers.release(group_session(brief)))
    first.addCallback(lambda _: told("released", brief))
    first.addCallback(lambda _: numbered(store))


def mailed(store: SqliteStore, spool: Spool) -> None:
    """Accept two large mails, be done with one, and begin again."""
    name, brief = uuid4().hex, uuid4().hex
    first = store.mail.accept(inbox_mail(name), body_of(spool, LARGE))
    first.addCallback(lambda _: told("mailed", name))
    first.addCallback(
        lambda _: store.mail.accept(inbox_mail(brief), body_of(spool, LARGE))
    )
    first.addCallback(lambda _: told("brief", brief))
    first.addCallback(
        lambda _: store.mail.finish(brief, [outbox_mail(brief, expires=NEVER)], NEVER)
    )
    first.addCallback(lambda _: told("finished", brief))
    first.addCallback(lambda _: mailed(store, spool))


def main(path: str) -> None:
    """Run until killed."""
    store = open_store(f"sqlite:{path}", reactor)
    spool = spool_at(Path(f"{path}-spool"))
    for _ in range(MAILED):
        reactor.callWhenRunning(mailed, store, spool)
    store.numbers.offer((NUMBERS,))
    for _ in range(NUMBERED):
        reactor.callWhenRunning(numbered, store)
    for _ in range(IN_FLIGHT):
        reactor.callWhenRunning(sent, store)
        reactor.callWhenRunning(collected, store)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
