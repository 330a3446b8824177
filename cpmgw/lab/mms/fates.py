"""What becomes of messages that the MMS relay has taken: shown, reported, read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from twisted.internet.interfaces import IReactorTime

from cpmgw.lab.arrow import Tap, nobody
from cpmgw.lab.behaviour import MmsBehaviour
from cpmgw.lab.mm4_arrows import air_arrow
from cpmgw.lab.mms.handset import MmsHandset, ReceivedMms
from cpmgw.lab.mms.post import Parcel, Post
from cpmgw.lab.mms.writing import VERSION
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import (
    DeliveryReport,
    Forward,
    MessageType,
    MmStatus,
    ReadReply,
    Request,
    Result,
    Transaction,
)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one of its recipients; `address` is hers, as it was in MM4."""

    number: str
    address: str
    pdu: Forward
    entity: Entity
    behaviour: MmsBehaviour


class Fates:
    """Brings messages to handsets and tells the gateway what has become of them.

    `awaits` is called with a request of ours and the list that its responses go to.
    """

    def __init__(
        self,
        clock: IReactorTime,
        post: Post,
        system: str,
        identity: Callable[[], str],
        awaits: Callable[[str, list[Result]], None],
        tap: Callable[[], Tap],
    ) -> None:
        self._clock = clock
        self._post = post
        self._system = system
        self._identity = identity
        self._awaits = awaits
        self._tap = tap
        self._handsets: dict[str, MmsHandset] = {}
        self._waiting: dict[str, list[tuple[Taken, Sequence[MmStatus]]]] = {}
        self._unseen: dict[str, list[tuple[Taken, ReceivedMms]]] = {}
        self._unread: list[Result] = []

    def handset(self, number: str) -> MmsHandset:
        """The handset of a number; + is of no matter."""
        key = number.lstrip("+")
        handset = self._handsets.get(key)
        if handset is None:
            handset = self._handsets[key] = MmsHandset(number)
        return handset

    def take(self, taken: Taken) -> None:
        """A message sets out for its handset."""
        self._later(taken, taken.behaviour.reports)

    def switch_on(self, number: str) -> None:
        """Switch a handset on: what waited arrives."""
        self.handset(number).on = True
        for taken, left in self._waiting.pop(number.lstrip("+"), ()):
            self._step(taken, left)

    def look(self, number: str) -> int:
        """The owner looks at what she has not seen yet; how many that is."""
        unseen = self._unseen.pop(number.lstrip("+"), [])
        for taken, message in unseen:
            message.seen = True
            if taken.pdu.read_reply:
                self._read(taken, message)
        return len(unseen)

    # -- within ------------------------------------------------------------------------

    def _later(self, taken: Taken, left: Sequence[MmStatus]) -> None:
        if left:
            self._clock.callLater(
                taken.behaviour.report_delay, self._step, taken, tuple(left)
            )

    def _step(self, taken: Taken, left: Sequence[MmStatus]) -> None:
        """The next thing becomes of a message."""
        status, results = left[0], self._unread
        if status is MmStatus.RETRIEVED:
            handset = self.handset(taken.number)
            if not handset.on:
                key = taken.number.lstrip("+")
                self._waiting.setdefault(key, []).append((taken, left))
                return
            results = self._shown(taken, handset).results
        if taken.pdu.delivery_report:
            for _ in range(taken.behaviour.report_copies):
                self._report(taken, status, results)
        self._later(taken, left[1:])

    def _shown(self, taken: Taken, handset: MmsHandset) -> ReceivedMms:
        now = self._clock.seconds()
        pdu, entity = taken.pdu, taken.entity
        message = handset.receive(pdu, entity, now)
        if self._tap() is not nobody:
            self._tap()(air_arrow(taken.number, pdu.subject, entity, now, out=False))
        key = taken.number.lstrip("+")
        self._unseen.setdefault(key, []).append((taken, message))
        if taken.behaviour.looks_after is not None:
            self._clock.callLater(taken.behaviour.looks_after, self.look, taken.number)
        return message

    def _report(self, taken: Taken, status: MmStatus, results: list[Result]) -> None:
        self._say(
            taken,
            DeliveryReport(
                transaction=self._transaction(taken, MessageType.DELIVERY_REPORT_REQ),
                recipient=taken.address,
                sender=taken.pdu.sender,
                status=status,
                date=self._clock.seconds(),
                acknowledge=True,
                originator_system=self._system,
            ),
            results,
        )

    def _read(self, taken: Taken, message: ReceivedMms) -> None:
        self._say(
            taken,
            ReadReply(
                transaction=self._transaction(taken, MessageType.READ_REPLY_REQ),
                recipient=taken.address,
                sender=taken.pdu.sender,
                status=taken.behaviour.read,
                date=self._clock.seconds(),
                acknowledge=True,
                originator_system=self._system,
            ),
            message.results,
        )

    def _transaction(self, taken: Taken, kind: MessageType) -> Transaction:
        return Transaction(
            type=kind,
            transaction_id=self._identity(),
            message_id=taken.pdu.transaction.message_id,
            version=VERSION,
        )

    def _say(self, taken: Taken, pdu: Request, results: list[Result]) -> None:
        self._awaits(pdu.transaction.transaction_id, results)
        self._post.send(
            Parcel(
                pdu=pdu,
                sender=self._system,
                recipients=(taken.pdu.sender,),
                quirks=taken.behaviour.quirks,
            )
        )
