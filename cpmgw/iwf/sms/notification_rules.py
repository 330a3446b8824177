"""The rules of Table 3 that are its own: a status report to a notification."""

from __future__ import annotations

from cpmgw.cpm import product
from cpmgw.iwf.notification_rules import first_hop, recipient_uri
from cpmgw.iwf.sms.shortmessage import StatusReport


def recipient_of_the_original(
    source: StatusReport,
) -> tuple[tuple[str, ...], str, str]:
    """P-Asserted-Identity, From, CPIM From: the To, and CPIM To, of the original."""
    context = source.context
    return (context.recipient,), context.recipient, recipient_uri(source)


def originator_of_the_original(source: StatusReport) -> tuple[str, str, str]:
    """Request-URI, To, CPIM To: the number in the original's P-Asserted-Identity.

    A Request-URI gives way to the topmost IMDN-Record-Route.
    """
    number = source.context.originator
    return first_hop(source, number), number, number


def user_agent(_source: StatusReport) -> str:
    """User-Agent: the IWF's release (TS Appendix C)."""
    return product.user_agent("SMS")


def delivery_status(source: StatusReport) -> str | None:
    """<delivery-notification> <status>, where one goes out."""
    return source.delivery or None


def interworking_status(source: StatusReport) -> str | None:
    """<interworking-notification> <status>, where one goes out."""
    return source.interworking or None
