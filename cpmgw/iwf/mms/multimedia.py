"""The values that the mapping tables of TS 6.3.1.2 and the reports read from."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import Identity
from cpmgw.cpm.resource_lists import Entry
from cpmgw.iwf.parties import Ends
from cpmgw.mm4.entity import Entity
from cpmgw.mm4.pdu import Forward
from cpmgw.policy import Policy
from cpmgw.sip.uri import SipUri, TelUri


class InboundMms(msgspec.Struct, frozen=True, kw_only=True):
    """An MMS for one of its recipients: what Tables 35, 36, 39 and 40 are about.

    `sender` is whom it is from, with the SIP URI where one is known; `recipient` is the
    URI of the target. `relay` is the name of the one that it came from, `identity` 32
    hex digits of this message for this recipient, the same at each try. `history` are
    all its recipients where there are more than one. `received` is in seconds since
    1970.
    """

    forward: Forward
    entity: Entity
    ends: Ends
    sender: Identity
    recipient: SipUri | TelUri
    plan: DialPlan
    domain: str
    policy: Policy
    relay: str
    identity: str
    received: float
    history: tuple[Entry, ...] = ()


class MmsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent of an MMS to the CPM side: the source of those tables.

    `now` is in seconds since 1970; `contact` leads to this gateway, None in pager mode.
    """

    message: InboundMms
    call_id: str
    now: float
    contact: SipUri | None = None


class Replies(Protocol):
    """The sessions with MMS users, which are asked first (TS 6.3.1.1.6.1)."""

    async def take(self, message: InboundMms) -> str | InboundMms:
        """The word of a message that ends here, or the message that does not.

        A word is the value of a RequestStatus that answers it. "Error-network-problem"
        says that another try may do better.
        """
