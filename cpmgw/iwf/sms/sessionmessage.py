"""The values that the tables of sessions read from (TS 6.2.2.1.3 to 6.2.2.2.3)."""

from __future__ import annotations

from enum import Enum

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.config import SmscConfig
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.policy import Policy
from cpmgw.sip.uri import SipUri
from txsmpp.text.segment import Segment


class SessionText(Enum):
    """What a short message of a session is; the keys of `policy.sms.levels`."""

    INVITATION = "invitation"
    CHAT = "chat"
    CLOSING = "closing"
    PARTICIPANTS = "participants"


class SessionSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One short message of a session: the source of Tables 4, 6, 7 and 8.

    The originator of the `ends` is the number shown: the user's or the session's own.
    `requested` is what a chat message asks to be told of, and `asks` that an invitation
    wants an answer, where others only inform. `is_group` tells a group from a session
    of two.
    """

    what: SessionText
    segment: Segment
    ends: Ends
    plan: DialPlan
    centre: SmscConfig
    policy: Policy
    requested: frozenset[Disposition] = frozenset()
    asks: bool = False
    is_group: bool = False


class LargeInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """A received text that is too long for a SIP MESSAGE: the source of Table 11.

    `contact` leads to this gateway; `now` is in seconds since 1970.
    """

    message: InboundMessage
    contact: SipUri
    call_id: str
    now: float
