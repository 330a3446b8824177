"""Sessions with MMS users: what the MMS IWF sees of them (TS 6.3.1.1.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.cpm.chat_content import COMPOSING_TYPE
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.interfaces import IHouse
from cpmgw.iwf.media import Media, Types, Wanted
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.mms.capabilities import NAME
from cpmgw.iwf.mms.chat.bearer import MmsBearer, Notified
from cpmgw.iwf.mms.chat.parcels import Forwards
from cpmgw.iwf.mms.chat.voice import MmsVoice
from cpmgw.iwf.mms.content import Adapting
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.outbound import ends_of
from cpmgw.iwf.mms.own import own_relay
from cpmgw.iwf.mms.relays import Relays
from cpmgw.iwf.parties import Parties
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.chats import Chats
from cpmgw.iwf.sessions.numbering import Numbering
from cpmgw.policy import Policy
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.calls import Calls

SECTION: Final = "TS 6.1.4 step 1"
# What comes beside messages, and is for the IWF (conversation TS 5.2.1.1).
_DIRECT: Final = (CPIM_TYPE, COMPOSING_TYPE)
_BESIDE: Final = (IMDN_TYPE,)
# What holds what MMS takes.
_HOLDING: Final = ("multipart/*",)

MmsChats = Chats[InboundMms, str]
"""The sessions of the MMS IWF: a word of RequestStatus answers an MMS."""


class Ways(msgspec.Struct, frozen=True):
    """What the sessions need of the rest of the MMS IWF.

    `notified` takes the IMDNs that come in them. `types` are the media types that MMS
    takes, or something can be made of; `max_size` is the octets of the largest content
    that is looked at.
    """

    relays: Relays
    forwarding: Forwards
    adaptation: Adapting
    repeats: RepeatGuard
    notified: Notified
    types: Callable[[], Sequence[str]]
    max_size: Callable[[], int]
    memory: Memory


def mms_chats(house: IHouse, calls: Calls, media: Media, ways: Ways) -> MmsChats:
    """All sessions of the MMS IWF."""
    background = Background()

    def shown(parties: Parties, _policy: Policy) -> PhoneAddress:
        # MM4 itself hides who is to be hidden (Table 26, Sender visibility).
        return ends_of(parties, house.dial_plan).originator

    numbering = Numbering(lambda: house.numbers, house.clock, background, NAME, shown)

    bearer = MmsBearer(
        ways.relays,
        ways.forwarding,
        ways.adaptation,
        ways.repeats,
        numbering,
        lambda: own_relay(house.config),
        lambda: house.dial_plan,
        house.now,
        ways.notified,
        ways.max_size,
        lambda: house.store.healthy,
    )

    def media_wanted(policy: Policy) -> Wanted:
        return wanted(policy, ways.types(), ways.max_size())

    return Chats(
        house,
        calls,
        media,
        bearer,
        MmsVoice(background, ways.notified, house.now),
        numbering,
        background,
        media_wanted,
        ways.memory,
    )


def wanted(policy: Policy, types: Sequence[str], max_size: int) -> Wanted:
    """What media MMS takes; by policy an answer names these only, or all (6.1.2 4d)."""
    leaves_out = policy.mms.unsupported_types == "leave_out"
    return Wanted(
        direction=Direction.SENDRECV,
        section=SECTION,
        content=tuple(dict.fromkeys((*types, *_HOLDING))),
        direct=_DIRECT,
        beside=_BESIDE,
        types=Types.TAKEN if leaves_out else Types.OFFERED,
        max_size=max_size,
    )
