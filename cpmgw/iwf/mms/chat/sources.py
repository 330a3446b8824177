"""The values that the tables of sessions with MMS users read from (TS 6.3.1.1.6)."""

from __future__ import annotations

import msgspec

from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.mm4.entity import Entity
from cpmgw.policy import Policy


class SessionMms(msgspec.Struct, frozen=True, kw_only=True):
    """One MMS of a session: the source of Tables 25, 26, 28, 29 and 31 to 34.

    `requested` is what a chat message asks to be told of, and `datetime` its CPIM
    DateTime, empty without one. `now` is in seconds since 1970.
    """

    membership: Membership
    relay: Relay
    own: OwnRelay
    transaction_id: str
    message_id: str
    entity: Entity
    now: float
    requested: frozenset[Disposition] = frozenset()
    datetime: str = ""

    @property
    def ends(self) -> Ends:
        """The number that stands for the session, and its user (step 2)."""
        membership = self.membership
        return Ends(membership.address, membership.invitation.user)

    @property
    def policy(self) -> Policy:
        """That by which the session began."""
        return self.membership.policy


class ChatMms(msgspec.Struct, frozen=True, kw_only=True):
    """An MMS that goes into the session of its sender: the source of Table 30."""

    membership: Membership
    message: InboundMms
