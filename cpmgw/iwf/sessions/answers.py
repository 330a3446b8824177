"""Header fields of what an IWF answers in a session (TS 6.1.4 step 6, 6.1.5)."""

from __future__ import annotations

from cpmgw.cpm import product
from cpmgw.cpm.features import Feature, tag
from cpmgw.cpm.warning import warning
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.uri import SipUri

Fields = list[tuple[str, str]]


def contact(uri: SipUri) -> str:
    """The Contact of a session, with its feature tag (step 6b)."""
    return f"<{uri}>;{tag(Feature.SESSION)}"


def describing(membership: Membership, service: str) -> Fields:
    """What every answer in the session says: Server and identifiers (a, c)."""
    return [
        ("Server", product.server(service)),
        *membership.invitation.identification.pairs(),
    ]


def refusal(
    request: Request, error: CannotInterwork, fields: Fields, domain: str
) -> Response:
    """The answer to a request in a session that is refused."""
    told = [*fields, *error.headers]
    if error.warning:
        told.append(("Warning", warning(domain, error.warning_code, error.warning)))
    return respond(request, error.status, error.reason, headers=told)
