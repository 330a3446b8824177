"""What is said of a large message that was not taken, by MSRP and in the BYE (6.2.3 B).

TS 6.2.3 B gives all that a service could not deliver the cause 480, by which the
Participating Function may defer it. That must be said only of what surely did not
leave, and of what another try may deliver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from cpmgw.cpm.reason import reason
from cpmgw.cpm.warning import SIZE_EXCEEDED
from cpmgw.errors import CannotInterwork
from cpmgw.sip.status import reason_for

# The answer to the last chunk of what is refused (TS 6.2.3 B, 6.2.2.1.5 step 2a).
REFUSED: Final = 413
# That to a wrapper that cannot be read.
UNREADABLE: Final = 400
# That to what has left, or may have.
UNKNOWN: Final = 408
# What is wrong with a message itself, whoever were to deliver it.
_OF_CONTENT: Final = frozenset(
    ("alphabet", "anonymity", "content", "notification", "too-large", "unreadable")
)


def msrp_status(refusal: CannotInterwork) -> int:
    """The answer to the last chunk of a message that was refused."""
    if refusal.may_have_left:
        return UNKNOWN
    if refusal.status == UNREADABLE and refusal.cause in _OF_CONTENT:
        return UNREADABLE
    return REFUSED


def bye_reason(refusal: CannotInterwork, failure: str) -> str:
    """The Reason of the BYE after it; `failure` is what a service says of its own.

    A message that nobody could deliver has the cause of its own, and so has one that
    has left or may have: it is not to come again.
    """
    if refusal.may_have_left or refusal.cause in _OF_CONTENT:
        return of_status(refusal.status)
    return reason(480, failure)


def of_status(status: int) -> str:
    """A Reason that is this status and its phrase."""
    return reason(status, reason_for(status))


def too_large(size: int, section: str) -> CannotInterwork:
    """413 for a message of so many octets."""
    return CannotInterwork(
        413,
        reason_for(413),
        cause="too-large",
        section=section,
        warning=f"a message of {size} octets",
        warning_code=SIZE_EXCEEDED,
    )


class Outcomes(msgspec.Struct, frozen=True):
    """How a service words what it refuses.

    `status` answers the last chunk of a message that was refused, `announced` an INVITE
    that tells of so many octets, which are too many; it is given the section as well.
    """

    status: Callable[[CannotInterwork], int] = msrp_status
    announced: Callable[[int, str], CannotInterwork] = too_large


# TS 6.2.3 B.
AS_TEXT: Final = Outcomes()
