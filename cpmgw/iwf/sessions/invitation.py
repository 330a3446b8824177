"""An invitation to a CPM session as an IWF reads it (TS 6.1.4 steps 3 and 4)."""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.addressing.originator import (
    ASSERTED,
    Originator,
    display_text,
    originator_of,
)
from cpmgw.cpm.errors import CpmError
from cpmgw.cpm.features import Feature, icsi
from cpmgw.cpm.headers import (
    PRIVACY,
    Identification,
    Priority,
    identification_of,
    iw_number_of,
    priority_of,
)
from cpmgw.cpm.identity import e164_of
from cpmgw.cpm.mime import body_of_type
from cpmgw.cpm.resource_lists import Entry, recipient_list
from cpmgw.errors import CannotInterwork
from cpmgw.isf.group_session import canonical, group_session_of
from cpmgw.iwf.parties import parties_of, parties_of_group, text_of
from cpmgw.iwf.standalone import unreadable
from cpmgw.records import GroupSession
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers, NameAddr
from cpmgw.sip.message import Request
from cpmgw.sip.uri import TelUri, Uri, parse_uri

SECTION: Final = "TS 6.1.4"
SDP_TYPE: Final = "application/sdp"
REFERRED_BY: Final = "Referred-By"
# Of a history of recipients no more are kept to be told.
MOST_INVITED: Final = 50
# What is kept of an INVITE, some of it on disk.
_KEPT: Final = (
    "From",
    "To",
    "Contact",
    ASSERTED,
    REFERRED_BY,
    "Conversation-ID",
    "Contribution-ID",
    "InReplyTo-Contribution-ID",
    "P-Asserted-Service",
)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an INVITE until its session ends.

    `inviter` is who invites and `user` the Non-CPM user's address; `peer` is where the
    dialog's other end is reached, the CPM Group Session Identity of a group. `group` is
    what the ISF knows a group by, None in a session of two. `title` is the name of a
    group, as far as it has one, `number` its interworking number ("+1514..."), and
    `invited` those who were invited with the user. `service` is P-Asserted-Service,
    `date` is Date as it came.
    """

    inviter: Originator
    user: PhoneAddress
    peer: Uri
    identification: Identification
    service: str
    call_id: str
    subject: str = ""
    group: GroupSession | None = None
    title: str = ""
    number: str = ""
    invited: tuple[Entry, ...] = ()
    priority: Priority | None = None
    date: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it is to a session with a group."""
        return self.group is not None

    @property
    def initiator(self) -> str:
        """Who, or which group, a second invitation comes from too (RCC.10 6.1.4)."""
        if self.group is not None:
            return self.group.session
        inviter = self.inviter
        named = text_of(inviter.address)
        return named or canonical(inviter.sip or inviter.tel or self.peer)

    @property
    def reply_to(self) -> Uri:
        """The URI of the inviter, or of the group: whom an answer is for."""
        inviter = self.inviter
        return self.peer if self.is_group else inviter.sip or inviter.tel or self.peer


def read_invitation(request: Request, plan: DialPlan) -> Invitation:
    """Read an INVITE; CannotInterwork for what cannot be understood or has no user."""
    try:
        return _read(request, plan)
    except CpmError as error:
        raise _not_read(error) from error
    except SipSyntaxError as error:
        raise unreadable(error) from error


def _read(request: Request, plan: DialPlan) -> Invitation:
    headers = request.headers
    _refuse_what_is_no_text(headers)
    contacts = headers.addresses("Contact")
    if len(contacts) != 1:
        raise SipSyntaxError("No Single Contact")
    group = group_session_of(request, text_of(plan.target_of(request.uri)))
    parties = (parties_of_group if group else parties_of)(request, plan)
    if parties.target is None:
        raise _nobody()
    of_two = Invitation(
        inviter=parties.originator,
        user=parties.target,
        peer=contacts[0].uri,
        identification=identification_of(headers),
        service=headers.get("P-Asserted-Service")
        or icsi(Feature.SESSION, group is not None),
        call_id=request.call_id,
        subject=display_text(headers.get("Subject") or ""),
        priority=priority_of(headers),
        date=headers.get("Date") or "",
    )
    if group is None:
        return of_two
    identity = parse_uri(group.address)
    return msgspec.structs.replace(
        of_two,
        inviter=_inviter(request, identity, plan),
        peer=identity,
        group=group,
        title=_title(request, identity),
        number=_number(headers),
        invited=_invited(request),
    )


def _refuse_what_is_no_text(headers: Headers) -> None:
    """SipSyntaxError for values that are kept and are not UTF-8."""
    kept = [value for name in _KEPT for value in headers.raw(name)]
    try:
        "".join(kept).encode()
    except UnicodeEncodeError as error:
        raise SipSyntaxError("Header Field That Is Not UTF-8") from error


def _inviter(request: Request, group: Uri, plan: DialPlan) -> Originator:
    """Who invites to a group: Referred-By, or From where that is not the group.

    (Conversation TS 9.2.1; the ISF has put the interworking number in place of what was
    asserted.)
    """
    headers = request.headers
    referred = headers.addresses(REFERRED_BY) if REFERRED_BY in headers else []
    inviter = referred[0] if referred else request.from_
    if not referred and canonical(inviter.uri) == canonical(group):
        inviter = NameAddr(inviter.uri)  # the group's own name is not a person's
    privacy = [(PRIVACY, value) for value in headers.raw(PRIVACY)]
    return originator_of(Headers(privacy), inviter, plan)


def _title(request: Request, group: Uri) -> str:
    """The name of a group: its Subject, or what is shown beside its identity."""
    headers = request.headers
    named = [request.from_, *headers.addresses("Contact")]
    names = [
        each.display_name
        for each in named
        if canonical(each.uri) == canonical(group) and each.display_name
    ]
    return display_text(headers.get("Subject") or (names[0] if names else ""))


def _number(headers: Headers) -> str:
    """The number of IW-Number in international form, empty without (TS 5.1 step 7a)."""
    value = iw_number_of(headers)
    uri = parse_uri(value) if value else None
    return (isinstance(uri, TelUri) and e164_of(uri, "")) or ""


def _invited(request: Request) -> tuple[Entry, ...]:
    """Those of the recipient-list-history (RFC 5366 4), the anonymous left out."""
    kind = request.headers.get("Content-Type") or ""
    entries = recipient_list(kind, request.body)
    shown = [each for each in entries if not each.anonymize]
    return tuple(shown[:MOST_INVITED])


def offer_of(request: Request) -> bytes:
    """The session description of an INVITE, also beside a recipient list (RFC 5366 4).

    CannotInterwork 488 where there is none (step 1).
    """
    content_type = request.headers.get("Content-Type") or ""
    try:
        found = body_of_type(content_type, request.body, SDP_TYPE)
    except CpmError as error:
        raise _not_read(error) from error
    if found is None:
        raise CannotInterwork(
            488,
            "Not Acceptable Here",
            cause="no-offer",
            section=f"{SECTION} step 1",
            warning="no session description",
        )
    return found


def _not_read(error: CpmError) -> CannotInterwork:
    return CannotInterwork(
        error.status,
        error.reason,
        cause="unreadable",
        section="RFC 5366 4",
        warning=str(error),
    )


def _nobody() -> CannotInterwork:
    return CannotInterwork(
        404,
        "Not Found",
        cause="unroutable-target",
        section=SECTION,
        warning="the target has no routable address",
    )
