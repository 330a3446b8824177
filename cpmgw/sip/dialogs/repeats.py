"""A 2xx that is sent until its ACK comes (RFC 3261 13.3.1.4)."""

from __future__ import annotations

from cpmgw.sip.legs import ServerLeg
from cpmgw.sip.message import Response
from cpmgw.sip.transaction.machine import Timing


class Repeats:
    """The 2xx of one INVITE: T1 after it again, then doubling up to T2, for 64*T1.

    `cseq` is the number of the INVITE, which that of its ACK is too. `is_offer` where
    the 2xx has the offer, and the ACK has the answer. Times are what `now` is given in.
    """

    __slots__ = (
        "_again_at",
        "_interval",
        "_most",
        "cseq",
        "is_offer",
        "leg",
        "over_at",
        "response",
    )

    def __init__(
        self,
        leg: ServerLeg,
        response: Response,
        timing: Timing,
        now: float,
        *,
        is_offer: bool = False,
    ) -> None:
        self.leg = leg
        self.response = response
        self.cseq = response.cseq.number
        self.is_offer = is_offer
        self.over_at = now + timing.transaction
        self._most = timing.t2
        self._interval = timing.t1
        self._again_at = now + timing.t1

    @property
    def due(self) -> float:
        """When there is something to do next."""
        return min(self._again_at, self.over_at)

    def is_over(self, now: float) -> bool:
        """Whether the ACK has been waited for long enough."""
        return now >= self.over_at

    def send(self, now: float) -> None:
        """Send it again, if it is time to."""
        if now < self._again_at:
            return
        self._interval = min(2 * self._interval, self._most)
        self._again_at = now + self._interval
        self.leg.send_again(self.response)
