"""What SMS interworks over MSRP: large messages and sessions (TS 6.1.2, 6.1.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cpmgw.cpm.features import Feature
from cpmgw.interfaces import IHouse
from cpmgw.iwf.large_message import LargeMessages
from cpmgw.iwf.large_sending import LargeSending
from cpmgw.iwf.media import Media
from cpmgw.iwf.over_msrp import OverMsrp, calls_of
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.centres import Centres
from cpmgw.iwf.sms.chat.chats import sms_chats
from cpmgw.iwf.sms.inbound import Way
from cpmgw.iwf.sms.inbound_large import InboundLarge
from cpmgw.iwf.sms.large import LargeToSms
from cpmgw.iwf.sms.outbound import Outbound
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.policy import Policy
from cpmgw.records import ImdnContext


class SmsOverMsrp(OverMsrp[InboundMessage, int]):
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
        def policy() -> Policy:
            return house.config.policy

        calls = calls_of(house)
        media = Media(node, policy)
        carrier = LargeToSms(
            outbound,
            centres,
            house.store,
            policy,
            lambda: house.dial_plan,
            house.traffic,
            failed,
        )
        large = LargeMessages(
            calls,
            media,
            carrier,
            house.network,
            policy,
            lambda: house.dial_plan,
            house.clock,
            house.now,
            house.traffic,
            house.config.sip.drain,
        )
        sending = LargeSending(calls, media, house.network.begin, policy, house.clock)
        sent = InboundLarge(sending, house.network, centres, house.now)
        self.ways: tuple[Way, ...] = (sent,)
        super().__init__(
            calls,
            sms_chats(house, calls, media, submissions, repeats),
            {Feature.LARGE: large},
            sent,
        )
