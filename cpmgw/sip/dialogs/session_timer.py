"""How long a session lasts without a refresh, and whose that is (RFC 4028)."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Final

import msgspec

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.fields import parse_valued
from cpmgw.sip.headers import Headers
from cpmgw.sip.message import Request, Response, respond

TIMER: Final = "timer"
SUPPORTED: Final = ("Supported", TIMER)
# No session interval is shorter (RFC 4028 4, 5), and none here is longer: a peer that
# wants it so could have us keep a session for ever of which nothing is left.
SHORTEST: Final = 90
LONGEST: Final = 86_400
_MOST: Final = 2**31 - 1
# The BYE goes out this long before the end, or a third of the interval (10).
_BEFORE_END: Final = 32.0
# How soon a refresh that was refused is tried again.
_SOONEST: Final = 5.0


class Refresher(Enum):
    """Which side of one transaction refreshes from then on."""

    UAC = "uac"
    UAS = "uas"


class SessionExpires(msgspec.Struct, frozen=True):
    """A Session-Expires header field (RFC 4028 4); `seconds` is never 0."""

    seconds: int
    refresher: Refresher | None = None

    def __str__(self) -> str:
        if self.refresher is None:
            return str(self.seconds)
        return f"{self.seconds};refresher={self.refresher.value}"


class Agreed(msgspec.Struct, frozen=True):
    """What a transaction has agreed on; an `interval` of 0 seconds is no timer."""

    interval: int = 0
    refreshing: bool = False


def session_expires(headers: Headers) -> SessionExpires | None:
    """Read Session-Expires; None where there is none. Fails with SipSyntaxError."""
    value = headers.get("Session-Expires")
    if value is None:
        return None
    read = parse_valued(value)
    seconds = grammar.parse_number(read.value, _MOST, "Session-Expires")
    refresher = read.parameter("refresher")
    if refresher is None:
        return SessionExpires(max(seconds, 1))
    try:
        return SessionExpires(max(seconds, 1), Refresher(refresher.lower()))
    except ValueError:
        raise SipSyntaxError("Malformed Session-Expires") from None


def min_se(headers: Headers) -> int:
    """The shortest interval that a message allows (5); at least 90 seconds."""
    value = headers.get("Min-SE")
    if value is None:
        return SHORTEST
    number = parse_valued(value).value
    return max(SHORTEST, grammar.parse_number(number, _MOST, "Min-SE"))


def supports(headers: Headers) -> bool:
    """Whether a message says that its sender knows session timers."""
    return any(tag.lower() == TIMER for tag in headers.all("Supported"))


def refusal(request: Request, shortest: int) -> Response | None:
    """The 422 to an interval that is too short, the 400 to one that is none (9).

    What is too short and comes from somebody who does not know of session timers, a
    proxy has put there: a 422 would not help him.
    """
    try:
        asked = session_expires(request.headers)
        min_se(request.headers)
    except SipSyntaxError as error:
        return respond(request, error.status, error.reason)
    if asked is None or asked.seconds >= shortest or not supports(request.headers):
        return None
    return respond(request, 422, headers=(("Min-SE", str(shortest)),))


class SessionTimer:
    """The timer of one call: when to refresh, and when to give up.

    `interval` is 0 where there is none; `min_se` the longest Min-SE that was heard, up
    to a day.
    Times are what `now` is given in, infinity where nothing is to be done.
    """

    __slots__ = ("end_at", "interval", "min_se", "refresh_at", "refreshing")

    def __init__(self) -> None:
        self.interval = 0
        self.refreshing = False
        self.min_se = SHORTEST
        self.refresh_at = inf
        self.end_at = inf

    @property
    def due(self) -> float:
        """When there is something to do next."""
        return min(self.refresh_at, self.end_at)

    def answer(
        self, request: Request, ours: int, now: float
    ) -> tuple[tuple[str, str], ...]:
        """Agree with a request that is accepted now; what its 2xx says (9).

        The interval is what was asked for, but no longer than `ours`, which is what it
        is where nothing was asked for; Min-SE is kept, up to a day. The refresher is
        who was asked for. Else it is we where the peer cannot, or do already; a new
        session the peer refreshes, so that one who is gone is noticed.
        """
        headers = request.headers
        self.min_se = max(self.min_se, min(min_se(headers), LONGEST))
        asked, can = session_expires(headers), supports(headers)
        seconds = max(ours, self.min_se)
        if asked is not None and asked.seconds >= SHORTEST:
            seconds = min(asked.seconds, seconds)
        if not can or (self.interval and self.refreshing):
            refresher = Refresher.UAS
        else:
            refresher = Refresher.UAC
        if can and asked is not None and asked.refresher is not None:
            refresher = asked.refresher
        self._begin(Agreed(seconds, refresher is Refresher.UAS), now)
        told = ("Session-Expires", str(SessionExpires(seconds, refresher)))
        # 9: MUST where the peer refreshes, SHOULD where it is to notice that we do not.
        return (told, ("Require", TIMER)) if can else (told,)

    def agree(self, response: Response, now: float) -> None:
        """Go by the 2xx to a request of ours (7.2, 7.4).

        Without a Session-Expires there is no timer any more. One that cannot be read,
        or that does not say who refreshes, has us refresh; so has one of more than a
        day, once a day, as the peer would not be heard of for so long.
        """
        try:
            asked = session_expires(response.headers)
        except SipSyntaxError:
            asked = SessionExpires(max(self.interval, self.min_se))
        if asked is None:
            self._begin(Agreed(), now)
            return
        seconds = min(max(asked.seconds, SHORTEST), LONGEST)
        theirs = asked.refresher is Refresher.UAS and asked.seconds <= LONGEST
        self._begin(Agreed(seconds, not theirs), now)

    def request(self) -> tuple[tuple[str, str], ...]:
        """What a re-INVITE or UPDATE of ours says (7.4): the roles stay as they are."""
        fields = [SUPPORTED]
        if self.interval:
            refresher = Refresher.UAC if self.refreshing else Refresher.UAS
            self.interval = max(self.interval, self.min_se)
            told = SessionExpires(self.interval, refresher)
            fields.append(("Session-Expires", str(told)))
        if self.min_se > SHORTEST:
            fields.append(("Min-SE", str(self.min_se)))
        return tuple(fields)

    def too_short(self, response: Response) -> bool:
        """Take the Min-SE of a 422; False where it asks for no more than before (7.3).

        Then the same request would be refused again. False also for more than a day.
        """
        try:
            asked = min_se(response.headers)
        except SipSyntaxError:
            return False
        if asked <= self.min_se or asked > LONGEST:
            return False
        self.min_se = asked
        return True

    def refresh(self) -> None:
        """A refresh is on its way: there is none to begin until it has an answer."""
        self.refresh_at = inf

    def refused(self, now: float) -> None:
        """A refresh was refused: try again in half of the time that is left (10)."""
        if self.refreshing and self.end_at < inf:
            self.refresh_at = now + max((self.end_at - now) / 2, _SOONEST)

    def stop(self) -> None:
        """The session is over."""
        self._begin(Agreed(), 0.0)

    def _begin(self, agreed: Agreed, now: float) -> None:
        self.interval, self.refreshing = agreed.interval, agreed.refreshing
        self.refresh_at = self.end_at = inf
        if not agreed.interval:
            return
        interval = float(agreed.interval)
        self.end_at = now + interval - min(_BEFORE_END, interval / 3)
        if agreed.refreshing:
            self.refresh_at = now + interval / 2
