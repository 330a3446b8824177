"""What MMS users are told of their sessions (TS 6.3.1.1.6.1, 6.3.1.1.6.4, .6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.conference_info import ConferenceState
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.chat.content import notice
from cpmgw.iwf.mms.chat.parcels import Forwards, new_id, parcel_of
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.mms.tables.table_25 import TABLE_25_SMTP
from cpmgw.iwf.mms.tables.table_31 import TABLE_31_SMTP
from cpmgw.iwf.mms.tables.table_33 import TABLE_33_SMTP
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.sip.status import reason_for

# Table 14's answer to a message; that to an INVITE would be of its own body, and would
# name what else to send (RFC 3261 21.4.13).
_UNSUPPORTED: Final = 415
_NOT_ACCEPTABLE: Final = 488


class MmsNotices:
    """Tells users by multimedia messages (`Notices`)."""

    def __init__(
        self,
        relays: Relays,
        forwarding: Forwards,
        own: Callable[[], OwnRelay],
        plan: Callable[[], DialPlan],
        now: Callable[[], float],
    ) -> None:
        self._relays = relays
        self._forwarding = forwarding
        self._own = own
        self._plan = plan
        self._now = now

    async def ask(self, membership: Membership) -> None:
        """The invitation that wants an answer (Tables 25 and 26)."""
        await self._invite(membership, self._texts(membership).question())

    async def inform(self, membership: Membership) -> None:
        """The invitation that was accepted (Tables 25 and 26)."""
        await self._invite(membership, self._texts(membership).news())

    async def late(self, membership: Membership) -> None:
        """That an answer came too late; Table 26 has the form for it."""
        text = self._texts(membership).late()
        await self._tell(membership, TABLE_25_SMTP, text)

    async def closed(self, membership: Membership) -> None:
        """That the session is closed (Tables 31 and 32)."""
        text = self._texts(membership).closed()
        await self._tell(membership, TABLE_31_SMTP, text)

    async def participants(
        self, membership: Membership, state: ConferenceState
    ) -> None:
        """Who takes part (Tables 33 and 34)."""
        text = self._texts(membership).participants(state)
        if text:
            await self._tell(membership, TABLE_33_SMTP, text)

    async def _invite(self, membership: Membership, text: str) -> None:
        try:
            await self._tell(membership, TABLE_25_SMTP, text)
        except CannotInterwork as refusal:
            if refusal.status != _UNSUPPORTED:
                raise
            raise CannotInterwork(
                _NOT_ACCEPTABLE,
                reason_for(_NOT_ACCEPTABLE),
                cause=refusal.cause,
                section=refusal.section,
                warning=refusal.warning,
            ) from refusal

    async def _tell(
        self, membership: Membership, table: Table[SessionMms], text: str
    ) -> None:
        own = self._own()
        source = SessionMms(
            membership=membership,
            relay=self._relays.towards(membership.invitation.user),
            own=own,
            transaction_id=new_id(),
            message_id=f"{new_id()}@{own.domain}",
            entity=notice(text, membership.policy.mms.notice_form),
            now=self._now(),
        )
        await self._forwarding.forward(parcel_of(table, source, self._forwarding))

    def _texts(self, membership: Membership) -> Texts:
        return Texts(membership, self._plan())
