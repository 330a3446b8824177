"""Who a CPM request is from, and to whom (TS Table 1, conversation TS 6.1)."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.addressing.emergency import is_emergency
from cpmgw.addressing.originator import Originator, originator_of
from cpmgw.cpm.identity import subscriber_of
from cpmgw.errors import CannotInterwork
from cpmgw.sip.message import Request
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import Uri

# Why what a Request-URI names is no target; each is the text of a Warning.
EMERGENCY: Final = "messages to emergency numbers are not interworked"
NOT_LISTED: Final = "the dial plan does not list this short number"
NO_REPLY: Final = "nothing can be sent to an alphanumeric sender"


class Ends(NamedTuple):
    """Between whom a message goes, by addresses that SMS has a form for."""

    originator: PhoneAddress
    target: PhoneAddress


class Parties(msgspec.Struct, frozen=True, kw_only=True):
    """The originator and the target of a request.

    The originator is P-Asserted-Identity, without it From; the target the Request-URI,
    or To where that speaks of no telephone. `target` is None where there is none, or
    where the dial plan does not route to it: then `fault` may say why. `target_uri` is
    the one that was read.
    """

    originator: Originator
    target: PhoneAddress | None
    target_uri: Uri
    fault: str = ""

    @property
    def originator_text(self) -> str:
        """The originator's address: a number, a short number or a name; or nothing."""
        return text_of(self.originator.address)

    @property
    def target_text(self) -> str:
        """The target's address: a number or a short number; or nothing."""
        return text_of(self.target)

    def ends(self) -> Ends:
        """Both addresses; CannotInterwork where there is none (TS 6.1.1 step 1)."""
        originator, target = self.originator.address, self.target
        if originator is None:
            raise _no_address(488, "no-originator-address", "the originator")
        if target is None:
            raise _no_address(404, "unroutable-target", "the target")
        return Ends(originator, target)


def text_of(address: PhoneAddress | None) -> str:
    """An address as text, empty for none."""
    return "" if address is None else address.text


def parties_of(request: Request, plan: DialPlan) -> Parties:
    """The parties of a request; SipSyntaxError for an identity that is malformed."""
    originator = originator_of(request.headers, request.from_, plan)
    uri = request.uri
    target = plan.target_of(uri)
    # Where the Request-URI names somebody, a To beside it may name another: who was
    # dialled is not replaced.
    if target is None and not _names_somebody(uri, plan):
        to = request.to.uri
        target = plan.target_of(to)
        if target is not None or _names_somebody(to, plan):
            uri = to
    fault = _fault(uri, plan) if target is None else ""
    return Parties(originator=originator, target=target, target_uri=uri, fault=fault)


def _no_address(status: int, cause: str, who: str) -> CannotInterwork:
    return CannotInterwork(
        status,
        reason_for(status),
        cause=cause,
        section="TS 6.1.1 step 1",
        warning=f"{who} has no routable address",
    )


def _names_somebody(uri: Uri, plan: DialPlan) -> bool:
    """Whether a URI says itself whom a message is for, in SMS's terms."""
    return subscriber_of(uri) is not None or plan.address_of(uri) is not None


def _fault(uri: Uri, plan: DialPlan) -> str:
    """Why the dial plan does not route to a URI, as far as there is more to say."""
    subscriber = subscriber_of(uri)
    if subscriber is not None and is_emergency(subscriber.number, plan.country):
        return EMERGENCY
    address = plan.address_of(uri)
    if address is None:
        return ""
    return NO_REPLY if address.kind is AddressKind.NAME else NOT_LISTED
