"""What all sessions of one IWF share."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from twisted.internet.interfaces import IReactorTime

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.interfaces import ICpmNetwork
from cpmgw.iwf.media import Media
from cpmgw.iwf.memory import Memory
from cpmgw.iwf.sessions.background import Background
from cpmgw.iwf.sessions.bearer import Bearer
from cpmgw.iwf.sessions.pauses import Pauses
from cpmgw.iwf.sessions.register import LateAnswers, Register
from cpmgw.iwf.sessions.turns import Turns
from cpmgw.policy import PolicySource
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.subscriptions import Subscriptions
from cpmgw.traffic import Traffic


class SessionHouse(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of an IWF's sessions.

    `name` is the IWF's, `address` gives its CPM address; `domain` is the gateway's.
    `now` gives seconds since 1970. `memory` is where large messages are when they are
    handed over.
    """

    name: str
    domain: str
    address: Callable[[], str]
    clock: IReactorTime
    now: Callable[[], float]
    policy: PolicySource
    plan: Callable[[], DialPlan]
    network: ICpmNetwork
    calls: Calls
    subscriptions: Subscriptions
    media: Media
    bearer: Bearer
    traffic: Traffic
    register: Register
    late: LateAnswers
    pauses: Pauses
    turns: Turns
    background: Background
    memory: Memory
