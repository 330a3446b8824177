"""The rules of Tables 12 to 16, 23 and 24: one function a parameter (TS 6.3.1.1).

Those that read a `Forwarded` serve every MM4_forward.REQ that goes out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Final

from cpmgw.cpm import product
from cpmgw.cpm.headers import MULTIMEDIA_MESSAGE, hides_identity, privacy_of
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.resource_lists import CopyControl, Entry
from cpmgw.cpm.timestamp import parse_datetime
from cpmgw.iwf.mms.sending import AcceptedMms, Forwarded, OutboundMms
from cpmgw.iwf.parties import mailbox_of
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mm4.addresses import plmn
from cpmgw.mm4.dates import write_date
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.pdu import Forward, MessageType, Transaction
from cpmgw.policy import Policy
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import Uri, parse_uri

# Characters of a subject.
MOST_SUBJECT: Final = 512
# Addresses that are shown in To and Cc, and characters of them all.
MOST_SHOWN: Final = 200
MOST_SHOWN_OCTETS: Final = 8_192

_REPORTED: Final = frozenset(
    (
        Disposition.POSITIVE_DELIVERY,
        Disposition.NEGATIVE_DELIVERY,
        Disposition.INTERWORKING,
    )
)
Other = Callable[[Uri], str]
"""The address of a URI that is no number, empty for none."""

_OF_TRANSACTION: Final = ("version", "type", "transaction_id", "message_id")


def forward_of(values: dict[str, Any]) -> Forward:
    """The MM4_forward.REQ of a table's values."""
    named = {name: values.pop(name) for name in _OF_TRANSACTION}
    return Forward(transaction=Transaction(**named), **values)


# -- Tables 12, 15 and 23 --------------------------------------------------------------


def mail_from(source: Forwarded) -> str:
    """MAIL From: the originator, at this gateway."""
    return plmn(source.ends.originator.text, source.own.domain)


def rcpt_to(source: Forwarded) -> tuple[str, ...]:
    """RCPT To: the target alone, whoever else the message goes to."""
    return (source.relay.address(source.ends.target),)


# -- Tables 13, 16 and 24 --------------------------------------------------------------


def version(source: Forwarded) -> str:
    """3GPP MMS Version: that of this gateway."""
    return source.own.version


def message_type(_source: Forwarded) -> MessageType:
    """Message Type: MM4_forward.REQ."""
    return MessageType.FORWARD_REQ


def transaction_id(source: Forwarded) -> str:
    """Transaction ID: one that nobody has had."""
    return source.transaction_id


def message_id(source: OutboundMms) -> str:
    """Message ID: made of the identifiers of the message (docs/decisions/0021)."""
    return source.message_id


def recipients(source: OutboundMms) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Recipients address: To and Cc, of numbers only."""
    return _shown(source, lambda _uri: "")


def recipients_of_file(source: OutboundMms) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same of a file, to which Table 24 lets other addresses be shown."""
    return _shown(source, lambda uri: mailbox_of(uri, source.plan))


def sender(source: Forwarded) -> str:
    """Sender address: the originator, also one who is hidden (Sender visibility)."""
    return mail_from(source)


def content_type(source: Forwarded) -> str:
    """Content type: that of the content."""
    return source.entity.content_type


def date(source: OutboundMms) -> float:
    """Date and time: CPIM DateTime, else Date, else now."""
    message = source.message
    stated = message.cpim.get("DateTime") if message.cpim is not None else None
    found = parse_datetime(stated) if stated else None
    if found is None:
        found = _date(message.request.headers.get("Date"))
    return writable(found, message.received)


def expiry(source: OutboundMms) -> float:
    """Time of Expiry: Expires or Message-Expires, else as policy says."""
    return source.message.received + lifetime(source.message, source.policy)


def delivery_report(source: OutboundMms) -> bool:
    """Delivery report: where any notification of delivery is asked for."""
    return not source.message.requested.isdisjoint(_REPORTED)


def read_reply(source: OutboundMms) -> bool:
    """Read reply: where "display" is asked for."""
    return Disposition.DISPLAY in source.message.requested


def visibility(source: OutboundMms) -> bool | None:
    """Sender visibility: hidden or shown, where Privacy says so."""
    headers = source.message.request.headers
    return hides_identity(headers) if privacy_of(headers) else None


def subject(source: OutboundMms) -> str | None:
    """Subject: that of the request, else that of its CPIM, if there is any."""
    return subject_of(source.message) or None


def asked_by_policy(source: Forwarded) -> bool:
    """Acknowledgement Request: as policy says."""
    return source.policy.mms.acknowledgement_request


def forward_counter(source: Forwarded) -> int | None:
    """Forward counter: as policy says, 0 is none."""
    return source.policy.mms.forward_counter or None


def own_system(source: Forwarded) -> str:
    """Originator-System-Address: this gateway."""
    return source.own.address


def own_route(source: Forwarded) -> tuple[str, ...]:
    """Forward-Route: this gateway."""
    return (source.own.address,)


# -- Table 14 --------------------------------------------------------------------------


def server(_source: AcceptedMms) -> str:
    """Server: the IWF's release (TS Appendix C)."""
    return product.server("MMS")


def code_and_reason(source: AcceptedMms) -> tuple[int, str]:
    """Response code and reason phrase of a success: 202, or 200 by policy."""
    status = source.policy.pager_success_status
    return status, reason_for(status)


def stored_conversation_id(source: AcceptedMms) -> str | None:
    """Conversation-ID: the one received (TS 6.1.1)."""
    return source.message.identification.conversation_id or None


def stored_contribution_id(source: AcceptedMms) -> str | None:
    """Contribution-ID: the one received (TS 6.1.1)."""
    return source.message.identification.contribution_id or None


def stored_in_reply_to(source: AcceptedMms) -> str | None:
    """InReplyTo-Contribution-ID: the one received, if any (TS 6.1.1)."""
    return source.message.identification.in_reply_to or None


def message_context(source: AcceptedMms) -> str | None:
    """Message-Context: MMS was used for the message (TS 6.3.1.1.7)."""
    return MULTIMEDIA_MESSAGE if source.policy.correlation_headers else None


def message_correlator(source: AcceptedMms) -> str | None:
    """Message-Correlator: the identifier of the MMS (TS 6.3.1.1.7)."""
    return source.message_id if source.policy.correlation_headers else None


# -- what several rules need -----------------------------------------------------------


def lifetime(message: StandaloneMessage, policy: Policy) -> int:
    """Seconds that a message is worth delivering: as it says, or by policy."""
    if message.expires is None:
        return policy.mms.time_of_expiry
    return min(message.expires, policy.validity_max)


def subject_of(message: StandaloneMessage) -> str:
    """The subject of a message as one line, empty without one."""
    found = message.request.headers.get("Subject")
    if not found and message.cpim is not None:
        found = message.cpim.subject
    return plain_line(found or "")


def plain_line(text: str) -> str:
    """A text as one line that can be shown: no controls, and not too long."""
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    kept = [" " if unicodedata.category(each) == "Cc" else each for each in shown]
    return "".join(kept).strip()[:MOST_SUBJECT]


def writable(date: float | None, otherwise: float) -> float:
    """A date that was found, unless there is none, or a mail has no form for it."""
    if date is None or date < 0:
        return otherwise
    try:
        write_date(date)
    except Mm4Error:
        return otherwise
    return date


def _date(value: str | None) -> float | None:
    """The seconds since 1970 of a Date (RFC 3261 20.17), None if it is none."""
    if not value or len(value) > 64:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _shown(
    source: OutboundMms, other: Other
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom the message goes to, as its recipients see it: not all of very many.

    The target is in To where the list does not have it, and where nobody else is: an
    MMSC may go by To. One that the list hides is shown to itself at the most.
    """
    target = source.relay.address(source.ends.target)
    to: dict[str, None] = {}
    cc: dict[str, None] = {}
    is_hidden, room = False, MOST_SHOWN_OCTETS - len(target)
    for entry in source.history:
        address, copy = _address(entry, source, other), entry.copy_control
        if address == target:
            is_hidden = is_hidden or copy is CopyControl.BCC
        elif not address or len(to) + len(cc) >= MOST_SHOWN - 1 or room < len(address):
            continue
        if copy is not CopyControl.BCC:
            room -= len(address) if address != target else 0
            (cc if copy is CopyControl.CC else to)[address] = None
    if not to or not (is_hidden or target in cc):
        to[target] = None
    return tuple(to), tuple(each for each in cc if each not in to)


def _address(entry: Entry, source: OutboundMms, other: Other) -> str:
    """The MM4 address of an entry, empty where MMS has none for it."""
    if entry.anonymize:
        return ""
    try:
        uri: Uri = parse_uri(entry.uri)
    except SipSyntaxError:
        return ""
    number = source.plan.target_of(uri)
    return source.relay.address(number) if number is not None else other(uri)
