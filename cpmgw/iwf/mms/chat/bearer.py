"""MMS as the bearer of CPM sessions: what its users are sent (TS 6.3.1.1.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from twisted.logger import Logger

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.cpm.chat_content import ChatContent, read_content
from cpmgw.cpm.cpim import CpimLimits
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mms.capabilities import NAME
from cpmgw.iwf.mms.chat import rules
from cpmgw.iwf.mms.chat.fitting import TOO_LARGE, Fitting
from cpmgw.iwf.mms.chat.notices import MmsNotices
from cpmgw.iwf.mms.chat.parcels import Forwards, new_id, parcel_of
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.content import Adapting
from cpmgw.iwf.mms.forward_outcome import BYE_TEXT
from cpmgw.iwf.mms.forwarding import Parcel
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.mms.tables.table_27 import TABLE_27_SIP_RESPONSE
from cpmgw.iwf.mms.tables.table_28 import TABLE_28_SMTP
from cpmgw.iwf.outcomes import store_failed
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.acceptance import answer_in, session_answer
from cpmgw.iwf.sessions.bearer import Delivery, Membership
from cpmgw.iwf.sessions.context import context_of, repeat_key
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.iwf.sessions.numbering import Numbering
from cpmgw.iwf.sessions.spoken import Spoken
from cpmgw.iwf.sessions.texts import Texts
from cpmgw.mail_records import SentMms
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.status import reason_for
from cpmgw.smtp.errors import Refused

_DROPPED: Final = "session-over"
# Refusals of what a message holds, not of the message (6.3 1c and 1d), and of one that
# may come again: they do not end a session.
_OUTCOMES: Final[Mapping[str, Delivery]] = {
    "content": Delivery.UNFIT,
    "unwritable": Delivery.UNFIT,
    TOO_LARGE: Delivery.TOO_LARGE,
    "busy": Delivery.BUSY,
    "no-room": Delivery.BUSY,
    _DROPPED: Delivery.DROPPED,
}
# What a relay refuses then for good is what the mail holds (RFC 5321 4.2.5).
_OF_CONTENT: Final = frozenset(("DATA", "."))
_OK: Final = 200
# Octets of a CPIM wrapper around the largest content.
_WRAPPER: Final = 65_536

Notified = Callable[[bytes], Awaitable[None]]
"""Takes a message/imdn+xml of an MMS; CannotInterwork where it cannot be kept."""


class MmsBearer:
    """Brings what happens in a session to its MMS user.

    `most` gives the octets of the largest content that is looked at.
    """

    log = Logger()
    service: str = NAME
    unfit: int = 415

    def __init__(
        self,
        relays: Relays,
        forwarding: Forwards,
        adaptation: Adapting,
        repeats: RepeatGuard,
        numbering: Numbering,
        own: Callable[[], OwnRelay],
        plan: Callable[[], DialPlan],
        now: Callable[[], float],
        notified: Notified,
        most: Callable[[], int],
        is_healthy: Callable[[], bool],
    ) -> None:
        self.notices = MmsNotices(relays, forwarding, own, plan, now)
        self._fitting = Fitting(adaptation, most)
        self._relays = relays
        self._forwarding = forwarding
        self._repeats = repeats
        self._numbering = numbering
        self._own = own
        self._most = most
        self._is_healthy = is_healthy
        self._plan = plan
        self._now = now
        self._notified = notified

    # -- the session -------------------------------------------------------------------

    async def address(self, invitation: Invitation, policy: Policy) -> PhoneAddress:
        """What the user's messages come from (6.3.1.1.6.1 steps 1 and 2).

        CannotInterwork also where nothing could be sent to the user now.
        """
        self._relays.towards(invitation.user)
        if not self._is_healthy():
            raise store_failed(503, policy)
        return await self._numbering.address(invitation, policy)

    def free(self, membership: Membership) -> None:
        """The session is over."""
        self._numbering.free(membership.invitation, membership.policy)

    def acceptance(
        self, membership: Membership, body: bytes
    ) -> Sequence[tuple[str, str]]:
        """The header fields of a 200 (Table 27, 6.3.1.1.7)."""
        answer = answer_in(membership, self._plan(), body, accepted=True)
        return session_answer(TABLE_27_SIP_RESPONSE, answer).headers

    def declined(self, membership: Membership) -> int:
        """The status of a refusal (Table 27)."""
        answer = answer_in(membership, self._plan(), b"", accepted=False)
        return session_answer(TABLE_27_SIP_RESPONSE, answer).status

    def failure(self, policy: Policy) -> str:
        """The text of the Reason."""
        return BYE_TEXT

    # -- messages ----------------------------------------------------------------------

    def max_size(self, policy: Policy) -> int:
        """The octets of the largest content that is looked at."""
        return self._most()

    def read(self, content_type: str, octets: bytes, policy: Policy) -> ChatContent:
        """Read what a SEND carries; its content stays as it is."""
        limits = CpimLimits(max_size=self.max_size(policy) + _WRAPPER)
        return read_content(content_type, octets, limits)

    async def notified(self, membership: Membership, content: ChatContent) -> bool:
        """An IMDN of a message that the MMS user has sent (6.3.1.2.3, 6.3.1.2.4).

        Those of others end there, and are counted.
        """
        await self._notified(content.octets)
        return True

    async def deliver(self, membership: Membership, spoken: Spoken) -> Delivery:
        """A chat message (Tables 28 and 29), once however often it comes."""
        octets = spoken.content.octets
        if not octets or octets.isspace():
            return Delivery.UNFIT
        del octets
        key = repeat_key(membership, spoken.content)

        async def work() -> Answer:
            return await self._send(membership, spoken, key)

        try:
            if key:
                await self._repeats.once(key, self._now(), work)
            else:
                await work()
        except CannotInterwork as failure:
            self.log.debug("chat message not sent: {why}", why=failure.warning)
            return _outcome(failure)
        return Delivery.TAKEN

    async def _send(self, membership: Membership, spoken: Spoken, key: bytes) -> Answer:
        """Send it; while its relay takes its time nothing of it is in memory."""
        answer = Answer(
            key=key,
            status=_OK,
            reason="OK",
            expires=self._now() + membership.policy.duplicate_window,
        )
        parcel = await self._parcel(membership, spoken, answer)
        spoken.let_go()
        await self._forwarding.forward(parcel)
        return answer

    async def _parcel(
        self, membership: Membership, spoken: Spoken, answer: Answer
    ) -> Parcel:
        policy, own, key = membership.policy, self._own(), answer.key
        relay = self._relays.towards(membership.invitation.user)
        content, texts = spoken.content, Texts(membership, self._plan())
        entity = await self._fitting.of(spoken, texts, relay, policy)
        if spoken.is_dropped:
            raise _dropped()
        source = SessionMms(
            membership=membership,
            relay=relay,
            own=own,
            transaction_id=new_id(),
            # One that comes again, after a crash too, is known to the relay.
            message_id=f"{key.hex() or new_id()}@{own.domain}",
            entity=entity,
            now=self._now(),
            requested=content.requested.dispositions,
            datetime=content.datetime,
        )
        return parcel_of(
            TABLE_28_SMTP,
            source,
            self._forwarding,
            sent=self._reported(source, content, key),
            answer=answer if key else None,
        )

    def _reported(
        self, source: SessionMms, content: ChatContent, key: bytes
    ) -> SentMms | None:
        """What its reports need; None where MM4 is asked for none."""
        if not (rules.delivery_report(source) or rules.read_reply(source)):
            return None
        membership, now = source.membership, source.now
        policy = membership.policy
        return SentMms(
            message_id=source.message_id,
            context=context_of(membership, content, self._plan(), now),
            relay=source.relay.name,
            recipient=membership.invitation.user.text,
            expires=now + policy.mms.session_expiry + policy.report_grace,
            answer=key,
        )


def _outcome(failure: CannotInterwork) -> Delivery:
    """What a failure is to the session."""
    known = _OUTCOMES.get(failure.cause)
    if known is not None:
        return known
    if _is_of_content(failure.__cause__):
        return Delivery.UNFIT
    return Delivery.UNSURE if failure.may_have_left else Delivery.FAILED


def _is_of_content(error: BaseException | None) -> bool:
    """Whether a relay has refused for good what was in a mail, and not the user."""
    if not isinstance(error, Refused) or error.stage not in _OF_CONTENT:
        return False
    return error.reply.code // 100 == 5


def _dropped() -> CannotInterwork:
    return CannotInterwork(
        480,
        reason_for(480),
        cause=_DROPPED,
        section="TS 6.1.6",
        warning="the session has ended",
    )
