"""Addresses that failed, and are tried last for a while (RFC 3261 21.5.4)."""

from __future__ import annotations

from typing import Final

from cpmgw.sip.message import Response
from cpmgw.sip.resolver import Hop

# A hostile server may ask us to come back in a hundred years.
_LONGEST: Final = 300.0
_MOST: Final = 1000


class Shunned:
    """The addresses to try after all others; `usual` is for how many seconds."""

    def __init__(self, usual: float) -> None:
        self._usual = usual
        self._until: dict[Hop, float] = {}

    def add(self, hop: Hop | None, seconds: float | None, now: float) -> None:
        """Try an address last, for as long as it asked or as is usual."""
        if hop is None:
            return
        if len(self._until) >= _MOST:
            self._until.clear()
        wait = self._usual if seconds is None else min(seconds, _LONGEST)
        self._until[hop] = now + wait

    def sorted(self, hops: list[Hop], now: float) -> list[Hop]:
        """The addresses, those that failed lately after the others."""
        if not self._until:
            return hops
        return sorted(hops, key=lambda hop: self._until.get(hop, 0.0) > now)


def retry_after(response: Response) -> float | None:
    """The seconds of a Retry-After (RFC 3261 20.33); None if there is none."""
    value = (response.headers.get("Retry-After") or "").partition(";")[0]
    digits = value.partition("(")[0].strip()
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return float(digits)
    return None
