"""SMS status report to CPM delivery notification (TS 6.2.2.1.2, 6.2.3, 6.2.4)."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, TimeoutError
from twisted.logger import Logger

from cpmgw.errors import StoreError
from cpmgw.interfaces import IHouse
from cpmgw.iwf.disposition import Notice, Outcome, is_final, notice_of, outcome_of
from cpmgw.iwf.events import EventAddresses, failed_interworking_request
from cpmgw.iwf.notifier import Notifier, SessionNotifier
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sms.alerts import Alerts
from cpmgw.iwf.sms.centres import Centre
from cpmgw.iwf.sms.inflight import InFlight
from cpmgw.iwf.sms.notification import notification_request, session_notification
from cpmgw.iwf.sms.owed import Owed
from cpmgw.iwf.sms.shortmessage import StatusReport
from cpmgw.policy import PolicySource
from cpmgw.records import ImdnContext, Reported, SegmentReport, SentMessage
from cpmgw.sip.identifiers import Randomness
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus
from txsmpp.text.receipt import Receipt, ReceiptKind

OK: Final = CommandStatus.ESME_ROK
TEMPORARY: Final = CommandStatus.ESME_RX_T_APPN
# Seconds that a receipt waits for submissions that may be its own, well below what an
# SM-SC waits for its answer.
PATIENCE: Final = 2.0
# Where what was never submitted went to.
_NO_CENTRE: Final = ""
_KEY_OCTETS: Final = 16


class StatusReports:
    """Turns status reports into IMDNs or events, once for each message.

    The IMDN of a chat message goes by MSRP in its session, as long as that lasts, and
    by SIP MESSAGE otherwise (TS 6.2.4 2). Events are always SIP MESSAGE: they are not
    for who is in the session but for the network (6.2.3.2).
    """

    log = Logger()

    def __init__(
        self,
        house: IHouse,
        policy: PolicySource,
        in_flight: InFlight,
        repeats: RepeatGuard,
        alerts: Alerts,
        sessions: SessionNotifier,
    ) -> None:
        config = house.config
        self._store = house.store
        self._clock = house.clock
        self._now = house.now
        self._traffic = house.traffic
        self._in_flight = in_flight
        self._repeats = repeats
        self._policy = policy
        self._addresses = EventAddresses(
            config.iwf_address, config.participating_function
        )
        self._notifier = Notifier(house)
        self._alerts = alerts
        self._sessions = sessions
        self._randomness = Randomness()
        self._telling: dict[str, list[Deferred[int]]] = {}
        self._owed = Owed(house.store.sent, house.now, self._settles)

    async def start(self) -> None:
        """Take up what an earlier process had recorded and not told."""
        await self._owed.take_up()

    async def report(self, centre: Centre, receipt: Receipt, mark: bytes) -> int:
        """Handle a status report; the command_status of its deliver_sm_resp.

        `mark` is a digest of the report, by which one that comes again is known.
        """
        state = receipt.state
        if receipt.kind is not ReceiptKind.RECEIPT or state is None:
            # An attempt, an SME's own acknowledgement, a state that SMPP does not
            # know: nothing that ends the message's way.
            state = MessageState.ENROUTE
        news = SegmentReport(int(state), receipt.error, mark)
        try:
            reported = await self._record(centre, receipt, news)
        except StoreError as error:
            self.log.error("status report not stored: {error}", error=str(error))
            return TEMPORARY
        except TimeoutError:
            return TEMPORARY
        if reported is None:  # step 1 a
            accepts = self._policy().unknown_receipt == "accept"
            return OK if accepts else CommandStatus.ESME_RINVMSGID
        if not reported.settled and reported.message.key not in self._owed:
            await self._learn(reported)
        return await self._conclude(reported)

    async def failed(self, context: ImdnContext) -> None:
        """Tell of a message that was not submitted, when its sender hears no answer.

        It is kept as one that had one report, so that it is told sooner or later, also
        by another process.
        """
        now, policy = self._now(), self._policy()
        segment = (_NO_CENTRE, self._randomness.hex(_KEY_OCTETS))
        message = SentMessage(
            key=self._randomness.hex(_KEY_OCTETS),
            context=context,
            segments=(segment,),
            expires=now + policy.validity_default + policy.report_grace,
        )
        news = SegmentReport(int(MessageState.UNDELIVERABLE))
        try:
            await self._store.sent.remember(None, message)
            reported = await self._store.sent.report(*segment, news)
        except StoreError as error:
            self.log.error("failure not stored: {error}", error=str(error))
            return
        if reported is not None:
            await self._conclude(reported)

    async def _learn(self, reported: Reported) -> None:
        """See what an outcome says of the user, the first time that it is known."""
        outcome, deciding = outcome_of(reported.reports)
        if deciding is not None:
            context = reported.message.context
            await self._alerts.reported(context, outcome, deciding)

    async def retry(self, now: float) -> None:
        """Tell those who could not be told before, as far as it is time."""
        await self._owed.look(now)

    async def _settles(self, reported: Reported) -> bool:
        """Tell what is owed; whether that has come to an end."""
        return await self._conclude(reported) != TEMPORARY

    async def _conclude(self, reported: Reported) -> int:
        """Tell what is to be told of the reports that have come."""
        outcome, deciding = outcome_of(reported.reports)
        if reported.settled or deciding is None:
            return OK
        context = reported.message.context
        notice = notice_of(outcome, deciding.state, context.requested, self._policy())
        status = await self._tell_once(reported, outcome, notice)
        if status == TEMPORARY:
            self._owed.add(reported)
        else:
            self._owed.remove(reported.message.key)
        return status

    async def _record(
        self, centre: Centre, receipt: Receipt, news: SegmentReport
    ) -> Reported | None:
        """Find the message and note the report; waits for submissions under way."""
        reported = await self._find(centre, receipt, news)
        if reported is not None:
            return reported
        settled = self._in_flight.settled(centre.name)
        if settled is None:
            return None
        await settled.addTimeout(PATIENCE, self._clock)
        return await self._find(centre, receipt, news)

    async def _find(
        self, centre: Centre, receipt: Receipt, news: SegmentReport
    ) -> Reported | None:
        """Note the report under the first of its possible ids that is known."""
        for message_id in centre.receipt_ids(receipt.message_id):
            reported = await self._store.sent.report(centre.name, message_id, news)
            if reported is not None:
                return reported
        return None

    async def _tell_once(
        self, reported: Reported, outcome: Outcome, notice: Notice
    ) -> int:
        """Tell the CPM side, once even when reports of two segments cross."""
        key = reported.message.key
        sharing = self._telling.get(key)
        if sharing is not None:
            turn: Deferred[int] = Deferred()
            sharing.append(turn)
            return await turn
        self._telling[key] = []
        status: int = TEMPORARY
        try:
            status = await self._tell(reported, outcome, notice)
        finally:
            for each in self._telling.pop(key):
                each.callback(status)
        return status

    async def _tell(self, reported: Reported, outcome: Outcome, notice: Notice) -> int:
        """Steps 2 to 5: send what is due, record that it was, answer."""
        message = reported.message
        forget = message.answer if outcome is Outcome.FAILED else b""
        if forget:
            # Whoever is told may send the message again at once.
            self._repeats.forget(forget)
        if not await self._reached(message, notice):
            return TEMPORARY
        try:
            await self._store.sent.settle(message.key, self._until(reported), forget)
        except StoreError as error:
            self.log.error("outcome not recorded: {error}", error=str(error))
            return TEMPORARY
        return OK

    def _until(self, reported: Reported) -> float:
        """How long the message stays known: while further reports may come."""
        soon = self._now() + self._policy().duplicate_window
        if all(each is not None and is_final(each) for each in reported.reports):
            return soon
        return max(soon, reported.message.expires)

    async def _reached(self, message: SentMessage, notice: Notice) -> bool:
        """Tell what is due; whether that need not be tried again."""
        context = message.context
        if notice.is_imdn:
            return await self._notified(message, notice)
        if not notice.failed_event or not context.message_id:
            return True
        identity = self._notifier.identity()
        request = failed_interworking_request(
            context, self._addresses, call_id=identity.call_id, tag=identity.tag
        )
        return await self._notifier.reaches(request, "failed-iw")

    async def _notified(self, message: SentMessage, notice: Notice) -> bool:
        """Send the IMDN, in the session of a chat message if that takes it."""
        # A new request each time, but with the message's own key as imdn.Message-ID:
        # sent again after a crash, or another way, it is known for a repeat.
        source = StatusReport(
            context=message.context,
            delivery=notice.delivery,
            interworking=notice.interworking,
            new_message_id=message.key,
            now=self._now(),
        )
        if await self._taken_in_session(source):
            return True
        identity = self._notifier.identity()
        request = notification_request(
            source, call_id=identity.call_id, tag=identity.tag
        )
        return await self._notifier.reaches(request, "imdn")

    async def _taken_in_session(self, source: StatusReport) -> bool:
        """Send the IMDN by MSRP (TS 6.2.4 2a); False where that cannot be."""
        session = source.context.session
        if not session:
            return False
        notified = self._sessions.notify(session, session_notification(source))
        if notified is None:
            return False
        taken = await notified
        self._traffic.notify("imdn-msrp", 200 if taken else None)
        return taken
