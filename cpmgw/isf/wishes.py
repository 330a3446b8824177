"""When the target user's preferences are asked for, and what is known then (step 7)."""

from __future__ import annotations

import msgspec

from cpmgw.interfaces import Preference, PreferenceState
from cpmgw.isf.findings import Selection
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known
from cpmgw.iwf.capabilities import Kind
from cpmgw.policy import SelectionPolicy


def asks_for_preferences(
    request: CpmRequest, selection: Selection, policy: SelectionPolicy
) -> bool:
    """Whether the answer of the XDMS can make a difference (TS 5.1 steps 4 and 7).

    Not in the originating network, not for a notification that names its service, and
    not where there is nothing to choose from, unless a user may refuse what is left.
    """
    if not request.terminating or policy.preferences == "ignore":
        return False
    if request.kind is Kind.NOTIFICATION and request.nccsid:
        return False
    enough = 1 if policy.preferences == "require" else 2
    return len(selection.candidates) >= enough


def known_of(known: Known, preference: Preference) -> Known:
    """What is known once the XDMS has answered, or has not."""
    if preference.state is PreferenceState.UNAVAILABLE:
        return msgspec.structs.replace(known, preference_fault=preference.reason)
    return msgspec.structs.replace(known, preference=preference.services)
