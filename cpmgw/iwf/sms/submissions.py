"""A text on its way to the SM-SC, whatever it came in (TS 6.2.2.1.1, 6.2.2.1.5).

Segments, submit_sm or data_sm, their answers, and what later status reports need: in
this order, and under one ticket, so that no report comes too early to be known.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.config import SmscConfig
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import IStore
from cpmgw.iwf.outcomes import (
    AFTER_SENDING,
    MAY_HAVE_LEFT,
    retry_after,
    store_failed,
)
from cpmgw.iwf.sms.centres import Centre, Centres, References
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.tables.table_02 import TABLE_2_STATUS
from cpmgw.policy import Policy, PolicySource
from cpmgw.records import Answer, ImdnContext, SentMessage
from cpmgw.sip.identifiers import Randomness
from cpmgw.sip.status import reason_for
from txsmpp.errors import CannotEncode, NotBound, QueueFull, SmppError
from txsmpp.pdu import CancelSm, DataSm, DataSmResp, SubmitSm, SubmitSmResp
from txsmpp.status import CommandStatus, status_name
from txsmpp.text.segment import Segment

if TYPE_CHECKING:
    from cpmgw.traffic import Traffic

SECTION: Final = "TS 6.2.2.1.1"
# As random as a UUID.
_KEY_OCTETS: Final = 16

Submission: TypeAlias = SubmitSm | DataSm
Build: TypeAlias = Callable[[Segment, SmscConfig], Submission]
"""Makes one short message out of a segment, for the SM-SC that it goes to."""
Failed: TypeAlias = Callable[[PhoneAddress, CannotInterwork], None]
"""Told that an SM-SC did not take what was for an address."""


def _tell_nobody(_target: PhoneAddress, _failure: CannotInterwork) -> None:
    pass


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A text to be sent, and what is remembered of it once it is.

    `context` is what notifications need, kept until `expires` (seconds since 1970)
    where `build` asks for status reports; None for what nobody is told of. `answer` is
    what a repeat of its request gets.
    """

    text: str
    target: PhoneAddress
    build: Build
    context: ImdnContext | None = None
    expires: float = 0.0
    answer: Answer | None = None


class Submissions:
    """Hands texts to the SM-SCs."""

    log = Logger()

    def __init__(
        self,
        centres: Centres,
        store: IStore,
        in_flight: InFlight,
        policy: PolicySource,
        traffic: Traffic,
        failed: Failed = _tell_nobody,
    ) -> None:
        self._centres = centres
        self._store = store
        self._in_flight = in_flight
        self._policy = policy
        self._traffic = traffic
        self._failed = failed
        self._randomness = Randomness()
        self._references = References(secrets.randbits(16))

    def admit(self, target: PhoneAddress) -> Centre:
        """The SM-SC that takes what is for an address now; CannotInterwork without.

        404 and 503 as Table 2 has them, also where nothing could be remembered.
        """
        centre = self._centres.towards(target)
        if not self._store.healthy:
            raise store_failed(503, self._policy())
        return centre

    async def deliver(self, parcel: Parcel) -> tuple[str, ...]:
        """Submit a text and remember it; the message ids of its segments.

        CannotInterwork by Table 2, or 413 or 415 for what SMS has no form for; nothing
        is submitted where nothing could be remembered (503).
        """
        policy = self._policy()
        centre = self.admit(parcel.target)
        requests = [
            parcel.build(segment, centre.config)
            for segment in centre.segments(parcel.text, self._references)
        ]
        ticket = self._in_flight.begin(centre.name)
        try:
            message_ids = await self._submit_for(parcel, centre, requests, policy)
            sent = None
            if parcel.context is not None and requests[0].registered_delivery:
                sent = self._sent(parcel, parcel.context, centre, message_ids)
            if sent is not None or parcel.answer is not None:
                await self._remember(parcel.answer, sent, policy)
        finally:
            self._in_flight.end(centre.name, ticket)
        return tuple(message_ids)

    async def _submit_for(
        self,
        parcel: Parcel,
        centre: Centre,
        requests: Sequence[Submission],
        policy: Policy,
    ) -> list[str]:
        try:
            return await self.submit(centre, requests, policy)
        except CannotInterwork as failure:
            self._failed(parcel.target, failure)
            raise

    async def submit(
        self, centre: Centre, requests: Sequence[Submission], policy: Policy
    ) -> list[str]:
        """Submit all segments; their message ids once the last is answered.

        CannotInterwork by Table 2 from the first that failed, or one that may have
        left: no other service must be tried then. Those that were taken are cancelled,
        as far as the SM-SC still can.
        """
        if len(requests) == 1:
            return [await self._submit_one(centre, requests[0], policy)]
        message_ids: dict[int, str] = {}
        failures: list[CannotInterwork] = []

        async def submit(number: int, request: Submission) -> None:
            try:
                message_ids[number] = await self._submit_one(centre, request, policy)
            except CannotInterwork as failure:
                failures.append(failure)

        await gatherResults(
            [
                Deferred.fromCoroutine(submit(number, request))
                for number, request in enumerate(requests)
            ]
        )
        if failures:
            for number, message_id in message_ids.items():
                self._cancel(centre, requests[number], message_id)
            unsure = [each for each in failures if each.may_have_left]
            raise (unsure or failures)[0]
        return [message_ids[number] for number in range(len(requests))]

    async def _submit_one(
        self, centre: Centre, request: Submission, policy: Policy
    ) -> str:
        """Submit one segment; its message id, or CannotInterwork (Table 2)."""
        try:
            response = await centre.link.submit(request)
        except SmppError as error:
            self._traffic.submit(centre.name, None)
            raise unreachable(error, policy) from error
        self._traffic.submit(centre.name, response.command_status)
        if response.command_status != CommandStatus.ESME_ROK:
            raise refused(response.command_status, policy)
        if not isinstance(response, SubmitSmResp | DataSmResp):
            # generic_nack without a fault: it says no more than that it failed.
            raise refused(CommandStatus.ESME_RUNKNOWNERR, policy)
        return response.message_id

    def _cancel(self, centre: Centre, request: Submission, message_id: str) -> None:
        """Take back a segment of a message that failed as a whole (SMPP 3.4 4.9)."""
        cancel = CancelSm(
            message_id=message_id,
            source_addr_ton=request.source_addr_ton,
            source_addr_npi=request.source_addr_npi,
            source_addr=request.source_addr,
        )
        centre.link.submit(cancel).addErrback(
            lambda failure: self.log.debug(
                "cancel_sm failed: {reason}", reason=failure.getErrorMessage()
            )
        )

    def _sent(
        self,
        parcel: Parcel,
        context: ImdnContext,
        centre: Centre,
        message_ids: Sequence[str],
    ) -> SentMessage:
        """What a later status report needs (TS 6.1.1 step 2)."""
        return SentMessage(
            key=self._randomness.hex(_KEY_OCTETS),
            context=context,
            segments=tuple([(centre.name, centre.response_id(i)) for i in message_ids]),
            expires=parcel.expires,
            answer=parcel.answer.key if parcel.answer is not None else b"",
        )

    async def _remember(
        self, answer: Answer | None, sent: SentMessage | None, policy: Policy
    ) -> None:
        """Commit what reports and repeats will need.

        A store that fails now leaves a message that was sent and not answered: the
        sender is told 500, which invites no automatic repeat.
        """
        try:
            await self._store.sent.remember(answer, sent)
        except StoreError as error:
            raise store_failed(AFTER_SENDING, policy) from error


def refused(command_status: int, policy: Policy) -> CannotInterwork:
    """The SIP answer to a command_status other than ESME_ROK (Table 2)."""
    status = TABLE_2_STATUS.of(command_status)
    return CannotInterwork(
        status,
        reason_for(status),
        cause="smsc-refused",
        section=f"{SECTION} Table 2",
        warning=f"the SM-SC answered {status_name(command_status)}",
        headers=retry_after(status, policy),
    )


def unreachable(error: SmppError, policy: Policy) -> CannotInterwork:
    """The SIP answer where the SM-SC gave none (TS 6.1.1, last paragraph)."""
    # What did not leave may be tried again; of what did nobody knows.
    if isinstance(error, NotBound | QueueFull):
        status = 503
    else:
        status = 500 if isinstance(error, CannotEncode) else MAY_HAVE_LEFT
    return CannotInterwork(
        status,
        reason_for(status),
        cause="smsc-unreachable",
        section="TS 6.1.1",
        warning=f"no answer from the SM-SC: {error}",
        headers=retry_after(status, policy),
        may_have_left=status == MAY_HAVE_LEFT,
    )
