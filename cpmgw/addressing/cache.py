"""What was found for a number, for as long as it holds."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from cpmgw.sip.uri import SipUri


class Known(NamedTuple):
    """What is known of a number: its SIP URI, or that there is none; and until when."""

    uri: SipUri | None
    until: float


class NumberCache:
    """At most `limit` numbers; past that, what was not asked for longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, number: str, now: float) -> Known | None:
        """What holds of a number now; None if it has to be asked for."""
        known = self._known.get(number)
        if known is None:
            return None
        if now >= known.until:
            del self._known[number]
            return None
        self._known.move_to_end(number)
        return known

    def keep(self, number: str, known: Known) -> None:
        """Remember what was found."""
        self._known[number] = known
        self._known.move_to_end(number)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
