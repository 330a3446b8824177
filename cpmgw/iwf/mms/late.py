"""MM4_forward.RES that comes when nobody waits for it any more (6.3.1.1.2 step 6).

A good one makes the answer good that its sender did not get; a bad one is told by a
notification or an event. The store knows its message also in another process, and long
after.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.logger import Logger

from cpmgw.iwf.mms.report_notice import TOLD_DELIVERY, TOLD_TAKEN
from cpmgw.iwf.mms.transactions import Awaited, SpeaksFor
from cpmgw.mail_records import SentMms
from cpmgw.mm4.pdu import RequestStatus, Result
from cpmgw.records import Answer

if TYPE_CHECKING:
    from cpmgw.interfaces import IHouse, IStore

Failed = Callable[[SentMms, RequestStatus], Awaitable[None]]
"""Tells of a message that has failed (6.3.1.1.2); StoreError where it cannot be."""

Repeats = Callable[[Answer], None]
"""Told of an answer that a repeat of its request is to get."""

# What was said before that a late refusal does not take back.
_STANDS: Final = frozenset((TOLD_DELIVERY, TOLD_TAKEN))


class LateAnswers:
    """Sees to answers that come too late (`Late`)."""

    log = Logger()

    def __init__(
        self, house: IHouse, speaks_for: SpeaksFor, failed: Failed, repeats: Repeats
    ) -> None:
        self._house = house
        self._speaks_for = speaks_for
        self._failed = failed
        self._repeats = repeats

    async def take(self, result: Result, peer: str, known: Awaited | None) -> bool:
        """Note what it says; False where it is to no message of that relay."""
        transaction = result.transaction
        message_id = known.message_id if known else transaction.message_id
        sent: SentMms | None = None
        if message_id:
            sent = await self._house.store.multimedia.sent(message_id)
        if sent is not None and not self._speaks_for(peer, sent.relay):
            sent = None
        if sent is None and known is None:
            return False
        self.log.info(
            "{message_id}: answered too late: {status}",
            message_id=message_id,
            status=result.status.value,
        )
        if result.status is RequestStatus.OK:
            await self._taken(sent, known)
        elif sent is not None and _is_of_last_try(result, sent):
            await self._failed(sent, result.status)
        return True

    async def _taken(self, sent: SentMms | None, known: Awaited | None) -> None:
        """The message has arrived after all: a repeat of its request hears so."""
        answer = known.answer if known is not None else None
        await keep_taken(self._house.store, sent, answer)
        if answer is not None:
            self._repeats(answer)


async def keep_taken(
    store: IStore, sent: SentMms | None, answer: Answer | None
) -> None:
    """Keep that a relay has taken a message, and what its sender is answered.

    In one go; StoreError where that fails.
    """
    writes: list[Deferred[Any]] = []
    if sent is not None:
        writes.append(store.multimedia.told_of_sent(sent.message_id, TOLD_TAKEN))
    if answer is not None:
        writes.append(store.sent.remember(answer, None))
    try:
        await gatherResults(writes, consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()


def _is_of_last_try(result: Result, sent: SentMms) -> bool:
    """Whether a refusal is of the last try that left, and nothing stands against it."""
    identifier = result.transaction.transaction_id
    return identifier in ("", sent.transaction_id) and _STANDS.isdisjoint(sent.told)
