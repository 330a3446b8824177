"""Disposition notifications of received MMS (TS 6.3.1.2.3, 6.3.1.2.4).

They become reports of MM4. Those of a message that nobody here knows end here, and so
do those that nobody has asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from cpmgw.cpm import product
from cpmgw.cpm.imdn import Imdn, Kind, Notification, Status
from cpmgw.errors import StoreError
from cpmgw.interfaces import IHouse
from cpmgw.iwf.mail.outbox import Outbox
from cpmgw.iwf.mms.report_mails import Report, ReportMails, told_by
from cpmgw.iwf.mms.responses import SERVICE
from cpmgw.iwf.outcomes import notification_in, store_failed
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mail_records import OutboxMail, ReceivedMms
from cpmgw.mm4.dates import write_date
from cpmgw.mm4.errors import Mm4Error
from cpmgw.records import Answer
from cpmgw.sip.message import Response, respond
from cpmgw.sip.status import reason_for

_ACCEPTED: Final = "accepted"
# 6.3.1.2.3 step 3, 6.3.1.2.4 step 4.
_OK: Final = 200


class Notifications:
    """Turns what clients say of MMS into reports to their senders."""

    def __init__(self, house: IHouse, mails: ReportMails, outbox: Outbox) -> None:
        self._house = house
        self._mails = mails
        self._outbox = outbox

    async def message(self, message: StandaloneMessage) -> Response:
        """Take a notification in a SIP MESSAGE; its answer once the report is kept.

        CannotInterwork 400 if it is none, 503 where the store fails.
        """
        answer = await self.answer(message)
        return respond(
            message.request, answer.status, answer.reason, headers=answer.headers
        )

    async def answer(self, message: StandaloneMessage) -> Answer:
        """The same, whatever it came in; it has no key, for a repeat may end again."""
        date = _seconds_of(message.request.headers.get("Date") or "")
        await self.take(message.content, date)
        return Answer(
            key=b"",
            status=_OK,
            reason=reason_for(_OK),
            headers=(
                *message.identification.pairs(),
                ("Server", product.server(SERVICE)),
            ),
        )

    async def take(self, content: bytes, date: float | None = None) -> None:
        """Take a message/imdn+xml, wherever it came; `date` in seconds since 1970.

        It raises what `message` does.
        """
        imdn = notification_in(content)
        try:
            is_reported = await self._reported(imdn, date)
        except StoreError as error:
            raise store_failed(503, self._house.config.policy) from error
        if not is_reported:
            self._house.traffic.end_notification()

    async def _reported(self, imdn: Imdn, date: float | None) -> bool:
        """Report what a notification says; whether there was anybody to report to."""
        store = self._house.store.multimedia
        received = await store.received(imdn.message_id)
        if received is None or self._is_past(received):
            return False
        reports = dict(self._reports_of(imdn, received, date))
        if not reports:
            return False
        posted = await store.report(received.imdn_id, reports)
        if posted:
            self._outbox.wake()
        if not self._house.config.policy.mms.report_acknowledgement:
            for kind in posted:
                report = Report.READ if kind == Report.READ.value else Report.DELIVERY
                self._house.traffic.report_back(received.relay, report.value, _ACCEPTED)
        return True

    def _is_past(self, received: ReceivedMms) -> bool:
        """Whether nothing is told of it any more."""
        return self._house.now() >= received.expires

    def _is_dropped(self, report: Report, received: ReceivedMms) -> bool:
        """Whether a report is one of reading what has expired, and policy drops it.

        RCC.10 6.3.1.2.4.
        """
        if report is not Report.READ or received.expiry is None:
            return False
        drops = self._house.config.policy.mms.expired_read_reports == "drop"
        return drops and self._house.now() >= received.expiry

    def _reports_of(
        self, imdn: Imdn, received: ReceivedMms, date: float | None
    ) -> Iterator[tuple[str, OutboxMail]]:
        """The reports that were asked for; of a kind, what is said first."""
        seen: set[Report] = set()
        for each in imdn.notifications:
            status = each.status
            for report in _made_by(each):
                if report in seen or report.value not in received.wanted:
                    continue
                if self._is_dropped(report, received):
                    continue
                told = told_by(report, status)
                if told != report.value and report.value in received.told:
                    continue
                mail = self._mails.report(report, received, status, date)
                if mail is not None:
                    seen.add(report)
                    yield told, mail


def _made_by(notification: Notification) -> tuple[Report, ...]:
    """The reports that a notification makes.

    What was displayed was delivered as well (6.3.1.2.4 step 3); that a display has
    failed says nothing of that. Processing notifications are discarded.
    """
    if notification.kind is Kind.DELIVERY:
        return (Report.DELIVERY,)
    if notification.kind is not Kind.DISPLAY:
        return ()
    if notification.status is Status.DISPLAYED:
        return (Report.READ, Report.DELIVERY)
    return (Report.READ,)


def _seconds_of(date: str) -> float | None:
    """A SIP Date in seconds since 1970, None where there is none (RFC 3261 20.17).

    One without a zone is of UTC; one that MM4 has no form for is none.
    """
    try:
        said = parsedate_to_datetime(date)
        if said.tzinfo is None:
            said = said.replace(tzinfo=UTC)
        seconds = said.timestamp()
        write_date(seconds)
    except (ValueError, TypeError, OverflowError, Mm4Error):
        return None
    return seconds
