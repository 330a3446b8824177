"""From a SIP request to what the selection looks at (TS 5.1, 6.1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from cpmgw.addressing.dialplan import AddressKind, DialPlan
from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm.content import leaf_types
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.features import Feature, features_of, service_of, services_of
from cpmgw.cpm.identity import nccsid_of, tel_uri
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.cpm.mime import body_of_type, parse_media_type
from cpmgw.cpm.warning import FUNCTION_NOT_ALLOWED, SERVICE_NOT_AUTHORISED
from cpmgw.errors import CannotInterwork
from cpmgw.isf.request import CpmRequest
from cpmgw.iwf.capabilities import Characteristics, Kind
from cpmgw.iwf.parties import Parties, parties_of, parties_of_group
from cpmgw.iwf.standalone import StandaloneMessage, read_standalone, unreadable
from cpmgw.policy import Policy, SelectionPolicy
from cpmgw.sdp.content import content_size, content_types
from cpmgw.sdp.errors import SdpError
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import MediaStream, streams
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request
from cpmgw.sip.uri import SipUri, TelUri, Uri

SDP_TYPE: Final = "application/sdp"
P_SERVED_USER: Final = "P-Served-User"
# Whose side the served user is on (RFC 5502 6); a Route says it too (TS 24.229 5.4.3).
SESSION_CASE: Final = "sescase"
ORIGINATING: Final = "orig"
# It is repeated in Warnings.
_MOST_NCCSID: Final = 64

_INVITES: Final = {
    Feature.LARGE: Kind.LARGE,
    Feature.FILE: Kind.FILE,
    Feature.SESSION: Kind.SESSION,
}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was read: what the selection needs, and the whole of it.

    `source` is the request, `parties` are who it is from and for, and `message` is the
    same where it is a MESSAGE, read as its IWF will have it.
    """

    request: CpmRequest
    source: Request
    parties: Parties
    message: StandaloneMessage | None = None

    @property
    def originator_uri(self) -> str:
        """How the request names who sent it, empty if nobody is asserted to have."""
        if ASSERTED not in self.source.headers:
            return str(self.source.from_.uri)
        asserted = _addresses(self.source, ASSERTED)
        return str(asserted[0].uri) if asserted else ""

    @property
    def target_uri(self) -> str:
        """Whose preferences count: the user that the target's address names."""
        uri, target = self.parties.target_uri, self.parties.target
        if isinstance(uri, TelUri) and target is not None and target.number:
            return str(tel_uri(target.number))
        return str(uri)


def read_message(
    request: Request, now: float, plan: DialPlan, policy: Policy
) -> Reading:
    """Read a MESSAGE (TS 6.1); CannotInterwork for what is no pager mode message."""
    message = read_standalone(request, now, plan)
    notification = message.is_notification
    # A notification has the tag and the service of what it is about.
    features = features_of(request.headers) if notification else _features(request)
    if not (notification or Feature.PAGER in features or not features):
        raise _no_usable_feature("a pager mode message")
    if not (features or notification or policy.untagged_as_pager):
        raise _no_usable_feature("a pager mode message")
    kind = Kind.NOTIFICATION if notification else Kind.PAGER
    return Reading(
        request=_cpm_request(
            request,
            kind,
            message.parties,
            _of_message(message, policy),
            policy.selection,
        ),
        source=request,
        parties=message.parties,
        message=message,
    )


def read_invite(request: Request, plan: DialPlan, policy: Policy) -> Reading:
    """Read an INVITE that begins something (TS 6.1); CannotInterwork otherwise."""
    (feature,) = _features(request) or (None,)
    kind = _INVITES.get(feature) if feature else None
    if kind is None:
        raise _no_usable_feature("a large message, a file or a session")
    if kind is Kind.SESSION and _is_group(request):
        kind = Kind.GROUP
    read = parties_of_group if kind is Kind.GROUP else parties_of
    try:
        parties = read(request, plan)
    except SipSyntaxError as error:
        raise unreadable(error) from error
    return Reading(
        request=_cpm_request(
            request, kind, parties, _of_offer(request, kind), policy.selection
        ),
        source=request,
        parties=parties,
    )


def _cpm_request(
    request: Request,
    kind: Kind,
    parties: Parties,
    characteristics: Characteristics,
    policy: SelectionPolicy,
) -> CpmRequest:
    address = parties.originator.address
    return CpmRequest(
        kind=kind,
        originator=parties.originator_text,
        originator_kind=address.kind if address else AddressKind.E164,
        target=parties.target_text,
        target_fault=parties.fault,
        target_scheme=scheme_of(parties.target_uri),
        mailbox=parties.mailbox,
        nccsid=_nccsid(request)[:_MOST_NCCSID],
        terminating=is_terminating(request, parties.target_text, policy),
        characteristics=characteristics,
    )


def _features(request: Request) -> frozenset[Feature]:
    """The CPM feature a request names; 403 where they contradict each other."""
    features = features_of(request.headers)
    if len(features) > 1:
        raise _contradiction("feature tags of", features)
    services = {each for each, _ in services_of(request.headers)}
    if features and not services <= features:
        raise _contradiction("feature tag and service", features | services)
    return features


def _contradiction(what: str, features: Collection[Feature]) -> CannotInterwork:
    names = " and ".join(sorted(each.value for each in features))
    return CannotInterwork(
        403,
        "Forbidden",
        cause="contradictory-features",
        section="TS 6.1",
        warning=f"{what} {names} in one request",
        warning_code=FUNCTION_NOT_ALLOWED,
    )


def _no_usable_feature(wanted: str) -> CannotInterwork:
    return CannotInterwork(
        488,
        "Not Acceptable Here",
        cause="no-feature",
        section="TS 6.1",
        warning=f"no feature tag of {wanted}",
        warning_code=SERVICE_NOT_AUTHORISED,
    )


def encoding_refused(error: SipSyntaxError) -> CannotInterwork:
    """The answer to content that is encoded as nobody here can read (413 or 415)."""
    return CannotInterwork(
        error.status,
        error.reason,
        cause="content-encoding",
        section="RFC 3261 21.4.13",
        warning=error.reason,
        headers=error.headers,
    )


# -- the parties -----------------------------------------------------------------------


def _nccsid(request: Request) -> str:
    """The service that the destination address names, be it in To (TS App. D)."""
    return nccsid_of(request.uri) or nccsid_of(request.to.uri) or ""


def scheme_of(uri: Uri) -> str:
    """The scheme of a URI, in lower case."""
    return str(uri).partition(":")[0].lower()


def is_terminating(request: Request, target: str, policy: SelectionPolicy) -> bool:
    """Whether interworking occurs in the terminating network (TS 5.1 steps 2 and 7).

    As the request says: by the session case of P-Served-User (RFC 5502), or "orig" in
    the Route that led here (3GPP TS 24.229 5.4.3.2). Else by whose number the target's
    is, else as policy says.
    """
    case = _session_case(request)
    if case:
        return case != ORIGINATING
    if policy.served:
        return target.startswith(policy.served)
    return policy.network == "terminating"


def _session_case(request: Request) -> str:
    served = _addresses(request, P_SERVED_USER)
    if served and (case := served[0].parameter(SESSION_CASE)):
        return case.lower()
    route = _addresses(request, "Route")
    uri = route[0].uri if route else None
    if isinstance(uri, SipUri) and uri.has(ORIGINATING):
        return ORIGINATING
    return ""


def _addresses(request: Request, name: str) -> list[NameAddr]:
    """The values of an address header, none where they cannot be read."""
    if name not in request.headers:
        return []
    try:
        return request.headers.addresses(name)
    except SipSyntaxError:
        return []


def _is_group(request: Request) -> bool:
    """Whether an INVITE is to a session with a group (conversation TS C.1.7, H.1)."""
    contacts = _addresses(request, "Contact")
    if any(each.has("isfocus") for each in contacts):
        return True
    service = service_of(request.headers)
    return service == (Feature.SESSION, True)


# -- the characteristics ---------------------------------------------------------------


def _of_message(message: StandaloneMessage, policy: Policy) -> Characteristics:
    """What a MESSAGE carries; the text in it is made once, here and for the IWF."""
    kind = parse_media_type(message.content_type or "text/plain")
    if message.is_notification:
        return Characteristics(content_types=(IMDN_TYPE,), size=len(message.content))
    try:
        text = message.text(policy)
    except CannotInterwork as refusal:
        types = _leaf_types(message, policy)
        return Characteristics(
            content_types=types, size=len(message.content), no_text=refusal.warning
        )
    types = (kind.name,) if kind.main != "multipart" else _leaf_types(message, policy)
    return Characteristics(content_types=types, size=len(text.encode("utf-8")))


def _leaf_types(message: StandaloneMessage, policy: Policy) -> tuple[str, ...]:
    try:
        return leaf_types(message.content_type, message.content, policy.text_limits)
    except MimeError:
        return (parse_media_type(message.content_type).name,)


def _of_offer(request: Request, kind: Kind) -> Characteristics:
    """What an INVITE offers to carry (TS 6.1.2 step 1, 6.1.3 step 1, 6.1.4 step 1)."""
    body = _offer(request)
    if body is None:
        raise CannotInterwork(
            488,
            "Not Acceptable Here",
            cause="no-offer",
            section=_OFFER_SECTIONS[kind],
            warning="no session description",
        )
    try:
        offer = parse_sdp(body)
        offered = [each for each in streams(offer) if each.is_offered]
        return Characteristics(
            content_types=_file_types(offered) or content_types(offer),
            size=content_size(offer),
            streams=len(offered),
        )
    except SdpError as error:
        raise CannotInterwork(
            error.status,
            error.reason,
            cause="offer",
            section=_OFFER_SECTIONS[kind],
            warning=str(error),
        ) from error


def _file_types(offered: Sequence[MediaStream]) -> tuple[str, ...]:
    """The types of the files, where an offer says them (RFC 5547 6)."""
    selectors = [each.file.selector for each in offered if each.is_msrp]
    types = [each.type.lower() for each in selectors if each and each.type]
    return tuple(dict.fromkeys(each.partition(";")[0] for each in types))


_OFFER_SECTIONS: Final = {
    Kind.LARGE: "TS 6.1.2 step 1",
    Kind.FILE: "TS 6.1.3 step 1",
    Kind.SESSION: "TS 6.1.4 step 1",
    Kind.GROUP: "TS 6.1.4 step 1",
}


def _offer(request: Request) -> bytes | None:
    """The session description, also beside a recipient list (RFC 5366 4)."""
    if request.content_type == SDP_TYPE:
        return request.body
    content_type = request.headers.get("Content-Type") or ""
    try:
        return body_of_type(content_type, request.body, SDP_TYPE)
    except MimeError as error:
        raise CannotInterwork(
            error.status,
            error.reason,
            cause="unreadable",
            section="RFC 5366 4",
            warning=str(error),
        ) from error
