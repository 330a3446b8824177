"""The MMS IWF as an interworking service: what the ISF and the relays see of it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from cpmgw.config import Config
from cpmgw.interfaces import (
    IHouse,
    IInterworkingFactory,
    IReconfigurable,
    ISessionInterworking,
)
from cpmgw.iwf.capabilities import Capabilities
from cpmgw.iwf.mms.adaptation.adaptation import Adaptation
from cpmgw.iwf.mms.capabilities import NAME, capabilities_of
from cpmgw.iwf.mms.content import Contents
from cpmgw.iwf.mms.forwarding import Forwarding
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.outbound import Outbound
from cpmgw.iwf.mms.over_msrp import MmsOverMsrp
from cpmgw.iwf.mms.receiving import Receiving
from cpmgw.iwf.mms.relays import Relay, Relays
from cpmgw.iwf.notifier import NoSessions
from cpmgw.iwf.over_msrp import InDialogs
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mail_records import SentMms
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.policy import Policy
from cpmgw.records import Answer
from cpmgw.sip.message import Response


@implementer(ISessionInterworking, IReconfigurable)
class MmsInterworking(InDialogs[InboundMms, str]):
    """Interworking with MMS as an MMS relay/server (TS 6.3.1)."""

    def __init__(self, house: IHouse, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._house = house

        def policy() -> Policy:
            return house.config.policy

        self._repeats = RepeatGuard(house.config.limits.answers)
        self._relays = Relays((), policy)
        self._relays.replace(self._relays_of(house.config))
        forwarding = Forwarding(
            house,
            policy,
            self._relays.speaks_for,
            self._failed,
            lambda answer: self._repeats.load((answer,)),
        )
        adaptation = Adaptation(
            house.workshop,
            lambda: house.config.adaptation,
            policy,
            house.traffic,
            house.clock,
        )
        self._outbound = Outbound(
            house,
            self._relays,
            forwarding,
            self._repeats,
            Contents(house, adaptation),
            self._failed,
            self._written,
        )
        self._over_msrp = self._over_msrp_of(forwarding, adaptation)
        over = self._over_msrp
        self._receiving = Receiving(
            house,
            self._relays,
            forwarding.transactions,
            over.chats if over is not None else NoSessions(),
            large=over.large if over is not None else None,
            replies=over.chats if over is not None else None,
            forget=self._repeats.forget,
        )
        house.receive_mail(house.config.mm4, self._receiving.reception)

    def _over_msrp_of(
        self, forwarding: Forwarding, adaptation: Adaptation
    ) -> MmsOverMsrp | None:
        """What goes over MSRP, where the house has it."""
        house = self._house
        if house.msrp is None:
            return None
        return MmsOverMsrp(
            house,
            house.msrp,
            self._relays,
            forwarding,
            adaptation,
            self._outbound,
            self._repeats,
            self._notify,
            self._notified,
        )

    def prepare(self, config: Config) -> Callable[[], None]:
        """Make the links that a new configuration needs (IReconfigurable)."""
        relays = self._relays_of(config)
        capabilities = capabilities_of(config) or self.capabilities

        def put_in_force() -> None:
            self._relays.replace(relays)
            self.capabilities = capabilities

        return put_in_force

    def _relays_of(self, config: Config) -> list[Relay]:
        """The relays of a configuration; links that there are already are kept."""
        return [
            Relay(self._relays.link_to(each.name) or self._house.mail_relay(each), each)
            for each in config.mmsc
        ]

    # -- between the parts -------------------------------------------------------------

    async def _failed(self, message: SentMms, status: RequestStatus) -> None:
        await self._receiving.failed(message, status)

    def _written(self, ends: Ends) -> None:
        if self._over_msrp is not None:
            self._over_msrp.chats.written(ends)

    async def _notify(self, message: StandaloneMessage) -> Answer:
        return await self._receiving.notifications.answer(message)

    async def _notified(self, content: bytes) -> None:
        await self._receiving.notifications.take(content)

    # -- service -----------------------------------------------------------------------

    async def start(self) -> None:
        """Take over what an earlier process has left."""
        await self._outbound.start()
        if self._over_msrp is not None:
            self._over_msrp.start()
        self._repeats.load(await self._house.store.sent.answers())
        self._receiving.start()

    async def leave(self) -> None:
        """End all that goes on with the CPM side (ISessionInterworking).

        What has not left is refused: another gateway may send it. What has left, and
        what is in hand of received mail, has its time; the rest is kept.
        """
        drain = self._house.config.sip.drain
        leaving = Deferred.fromCoroutine(self._outbound.leave(drain))
        await self._receiving.stop(drain)
        if self._over_msrp is not None:
            await self._over_msrp.stop()
        await leaving

    async def stop(self) -> None:
        """Let messages under way come to their end, so that they are remembered."""
        await self._outbound.stop(self._house.config.sip.drain)

    async def sweep(self, now: float) -> None:
        """Take up what is due."""
        self._receiving.sweep()

    # -- requests ----------------------------------------------------------------------

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a pager mode message or a notification; CannotInterwork if not."""
        if message.is_notification:
            return await self._receiving.notifications.message(message)
        return await self._outbound.message(message)


@implementer(IPlugin, IInterworkingFactory)
class MmsInterworkingFactory:
    """The plugin that offers MMS."""

    name = NAME

    def capabilities(self, config: Config) -> Capabilities | None:
        """What MMS carries; None where no relay is configured."""
        return capabilities_of(config)

    def build(self, house: IHouse) -> MmsInterworking | None:
        """The MMS IWF of this gateway; None where no MMS relay is configured."""
        capabilities = capabilities_of(house.config)
        return MmsInterworking(house, capabilities) if capabilities else None
