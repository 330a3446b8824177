"""The values that the mapping tables of TS 6.3.1.1 read from."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.cpm.resource_lists import Entry
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mm4.entity import Entity
from cpmgw.policy import Policy


class Forwarded(Protocol):
    """What the sources of all tables that make an MM4_forward.REQ have in common."""

    @property
    def own(self) -> OwnRelay:
        """This gateway."""

    @property
    def relay(self) -> Relay:
        """The relay that it goes to."""

    @property
    def ends(self) -> Ends:
        """Whom it is from as the MMS user sees it, and whom it is for."""

    @property
    def transaction_id(self) -> str:
        """The identifier of the transaction that it begins."""

    @property
    def entity(self) -> Entity:
        """Its content, as MMS takes it."""

    @property
    def policy(self) -> Policy:
        """What the service provider has chosen."""


class OutboundMms(msgspec.Struct, frozen=True, kw_only=True):
    """A standalone message or file about to be sent: Tables 12, 13, 15, 16, 23 and 24.

    `history` is whom the message goes to where that is more than one.
    """

    message: StandaloneMessage
    message_id: str
    ends: Ends
    entity: Entity
    relay: Relay
    own: OwnRelay
    transaction_id: str
    plan: DialPlan
    policy: Policy
    history: tuple[Entry, ...] = ()


class AcceptedMms(msgspec.Struct, frozen=True):
    """A message or file that the relay has taken: the source of Table 14.

    `message_id` is its X-Mms-Message-ID.
    """

    message: StandaloneMessage
    message_id: str
    policy: Policy
