"""What a subscriber goes by: states, times, when to subscribe anew (RFC 6665)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf
from types import MappingProxyType
from typing import Final

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import Valued, parse_valued
from cpmgw.sip.headers import Headers
from cpmgw.sip.transaction.machine import Timing

_MOST: Final = 2**31 - 1
# A refresh goes out this long before the end, or at half of a short time.
_BEFORE_END: Final = 64.0
# No refresh follows another sooner, but one that is wanted before its time; of those
# the next is not sooner than this, which doubles as long as they follow each other.
_SOONEST: Final = 5.0
_LATEST: Final = 3600.0
# So many times that long without one is the end of such a row.
_QUIET: Final = 4

# Answers to a refresh after which the subscription is no more (4.1.2.2, RFC 5057).
TERMINAL: Final = frozenset((404, 405, 410, 416, *range(480, 486), 489, 501, 604))


class State(Enum):
    """Where a subscription is (figure 1)."""

    NOTIFY_WAIT = "notify wait"
    PENDING = "pending"
    ACTIVE = "active"
    TERMINATED = "terminated"


class Again(Enum):
    """When to subscribe anew to what has been terminated (4.1.3)."""

    AT_ONCE = "at once"
    LATER = "later"
    NEVER = "never"


# 4.1.3: what each reason of a termination means; LATER is after its retry-after.
AGAIN: Final[Mapping[str, Again]] = MappingProxyType(
    {
        "deactivated": Again.AT_ONCE,
        "probation": Again.LATER,
        "rejected": Again.NEVER,
        "timeout": Again.AT_ONCE,
        "giveup": Again.LATER,
        "noresource": Again.NEVER,
        "invariant": Again.NEVER,
    }
)


class Told(msgspec.Struct, frozen=True):
    """A Subscription-State header field (8.2.3); times in seconds.

    A state that is an extension counts as active.
    """

    state: State
    reason: str = ""
    expires: int | None = None
    retry_after: int | None = None

    @property
    def again(self) -> Again:
        """When to subscribe anew, where this is the end."""
        return AGAIN.get(self.reason, Again.LATER)


def subscription_state(headers: Headers) -> Told:
    """Read Subscription-State; fails with SipSyntaxError where there is none."""
    value = headers.get("Subscription-State")
    if value is None:
        raise SipSyntaxError("Missing Subscription-State Header Field")
    read = parse_valued(value)
    if not grammar.is_token(read.value):
        raise SipSyntaxError("Malformed Subscription-State")
    states = {each.value: each for each in (State.PENDING, State.TERMINATED)}
    return Told(
        states.get(read.value.lower(), State.ACTIVE),
        (read.parameter("reason") or "").lower(),
        _seconds(read, "expires"),
        _seconds(read, "retry-after"),
    )


def _seconds(read: Valued, name: str) -> int | None:
    value = read.parameter(name)
    if value is None:
        return None
    return grammar.parse_number(value, _MOST, "Subscription-State")


def seconds_of(headers: Headers, name: str) -> int | None:
    """Expires or Min-Expires; None where there is none that can be read."""
    value = headers.get(name)
    if value is None:
        return None
    try:
        return grammar.parse_number(parse_valued(value).value, _MOST, name)
    except SipSyntaxError:
        return None


def event_of(headers: Headers) -> tuple[str, str]:
    """The event package and the id (8.2.1); fails with SipSyntaxError without one."""
    value = headers.get("Event")
    if value is None:
        raise SipSyntaxError("Missing Event Header Field")
    read = parse_valued(value)
    return read.value.lower(), read.parameter("id") or ""


class Lease:
    """How long a subscription lasts, and what is due when.

    `state` is where it is. Times are what `now` is given in, infinity where nothing is
    to be done: `begin_at` to subscribe anew, `refresh_at` to refresh, `ends_at` where
    it ends without, and `silent_at` where there should have been a NOTIFY (Timer N).
    While a SUBSCRIBE has no answer no other one is due.
    """

    __slots__ = (
        "_asked_at",
        "_hurried_at",
        "_hurry_at",
        "_interval",
        "_is_open",
        "_is_refresh",
        "_refreshing_until",
        "_timing",
        "begin_at",
        "ends_at",
        "refresh_at",
        "silent_at",
        "state",
    )

    def __init__(self, timing: Timing, begin_at: float = inf) -> None:
        self._timing = timing
        self.state = State.NOTIFY_WAIT
        self.begin_at = begin_at
        self.refresh_at = inf
        self.ends_at = inf
        self.silent_at = inf
        self._refreshing_until = -inf
        self._is_open = self._is_refresh = False
        self._asked_at = self._hurried_at = -inf
        self._hurry_at = inf
        self._interval = 0.0

    @property
    def due(self) -> float:
        """When there is something to do next."""
        return min(self.begin_at, self.refresh_due, self.ends_due, self.silent_due)

    @property
    def refresh_due(self) -> float:
        """When to refresh, unless it ends before."""
        if self._is_open or self.state is State.NOTIFY_WAIT:
            return inf
        due = min(self.refresh_at, self._hurry_at)
        return due if due <= self.ends_at else inf

    @property
    def ends_due(self) -> float:
        """When it ends, which a refresh that has no answer yet may still put off."""
        return max(self.ends_at, self._refreshing_until if self._is_open else -inf)

    @property
    def silent_due(self) -> float:
        """When a NOTIFY has been waited for in vain.

        A refresh that is not even answered is one that failed.
        """
        return inf if self._is_open and self._is_refresh else self.silent_at

    def asked(self, seconds: int, now: float) -> None:
        """A SUBSCRIBE for so long is sent (4.1.2.1 to 4.1.2.4).

        Timer N runs: each brings a NOTIFY. A refresh is waited for, even if it is late.
        """
        wait = now + self._timing.transaction
        self.begin_at = self.refresh_at = self._hurry_at = inf
        self.silent_at, self._asked_at, self._is_open = wait, now, True
        self._is_refresh = self.state is not State.NOTIFY_WAIT and seconds > 0
        if self._is_refresh:
            self._refreshing_until = wait

    def hurry(self, now: float) -> None:
        """A refresh is wanted before its time; how soon depends on how often it is.

        Who needs one after each other waits longer and longer, in the end until it is
        time anyway.
        """
        if self._hurry_at < inf:
            return
        if now - self._hurried_at >= _QUIET * self._interval:
            self._interval = 0.0
        self._hurry_at = max(now, self._asked_at + self._interval)
        self._hurried_at = now
        self._interval = min(max(2 * self._interval, _SOONEST), _LATEST)

    def answered(self) -> None:
        """The SUBSCRIBE that was sent last has its answer, or will have none."""
        self._is_open = False

    def unnotified(self) -> None:
        """No NOTIFY follows (RFC 5839 7.1)."""
        self.silent_at = inf

    def granted(self, seconds: int, now: float) -> None:
        """A 2xx to a SUBSCRIBE, or a NOTIFY, says how long it lasts (4.1.2.1).

        What is too short for a refresh is refreshed nevertheless: the notifier may have
        it still.
        """
        if self.state is State.TERMINATED:
            return
        self.refresh_at = now + max(seconds / 2, seconds - _BEFORE_END, _SOONEST)
        self.ends_at = max(now + seconds, self.refresh_at)

    def notified(self, told: Told, seconds: int, now: float) -> bool:
        """A NOTIFY has come; whether it is the one that a refresh brings (4.1.3).

        `seconds` is what was asked for last: after 0 the last one is waited for on.
        """
        is_refresh = now < self._refreshing_until
        self._refreshing_until = -inf
        self.state = told.state
        if told.state is State.TERMINATED:
            self.stop()
        elif seconds:
            self.silent_at = inf
            if told.expires is not None:
                self.granted(told.expires, now)
        return is_refresh

    def refused(self, now: float) -> None:
        """A refresh failed: what was granted holds, and it is tried again (4.1.2.2)."""
        self._refreshing_until = -inf
        self._is_open, self.silent_at = False, inf
        if self.ends_at < inf:
            self.refresh_at = now + max((self.ends_at - now) / 2, _SOONEST)

    def stop(self) -> None:
        """It is over."""
        self.state = State.TERMINATED
        self.begin_at = self.refresh_at = self.ends_at = self.silent_at = inf
        self._hurry_at = inf
