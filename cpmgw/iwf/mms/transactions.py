"""What was sent by MM4 and has no answer yet (3GPP TS 23.140 8.4.1.4).

An answer comes in a mail of its own. It is known by the identifier of its transaction,
which nobody else can guess, or where it has none by that of its message; and it counts
only from the relay that was asked. One that comes when nobody waits any more is known
for a while with what it would have been the answer to.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from cpmgw.mm4.pdu import MessageType, RequestStatus, Result, Transaction
from cpmgw.records import Answer
from cpmgw.sip.identifiers import Randomness

# Seconds for which an answer that comes too late is known.
KNOWN_FOR: Final = 600.0
# So many of them at the most; the oldest is forgotten first.
MOST_LATE: Final = 20_000
# As random as a UUID.
_OCTETS: Final = 16


class Awaited:
    """One request whose answer is awaited; `result` fires with it.

    `relay` is the name of the one that is asked, `answer` what its sender is given if
    it takes the message.
    """

    __slots__ = ("answer", "message_id", "relay", "result", "transaction_id")

    def __init__(
        self, transaction: Transaction, relay: str, answer: Answer | None
    ) -> None:
        self.transaction_id = transaction.transaction_id
        self.message_id = transaction.message_id
        self.relay = relay
        self.answer = answer
        self.result: Deferred[Result] = Deferred()


Late = Callable[[Result, str, Awaited | None], Awaitable[bool]]
"""Told of an answer that nobody waits for, the relay it came from, and what it is to.

What that was is None where it is not known any more. False where the answer is to
nothing at all; StoreError where what it changes cannot be kept.
"""

SpeaksFor = Callable[[str, str], bool]
"""Whether what comes from one relay may be about what went by another."""


class Transactions:
    """The transactions of MM4 that we began.

    `late` is told of what nobody waits for any more.
    """

    def __init__(
        self,
        clock: IReactorTime,
        late: Late,
        speaks_for: SpeaksFor,
        *,
        known_for: float = KNOWN_FOR,
        most_late: int = MOST_LATE,
    ) -> None:
        self._clock = clock
        self._late = late
        self._speaks_for = speaks_for
        self._known_for = known_for
        self._most_late = most_late
        self._randomness = Randomness()
        self._open: dict[str, Awaited] = {}
        self._newest: dict[str, Awaited] = {}
        self._over: OrderedDict[str, tuple[float, Awaited]] = OrderedDict()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def new_id(self) -> str:
        """An identifier for a transaction that is about to begin."""
        return self._randomness.hex(_OCTETS)

    def begin(
        self, transaction: Transaction, relay: str, answer: Answer | None = None
    ) -> Awaited:
        """Expect the answer to a request that is about to be sent.

        Whoever begins one ends it, whatever comes of it.
        """
        awaited = Awaited(transaction, relay, answer)
        self._open[awaited.transaction_id] = awaited
        self._newest[awaited.message_id] = awaited
        return awaited

    def end(self, awaited: Awaited) -> None:
        """Wait no longer; if it was not answered it may still be, and is known."""
        if not self._close(awaited):
            return
        self._forget()
        until = self._clock.seconds() + self._known_for
        self._over[awaited.transaction_id] = until, awaited
        if len(self._over) > self._most_late:
            self._over.popitem(last=False)

    async def answered(self, result: Result, peer: str) -> bool:
        """An answer has come from a relay; False where it is for nothing that is known.

        StoreError where what it changes could not be kept: it has to come again.
        """
        if result.transaction.type is not MessageType.FORWARD_RES:
            return False
        identifier = result.transaction.transaction_id
        if identifier in self._open:
            return self._settle(self._open[identifier], result, peer)
        self._forget()
        known = self._over[identifier][1] if identifier in self._over else None
        if known is not None and not self._speaks_for(peer, known.relay):
            return False
        message_id = known.message_id if known else result.transaction.message_id
        newest = self._newest.get(message_id)
        if newest is not None:
            # Another try of the same message is under way, and says what became of it:
            # unless this one has arrived, or it is that one which is meant.
            is_decided = not identifier or result.status is RequestStatus.OK
            return self._settle(newest, result, peer) if is_decided else True
        is_known = await self._late(result, peer, known)
        self._over.pop(identifier, None)
        return is_known

    async def bounced(
        self,
        message_id: str,
        peer: str,
        transaction_id: str = "",
        status: RequestStatus = RequestStatus.UNSPECIFIED,
    ) -> bool:
        """The mail that a message left in came back: as if its relay had refused it.

        Whatever is known of the message, also when that is long ago: a relay tries for
        days.
        """
        transaction = Transaction(
            type=MessageType.FORWARD_RES,
            transaction_id=transaction_id,
            message_id=message_id,
        )
        return await self.answered(Result(transaction=transaction, status=status), peer)

    def _settle(self, awaited: Awaited, result: Result, peer: str) -> bool:
        """Have it be the answer, if it comes from the relay that was asked."""
        if not self._speaks_for(peer, awaited.relay):
            return False
        self._close(awaited)
        if not awaited.result.called:
            awaited.result.callback(result)
        return True

    def _close(self, awaited: Awaited) -> bool:
        if self._newest.get(awaited.message_id) is awaited:
            del self._newest[awaited.message_id]
        return self._open.pop(awaited.transaction_id, None) is not None

    def _forget(self) -> None:
        now = self._clock.seconds()
        while self._over:
            identifier, (until, _) = next(iter(self._over.items()))
            if until > now:
                return
            del self._over[identifier]
