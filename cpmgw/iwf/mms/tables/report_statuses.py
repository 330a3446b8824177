"""What the statuses of notifications are in MM4 (TS Tables 42 and 44).

A displayed message was delivered (6.3.1.2.4 step 3). What is not here, and all of a
processing notification, is discarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cpmgw.cpm.imdn import Status
from cpmgw.mm4.pdu import MmStatus, ReadStatus

MM_STATUSES: Final[Mapping[Status, MmStatus]] = {
    Status.DELIVERED: MmStatus.RETRIEVED,
    Status.DISPLAYED: MmStatus.RETRIEVED,
    Status.FAILED: MmStatus.REJECTED,
    Status.FORBIDDEN: MmStatus.REJECTED,
    Status.ERROR: MmStatus.INDETERMINATE,
}

# "error" is what Table 20 makes of "Deleted without being read".
READ_STATUSES: Final[Mapping[Status, ReadStatus]] = {
    Status.DISPLAYED: ReadStatus.READ,
    Status.ERROR: ReadStatus.DELETED,
}
