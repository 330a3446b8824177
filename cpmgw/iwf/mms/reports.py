"""Delivery reports and read replies of MMS to CPM (TS 6.3.1.1.3, 6.3.1.1.4).

What is told of a message that a relay refused goes the same way (6.3.1.1.2 step 6): as
a delivery report that nobody has sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.addressing.originator import Identity
from cpmgw.cpm.identity import NPI_UNKNOWN, TON_UNKNOWN
from cpmgw.errors import StoreError
from cpmgw.interfaces import IHouse
from cpmgw.iwf.events import EventAddresses, failed_interworking_request
from cpmgw.iwf.mail.inbox import Done, Inbox, Later
from cpmgw.iwf.mail.keys import arrival_key
from cpmgw.iwf.mail.octets import Octets
from cpmgw.iwf.mail.pump import FIRST_RETRY
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.mms.report_notice import MmsNotice, notice_of
from cpmgw.iwf.mms.report_rules import MmsReport
from cpmgw.iwf.mms.responses import REPORTS, SERVICE, Responses, derived_key
from cpmgw.iwf.mms.tables.table_17 import TABLE_17_NOTIFICATION
from cpmgw.iwf.mms.tables.table_20 import TABLE_20_NOTIFICATION
from cpmgw.iwf.notification import notification_request, session_notification
from cpmgw.iwf.notifier import Notifier, SessionNotifier
from cpmgw.iwf.sip_uris import sip_uri_of
from cpmgw.mail_records import InboxMail, SentMms
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import (
    DeliveryReport,
    MessageType,
    MmStatus,
    ReadReply,
    RequestStatus,
    Transaction,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import parse_uri

AnyReport = DeliveryReport | ReadReply

# The peer of a mail that nobody has sent.
NOBODY: Final = ""


class Reports:
    """Turns reports of MM4 into IMDNs, once for each message and kind.

    The IMDN of a chat message goes by MSRP in its session, as long as that lasts, and
    by SIP MESSAGE otherwise (6.3.1.1.3 step 3). `forget` is told of the answer to a
    message that has come to nothing: a repeat of its request is a new try.
    """

    log = Logger()

    def __init__(
        self,
        house: IHouse,
        relays: Relays,
        responses: Responses,
        sessions: SessionNotifier,
        own: Callable[[], OwnRelay],
        forget: Callable[[bytes], None] = lambda key: None,
    ) -> None:
        self._house = house
        self._relays = relays
        self._responses = responses
        self._sessions = sessions
        self._own = own
        self._forget = forget
        self._notifier = Notifier(house)
        # By message the key of its oldest report that is not told.
        self._telling: dict[str, str] = {}

    async def failed(
        self, inbox: Inbox, message: SentMms, status: RequestStatus
    ) -> None:
        """Tell of a message that a relay refused, sooner or later.

        It is kept as a delivery report, so that it is told also by another process;
        StoreError where it cannot be.
        """
        now = self._house.now()
        key = arrival_key(now)
        report = DeliveryReport(
            transaction=Transaction(
                type=MessageType.DELIVERY_REPORT_REQ,
                transaction_id=key,
                message_id=message.message_id,
                version=self._own().version,
            ),
            recipient="",
            sender="",
            status=MmStatus.REJECTED,
            status_text=status.value,
        )
        longest = self._house.config.policy.mms.longest_expiry
        mail = InboxMail(
            key=key,
            service=REPORTS,
            peer=NOBODY,
            sender="",
            recipients=(),
            repeat=bytes.fromhex(key),
            received=now,
            expires=now + longest,
        )
        reply = await inbox.accept(mail, Octets(write_mail(report)))
        if not reply.is_ok:
            raise StoreError(f"failure of an MMS not kept: {reply.text}")

    async def report(self, mail: InboxMail, report: AnyReport) -> Done | Later:
        """Work on a report: tell the CPM side, then answer.

        Of one message they are told in the order in which they came.
        """
        message_id = report.transaction.message_id
        if self._telling.setdefault(message_id, mail.key) < mail.key:
            return Later(FIRST_RETRY)
        self._telling[message_id] = mail.key
        done = await self._done(mail, report)
        if done is None:
            return Later()
        self._is_over(mail, report)
        return done

    def give_up(self, mail: InboxMail, report: AnyReport) -> Done:
        """Answer for a report that cannot be worked on."""
        self._is_over(mail, report)
        return self._answer(mail, report, RequestStatus.UNSPECIFIED)

    async def _done(self, mail: InboxMail, report: AnyReport) -> Done | None:
        """Tell of it; what answers it, None where it is to be tried again."""
        message_id = report.transaction.message_id
        sent = await self._house.store.multimedia.sent(message_id)
        if sent is None or not self._is_from_its_relay(mail, sent):
            return self._answer(mail, report, RequestStatus.NOT_FOUND)
        if report.status_text:
            self.log.info(
                "{relay} says of a message: {text}",
                relay=mail.peer,
                text=report.status_text,
            )
        if await self._told(mail, sent, report):
            return self._answer(mail, report, RequestStatus.OK)
        if self._house.now() < mail.expires:
            return None
        self.log.error("report given up: the CPM side never took it")
        return self._answer(mail, report, RequestStatus.NETWORK_PROBLEM)

    def _is_over(self, mail: InboxMail, report: AnyReport) -> None:
        message_id = report.transaction.message_id
        if self._telling.get(message_id) == mail.key:
            del self._telling[message_id]

    def _is_from_its_relay(self, mail: InboxMail, sent: SentMms) -> bool:
        """Whether a report comes from where its message went, or from ourselves."""
        return mail.peer == NOBODY or self._relays.speaks_for(mail.peer, sent.relay)

    def _answer(
        self, mail: InboxMail, report: AnyReport, status: RequestStatus
    ) -> Done:
        """The response (steps 4 and 3); success is told who has asked for one."""
        if mail.peer == NOBODY:
            return Done()
        if status is RequestStatus.OK and not report.acknowledge:
            return Done()
        response = self._responses.response(
            report,
            status,
            relay=mail.peer,
            to_system=self._relays.wants_system(mail.peer),
            mail_from=mail.sender,
            key=mail.key,
        )
        return Done(() if response is None else (response,))

    async def _told(self, mail: InboxMail, sent: SentMms, report: AnyReport) -> bool:
        """Tell what is due, and note it; False where it is to be tried again."""
        policy = self._house.config.policy
        notice = notice_of(report, sent.context.requested, policy)
        if notice.is_late(sent.told):
            return True
        forget = sent.answer if notice.failed else b""
        if forget:
            # Whoever is told may send the message again at once.
            self._forget(forget)
        if not await self._reached(mail, sent, report, notice):
            return False
        if notice.is_imdn or notice.failed:
            until = self._house.now() + policy.duplicate_window
            await self._house.store.multimedia.told_of_sent(
                sent.message_id, notice.kind, forget, until
            )
        return True

    async def _reached(
        self, mail: InboxMail, sent: SentMms, report: AnyReport, notice: MmsNotice
    ) -> bool:
        """Tell; whether that need not be tried again."""
        context = sent.context
        if not context.message_id:
            return True
        if notice.is_imdn:
            source = await self._source(mail, sent, report, notice)
            return await self._notified(source, _table(report))
        if not notice.failed_event:
            return True
        config = self._house.config
        identity = self._notifier.identity()
        request = failed_interworking_request(
            context,
            EventAddresses(config.iwf_address, config.participating_function, SERVICE),
            call_id=identity.call_id,
            tag=identity.tag,
        )
        return await self._notifier.reaches(request, "failed-iw")

    async def _notified(self, source: MmsReport, table: Table[MmsReport]) -> bool:
        """Send the IMDN, in the session of a chat message if that takes it.

        Sent again after a crash, or another way, it has the same imdn.Message-ID.
        """
        values, context = table.apply(source), source.context
        if context.session:
            body = session_notification(values, context, source.now)
            notified = self._sessions.notify(context.session, body)
            if notified is not None:
                taken = await notified
                self._house.traffic.notify("imdn-msrp", 200 if taken else None)
                if taken:
                    return True
        identity = self._notifier.identity()
        request = notification_request(
            values, context, source.now, call_id=identity.call_id, tag=identity.tag
        )
        return await self._notifier.reaches(request, "imdn")

    async def _source(
        self, mail: InboxMail, sent: SentMms, report: AnyReport, notice: MmsNotice
    ) -> MmsReport:
        house = self._house
        plan, directory, context = house.dial_plan, house.directory, sent.context
        recipient = plan.address_from_smpp(TON_UNKNOWN, NPI_UNKNOWN, sent.recipient)
        sip_uri = await sip_uri_of(recipient, directory)
        originator = await sip_uri_of(_address(context.originator, plan), directory)
        return MmsReport(
            context=context,
            recipient=Identity(
                # The dial plan is not the one by which it went out, if it is none now.
                address=recipient or PhoneAddress(AddressKind.SHORT, sent.recipient),
                sip=sip_uri,
            ),
            originator=str(originator or context.originator),
            plan=plan,
            policy=house.config.policy,
            new_message_id=derived_key(mail.key, notice.kind),
            now=house.now(),
            date=report.date,
            delivery=notice.delivery,
            interworking=notice.interworking,
            processing=notice.processing,
            display=notice.display,
        )


def _table(report: AnyReport) -> Table[MmsReport]:
    if isinstance(report, ReadReply):
        return TABLE_20_NOTIFICATION
    return TABLE_17_NOTIFICATION


def _address(uri: str, plan: DialPlan) -> PhoneAddress | None:
    try:
        return plan.address_of(parse_uri(uri))
    except SipSyntaxError:
        return None
