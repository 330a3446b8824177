"""What a service provider may choose of SMS beyond single messages (TS 6.2.2, 6.2.3).

What concerns pager mode messages and all short messages stands in [policy] itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cpmgw.policy.fixed_table import fix_tables
from cpmgw.policy.kinds import OptionalSeconds, Phrase, PriorityFlag

# sm_default_msg_id and user_response_code are one octet (SMPP 3.4).
DefaultText = Annotated[int, msgspec.Meta(ge=0, le=254)]
ResponseCode = Annotated[int, msgspec.Meta(ge=0, le=255)]
# As validity_max of [policy].
Validity = Annotated[int, msgspec.Meta(ge=60, le=5_443_200)]
# What is sent in a session: messages, and what the IWF itself says.
SessionMessage = Literal["invitation", "chat", "closing", "participants"]


def _levels() -> dict[SessionMessage, PriorityFlag]:
    return {"invitation": 1, "chat": 1, "closing": 1, "participants": 0}


class SmsPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[policy.sms]: times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    # Sessions.
    session_types: Literal["offered", "text"] = "offered"
    user_answer: Literal["text", "response_code"] = "text"
    accept_code: ResponseCode = 1
    invitation_text: DefaultText = 0
    closing_text: DefaultText = 0
    invitation_validity: Validity = 300
    participants_validity: Validity = 3_600
    stray_answer: Literal["refuse", "discard"] = "refuse"
    levels: dict[SessionMessage, PriorityFlag] = msgspec.field(default_factory=_levels)

    # Deliveries that failed.
    ready_for_sms: bool = True
    set_dpf: bool = False
    watch: OptionalSeconds = 604_800
    bye_reason: Phrase = "Bearer unavailable"

    def __post_init__(self) -> None:
        fix_tables(self)


def contradictions(policy: SmsPolicy) -> dict[str, str]:
    """What cannot be meant together: the key, and why."""
    faults = {}
    missing = [name for name in _levels() if name not in policy.levels]
    if missing:
        faults["levels"] = f"lacks {', '.join(missing)}"
    if policy.set_dpf and not policy.ready_for_sms:
        faults["set_dpf"] = "is of no use without ready_for_sms"
    return faults
