"""The answer to an invitation as a table of the service makes it.

TS 6.1.4 steps 6 and 8d; Table 5 (6.2.2.1.3) and Table 27 (6.3.1.1.6.1).
"""

from __future__ import annotations

from typing import Final

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import ASSERTED, Identity, identity_fields
from cpmgw.cpm import product
from cpmgw.cpm.headers import Identification
from cpmgw.cpm.identity import tel_uri
from cpmgw.iwf.mapping import Rule, Table
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.policy import Policy
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.status import reason_for

_ACCEPTED: Final = 200
# Rows that go to header fields under their own name.
_HEADERS: Final = ("Server", "Message-Context", "IW-Number")


class InvitationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an invitation: the source of the tables.

    `user` is who was invited; `body` the SDP answer of one who accepts, `iw_number` the
    IW-Number of the INVITE as a tel URI in international form, empty without one.
    """

    accepted: bool
    user: Identity
    plan: DialPlan
    identification: Identification
    policy: Policy
    iw_number: str = ""
    body: bytes = b""


class SessionAnswer(msgspec.Struct, frozen=True):
    """A final answer to an INVITE; `headers` are those that the dialog does not add."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer_in(
    membership: Membership, plan: DialPlan, body: bytes, *, accepted: bool
) -> InvitationAnswer:
    """The answer of the user of a session, with the SDP answer or without."""
    invitation = membership.invitation
    return InvitationAnswer(
        accepted=accepted,
        user=Identity(address=invitation.user),
        plan=plan,
        identification=invitation.identification,
        policy=membership.policy,
        iw_number=str(tel_uri(invitation.number)) if invitation.number else "",
        body=body,
    )


def session_answer(
    table: Table[InvitationAnswer], source: InvitationAnswer
) -> SessionAnswer:
    """The answer by a table: 200 with the SDP answer, or a refusal without a body."""
    values = table.apply(source)
    headers = [
        *((name, values[name]) for name in _HEADERS if name in values),
        *values.get("identifiers", ()),
        *((ASSERTED, str(each)) for each in values.get(ASSERTED, ())),
    ]
    return SessionAnswer(
        values["response code"],
        values["reason phrase"],
        tuple(headers),
        values.get("body", b""),
    )


# -- the rules of the rows -------------------------------------------------------------


def code_and_reason(source: InvitationAnswer) -> tuple[int, str]:
    """Response code and reason phrase: 200, or what policy makes of a refusal."""
    status = _ACCEPTED if source.accepted else source.policy.session.declined_status
    return status, reason_for(status)


def sdp_answer(source: InvitationAnswer) -> bytes | None:
    """The SDP answer; there is none beside a refusal."""
    return source.body if source.accepted else None


def server(service: str) -> Rule[InvitationAnswer]:
    """Server: the IWF's release (TS 6.1.4 step 6a, Appendix C)."""

    def rule(_source: InvitationAnswer) -> str:
        return product.server(service)

    return rule


def identifiers(source: InvitationAnswer) -> tuple[tuple[str, str], ...] | None:
    """The identifiers that were received (TS 6.1.4 step 6c)."""
    return source.identification.pairs() if source.accepted else None


def asserted_user(source: InvitationAnswer) -> tuple[NameAddr, ...] | None:
    """P-Asserted-Identity: the Non-CPM user's (TS 6.1.4 step 6g)."""
    if not source.accepted:
        return None
    return identity_fields(source.user, source.plan).asserted


def message_context(context: str) -> Rule[InvitationAnswer]:
    """Message-Context: by what messages of the session go (TS 6.2.4, 6.3.1.1.7)."""

    def rule(source: InvitationAnswer) -> str | None:
        wanted = source.accepted and source.policy.correlation_headers
        return context if wanted else None

    return rule


def iw_number(source: InvitationAnswer) -> str | None:
    """IW-Number: the one received, if any (TS 5.1 step 12, 6.3.1.1.7)."""
    return source.iw_number or None if source.accepted else None
