"""Emergency numbers, which no message is ever routed to."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import phonenumbers

# What every mobile network takes for an emergency call (3GPP TS 22.101 10.1.1).
EVERYWHERE: Final = frozenset({"112", "911"})

_MOST_DIGITS: Final = 8


@lru_cache(maxsize=4096)
def is_emergency(digits: str, country: str = "") -> bool:
    """Whether these digits, as they are dialled, call for help in a country.

    Without a country (ISO 3166 code), whether they do in any.
    """
    if digits in EVERYWHERE:
        return True
    if len(digits) > _MOST_DIGITS:
        return False
    regions = (country.upper(),) if country else phonenumbers.SUPPORTED_SHORT_REGIONS
    return any(
        phonenumbers.shortnumberinfo.is_emergency_number(digits, region)
        for region in regions
    )
