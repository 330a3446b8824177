"""What a service provider may choose of sessions, whatever the service.

TS 6.1.4 to 6.1.7, and of each service 6.2.2.1.3 to 6.2.2.2.4, 6.3.1.1.6 and 6.4.2.4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.policy.kinds import FailureReport, OptionalSeconds, WhichSessions
from cpmgw.policy.texts import (
    ENGLISH,
    PLACES,
    LanguageRule,
    SessionTexts,
    faults_of,
    places_of,
)

Invitation = Literal["accept", "ask", "reject"]


class SessionPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """[policy.session]: times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    # The invitation.
    accept: Invitation = "accept"
    accept_group: Invitation = "accept"
    inform_invited: WhichSessions = "group"
    answer_timeout: Annotated[int, msgspec.Meta(ge=10, le=3_600)] = 180
    declined_status: Literal[480, 603] = 603
    late_answer: Literal["ignore", "tell"] = "tell"
    modification: Invitation = "accept"
    second_invitation: Literal["replace", "separate"] = "replace"
    sender: Literal["user", "number"] = "user"
    most_per_inviter: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 20
    ask_again: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60

    # Messages in the session.
    success_report: bool = False
    failure_report: FailureReport = "yes"
    acknowledge: Literal["sent", "answered"] = "answered"

    # Leaving it.
    idle_timeout: OptionalSeconds = 1_800
    inform_closed: WhichSessions = "always"
    leave_by_text: bool = True
    leave_instructions: Literal["never", "first", "every"] = "first"

    # Who takes part.
    participant_information: bool = True
    participant_interval: OptionalSeconds = 60
    participant_names: Literal["number", "name", "both"] = "both"
    participants_in_messages: bool = False

    # What is said.
    languages: tuple[LanguageRule, ...] = ()
    texts: tuple[SessionTexts, ...] = (ENGLISH,)


def contradictions(policy: SessionPolicy) -> dict[str, str]:
    """What cannot be meant together: the key, and why."""
    faults = {}
    if policy.sender == "user" and policy.second_invitation == "separate":
        faults["second_invitation"] = 'is "separate", which needs sender "number"'
    if policy.acknowledge == "answered" and policy.failure_report != "yes":
        # Nobody answers then, and what was refused would count as taken.
        faults["failure_report"] = 'must be "yes" with acknowledge "answered"'
    if policy.leave_instructions != "never" and not policy.leave_by_text:
        faults["leave_instructions"] = "tell of leaving, but leave_by_text is false"
    if policy.participants_in_messages and not policy.participant_information:
        faults["participants_in_messages"] = "needs participant_information"
    known = [each.language for each in policy.texts]
    if not known:
        faults["texts"] = "must hold at least one language"
    if len(set(known)) != len(known):
        faults["texts"] = "has a language twice"
    for number, texts in enumerate(policy.texts):
        wrong = dict(faults_of(texts))
        if policy.sender == "number" and "invitation" not in wrong:
            wrong |= _unnamed(texts)
        if not policy.leave_by_text:
            wrong |= _told_to_leave(texts, wrong)
        for key, fault in wrong.items():
            faults[f"texts[{number}].{key}"] = fault
    return faults | _language_faults(policy, known)


def _unnamed(texts: SessionTexts) -> dict[str, str]:
    # Behind a number of ours nobody knows who invites (TS 6.2.2.1.3 step 1).
    if "sender" in places_of(texts.invitation):
        return {}
    return {"invitation": 'lacks {sender}, which sender "number" asks for'}


def _told_to_leave(texts: SessionTexts, wrong: dict[str, str]) -> dict[str, str]:
    # A word that does nothing is not to be told. how_to_leave has its own rule.
    return {
        key: "has {leave}, but leave_by_text is false"
        for key in PLACES
        if key not in wrong and key != "how_to_leave"
        if "leave" in places_of(getattr(texts, key))
    }


def _language_faults(policy: SessionPolicy, known: list[str]) -> dict[str, str]:
    faults = {}
    prefixes = [each.prefix for each in policy.languages]
    if len(set(prefixes)) != len(prefixes):
        faults["languages"] = "has a prefix twice"
    for number, rule in enumerate(policy.languages):
        if rule.language not in known:
            faults[f"languages[{number}].language"] = "has no texts"
    return faults
