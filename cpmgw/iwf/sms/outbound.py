"""CPM standalone message to SMS, pager mode and large (TS 6.2.2.1.1, 6.1.1, 6.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.config import SmscConfig
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.outcomes import success
from cpmgw.iwf.parties import Ends, Parties
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.shortmessage import AcceptedMessage, OutboundSegment
from cpmgw.iwf.sms.submission import data_sm, submit_sm
from cpmgw.iwf.sms.submissions import Build, Parcel, Submission, Submissions
from cpmgw.iwf.sms.tables.table_02 import TABLE_2_SIP_ANSWER
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy, PolicySource
from cpmgw.records import Answer
from cpmgw.sip.message import Response, respond
from txsmpp.text.segment import Segment

SECTION: Final = "TS 6.2.2.1.1"


class Outbound:
    """Turns standalone messages into short messages and the answers back.

    `written` is told between whom each one that was taken is, as the user sees it.
    """

    def __init__(
        self,
        submissions: Submissions,
        repeats: RepeatGuard,
        policy: PolicySource,
        plan: Callable[[], DialPlan],
        written: Callable[[Ends], None],
    ) -> None:
        self._written = written
        self._submissions = submissions
        self._repeats = repeats
        self._policy = policy
        self._plan = plan

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a pager mode message; the SIP answer, or CannotInterwork."""
        answer = await self.deliver(message)
        return respond(
            message.request, answer.status, answer.reason, headers=answer.headers
        )

    async def deliver(self, message: StandaloneMessage) -> Answer:
        """Interwork a message; the success of Table 2, or CannotInterwork.

        A repeat gets the answer that was given to the first (docs/decisions/0003).
        """
        key = message.repeat_key()
        return await self._repeats.once(
            key, message.received, lambda: self._send(message, key)
        )

    async def _send(self, message: StandaloneMessage, key: bytes) -> Answer:
        """Check, map, submit, remember, answer: in this order."""
        policy, plan = self._policy(), self._plan()
        text = message.text(policy)
        ends = message.parties.ends()
        shown = Ends(shown_originator(message.parties, policy), ends.target)
        answer = self._answer(message, text, key, policy)
        lifetime = message.lifetime(policy)
        await self._submissions.deliver(
            Parcel(
                text=text,
                target=ends.target,
                build=_building(message, shown, plan, policy),
                context=message.imdn_context(ends, plan),
                expires=message.received + lifetime + policy.report_grace,
                answer=answer,
            )
        )
        self._written(shown)
        return answer

    def _answer(
        self, message: StandaloneMessage, text: str, key: bytes, policy: Policy
    ) -> Answer:
        """The success of Table 2, in the form that a repeat can be given."""
        values = TABLE_2_SIP_ANSWER.apply(AcceptedMessage(message, text, policy))
        return success(values, key, message.received + policy.duplicate_window)


def _building(
    message: StandaloneMessage, ends: Ends, plan: DialPlan, policy: Policy
) -> Build:
    """Makes the submit_sm or data_sm of each segment (Table 1)."""
    make = data_sm if policy.submit_with == "data_sm" else submit_sm

    def build(segment: Segment, centre: SmscConfig) -> Submission:
        return make(OutboundSegment(message, segment, ends, plan, centre, policy))

    return build


def shown_originator(parties: Parties, policy: Policy) -> PhoneAddress:
    """The originator's address, or the number that stands for the anonymous.

    CannotInterwork 403 where policy shows no address of theirs (TS Table 1).
    """
    ends = parties.ends()
    if not parties.originator.hidden or policy.anonymous_originator == "reveal":
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
