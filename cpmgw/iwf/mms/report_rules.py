"""The rules of Tables 17 and 20 that are their own: a report of MM4 to an IMDN."""

from __future__ import annotations

from email.utils import formatdate

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import Identity, identity_fields
from cpmgw.cpm import product
from cpmgw.iwf.notification_rules import first_hop
from cpmgw.policy import Policy
from cpmgw.records import ImdnContext


class MmsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What MMS says of a message of the CPM side: the source of Tables 17 and 20.

    `delivery`, `interworking`, `processing` and `display` are the <status> children to
    write, empty where that notification is not sent. `recipient` is the MMS user,
    `originator` the URI of who has sent the message. `date` is that of MM4, None where
    it was not said; with `now` in seconds since 1970.
    """

    context: ImdnContext
    recipient: Identity
    originator: str
    plan: DialPlan
    policy: Policy
    new_message_id: str
    now: float
    date: float | None = None
    delivery: str = ""
    interworking: str = ""
    processing: str = ""
    display: str = ""


def user_agent(_source: MmsReport) -> str:
    """User-Agent: the IWF's release (TS Appendix C)."""
    return product.user_agent("MMS")


def recipient_address(source: MmsReport) -> tuple[tuple[str, ...], str, str]:
    """P-Asserted-Identity, From, CPIM From: "Recipient Address".

    A SIP URI if available, the tel URI beside it in P-Asserted-Identity.
    """
    fields = identity_fields(source.recipient, source.plan)
    from_ = str(fields.from_.uri)
    return tuple(str(each.uri) for each in fields.asserted), from_, from_


def sender_address(source: MmsReport) -> tuple[str, str, str]:
    """To, Request-URI, CPIM To: "Sender Address", a SIP URI if available.

    The CPIM To is the Referred-By of the original if it had one, unless policy wants
    the sender (RCC.10 6.3.1.1.3, 6.3.1.1.4).
    """
    originator = source.originator
    referred_by = ""
    if source.policy.mms.report_to == "referred_by":
        referred_by = source.context.referred_by
    return originator, first_hop(source, originator), referred_by or originator


def interworking_status(source: MmsReport) -> str | None:
    """<interworking-notification> <status>, where one goes out."""
    return source.interworking or None


def delivery_status(source: MmsReport) -> str | None:
    """<delivery-notification> <status>, where one goes out."""
    return source.delivery or None


def processing_status(source: MmsReport) -> str | None:
    """<processing-notification> <status>, where one goes out."""
    return source.processing or None


def display_status(source: MmsReport) -> str | None:
    """<display-notification> <status>, where one goes out."""
    return source.display or None


def date(source: MmsReport) -> str | None:
    """Date: "Date and Time" of MM4."""
    return None if source.date is None else formatdate(source.date, usegmt=True)
