"""A message's way through the SM-SC: kept, brought to its handset, reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IReactorTime

from cpmgw.lab.arrow import Arrow, Kind, Lifeline, Tap, last_digits, nobody, quoted
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.lab.handset import Handset
from cpmgw.lab.outbox import Outbox
from cpmgw.lab.receipt import (
    FINAL_STATES,
    Address,
    StoredMessage,
    asked_for,
    receipt,
)
from cpmgw.lab.validity import seconds_left
from txsmpp.constants import MessageState
from txsmpp.pdu import Pdu
from txsmpp.text.received import user_data

FIRST_NUMBER: Final = 1_000_001
"""The number of the first message: decimal, hex and padded forms of it all differ."""


class Carriage:
    """All messages that the SM-SC has taken, and the handsets that they go to.

    `messages` are in order of their coming; receipts leave through the outbox.
    """

    def __init__(
        self, clock: IReactorTime, outbox: Outbox, tap: Callable[[], Tap]
    ) -> None:
        self.messages: dict[int, StoredMessage] = {}
        self._clock = clock
        self._outbox = outbox
        self._tap = tap
        self._handsets: dict[str, Handset] = {}
        self._held: dict[str, list[StoredMessage]] = {}
        self._pdus: dict[int, Pdu] = {}
        self._next = FIRST_NUMBER

    def handset(self, number: str) -> Handset:
        """The handset of a number; + is of no matter."""
        key = number.lstrip("+")
        handset = self._handsets.get(key)
        if handset is None:
            handset = self._handsets[key] = Handset(number)
        return handset

    def new_number(self) -> int:
        """A number that no message has."""
        self._next += 1
        return self._next - 1

    def take(
        self,
        esme: str,
        pdu: Any,
        target: Address,
        behaviour: SmsBehaviour,
        number: int | None = None,
    ) -> StoredMessage:
        """Accept a message; it sets out for its handset at once.

        `number` is what its message_id is written from, by default one of its own.
        """
        now = self._clock.seconds()
        key = self.new_number()
        message = StoredMessage(
            key=key,
            number=key if number is None else number,
            esme=esme,
            source=Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
            target=target,
            registered_delivery=pdu.registered_delivery,
            octets=user_data(pdu),
            behaviour=behaviour,
            accepted=now,
        )
        self.messages[key] = message
        self._pdus[key] = pdu
        life = seconds_left(getattr(pdu, "validity_period", ""), now)
        if life is not None:
            self._clock.callLater(life, self._expire, key)
        if behaviour.receipt_first:
            self._arrive(key)
        else:
            self._clock.callLater(behaviour.receipt_delay, self._arrive, key)
        return message

    def named(self, esme: str, message_id: str) -> StoredMessage | None:
        """The message that an ESME knows by this message_id."""
        for message in self.messages.values():
            if message.message_id == message_id and message.esme == esme:
                return message
        return None

    def replace(self, message: StoredMessage, short_message: bytes) -> bool:
        """Give a message another text; tells whether it has one that can be (4.10)."""
        before = self._pdus[message.key]
        if message.state in FINAL_STATES or not hasattr(before, "short_message"):
            return False
        self._pdus[message.key] = msgspec.structs.replace(
            before, short_message=short_message
        )
        return True

    def wake(self, number: str) -> None:
        """Bring a handset that has been switched on what waited for it."""
        key = number.lstrip("+")
        for message in tuple(self.messages.values()):
            waits = message.state is MessageState.ENROUTE
            if waits and message.target.addr.lstrip("+") == key:
                self._arrive(message.key)

    def _arrive(self, key: int) -> None:
        """The message comes to its handset, unless that is off."""
        message = self.messages[key]
        handset = self.handset(message.target.addr)
        if message.state in FINAL_STATES or not handset.on:
            return
        if message.behaviour.state is MessageState.DELIVERED:
            shown = handset.receive(self._pdus[key], self._clock.seconds())
            if shown is not None:
                self.air(handset.number, shown.text or "?", shown.segments, out=False)
        self.finish(message, message.behaviour.state)

    def _expire(self, key: int) -> None:
        """Its validity period is over (4.4.1)."""
        if self.messages[key].state not in FINAL_STATES:
            self.finish(self.messages[key], MessageState.EXPIRED)

    def finish(self, message: StoredMessage, state: MessageState) -> None:
        """Something has become of a message: say so to whoever asked."""
        message = msgspec.structs.replace(
            message, state=state, finished=self._clock.seconds()
        )
        self.messages[message.key] = message
        if not asked_for(message.registered_delivery, state):
            return
        held = self._held.setdefault(message.target.addr, [])
        held.append(message)
        if len(held) >= message.behaviour.hold_receipts:
            del self._held[message.target.addr]
            for each in reversed(held):
                for _ in range(each.behaviour.receipt_copies):
                    self._outbox.send(receipt(each), each.esme)

    def air(self, number: str, text: str, segments: int, *, out: bool) -> None:
        """Tell the tap of a message between a handset and the SM-SC."""
        if self._tap() is nobody:
            return
        ends = (Lifeline.HANDSET, Lifeline.CENTRE)
        parts = (f"{segments} segments",) if segments > 1 else ()
        self._tap()(
            Arrow(
                at=self._clock.seconds(),
                source=ends[not out],
                target=ends[out],
                kind=Kind.AIR,
                name="SMS",
                details=(last_digits(number), quoted(text), *parts),
            )
        )
