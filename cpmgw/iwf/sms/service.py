"""The SMS IWF as an interworking service: what the ISF and the SM-SCs see of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger
from twisted.plugin import IPlugin
from zope.interface import implementer

from cpmgw.config import Config, SmscConfig
from cpmgw.interfaces import (
    IHouse,
    IInterworkingFactory,
    IReconfigurable,
    ISessionInterworking,
    ISmsCentre,
)
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.iwf.notifier import NoSessions
from cpmgw.iwf.over_msrp import InDialogs
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.alerts import Alerts
from cpmgw.iwf.sms.centres import Centre, Centres
from cpmgw.iwf.sms.inbound import Inbound
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.notified import take_notification
from cpmgw.iwf.sms.outbound import Outbound
from cpmgw.iwf.sms.over_msrp import SmsOverMsrp
from cpmgw.iwf.sms.overdue import Overdue
from cpmgw.iwf.sms.reports import StatusReports
from cpmgw.iwf.sms.sessions import Sessions
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.storing import fingerprint, storable
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import PolicySource
from cpmgw.sip.message import Response, respond
from txsmpp.interfaces import IEsmeHandler, ISession
from txsmpp.pdu import AlertNotification, DataSm, DeliverSm
from txsmpp.status import CommandStatus
from txsmpp.text.receipt import is_receipt, parse_receipt

NAME: Final = "SMS"

# What needs no MSRP, and what does.
_BY_MESSAGE: Final = frozenset((Kind.PAGER, Kind.NOTIFICATION))
_BY_INVITE: Final = frozenset((Kind.LARGE, Kind.SESSION, Kind.GROUP))


def capabilities_of(config: Config) -> Capabilities:
    """Text to numbers: in messages, and in sessions where there is MSRP (TS 6.2.2)."""
    kinds = _BY_MESSAGE | (_BY_INVITE if config.msrp.is_used else frozenset())
    return Capabilities(name=NAME, service=NAME, kinds=kinds, text_only=True)


@implementer(ISessionInterworking, IReconfigurable)
class SmsInterworking(InDialogs[InboundMessage, int]):
    """Interworking with SMS as an External Short Message Entity (TS 6.2.2)."""

    def __init__(self, house: IHouse) -> None:
        config = house.config
        self.capabilities = capabilities_of(config)
        self._policy: PolicySource = lambda: house.config.policy
        self._store = house.store
        self._traffic = house.traffic
        self._now = house.now
        self._repeats = RepeatGuard(config.limits.answers)
        self._sessions = Sessions()
        in_flight = InFlight()
        self._house = house
        self._centres = Centres((), self._policy)
        self._centres.replace(self._centres_of(config))
        self._alerts = Alerts(house, self._policy)
        self._submissions = Submissions(
            self._centres,
            house.store,
            in_flight,
            self._policy,
            house.traffic,
            self._alerts.refused,
        )
        self._outbound = Outbound(
            self._submissions,
            self._repeats,
            self._policy,
            lambda: house.dial_plan,
            self._written,
        )
        self._over_msrp = self._over_msrp_of(house)
        self._inbound = Inbound(
            self._centres,
            house.network,
            house.store,
            self._sessions,
            self._policy,
            lambda: house.dial_plan,
            lambda: house.directory,
            config.gateway.domain,
            house.now,
            self._over_msrp.chats if self._over_msrp is not None else None,
            self._over_msrp.ways if self._over_msrp is not None else (),
        )
        if self._over_msrp is not None:
            self._over_msrp.chats.fall_back_on(self._inbound.standalone)
        self._overdue = Overdue(
            house.store, self._policy, self._inbound.settles, self._inbound.give_up
        )
        self._reports = StatusReports(
            house,
            self._policy,
            in_flight,
            self._repeats,
            self._alerts,
            self._over_msrp.chats if self._over_msrp is not None else NoSessions(),
        )

    def prepare(self, config: Config) -> Callable[[], None]:
        """Make the links that a new configuration needs (IReconfigurable)."""
        centres = self._centres_of(config)
        return lambda: self._centres.replace(centres)

    def _over_msrp_of(self, house: IHouse) -> SmsOverMsrp | None:
        """What goes over MSRP, where the house has it."""
        if house.msrp is None:
            return None
        return SmsOverMsrp(
            house,
            house.msrp,
            self._centres,
            self._submissions,
            self._outbound,
            self._repeats,
            lambda context: self._reports.failed(context),
        )

    def _written(self, ends: Ends) -> None:
        if self._over_msrp is not None:
            self._over_msrp.chats.written(ends)

    def _centres_of(self, config: Config) -> list[Centre]:
        """The SM-SCs of a configuration; links that there are already are kept."""
        return [Centre(self._link_to(each), each) for each in config.smsc]

    def _link_to(self, config: SmscConfig) -> ISmsCentre:
        known = self._centres.link_to(config.name)
        if known is not None:
            return known
        listener = CentreListener(self, config.name, self._sessions, self._now)
        made: ISmsCentre = self._house.sms_centre(config, listener)
        return made

    async def start(self) -> None:
        """Take over what an earlier process had answered."""
        self._inbound.start()
        if self._over_msrp is not None:
            self._over_msrp.start()
        self._repeats.load(await self._store.sent.answers())
        await self._alerts.start()
        await self._reports.start()

    async def stop(self) -> None:
        """Let submissions under way come to their end, so that they are remembered."""
        self._inbound.stop()
        await self._repeats.idle()
        await self._alerts.stop()

    async def leave(self) -> None:
        """End all sessions while they can be (ISessionInterworking)."""
        if self._over_msrp is not None:
            await self._over_msrp.stop()

    async def sweep(self, now: float) -> None:
        """Deliver what has waited too long, tell what could not be told before."""
        await self._overdue.look(now)
        await self._reports.retry(now)
        await self._alerts.retry(now)

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a pager mode message (TS 6.2.2.1.1); CannotInterwork if it fails.

        SMS has no form for a disposition notification: it is accepted and ends here.
        """
        if not message.is_notification:
            return await self._outbound.message(message)
        self._traffic.end_notification()
        answer = take_notification(message, self._policy())
        return respond(
            message.request, answer.status, answer.reason, headers=answer.headers
        )

    def alert(self, centre_name: str, pdu: AlertNotification) -> None:
        """Tell whoever waits for the subscriber (TS 6.2.3.1)."""
        self._alerts.alert(self._centres.named(centre_name), pdu)

    async def short_message(
        self, centre_name: str, pdu: DeliverSm | DataSm, session: str
    ) -> int:
        """Handle what an SM-SC sends, report or message (TS 6.2.2.1, 6.2.2.2)."""
        centre = self._centres.named(centre_name)
        if not is_receipt(pdu):
            status = await self._inbound.message(centre, pdu, session)
            self._traffic.receive(centre_name, status)
            return status
        receipt = parse_receipt(pdu)
        status = CommandStatus.ESME_RINVMSGID
        if receipt is not None:
            mark = fingerprint(storable(pdu))
            status = await self._reports.report(centre, receipt, mark)
        self._traffic.report(centre_name, status)
        return status


@implementer(IEsmeHandler)
class CentreListener:
    """Listens to one SM-SC."""

    log = Logger()

    def __init__(
        self,
        interworking: SmsInterworking,
        centre_name: str,
        sessions: Sessions,
        now: Callable[[], float],
    ) -> None:
        self._interworking = interworking
        self._centre_name = centre_name
        self._sessions = sessions
        self._now = now

    async def message(self, pdu: DeliverSm | DataSm, session: ISession) -> int:
        """A message or receipt; the command_status to answer it with."""
        return await self._interworking.short_message(
            self._centre_name, pdu, session.id
        )

    def alert(self, pdu: AlertNotification, session: ISession) -> None:
        """A subscriber is reachable again (SMPP 3.4 4.12)."""
        self._interworking.alert(self._centre_name, pdu)

    def bound(self, session: ISession) -> None:
        """A session is bound."""
        self._sessions.began(session.id)
        self.log.info(
            "{centre}: bound as {mode}",
            centre=self._centre_name,
            mode=session.bind_mode,
        )

    def lost(self, session: ISession, reason: Exception | None) -> None:
        """A session that was bound is gone."""
        self._sessions.ended(session.id, self._now())
        self.log.info(
            "{centre}: session lost: {reason}",
            centre=self._centre_name,
            reason=str(reason) if reason else "unbound",
        )


@implementer(IPlugin, IInterworkingFactory)
class SmsInterworkingFactory:
    """The plugin that offers SMS."""

    name = NAME

    def capabilities(self, config: Config) -> Capabilities | None:
        """What SMS carries; None where no SM-SC is configured."""
        return capabilities_of(config) if config.smsc else None

    def build(self, house: IHouse) -> SmsInterworking | None:
        """The SMS IWF of this gateway; None where no SM-SC is configured."""
        return SmsInterworking(house) if house.config.smsc else None
