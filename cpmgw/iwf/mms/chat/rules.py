"""The rules of the tables of sessions: one function a parameter (TS 6.3.1.1.6).

What every MM4_forward.REQ has stands in `forward_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.cpm.chat_content import ANONYMOUS_URI
from cpmgw.cpm.headers import Priority as CpmPriority
from cpmgw.cpm.imdn import Disposition
from cpmgw.cpm.timestamp import format_datetime, parse_datetime
from cpmgw.iwf.mapping import Rule, Table
from cpmgw.iwf.mms import forward_rules
from cpmgw.iwf.mms.chat.sources import ChatMms, SessionMms
from cpmgw.iwf.mms.forward_rules import forward_of
from cpmgw.iwf.sessions.numbering import has_own_number
from cpmgw.mm4.dates import read_date
from cpmgw.mm4.entity import Entity, to_cpm
from cpmgw.mm4.pdu import Forward, Priority

_REPORTED: Final = frozenset(
    (
        Disposition.POSITIVE_DELIVERY,
        Disposition.NEGATIVE_DELIVERY,
        Disposition.INTERWORKING,
    )
)
# "medium" of Table 26 is MM4's Normal; emergency is more than urgent, and High as well.
_PRIORITIES: Final[Mapping[CpmPriority, Priority]] = {
    CpmPriority.NON_URGENT: Priority.LOW,
    CpmPriority.NORMAL: Priority.NORMAL,
    CpmPriority.URGENT: Priority.HIGH,
    CpmPriority.EMERGENCY: Priority.HIGH,
}
_BY_POLICY: Final[Mapping[str, Priority]] = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
}

# -- MM4_forward.REQ: Tables 26, 29, 32 and 34 -----------------------------------------


def request_by(table: Table[SessionMms]) -> Rule[SessionMms]:
    """DATA: the request that another table makes."""

    def rule(source: SessionMms) -> Forward:
        values = table.apply(source)
        del values["entity"]  # it follows the header
        return forward_of(values)

    return rule


def message_id(source: SessionMms) -> str:
    """Message ID: a unique one; that of a chat message is made of its identifiers."""
    return source.message_id


def recipients(source: SessionMms) -> tuple[str, ...]:
    """Recipient(s) address: the user's, from the Request-URI of the INVITE."""
    return forward_rules.rcpt_to(source)


def content(source: SessionMms) -> Entity:
    """Content: as `content` composes it."""
    return source.entity


def date_of_invitation(source: SessionMms) -> float:
    """Date and time: the Date of the INVITE, otherwise now."""
    date = read_date(source.membership.invitation.date)
    return source.now if date is None else date


def date_of_message(source: SessionMms) -> float:
    """Date and time: the CPIM DateTime, otherwise now."""
    return forward_rules.writable(parse_datetime(source.datetime), source.now)


def date_now(source: SessionMms) -> float:
    """Date and time: now."""
    return source.now


def time_of_expiry(source: SessionMms) -> float:
    """Time of Expiry: by policy, from now."""
    return source.now + source.policy.mms.session_expiry


def priority_of_invitation(source: SessionMms) -> Priority:
    """Priority: that of the INVITE, otherwise by policy."""
    asked = source.membership.invitation.priority
    return priority(source) if asked is None else _PRIORITIES[asked]


def priority(source: SessionMms) -> Priority:
    """Priority: by policy."""
    return _BY_POLICY[source.policy.mms.session_priority]


def sender_visibility(source: SessionMms) -> bool | None:
    """Sender visibility: Hide where the Privacy of the INVITE asks for it.

    A number that stands for a session, or a group, hides whose it is already; its user
    answers to it (docs/decisions/0024).
    """
    membership = source.membership
    if has_own_number(membership.invitation, membership.policy):
        return None
    return True if membership.invitation.inviter.hidden else None


def subject(source: SessionMms) -> str | None:
    """Subject: that of the INVITE, if it has one."""
    return source.membership.invitation.subject or None


def delivery_report(source: SessionMms) -> bool:
    """Delivery report: Yes where any of its dispositions is asked for."""
    return bool(source.requested & _REPORTED)


def read_reply(source: SessionMms) -> bool:
    """Read reply: Yes where "display" is asked for."""
    return Disposition.DISPLAY in source.requested


# -- MSRP SEND: Table 30 ---------------------------------------------------------------


def reports(source: ChatMms) -> tuple[bool, bool] | None:
    """Success-Report and Failure-Report: Yes where a delivery report was asked for."""
    return (True, True) if source.message.forward.delivery_report else None


def datetime(source: ChatMms) -> str:
    """DateTime: the MMS's Date and time, otherwise when it came."""
    date = source.message.forward.date
    return format_datetime(source.message.received if date is None else date)


def cpim_from(source: ChatMms) -> str:
    """CPIM From: the user, or an anonymous URI where the sender is hidden.

    In a session of two it says nothing (RCC.10 6.1.5.1).
    """
    invitation, message = source.membership.invitation, source.message
    if message.forward.hide or not invitation.is_group:
        return ANONYMOUS_URI
    return str(message.plan.uri_of(invitation.user))


def cpim_to(source: ChatMms) -> str:
    """CPIM To: the group; nobody in a session of two."""
    invitation = source.membership.invitation
    return str(invitation.peer) if invitation.is_group else ANONYMOUS_URI


def imdn_message_id(source: ChatMms) -> str:
    """imdn.Message-ID: that of the message, the same at each try."""
    return source.message.identity


def dispositions(source: ChatMms) -> frozenset[Disposition]:
    """Disposition-Notification: for what the MMS user wants to be told.

    An IMDN says more than a success report, which is the next hop's only.
    """
    forward, asked = source.message.forward, set()
    if forward.delivery_report:
        asked.add(Disposition.POSITIVE_DELIVERY)
        if source.message.policy.ask_negative_delivery:
            asked.add(Disposition.NEGATIVE_DELIVERY)
    if forward.read_reply:
        asked.add(Disposition.DISPLAY)
    return frozenset(asked)


def body(source: ChatMms) -> tuple[str, str, bytes]:
    """Body: the whole content, with its type and encoding, unmodified (6.3 2)."""
    return to_cpm(source.message.entity)
