"""SMS as the bearer of CPM sessions: what its users are sent (TS 6.2.2.1.3 to .6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from twisted.logger import Logger

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.cpm.chat_content import ChatContent, Content, read_chat
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.acceptance import answer_in, session_answer
from cpmgw.iwf.sessions.bearer import Delivery, Membership
from cpmgw.iwf.sessions.context import context_of, repeat_key
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.iwf.sessions.numbering import Numbering
from cpmgw.iwf.sessions.spoken import Spoken
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.iwf.sms.chat.building import building
from cpmgw.iwf.sms.chat.notices import SmsNotices
from cpmgw.iwf.sms.sessionmessage import SessionText
from cpmgw.iwf.sms.submissions import Parcel, Submissions
from cpmgw.iwf.sms.tables.table_05 import TABLE_5_SIP_RESPONSE
from cpmgw.policy import Policy
from cpmgw.records import Answer

NAME: Final = "SMS"
# Refusals of what a message holds, not of the message.
_UNFIT: Final = frozenset(("content", "too-large", "alphabet"))
_OK: Final = 200


class SmsBearer:
    """Brings what happens in a session to its SMS user."""

    log = Logger()
    service: str = NAME
    unfit: int = 413

    def __init__(
        self,
        submissions: Submissions,
        repeats: RepeatGuard,
        numbering: Numbering,
        plan: Callable[[], DialPlan],
        now: Callable[[], float],
    ) -> None:
        self._submissions = submissions
        self._repeats = repeats
        self._numbering = numbering
        self._plan = plan
        self._now = now
        self.notices = SmsNotices(submissions, plan)

    # -- the session -------------------------------------------------------------------

    async def address(self, invitation: Invitation, policy: Policy) -> PhoneAddress:
        """What the user's messages come from (6.2.2.1.3 steps 1 and 2).

        CannotInterwork also where nothing could be sent to the user now (6.2.3 A).
        """
        self._submissions.admit(invitation.user)
        return await self._numbering.address(invitation, policy)

    def free(self, membership: Membership) -> None:
        """The session is over."""
        self._numbering.free(membership.invitation, membership.policy)

    def acceptance(
        self, membership: Membership, body: bytes
    ) -> Sequence[tuple[str, str]]:
        """The header fields of a 200 (Table 5)."""
        answer = answer_in(membership, self._plan(), body, accepted=True)
        return session_answer(TABLE_5_SIP_RESPONSE, answer).headers

    def declined(self, membership: Membership) -> int:
        """The status of a refusal (Table 5)."""
        answer = answer_in(membership, self._plan(), b"", accepted=False)
        return session_answer(TABLE_5_SIP_RESPONSE, answer).status

    def failure(self, policy: Policy) -> str:
        """The text of the Reason (6.2.3 B)."""
        return policy.sms.bye_reason

    # -- messages ----------------------------------------------------------------------

    def max_size(self, policy: Policy) -> int:
        """The octets of the largest content in which text is looked for."""
        return policy.text_limits.max_size

    def read(self, content_type: str, octets: bytes, policy: Policy) -> ChatContent:
        """Read what a SEND carries, its text as text."""
        return read_chat(content_type, octets, policy.text_limits)

    async def notified(self, membership: Membership, content: ChatContent) -> bool:
        """A short message asks for no notification."""
        return False

    async def deliver(self, membership: Membership, spoken: Spoken) -> Delivery:
        """A chat message (Table 7), once however often it comes (decision 0003)."""
        content = spoken.content
        if content.kind is not Content.TEXT or not content.text.strip():
            return Delivery.UNFIT
        key = repeat_key(membership, content)
        del content

        async def work() -> Answer:
            return await self._submit(membership, spoken, key)

        try:
            if key:
                await self._repeats.once(key, self._now(), work)
            else:
                await work()
        except CannotInterwork as failure:
            self.log.debug("chat message not sent: {why}", why=failure.warning)
            return _outcome(failure)
        return Delivery.TAKEN

    async def _submit(
        self, membership: Membership, spoken: Spoken, key: bytes
    ) -> Answer:
        now = self._now()
        answer = Answer(
            key=key,
            status=_OK,
            reason="OK",
            expires=now + membership.policy.duplicate_window,
        )
        bare = spoken.content.text
        parcel = self._parcel(membership, spoken, answer if key else None, now)
        spoken.let_go()
        await self._submit_with_or_bare(parcel, bare)
        return answer

    def _parcel(
        self,
        membership: Membership,
        spoken: Spoken,
        answer: Answer | None,
        now: float,
    ) -> Parcel:
        content, plan, policy = spoken.content, self._plan(), membership.policy
        texts = Texts(membership, plan)
        return Parcel(
            text=texts.message(content, spoken.place, spoken.state),
            target=membership.invitation.user,
            build=building(
                membership,
                SessionText.CHAT,
                plan,
                requested=content.requested.dispositions,
            ),
            context=context_of(membership, content, plan, now),
            expires=now + policy.validity_default + policy.report_grace,
            answer=answer,
        )

    async def _submit_with_or_bare(self, parcel: Parcel, bare: str) -> None:
        """Submit a message with what we add, or without where only that cannot go."""
        try:
            await self._submissions.deliver(parcel)
        except CannotInterwork as failure:
            if failure.cause not in _UNFIT or parcel.text == bare:
                raise
            await self._submissions.deliver(msgspec.structs.replace(parcel, text=bare))


def _outcome(failure: CannotInterwork) -> Delivery:
    """What a failure is to the session."""
    if failure.cause in _UNFIT:
        return Delivery.UNFIT
    return Delivery.UNSURE if failure.may_have_left else Delivery.FAILED
