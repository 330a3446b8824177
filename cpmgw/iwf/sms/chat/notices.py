"""What SMS users are told of their sessions (TS 6.2.2.1.3, 6.2.2.1.4, 6.2.2.1.6)."""

from __future__ import annotations

from collections.abc import Callable

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.conference_info import ConferenceState
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.iwf.sms.chat.building import building
from cpmgw.iwf.sms.session_rules import held_text
from cpmgw.iwf.sms.sessionmessage import SessionText
from cpmgw.iwf.sms.submissions import Parcel, Submissions


class SmsNotices:
    """Tells users by short messages (`Notices`)."""

    def __init__(self, submissions: Submissions, plan: Callable[[], DialPlan]) -> None:
        self._submissions = submissions
        self._plan = plan

    async def ask(self, membership: Membership) -> None:
        """The invitation that wants an answer (Table 4)."""
        text = self._texts(membership).question()
        await self._tell(membership, SessionText.INVITATION, text, asks=True)

    async def inform(self, membership: Membership) -> None:
        """The invitation that was accepted (Table 4)."""
        text = self._texts(membership).news()
        await self._tell(membership, SessionText.INVITATION, text)

    async def late(self, membership: Membership) -> None:
        """That an answer came too late (6.1.4 step 8e); Table 4 has the form for it."""
        text = self._texts(membership).late()
        await self._tell(membership, SessionText.INVITATION, text)

    async def closed(self, membership: Membership) -> None:
        """That the session is closed (Table 6)."""
        text = self._texts(membership).closed()
        await self._tell(membership, SessionText.CLOSING, text)

    async def participants(
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
                build=building(membership, what, self._plan(), asks=asks),
            )
        )

    def _texts(self, membership: Membership) -> Texts:
        return Texts(membership, self._plan())
