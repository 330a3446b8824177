"""The rules of the tables that answer MM4: 18, 19, 21, 22, 37 and 38."""

from __future__ import annotations

import msgspec

from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.mm4.pdu import MessageType, Request, RequestStatus


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A request of MM4 and what became of it: the source of these tables.

    `mail_from` is that of its envelope. With `to_system`, what answers it goes to the
    system of its originator. `recipients` are those that the status is of, none for
    all.
    """

    request: Request
    status: RequestStatus
    mail_from: str
    own: OwnRelay
    to_system: bool = False
    recipients: tuple[str, ...] = ()


def own_address(source: Answered) -> str:
    """MAIL From: our own address."""
    return source.own.address


def return_address(source: Answered) -> str | None:
    """RCPT To: the MAIL From of the request; by configuration, its system address.

    That as well where the MAIL From is no address to which mail can go.
    """
    system = source.request.originator_system
    if source.to_system and system:
        return system
    return usable(source.mail_from) or system or None


def usable(mail_from: str) -> str:
    """A MAIL From to which a response can go: it has a domain, and MM4 a form for it.

    "" for any other.
    """
    return mail_from if "@" in mail_from and mail_from.isascii() else ""


def version(source: Answered) -> str:
    """3GPP MMS Version: ours."""
    return source.own.version


def response_type(source: Answered) -> MessageType:
    """Message Type: the response to the request."""
    return source.request.transaction.type.response


def transaction_id(source: Answered) -> str:
    """Transaction ID: that of the request."""
    return source.request.transaction.transaction_id


def message_id(source: Answered) -> str:
    """Message ID: that of the request."""
    return source.request.transaction.message_id


def request_status(source: Answered) -> RequestStatus:
    """Request Status."""
    return source.status


def recipients(source: Answered) -> tuple[str, ...] | None:
    """Request Recipients: whom the status is of, where not all fared alike."""
    return source.recipients or None


def handled_by(source: Answered) -> tuple[str, ...]:
    """Originator-Recipient-Address: our own after the one received."""
    return (*source.request.handled_by, source.own.address)


def return_route(source: Answered) -> tuple[str, ...] | None:
    """Return-Route: the Forward-Route of the request."""
    return source.request.forward_route or None
