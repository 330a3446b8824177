"""Every "service provider policy" of the TS: single messages here, the rest in tables.

The defaults are those of the profile oma; cpmgw/policy/profiles holds the profiles as
files, and [policy] in the configuration overrides them key by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import resources
from typing import Annotated, Final, Literal

import msgspec

from cpmgw.cpm.mime import MimeLimits
from cpmgw.policy import selection, session, sms
from cpmgw.policy.email import EmailPolicy
from cpmgw.policy.file_transfer import FileTransferPolicy
from cpmgw.policy.fixed_table import fix_tables
from cpmgw.policy.kinds import Phrase, PriorityFlag
from cpmgw.policy.large import LargePolicy
from cpmgw.policy.mms import MmsPolicy
from cpmgw.policy.selection import SelectionPolicy
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.simple_im import SimpleImPolicy
from cpmgw.policy.sms import SmsPolicy
from txsmpp.constants import MessageState

PROFILES: Final = ("oma", "rcs")

# RFC 3261 20.26.
Priority = Literal["non-urgent", "normal", "urgent", "emergency"]
# States that end a message's way (SMPP 3.4 5.2.28); only they are notified.
FinalState = Literal[
    "DELIVERED",
    "EXPIRED",
    "DELETED",
    "UNDELIVERABLE",
    "UNKNOWN",
    "REJECTED",
    "SKIPPED",
]
# <status> children (RFC 5438 7.2.1.1; conversation TS App. O). No interworking status
# stands for both: an empty string sends no notification of that kind.
DeliveryStatus = Literal["delivered", "failed", "forbidden", "error", ""]
InterworkingStatus = Literal["legacy-sms", "error", ""]

ANY_PRIORITY: Final = "normal"  # what no Priority header means (RFC 3261 20.26)


def _priorities() -> dict[Priority, PriorityFlag]:
    # GSM (SMPP 3.4 5.2.14; TS Tables 1 and 9).
    return {"non-urgent": 0, "normal": 1, "urgent": 2, "emergency": 3}


def _delivery_statuses() -> dict[FinalState, DeliveryStatus]:
    return {
        "DELIVERED": "delivered",
        "EXPIRED": "failed",
        "DELETED": "failed",
        "UNDELIVERABLE": "failed",
        "UNKNOWN": "error",
        "REJECTED": "forbidden",
        "SKIPPED": "error",
    }


def _interworking_statuses() -> dict[FinalState, InterworkingStatus]:
    return {
        "DELIVERED": "legacy-sms",
        "EXPIRED": "error",
        "DELETED": "error",
        "UNDELIVERABLE": "error",
        "UNKNOWN": "error",
        "REJECTED": "error",
        "SKIPPED": "error",
    }


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service provider may choose; times in seconds.

    etc/profiles/oma.toml says of each key what it does and which section asks for it.
    """

    # Which service interworks a request.
    selection: SelectionPolicy = SelectionPolicy()

    # The answer to a pager mode message.
    pager_success_status: Literal[200, 202] = 202
    correlation_headers: bool = True
    message_correlator: Literal["oma", "none"] = "oma"
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 5
    duplicate_window: Annotated[int, msgspec.Meta(ge=32, le=604_800)] = 600
    untagged_as_pager: bool = False
    pager_early_answer: Literal["never", "accepted", "timeout"] = "never"
    pager_early_after: Annotated[int, msgspec.Meta(ge=1, le=600)] = 20
    end_to_end_protection: Literal["refuse", "ignore"] = "refuse"
    media_protection: Literal["accept", "require", "refuse"] = "accept"

    # Towards the SM-SC.
    submit_with: Literal["submit_sm", "data_sm"] = "submit_sm"
    validity_default: Annotated[int, msgspec.Meta(ge=60, le=5_443_200)] = 172_800
    validity_max: Annotated[int, msgspec.Meta(ge=60, le=5_443_200)] = 604_800
    priority: dict[Priority, PriorityFlag] = msgspec.field(default_factory=_priorities)
    registered_delivery_otherwise: Literal[0, 1, 2] = 0
    language_indicator: bool = True
    text_limits: MimeLimits = MimeLimits()
    anonymous_originator: Literal["reveal", "hide"] = "hide"
    anonymous_number: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(\+[1-9][0-9]{1,14})?\Z",
            description='an E.164 number ("+15145550100") or empty',
        ),
    ] = ""

    # Reports.
    delivery_statuses: dict[FinalState, DeliveryStatus] = msgspec.field(
        default_factory=_delivery_statuses
    )
    interworking_statuses: dict[FinalState, InterworkingStatus] = msgspec.field(
        default_factory=_interworking_statuses
    )
    negative_delivery: bool = True
    failed_iw_events: bool = True
    unknown_receipt: Literal["refuse", "accept"] = "refuse"
    report_grace: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 3_600

    # Towards CPM, from whatever service.
    max_forwards: Annotated[int, msgspec.Meta(ge=1, le=255)] = 70
    anonymous_display_name: Phrase = "Anonymous"
    ask_negative_delivery: bool = True

    # From the SM-SC.
    inbound_priority: bool = True
    ack_segments: Literal["stored", "delivered"] = "stored"
    reassembly_timeout: Annotated[int, msgspec.Meta(ge=1, le=604_800)] = 600
    incomplete: Literal["deliver", "discard"] = "deliver"

    # What several services have, and what only one has.
    session: SessionPolicy = SessionPolicy()
    large: LargePolicy = LargePolicy()
    file_transfer: FileTransferPolicy = FileTransferPolicy()
    sms: SmsPolicy = SmsPolicy()
    mms: MmsPolicy = MmsPolicy()
    email: EmailPolicy = EmailPolicy()
    simple_im: SimpleImPolicy = SimpleImPolicy()

    def __post_init__(self) -> None:
        fix_tables(self)

    def priority_flag(self, priority: str) -> int:
        """priority_flag of a Priority header; "" and unknown values are normal.

        (TS Table 1, RFC 3261 20.26.)
        """
        levels: dict[str, int] = self.priority  # type: ignore[assignment]
        flag = levels.get(priority.lower())
        return levels.get(ANY_PRIORITY, 0) if flag is None else flag

    def priority_of(self, flag: int) -> str:
        """The Priority header of a priority_flag, empty for none (TS Table 9)."""
        if self.inbound_priority:
            for priority, level in self.priority.items():
                if level == flag:
                    # "emergency" is for calls for help, which no SMS says it is.
                    return "urgent" if priority == "emergency" else priority
        return ""

    def delivery_status(self, state: int) -> str:
        """The <status> of a delivery notification, empty for none (TS Table 3)."""
        statuses: dict[str, str] = self.delivery_statuses  # type: ignore[assignment]
        return statuses.get(_state_name(state), "")

    def interworking_status(self, state: int) -> str:
        """The <status> of an interworking notification, empty for none (Table 3)."""
        statuses: dict[str, str] = self.interworking_statuses  # type: ignore[assignment]
        return statuses.get(_state_name(state), "")


_NAMES: Final = {state.value: state.name for state in MessageState}


def _state_name(state: int) -> str:
    return _NAMES.get(state, "UNKNOWN")


# Gives the policy in force: what begins is held to it until it ends.
PolicySource = Callable[[], Policy]


def profile_text(name: str) -> str:
    """The TOML of a profile that comes with the gateway, one of PROFILES."""
    folder = resources.files("cpmgw.policy").joinpath("profiles")
    return folder.joinpath(f"{name}.toml").read_text("utf-8")


def contradictions(policy: Policy) -> dict[str, str]:
    """What cannot be meant together: the key, and why."""
    faults = {}
    if policy.validity_default > policy.validity_max:
        faults["validity_default"] = "is longer than validity_max"
    if policy.anonymous_originator == "reveal" and policy.anonymous_number:
        faults["anonymous_number"] = 'is of no use with anonymous_originator "reveal"'
    for key, table, names in (
        ("delivery_statuses", policy.delivery_statuses, _delivery_statuses()),
        ("interworking_statuses", policy.interworking_statuses, _delivery_statuses()),
        ("priority", policy.priority, _priorities()),
    ):
        missing = [name for name in names if name not in table]
        if missing:
            faults[key] = f"lacks {', '.join(missing)}"
    if not policy.delivery_statuses.get("DELIVERED"):
        faults["delivery_statuses.DELIVERED"] = "must not be empty"
    if policy.sms.set_dpf and policy.submit_with != "data_sm":
        faults["sms.set_dpf"] = 'needs submit_with "data_sm"'
    if policy.sms.invitation_text and policy.session.sender == "number":
        # What the SM-SC holds names nobody (TS 6.2.2.1.3 step 1).
        faults["sms.invitation_text"] = 'needs sender "user" in [policy.session]'
    return faults | dict(_within_tables(policy))


def _within_tables(policy: Policy) -> Iterator[tuple[str, str]]:
    for table, found in (
        ("selection", selection.contradictions(policy.selection)),
        ("session", session.contradictions(policy.session)),
        ("sms", sms.contradictions(policy.sms)),
    ):
        for key, fault in found.items():
            yield f"{table}.{key}", fault
