"""Pager mode CPM standalone message to SMS (TS 6.2.2.1.1, 6.1.1)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import IStore
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.centres import Centre, Centres, References
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.shortmessage import AcceptedMessage, OutboundSegment
from cpmgw.iwf.sms.submission import data_sm, submit_sm
from cpmgw.iwf.sms.tables.table_02 import TABLE_2_SIP_ANSWER, TABLE_2_STATUS
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy, PolicySource
from cpmgw.records import Answer, ImdnContext, SentMessage
from cpmgw.sip.identifiers import Randomness
from cpmgw.sip.message import Response, respond
from cpmgw.sip.status import reason_for
from cpmgw.traffic import Traffic
from txsmpp.errors import CannotEncode, NotBound, QueueFull, SmppError
from txsmpp.pdu import CancelSm, DataSm, DataSmResp, SubmitSm, SubmitSmResp
from txsmpp.status import CommandStatus, status_name

SECTION: Final = "TS 6.2.2.1.1"
# The answer to what was sent, and has none of the SM-SC (TS 6.1.1).
MAY_HAVE_LEFT: Final = 408
# As random as a UUID.
_KEY_OCTETS: Final = 16


class Outbound:
    """Turns standalone messages into short messages and the answers back."""

    log = Logger()

    def __init__(
        self,
        centres: Centres,
        store: IStore,
        repeats: RepeatGuard,
        in_flight: InFlight,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        now: Callable[[], float],
        traffic: Traffic,
    ) -> None:
        self._centres = centres
        self._store = store
        self._repeats = repeats
        self._in_flight = in_flight
        self._randomness = Randomness()
        self._references = References(secrets.randbits(16))
        self._policy = policy
        self._plan = plan
        self._now = now
        self._traffic = traffic

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a message; the SIP answer, or CannotInterwork.

        A repeat gets the answer that was given to the first (docs/decisions/0003).
        """
        key = message.repeat_key()
        answer = await self._repeats.once(
            key, message.received, lambda: self._send(message, key)
        )
        return respond(
            message.request, answer.status, answer.reason, headers=answer.headers
        )

    async def _send(self, message: StandaloneMessage, key: bytes) -> Answer:
        """Check, map, submit, remember, answer: in this order."""
        policy, plan = self._policy(), self._plan()
        text = message.text(policy)
        ends = message.parties.ends()
        context = message.imdn_context(ends, plan)
        centre = self._centres.towards(ends.target)
        if not self._store.healthy:
            raise store_failed(503, policy)
        shown = Ends(_shown_originator(message, ends, policy), ends.target)
        requests = self._requests(message, text, shown, plan, centre, policy)
        ticket = self._in_flight.begin(centre.name)
        try:
            message_ids = await self._submit(centre, requests, policy)
            answer = self._answer(message, text, key, policy)
            sent = None
            if requests[0].registered_delivery:
                sent = self._sent(message, context, key, centre, message_ids, policy)
            await self._remember(answer, sent, policy)
        finally:
            self._in_flight.end(centre.name, ticket)
        return answer

    def _requests(
        self,
        message: StandaloneMessage,
        text: str,
        ends: Ends,
        plan: DialPlan,
        centre: Centre,
        policy: Policy,
    ) -> list[SubmitSm | DataSm]:
        """The submit_sm of each segment, by Table 1; CannotInterwork 413 or 415."""
        build = data_sm if policy.submit_with == "data_sm" else submit_sm
        return [
            build(OutboundSegment(message, segment, ends, plan, centre.config, policy))
            for segment in centre.segments(text, self._references)
        ]

    async def _submit(
        self, centre: Centre, requests: Sequence[SubmitSm | DataSm], policy: Policy
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

        async def submit(number: int, request: SubmitSm | DataSm) -> None:
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
            unsure = [each for each in failures if each.status == MAY_HAVE_LEFT]
            raise (unsure or failures)[0]
        return [message_ids[number] for number in range(len(requests))]

    async def _submit_one(
        self, centre: Centre, request: SubmitSm | DataSm, policy: Policy
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

    def _cancel(
        self, centre: Centre, request: SubmitSm | DataSm, message_id: str
    ) -> None:
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

    def _answer(
        self, message: StandaloneMessage, text: str, key: bytes, policy: Policy
    ) -> Answer:
        """The success of Table 2, in the form that a repeat can be given."""
        headers = TABLE_2_SIP_ANSWER.apply(AcceptedMessage(message, text, policy))
        status = headers.pop("response code")
        reason = headers.pop("reason phrase")
        headers.pop("Content-Length")  # the codec counts the octets itself
        return Answer(
            key=key,
            status=status,
            reason=reason,
            headers=tuple(headers.items()),
            expires=message.received + policy.duplicate_window,
        )

    def _sent(
        self,
        message: StandaloneMessage,
        context: ImdnContext,
        key: bytes,
        centre: Centre,
        message_ids: Sequence[str],
        policy: Policy,
    ) -> SentMessage:
        """What a later status report needs (TS 6.1.1 step 2)."""
        lifetime = message.lifetime(policy)
        return SentMessage(
            key=self._randomness.hex(_KEY_OCTETS),
            context=context,
            segments=tuple([(centre.name, centre.response_id(i)) for i in message_ids]),
            expires=message.received + lifetime + policy.report_grace,
            answer=key,
        )

    async def _remember(
        self, answer: Answer, sent: SentMessage | None, policy: Policy
    ) -> None:
        """Commit what reports and repeats will need.

        A store that fails now leaves a message that was sent and not answered: the
        sender is told 500, which invites no automatic repeat.
        """
        try:
            await self._store.sent.remember(answer, sent)
        except StoreError as error:
            raise store_failed(500, policy) from error


def _shown_originator(
    message: StandaloneMessage, ends: Ends, policy: Policy
) -> PhoneAddress:
    """The originator's address, or the number that stands for the anonymous."""
    hidden = message.parties.originator.hidden
    if not hidden or policy.anonymous_originator == "reveal":
        return ends.originator
    if policy.anonymous_number:
        return PhoneAddress(AddressKind.E164, policy.anonymous_number)
    raise CannotInterwork(
        403,
        "Forbidden",
        cause="anonymity",
        section=f"{SECTION} Table 1, RFC 3323",
        warning_code=119,
        warning="Anonymity not allowed",
    )


def store_failed(status: int, policy: Policy) -> CannotInterwork:
    """The answer where nothing can be remembered: 503 before sending, 500 after."""
    return CannotInterwork(
        status,
        reason_for(status),
        cause="store",
        section="TS 6.1.1 step 2",
        warning="the store failed",
        headers=_retry_after(status, policy),
    )


def refused(command_status: int, policy: Policy) -> CannotInterwork:
    """The SIP answer to a command_status other than ESME_ROK (Table 2)."""
    status = TABLE_2_STATUS.of(command_status)
    return CannotInterwork(
        status,
        reason_for(status),
        cause="smsc-refused",
        section=f"{SECTION} Table 2",
        warning=f"the SM-SC answered {status_name(command_status)}",
        headers=_retry_after(status, policy),
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
        headers=_retry_after(status, policy),
    )


def _retry_after(status: int, policy: Policy) -> tuple[tuple[str, str], ...]:
    """Retry-After where the answer asks to come again (RFC 3261 20.33)."""
    if status in (480, 503):
        return (("Retry-After", str(policy.retry_after)),)
    return ()
