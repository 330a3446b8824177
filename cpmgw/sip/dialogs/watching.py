"""What subscriptions are held to, and what their users are told (RFC 6665 4.1)."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

from cpmgw.sip.message import Request, Response
from cpmgw.sip.transaction.machine import Timing


class SubscriptionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What subscriptions are held to; times in seconds.

    `expires` is what is asked for where a SUBSCRIBE does not say. What was terminated
    is subscribed to anew after its retry-after or `retry`, but not where that is more
    than `longest`; and no more than `tries` times where it does not last for `settled`
    in between. `subscriptions` bounds how many there are; `drain` is how long
    `Subscriptions.stop` waits.
    """

    timing: Timing = Timing()
    expires: int = 3600
    retry: float = 60.0
    longest: float = 3600.0
    tries: int = 3
    settled: float = 60.0
    subscriptions: int = 20_000
    drain: float = 5.0


class Over(Enum):
    """Why there are no more NOTIFYs."""

    UNSUBSCRIBED = "unsubscribed"
    REFUSED = "refused"
    """The SUBSCRIBE, or a refresh, was refused or not answered."""
    TERMINATED = "terminated"
    """The notifier has ended it, and not to be asked again."""
    SILENT = "silent"
    """No NOTIFY followed a SUBSCRIBE, also when it was begun anew (Timer N)."""
    EXPIRED = "expired"


class Ended(msgspec.Struct, frozen=True):
    """How a subscription ended; `status` of what refused it, `reason` of a NOTIFY."""

    how: Over
    status: int = 0
    reason: str = ""


class SubscriptionUser(Protocol):
    """Who wants to be notified."""

    def subscribe(self) -> Request:
        """A SUBSCRIBE outside of a dialog, complete but for its Via.

        Its Call-ID and From tag are new each time, as it is asked for again where the
        subscription was terminated and may be had anew (4.1.3).
        """

    async def notified(self, notify: Request, refresh: bool) -> Response:
        """A NOTIFY has come: its final answer. `refresh`: a refresh has brought it."""

    def ended(self, end: Ended) -> None:
        """There are no more; called once."""
