"""What became of an MMS for one recipient, as MM4 is told (Table 38)."""

from __future__ import annotations

from typing import Final, NamedTuple

from cpmgw.iwf.large_sending import Outcome, Said
from cpmgw.iwf.mms.tables.table_38 import MSRP_STATUS, TABLE_38_STATUS
from cpmgw.iwf.second_tries import may_pass_later
from cpmgw.mm4.pdu import MmStatus, RequestStatus

# MSRP's word for what another try may do better (RFC 4975 10).
_MSRP_LATER: Final = frozenset((408, 481, 506))
# What somebody has said who was reached: he is not asked for ever.
_ANSWERS: Final = frozenset((401, 407, 482, 483, 486, 487, 491, 600))
_EXPIRED: Final = MmStatus.EXPIRED.value


class Delivered(NamedTuple):
    """A status of Table 38, and whether another try may do better.

    `is_answer` where somebody was reached who has said so.
    """

    status: RequestStatus
    may_pass_later: bool = False
    is_answer: bool = False
    has_expired: bool = False

    @property
    def word(self) -> str:
        """What is kept of it."""
        return _EXPIRED if self.has_expired else self.status.value


def by_sip(status: int) -> Delivered:
    """What a SIP response says."""
    return Delivered(
        TABLE_38_STATUS.of(status), may_pass_later(status), status in _ANSWERS
    )


def by_outcome(outcome: Outcome) -> Delivered:
    """What became of a large message.

    Who hangs up does not want the rest of it (RCC.10 6.3.1.2.2 step 2).
    """
    if outcome.by is Said.SIP:
        return by_sip(outcome.status)
    if outcome.was_hung_up:
        return Delivered(RequestStatus.UNSPECIFIED)
    later = outcome.status in _MSRP_LATER
    return Delivered(MSRP_STATUS.of(outcome.status), later)


def by_word(word: str) -> Delivered:
    """What a session says of a message (`multimedia.Replies`)."""
    status = RequestStatus(word)
    return Delivered(status, status is RequestStatus.NETWORK_PROBLEM)


UNREACHED: Final = by_sip(408)
"""Nobody answers on the CPM side."""

NO_ROOM: Final = by_sip(500)
"""There is no room here for it at present."""

EXPIRED: Final = Delivered(RequestStatus.UNSPECIFIED, has_expired=True)
"""It is not delivered any more: it has expired."""


def has_expired(word: str) -> bool:
    """Whether that was kept of a recipient."""
    return word == _EXPIRED


def status_of(word: str) -> RequestStatus:
    """The status of a recipient by the word that was kept of it."""
    return EXPIRED.status if has_expired(word) else RequestStatus(word)
