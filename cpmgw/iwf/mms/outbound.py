"""CPM standalone messages and files to MMS (TS 6.3.1.1.1, 6.3.1.1.2, 6.3.1.1.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.cpm.errors import CpmError
from cpmgw.cpm.features import Feature
from cpmgw.cpm.resource_lists import Entry, recipient_list
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.mms.content import Contents
from cpmgw.iwf.mms.forward_outcome import (
    RefusedByRelay,
    not_in_time,
    stopping,
)
from cpmgw.iwf.mms.forward_rules import forward_of, lifetime
from cpmgw.iwf.mms.forwarding import Forwarding, Parcel
from cpmgw.iwf.mms.late import Failed
from cpmgw.iwf.mms.own import own_relay
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.mms.report_notice import tells_failure
from cpmgw.iwf.mms.sending import AcceptedMms, OutboundMms
from cpmgw.iwf.mms.tables.table_12 import TABLE_12_SMTP
from cpmgw.iwf.mms.tables.table_13 import TABLE_13_FORWARD
from cpmgw.iwf.mms.tables.table_14 import TABLE_14_SIP_ANSWER
from cpmgw.iwf.mms.tables.table_15 import TABLE_15_SMTP
from cpmgw.iwf.mms.tables.table_16 import TABLE_16_FORWARD
from cpmgw.iwf.mms.tables.table_23 import TABLE_23_SMTP
from cpmgw.iwf.mms.tables.table_24 import TABLE_24_FORWARD
from cpmgw.iwf.outcomes import store_failed, success
from cpmgw.iwf.parties import Ends, Parties
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mail_records import SentMms
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.records import Answer, ImdnContext
from cpmgw.sip.message import Request, Response, respond

if TYPE_CHECKING:
    from cpmgw.interfaces import IHouse
    from cpmgw.policy import Policy

# As long as a UUID; the domain comes behind it.
_ID_OCTETS: Final = 16
# The name of the key that it is made with.
_SECRET: Final = "mms"


class _Tables(NamedTuple):
    """The envelope and the PDU of one kind of message."""

    smtp: Table[OutboundMms]
    forward: Table[OutboundMms]


_PAGER: Final = _Tables(TABLE_12_SMTP, TABLE_13_FORWARD)
_TABLES: Final[Mapping[Feature, _Tables]] = {
    Feature.PAGER: _PAGER,
    Feature.LARGE: _Tables(TABLE_15_SMTP, TABLE_16_FORWARD),
    Feature.FILE: _Tables(TABLE_23_SMTP, TABLE_24_FORWARD),
}


class Outbound:
    """Turns standalone messages and files into MMS, and the answers back.

    `failed` tells a sender by a notification; `written` is told between whom each
    message that was taken is.
    """

    log = Logger()

    def __init__(
        self,
        house: IHouse,
        relays: Relays,
        forwarding: Forwarding,
        repeats: RepeatGuard,
        contents: Contents,
        failed: Failed,
        written: Callable[[Ends], None],
    ) -> None:
        self._house = house
        self._relays = relays
        self._forwarding = forwarding
        self._repeats = repeats
        self._contents = contents
        self._failed = failed
        self._written = written
        self._waits = forwarding.waits
        self._secret = b""
        self._is_leaving = False

    @property
    def memory(self) -> Memory:
        """Where large contents are while they are worked on, whatever they came in."""
        return self._contents.memory

    def admit(self, parties: Parties) -> Relay:
        """The relay that takes what is between these now; CannotInterwork without.

        Also where nothing could be remembered, and while the gateway stops.
        """
        if self._is_leaving:
            raise stopping(self._policy)
        ends = ends_of(parties, self._house.dial_plan)
        relay = self._relays.towards(ends.target)
        if not self._house.store.healthy:
            raise store_failed(503, self._policy)
        return relay

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a pager mode message; the SIP answer, or CannotInterwork."""
        answer = await self.deliver(message)
        return respond(
            message.request, answer.status, answer.reason, headers=answer.headers
        )

    async def deliver(self, message: StandaloneMessage) -> Answer:
        """Interwork a message; the success of Table 14, or CannotInterwork.

        A repeat gets the answer that was given to the first (docs/decisions/0003).
        `Told` where a notification tells its sender of a failure.
        """
        key = message.repeat_key()
        return await self._repeats.once(
            key, message.received, lambda: self._send(message, key)
        )

    async def undelivered(self, message: StandaloneMessage) -> None:
        """Tell of a message that its sender, whom no answer reaches, has sent in vain.

        Nothing while an earlier try of it may have arrived: its reports tell.
        """
        ends = message.parties.ends()
        message_id = self._message_id(message, ends.target)
        sent = self._sent(message, message_id, "", b"")
        if not sent.context.message_id:
            return
        if await self._house.store.multimedia.sent(message_id) is None:
            await self._tell(sent, RequestStatus.UNSPECIFIED)

    # -- service -----------------------------------------------------------------------

    async def start(self) -> None:
        """Take messages, also after a stop."""
        self._secret = await self._house.store.secret(_SECRET)
        self._waits.start()
        self._is_leaving = False

    async def leave(self, seconds: float) -> None:
        """Take no more, and refuse what has not left.

        What has left has so many seconds for its answer.
        """
        self._is_leaving = True
        self._waits.leave()
        await self._idle(seconds)
        self._waits.cut()

    async def stop(self, seconds: float) -> None:
        """Let messages come to their end, so that they are remembered."""
        self._waits.cut()
        if not await self._idle(seconds):
            self.log.warn("messages under way are given up")

    async def _idle(self, seconds: float) -> bool:
        """Wait until nothing is under way; whether it is so."""
        idle = self._repeats.idle()
        try:
            await idle.addTimeout(seconds, self._house.clock)
        except TimeoutError:
            return False
        return True

    # -- within ------------------------------------------------------------------------

    @property
    def _policy(self) -> Policy:
        return self._house.config.policy

    async def _send(self, message: StandaloneMessage, key: bytes) -> Answer:
        """Check, map, send, remember, answer: in this order."""
        relay = self.admit(message.parties)
        target = message.parties.ends().target
        message_id = self._message_id(message, target)
        answer = self._answer(message, message_id, key)
        sent = self._sent(message, message_id, relay.name, key)
        until = self._until(message)
        parcel = await self._composed(message, message_id, relay, until)
        parcel = msgspec.structs.replace(
            parcel,
            sent=sent if _has_reports(parcel) else None,
            answer=answer,
            until=until,
        )
        try:
            await self._forwarding.forward(parcel)
        except RefusedByRelay as refusal:
            by_msrp = message.feature is not Feature.PAGER
            if by_msrp and _is_heard(sent.context, self._policy):
                await self._told(sent, refusal)
            raise
        self._written(ends_of(message.parties, self._house.dial_plan))
        return answer

    def _until(self, message: StandaloneMessage) -> float | None:
        """When the answer has to be there: a SIP transaction does not wait for ever."""
        if message.feature is not Feature.PAGER:
            return None
        return message.received + self._house.config.sip.patience

    async def _composed(
        self,
        message: StandaloneMessage,
        message_id: str,
        relay: Relay,
        until: float | None,
    ) -> Parcel:
        """The mail and its envelope, in time; CannotInterwork 503 if they are not."""
        left = None if until is None else until - self._house.now()
        made = Deferred.fromCoroutine(self._parcel(message, message_id, relay))
        try:
            return await self._waits.before(made, left)
        except TimeoutError as error:
            raise not_in_time(self._policy) from error
        except CancelledError as error:
            raise stopping(self._policy) from error

    async def _parcel(
        self, message: StandaloneMessage, message_id: str, relay: Relay
    ) -> Parcel:
        """The mail and its envelope; the content is let go of once it is written."""
        house = self._house
        config = house.config
        async with self._contents.turn(message):
            entity = await self._contents.of(message, relay)
            source = OutboundMms(
                message=message,
                message_id=message_id,
                ends=ends_of(message.parties, house.dial_plan),
                entity=entity,
                relay=relay,
                own=own_relay(config),
                transaction_id=self._forwarding.transactions.new_id(),
                plan=house.dial_plan,
                policy=config.policy,
                history=_history(message.request),
            )
            tables = _TABLES.get(message.feature, _PAGER)
            envelope = tables.smtp.apply(source)
            pdu = forward_of(tables.forward.apply(source))
            mail = self._forwarding.compose(pdu, entity)
            message.let_go()
        return Parcel(relay=relay, pdu=pdu, mail=mail, **envelope)

    def _message_id(self, message: StandaloneMessage, target: PhoneAddress) -> str:
        """X-Mms-Message-ID: the same when the same is sent again (decision 0021).

        Nobody else can make it: whoever knows it may report of the message.
        """
        request, known = message.request, message.identification
        place = message.message_id
        if not place:
            place = f"{request.from_.tag}\0{request.call_id}\0{request.cseq}"
        pieces = (
            known.conversation_id,
            known.contribution_id,
            message.parties.originator_text,
            place,
            target.text,
        )
        whole = "\0".join(pieces).encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(whole, digest_size=_ID_OCTETS, key=self._secret)
        return f"{digest.hexdigest()}@{self._house.config.mm4_domain}"

    def _sent(
        self, message: StandaloneMessage, message_id: str, relay: str, key: bytes
    ) -> SentMms:
        """What reports need (TS 6.1.1 step 2)."""
        policy = self._policy
        ends = message.parties.ends()
        seconds = lifetime(message, policy) + policy.report_grace
        return SentMms(
            message_id=message_id,
            context=message.imdn_context(ends, self._house.dial_plan),
            relay=relay,
            recipient=ends.target.text,
            expires=message.received + seconds,
            answer=key,
        )

    def _answer(
        self, message: StandaloneMessage, message_id: str, key: bytes
    ) -> Answer:
        """The success of Table 14, in the form that a repeat can be given."""
        policy = self._policy
        values = TABLE_14_SIP_ANSWER.apply(AcceptedMms(message, message_id, policy))
        return success(values, key, message.received + policy.duplicate_window)

    async def _told(self, sent: SentMms, refusal: RefusedByRelay) -> None:
        """Raise Told once a notification is on its way; nothing where it cannot be."""
        try:
            await self._tell(sent, refusal.request_status)
        except StoreError:
            return
        raise Told(refusal) from refusal

    async def _tell(self, sent: SentMms, status: RequestStatus) -> None:
        await self._house.store.multimedia.keep_sent(sent)
        await self._failed(sent, status)


class Told(CannotInterwork):
    """A message that failed, and whose sender is told by a notification (6.3.1.1.2)."""

    def __init__(self, refusal: CannotInterwork) -> None:
        super().__init__(
            refusal.status,
            refusal.reason,
            cause=refusal.cause,
            section=refusal.section,
            warning=refusal.warning,
        )


def ends_of(parties: Parties, plan: DialPlan) -> Ends:
    """Both addresses as MMS has them; CannotInterwork where there is none.

    Of several identities the one that is a number counts (Tables 12, 15 and 23): MM4
    has no form for a name.
    """
    ends = parties.ends()
    if ends.originator.kind is not AddressKind.NAME:
        return ends
    for uri in (parties.originator.tel, parties.originator.sip):
        address = plan.address_of(uri) if uri is not None else None
        if address is not None and address.number is not None:
            return Ends(address, ends.target)
    raise CannotInterwork(
        488,
        "Not Acceptable Here",
        cause="no-originator-address",
        section="TS 6.3.1.1.1 Table 12",
        warning="the originator has no number",
    )


def _is_heard(context: ImdnContext, policy: Policy) -> bool:
    """Whether the sender of a message hears of its failure by an IMDN."""
    return bool(context.message_id) and tells_failure(context.requested, policy)


def _has_reports(parcel: Parcel) -> bool:
    return parcel.pdu.delivery_report or parcel.pdu.read_reply


def _history(request: Request) -> tuple[Entry, ...]:
    """Whom the message goes to, as the list beside it says (RFC 5365).

    One that cannot be read tells nothing: who it is for stands in the Request-URI.
    """
    try:
        return recipient_list(request.headers.get("Content-Type") or "", request.body)
    except CpmError:
        return ()
