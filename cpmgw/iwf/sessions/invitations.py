"""The invitation of a Non-CPM user to a CPM session (TS 6.1.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.errors import CannotInterwork
from cpmgw.iwf.media import Wanted
from cpmgw.iwf.sessions.answers import contact
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.house import SessionHouse
from cpmgw.iwf.sessions.invitation import Invitation, offer_of, read_invitation
from cpmgw.iwf.sessions.machine import State
from cpmgw.iwf.sessions.pauses import Pair
from cpmgw.iwf.sessions.question import Verdict
from cpmgw.iwf.sessions.session import Session
from cpmgw.policy import Policy
from cpmgw.policy.session import SessionPolicy
from cpmgw.sip.dialogs.incoming import IncomingCall
from cpmgw.sip.identifiers import Randomness
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response
from cpmgw.sip.status import reason_for

SECTION: Final = "TS 6.1.4"
# As random as a UUID.
_KEY_OCTETS: Final = 16
_YOUNG: Final = frozenset((State.INVITED, State.ACCEPTED))


class Invitations:
    """Answers invitations for the users of one IWF."""

    def __init__(self, house: SessionHouse) -> None:
        self._house = house
        self._randomness = Randomness()
        self._stopping = False

    def stop(self) -> None:
        """Take no more, and have nobody wait for a user's answer any longer."""
        self._stopping = True
        for session in self._house.register:
            if session.state is State.INVITED:
                session.answer(Verdict.TAKEN_BACK)

    def start(self) -> None:
        """Take invitations."""
        self._stopping = False

    async def invite(self, incoming: Incoming, wanted: Wanted) -> Response:
        """The final answer to an INVITE; CannotInterwork for a refusal (steps 1 to 9).

        `wanted` is what media the service takes, by the policy in force.
        """
        house, request = self._house, incoming.request
        policy = house.policy()
        invitation = read_invitation(request, house.plan())  # steps 3 and 4
        offer = offer_of(request)
        self._must_go_on(policy)
        _not_while_young(house, invitation, policy.session)
        _not_too_many(house, invitation, policy)
        if _verdict(invitation, policy.session) == "reject":
            house.media.check(offer, wanted)  # step 1
            raise _for_now("session-policy", "sessions are not accepted", policy)
        session = await self._begin(invitation, policy)
        try:
            messages = session.messages
            stream = await house.media.answer(offer, wanted, messages)  # step 1
            messages.stream = stream
            uri = house.network.contact(incoming.peer.transport)
            call = house.calls.incoming(incoming, contact(uri))  # step 2
            await self._agree(session, call)
            self._must_go_on(policy)
            return session.accept(call, stream)  # steps 6 and 9
        finally:
            session.refuse()

    async def _begin(self, invitation: Invitation, policy: Policy) -> Session:
        """A session, under the address that its user is to know it by."""
        house = self._house
        address = await house.bearer.address(invitation, policy)
        session = Session(
            Membership(
                key=self._randomness.hex(_KEY_OCTETS),
                invitation=invitation,
                address=address,
                policy=policy,
                goes_on=_is_replacement(house, invitation, policy.session),
            ),
            house,
        )
        refusal = _in_the_way(house, session)
        house.register.add(session)
        if refusal is not None:
            session.refuse()
            raise refusal
        house.late.forget(session.place)
        return session

    def _must_go_on(self, policy: Policy) -> None:
        if self._stopping:
            raise _for_now("stopping", "the gateway is stopping", policy)

    async def _agree(self, session: Session, call: IncomingCall) -> None:
        """Accept for the user, or as the user says; CannotInterwork else.

        One that only goes on is no news to the user (RCC.10 6.1.4).
        """
        policy = session.membership.policy.session
        if session.membership.goes_on:
            return
        if _verdict(session.invitation, policy) == "ask":
            await self._ask(session, call)  # step 8
        elif _informs(session.invitation, policy):
            await session.inform()

    async def _ask(self, session: Session, call: IncomingCall) -> None:
        """Ring, ask, and heed the answer (step 8 a to d)."""
        house, membership = self._house, session.membership
        self._must_go_on(membership.policy)
        call.when_cancelled(lambda: session.answer(Verdict.TAKEN_BACK))
        call.ring()
        verdict = await session.ask()
        if verdict is Verdict.NO:
            self._pause(session)
            raise _refused(house.bearer.declined(membership), "declined", "declined")
        if verdict is Verdict.SILENCE:
            self._pause(session)
            self._may_be_late(session)
            raise _refused(408, "no-answer", "the user has not answered")
        if verdict is Verdict.TAKEN_BACK:
            self._may_be_late(session)
            if call.cancelled:
                self._pause(session)
                raise _taken_back()
            raise _for_now("stopping", "the session cannot go on", membership.policy)

    def _pause(self, session: Session) -> None:
        """Have the inviter wait before the user is asked again."""
        seconds = session.membership.policy.session.ask_again
        if seconds:
            until = self._house.now() + seconds
            self._house.pauses.begin(_pair(session.invitation), until)

    def _may_be_late(self, session: Session) -> None:
        """Know an acceptance that comes now (step 8e)."""
        house, membership = self._house, session.membership
        until = house.now() + membership.policy.session.answer_timeout
        house.late.add(session.place, membership, until)


def _verdict(invitation: Invitation, policy: SessionPolicy) -> str:
    """What policy makes of an invitation (step 5)."""
    return policy.accept_group if invitation.is_group else policy.accept


def _pair(invitation: Invitation) -> Pair:
    return invitation.initiator, invitation.user.text


def _is_replacement(
    house: SessionHouse, invitation: Invitation, policy: SessionPolicy
) -> bool:
    """Whether there is one that stands, and that this one is to replace."""
    if not invitation.is_group and policy.second_invitation == "separate":
        return False
    earlier = house.register.between(*_pair(invitation))
    return any(each.state is State.STANDING for each in earlier)


def _not_too_many(house: SessionHouse, invitation: Invitation, policy: Policy) -> None:
    """480 to who has as many sessions as one may have, or has asked just now.

    What takes the place of a session is not one more, and nobody is asked of it.
    """
    session_policy = policy.session
    if _is_replacement(house, invitation, session_policy):
        return
    most = session_policy.most_per_inviter
    if 0 < most <= house.register.of_two(invitation.initiator) and not (
        invitation.is_group
    ):
        why = "the inviter has too many sessions"
        raise _for_now("too-many-of-inviter", why, policy)
    if _verdict(invitation, session_policy) == "ask":
        left = house.pauses.left(_pair(invitation), house.now())
        if left:
            why = "the user was asked a moment ago"
            raise _for_now("asked-just-now", why, policy, after=left)


def _informs(invitation: Invitation, policy: SessionPolicy) -> bool:
    """Whether a user who is not asked is told (6.2.2.1.3)."""
    wanted = policy.inform_invited
    return wanted == "always" or (wanted == "group" and invitation.is_group)


def _not_while_young(
    house: SessionHouse, invitation: Invitation, policy: SessionPolicy
) -> None:
    """600 to a second invitation before the first is established (RCC.10 6.1.4).

    One whose user is still being asked counts as well: two questions of the same
    person have one answer.
    """
    if not invitation.is_group and policy.second_invitation == "separate":
        return
    earlier = house.register.between(invitation.initiator, invitation.user.text)
    if any(each.state in _YOUNG for each in earlier):
        raise _refused(600, "second-invitation", "another invitation is open")


def _in_the_way(house: SessionHouse, session: Session) -> CannotInterwork | None:
    """Why there cannot be a session beside those that there are, if so.

    Another invitation may have come while this one's address was looked for.
    """
    invitation, policy = session.invitation, session.membership.policy
    try:
        _not_while_young(house, invitation, policy.session)
        _not_too_many(house, invitation, policy)
    except CannotInterwork as refusal:
        return refusal
    others = house.register.at(session.place)
    if all(each.invitation.initiator == invitation.initiator for each in others):
        return None
    return _for_now("number-in-use", "the number is another session's", policy)


def _taken_back() -> CannotInterwork:
    return _refused(487, "cancelled", "")


def _refused(status: int, cause: str, why: str) -> CannotInterwork:
    return CannotInterwork(
        status, reason_for(status), cause=cause, section=SECTION, warning=why
    )


def _for_now(
    cause: str, why: str, policy: Policy, *, after: int = 0
) -> CannotInterwork:
    """480, for reasons that have nothing to do with media (step 7).

    To come again `after` so many seconds, else as policy says.
    """
    return CannotInterwork(
        480,
        reason_for(480),
        cause=cause,
        section=f"{SECTION} step 7",
        warning=why,
        headers=(("Retry-After", str(after or policy.retry_after)),),
    )
