"""The parts of the store, each of which asks for operations on its rows."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cpmgw.interfaces import (
    IInterworkingNumbers,
    IMultimedia,
    IReceivedMessages,
    ISentMessages,
    IWatchedNumbers,
)
from cpmgw.mail_records import OutboxMail, ReceivedMms, SentMms
from cpmgw.records import (
    Allocation,
    Answer,
    Collected,
    GroupSession,
    NumberPool,
    PoolUse,
    ReceivedSegment,
    Reported,
    SegmentReport,
    SentMessage,
    Shortage,
    Watched,
)
from cpmgw.store import answers, iw_numbers, multimedia, received, sent, watched

# Messages that nobody was told of, as many as are given at once.
UNSETTLED: Final = 1_000
# Allocated numbers, likewise, and watched ones.
ALLOCATIONS: Final = 1_000
WATCHED: Final = 1_000
# Allocations that are ended at once: about 10 ms of the thread.
ENDED: Final = 500

Perform = Callable[..., Deferred[Any]]


@implementer(ISentMessages)
class SentMessages:
    """What was sent, and what was answered (store/sent.py, store/answers.py)."""

    def __init__(self, perform: Perform, seconds: Callable[[], float]) -> None:
        self._perform = perform
        self._seconds = seconds

    def remember(
        self, answer: Answer | None, message: SentMessage | None
    ) -> Deferred[None]:
        """Keep a sent message and the answer given for it, in one transaction."""
        return self._perform(_remember, answer, message)

    def report(
        self, centre: str, message_id: str, report: SegmentReport
    ) -> Deferred[Reported | None]:
        """Record a status report; give its message, or None if none is known."""
        return self._perform(sent.report, centre, message_id, report)

    def settle(self, key: str, until: float, forget: bytes = b"") -> Deferred[None]:
        """The notification of a sent message was relayed: keep it `until`."""
        return self._perform(_settle, key, until, forget)

    def unsettled(self, after: str = "") -> Deferred[list[Reported]]:
        """Sent messages with reports whose notification was not relayed."""
        return self._perform(sent.unsettled, after, UNSETTLED)

    def answers(self) -> Deferred[list[Answer]]:
        """Every answer that has not expired."""
        return self._perform(answers.live, self._seconds())


@implementer(IReceivedMessages)
class ReceivedMessages:
    """What came from an SM-SC, whole or in part (store/received.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def collect(
        self, segment: ReceivedSegment, anew: bool = False
    ) -> Deferred[Collected]:
        """Keep a received segment and give all of its message.

        Name the message by the Collected's `collection` afterwards: it differs from
        the segment's where a reference was used again.
        """
        return self._perform(received.collect, segment, uuid.uuid4().hex, anew)

    def collected(self, collection: str) -> Deferred[Collected | None]:
        """A received message as it is now."""
        return self._perform(received.find, collection)

    def delivered(
        self, collection: str, at: float, until: float, numbers: Collection[int] = ()
    ) -> Deferred[None]:
        """The CPM side has taken the message: keep its fingerprints `until`."""
        return self._perform(received.delivered, collection, at, until, numbers)

    def repeats(self, collection: str) -> Deferred[bool]:
        """Whether all segments of a message stand in one that was delivered."""
        return self._perform(received.repeats, collection)

    def discard(self, collection: str) -> Deferred[None]:
        """Forget a received message that was refused for good."""
        return self._perform(received.discard, collection)

    def overdue(self, now: float) -> Deferred[list[str]]:
        """The names of messages past their time limit and not delivered."""
        return self._perform(received.overdue, now)

    def put_off(self, collection: str, until: float) -> Deferred[None]:
        """Have an undelivered message be overdue at this time and not before."""
        return self._perform(received.put_off, collection, until)


@implementer(IInterworkingNumbers)
class AllocatedNumbers:
    """Which number stands for which group session (store/iw_numbers.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def offer(self, pools: Sequence[NumberPool]) -> Deferred[None]:
        """Have these numbers and no others to give."""
        return self._perform(iw_numbers.offer, pools)

    def allocate(
        self,
        session: GroupSession,
        service: str,
        pools: Sequence[NumberPool],
        now: float,
    ) -> Deferred[Allocation | Shortage]:
        """The number of a session, given to it now if it has none."""
        return self._perform(iw_numbers.allocate, session, service, pools, now)

    def find(self, session: GroupSession) -> Deferred[Allocation | None]:
        """The number of a session, None if it has none."""
        return self._perform(iw_numbers.find, session)

    def by_number(self, number: str, user: str) -> Deferred[Allocation | None]:
        """The session that a number stands for where this user is concerned."""
        return self._perform(iw_numbers.by_number, number, user)

    def release(self, session: GroupSession) -> Deferred[bool]:
        """Take the number of a session back; False if it has none."""
        return self._perform(iw_numbers.release, session)

    def take_back(self, allocation: Allocation) -> Deferred[bool]:
        """Release an allocation; False if it was used since."""
        return self._perform(iw_numbers.take_back, allocation)

    def end_lost(self, before: float, apart: float) -> Deferred[int]:
        """Take back some numbers of sessions of two last used then; how many."""
        return self._perform(iw_numbers.end_lost, before, apart, ENDED)

    def allocations(
        self, after: tuple[str, str] = ("", "")
    ) -> Deferred[list[Allocation]]:
        """Every allocation in the order of number and user, page by page."""
        return self._perform(iw_numbers.allocations, after, ALLOCATIONS)

    def pools(self) -> Deferred[list[PoolUse]]:
        """How much of each pool is in use."""
        return self._perform(iw_numbers.pools)


@implementer(IWatchedNumbers)
class WatchedNumbers:
    """Whose alert is awaited (store/watched.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def keep(self, number: Watched) -> Deferred[None]:
        """Keep what is known of a number, in place of what was."""
        return self._perform(watched.keep, number)

    def drop(self, number: str) -> Deferred[None]:
        """Forget a number."""
        return self._perform(watched.drop, number)

    def page(self, after: str = "") -> Deferred[list[Watched]]:
        """Every number that is kept, in order, page by page."""
        return self._perform(watched.page, after, WATCHED)


@implementer(IMultimedia)
class Multimedia:
    """What reports of MMS need, both ways (store/multimedia.py)."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def keep_sent(self, message: SentMms) -> Deferred[None]:
        """Keep a message that is about to be sent."""
        return self._perform(multimedia.keep_sent, message)

    def sent(self, message_id: str) -> Deferred[SentMms | None]:
        """The message of this X-Mms-Message-ID, None if none is known."""
        return self._perform(multimedia.sent, message_id)

    def told_of_sent(
        self, message_id: str, kind: str, forget: bytes = b"", until: float = 0.0
    ) -> Deferred[None]:
        """The CPM side was told of it; an answer may not hold any more."""
        return self._perform(multimedia.told_of_sent, message_id, kind, forget, until)

    def drop_sent(self, message_id: str) -> Deferred[None]:
        """It was not sent after all."""
        return self._perform(multimedia.drop_sent, message_id)

    def keep_received(self, message: ReceivedMms) -> Deferred[None]:
        """Keep whom the reports of a message go to."""
        return self._perform(multimedia.keep_received, message)

    def received(self, imdn_id: str) -> Deferred[ReceivedMms | None]:
        """The message of this imdn.Message-ID, None if none is known."""
        return self._perform(multimedia.received, imdn_id)

    def report(
        self, imdn_id: str, reports: Mapping[str, OutboxMail]
    ) -> Deferred[tuple[str, ...]]:
        """Reports by their kind go back; those that had not, by kind."""
        return self._perform(multimedia.report, imdn_id, reports)


def _remember(
    cursor: sqlite3.Cursor, answer: Answer | None, message: SentMessage | None
) -> None:
    if message is not None:
        sent.keep(cursor, message)
    if answer is not None:
        answers.keep(cursor, answer)


def _settle(cursor: sqlite3.Cursor, key: str, until: float, forget: bytes) -> None:
    sent.settle(cursor, key, until)
    if forget:
        answers.forget(cursor, forget, until)
