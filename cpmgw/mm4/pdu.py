"""The PDUs of MM4 as values (3GPP TS 23.140 8.4.1 to 8.4.4)."""

from __future__ import annotations

from enum import Enum

import msgspec


class MessageType(Enum):
    """X-Mms-Message-Type, as it is written."""

    FORWARD_REQ = "MM4_forward.REQ"
    FORWARD_RES = "MM4_forward.RES"
    DELIVERY_REPORT_REQ = "MM4_delivery_report.REQ"
    DELIVERY_REPORT_RES = "MM4_delivery_report.RES"
    READ_REPLY_REQ = "MM4_read_reply_report.REQ"
    READ_REPLY_RES = "MM4_read_reply_report.RES"

    @property
    def is_request(self) -> bool:
        """Whether it asks for something."""
        return self.value.endswith(".REQ")

    @property
    def response(self) -> MessageType:
        """The type of what answers a request."""
        return MessageType(self.value.removesuffix(".REQ") + ".RES")


class RequestStatus(Enum):
    """X-Mms-Request-Status-Code: what became of a request."""

    OK = "Ok"
    UNSPECIFIED = "Error-unspecified"
    SERVICE_DENIED = "Error-service-denied"
    FORMAT_CORRUPT = "Error-message-format-corrupt"
    ADDRESS_UNRESOLVED = "Error-sending-address-unresolved"
    NOT_FOUND = "Error-message-not-found"
    NETWORK_PROBLEM = "Error-network-problem"
    CONTENT_NOT_ACCEPTED = "Error-content-not-accepted"
    UNSUPPORTED_MESSAGE = "Error-unsupported-message"


class MmStatus(Enum):
    """X-Mms-MM-Status-Code: what became of a multimedia message."""

    EXPIRED = "Expired"
    RETRIEVED = "Retrieved"
    REJECTED = "Rejected"
    DEFERRED = "Deferred"
    UNRECOGNISED = "Unrecognised"
    INDETERMINATE = "Indeterminate"
    FORWARDED = "Forwarded"


class ReadStatus(Enum):
    """X-Mms-Read-Status."""

    READ = "Read"
    DELETED = "Deleted without being read"


class Priority(Enum):
    """X-Mms-Priority."""

    LOW = "Low"
    NORMAL = "Normal"
    HIGH = "High"


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What every PDU has: its type, version, transaction and message.

    `version` is empty where a peer has not said it; the identifiers are without quotes
    and angle brackets.
    """

    type: MessageType
    transaction_id: str
    message_id: str
    version: str = ""


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """MM4_forward.REQ without its content (TS 23.140 8.4.1.4).

    Addresses are as `cpmgw.mm4.addresses` reads them, in text
    ("+15550100/TYPE=PLMN@mms.test"). `date` and `expiry` are in seconds since 1970,
    None where they are not said. `hide` is Sender Visibility; `subject` is decoded
    text. `content_type` is that of the content with its parameters, as it was written.
    `handled_by` is Originator-Recipient-Address.
    """

    transaction: Transaction
    sender: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    content_type: str = ""
    transfer_encoding: str = ""
    date: float | None = None
    expiry: float | None = None
    delivery_report: bool = False
    read_reply: bool = False
    priority: Priority | None = None
    hide: bool | None = None
    subject: str = ""
    acknowledge: bool = False
    forward_counter: int = 0
    originator_system: str = ""
    forward_route: tuple[str, ...] = ()
    handled_by: tuple[str, ...] = ()
    message_class: str = ""


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """MM4_delivery_report.REQ: `recipient` of the message, and its `sender`."""

    transaction: Transaction
    recipient: str
    sender: str
    status: MmStatus
    date: float | None = None
    acknowledge: bool = False
    status_text: str = ""
    forward_route: tuple[str, ...] = ()
    originator_system: str = ""
    handled_by: tuple[str, ...] = ()


class ReadReply(msgspec.Struct, frozen=True, kw_only=True):
    """MM4_read_reply_report.REQ: `recipient` of the message, and its `sender`."""

    transaction: Transaction
    recipient: str
    sender: str
    status: ReadStatus
    date: float | None = None
    acknowledge: bool = False
    status_text: str = ""
    forward_route: tuple[str, ...] = ()
    originator_system: str = ""
    handled_by: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Any of the three responses.

    `recipients` are those that a status is for where a request had several and not all
    fared alike; none is all of them. `return_route` and `handled_by` are the TS's
    Return-Route and Originator-Recipient-Address.
    """

    transaction: Transaction
    status: RequestStatus
    status_text: str = ""
    recipients: tuple[str, ...] = ()
    return_route: tuple[str, ...] = ()
    handled_by: tuple[str, ...] = ()


Request = Forward | DeliveryReport | ReadReply
Pdu = Forward | DeliveryReport | ReadReply | Result
