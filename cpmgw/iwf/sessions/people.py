"""Participant information as text (TS 6.2.2.1.6, Table 8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.cpm.conference_info import ConferenceState, User
from cpmgw.iwf.sessions.wording import Names, Person, person_at, shown
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import parse_uri

# Names in one text; of the others only how many they are is told.
MOST_NAMES: Final = 20
# Characters of all names in one text: a message has no more than some segments.
MOST_CHARACTERS: Final = 300


def people_of(
    state: ConferenceState, plan: DialPlan, own: Collection[PhoneAddress]
) -> tuple[Person, ...]:
    """Who takes part, in the order of the document, without the user that is told.

    `own` are the addresses of that user and of the session; the user is also the one
    that the document itself calls so (<yourown>).
    """
    return tuple(
        person_at(user.entity, user.display_text, plan)
        for user in state.present()
        if not user.own and not _is_own(user, plan, own)
    )


def listed(people: Sequence[Person], names: Names, most: int = MOST_NAMES) -> str:
    """Names with commas between them, as many as there is room for: "Ann, Bob (+37)".

    That is at most so many, and `MOST_CHARACTERS`, but always one.
    """
    told = ""
    for number, person in enumerate(people):
        longer = f"{told}, {shown(person, names)}" if told else shown(person, names)
        if number == most or (told and len(longer) > MOST_CHARACTERS):
            return f"{told} (+{len(people) - number})"
        told = longer
    return told


def _is_own(user: User, plan: DialPlan, own: Collection[PhoneAddress]) -> bool:
    try:
        return plan.address_of(parse_uri(user.entity)) in own
    except SipSyntaxError:
        return False
