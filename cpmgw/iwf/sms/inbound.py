"""SMS message to pager mode CPM standalone message (TS 6.2.2.2.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import Identity
from cpmgw.errors import StoreError
from cpmgw.interfaces import ICpmNetwork, IDirectory, IStore
from cpmgw.iwf.sip_uris import sip_uris_of
from cpmgw.iwf.sms.addressing import NotAddressed, ends_of
from cpmgw.iwf.sms.centres import Centre, Centres
from cpmgw.iwf.sms.pagermessage import pager_request
from cpmgw.iwf.sms.sessions import Sessions
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.storing import fingerprint, storable
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.policy import PolicySource
from cpmgw.records import Collected, ReceivedSegment
from cpmgw.sip.errors import SipError
from txsmpp.codec import decode
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.status import CommandStatus
from txsmpp.text.errors import TextError
from txsmpp.text.reassembly import assemble, assemble_partial
from txsmpp.text.received import Received, read

TEMPORARY: Final = CommandStatus.ESME_RX_T_APPN
PERMANENT: Final = CommandStatus.ESME_RX_P_APPN


class _Sending(NamedTuple):
    """A message on its way to the CPM side: which segments, and who waits for it."""

    numbers: frozenset[int]
    sharing: list[Deferred[int]]


class Way(Protocol):
    """How a short message may go to the CPM side other than as a SIP MESSAGE."""

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """The command_status of what goes this way, or the message that does not."""


class Inbound:
    """Turns short messages into standalone messages and the answers back.

    A message goes first to the `chats`, before anything is looked up for it: those of
    one session keep their order.
    """

    log = Logger()

    def __init__(
        self,
        centres: Centres,
        network: ICpmNetwork,
        store: IStore,
        sessions: Sessions,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        directory: Callable[[], IDirectory],
        domain: str,
        now: Callable[[], float],
        chats: Way | None = None,
        ways: Sequence[Way] = (),
    ) -> None:
        self._chats = chats
        self._ways = ways
        self._centres = centres
        self._network = network
        self._store = store
        self._policy = policy
        self._plan = plan
        self._directory = directory
        self._domain = domain
        self._now = now
        self._sessions = sessions
        self._sending: dict[str, _Sending] = {}
        self._waiting: dict[str, list[Deferred[int]]] = {}
        self._stopping = False

    def start(self) -> None:
        """Let segments wait for the rest of their message."""
        self._stopping = False

    def stop(self) -> None:
        """Refuse for now what waits, and what would."""
        self._stopping = True
        for name in list(self._waiting):
            self._release(name, TEMPORARY)

    async def message(
        self, centre: Centre, pdu: DeliverSm | DataSm, session: str
    ) -> int:
        """Interwork a short message; the command_status of its response.

        `session` names the bind it came over, uniquely across restarts.
        """
        try:
            ends_of(centre, pdu, self._plan())  # step 1
            received = read(pdu, centre.config.text)
        except NotAddressed as error:
            self.log.debug("deliver_sm refused: {error}", error=str(error))
            return error.command_status
        except TextError as error:
            self.log.debug("deliver_sm refused: {error}", error=str(error))
            return PERMANENT
        if received.text is None:
            self.log.debug("deliver_sm refused: no text in it")
            return PERMANENT
        segment = self._segment(centre, pdu, received, session)
        try:
            collected = await self._collect(segment)
            # A part of the message may be on its way without this segment: if it is
            # taken, the segment begins a message of its own.
            while self._is_sent_without(segment.number, collected.collection):
                await self._end_of(collected.collection)
                collected = await self._store.received.collect(segment, anew=True)
        except StoreError as error:
            self.log.error("deliver_sm not stored: {error}", error=str(error))
            return TEMPORARY
        if collected.delivered:
            return CommandStatus.ESME_ROK
        if not collected.complete:
            return await self._incomplete(collected)  # step 2
        return await self.deliver(collected)  # steps 3 and 4

    async def deliver(self, collected: Collected) -> int:
        """Send a message to the CPM side, once however often it is asked for.

        The command_status that answers it (Table 10).
        """
        name = collected.collection
        if name in self._sending:
            return await self._end_of(name)
        sending = self._sending[name] = _Sending(_numbers(collected), [])
        status: int = TEMPORARY
        try:
            status = await self._deliver(collected)
        finally:
            del self._sending[name]
            for each in sending.sharing:
                each.callback(status)
            self._release(name, status)
        return status

    def _is_sent_without(self, number: int, name: str) -> bool:
        """Whether a message is being sent to which this segment came too late."""
        sending = self._sending.get(name)
        return sending is not None and number not in sending.numbers

    def _end_of(self, name: str) -> Deferred[int]:
        """Fires with what became of a message that is being sent."""
        turn: Deferred[int] = Deferred()
        self._sending[name].sharing.append(turn)
        return turn

    async def _deliver(self, collected: Collected) -> int:
        """Send, and record what became of it before anyone is answered."""
        status = await self._sent(collected)
        if status == TEMPORARY:
            return status
        try:
            if status == CommandStatus.ESME_ROK:
                now = self._now()
                until = now + self._memory(collected, now)
                # More may have come since of what was not complete.
                sent = () if collected.complete else _numbers(collected)
                await self._store.received.delivered(
                    collected.collection, now, until, sent
                )
            else:
                await self._store.received.discard(collected.collection)
        except StoreError as error:
            self.log.error("delivery not recorded: {error}", error=str(error))
            return TEMPORARY
        return status

    async def _sent(self, collected: Collected) -> int:
        """Send; the command_status of the answer (Table 10)."""
        try:
            message = self._inbound(collected)
        except NotAddressed as error:
            # The dial plan is not the one by which it was let in.
            self.log.debug("message refused: {error}", error=str(error))
            return error.command_status
        if self._chats is not None:
            taken = await self._chats.take(message)
            if isinstance(taken, int):
                return taken
            message = taken
        return await self.standalone(message)

    async def standalone(self, message: InboundMessage) -> int:
        """Send as a standalone message; the command_status of the answer (Table 10)."""
        try:
            message = await self._looked_up(message)
            for way in self._ways:
                taken = await way.take(message)
                if isinstance(taken, int):
                    return taken
                message = taken
            response = await self._network.request(pager_request(message))
        except SipError as error:
            self.log.debug("CPM side not reached: {error}", error=str(error))
            return TEMPORARY
        return TABLE_10_COMMAND_STATUS.of(response.status)

    def _memory(self, collected: Collected, now: float) -> float:
        """Seconds that a delivered message is known for.

        Whether a segment that comes again is a new message's shows when the rest is
        overdue. Of an overdue message the SM-SC may still hold one that was refused.
        """
        policy = self._policy()
        if collected.total == 1:
            return policy.duplicate_window
        memory = policy.duplicate_window + policy.reassembly_timeout
        overdue = now >= min(each.expires for each in collected.segments)
        return max(memory, policy.validity_default) if overdue else memory

    async def settles(self, collected: Collected) -> bool:
        """Send a message; whether its way has come to an end."""
        return await self.deliver(collected) != TEMPORARY

    async def give_up(self, name: str) -> None:
        """Drop a message, unless it is being sent, and refuse what waits for it."""
        if name not in self._sending:
            await self._store.received.discard(name)
            self._release(name, PERMANENT)

    def _release(self, name: str, status: int) -> None:
        """Answer the segments that wait for the outcome of their message."""
        for turn in self._waiting.pop(name, []):
            turn.callback(status)

    async def _looked_up(self, message: InboundMessage) -> InboundMessage:
        """A message with what the directory knows of both ends.

        A recipient that is not its target is one that the chats have found.
        """
        ends = message.ends
        sip_uri, known = await sip_uris_of(ends, self._directory())
        recipient = message.recipient
        if known is not None and recipient == message.plan.uri_of(ends.target):
            recipient = known
        sender = Identity(address=ends.originator, sip=sip_uri)
        return msgspec.structs.replace(message, sender=sender, recipient=recipient)

    def _inbound(self, collected: Collected) -> InboundMessage:
        """The source of Table 9, from what was stored.

        NotAddressed where either end has no address any more.
        """
        pdus = [_stored(each) for each in collected.segments]
        centre = self._centres.named(collected.segments[0].centre)
        received = [read(pdu, centre.config.text) for pdu in pdus]
        first, plan = pdus[0], self._plan()
        ends = ends_of(centre, first, plan)
        return InboundMessage(
            pdu=first,
            text=_joined(received, collected),
            collected=collected,
            ends=ends,
            sender=Identity(address=ends.originator),
            recipient=plan.uri_of(ends.target),
            plan=plan,
            domain=self._domain,
            policy=self._policy(),
        )

    async def _incomplete(self, collected: Collected) -> int:
        """Answer a segment whose message is not whole yet (docs/decisions/0004)."""
        if self._policy().ack_segments == "stored":
            return CommandStatus.ESME_ROK
        if self._stopping:
            return TEMPORARY
        turn: Deferred[int] = Deferred()
        self._waiting.setdefault(collected.collection, []).append(turn)
        return await turn

    async def _collect(self, segment: ReceivedSegment) -> Collected:
        """Store a segment with what has come of its message before."""
        collected = await self._store.received.collect(segment)
        if collected.delivered and self._is_new(collected):
            collected = await self._store.received.collect(segment, anew=True)
        return collected

    def _is_new(self, collected: Collected) -> bool:
        """Whether what equals a delivered message is another (docs/decisions/0003)."""
        last = max(collected.segments, key=lambda each: each.received)
        answered = collected.delivered
        patience = self._centres.named(last.centre).config.patience
        if answered - last.received > patience:
            return False
        return not self._sessions.may_have_missed(last.session, answered, self._now())

    def _segment(
        self,
        centre: Centre,
        pdu: DeliverSm | DataSm,
        received: Received,
        session: str,
    ) -> ReceivedSegment:
        """A short message as the store keeps it."""
        octets = storable(pdu)
        mark = fingerprint(octets)
        name = centre.name
        parts = received.concatenation
        now = self._now()
        if parts is None:
            collection, number, total = f"{name}|{mark.hex()}", 1, 1
        else:
            collection = (
                f"{name}|{pdu.source_addr}|{pdu.destination_addr}"
                f"|{parts.scheme}|{parts.reference}|{parts.total}"
            )
            number, total = parts.number, parts.total
        return ReceivedSegment(
            collection=collection,
            number=number,
            total=total,
            octets=octets,
            fingerprint=mark,
            centre=name,
            session=session,
            received=now,
            expires=now + self._policy().reassembly_timeout,
        )


def _numbers(collected: Collected) -> frozenset[int]:
    """Which segments of a message are here."""
    return frozenset(each.number for each in collected.segments)


def _stored(segment: ReceivedSegment) -> DeliverSm | DataSm:
    """The PDU that a segment was stored from."""
    pdu = decode(segment.octets)
    if not isinstance(pdu, DeliverSm | DataSm):
        raise StoreError(f"a segment of {segment.centre} is no short message")
    return pdu


def _joined(received: Sequence[Received], collected: Collected) -> str:
    """The text of a message, its gaps marked if it is not complete."""
    if collected.total == 1:
        return received[0].text or ""
    return assemble(received) if collected.complete else assemble_partial(received)
