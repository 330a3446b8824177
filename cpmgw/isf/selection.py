"""Which Non-CPM Communication Service interworks a message (TS 5.1).

A pure function of the message, the services and the policy: its result says which
service was chosen, and for each that was not, why not.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cpmgw.errors import CannotInterwork
from cpmgw.interfaces import IInterworking
from cpmgw.iwf.standalone import StandaloneMessage

SECTION = "TS 5.1"


class Exclusion(msgspec.Struct, frozen=True):
    """A service that was ruled out, and the refusal to give if no other is left."""

    service: str
    refusal: CannotInterwork


class Selection(msgspec.Struct, frozen=True):
    """The decision: the service, or None, and what ruled the others out."""

    chosen: IInterworking | None
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def refusal(self) -> CannotInterwork:
        """The answer where nothing was chosen.

        The refusal on which all services agree; otherwise 488 (steps 3 and 11 d).
        """
        statuses = {each.refusal.status for each in self.exclusions}
        if len(statuses) == 1:
            return self.exclusions[0].refusal
        return CannotInterwork(488, "Not Acceptable Here", section=f"{SECTION} step 11")


def select(message: StandaloneMessage, services: Sequence[IInterworking]) -> Selection:
    """Choose the service for a pager mode message.

    Step 3: an originator without a routable address is refused with 488. Step 4: a
    disposition notification goes by its Non-CPM Communication Service Identifier
    alone. Step 5: the first service, in order of preference, that can carry it.
    """
    if not message.originator:
        refusal = CannotInterwork(
            488,
            "Not Acceptable Here",
            section=f"{SECTION} step 3",
            warning="the originator has no routable address",
        )
        return Selection(None, tuple(Exclusion(s.name, refusal) for s in services))
    if message.is_notification and message.nccsid:
        return _indicated(message, services)
    exclusions: list[Exclusion] = []
    for service in services:
        reason = service.refuses(message)
        if reason is None:
            return Selection(service, tuple(exclusions))
        exclusions.append(Exclusion(service.name, reason))
    return Selection(None, tuple(exclusions))


def _indicated(
    message: StandaloneMessage, services: Sequence[IInterworking]
) -> Selection:
    for service in services:
        if service.name.lower() == message.nccsid.lower():
            return Selection(service)
    refusal = CannotInterwork(
        488,
        "Not Acceptable Here",
        section=f"{SECTION} step 4",
        warning=f"no interworking with {message.nccsid}",
    )
    return Selection(None, (Exclusion(message.nccsid, refusal),))
