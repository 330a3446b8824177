"""The number that stands for a session towards its Non-CPM user.

TS 6.2.2.1.3 steps 1 and 2, 6.3.1.1.6.1 steps 2a and 2b.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, PhoneAddress
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import INumbers
from cpmgw.isf.group_session import canonical
from cpmgw.iwf.outcomes import retry_after
from cpmgw.iwf.parties import Parties
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.policy import Policy
from cpmgw.records import GroupSession

SECTION: Final = "TS 6.2.2.1.3, 6.3.1.1.6.1"
# Seconds for which a number that nobody uses stands for whom it stood for.
REST: Final = 120.0

Shown = Callable[[Parties, Policy], PhoneAddress]
"""Whom a service shows as the originator; CannotInterwork where it may show nobody."""


class Numbering:
    """Gives each session the address that its user's messages come from.

    A number that sessions of two have for themselves is given back `REST` seconds after
    the last of them: what its user answers until then is not for somebody else.
    `service` is the one whose numbers they are; `shown` gives the address of an inviter
    whose session has no number of its own.
    """

    log = Logger()

    def __init__(
        self,
        numbers: Callable[[], INumbers],
        clock: IReactorTime,
        background: Background,
        service: str,
        shown: Shown,
    ) -> None:
        self._service = service
        self._shown = shown
        self._numbers = numbers
        self._clock = clock
        self._background = background
        self._in_use: Counter[GroupSession] = Counter()
        self._resting: dict[GroupSession, IDelayedCall] = {}

    def __len__(self) -> int:
        return len(self._in_use)

    def stop(self) -> None:
        """Give back at once what rests."""
        for record, rest in list(self._resting.items()):
            rest.cancel()
            self._release(record)

    async def address(self, invitation: Invitation, policy: Policy) -> PhoneAddress:
        """The address of a session; CannotInterwork where there is none to be had."""
        if invitation.is_group:
            return _of_group(invitation)
        if not has_own_number(invitation, policy):
            parties = Parties(
                originator=invitation.inviter,
                target=invitation.user,
                target_uri=invitation.peer,
            )
            return self._shown(parties, policy)
        return await self._of_two(record_of(invitation, policy), policy)

    async def _of_two(self, record: GroupSession, policy: Policy) -> PhoneAddress:
        """A number that nobody else has with this user (step 1)."""
        self._in_use[record] += 1
        rest = self._resting.pop(record, None)
        if rest is not None:
            rest.cancel()
        try:
            numbers = self._numbers()
            given = await numbers.number_for(record, self._service)
        except BaseException as error:
            if self._drop(record) and rest is not None:
                self._rest(record)
            if isinstance(error, StoreError):
                raise _no_number(503, "the store failed", policy) from error
            raise
        return PhoneAddress(AddressKind.E164, given.number)

    def free(self, invitation: Invitation, policy: Policy) -> None:
        """A session is over; its number rests where no other session has it."""
        if invitation.is_group or not has_own_number(invitation, policy):
            return
        record = record_of(invitation, policy)
        if self._drop(record):
            self._rest(record)

    def _rest(self, record: GroupSession) -> None:
        self._resting[record] = self._clock.callLater(REST, self._release, record)

    def _release(self, record: GroupSession) -> None:
        del self._resting[record]
        self._background.run(self._released(record), "release of a number")

    async def _released(self, record: GroupSession) -> None:
        await self._numbers().release(record)

    def _drop(self, record: GroupSession) -> bool:
        """One use less; whether it was the last."""
        self._in_use[record] -= 1
        if self._in_use[record] > 0:
            return False
        del self._in_use[record]
        return True


def has_own_number(invitation: Invitation, policy: Policy) -> bool:
    """Whether a session is known by another number than its inviter's."""
    return invitation.is_group or policy.session.sender == "number"


def record_of(invitation: Invitation, policy: Policy) -> GroupSession:
    """What a number stands for: a pair, or one of its sessions where they are apart.

    A second session that is to replace the first has the first's number, so that its
    user sees one conversation (RCC.10 6.1.4).
    """
    separate = policy.session.second_invitation == "separate"
    return GroupSession(
        user=invitation.user.text,
        conversation_id=invitation.call_id if separate else "",
        contribution_id="",
        session=canonical(invitation.reply_to) or invitation.initiator,
        address=str(invitation.reply_to),
        one_to_one=True,
    )


def _of_group(invitation: Invitation) -> PhoneAddress:
    """The number that the ISF has given to a group (step 2)."""
    if not invitation.number:
        raise CannotInterwork(
            480,
            "Temporarily Unavailable",
            cause="no-interworking-number",
            section=f"{SECTION} step 2",
            warning="no interworking number in the invitation to a group",
        )
    return PhoneAddress(AddressKind.E164, invitation.number)


def _no_number(status: int, why: str, policy: Policy) -> CannotInterwork:
    return CannotInterwork(
        status,
        "Service Unavailable",
        cause="store",
        section=f"{SECTION} step 1",
        warning=why,
        headers=retry_after(status, policy),
    )
