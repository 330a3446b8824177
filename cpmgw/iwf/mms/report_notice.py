"""What the CPM side is told of a report of MM4 (TS 6.3.1.1.3, 6.3.1.1.4 step 1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from cpmgw.cpm.imdn import Disposition, Status
from cpmgw.iwf.mms.tables.table_17 import DELIVERY, INTERWORKING, PROCESSING
from cpmgw.iwf.mms.tables.table_20 import DISPLAY
from cpmgw.mm4.pdu import DeliveryReport, MmStatus, ReadReply
from cpmgw.policy import Policy

# What is kept of what was told.
TOLD_DELIVERY: Final = "delivery"
TOLD_DISPLAY: Final = "display"
TOLD_PROCESSING: Final = "processing"
# By the answer to the message itself: its relay has taken it.
TOLD_TAKEN: Final = "taken"

# After what was told nothing is told any more of a kind (conversation TS 5.4).
_ENDS: Final = {
    TOLD_PROCESSING: frozenset((TOLD_PROCESSING, TOLD_DELIVERY, TOLD_DISPLAY)),
    TOLD_DELIVERY: frozenset((TOLD_DELIVERY, TOLD_DISPLAY)),
    TOLD_DISPLAY: frozenset((TOLD_DISPLAY,)),
}


class MmsNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a report, and of which kind that is.

    The words are <status> children, empty where that notification is not sent;
    `failed_event` asks for the <failed-iw> event instead. `failed` tells that the
    message has come to nothing, whoever is told.
    """

    kind: str
    delivery: str = ""
    interworking: str = ""
    processing: str = ""
    display: str = ""
    failed_event: bool = False
    failed: bool = False

    @property
    def is_imdn(self) -> bool:
        """Whether an IMDN is to be sent."""
        words = (self.delivery, self.interworking, self.processing, self.display)
        return any(words)

    def is_late(self, told: Collection[str]) -> bool:
        """Whether nothing of this kind is told after what has been."""
        return not _ENDS[self.kind].isdisjoint(told)


def notice_of(
    report: DeliveryReport | ReadReply, requested: Collection[str], policy: Policy
) -> MmsNotice:
    """Choose among IMDN, event and silence."""
    if isinstance(report, ReadReply):
        wants = Disposition.DISPLAY.value in requested
        display = DISPLAY[report.status].value if wants else ""
        return MmsNotice(kind=TOLD_DISPLAY, display=display)
    status = report.status
    if status in PROCESSING:
        wants = Disposition.PROCESSING.value in requested
        processing = PROCESSING[status].value if wants else ""
        return MmsNotice(kind=TOLD_PROCESSING, processing=processing)
    wants = Disposition.INTERWORKING.value in requested
    interworking = INTERWORKING[status].value if wants else ""
    if status is MmStatus.RETRIEVED:
        wants = Disposition.POSITIVE_DELIVERY.value in requested
        return MmsNotice(
            kind=TOLD_DELIVERY,
            delivery=DELIVERY[status].value if wants else "",
            interworking=interworking,
        )
    return _failure(DELIVERY[status], interworking, requested, policy)


def _failure(
    status: Status, interworking: str, requested: Collection[str], policy: Policy
) -> MmsNotice:
    """A negative-delivery IMDN where one was asked for, otherwise the event.

    Never both, as for short messages; an interworking notification that was asked for
    tells of the failure itself.
    """
    delivery = status.value if tells_failure(requested, policy) else ""
    is_silent = not delivery and not interworking
    return MmsNotice(
        kind=TOLD_DELIVERY,
        delivery=delivery,
        interworking=interworking,
        failed_event=is_silent and policy.failed_iw_events,
        failed=True,
    )


def tells_failure(requested: Collection[str], policy: Policy) -> bool:
    """Whether the sender of a message hears by an IMDN that it has failed."""
    wants = Disposition.NEGATIVE_DELIVERY.value in requested
    return wants and policy.negative_delivery
