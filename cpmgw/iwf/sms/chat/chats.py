"""Sessions with SMS users: what the SMS IWF sees of them (TS 6.2.2)."""

from __future__ import annotations

from typing import Final

from cpmgw.cpm.chat_content import COMPOSING_TYPE
from cpmgw.cpm.cpim import MEDIA_TYPE as CPIM_TYPE
from cpmgw.cpm.imdn import MEDIA_TYPE as IMDN_TYPE
from cpmgw.interfaces import IHouse
from cpmgw.iwf.media import Media, Types, Wanted
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.repeats import RepeatGuard
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.chats import Chats
from cpmgw.iwf.sessions.numbering import Numbering
from cpmgw.iwf.sms.chat.bearer import NAME, SmsBearer
from cpmgw.iwf.sms.chat.voice import SmsVoice
from cpmgw.iwf.sms.outbound import shown_originator
from cpmgw.iwf.sms.shortmessage import InboundMessage
from cpmgw.iwf.sms.submissions import Submissions
from cpmgw.policy import Policy
from cpmgw.sdp.roles import Direction
from cpmgw.sip.dialogs.calls import Calls

SECTION: Final = "TS 6.1.4 step 1"
# What comes beside text, and ends here (conversation TS 5.2.1.1).
_DIRECT: Final = (CPIM_TYPE, COMPOSING_TYPE)
_BESIDE: Final = (IMDN_TYPE,)
# Messages, of all sessions, that are in memory while text is looked for in them, of
# those of more octets.
_LARGE_AT_ONCE: Final = 8
_SMALL: Final = 65_536


SmsChats = Chats[InboundMessage, int]
"""The sessions of the SMS IWF: a command_status answers a short message."""


def sms_chats(
    house: IHouse,
    calls: Calls,
    media: Media,
    submissions: Submissions,
    repeats: RepeatGuard,
) -> SmsChats:
    """All sessions of the SMS IWF."""
    background = Background()
    numbering = Numbering(
        lambda: house.numbers, house.clock, background, NAME, shown_originator
    )
    bearer = SmsBearer(
        submissions, repeats, numbering, lambda: house.dial_plan, house.now
    )
    memory = Memory(_LARGE_AT_ONCE, lambda: _SMALL)
    return Chats(
        house, calls, media, bearer, SmsVoice(), numbering, background, wanted, memory
    )


def wanted(policy: Policy) -> Wanted:
    """What media SMS takes: text, and what ends here.

    By policy an answer names all that was offered, or only this (RCC.10 6.1.4 h).
    """
    text_only = policy.sms.session_types == "text"
    return Wanted(
        direction=Direction.SENDRECV,
        section=SECTION,
        direct=_DIRECT,
        beside=_BESIDE,
        types=Types.TAKEN if text_only else Types.OFFERED,
        max_size=policy.text_limits.max_size,
    )
