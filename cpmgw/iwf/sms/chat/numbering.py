"""The number that stands for a session towards its SMS user (TS 6.2.2.1.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from cpmgw.addressing.dialplan import AddressKind, PhoneAddress
from cpmgw.errors import CannotInterwork, StoreError
from cpmgw.interfaces import INumbers
from cpmgw.isf.group_session import canonical
from cpmgw.iwf.parties import Parties
from cpmgw.iwf.sessions.invitation import Invitation
from cpmgw.iwf.sms.outbound import shown_originator
from cpmgw.policy import Policy
from cpmgw.records import GroupSession

NAME: Final = "SMS"
SECTION: Final = "TS 6.2.2.1.3"


class Numbering:
    """Gives each session the address that its user's messages come from.

    A number that sessions of two have for themselves is given back once none of them
    uses it any more.
    """

    log = Logger()

    def __init__(self, numbers: Callable[[], INumbers]) -> None:
        self._numbers = numbers
        self._in_use: Counter[GroupSession] = Counter()

    def __len__(self) -> int:
        return len(self._in_use)

    async def address(self, invitation: Invitation, policy: Policy) -> PhoneAddress:
        """The address of a session; CannotInterwork where there is none to be had."""
        if invitation.is_group:
            return _of_group(invitation)
        if policy.session.sender == "user":
            parties = Parties(
                originator=invitation.inviter,
                target=invitation.user,
                target_uri=invitation.peer,
            )
            return shown_originator(parties, policy)
        return await self._of_two(record_of(invitation, policy), policy)

    async def _of_two(self, record: GroupSession, policy: Policy) -> PhoneAddress:
        """A number that nobody else has with this user (step 1)."""
        self._in_use[record] += 1
        try:
            given = await self._numbers().number_for(record, NAME)
        except BaseException as error:
            self._drop(record)
            if isinstance(error, StoreError):
                raise _no_number(503, "the store failed", policy) from error
            raise
        return PhoneAddress(AddressKind.E164, given.number)

    async def free(self, invitation: Invitation, policy: Policy) -> None:
        """A session is over; its number is free if it has none for itself any more."""
        if invitation.is_group or policy.session.sender == "user":
            return
        record = record_of(invitation, policy)
        if self._drop(record):
            await self._numbers().release(record)

    def _drop(self, record: GroupSession) -> bool:
        """One use less; whether it was the last."""
        self._in_use[record] -= 1
        if self._in_use[record] > 0:
            return False
        del self._in_use[record]
        return True


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
        headers=(("Retry-After", str(policy.retry_after)),),
    )
