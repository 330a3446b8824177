"""What MMS interworks over MSRP: large messages, files, sessions (TS 6.1.2 to .4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.reason import reason
from cpmgw.errors import CannotInterwork
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
from cpmgw.iwf.mms.outbound import Outbound
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.msrp.interfaces import IMsrpNode
from cpmgw.policy import Policy
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings
from cpmgw.sip.message import Request, Response
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.sip.legs import Incoming


class OverMsrp:
    """The calls of the MMS IWF, and what is in them.

    `chats` are its sessions, `large` sends towards CPM what is too large for a MESSAGE.
    `notify` and `notified` take notifications that come by MSRP: as a message of their
    own, and in a session.
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
        config = house.config

        def policy() -> Policy:
            return house.config.policy

        self._house = house
        self._policy = policy
        self._media = Media(node, policy)
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
        carrier = LargeToMms(house, outbound, notify)
        self._large = self._messages(carrier, LARGE)
        self._files = self._messages(carrier, FILE)
        self.large = InboundLarge(
            house,
            LargeSending(
                self.calls, self._media, house.network.begin, policy, house.clock
            ),
        )
        self.chats = mms_chats(
            house,
            self.calls,
            self._media,
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

    def __len__(self) -> int:
        """What there is, however young: calls, and what is about to be one."""
        messages = len(self._large) + len(self._files) + len(self.large)
        return len(self.calls) + len(self.chats) + messages

    def _messages(self, carrier: LargeToMms, mode: Mode) -> LargeMessages:
        house = self._house
        return LargeMessages(
            self.calls,
            self._media,
            carrier,
            house.network,
            self._policy,
            lambda: house.dial_plan,
            house.clock,
            house.now,
            house.traffic,
            house.config.sip.drain,
            mode=mode,
            outcomes=OUTCOMES,
            types=lambda: types_of(self._policy()),
            asserted=self._own_address if mode is FILE else tuple,
        )

    def _own_address(self) -> tuple[tuple[str, str], ...]:
        """Who answers for the user that a file is sent to (TS 6.1.3 step 5b)."""
        return (("P-Asserted-Identity", f"<{self._house.config.iwf_address}>"),)

    def start(self) -> None:
        """Take invitations."""
        self.calls.start()
        self._large.start()
        self._files.start()
        self.chats.start()

    async def stop(self) -> None:
        """Take no more, and end all that there is."""
        chats = Deferred.fromCoroutine(self.chats.stop())
        files = Deferred.fromCoroutine(self._files.stop())
        await self._large.stop()
        await files
        await self.calls.stop()
        await chats

    async def invite(self, incoming: Incoming) -> Response:
        """Answer an INVITE outside of a dialog, by its feature."""
        features = features_of(incoming.request.headers)
        if Feature.LARGE in features:
            return await self._large.invite(incoming)
        if Feature.FILE in features:
            return await self._files.invite(incoming)
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
