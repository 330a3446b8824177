"""SMS as the bearer of CPM sessions: what its users are sent (TS 6.2.2.1.3 to .6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from twisted.logger import Logger

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.addressing.originator import Identity
from cpmgw.config import SmscConfig
from cpmgw.cpm.chat_content import ChatContent, Content
from cpmgw.cpm.conference_info import ConferenceState
from cpmgw.cpm.identity import tel_uri
from cpmgw.cpm.imdn import Disposition
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.bearer import Delivery, Membership
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.iwf.sms.chat.context import context_of
from cpmgw.iwf.sms.chat.numbering import NAME, Numbering
from cpmgw.iwf.sms.session_rules import held_text
from cpmgw.iwf.sms.sessionanswer import session_answer
from cpmgw.iwf.sms.sessionmessage import (
    InvitationAnswer,
    SessionSegment,
    SessionText,
)
from cpmgw.iwf.sms.submission import session_sm
from cpmgw.iwf.sms.submissions import Build, Parcel, Submission, Submissions
from cpmgw.policy import Policy
from cpmgw.records import Answer
from txsmpp.text.segment import Segment

# Refusals of what a message holds, not of the message.
_UNFIT: Final = frozenset(("content", "too-large", "alphabet"))
_OK: Final = 200


class SmsBearer:
    """Brings what happens in a session to its SMS user."""

    log = Logger()
    service: str = NAME

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
        return session_answer(self._answer(membership, body, accepted=True)).headers

    def declined(self, membership: Membership) -> int:
        """The status of a refusal (Table 5)."""
        return session_answer(self._answer(membership, b"", accepted=False)).status

    def failure(self, policy: Policy) -> str:
        """The text of the Reason (6.2.3 B)."""
        return policy.sms.bye_reason

    def _answer(
        self, membership: Membership, body: bytes, *, accepted: bool
    ) -> InvitationAnswer:
        invitation = membership.invitation
        return InvitationAnswer(
            accepted=accepted,
            user=Identity(address=invitation.user),
            plan=self._plan(),
            identification=invitation.identification,
            policy=membership.policy,
            iw_number=str(tel_uri(invitation.number)) if invitation.number else "",
            body=body,
        )

    # -- what the user is told ---------------------------------------------------------

    async def ask(self, membership: Membership) -> None:
        """The invitation that wants an answer (Table 4)."""
        text = self._texts(membership).question()
        await self._tell(membership, SessionText.INVITATION, text, asks=True)

    async def inform(self, membership: Membership) -> None:
        """The invitation that was accepted (Table 4)."""
        text = self._texts(membership).news()
        await self._tell(membership, SessionText.INVITATION, text)

    async def tell_late(self, membership: Membership) -> None:
        """That an answer came too late (6.1.4 step 8e); Table 4 has the form for it."""
        text = self._texts(membership).late()
        await self._tell(membership, SessionText.INVITATION, text)

    async def tell_closed(self, membership: Membership) -> None:
        """That the session is closed (Table 6)."""
        text = self._texts(membership).closed()
        await self._tell(membership, SessionText.CLOSING, text)

    async def tell_participants(
        self, membership: Membership, state: ConferenceState
    ) -> None:
        """Who takes part (Table 8)."""
        text = self._texts(membership).participants(state)
        if text:
            await self._tell(membership, SessionText.PARTICIPANTS, text)

    async def _tell(
        self,
        membership: Membership,
        what: SessionText,
        text: str,
        *,
        asks: bool = False,
    ) -> None:
        is_group = membership.invitation.is_group
        if held_text(what, membership.policy, asks=asks, is_group=is_group):
            text = ""  # the SM-SC has its own
        await self._submissions.deliver(
            Parcel(
                text=text,
                target=membership.invitation.user,
                build=self._building(membership, what, asks=asks),
            )
        )

    # -- messages ----------------------------------------------------------------------

    async def deliver(
        self,
        membership: Membership,
        content: ChatContent,
        *,
        place: int,
        state: ConferenceState | None,
    ) -> Delivery:
        """A chat message (Table 7), once however often it comes (decision 0003)."""
        if content.kind is not Content.TEXT or not content.text.strip():
            return Delivery.UNFIT
        key = _repeat_key(membership, content)

        async def work() -> Answer:
            return await self._submit(membership, content, key, place, state)

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
        self,
        membership: Membership,
        content: ChatContent,
        key: bytes,
        place: int,
        state: ConferenceState | None,
    ) -> Answer:
        policy, now = membership.policy, self._now()
        answer = Answer(
            key=key,
            status=_OK,
            reason="OK",
            expires=now + policy.duplicate_window,
        )
        requested = content.requested.dispositions
        parcel = Parcel(
            text=self._texts(membership).message(content, place, state),
            target=membership.invitation.user,
            build=self._building(membership, SessionText.CHAT, requested=requested),
            context=context_of(membership, content, self._plan(), now),
            expires=now + policy.validity_default + policy.report_grace,
            answer=answer if key else None,
        )
        await self._submit_with_or_bare(parcel, content.text)
        return answer

    async def _submit_with_or_bare(self, parcel: Parcel, bare: str) -> None:
        """Submit a message with what we add, or without where only that cannot go."""
        try:
            await self._submissions.deliver(parcel)
        except CannotInterwork as failure:
            if failure.cause not in _UNFIT or parcel.text == bare:
                raise
            await self._submissions.deliver(msgspec.structs.replace(parcel, text=bare))

    def _building(
        self,
        membership: Membership,
        what: SessionText,
        *,
        asks: bool = False,
        requested: frozenset[Disposition] = frozenset(),
    ) -> Build:
        """Makes each short message, by the table of what it is."""
        ends = Ends(membership.address, membership.invitation.user)
        plan, policy = self._plan(), membership.policy

        def build(segment: Segment, centre: SmscConfig) -> Submission:
            return session_sm(
                SessionSegment(
                    what=what,
                    segment=segment,
                    ends=ends,
                    plan=plan,
                    centre=centre,
                    policy=policy,
                    requested=requested,
                    asks=asks,
                    is_group=membership.invitation.is_group,
                )
            )

        return build

    def _texts(self, membership: Membership) -> Texts:
        return Texts(membership, self._plan())


def _outcome(failure: CannotInterwork) -> Delivery:
    """What a failure is to the session."""
    if failure.cause in _UNFIT:
        return Delivery.UNFIT
    return Delivery.UNSURE if failure.may_have_left else Delivery.FAILED


def _repeat_key(membership: Membership, content: ChatContent) -> bytes:
    """What a message that comes again has in common with the first; empty for none.

    Its imdn.Message-ID, its user and who wrote it: that of a session of two, where
    CPIM From says nothing, is who invited.
    """
    message_id = content.requested.message_id
    if not message_id:
        return b""
    invitation = membership.invitation
    author = invitation.initiator
    if invitation.is_group and content.sender is not None:
        author = f"{author}\0{content.sender.uri}"
    whole = f"chat\0{invitation.user.text}\0{author}\0{message_id}"
    octets = whole.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(octets, digest_size=16).digest()
