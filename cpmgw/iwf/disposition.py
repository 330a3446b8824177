"""What the reports of a message come to, and who is told (TS 6.2.2.1.2, 6.2.3, 6.2.4).

A message of several short messages has one meaning: it is delivered when every one of
them is, and has failed as soon as one of them has. Until then nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Final

import msgspec

from cpmgw.cpm.imdn import Disposition
from cpmgw.policy import Policy
from cpmgw.records import SegmentReport
from txsmpp.constants import MessageState

FAILURES: Final = frozenset(
    {
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.UNKNOWN,
        MessageState.REJECTED,
        MessageState.SKIPPED,
    }
)


def is_final(report: SegmentReport) -> bool:
    """Whether a report ends the way of its short message."""
    return report.state == MessageState.DELIVERED or report.state in FAILURES


class Outcome(Enum):
    """What is known of a whole message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def outcome_of(
    reports: Sequence[SegmentReport | None],
) -> tuple[Outcome, SegmentReport | None]:
    """The outcome of a message and the report that decides it.

    `reports` holds the newest report of each segment, None where none has come.
    """
    for report in reports:
        if report is not None and report.state in FAILURES:
            return Outcome.FAILED, report
    for report in reports:
        if report is None or report.state != MessageState.DELIVERED:
            return Outcome.PENDING, None
    return Outcome.DELIVERED, reports[-1]


class Notice(msgspec.Struct, frozen=True):
    """What the CPM side is told of an outcome.

    `delivery` and `interworking` are <status> children for one IMDN, empty where that
    notification is not sent; `failed_event` asks for the <failed-iw> event instead.
    """

    delivery: str = ""
    interworking: str = ""
    failed_event: bool = False

    @property
    def is_imdn(self) -> bool:
        """Whether an IMDN is to be sent."""
        return bool(self.delivery or self.interworking)


SILENCE: Final = Notice()


def notice_of(
    outcome: Outcome,
    state: int,
    requested: Collection[str],
    policy: Policy,
) -> Notice:
    """Choose among IMDN, event and silence.

    A success is reported to those who asked (6.2.2.1.2 step 2, 6.2.4). A failure is
    reported by a negative-delivery IMDN where one was asked for, otherwise by the
    event (6.2.3, 1 and 2), never by both; an interworking notification that was asked
    for tells of the failure itself.
    """
    if outcome is Outcome.PENDING:
        return SILENCE
    wants_interworking = Disposition.INTERWORKING.value in requested
    interworking = policy.interworking_status(state) if wants_interworking else ""
    if outcome is Outcome.DELIVERED:
        wants_delivery = Disposition.POSITIVE_DELIVERY.value in requested
        delivery = policy.delivery_status(state) if wants_delivery else ""
        return Notice(delivery=delivery, interworking=interworking)
    wants_failure = Disposition.NEGATIVE_DELIVERY.value in requested
    if wants_failure and policy.negative_delivery:
        delivery = policy.delivery_status(state)
        if delivery:
            return Notice(delivery=delivery, interworking=interworking)
    if interworking:
        return Notice(interworking=interworking)
    return Notice(failed_event=policy.failed_iw_events)
