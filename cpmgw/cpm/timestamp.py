"""CPIM DateTime values (RFC 3862 4.4, RFC 3339)."""

from __future__ import annotations

from datetime import UTC, datetime


def format_datetime(seconds: float) -> str:
    """Give seconds since 1970 as an Internet date and time in UTC, to the second."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return moment.isoformat().removesuffix("+00:00") + "Z"


def parse_datetime(text: str) -> float | None:
    """Give the seconds since 1970 of a DateTime, None when it is none.

    Accepts fractions, any offset, a missing one (then UTC), a blank for the T.
    """
    if not 10 <= len(text) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None
