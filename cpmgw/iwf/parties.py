"""Who a CPM request is from, and to whom (TS Table 1, conversation TS 6.1)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from cpmgw.addressing.dialplan import AddressKind, DialPlan, PhoneAddress
from cpmgw.addressing.emergency import calls_for_help
from cpmgw.addressing.originator import Originator, originator_of
from cpmgw.cpm.identity import subscriber_of
from cpmgw.errors import CannotInterwork
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import SipUri, TelUri, Uri, unescape

# Why what a Request-URI names is no target; each is the text of a Warning.
EMERGENCY: Final = "messages to emergency numbers are not interworked"
NOT_LISTED: Final = "the dial plan does not list this short number"
NO_REPLY: Final = "nothing can be sent to an alphanumeric sender"

# One addr-spec without comments and quotes (RFC 5322 3.4.1); mailto may hold several.
_ONE_ADDRESS: Final = re.compile(r"[^\s@,;<>\"()]{1,64}@[^\s@,;<>\"()]{1,255}")


class Ends(NamedTuple):
    """Between whom a message goes, by addresses that SMS has a form for."""

    originator: PhoneAddress
    target: PhoneAddress


class Parties(msgspec.Struct, frozen=True, kw_only=True):
    """The originator and the target of a request.

    The originator is P-Asserted-Identity, without it From; the target the Request-URI,
    or To where that names this gateway. `target` is None where there is none, or where
    the dial plan does not route to it: then `fault` may say why. `mailbox` is the mail
    address of the same, empty for none. `target_uri` is the one that both were read of.
    """

    originator: Originator
    target: PhoneAddress | None
    target_uri: Uri
    mailbox: str = ""
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
    """The parties of a request; SipSyntaxError for an identity that is malformed.

    Where the Request-URI names anybody else than this gateway, a To beside it may name
    another: who was dialled is not replaced.
    """
    is_ours = plan.own.has(request.uri)
    return _parties(request, request.to.uri if is_ours else request.uri, plan)


def parties_of_group(request: Request, plan: DialPlan) -> Parties:
    """The same of an invitation to a group's session, which is the Request-URI's alone.

    The interworking number is that user's (TS 5.1 steps 7a.iii and 8 c).
    """
    return _parties(request, request.uri, plan)


def mailbox_of(uri: Uri, plan: DialPlan) -> str:
    """The mail address of a mailto URI or of a SIP URI with a domain name, or nothing.

    (RFC 6068; TS 6.4.2.1: an e-mail address in a SIP URI.) The gateway itself has none,
    nor has who is called for help.
    """
    if isinstance(uri, TelUri) or subscriber_of(uri) is not None:
        return ""
    if isinstance(uri, SipUri):
        if not uri.user or plan.own.has(uri) or calls_for_help(uri, plan.country):
            return ""
        return f"{unescape(uri.user)}@{uri.host}"
    if uri.scheme != "mailto":
        return ""
    address = unescape(uri.opaque.partition("?")[0])
    return address if _ONE_ADDRESS.fullmatch(address) else ""


def _parties(request: Request, uri: Uri, plan: DialPlan) -> Parties:
    target = plan.target_of(uri)
    return Parties(
        originator=originator_of(request.headers, request.from_, plan),
        target=target,
        target_uri=uri,
        mailbox=mailbox_of(uri, plan),
        fault=_fault(uri, plan) if target is None else "",
    )


def _no_address(status: int, cause: str, who: str) -> CannotInterwork:
    return CannotInterwork(
        status,
        reason_for(status),
        cause=cause,
        section="TS 6.1.1 step 1",
        warning=f"{who} has no routable address",
    )


def _fault(uri: Uri, plan: DialPlan) -> str:
    """Why the dial plan does not route to a URI, as far as there is more to say."""
    if calls_for_help(uri, plan.country):
        return EMERGENCY
    address = plan.address_of(uri)
    if address is None:
        return ""
    return NO_REPLY if address.kind is AddressKind.NAME else NOT_LISTED


def referred_by(headers: Headers) -> str:
    """The URI of who a copy was sent for, empty for none that can be read."""
    try:
        found = headers.addresses("Referred-By")[:1]
        said = str(found[0].uri) if found else ""
        said.encode()
    except (SipSyntaxError, UnicodeEncodeError):
        return ""
    return said
