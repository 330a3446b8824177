"""Reports of MM4 as mails to go out (TS Tables 41 to 44)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from cpmgw.cpm.imdn import Status
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.report_back_rules import ReportedBack
from cpmgw.iwf.mms.responses import SERVICE, derived_key
from cpmgw.iwf.mms.tables.report_statuses import MM_STATUSES
from cpmgw.iwf.mms.tables.table_41 import TABLE_41_SMTP
from cpmgw.iwf.mms.tables.table_42 import TABLE_42_DELIVERY_REPORT
from cpmgw.iwf.mms.tables.table_43 import TABLE_43_SMTP
from cpmgw.iwf.mms.tables.table_44 import TABLE_44_READ_REPLY
from cpmgw.mail_records import OutboxMail, ReceivedMms
from cpmgw.mm4.mail import write_mail
from cpmgw.mm4.pdu import DeliveryReport, MmStatus, ReadReply, Transaction
from cpmgw.policy import PolicySource
from cpmgw.sip.identifiers import Randomness

_ID_OCTETS: Final = 16


class Report(Enum):
    """The reports that MMS knows, by the words that are kept of them."""

    DELIVERY = "delivery"
    READ = "read"


# What is kept of a delivery report of Indeterminate, after which another may come.
TOLD_INDETERMINATE: Final = "indeterminate"


class _Tables(NamedTuple):
    envelope: Table[ReportedBack]
    report: Table[ReportedBack]
    pdu: type[DeliveryReport] | type[ReadReply]


_TABLES: Final[Mapping[Report, _Tables]] = {
    Report.DELIVERY: _Tables(TABLE_41_SMTP, TABLE_42_DELIVERY_REPORT, DeliveryReport),
    Report.READ: _Tables(TABLE_43_SMTP, TABLE_44_READ_REPLY, ReadReply),
}


def told_by(kind: Report, status: Status) -> str:
    """What is kept of a report: its kind, which goes back once.

    That a message is Indeterminate is no end of it.
    """
    if kind is Report.DELIVERY and MM_STATUSES.get(status) is MmStatus.INDETERMINATE:
        return TOLD_INDETERMINATE
    return kind.value


class ReportMails:
    """Makes the mails that report to the senders of MMS."""

    def __init__(
        self,
        own: Callable[[], OwnRelay],
        policy: PolicySource,
        now: Callable[[], float],
    ) -> None:
        self._own = own
        self._policy = policy
        self._now = now
        self._randomness = Randomness()

    def report(
        self,
        kind: Report,
        received: ReceivedMms,
        status: Status,
        date: float | None = None,
    ) -> OutboxMail | None:
        """The report of what a notification says; None where MM4 has no word for it.

        None also where there is nobody whom it could go to.
        """
        source = self._source(received, status, date)
        tables = _TABLES[kind]
        values = tables.report.apply(source)
        envelope = tables.envelope.apply(source)
        if "status" not in values or "recipient" not in envelope:
            return None
        key = derived_key(received.imdn_id, told_by(kind, status))
        return self._mail(source, envelope, tables.pdu, values, key)

    def failure(self, received: ReceivedMms, status: MmStatus) -> OutboxMail | None:
        """The delivery report of an MMS that no client has heard of."""
        source = self._source(received, Status.FAILED, None)
        tables = _TABLES[Report.DELIVERY]
        values = tables.report.apply(source) | {"status": status}
        envelope = tables.envelope.apply(source)
        if "recipient" not in envelope:
            return None
        key = derived_key(received.imdn_id, received.recipient, status.value)
        return self._mail(source, envelope, DeliveryReport, values, key)

    def _source(
        self, received: ReceivedMms, status: Status, date: float | None
    ) -> ReportedBack:
        return ReportedBack(
            received=received,
            status=status,
            transaction_id=self._randomness.hex(_ID_OCTETS),
            own=self._own(),
            acknowledge=self._policy().mms.report_acknowledgement,
            now=self._now(),
            date=date,
        )

    def _mail(
        self,
        source: ReportedBack,
        envelope: Mapping[str, Any],
        pdu: type[DeliveryReport] | type[ReadReply],
        values: Mapping[str, Any],
        key: str,
    ) -> OutboxMail:
        own = dict(values)
        transaction = Transaction(
            type=own.pop("type"),
            transaction_id=own.pop("transaction_id"),
            message_id=own.pop("message_id"),
            version=own.pop("version"),
        )
        return OutboxMail(
            key=key,
            service=SERVICE,
            relay=source.received.relay,
            sender=envelope["sender"],
            recipient=envelope["recipient"],
            content=write_mail(
                pdu(transaction=transaction, **own), None, source.own.marks(key)
            ),
            expires=source.now + self._policy().mms.longest_expiry,
            transaction=source.transaction_id if source.acknowledge else "",
        )
