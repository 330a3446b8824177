"""SMPP relative time (SMPP 3.4 7.1.1.2)."""

from __future__ import annotations

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
# The day field is 00 to 31; what is longer is written in months of 30 days.
_LONGEST_IN_DAYS = 31
_MONTH = 30
MAX_SECONDS = 11 * _MONTH * _DAY


def relative_time(seconds: int) -> str:
    """Seconds from now as "YYMMDDhhmmss000R": a second at least, 330 days at most."""
    days, rest = divmod(max(1, min(seconds, MAX_SECONDS)), _DAY)
    months = 0
    if days > _LONGEST_IN_DAYS:
        months, days = divmod(days, _MONTH)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    return f"00{months:02}{days:02}{hours:02}{minutes:02}{rest:02}000R"
