"""Sessions with SMS users: what the SMS IWF sees of them (TS 6.2.2)."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cpmgw.cpm.chat_content import COMPOSING_TYPE
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.interfaces import IHouse
from cpmgw.iwf.media import Media, Types, Wanted
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.house import SessionHouse
from cpmgw.iwf.sessions.invitations import Invitations
from cpmgw.iwf.sessions.pauses import Pauses
from cpmgw.iwf.sessions.register import LateAnswers, Register
from cpmgw.iwf.sessions.turns import Turns
from cpmgw.iwf.sms.chat.bearer import SmsBearer
from cpmgw.iwf.sms.chat.numbering import NAME, Numbering
from cpmgw.iwf.sms.chat.replies import Replies, Standalone
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.msrp.errors import MsrpError
from cpmgw.policy import Policy
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.subscriptions import Subscriptions
from cpmgw.sip.dialogs.watching import SubscriptionSettings
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response

SECTION: Final = "TS 6.1.4 step 1"
# What comes beside text, and ends here (conversation TS 5.2.1.1).
_DIRECT: Final = (CPIM_TYPE, COMPOSING_TYPE)
_BESIDE: Final = (IMDN_TYPE,)
_OK: Final = 200


class Chats:
    """All sessions of the SMS IWF."""

    def __init__(
        self,
        house: IHouse,
        calls: Calls,
        media: Media,
        submissions: Submissions,
        repeats: RepeatGuard,
    ) -> None:
        self._policy = lambda: house.config.policy
        background = Background()
        self._numbering = Numbering(lambda: house.numbers, house.clock, background)
        bearer = SmsBearer(
            submissions,
            repeats,
            self._numbering,
            lambda: house.dial_plan,
            house.now,
        )
        self._subscriptions = Subscriptions(
            house.network,
            house.clock,
            SubscriptionSettings(
                timing=house.config.sip.timing, drain=house.config.sip.drain
            ),
        )
        self._house = SessionHouse(
            name=NAME,
            domain=house.config.gateway.domain,
            address=lambda: house.config.iwf_address,
            clock=house.clock,
            now=house.now,
            policy=self._policy,
            plan=lambda: house.dial_plan,
            network=house.network,
            calls=calls,
            subscriptions=self._subscriptions,
            media=media,
            bearer=bearer,
            traffic=house.traffic,
            register=Register(),
            late=LateAnswers(),
            pauses=Pauses(),
            turns=Turns(),
            background=background,
        )
        self._invitations = Invitations(self._house)
        self._replies = Replies(
            self._house,
            bearer,
            house.store.numbers,
            lambda: house.config.number_pool,
        )

    def __len__(self) -> int:
        """How many sessions there are, from their invitation to their end.

        With the subscriptions that have not ended.
        """
        return len(self._house.register) + len(self._subscriptions)

    def start(self) -> None:
        """Take invitations."""
        self._subscriptions.start()
        self._invitations.start()

    async def stop(self) -> None:
        """Take no more; comes back when the sessions, which `calls` ends, are over.

        To be called before the calls are stopped, and waited for after.
        """
        self._invitations.stop()
        await self._house.register.empty()
        self._house.turns.stop()
        self._numbering.stop()
        await self._house.background.idle()
        await self._subscriptions.stop()

    async def invite(self, incoming: Incoming) -> Response:
        """The final answer to an invitation, or CannotInterwork (6.1.4)."""
        return await self._invitations.invite(incoming, wanted(self._policy()))

    async def within(self, incoming: Incoming) -> Response:
        """The answer to a NOTIFY (6.1.7)."""
        return await self._subscriptions.within(incoming)

    async def take(self, message: InboundMessage) -> int | InboundMessage:
        """The command_status of a short message that ends here, else where it goes."""
        return await self._replies.take(message)

    def fall_back_on(self, standalone: Standalone) -> None:
        """Send by this what a session did not take though it was acknowledged."""
        self._replies.standalone = standalone

    def written(self, ends: Ends) -> None:
        """Something else was sent to a user; what is said to it answers that."""
        self._house.late.forget((ends.originator.text, ends.target.text))

    def notify(self, session: str, body: bytes) -> Deferred[bool] | None:
        """Send a message/cpim in the session of this key (SessionNotifier, 6.2.4 2a).

        Fires with whether it was taken; None where the session cannot take it.
        """
        found = self._house.register.by_key(session)
        if found is None or not found.can_send:
            return None
        sent = found.messages.send(CPIM_TYPE, body)
        return sent.addCallbacks(_is_ok, _not_taken)


def wanted(policy: Policy) -> Wanted:
    """What media SMS takes: text, and what ends here.

    By policy an answer names all that was offered, or only this (RCC.10 6.1.4 h).
    """
    text_only = policy.sms.session_types == "text"
    return Wanted(
        direction=Direction.SENDRECV,
        section=SECTION,
        direct=_DIRECT,
        beside=_BESIDE,
        types=Types.TAKEN if text_only else Types.OFFERED,
        max_size=policy.text_limits.max_size,
    )


def _is_ok(status: int) -> bool:
    return status == _OK


def _not_taken(failure: Failure) -> bool:
    failure.trap(MsrpError)
    return False
