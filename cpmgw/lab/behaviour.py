"""What a lab peer is told to do: answer, refuse, wait, stay silent, report."""

from __future__ import annotations

from enum import Enum

import msgspec

from cpmgw.mm4.pdu import MmStatus, ReadStatus, RequestStatus
from cpmgw.smtp.interfaces import Reply
from txsmpp.constants import MessageState
from txsmpp.status import CommandStatus


class IdForm(Enum):
    """How an SM-SC writes the number of a message (SMPP 3.4 5.2.23 leaves it open)."""

    DECIMAL = "decimal"
    HEX = "hex"
    PADDED = "padded"

    def write(self, number: int) -> str:
        """The number in this form; padded is ten digits, hex has capital letters."""
        if self is IdForm.HEX:
            return f"{number:X}"
        return f"{number:010d}" if self is IdForm.PADDED else str(number)


class ReceiptForm(Enum):
    """Where a delivery receipt says what it says (SMPP 3.4 5.3.2.12, appendix B)."""

    BOTH = "both"
    TLV = "tlv"
    TEXT = "text"


class SmsBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the SM-SC treats the messages to a number.

    The answer: `status` is its command_status, `throttled` how many submissions get
    `throttle_status` before, `delay` the seconds until it is given; with `silent` it
    never is, with `drop` the connection is closed in its stead.

    The fate: `state` and `error` are what the receipt will say, `receipt_delay` seconds
    after the message was accepted; `receipt_copies` times, and with `receipt_first`
    before the answer. `hold_receipts` keeps that many back and then sends the newest
    first. `receipt_form`, `response_id` and `receipt_id` are how it is written.
    """

    status: int = CommandStatus.ESME_ROK
    throttled: int = 0
    throttle_status: int = CommandStatus.ESME_RTHROTTLED
    delay: float = 0.0
    silent: bool = False
    drop: bool = False
    state: MessageState = MessageState.DELIVERED
    error: int = 0
    receipt_delay: float = 0.0
    receipt_copies: int = 1
    receipt_first: bool = False
    hold_receipts: int = 0
    receipt_form: ReceiptForm = ReceiptForm.BOTH
    response_id: IdForm = IdForm.DECIMAL
    receipt_id: IdForm = IdForm.DECIMAL


class Cut(Enum):
    """When a connection that brings a mail is closed without a word."""

    IN_CONTENT = "in the content"
    BEFORE_REPLY = "before the last reply"


class MmscQuirks(msgspec.Struct, frozen=True, kw_only=True):
    """How an MMS relay/server writes MM4 where it does not as TS 23.140 has it.

    `unquoted` leaves the quotes of identifiers away and `bracketed` has <> in their
    place, `version_field` is the name of that field, and `numeric` has codes in place
    of words. Responses go `to_system` rather than to whom the mail was from, and what
    is sent has the `null_sender`.
    """

    unquoted: bool = False
    bracketed: bool = False
    version_field: str = "X-Mms-3GPP-MMS-Version"
    numeric: bool = False
    to_system: bool = False
    null_sender: bool = False


class MmsBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the MMS relay/server treats the messages to a number.

    By SMTP: `rcpt` refuses the recipient and `reply` the mail; `cut` closes the
    connection, and with `silent` the last reply never comes.

    The response: `status` is what it says, None for that there is none; it comes
    `delay` seconds after the mail, `copies` times.

    The fate: `reports` are what becomes of the message, one after the other, each
    `report_delay` seconds after the one before; it is shown when it is retrieved.
    `report_copies` is how often each is told. The owner looks at it `looks_after` so
    many seconds, or when told to, and then `read` is said. `report_status` answers
    what is reported to a handset, None not at all.
    """

    rcpt: Reply | None = None
    reply: Reply | None = None
    cut: Cut | None = None
    silent: bool = False
    status: RequestStatus | None = RequestStatus.OK
    status_text: str = ""
    delay: float = 0.0
    copies: int = 1
    reports: tuple[MmStatus, ...] = (MmStatus.RETRIEVED,)
    report_delay: float = 0.0
    report_copies: int = 1
    looks_after: float | None = None
    read: ReadStatus = ReadStatus.READ
    report_status: RequestStatus | None = RequestStatus.OK
    quirks: MmscQuirks = MmscQuirks()


class CpmBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the CPM side treats what comes to a user.

    `status` answers messages and invitations, `imdn_status` notifications,
    `event_status` events and `msrp_status` what comes in a session, after `delay`
    seconds; with `silent` nothing is ever answered. An invitation rings for `ringing`
    seconds before. `delivery` and `display` tell which notifications the user's client
    sends back, when asked for, and `imdn_delay` how long after the message.
    """

    status: int = 200
    imdn_status: int = 200
    event_status: int = 200
    msrp_status: int = 200
    ringing: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    silent: bool = False
    delivery: bool = True
    display: bool = False
    imdn_delay: float = 0.0
