"""What MMS interworks over MSRP: large messages, files, sessions (TS 6.1.2 to .4)."""

from __future__ import annotations

from cpmgw.cpm.features import Feature
from cpmgw.interfaces import IHouse
from cpmgw.iwf.large_message import LargeMessages
from cpmgw.iwf.large_mode import FILE, LARGE, Mode
from cpmgw.iwf.large_sending import LargeSending
from cpmgw.iwf.media import Media
from cpmgw.iwf.mms.chat.bearer import Notified
from cpmgw.iwf.mms.chat.chats import Ways, mms_chats
from cpmgw.iwf.mms.content import Adapting
from cpmgw.iwf.mms.forwarding import Forwarding
from cpmgw.iwf.mms.inbound_large import InboundLarge
from cpmgw.iwf.mms.large import OUTCOMES, LargeToMms, Notify, types_of
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.outbound import Outbound
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.over_msrp import OverMsrp, calls_of
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.policy import Policy
from cpmgw.sip.dialogs.calls import Calls


class MmsOverMsrp(OverMsrp[InboundMms, str]):
    """The calls of the MMS IWF, and what is in them.

    `large` sends towards CPM what is too large for a MESSAGE. `notify` and `notified`
    take notifications that come by MSRP: as a message of their own, and in a session.
    """

    def __init__(
        self,
        house: IHouse,
        node: IMsrpNode,
        relays: Relays,
        forwarding: Forwarding,
        adaptation: Adapting,
        outbound: Outbound,
        repeats: RepeatGuard,
        notify: Notify,
        notified: Notified,
    ) -> None:
        def policy() -> Policy:
            return house.config.policy

        calls = calls_of(house)
        media = Media(node, policy)
        sending = LargeSending(calls, media, house.network.begin, policy, house.clock)
        self.large = InboundLarge(house, sending)
        carrier = LargeToMms(house, outbound, notify)
        chats = mms_chats(
            house,
            calls,
            media,
            Ways(
                relays,
                forwarding,
                adaptation,
                repeats,
                notified,
                lambda: carrier.content,
                lambda: carrier.max_size,
                outbound.memory,
            ),
        )
        messages = {
            Feature.LARGE: _messages(house, calls, media, carrier, LARGE),
            Feature.FILE: _messages(house, calls, media, carrier, FILE),
        }
        super().__init__(calls, chats, messages, self.large)


def _messages(
    house: IHouse, calls: Calls, media: Media, carrier: LargeToMms, mode: Mode
) -> LargeMessages:
    def policy() -> Policy:
        return house.config.policy

    def own_address() -> tuple[tuple[str, str], ...]:
        # Who answers for the user that a file is sent to (TS 6.1.3 step 5b).
        return (("P-Asserted-Identity", f"<{house.config.iwf_address}>"),)

    return LargeMessages(
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
        mode=mode,
        outcomes=OUTCOMES,
        types=lambda: types_of(policy()),
        asserted=own_address if mode is FILE else tuple,
    )
