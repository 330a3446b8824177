"""How fast requests may leave: a steady rate, and slowing down when told to."""

from __future__ import annotations

from typing import Final

# A tenth of a second's worth may go at once, so that timers need not be fine.
BURST_TIME: Final = 0.1


class TokenBucket:
    """So many tokens a second; a `rate` of 0 has no limit."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._size = max(1.0, rate * BURST_TIME)
        self._tokens = self._size
        self._filled = now

    def take(self, now: float) -> bool:
        """Take one token; False if there is none."""
        if not self._rate:
            return True
        # The clock may have been set back.
        grown = self._tokens + max(0.0, now - self._filled) * self._rate
        self._tokens = min(self._size, grown)
        self._filled = now
        # A timer that was set for `ready_at` may find a whole token less an epsilon.
        if self._tokens < 1.0 - 1e-6:
            return False
        self._tokens -= 1.0
        return True

    def ready_at(self) -> float:
        """When the next token will be there, after a `take` that failed."""
        return self._filled + max(0.0, 1.0 - self._tokens) / self._rate


class SlowDown:
    """What ESME_RTHROTTLED does to the sender (SMPP 3.4 5.1.3).

    Sending stops until `until`, and each time it is met again waits twice as long,
    unless others were taken meanwhile; the window is halved and grows again by one with
    each request that is taken.
    """

    def __init__(self, initial: float, maximum: float) -> None:
        self.until = 0.0
        self.limit: int | None = None
        self._initial = initial
        self._maximum = maximum
        self._delay = 0.0
        self._some_taken = False

    def pausing(self, now: float) -> bool:
        """Whether nothing may be sent yet; a clock that was set back ends a pause."""
        return 0 < self.until - now <= 2 * self._maximum

    def throttled(self, now: float, in_flight: int) -> None:
        """A request came back; those sent before the pause began count once."""
        if self.pausing(now):
            return
        longer = self._delay if self._some_taken else self._delay * 2
        self._some_taken = False
        self._delay = min(max(longer, self._initial), self._maximum)
        self.until = now + self._delay
        self.limit = max(1, in_flight // 2)

    def taken(self, now: float, window: int) -> None:
        """A request was carried out; `window` is how far the limit may grow."""
        if self.limit is None:
            return
        if self.pausing(now):
            self._some_taken = True
            return
        self._delay /= 2
        self.limit += 1
        if self.limit >= window:
            self.limit = None
            self._delay = 0.0
            self._some_taken = False
