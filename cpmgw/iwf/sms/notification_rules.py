"""The rules of Table 3: a status report to a CPM delivery notification."""

from __future__ import annotations

from cpmgw.cpm import product
from cpmgw.iwf.sms.shortmessage import StatusReport


def recipient_of_the_original(source: StatusReport) -> tuple[str, str, str]:
    """P-Asserted-Identity, From, CPIM From: the To, and CPIM To, of the original."""
    context = source.context
    return context.recipient, context.recipient, recipient_uri(source)


def originator_of_the_original(source: StatusReport) -> tuple[str, str, str]:
    """Request-URI, To, CPIM To: the number in the original's P-Asserted-Identity.

    A Request-URI gives way to the topmost IMDN-Record-Route (RFC 5438 7.2.1.2,
    conversation TS 5.4.1).
    """
    context = source.context
    number = context.originator
    first = context.record_route[0] if context.record_route else number
    return first, number, number


def conversation_id(source: StatusReport) -> str | None:
    """Conversation-ID: that of the original request (TS 6.1.1)."""
    return source.context.conversation_id or None


def contribution_id(source: StatusReport) -> str | None:
    """Contribution-ID: that of the original request (TS 6.1.1)."""
    return source.context.contribution_id or None


def user_agent(_source: StatusReport) -> str:
    """User-Agent: the IWF's release (TS Appendix C)."""
    return product.user_agent("SMS")


def new_message_id(source: StatusReport) -> str:
    """imdn.Message-ID: a new one (RFC 5438)."""
    return source.new_message_id


def delivery_status(source: StatusReport) -> str | None:
    """<delivery-notification> <status>, where one goes out."""
    return source.delivery or None


def interworking_status(source: StatusReport) -> str | None:
    """<interworking-notification> <status>, where one goes out."""
    return source.interworking or None


def datetime_of_the_original(source: StatusReport) -> str:
    """<datetime>: the original's CPIM DateTime, or when it was received."""
    return source.context.datetime


def message_id_of_the_original(source: StatusReport) -> str:
    """<message-id>: the imdn.Message-ID of the original."""
    return source.context.message_id


def route(source: StatusReport) -> tuple[str, ...] | None:
    """IMDN-Route: each IMDN-Record-Route in its order (conversation TS 5.4.1)."""
    return source.context.record_route or None


def original_to(source: StatusReport) -> str | None:
    """<original-recipient-uri>: the Original-To of the original, if it had one."""
    return source.context.original_to or None


def recipient_uri(source: StatusReport) -> str:
    """<recipient-uri>: the CPIM To of the original, without it the SIP To.

    In a session the CPIM To is the group, or nobody (conversation TS 7.3.9.1, RCC.10
    6.1.5.1): then it is the user of source_addr.
    """
    context = source.context
    named = "" if context.session else context.cpim_to
    return named or context.recipient
