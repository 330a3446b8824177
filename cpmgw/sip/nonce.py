"""Nonces that prove themselves, and what was used of them (RFC 7616 3.3, 5.4, 5.12)."""

from __future__ import annotations

import enum
import hmac
from hashlib import sha256
from typing import Final

_MAC_LENGTH: Final = 32
_STAMP_LENGTH: Final = 24
_WINDOW: Final = 64


class Freshness(enum.Enum):
    """What a nonce that came back is worth."""

    FRESH = "fresh"
    STALE = "stale"
    FORGED = "forged"
    REPLAYED = "replayed"


class _Use:
    """Which nonce-counts have been used: the highest and the 64 up to it."""

    __slots__ = ("highest", "seen")

    def __init__(self) -> None:
        self.highest = 0
        self.seen = 0

    def take(self, count: int) -> bool:
        """Use a count; False if it was used, or is too old to tell."""
        ahead = count - self.highest
        if ahead > 0:
            self.seen = ((self.seen << min(ahead, _WINDOW)) | 1) & (2**_WINDOW - 1)
            self.highest = count
            return True
        if ahead <= -_WINDOW or self.seen >> -ahead & 1:
            return False
        self.seen |= 1 << -ahead
        return True


class Nonces:
    """Makes nonces and knows them again without storing those that are never used.

    A nonce holds its time and serial number under an HMAC. The counts used are kept
    for `capacity` nonces; when one is dropped, it and those made before it that are
    not being counted turn stale, so no request can be repeated. Times in seconds.
    """

    def __init__(self, secret: bytes, *, lifetime: float, capacity: int) -> None:
        self._secret = secret
        self._lifetime = lifetime
        self._capacity = capacity
        self._serial = 0
        self._floor = 0
        self._uses: dict[int, _Use] = {}

    def issue(self, now: float) -> str:
        """A new nonce."""
        self._serial += 1
        stamp = f"{int(now * 1000):012x}{self._serial:012x}"
        return stamp + self._mac(stamp)

    def check(self, nonce: str, now: float) -> Freshness:
        """What the nonce is worth now, before its count is looked at."""
        stamp, mac = nonce[:_STAMP_LENGTH], nonce[_STAMP_LENGTH:]
        if not nonce.isascii() or not hmac.compare_digest(mac, self._mac(stamp)):
            return Freshness.FORGED
        age = now - int(stamp[:12], 16) / 1000
        if age > self._lifetime:
            return Freshness.STALE
        serial = int(stamp[12:], 16)
        if serial <= self._floor and serial not in self._uses:
            return Freshness.STALE
        return Freshness.FRESH

    def use(self, nonce: str, count: int, now: float) -> Freshness:
        """Check the nonce and spend one of its counts (RFC 7616 3.4.5)."""
        freshness = self.check(nonce, now)
        if freshness is not Freshness.FRESH:
            return freshness
        serial = int(nonce[12:_STAMP_LENGTH], 16)
        use = self._uses.get(serial)
        if use is None:
            if len(self._uses) >= self._capacity:
                oldest = next(iter(self._uses))
                del self._uses[oldest]
                self._floor = max(self._floor, oldest)
            if serial <= self._floor:
                return Freshness.STALE
            use = self._uses[serial] = _Use()
        return Freshness.FRESH if use.take(count) else Freshness.REPLAYED

    def _mac(self, stamp: str) -> str:
        octets = hmac.new(self._secret, stamp.encode(), sha256).hexdigest()
        return octets[:_MAC_LENGTH]
