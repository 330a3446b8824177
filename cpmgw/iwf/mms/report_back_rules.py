"""The rules of Tables 41 to 44: a CPM notification to a report of MM4."""

from __future__ import annotations

import msgspec

from cpmgw.cpm.imdn import Status
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.response_rules import usable
from cpmgw.iwf.mms.tables.report_statuses import MM_STATUSES, READ_STATUSES
from cpmgw.mail_records import ReceivedMms
from cpmgw.mm4.pdu import MessageType, MmStatus, ReadStatus


class ReportedBack(msgspec.Struct, frozen=True, kw_only=True):
    """What a CPM user's client says of an MMS: the source of these tables.

    `date` and `now` are in seconds since 1970, the date None where it was not said.
    """

    received: ReceivedMms
    status: Status
    transaction_id: str
    own: OwnRelay
    acknowledge: bool
    now: float
    date: float | None = None


def own_address(source: ReportedBack) -> str:
    """MAIL From: our own address."""
    return source.own.address


def sender_of_the_mms(source: ReportedBack) -> str | None:
    """RCPT To: the sender of the MMS, to whose relay it goes.

    Where its address has no domain, whoever sent the mail, or its system.
    """
    received = source.received
    addresses = (received.sender, received.mail_from, received.system)
    return next((each for each in addresses if usable(each)), None)


def version(source: ReportedBack) -> str:
    """3GPP MMS Version: ours."""
    return source.own.version


def delivery_report(_source: ReportedBack) -> MessageType:
    """Message Type: MM4_delivery_report.REQ."""
    return MessageType.DELIVERY_REPORT_REQ


def read_reply(_source: ReportedBack) -> MessageType:
    """Message Type: MM4_read_reply_report.REQ."""
    return MessageType.READ_REPLY_REQ


def transaction_id(source: ReportedBack) -> str:
    """Transaction ID: a new one."""
    return source.transaction_id


def message_id(source: ReportedBack) -> str:
    """Message ID: that of the MMS."""
    return source.received.message_id


def recipient(source: ReportedBack) -> str:
    """Recipient Address: of the MMS, whose client has sent the notification."""
    return source.received.recipient


def sender(source: ReportedBack) -> str:
    """Sender Address: of the MMS."""
    return source.received.sender


def date(source: ReportedBack) -> float:
    """Date and time: that of the notification, otherwise now."""
    return source.now if source.date is None else source.date


def acknowledge(source: ReportedBack) -> bool:
    """Acknowledgement Request: by policy."""
    return source.acknowledge


def mm_status(source: ReportedBack) -> MmStatus | None:
    """MM Status: by the status of the delivery notification."""
    return MM_STATUSES.get(source.status)


def read_status(source: ReportedBack) -> ReadStatus | None:
    """Read Status: by the status of the display notification."""
    return READ_STATUSES.get(source.status)


def forward_route(source: ReportedBack) -> tuple[str, ...]:
    """Forward-Route: our own address."""
    return (source.own.address,)
