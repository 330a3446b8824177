"""Keys of mails that come: in the order of coming, and nobody's to guess."""

from __future__ import annotations

from itertools import count
from secrets import token_hex
from typing import Final

_ORDER: Final = 1 << 16
_RANDOM_OCTETS: Final = 8
_counter: Final = count()


def arrival_key(now: float) -> str:
    """A new key, after all of earlier times: 32 hex digits.

    `now` is in seconds since 1970; of the same millisecond the first comes first.
    """
    milliseconds = int(now * 1_000)
    order = next(_counter) % _ORDER
    return f"{milliseconds:012x}{order:04x}{token_hex(_RANDOM_OCTETS)}"
