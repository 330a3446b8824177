"""The validity period of a short message in seconds (SMPP 3.4 7.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

LENGTH: Final = 16
QUARTER_HOUR: Final = 900


def seconds_left(validity_period: str, now: float) -> float | None:
    """How long from `now` a message is valid; None if for ever, or unreadable.

    "YYMMDDhhmmsstnnp" is a time with its distance from UTC in quarter hours, and with
    R in the last place a span, whose years have 365 days and whose months 30.
    """
    text, sign = validity_period[:-1], validity_period[-1:]
    if len(validity_period) != LENGTH or not text.isdigit() or sign not in set("+-R"):
        return None
    year, month, day, hour, minute, second = (
        int(text[i : i + 2]) for i in range(0, 12, 2)
    )
    if sign == "R":
        span = timedelta(
            days=year * 365 + month * 30 + day,
            hours=hour,
            minutes=minute,
            seconds=second,
        )
        return span.total_seconds()
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    ahead = int(text[13:15]) * QUARTER_HOUR * (1 if sign == "+" else -1)
    return max(0.0, local.timestamp() + int(text[12]) / 10 - ahead - now)
