"""The SMS IWF as an interworking service: what the ISF and the SM-SCs see of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger
from twisted.plugin import IPlugin
from zope.interface import implementer

from cpmgw.config import Config, SmscConfig
from cpmgw.cpm import product
from cpmgw.cpm.errors import ImdnError
from cpmgw.cpm.identity import masked
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import (
    IHouse,
    IInterworking,
    IInterworkingFactory,
    IReconfigurable,
    ISmsCentre,
)
from cpmgw.iwf.capabilities import Capabilities, Kind
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.centres import Centre, Centres
from cpmgw.iwf.sms.inbound import Inbound
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.outbound import Outbound
from cpmgw.iwf.sms.overdue import Overdue
from cpmgw.iwf.sms.reports import StatusReports
from cpmgw.iwf.sms.sessions import Sessions
from cpmgw.iwf.sms.storing import fingerprint, storable
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import PolicySource
from cpmgw.sip.message import Response, respond
from txsmpp.interfaces import IEsmeHandler, ISession
from txsmpp.pdu import AlertNotification, DataSm, DeliverSm
from txsmpp.status import CommandStatus
from txsmpp.text.receipt import is_receipt, parse_receipt

NAME: Final = "SMS"

# Text to numbers, in pager mode (TS 6.2.2).
CAPABILITIES: Final = Capabilities(
    name=NAME,
    service=NAME,
    kinds=frozenset((Kind.PAGER, Kind.NOTIFICATION)),
    text_only=True,
)


@implementer(IInterworking, IReconfigurable)
class SmsInterworking:
    """Interworking with SMS as an External Short Message Entity (TS 6.2.2)."""

    capabilities = CAPABILITIES

    def __init__(self, house: IHouse) -> None:
        config = house.config
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
        self._outbound = Outbound(
            self._centres,
            house.store,
            self._repeats,
            in_flight,
            self._policy,
            lambda: house.dial_plan,
            house.now,
            house.traffic,
        )
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
        )
        self._overdue = Overdue(
            house.store, self._policy, self._inbound.settles, self._inbound.give_up
        )
        self._reports = StatusReports(house, self._policy, in_flight, self._repeats)

    def prepare(self, config: Config) -> Callable[[], None]:
        """Make the links that a new configuration needs (IReconfigurable)."""
        centres = self._centres_of(config)
        return lambda: self._centres.replace(centres)

    def _centres_of(self, config: Config) -> list[Centre]:
        """The SM-SCs of a configuration; links that there are already are kept."""
        return [Centre(self._link_to(each), each) for each in config.smsc]

    def _link_to(self, config: SmscConfig) -> ISmsCentre:
        known = self._centres.link_to(config.name)
        if known is not None:
            return known
        listener = CentreListener(self, config.name)
        made: ISmsCentre = self._house.sms_centre(config, listener)
        return made

    async def start(self) -> None:
        """Take over what an earlier process had answered."""
        self._inbound.start()
        self._repeats.load(await self._store.sent.answers())
        await self._reports.start()

    async def stop(self) -> None:
        """Let submissions under way come to their end, so that they are remembered."""
        self._inbound.stop()
        await self._repeats.idle()

    async def sweep(self, now: float) -> None:
        """Deliver what has waited too long, tell what could not be told before."""
        await self._overdue.look(now)
        await self._reports.retry(now)

    async def message(self, message: StandaloneMessage) -> Response:
        """Interwork a pager mode message (TS 6.2.2.1.1); CannotInterwork if it fails.

        SMS has no form for a disposition notification: it is accepted and ends here.
        """
        if message.is_notification:
            self._traffic.end_notification()
            return self._ended(message)
        return await self._outbound.message(message)

    def _ended(self, message: StandaloneMessage) -> Response:
        """The answer to a notification; CannotInterwork 400 if it is none."""
        try:
            parse_imdn(message.content)
        except ImdnError as error:
            raise CannotInterwork(
                error.status,
                error.reason,
                cause="notification",
                section="RFC 5438 7.2",
                warning=str(error),
            ) from error
        return respond(
            message.request,
            self._policy().pager_success_status,
            headers=(*message.identification.pairs(), ("Server", product.server(NAME))),
        )

    def bound(self, session: str) -> None:
        """A session with an SM-SC is bound."""
        self._sessions.began(session)

    def lost(self, session: str) -> None:
        """A session with an SM-SC is gone."""
        self._sessions.ended(session, self._now())

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

    def __init__(self, interworking: SmsInterworking, centre_name: str) -> None:
        self._interworking = interworking
        self._centre_name = centre_name

    async def message(self, pdu: DeliverSm | DataSm, session: ISession) -> int:
        """A message or receipt; the command_status to answer it with."""
        return await self._interworking.short_message(
            self._centre_name, pdu, session.id
        )

    def alert(self, pdu: AlertNotification, session: ISession) -> None:
        """A subscriber is reachable again (SMPP 3.4 4.12)."""
        self.log.debug(
            "{centre}: alert_notification for {number}",
            centre=self._centre_name,
            number=masked(pdu.source_addr),
        )

    def bound(self, session: ISession) -> None:
        """A session is bound."""
        self._interworking.bound(session.id)
        self.log.info(
            "{centre}: bound as {mode}",
            centre=self._centre_name,
            mode=session.bind_mode,
        )

    def lost(self, session: ISession, reason: Exception | None) -> None:
        """A session that was bound is gone."""
        self._interworking.lost(session.id)
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
        return CAPABILITIES if config.smsc else None

    def build(self, house: IHouse) -> SmsInterworking | None:
        """The SMS IWF of this gateway; None where no SM-SC is configured."""
        return SmsInterworking(house) if house.config.smsc else None
