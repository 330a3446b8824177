"""Another offer within a session: re-INVITE or UPDATE (TS 6.1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.media import not_acceptable
from cpmgw.iwf.sessions.answers import describing, refusal
from cpmgw.iwf.sessions.invitation import offer_of
from cpmgw.iwf.sessions.question import Verdict
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.status import reason_for

if TYPE_CHECKING:
    from cpmgw.iwf.sessions.house import SessionHouse
    from cpmgw.iwf.sessions.session import Session

SECTION: Final = "TS 6.1.5"


async def answer(session: Session, request: Request, house: SessionHouse) -> Response:
    """The final answer; any but a 200 leaves all as it was (steps 1 to 7)."""
    fields = describing(session.membership, house.bearer.service)
    try:
        body = await _agreed(session, request)
    except CannotInterwork as error:
        return refusal(request, error, fields, house.domain)
    return respond(request, 200, headers=fields, body=body)


async def _agreed(session: Session, request: Request) -> bytes:
    """The SDP answer, where policy, and who is asked, agree; CannotInterwork else.

    What changes nothing is a refresh of the session, and nobody's choice.
    """
    stream = session.messages.stream
    assert stream is not None
    offer = offer_of(request)
    if stream.changes(offer):  # steps 1 and 2
        policy = session.membership.policy.session
        if policy.modification == "reject":
            raise not_acceptable(SECTION, "a session is not modified")
        if policy.modification == "ask":
            _may_take_long(request)
            _heed(await session.ask(), policy.declined_status)  # step 6
    return stream.modify(offer)


def _may_take_long(request: Request) -> None:
    """An UPDATE may not: 504 where its answer would have to be asked for."""
    if request.method == "UPDATE":
        raise _refused(504, "update", "RFC 3311 5.2", "the user would be asked")


def _heed(verdict: Verdict, declined: int) -> None:
    if verdict is Verdict.NO:
        raise _refused(declined, "declined", f"{SECTION} step 6c", "declined")
    if verdict is not Verdict.YES:
        raise _refused(408, "no-answer", SECTION, "the user has not answered")


def _refused(status: int, cause: str, section: str, why: str) -> CannotInterwork:
    return CannotInterwork(
        status, reason_for(status), cause=cause, section=section, warning=why
    )
