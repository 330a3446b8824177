"""All that takes mail of MM4 and sends what answers it, joined (TS 6.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, gatherResults

from cpmgw.interfaces import IHouse
from cpmgw.iwf.mail.inbox import Inbox, InboxSettings
from cpmgw.iwf.mail.outbox import GivenUp, Outbox, OutboxSettings
from cpmgw.iwf.mms.forward_answers import ForwardAnswers
from cpmgw.iwf.mms.inbound import Inbound, Large
from cpmgw.iwf.mms.multimedia import Replies
from cpmgw.iwf.mms.notifications import Notifications
from cpmgw.iwf.mms.own import OwnRelay, own_relay
from cpmgw.iwf.mms.reception import Mm4Reception
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.mms.report_mails import Report, ReportMails
from cpmgw.iwf.mms.reports import Reports
from cpmgw.iwf.mms.responses import REPORTS, SERVICE, Responses
from cpmgw.iwf.mms.transactions import Transactions
from cpmgw.iwf.mms.work import Work
from cpmgw.iwf.notifier import SessionNotifier
from cpmgw.mail_records import OutboxMail, SentMms
from cpmgw.mm4.pdu import MessageType, RequestStatus
from cpmgw.policy import Policy

# Octets of small mails that are worked on at once: several times as many are in memory.
IN_HAND: Final = 32 * 1024 * 1024
_READ: Final = MessageType.READ_REPLY_REQ.value.encode()


class Receiving:
    """What comes by MM4, and what answers it.

    `reception` takes the mail of the port, `notifications` what clients say of MMS;
    `inbound` is for a session that did not take a message. `forget` is told of answers
    that do not hold any more.
    """

    def __init__(
        self,
        house: IHouse,
        relays: Relays,
        transactions: Transactions,
        sessions: SessionNotifier,
        *,
        large: Large | None = None,
        replies: Replies | None = None,
        forget: Callable[[bytes], None] = lambda key: None,
    ) -> None:
        self._house = house
        responses = Responses(self._own, house.now)
        mails = ReportMails(self._own, self._policy, house.now)
        self._relays = relays
        answers = ForwardAnswers(
            relays,
            responses,
            mails,
            house.store.multimedia,
            self._policy,
            lambda: self._outbox.wake(),
        )
        self.inbound = Inbound(house, answers, self._own, large, replies)
        self._reports = Reports(house, relays, responses, sessions, self._own, forget)
        self._outbox = Outbox(
            house.store.mail,
            SERVICE,
            house.now,
            self._outbox_settings,
            relays.way_to,
            self._given_up,
        )
        work = Work(self.inbound, self._reports, house.traffic)
        self._inbox, self._reports_in = (
            Inbox(
                house.store.mail,
                service,
                house.now,
                self._inbox_settings,
                work,
                self._outbox.wake,
            )
            for service in (SERVICE, REPORTS)
        )
        self.notifications = Notifications(house, mails, self._outbox)
        self.reception = Mm4Reception(
            relays,
            self._inbox,
            self._reports_in,
            self._outbox,
            transactions,
            responses,
            self._own,
            self._policy,
            house.traffic,
        )

    async def failed(self, message: SentMms, status: RequestStatus) -> None:
        """Tell of a message that a relay refused (6.3.1.1.2 step 6)."""
        await self._reports.failed(self._reports_in, message, status)

    def start(self) -> None:
        """Take up what an earlier process has left."""
        self.inbound.is_leaving = False
        self._outbox.start()
        self._inbox.start()
        self._reports_in.start()

    def sweep(self) -> None:
        """Take up what is due by now."""
        traffic = self._house.traffic
        in_hand = len(self._inbox) + len(self._reports_in)
        traffic.hold(SERVICE, "inbox", in_hand)
        traffic.hold(SERVICE, "outbox", len(self._outbox))
        self._inbox.sweep()
        self._reports_in.sweep()
        self._outbox.wake()

    def leave(self) -> None:
        """Begin nothing any more: the sessions are about to be ended."""
        self.inbound.is_leaving = True
        self._inbox.stop()
        self._reports_in.stop()

    async def stop(self, seconds: float) -> None:
        """Begin nothing any more, and let go of what takes longer than this."""
        self.leave()
        clock = self._house.clock
        await gatherResults(
            [
                Deferred.fromCoroutine(each.drain(seconds, clock))
                for each in (self._inbox, self._reports_in, self._outbox)
            ]
        )

    # -- what is in force --------------------------------------------------------------

    def _policy(self) -> Policy:
        return self._house.config.policy

    def _own(self) -> OwnRelay:
        return own_relay(self._house.config)

    def _inbox_settings(self) -> InboxSettings:
        mm4 = self._house.config.mm4
        return InboxSettings(
            together=mm4.together,
            octets=IN_HAND,
            storage=mm4.storage,
            memory=self._policy().duplicate_window,
            peers=len(self._relays),
        )

    def _outbox_settings(self) -> OutboxSettings:
        mm4 = self._house.config.mm4
        return OutboxSettings(
            together=mm4.together,
            answer_timeout=mm4.report_timeout,
            repeats=mm4.report_repeats,
            relays=len(self._relays),
        )

    def _given_up(self, mail: OutboxMail, why: GivenUp) -> None:
        """Count a report that came to nothing; a response is nobody's to count."""
        if mail.transaction:
            kind = Report.READ if _READ in mail.content else Report.DELIVERY
            word = None if why is GivenUp.UNANSWERED else why.value
            self._house.traffic.report_back(mail.relay, kind.value, word)
