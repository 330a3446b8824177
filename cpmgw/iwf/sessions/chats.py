"""The sessions of one IWF as the rest of it sees them (TS 6.1.4 to 6.1.7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.interfaces import IHouse
from cpmgw.iwf.media import Media, Wanted
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.bearer import Bearer
from cpmgw.iwf.sessions.house import SessionHouse
from cpmgw.iwf.sessions.invitations import Invitations
from cpmgw.iwf.sessions.numbering import Numbering
from cpmgw.iwf.sessions.pauses import Pauses
from cpmgw.iwf.sessions.register import LateAnswers, Register
from cpmgw.iwf.sessions.replies import Message, Outcome, Replies, Voice
from cpmgw.iwf.sessions.turns import Turns
from cpmgw.msrp.errors import MsrpError
from cpmgw.policy import Policy
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.subscriptions import Subscriptions
from cpmgw.sip.dialogs.watching import SubscriptionSettings
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response

_OK: Final = 200


class Chats(Generic[Message, Outcome]):
    """All sessions of one IWF.

    `bearer` brings its users what happens in them, `voice` hears what they say;
    `numbering` and `background` are the bearer's, and are stopped with the sessions.
    `wanted` is what media it takes, by a policy, `memory` where large messages are when
    they are handed over.
    """

    def __init__(
        self,
        house: IHouse,
        calls: Calls,
        media: Media,
        bearer: Bearer,
        voice: Voice[Message, Outcome],
        numbering: Numbering,
        background: Background,
        wanted: Callable[[Policy], Wanted],
        memory: Memory,
    ) -> None:
        self._policy = lambda: house.config.policy
        self._wanted = wanted
        self._numbering = numbering
        self._subscriptions = Subscriptions(
            house.network,
            house.clock,
            SubscriptionSettings(
                timing=house.config.sip.timing, drain=house.config.sip.drain
            ),
        )
        self._house = SessionHouse(
            name=bearer.service,
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
            memory=memory,
        )
        self._invitations = Invitations(self._house)
        self._replies = Replies(
            self._house, voice, house.store.numbers, lambda: house.config.number_pool
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
        return await self._invitations.invite(incoming, self._wanted(self._policy()))

    async def within(self, incoming: Incoming) -> Response:
        """The answer to a NOTIFY (6.1.7)."""
        return await self._subscriptions.within(incoming)

    async def take(self, message: Message) -> Outcome | Message:
        """What answers a user's message that ends here, else where it goes."""
        return await self._replies.take(message)

    def fall_back_on(self, standalone: Callable[[Message], Awaitable[Outcome]]) -> None:
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


def _is_ok(status: int) -> bool:
    return status == _OK


def _not_taken(failure: Failure) -> bool:
    failure.trap(MsrpError)
    return False
