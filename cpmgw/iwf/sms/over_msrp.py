"""What SMS interworks over MSRP: large messages and sessions (TS 6.1.2, 6.1.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.reason import reason
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IHouse
from cpmgw.iwf.large_message import LargeMessages
from cpmgw.iwf.large_sending import LargeSending
from cpmgw.iwf.media import Media
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.centres import Centres
from cpmgw.iwf.sms.chat.chats import sms_chats
from cpmgw.iwf.sms.inbound import Way
from cpmgw.iwf.sms.inbound_large import InboundLarge
from cpmgw.iwf.sms.large import LargeToSms
from cpmgw.iwf.sms.outbound import Outbound
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.policy import Policy
from cpmgw.records import ImdnContext
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings
from cpmgw.sip.message import Request, Response
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.legs import Incoming


class OverMsrp:
    """The calls of the SMS IWF, and what is in them.

    `ways` are those of a received short message before it becomes a SIP MESSAGE.
    `failed` tells of a message that nobody can be told of by MSRP any more.
    """

    def __init__(
        self,
        house: IHouse,
        node: IMsrpNode,
        centres: Centres,
        submissions: Submissions,
        outbound: Outbound,
        repeats: RepeatGuard,
        failed: Callable[[ImdnContext], Awaitable[None]],
    ) -> None:
        config = house.config

        def policy() -> Policy:
            return house.config.policy

        self.calls = Calls(
            house.network,
            house.clock,
            CallSettings(
                timing=config.sip.timing,
                retry_after=config.policy.retry_after,
                drain=config.sip.drain,
                session_expires=config.sip.session_expires,
                min_se=config.sip.min_se,
                # Without one, and with 200, it would be the user that has left
                # (conversation TS 8.2.2.3).
                reasons=(reason(480, reason_for(480)),),
            ),
        )
        media = Media(node, policy)
        self.chats = sms_chats(house, self.calls, media, submissions, repeats)
        self._large = LargeMessages(
            self.calls,
            media,
            LargeToSms(
                outbound,
                centres,
                house.store,
                policy,
                lambda: house.dial_plan,
                house.traffic,
                failed,
            ),
            house.network,
            policy,
            lambda: house.dial_plan,
            house.clock,
            house.now,
            house.traffic,
            config.sip.drain,
        )
        sending = LargeSending(
            self.calls, media, house.network.begin, policy, house.clock
        )
        self._sent = InboundLarge(sending, house.network, centres, house.now)
        self.ways: tuple[Way, ...] = (self._sent,)

    def __len__(self) -> int:
        """What there is, however young: calls, and what is about to be one."""
        return len(self.calls) + len(self.chats) + len(self._large) + len(self._sent)

    def start(self) -> None:
        """Take invitations."""
        self.calls.start()
        self._large.start()
        self.chats.start()

    async def stop(self) -> None:
        """Take no more, and end all that there is."""
        chats = Deferred.fromCoroutine(self.chats.stop())
        await self._large.stop()
        await self.calls.stop()
        await chats

    async def invite(self, incoming: Incoming) -> Response:
        """Answer an INVITE outside of a dialog, by its feature."""
        features = features_of(incoming.request.headers)
        if Feature.LARGE in features:
            return await self._large.invite(incoming)
        if Feature.SESSION in features:
            return await self.chats.invite(incoming)
        raise no_sessions()

    async def within(self, incoming: Incoming) -> Response:
        """Answer a request in a dialog: a call's, or a subscription's."""
        if incoming.request.method == "NOTIFY":
            return await self.chats.within(incoming)
        return await self.calls.within(incoming)

    def acknowledge(self, request: Request) -> None:
        """Take an ACK."""
        self.calls.acknowledge(request)


def no_sessions() -> CannotInterwork:
    """The refusal of an INVITE that begins nothing here."""
    return CannotInterwork(488, reason_for(488), cause="no-feature", section="TS 6.1")
